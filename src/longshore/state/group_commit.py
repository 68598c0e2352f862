"""Many small writes, one disk sync: whoever comes while a transaction is under way waits, and all go in the next one.

A durable commit costs a disk sync of some milliseconds, however little it writes, and SQLite has one writer at a time.
The first of the waiting threads leads: it carries out everybody's work in one transaction, and hands the lead to the
first of those who came meanwhile. Should some work fail, all is done again with a savepoint around each, so that one's
failure is its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.engine import Connection

from longshore.state.database import Database

T = TypeVar("T")
Work = Callable[[Connection], Any]
Together = Callable[[Connection, Sequence[Work]], Iterable[Any]]
"""Carries out many works, in any order, and gives their results in the order of the works."""

MAX_TOGETHER = 500


class _WorkFailed(Exception):
    """Some work of a transaction raised; none of it was committed."""


class _Waiting:
    """A thread with its work."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.result: Any = None
        self.failure: BaseException | None = None
        self.is_leader = False
        self.is_called = threading.Event()


def one_by_one(connection: Connection, works: Sequence[Work]) -> list[Any]:
    """Carry works out in their order."""
    return [work(connection) for work in works]


class GroupCommit(Generic[T]):
    """Commits together what many threads write.

    :param together: carries out the works of a transaction; it may combine them.
    """

    def __init__(self, database: Database, together: Together = one_by_one) -> None:
        self.database = database
        self._carry_out = together
        self._waiting: list[_Waiting] = []
        self._is_led = False
        self._guard = threading.Lock()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction; returns its result once that is on disk.

        :param work: may be called twice, each time in a transaction that knows nothing of the other.
        :raises Exception: what ``work`` raised, and then it has changed nothing; or that the commit failed.
        """
        mine = _Waiting(work)
        with self._guard:
            self._waiting.append(mine)
            mine.is_leader = not self._is_led
            self._is_led = True
        if not mine.is_leader:
            mine.is_called.wait()
        if mine.is_leader:
            self._lead()
        if mine.failure is not None:
            raise mine.failure
        result: T = mine.result
        return result

    def _lead(self) -> None:
        """Commit what waits, of which one's own is the first; then somebody else leads."""
        with self._guard:
            batch, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
        try:
            for waiting, (result, failure) in zip(batch, self._outcomes([each.work for each in batch]), strict=True):
                waiting.result, waiting.failure = result, failure
        except BaseException as error:
            for waiting in batch:
                waiting.failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over()
            for waiting in batch:
                waiting.is_called.set()

    def _hand_over(self) -> None:
        with self._guard:
            self._is_led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].is_leader = True
                self._waiting[0].is_called.set()

    def _outcomes(self, works: list[Work]) -> list[tuple[Any, BaseException | None]]:
        if len(works) > 1:
            try:
                return [(result, None) for result in self._together(works)]
            except _WorkFailed:
                # Whose it was shows when each is done by itself.
                return self._separately(works)
        with self.database.writing() as connection:
            return [(work(connection), None) for work in works]

    def _together(self, works: list[Work]) -> list[Any]:
        with self.database.writing() as connection:
            try:
                return list(self._carry_out(connection, works))
            except Exception as error:
                # A failed commit must not be tried again: on another machine it may have come through.
                raise _WorkFailed from error

    def _separately(self, works: list[Work]) -> list[tuple[Any, BaseException | None]]:
        with self.database.writing() as connection:
            return [_attempt(connection, work) for work in works]


def _attempt(connection: Connection, work: Work) -> tuple[Any, BaseException | None]:
    try:
        with connection.begin_nested():
            return work(connection), None
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for this work
        return None, error
