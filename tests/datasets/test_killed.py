"""Parts of the server are killed in the middle of work: afterwards everything accepted is done, once, in order."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from longshore.client import Client, Dataset
from longshore.errors import LongshoreError, StorageFull
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes

CHANGES = 60


def big_csv(rows: int) -> bytes:
    return b"n,t\n" + b"".join(b"%d,v%d\n" % (n, n) for n in range(rows))


def fire(dataset: Dataset, first: int, count: int) -> None:
    """Changes that are accepted but not waited for; each writes its own number."""
    for number in range(first, first + count):
        dataset.client.request(
            "POST",
            f"/api/v1/datasets/{dataset.session_id}/operations/newCellValue",
            params={"wait": "false"},
            json={"requestID": number, "column": "t", "rowIndex": 0, "newValue": str(number)},
        )


def written(dataset: Dataset) -> list[int]:
    steps = dataset.history()[1:]
    assert [step["version"] for step in steps] == list(range(1, len(steps) + 1))
    return [int(step["parameters"]["newValue"]) for step in steps]


@pytest.mark.parametrize("victim", ["task process", "worker", "broker", "web", "supervisor"])
def test_everything_accepted_is_done_once_and_in_order_after_a_kill(storage: Path, victim: str) -> None:
    with LongshoreServer(storage) as server:
        with Client(server.url, timeout_seconds=20) as client:
            dataset = client.upload(big_csv(50_000), name="t.csv")
            fire(dataset, 0, CHANGES)
        if victim == "supervisor":
            server.signal(9)
            server.wait()
            server.end()
            server.start()
            server.wait_until_ready()
        else:
            server.kill(victim)
            eventually(lambda: server.diagnose().status_code == 200, 30, "recovery")
        with Client(server.url, timeout_seconds=20) as client:
            dataset = client.dataset(dataset.session_id)
            fire(dataset, CHANGES, 5)
            expected = list(range(CHANGES + 5))
            eventually(lambda: len(written(dataset)) == len(expected), 60, "all changes")
            assert written(dataset) == expected
            assert dataset.rows(0, 1) == [{"n": 0, "t": str(CHANGES + 4)}]
            assert dataset.metadata()["dataSize"]["rows"] == 50_000


def test_a_socket_hears_the_answer_although_its_worker_was_killed(server: LongshoreServer) -> None:
    with Client(server.url) as client:
        dataset = client.upload(big_csv(400_000), name="t.csv")
    listener = Listener(server.url)
    listener.ask("metadata", dataset.session_id)
    body = {"sessionID": dataset.session_id, "requestID": "r", "column": "t", "toReplace": ["(v)(.*)(?=9)"]}
    listener.client.emit("findReplace", {**body, "replaceWith": ["\\2\\1"], "matchRegex": True})
    holder = eventually(lambda: child_with(server, ".partial"), 20, "a worker at work")
    holder.kill()
    answer = listener.wait_for("findReplace", "r", seconds=90)
    assert (answer["success"], answer["version"]) == (True, 1)
    listener.close()


def child_with(server: LongshoreServer, part: str) -> psutil.Process | None:
    """The worker's process that has a file open with ``part`` in its path."""
    for child in server.parts()["worker"].children():
        if any(part in file.path for file in child.open_files()):
            return child
    return None


def test_a_killed_import_is_taken_up_by_the_next_worker(server: LongshoreServer) -> None:
    with Client(server.url) as client:
        accepted = client.request(
            "POST", "/api/v1/datasets", params={"name": "t.csv", "wait": "false"}, content=big_csv(1_500_000)
        )
        child = eventually(lambda: child_with(server, "/datasets/"), 60, "a worker that reads")
        child.kill()
        done: dict[str, Any] = eventually(
            lambda: (a := client.request("GET", accepted["request"])).get("success") and a, 60, "the import"
        )
        assert done["rows"] == 1_500_000
        folder = server.storage / "datasets" / accepted["sessionID"]
        assert [path.suffix for path in folder.iterdir()] == [".parquet"], "what the killed worker left is gone"


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 40 MB, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_a_clear_error_and_the_old_version_stays(small_disk: Path) -> None:
    with LongshoreServer(small_disk / "storage", MIN_FREE_BYTES="0") as server, Client(server.url) as client:
        dataset = client.upload(big_csv(300_000), name="t.csv")
        before = dataset.metadata()
        filler = small_disk / "filler"
        fill(filler, leave_bytes=150_000)
        with pytest.raises(LongshoreError, match="disk is full"):
            dataset.call("changeColumnDataType", column="n", newDataType="string")
        assert dataset.metadata() == before
        with pytest.raises(StorageFull.__mro__[1], match="disk is full"):
            client.upload(big_csv(300_000), name="t.csv")
        folders = list((server.storage / "datasets").iterdir())
        assert [folder.name for folder in folders] == [dataset.session_id]
        assert list((server.storage / "uploads").iterdir()) == []
        filler.unlink()
        assert dataset.call("changeColumnDataType", column="n", newDataType="string")["success"]
        assert httpx.get(f"{server.url}/downloadCSV/{dataset.session_id}", timeout=30).text.count("\n") == 300_001


def fill(path: Path, leave_bytes: int) -> None:
    free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
    with path.open("wb") as file:
        file.write(b"\0" * max(0, free - leave_bytes))
