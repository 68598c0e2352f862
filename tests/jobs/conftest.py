"""Fixtures of the jobs' tests: the database, on each kind there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from longshore.jobs import declaring, records
from longshore.settings import Settings
from longshore.state.database import Database, migrate
from support.postgres import Postgres, running_postgres, why_not


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run."""
    if reason := why_not():
        pytest.skip(reason)
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Database]:
    """A migrated database of either kind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").database()
        settings = Settings.from_environment(root_storage_path=settings.root_storage_path, database_url=url)
    migrate(settings)
    made = Database(settings.database)
    yield made
    made.close()


@pytest.fixture
def declared() -> Iterator[None]:
    """What a test declares is forgotten after it."""
    before = dict(declaring._types)
    yield
    declaring._types.clear()
    declaring._types.update(before)


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
