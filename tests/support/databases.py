"""Migrated databases for tests, of each kind there is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from longshore.settings import Settings
from longshore.state.database import Database, migrate
from support.postgres import Postgres


def prepare(settings: Settings) -> None:
    """Give the settings their database as ``migrate`` makes it.

    A new SQLite is a copy: hundreds of tests need one, and a dozen migrations take a tenth of a second and several
    syncs of the disk. The migrations themselves are tried in ``tests/state`` and by every whole server.
    """
    url = sa.make_url(settings.database)
    path = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or path.exists():
        migrate(settings)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment(root_storage_path=Path(folder))
        migrate(settings)
        return Path(sa.make_url(settings.database).database or "").read_bytes()


def prepared_postgresql(postgres: Postgres) -> str:
    """URL of a new PostgreSQL database as ``migrate`` makes it, copied like those of SQLite."""
    return postgres.database(_template(postgres))


@cache
def _template(postgres: Postgres) -> str:
    url = postgres.database()
    with tempfile.TemporaryDirectory() as folder:
        migrate(Settings.from_environment(root_storage_path=Path(folder), database_url=url))
    return str(sa.make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Database]:
    """A migrated database of either kind."""
    if request.param == "postgresql":
        url = prepared_postgresql(request.getfixturevalue("postgres"))
        settings = Settings.from_environment(root_storage_path=settings.root_storage_path, database_url=url)
    else:
        prepare(settings)
    made = Database(settings.database)
    yield made
    made.close()
