"""The shared suite's fixture: every store there is, on a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from longshore.jobs.results import ResultStore, open_store
from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare
from support.stores import GivenMongo, NxServer, PostgresServer, RedisServer, Server, redis_binary, why_no_nx

STORES = (
    "embedded-sqlite",
    "embedded-postgresql",
    "db+sqlite",
    "db+postgresql",
    "valkey",
    "redis",
    "nx-27017",
    "mongod",
)


@dataclass
class Place:
    """One store's settings, and the server it is on (None for a file)."""

    kind: str
    settings: Settings
    server: Server | None

    @property
    def url(self) -> str:
        """Of the server that has the results."""
        return self.settings.require_result_url() if self.settings.result_backend else self.settings.database


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if (binary := redis_binary()) is None:
        pytest.skip("no Valkey for this machine")
    yield from _running(RedisServer(tmp_path_factory.mktemp("valkey"), binary))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if (binary := shutil.which("redis-server")) is None:
        pytest.skip("redis-server is not installed")
    yield from _running(RedisServer(tmp_path_factory.mktemp("redis"), Path(binary)))


@pytest.fixture(scope="session")
def nx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NxServer]:
    if reason := why_no_nx():
        pytest.skip(reason)
    yield from _running(NxServer(tmp_path_factory.mktemp("nx")))


def _running(server: Server) -> Iterator[Server]:
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def given_mongo() -> GivenMongo:
    if not os.environ.get("MONGODB_URL"):
        pytest.skip("MONGODB_URL names no MongoDB")
    return GivenMongo()


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, storage: Path) -> Place:
    """Settings of each kind of store, each with a place of its own."""
    kind = request.param
    about: dict[str, str] = {}
    server: Server | None = None
    if "postgresql" in kind:
        server = PostgresServer(request.getfixturevalue("postgres"))
        about = {"database_url": server.url()} if kind.startswith("emb") else {"result_backend": f"db+{server.url()}"}
    elif kind == "db+sqlite":
        about = {"result_backend": f"db+sqlite:///{storage}/results.db"}
    elif kind != "embedded-sqlite":
        name = {"valkey": "valkey_server", "redis": "redis_server", "nx-27017": "nx_server", "mongod": "given_mongo"}
        server = request.getfixturevalue(name[kind])
        about = {"result_backend": server.url()}
    return Place(kind, Settings.from_environment(root_storage_path=storage, **about), server)


@pytest.fixture
def store(place: Place) -> Iterator[ResultStore]:
    """A store of each kind, empty."""
    prepare(place.settings)
    database = Database(place.settings.database)
    opened = open_store(place.settings, database)
    yield opened
    opened.close()
    database.close()
