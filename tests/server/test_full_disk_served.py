"""A full disk is one answer, 507, whoever meets it; nothing is lost, and all goes on when there is room again."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask

from longshore.errors import StorageFull, is_disk_full
from longshore.server.answers import add_errors
from longshore.state.database import Database
from longshore.storage import files
from support.server import LongshoreServer
from support.waiting import eventually

HANDLER = """
from longshore import job

@job("plain")
def plain() -> int:
    \"\"\"A number.\"\"\"
    return 1
"""
WRITES: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "upload": lambda c: c.post("/upload", files={"file": ("t.csv", b"a\n1\n")}),
    "key": lambda c: c.put("/kv/a", content=b"x" * 50_000),
    "list": lambda c: c.post("/store/films", json={"a": "x" * 5000}),
    "path file": lambda c: c.put("/fs/x/y.bin", content=b"x" * 50_000),
    "path file by a form": lambda c: c.post("/fs/x/z.bin", files={"file": ("z.bin", b"x" * 50_000)}),
    "partition": lambda c: c.post("/part", files={"file": ("a.txt", b"x" * 50_000)}),
    "link": lambda c: c.post("/file?name=offered.txt"),
    "job": lambda c: c.post("/api/v1/jobs/plain", json={}),
    "resumable": lambda c: c.post("/tus/", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "5000"}),
    "look": lambda c: c.post("/api/v1/look?name=t.csv", content=b"a,b\n1,2\n"),
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; skipped where none can be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=48m,nr_inodes=2000", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_with_bytes(folder: Path) -> None:
    with (folder / "filler").open("ab", buffering=0) as file:
        for size in (2**20, 2**12):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)
    assert files.is_full(folder)


def fill_with_files(folder: Path) -> None:
    (folder / "many").mkdir()
    with suppress(OSError):
        for number in range(10_000):
            (folder / "many" / str(number)).touch()
    assert files.is_full(folder)


def make_room(folder: Path) -> None:
    (folder / "filler").unlink(missing_ok=True)
    for path in (folder / "many").glob("*"):
        path.unlink()


@pytest.mark.processes
@pytest.mark.parametrize("fill", [fill_with_bytes, fill_with_files])
def test_every_part_says_507_on_a_full_disk(small_disk: Path, tmp_path: Path, fill: Callable[[Path], None]) -> None:
    for name, file, text in (("handlers", "own.py", HANDLER), ("offered", "offered.txt", "x" * 50_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
    environment = {
        "MIN_FREE_BYTES": "0", "HANDLERS_DIR": str(tmp_path / "handlers"), "FILES_ROOT": str(tmp_path / "offered"),
    }  # fmt: skip
    server = LongshoreServer(small_disk / "storage", **environment)
    server.log_path = tmp_path / "log"
    with server, httpx.Client(base_url=server.url, timeout=60) as client:
        fill(small_disk)
        answers = {name: write(client) for name, write in WRITES.items()}
        # Room of its own is no fault: SQLite may have some left in its files.
        told = {name: answer.status_code for name, answer in answers.items() if answer.status_code >= 400}
        assert set(told.values()) == {507}
        assert told.keys() >= ({"upload", "key", "path file", "path file by a form", "partition", "look"})
        sentences = {answer.json()["errorDescription"] for answer in answers.values() if answer.status_code >= 400}
        assert all("disk is full" in sentence for sentence in sentences)
        diagnosis = client.get("/diagnostic")
        assert (diagnosis.status_code, diagnosis.json()["checks"]["folders"]["ok"]) == (500, False)
        assert "No space left" in diagnosis.json()["message"]
        make_room(small_disk)
        eventually(lambda: client.get("/diagnostic").status_code == 200, what="the server is well again")
        assert {name: write(client).status_code for name, write in WRITES.items() if name != "partition"} == {
            name: pytest.approx(200, abs=2) for name in WRITES if name != "partition"
        }


FULL = [
    OSError(errno.ENOSPC, "x"),
    OSError(errno.EDQUOT, "x"),
    RuntimeError("No space left on device (os error 28)"),
    RuntimeError("IO error: Disk quota exceeded (os error 122)"),
    sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full")),
]


@pytest.mark.parametrize("error", FULL, ids=str)
def test_what_a_full_disk_says(error: Exception) -> None:
    assert is_disk_full(error)
    later = RuntimeError("something")
    later.__cause__ = error
    assert is_disk_full(later)


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "x"), ValueError("full"), KeyError(28)], ids=repr)
def test_what_other_errors_say(error: Exception) -> None:
    assert not is_disk_full(error)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_a_view_that_meets_a_full_disk_answers_507(error: Exception) -> None:
    app = Flask("any")
    add_errors(app)

    @app.get("/x")
    def fail() -> Any:
        raise error

    answer = app.test_client().get("/x")
    assert answer.status_code == 507
    assert "disk is full" in answer.get_json()["errorDescription"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_database_whose_lock_cannot_be_made_tells_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'state.db'}")

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    with pytest.raises(StorageFull), database.writing():
        raise sa.exc.OperationalError("BEGIN", {}, Exception("disk I/O error"))
    database.close()
