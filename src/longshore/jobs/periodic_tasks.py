"""What the server does by itself for jobs: submits those with a schedule, and forgets what has expired."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from sqlalchemy.engine import Connection

from longshore.jobs import records
from longshore.jobs.declaring import JobType
from longshore.jobs.results import ResultStore
from longshore.jobs.results.files import ResultFiles
from longshore.jobs.results.sweeping import sweep_results
from longshore.processes.schedule import Interval, PeriodicTask, parse_schedule
from longshore.state.clocks import steady
from longshore.state.database import Database

log = logging.getLogger(__name__)

SCHEDULE = "(schedule)"
"""Who submitted a job that the server submitted by itself; no user's name has brackets."""
SWEEP = "longshore.jobs.sweep"
SWEEP_SECONDS = 300
AT_ONCE = 500


def scheduled(types: Iterable[JobType], wake: Callable[[str], None]) -> list[PeriodicTask]:
    """A periodic task for each declared job that has a schedule."""
    return [
        PeriodicTask(f"job {declared.name}", parse_schedule(declared.every), partial(_submit, declared, wake))
        for declared in types
        if declared.every is not None
    ]


def _submit(declared: JobType, wake: Callable[[str], None], connection: Connection) -> Callable[[], object] | None:
    """Accept one job, unless the one before still waits or runs: a schedule never overtakes itself."""
    if records.has_unfinished(connection, declared.name, SCHEDULE):
        log.warning("the job %s is due again, and its last run is not over: left out", declared.name)
        return None
    now = time.time()
    new = records.NewJob(declared.name, declared.queue, b"{}", now, records.new_job_id(), made_by=SCHEDULE)
    records.insert(connection, [new], now=now)
    return partial(wake, declared.queue)


def sweeping(database: Database, store: ResultStore, files: ResultFiles) -> PeriodicTask:
    """The periodic task to forget what has expired."""

    def begin(_: Connection) -> Callable[[], object]:
        return partial(sweep, database, store, files, steady.now())

    return PeriodicTask(SWEEP, Interval(SWEEP_SECONDS), begin)


def sweep(database: Database, store: ResultStore, files: ResultFiles, now: float) -> int:
    """Remove the results and inputs of expired jobs, and the records of those that expired a day ago.

    :return: how many jobs expired.
    :raises Unavailable: when the database or the store is away; the next sweep goes on.
    """
    count = 0
    while True:
        with database.reading() as connection:
            expired = records.expired(connection, now=now, limit=AT_ONCE)
        if not expired:
            break
        ids = [job.id for job in expired]
        store.forget(ids)
        files.forget(ids)
        with database.writing(durable=False) as connection:
            records.mark_expired(connection, ids)
        count += len(ids)
    with database.writing(durable=False) as connection:
        records.remove_old(connection, now=now)
    sweep_results(store, files, database, now)
    return count
