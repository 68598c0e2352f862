"""A broker, and a database, without the rest of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare
from support.waiting import eventually


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a server whose broker and database are there, and nothing else."""
    from longshore.supervision.broker import answers, make_broker, prepare_broker

    made = Settings.from_environment(root_storage_path=tmp_path / "storage")
    made.root_storage_path.mkdir()
    prepare(made)
    path = prepare_broker(made)
    child = make_broker(made, path, ())
    child.start()
    try:
        eventually(lambda: answers(path), 20, "the broker's answer")
        yield made
    finally:
        child.kill()


@pytest.fixture
def database(broker: Settings) -> Iterator[Database]:
    made = Database(broker.database)
    yield made
    made.close()
