"""Many small writes, one disk sync: whoever comes while a transaction is under way waits, and all go in the next one.

A durable commit costs a disk sync of some milliseconds, however little it writes, and SQLite has one writer at a time.
The first of the waiting threads becomes the leader and carries out everybody's work in one transaction, each in a
savepoint of its own, so that one's failure is its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from sqlalchemy.engine import Connection

from longshore.database import Database

T = TypeVar("T")
Work = Callable[[Connection], Any]

MOST_TOGETHER = 500


class GroupCommit(Generic[T]):
    """Commits together what many threads write."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[tuple[Work, Future[Any]]] = []
        self._guard = threading.Lock()
        self._leading = threading.Lock()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction; returns its result once that is on disk.

        :raises Exception: what ``work`` raised, and then it has changed nothing; or that the commit failed.
        """
        mine: Future[T] = Future()
        with self._guard:
            self._waiting.append((work, mine))
        with self._leading:
            if not mine.done():  # else the leader before us took it along
                self._commit()
        return mine.result()

    def _commit(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.database.writing() as connection:
                for work, future in batch:
                    done.append((future, *_attempt(connection, work, alone=len(batch) == 1)))
        except BaseException as error:
            for _, future in batch:
                future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for future, result, failure in done:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)


def _attempt(connection: Connection, work: Work, *, alone: bool) -> tuple[Any, BaseException | None]:
    if alone:
        return work(connection), None
    try:
        with connection.begin_nested():
            return work(connection), None
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for this work
        return None, error
