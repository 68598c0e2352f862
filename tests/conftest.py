"""Fixtures of all tests."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from longshore.processes import own_log
from longshore.settings import Settings, file_variable
from longshore.state.database import Database
from support.databases import prepare
from support.declared import declared
from support.memory import memory_folder
from support.postgres import Postgres, running_postgres, why_not
from support.server import LongshoreServer
from support.times import FolderTimes

__all__ = ["declared"]

# Chosen with --hypothesis-profile: ordinary runs draw the same examples everywhere, "fresh" ones look for new finds.
for profile, examples in (("quick", 50), ("thorough", 1000), ("fresh", 200)):
    hypothesis_settings.register_profile(
        profile, max_examples=examples, deadline=None, print_blob=True, derandomize=profile != "fresh"
    )
hypothesis_settings.load_profile("quick")


# A server that is told to outlive its terminal does so; whoever runs the tests with nohup means the tests.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config: pytest.Config) -> None:
    """Whoever asks for the slowest tests is told where the rest of the time went, too."""
    if config.getoption("durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FolderTimes())


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches them."""
    for field in (*Settings.model_fields, "longshore_token", "longshore_url"):
        for name in (field, field.upper(), file_variable(field)):
            if name in os.environ:
                monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps the server's log once: what one test kept would come back in another, its closed files too."""
    monkeypatch.setattr(own_log, "_log", own_log._Log())


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the test's own: in memory, unless whole servers keep their data there, as their users' do on a disk.

    The database and every file are synced all the time: tests waited for the disk more than they computed.
    """
    on_disk = request.node.get_closest_marker("processes") or "server" in request.fixturenames
    memory = None if on_disk else memory_folder()
    if memory is None:
        yield request.getfixturevalue("tmp_path_on_disk")
        return
    with tempfile.TemporaryDirectory(prefix="longshore-test-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path_on_disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For what a file system in memory cannot do."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return tmp_path_factory.mktemp(name)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage folder that does not exist yet."""
    return tmp_path / "storage"


@pytest.fixture
def settings(storage: Path) -> Settings:
    """Settings on a fresh storage folder."""
    return Settings.from_environment(root_storage_path=storage)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The settings' own database, migrated; where each kind there is matters, ``support.databases`` has another."""
    prepare(settings)
    made = Database(settings.database)
    yield made
    made.close()


@pytest.fixture
def server(storage: Path) -> Iterator[LongshoreServer]:
    """A whole server, started as its user would, for one test."""
    with LongshoreServer(storage) as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A whole server for all tests that leave it well; what others have kept there must not matter to them.

    One for each of thirty files took five seconds of a processor each to start.
    """
    with LongshoreServer(tmp_path_factory.mktemp("shared") / "storage") as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run."""
    if reason := why_not():
        pytest.skip(reason)
    with running_postgres() as server:
        yield server
