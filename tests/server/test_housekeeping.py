"""What the server clears away by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from longshore.client import Client
from longshore.errors import SessionNotFound
from longshore.handlers.caching import ResponseCache
from longshore.processes.schedule import run_due
from longshore.server.housekeeping import clearing
from longshore.settings import Settings
from longshore.state.database import Database
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually


def test_what_a_killed_process_left_in_the_cache(settings: Settings, database: Database) -> None:
    responses = ResponseCache(settings)
    left = settings.responses_folder / "tmp.__wz_cache"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    os.utime(left, (1, 1))
    tasks = list(clearing(settings, database, responses))
    assert [task.name for task in tasks] == ["longshore.clear.responses"]
    now = 10.0**10
    assert run_due(database, tasks, now) == []  # the first time they are only noted
    assert run_due(database, tasks, now + 3600) == [task.name for task in tasks]
    assert not left.exists()


def test_datasets_only_where_the_deployer_wants_that(storage: Path, database: Database) -> None:
    settings = Settings.from_environment(root_storage_path=storage, dataset_ttl=1000)
    tasks = list(clearing(settings, database, ResponseCache(settings)))
    assert tasks[-1].name == "longshore.clear.datasets"
    assert tasks[-1].schedule.following(0) == 100


def test_servers_that_share_a_cache_keep_their_links_apart(tmp_path: Path) -> None:
    shared = tmp_path / "cache"
    one, two = (
        Settings.from_environment(root_storage_path=tmp_path / name, cache_root=shared) for name in ("one", "two")
    )
    assert one.responses_folder == two.responses_folder
    assert one.links_folder != two.links_folder


@pytest.mark.processes
def test_a_dataset_goes_when_everybody_has_left_it(storage: Path) -> None:
    with LongshoreServer(storage, DATASET_TTL="1") as server, Client(server.url) as client:
        dataset, alone = (client.upload(b"a\n1\n", "t.csv") for _ in range(2))
        listener = Listener(server.url)
        assert listener.ask("metadata", dataset.session_id)["success"]

        def is_gone(which: str) -> bool:
            try:
                client.dataset(which).metadata()
            except SessionNotFound:
                return True
            return False

        eventually(lambda: is_gone(alone.session_id), 30, "the end of the dataset nobody has open")
        assert not is_gone(dataset.session_id)
        listener.close()
        eventually(lambda: is_gone(dataset.session_id), 30, "the end of the other one")
