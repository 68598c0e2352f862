"""Removing results that have expired, wherever they are."""

from __future__ import annotations

import sqlalchemy as sa

from longshore.jobs.models import jobs
from longshore.jobs.results import ResultStore
from longshore.jobs.results.files import ResultFiles
from longshore.state.database import Database

FILE = "file"
"""``result_place`` of a job whose result is a file."""


def sweep_results(store: ResultStore, files: ResultFiles, database: Database, now: float) -> int:
    """Remove expired results from the store and the folder, and files that no job's record names; how many.

    Any number of processes may do it at once, and none has to: a result that has expired is not handed out anyway.

    :raises Unavailable: when store or database cannot be reached.
    """

    def expiries(ids: list[str]) -> dict[str, float]:
        wanted = jobs.c.id.in_(ids) & (jobs.c.result_place == FILE) & jobs.c.expires.is_not(None)
        with database.reading() as connection:
            return {
                row.id: row.expires for row in connection.execute(sa.select(jobs.c.id, jobs.c.expires).where(wanted))
            }

    return files.collect(expiries, now) + store.sweep(now)
