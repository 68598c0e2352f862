"""What the server does by itself for jobs: submits those with a schedule, and forgets what has expired."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from sqlalchemy.engine import Connection

from longshore.database import Database
from longshore.jobs import records
from longshore.jobs.declaring import JobType
from longshore.jobs.results import ResultStore
from longshore.jobs.scheduling import Duty, Interval, parse_schedule

log = logging.getLogger(__name__)

SCHEDULE = "(schedule)"
"""Who submitted a job that the server submitted by itself; no user's name has brackets."""
SWEEP = "longshore.jobs.sweep"
SWEEP_SECONDS = 300
GRACE_SECONDS = 86400.0
"""Age at which a result's file that no job knows is removed."""
AT_ONCE = 500


def scheduled(types: Iterable[JobType], wake: Callable[[str], None]) -> list[Duty]:
    """A duty for each declared job that has a schedule."""
    return [
        Duty(f"job {declared.name}", parse_schedule(declared.every), partial(_submit, declared, wake))
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


def sweeping(database: Database, store: ResultStore, results_folder: Path) -> Duty:
    """The duty to forget what has expired."""

    def begin(_: Connection) -> Callable[[], object]:
        return partial(sweep, database, store, results_folder, time.time())

    return Duty(SWEEP, Interval(SWEEP_SECONDS), begin)


def sweep(database: Database, store: ResultStore, results_folder: Path, now: float) -> int:
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
        for job_id in ids:
            (results_folder / f"{job_id}.json").unlink(missing_ok=True)
        with database.writing(durable=False) as connection:
            records.mark_expired(connection, ids)
        count += len(ids)
    with database.writing(durable=False) as connection:
        records.remove_old(connection, now=now)
    store.sweep(now)
    _remove_leftovers(database, results_folder, now)
    return count


def _remove_leftovers(database: Database, results_folder: Path, now: float) -> None:
    """Remove files of attempts that were killed, and of jobs that are not known any more."""
    if not results_folder.exists():
        return
    for path in results_folder.iterdir():
        try:
            old = now - path.stat().st_mtime > GRACE_SECONDS
        except FileNotFoundError:
            continue
        if old and (path.suffix == ".part" or not _is_known(database, path.stem)):
            path.unlink(missing_ok=True)


def _is_known(database: Database, job_id: str) -> bool:
    with database.reading() as connection:
        return records.find(connection, job_id) is not None
