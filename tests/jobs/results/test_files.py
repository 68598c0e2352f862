"""Large results: files that are whole or not there, and that go when they expire."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from longshore.errors import InvalidResult, InvalidValue, StorageFull
from longshore.jobs.models import jobs
from longshore.jobs.results import INLINE_BYTES, files, open_store
from longshore.jobs.results.files import GRACE_SECONDS, ResultFiles, encode_result
from longshore.jobs.results.outputs import encode_output
from longshore.jobs.results.sweeping import sweep_results
from longshore.settings import Settings
from longshore.state.database import Database, migrate

LARGE = ["x" * 1000] * 3000
JOB = "3f6f2bb4-6d3b-4b9e-9d3c-000000000001"


@pytest.fixture
def folder(settings: Settings) -> ResultFiles:
    return ResultFiles(settings.results_folder)


def test_a_small_result_stays_in_memory(folder: ResultFiles) -> None:
    encoded = encode_result({"a": 1}, folder.new_part(JOB))
    assert (encoded.document, encoded.size, encoded.path) == (b'{"a":1}', 7, None)
    assert not folder.folder.exists(), "which a disk may have no room for"


@pytest.mark.parametrize(("excess", "is_file"), [(0, False), (1, True)])
def test_the_limit_is_exact(folder: ResultFiles, excess: int, is_file: bool) -> None:
    encoded = encode_result("x" * (INLINE_BYTES - 2 + excess), folder.new_part(JOB))
    assert (encoded.path is not None) == is_file
    assert encoded.size == INLINE_BYTES + excess


def test_a_large_result_becomes_a_file(folder: ResultFiles) -> None:
    encoded = encode_result(LARGE, folder.new_part(JOB))
    assert encoded.document is None
    assert encoded.path is not None
    assert folder.open(JOB) is None
    folder.adopt(encoded.path, JOB)
    with folder.open(JOB) as stream:  # type: ignore[union-attr]
        assert json.loads(stream.read()) == LARGE
    assert folder.path(JOB).stat().st_size == encoded.size
    assert [path.name for path in folder.folder.iterdir()] == [f"{JOB}.json"]
    assert folder.folder.stat().st_mode & 0o077 == 0


def test_who_reads_is_not_disturbed_by_removal(folder: ResultFiles) -> None:
    part = encode_result(LARGE, folder.new_part(JOB)).path
    folder.adopt(part, JOB)  # type: ignore[arg-type]
    with folder.open(JOB) as stream:  # type: ignore[union-attr]
        folder.forget([JOB, "none"])
        assert json.loads(stream.read()) == LARGE
    assert folder.open(JOB) is None


@pytest.mark.parametrize("bad", ["../../etc/passwd", "a/b", "", ".", "a\0b", "x" * 65, "a.json"])
def test_only_ids_name_files(folder: ResultFiles, bad: str) -> None:
    for call in (folder.path, folder.open, folder.new_part, lambda each: folder.forget([each])):
        with pytest.raises(InvalidValue):
            call(bad)


def test_only_parts_of_the_folder_are_adopted(folder: ResultFiles, tmp_path: Path) -> None:
    foreign = tmp_path / f"{JOB}.abc.part"
    foreign.write_bytes(b"1")
    with pytest.raises(InvalidValue):
        folder.adopt(foreign, JOB)
    with pytest.raises(FileNotFoundError):
        folder.adopt(folder.new_part(JOB), JOB)


def test_what_is_not_json_leaves_no_file(folder: ResultFiles) -> None:
    with pytest.raises(InvalidResult, match=r"output\[3000\] is NaN"):
        encode_result([*LARGE, float("nan")], folder.new_part(JOB))
    assert list(folder.folder.iterdir()) == []


def test_a_full_disk_leaves_no_file(folder: ResultFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(value: Any, file: Any) -> int:
        file.write(b"x" * (INLINE_BYTES + 1))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "write_json", fill)
    with pytest.raises(StorageFull):
        encode_result(LARGE, folder.new_part(JOB))
    assert list(folder.folder.iterdir()) == []


def test_sweeping(settings: Settings, folder: ResultFiles) -> None:
    """Expired files go at once, files without a record when nobody can be about to commit it, others stay."""
    migrate(settings)
    database = Database(settings.database)
    store = open_store(settings, database)
    now = time.time()
    expires = {"kept": now + 60, "expired": now - 1}
    for name in ("kept", "expired", "fresh", "orphan"):
        part = encode_result(LARGE, folder.new_part(name)).path
        folder.adopt(part, name)  # type: ignore[arg-type]
    with database.writing() as connection:
        for name, when in expires.items():
            add_record(connection, name, when)
    running, broken = folder.new_part("running"), folder.new_part("broken")
    stranger = folder.folder / "notes.txt"
    for path in (running, broken, stranger):
        path.write_bytes(b"1")
    for path in (folder.path("orphan"), broken, stranger, folder.path("kept")):
        os.utime(path, (now - GRACE_SECONDS - 10,) * 2)
    store.put("inline", b"1", now - 1)

    assert sweep_results(store, folder, database, now) == 4
    left = {path.name for path in folder.folder.iterdir()}
    assert left == {"kept.json", "fresh.json", running.name, "notes.txt"}
    assert sweep_results(store, folder, database, now) == 0
    database.close()


def add_record(connection: Any, name: str, expires: float) -> None:
    connection.execute(
        jobs.insert().values(
            id=name,
            type="sum",
            queue="jobs",
            status="SUCCESS",
            cancelling=False,
            submitted=1.0,
            due=1.0,
            attempts=1,
            losses=0,
            announced=True,
            expires=expires,
            result_place="file",
        )
    )


def test_sweeping_before_there_is_a_folder(settings: Settings, folder: ResultFiles) -> None:
    assert folder.collect(lambda ids: {}, time.time()) == 0


class Answer(BaseModel):
    flow: float
    tags: set[str] = set()


def document(output: Any, annotation: Any, folder: ResultFiles) -> Any:
    encoded = encode_output(output, TypeAdapter(annotation), folder.new_part(JOB))
    assert encoded.document is not None
    return json.loads(encoded.document)


def test_outputs_are_checked_and_written_as_declared(folder: ResultFiles) -> None:
    assert document({"flow": "1.5", "tags": ["a"]}, Answer, folder) == {"flow": 1.5, "tags": ["a"]}
    assert document([Answer(flow=1)], list[Answer], folder) == [{"flow": 1.0, "tags": []}]
    assert document({1, 2}, set[int], folder) == [1, 2]
    assert document({"any": (1, None)}, Any, folder) == {"any": [1, None]}
    assert document(None, None, folder) is None


def test_what_is_not_as_declared_is_refused_with_its_place(folder: ResultFiles) -> None:
    with pytest.raises(InvalidResult, match=r"^output\[1\]\.flow is not as declared: input should be a valid number"):
        document([{"flow": 1}, {"flow": "much"}], list[Answer], folder)
    with pytest.raises(InvalidResult, match="output is a set"):
        document({1}, Any, folder)
    with pytest.raises(InvalidResult, match="NaN"):
        document(Answer(flow=float("nan")), Answer, folder)
