"""Python code of a user's, run on a table in a process that can reach nothing else.

::

    sandbox.configure(sandbox.Limits(seconds=60))       # at the server's start; off without it
    result = sandbox.run(table, "df = df[df.price > 10]")

The walls, from outside to inside: a fresh interpreter without the server's environment; namespaces without a
network, other processes or the server's files (or Landlock where the system refuses mounts); resource limits; an
unprivileged user where the server is root; a filter on system calls. :func:`protection` says which of them stand
on this machine. Nothing is run where files or network would stay open. See ``docs/sandbox.md``.
"""

from longshore.tables.sandbox.host import Limits, Result, ResultColumn, configure, protection, run

__all__ = ["Limits", "Result", "ResultColumn", "configure", "protection", "run"]
