"""Fixtures of the jobs' tests: the database, on each kind there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longshore.jobs import records
from longshore.state.database import Database
from support.databases import database

__all__ = ["database", "put"]


@pytest.fixture
def put(database: Database) -> Callable[..., str]:
    """Keeps a job and returns its id."""

    def put(job_type: str = "sum", queue: str = "jobs", due: float = 1.0, **about: object) -> str:
        job_id = records.new_job_id()
        with database.writing() as connection:
            new = records.NewJob(type=job_type, queue=queue, inputs=b'{"a": 1}', due=due, id=job_id, **about)
            records.insert(connection, [new], now=1.0)
        return job_id

    return put
