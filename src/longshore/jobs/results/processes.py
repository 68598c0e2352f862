"""Connections that are made on first use, in each process its own.

A socket or a database connection that a forked child shares with its parent mixes up the answers of both. Celery's
worker forks its processes, and its parent writes to the result store, too, when it finds one of them dead.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


class PerProcess(Generic[Made]):
    """Calling it gives the process's own thing; the first call makes it.

    :param make: threads that come at once may each call it; all get the same one in the end.
    :param rest: closes what no thread uses at the moment. It is called in the parent before a fork (SQLite needs it:
        a child that inherits an open connection believes it holds file locks that only its parent has).
    """

    def __init__(self, make: Callable[[], Made], rest: Callable[[Made], None] | None = None) -> None:
        self._make = make
        self._rest = rest
        self._made: Made | None = None
        # What a child inherited and does not use. Letting go of it would close it, and a PostgreSQL connection that
        # is closed tells the server so, on the socket that the parent goes on using.
        self._inherited: list[Made] = []
        self._lock = threading.Lock()
        _all.add(self)

    def __call__(self) -> Made:
        """What this process has; made now if it has none."""
        if self._made is not None:
            return self._made
        # Not under the lock: where a server is away, each thread is to wait its own few seconds, not all in turn.
        made = self._make()
        with self._lock:
            if self._made is None:
                self._made = made
            kept = self._made
        if kept is not made and self._rest is not None:
            self._rest(made)
        return kept

    def take(self) -> Made | None:
        """Hand over what was made, for closing; the next call makes another."""
        with self._lock:
            made, self._made = self._made, None
            return made

    def before_fork(self) -> None:
        """In the parent: close what is idle."""
        made = self._made
        if made is not None and self._rest is not None:
            self._rest(made)

    def after_fork(self) -> None:
        """In the child: begin anew; a lock may have been held by a thread that the child does not have."""
        self._lock = threading.Lock()
        if self._made is not None:
            self._inherited.append(self._made)
            self._made = None


_all: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()


def _before_fork() -> None:
    for each in list(_all):
        each.before_fork()


def _after_fork() -> None:
    for each in list(_all):
        each.after_fork()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
