"""The one Celery application and its queues: declared ones, undeclared ones, and those that nothing serves.

Apart from the server, because the pages that tell how it is ask for them, too.
"""
