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
ROWS = 5_000_000
"""Of a file whose reading takes some seconds, in which it can be killed."""


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
    holder = eventually(lambda: child_with(server, "worker", ".partial"), 20, "a worker at work")
    holder.kill()
    answer = listener.wait_for("findReplace", "r", seconds=90)
    assert (answer["success"], answer["version"]) == (True, 1)
    listener.close()


def child_with(server: LongshoreServer, role: str, part: str) -> psutil.Process | None:
    """A process below the part of this role that has a file open with ``part`` in its path."""
    for child in server.parts()[role].children(recursive=True):
        try:
            if any(part in file.path for file in child.open_files()):
                return child
        except psutil.NoSuchProcess:
            continue
    return None


@pytest.mark.parametrize("generation", [0, 1, 2], ids=["child that reads", "reader", "worker"])
def test_a_killed_import_is_taken_up_by_the_next_worker(server: LongshoreServer, generation: int) -> None:
    with Client(server.url) as client:
        accepted = client.request(
            "POST", "/api/v1/datasets", params={"name": "t.csv", "wait": "false"}, content=big_csv(ROWS)
        )
        child = eventually(lambda: child_with(server, "import worker", "/datasets/"), 60, "a child that reads")
        for _ in range(generation):
            child = child.parent()
        child.kill()
        done: dict[str, Any] = eventually(
            lambda: (a := client.request("GET", accepted["request"])).get("success") and a, 60, "the import"
        )
        assert done["rows"] == ROWS
        folder = server.storage / "datasets" / accepted["sessionID"]
        # The answer is told before the folder in which the reader worked is gone.
        found = lambda: [path.suffix for path in folder.iterdir()]  # noqa: E731
        eventually(lambda: found() == [".parquet"], 30, "what the killed worker left is gone")


def test_orderly_restarts_do_not_end_an_import(storage: Path) -> None:
    with LongshoreServer(storage, STOP_TIMEOUT_SECONDS="0") as server:
        with Client(server.url) as client:
            accepted = client.request(
                "POST", "/api/v1/datasets", params={"name": "t.csv", "wait": "false"}, content=big_csv(ROWS)
            )
        for _ in range(3):  # as many deaths of workers as end a change
            child = eventually(lambda: child_with(server, "import worker", "/datasets/"), 60, "a child that reads")
            child.suspend()
            assert server.stop() == 0
            eventually(lambda gone=child: not gone.is_running(), 10, "the child's end")
            server.end()
            server.start()
            server.wait_until_ready()
        with Client(server.url) as client:
            done: dict[str, Any] = eventually(
                lambda: (a := client.request("GET", accepted["request"])).get("success") and a, 90, "the import"
            )
        assert done["rows"] == ROWS


def test_imports_that_stand_still_hold_up_nobodys_changes(server: LongshoreServer) -> None:
    with Client(server.url, timeout_seconds=60) as client:
        dataset = client.upload(b"t\nx\n", name="t.csv")
        large = big_csv(ROWS)
        halted: list[psutil.Process] = []
        waiting = []
        for _ in range(2):  # as many as are read at once
            accepted = client.request(
                "POST", "/api/v1/datasets", params={"name": "t.csv", "wait": "false"}, content=large
            )
            waiting.append(accepted["request"])
            folder = f"/datasets/{accepted['sessionID']}"
            child = eventually(lambda part=folder: child_with(server, "import worker", part), 60, "a child that reads")
            child.suspend()
            halted.append(child)
        assert dataset.call("newCellValue", column="t", rowIndex=0, newValue="y")["version"] == 1
        for child in halted:
            child.resume()
        for request in waiting:
            done: dict[str, Any] = eventually(
                lambda at=request: (a := client.request("GET", at)).get("success") and a, 60, "an import"
            )
            assert done["rows"] == ROWS


def test_a_dataset_that_is_deleted_while_it_is_read_is_not_read_on(server: LongshoreServer) -> None:
    with Client(server.url) as client:
        accepted = client.request(
            "POST", "/api/v1/datasets", params={"name": "t.csv", "wait": "false"}, content=big_csv(ROWS)
        )
        child = eventually(lambda: child_with(server, "import worker", "/datasets/"), 60, "a child that reads")
        child.suspend()
        client.request("DELETE", f"/api/v1/datasets/{accepted['sessionID']}")
        eventually(lambda: not child.is_running(), 10, "the child's end")
        assert client.upload(b"t\nx\n", name="t.csv").metadata()["dataSize"]["rows"] == 1


def test_a_file_that_takes_too_much_memory_is_refused_the_first_time(storage: Path) -> None:
    with LongshoreServer(storage, IMPORT_MEMORY_BYTES="300000000") as server, Client(server.url) as client:
        with pytest.raises(LongshoreError, match=r"300,000,000 bytes of memory.*IMPORT_MEMORY_BYTES") as refused:
            client.upload(big_csv(ROWS), name="t.csv")
        assert refused.value.code == "TooLarge"
        eventually(lambda: list((server.storage / "datasets").iterdir()) == [], 10, "the removal of what was read")
        assert "lost its reader" not in server.log


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
        # The answer comes before the uploaded file is removed, which would make room again.
        source = server.storage / "datasets" / dataset.session_id / "source"
        eventually(lambda: not source.exists())
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
