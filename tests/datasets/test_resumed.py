"""Resumable uploads that become datasets: once, whenever the process dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from datasets.conftest import Bench
from longshore.datasets.models import datasets, mailbox
from longshore.datasets.records import is_session_id
from longshore.datasets.resumed import IntoDataset, session_of
from longshore.delivery.resumable import Resumable, ResumableUploads, new_id

DIES = Path(__file__).with_name("die_in_resumed.py")


@pytest.fixture
def uploads(bench: Bench) -> ResumableUploads:
    return ResumableUploads(bench.settings, bench.database, {"dataset": IntoDataset(bench.service, "/datasets")})


def arrived(uploads: ResumableUploads, content: bytes) -> Resumable:
    now = time.time()
    upload = Resumable(new_id(), len(content), "t.csv", "dataset", "", "", {}, "me", now, now + 60)
    uploads.begin(upload)
    with uploads.bytes_of(upload).extending(0, checked=False) as extension:
        extension.write(content)
    return upload


@pytest.mark.processes
@pytest.mark.parametrize("write", [1, 2], ids=["before the dataset's record", "before the upload's record"])
def test_killed_while_it_becomes_a_dataset(uploads: ResumableUploads, bench: Bench, write: int) -> None:
    upload = arrived(uploads, b"a,b\n1,2\n3,4\n")
    command = [sys.executable, DIES, bench.settings.root_storage_path, upload.id, str(write)]
    assert subprocess.run(command, check=False).returncode == 9
    assert uploads.require(upload.id).result is None
    results = [uploads.finish(uploads.require(upload.id)).result for _ in range(2)]
    assert results[0] is not None
    assert results[0] == results[1]
    session = results[0]["sessionID"]
    with bench.database.reading() as connection:
        assert connection.execute(sa.select(datasets.c.id)).scalars().all() == [session]
        assert [entry.session_id for entry in connection.execute(sa.select(mailbox))] == [session]
    bench.drainer.drain(session)
    assert bench.rows(session) == [(1, 2), (3, 4)]
    assert [path.name for path in bench.settings.datasets_folder.iterdir()] == [session]


def test_found_again_when_the_import_is_over_and_forgotten(uploads: ResumableUploads, bench: Bench) -> None:
    upload = arrived(uploads, b"a,b\n1,2\n")
    target = uploads.targets["dataset"]
    source = uploads.bytes_of(upload).path
    first = target.take(source, upload)
    bench.drainer.drain(first["sessionID"])
    with bench.database.writing() as connection:
        connection.execute(mailbox.delete())
    assert target.take(source, upload) == {key: value for key, value in first.items() if key != "request"}
    assert bench.rows(first["sessionID"]) == [(1, 2)]


def test_the_datasets_id_does_not_show_the_uploads() -> None:
    upload = new_id()
    assert is_session_id(session_of(upload))
    assert session_of(upload) != session_of(new_id())
    assert session_of(upload)[:8] not in upload
