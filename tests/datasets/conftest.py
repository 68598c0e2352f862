"""Fixtures of the datasets: a service and a worker's drainer in this process, and clients of a whole server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from longshore.datasets.drain import Drainer
from longshore.datasets.service import Asker, Datasets
from longshore.errors import Unavailable
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.tables.reading import ReadOptions
from support.databases import prepare
from support.server import LongshoreServer
from support.sockets import Listener


@dataclass
class Recorder:
    """A message queue that only remembers; ``away`` makes it fail as a dead broker does."""

    sent: list[tuple[str, Any, str]] = field(default_factory=list)
    away: bool = False

    def emit(self, event: str, data: Any, *, room: str) -> None:
        if self.away:
            raise Unavailable("the message queue is away")
        self.sent.append((event, data, room))

    def events(self, name: str) -> list[Any]:
        return [data for event, data, _ in self.sent if event == name]


@dataclass
class Bench:
    """A service, the drainer that settles what it accepts, and what they would have told."""

    settings: Settings
    database: Database
    service: Datasets
    drainer: Drainer
    queue: Recorder
    enqueued: list[str]

    def upload(self, content: bytes, name: str = "t.csv", **options: Any) -> str:
        path = self.settings.uploads_folder / "body"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        session_id, entry = self.service.create(path, name, ReadOptions.model_validate(options), Asker("u", "uploader"))
        self.drainer.drain(session_id)
        assert self.service.wait(session_id, entry, 1)["success"]
        return session_id

    def change(self, session_id: str, name: str, request_id: Any = None, **body: Any) -> dict[str, Any]:
        entry = self.service.accept(session_id, name, body, Asker(request_id, "asker"))
        self.drainer.drain(session_id)
        return self.service.wait(session_id, entry, 1)

    def rows(self, session_id: str) -> list[tuple[Any, ...]]:
        return self.service.version(session_id).table.scan().collect().rows()


@pytest.fixture
def bench(settings: Settings) -> Iterator[Bench]:
    prepare(settings)
    database = Database(settings.database)
    enqueued: list[str] = []
    queue = Recorder()
    service = Datasets(settings, database, enqueued.append)
    yield Bench(settings, database, service, Drainer(settings, database, queue), queue, enqueued)
    service.views.close()
    database.close()


@pytest.fixture
def connect(shared_server: LongshoreServer) -> Iterator[Callable[[], Listener]]:
    """``connect()`` gives a Socket.IO client of the module's server."""
    listeners: list[Listener] = []

    def make() -> Listener:
        listeners.append(Listener(shared_server.url))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    return Path(__file__).parents[1] / "data"
