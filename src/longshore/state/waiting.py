"""Waiting for outcomes that stand in the database: one thread of a process looks for all that wait, whatever for.

However many wait, the database is asked once in :data:`MAX_PAUSE_SECONDS`, a few times more often while somebody has
just begun to wait, at once when news was heard, and not at all while nobody waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from longshore.errors import LongshoreError, Unavailable
from longshore.state.database import Database

MIN_PAUSE_SECONDS = 0.002
MAX_PAUSE_SECONDS = 0.025
_PART = 0.3
"""Of the time that the youngest has waited: pauses grow with it, since most that is waited for comes soon."""
MAX_KEYS = 500
"""So many are asked for in one query."""


@dataclass(frozen=True)
class Outcomes:
    """A kind of thing that is waited for.

    :param read: what there is of these keys now, by key; of one that is gone there is nothing.
    :param is_patient: whether a database that is away is waited for, too; else whoever waits is told.
    """

    read: Callable[[Connection, list[Any]], Mapping[Any, Any]]
    is_patient: bool = False


@dataclass(eq=False)
class _Waiter:
    outcomes: Outcomes
    key: Any
    happened: Callable[[Any], bool]
    began: float = field(default_factory=time.monotonic)
    woken: threading.Event = field(default_factory=threading.Event)
    error: LongshoreError | None = None


class OutcomeWaiter:
    """One per process; safe for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: set[_Waiter] = set()
        self._news = threading.Condition()
        self._has_news = False
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def wait(self, outcomes: Outcomes, key: Any, happened: Callable[[Any], bool], seconds: float) -> bool:
        """Wait until ``happened`` is true of what there is of ``key``, or that is gone.

        :param seconds: the longest wait.
        :return: False when the time is up, or this is closed.
        :raises Unavailable: when the database cannot be read and ``outcomes`` are not patient.
        """
        waiter = _Waiter(outcomes, key, happened)
        with self._news:
            if self._is_closed:
                return False
            self._waiters.add(waiter)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="outcomes", daemon=True)
                self._thread.start()
            self._tell()
        try:
            is_woken = waiter.woken.wait(seconds)
        finally:
            with self._news:
                self._waiters.discard(waiter)
        if waiter.error is not None:
            raise waiter.error
        return is_woken and not self._is_closed

    def look_now(self) -> None:
        """Look at once: something was announced, which may be what somebody waits for."""
        if self._waiters:
            with self._news:
                self._tell()

    def close(self) -> None:
        """Let everybody go on."""
        with self._news:
            self._is_closed = True
            for waiter in self._waiters:
                waiter.woken.set()
            self._tell()

    def _tell(self) -> None:
        self._has_news = True
        self._news.notify_all()

    def _watch(self) -> None:
        try:
            while waiters := self._next_round():
                self._look(waiters)
                # However much news there is, others want the database, too.
                time.sleep(MIN_PAUSE_SECONDS)
        except BaseException:
            with self._news:
                self._thread = None  # the next who waits starts another
            raise

    def _next_round(self) -> list[_Waiter]:
        with self._news:
            if not self._has_news and self._waiters:
                self._news.wait(self._pause())
            self._has_news = False
            if self._is_closed or not self._waiters:
                self._thread = None
                return []
            return list(self._waiters)

    def _pause(self) -> float:
        youngest = time.monotonic() - max(waiter.began for waiter in self._waiters)
        return min(max(youngest * _PART, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS)

    def _look(self, waiters: list[_Waiter]) -> None:
        """Wake those whose outcome is there; of each kind all that wait are asked for together."""
        for outcomes in {waiter.outcomes for waiter in waiters}:
            those = [waiter for waiter in waiters if waiter.outcomes is outcomes]
            try:
                found = self._read(outcomes, list({waiter.key for waiter in those}))
            except LongshoreError as error:
                if not outcomes.is_patient:
                    for waiter in those:
                        waiter.error = Unavailable(error.description)
                        waiter.woken.set()
                continue
            for waiter in those:
                if waiter.key not in found or waiter.happened(found[waiter.key]):
                    waiter.woken.set()

    def _read(self, outcomes: Outcomes, keys: list[Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        with self._database.reading() as connection:
            for start in range(0, len(keys), MAX_KEYS):
                found |= outcomes.read(connection, keys[start : start + MAX_KEYS])
        return found
