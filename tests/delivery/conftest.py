"""A server with files on offer, and the link service by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from longshore.delivery.links import Links
from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare
from support.server import LongshoreServer

BIG = random.Random(1).randbytes(3_000_001)


@pytest.fixture(scope="module")
def delivering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A whole server with files on offer; each test brings its own links."""
    folder = tmp_path_factory.mktemp("delivering")
    offered = folder / "offered"
    (offered / "sub").mkdir(parents=True)
    (offered / "big.bin").write_bytes(BIG)
    (offered / "empty.txt").write_bytes(b"")
    (offered / "sub" / "Übersicht 2024.csv").write_text("a,b\n1,2\n")
    (offered / ".hidden").write_text("no")
    (folder / "secret.txt").write_text("secret")
    (offered / "out.txt").symlink_to(folder / "secret.txt")
    with LongshoreServer(folder / "storage", FILES_ROOT=str(offered)) as server:
        yield server


@pytest.fixture
def http(delivering: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=delivering.url, timeout=60) as client:
        yield client


@pytest.fixture
def address(http: httpx.Client) -> Callable[..., str]:
    """Makes an address for a file on offer."""

    def make(name: str = "big.bin", **more: str) -> str:
        answer = http.post("/file", params={"name": name, **more})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["addr"])

    return make


@pytest.fixture
def links(settings: Settings) -> Iterator[Links]:
    prepare(settings)
    database = Database(settings.database)
    yield Links(settings, database)
    database.close()


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("first")
    return path
