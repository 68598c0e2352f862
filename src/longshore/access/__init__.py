"""Who may do what: tokens, logins, origins, rates, and the line in the audit log.

One gate stands before everything that the web process serves: the routes, what deployers mount, and the sockets.
Features only say which scope a route needs (:mod:`scopes`) and ask who is asking (:mod:`callers`).
"""
