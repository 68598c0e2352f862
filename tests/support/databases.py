"""Fixtures of tests that ask each kind of database there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from longshore.settings import Settings
from longshore.state.database import Database, migrate


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
