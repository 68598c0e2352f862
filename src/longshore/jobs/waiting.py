"""Waiting for jobs to change: one thread reads the records of all jobs that anybody waits for.

However many wait, the database is asked once in :data:`INTERVAL_SECONDS`, and not at all while nobody does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from longshore.errors import LongshoreError, Unavailable
from longshore.jobs import records
from longshore.jobs.records import Job
from longshore.state.database import Database

INTERVAL_SECONDS = 0.025
_AT_ONCE = 500


@dataclass(eq=False)
class _Waiter:
    job_id: str
    happened: Callable[[Job], bool]
    woken: threading.Event = field(default_factory=threading.Event)
    error: LongshoreError | None = None


class Waiting:
    """One per process; safe for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: set[_Waiter] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def wait(self, job_id: str, happened: Callable[[Job], bool], seconds: float) -> None:
        """Return when ``happened`` is true of the job, it is gone, this is closed, or the time is up.

        :raises Unavailable: when the database cannot be read.
        """
        waiter = _Waiter(job_id, happened)
        with self._lock:
            self._waiters.add(waiter)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._watch, name="jobs-waiting", daemon=True)
                self._thread.start()
        try:
            waiter.woken.wait(0 if self._closed.is_set() else seconds)
        finally:
            with self._lock:
                self._waiters.discard(waiter)
        if waiter.error is not None:
            raise waiter.error

    def close(self) -> None:
        """Let everybody go on."""
        self._closed.set()
        with self._lock:
            for waiter in self._waiters:
                waiter.woken.set()

    def _watch(self) -> None:
        try:
            while waiters := self._next_round():
                self._look(waiters)
        except BaseException:
            with self._lock:
                self._thread = None  # the next who waits starts another
            raise

    def _next_round(self) -> list[_Waiter]:
        closed = self._closed.wait(INTERVAL_SECONDS)
        with self._lock:
            if closed or not self._waiters:
                self._thread = None
                return []
            return list(self._waiters)

    def _look(self, waiters: list[_Waiter]) -> None:
        ids = list({waiter.job_id for waiter in waiters})
        try:
            with self._database.reading() as connection:
                chunks = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
                found = {job.id: job for chunk in chunks for job in records.find_many(connection, chunk)}
        except LongshoreError as error:
            for waiter in waiters:
                waiter.error = Unavailable(error.description)
                waiter.woken.set()
            return
        for waiter in waiters:
            job = found.get(waiter.job_id)
            if job is None or waiter.happened(job):
                waiter.woken.set()
