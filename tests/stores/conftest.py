"""A server whose events are written, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support.server import LongshoreServer


@pytest.fixture(scope="module")
def storing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A whole server with events of the stores turned on."""
    storage = tmp_path_factory.mktemp("storing") / "storage"
    with LongshoreServer(storage, LOCAL_EVENT_SOURCES="store,client") as server:
        yield server


@pytest.fixture
def http(storing: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=storing.url, timeout=60) as client:
        yield client
