"""Objects that a process has one of: the server's own in the web process, else made from the settings on first use.

Handlers and jobs ask for them by name (``from longshore import links``) and run in several kinds of processes.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from longshore.settings import Settings

T = TypeVar("T")


class ProcessSingleton(Generic[T]):
    """One object of this process; safe for threads.

    :param make: makes it where nobody has bound one.
    :param close: closes what was made.
    """

    def __init__(self, make: Callable[[Settings], T], close: Callable[[T], None] = lambda _: None) -> None:
        self._make = make
        self._close = close
        self._bound: T | None = None
        self._made: T | None = None
        self._maker = 0
        self._guard = threading.Lock()
        # A lock that another thread held during a fork stays locked in the child.
        os.register_at_fork(after_in_child=self._start_afresh)
        _all.add(self)

    def bind(self, bound: T) -> None:
        """From now on ``bound`` is it."""
        self._bound = bound

    def release(self, bound: T) -> None:
        """``bound`` is it no more, if it still was."""
        if self._bound is bound:
            self._bound = None

    def get(self) -> T:
        """The object.

        :raises SettingsError: when it has to be made and the environment cannot be used.
        """
        if self._bound is not None:
            return self._bound
        with self._guard:
            # What a parent process made holds connections that are the parent's.
            if self._made is None or self._maker != os.getpid():
                self._made, self._maker = self._make(Settings.from_environment()), os.getpid()
            return self._made

    def forget_made(self) -> None:
        """Close what was made here; the next use makes another."""
        with self._guard:
            made, self._made = self._made, None
        if made is not None and self._maker == os.getpid():
            self._close(made)

    def _start_afresh(self) -> None:
        self._guard = threading.Lock()


_all: weakref.WeakSet[ProcessSingleton[Any]] = weakref.WeakSet()


def forget_all_made() -> None:
    """Close what handlers and jobs had made in this process, such as connections."""
    for each in list(_all):
        each.forget_made()
