"""A backup made while the server works, and a server made from it: nothing lost, nothing given or done twice."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa

from longshore.cli import backup
from longshore.cli.backup import BackupError, back_up, restore
from longshore.datasets import mailbox, records
from longshore.datasets.drain import Drainer
from longshore.datasets.service import Asker, Datasets
from longshore.delivery.links import Links
from longshore.delivery.models import links as link_records
from longshore.errors import SettingsError, StorageFull
from longshore.jobs import records as job_records
from longshore.settings import Settings
from longshore.state.database import Database, migrate
from longshore.stores.lists import Lists
from longshore.stores.lists import prepare as prepare_lists
from longshore.supervision.restore_mark import UNFINISHED, require_restored
from longshore.supervision.storage_lock import StorageLock, StorageTakenError
from longshore.tables.reading import ReadOptions
from support.postgres import Postgres, running_postgres, why_not
from support.server import LongshoreServer


class Nobody:
    def emit(self, event: str, data: Any, *, room: str) -> None:
        """Nobody listens."""


@dataclass
class Kept:
    """A storage folder with a service and a worker in this process."""

    settings: Settings

    def __post_init__(self) -> None:
        migrate(self.settings)
        prepare_lists(self.settings)
        self.database = Database(self.settings.database)
        self.service = Datasets(self.settings, self.database, lambda _: None)
        self.drainer = Drainer(self.settings, self.database, Nobody())
        self.lists = Lists.open(self.settings)
        self.links = Links(self.settings, self.database)

    def close(self) -> None:
        self.service.views.close()
        self.lists.close()
        self.database.close()

    def upload(self, content: str, *, drained: bool = True) -> str:
        path = self.settings.uploads_folder / f"body{time.monotonic_ns()}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        session_id, _ = self.service.create(path, "t.csv", ReadOptions(), Asker("u", None))
        if drained:
            self.drainer.drain(session_id)
        return session_id

    def change(self, session_id: str, value: str) -> int:
        body = {"columnIndex": 1, "rowIndex": 0, "newValue": value}
        entry = self.service.accept(session_id, "newCellValue", body, Asker(None, None))
        self.drainer.drain(session_id)
        return int(self.service.wait(session_id, entry, 1)["version"])

    def rows(self, session_id: str) -> list[tuple[Any, ...]]:
        return self.service.version(session_id).table.scan().collect().rows()


Keep = Callable[..., Kept]


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """Makes a server's storage of a name; with ``url``, its state is in that database."""
    made = []

    def keep(name: str, url: str | None = None) -> Kept:
        more = {} if url is None else {"database_url": url}
        made.append(Kept(Settings.from_environment(root_storage_path=tmp_path / name, **more)))
        return made[-1]

    yield keep
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    if reason := why_not():
        pytest.skip(reason)
    with running_postgres() as server:
        yield server


def uid_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["uid"][0]


def settings_of(tmp_path: Path, name: str, url: str | None = None) -> Settings:
    more = {} if url is None else {"database_url": url}
    return Settings.from_environment(root_storage_path=tmp_path / name, **more)


@contextmanager
def killed_in(monkeypatch: pytest.MonkeyPatch, place: Any, step: str) -> Iterator[None]:
    """What is done in the block ends in this step, as if the process was killed there."""

    def die(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, step, die)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.mark.parametrize(("source", "target"), [(0, 0), (1, 1), (0, 1), (1, 0)], ids=["s-s", "p-p", "s-p", "p-s"])
def test_everything_comes_back_on_either_database(
    keep: Keep, tmp_path: Path, request: pytest.FixtureRequest, source: int, target: int
) -> None:
    urls = [request.getfixturevalue("postgres").database() if each else None for each in (source, target)]
    old = keep("old", urls[0])
    session_id = old.upload("a,b\n1,x\n2,y\n")
    old.change(session_id, "changed")
    waiting = old.upload("c\n7\n", drained=False)
    old.lists.append("ada", "films", {"title": "Metropolis"})
    for folder, name in (("values", "v"), ("partitions", "p/x.part"), ("fs", "deep/er/f"), ("results", "r")):
        path = old.settings.root_storage_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"in {folder}")
    many = old.links.register(io.BytesIO(b"for many"), file_name="m.txt", one_time_service=False)
    made = back_up(old.settings, tmp_path / "backup")
    assert (made.datasets, made.damaged) == (2, [])

    restore(settings_of(tmp_path, "new", urls[1]), tmp_path / "backup")
    new = keep("new", urls[1])
    assert new.rows(session_id) == [(1, "changed"), (2, "y")]
    new.drainer.drain(waiting)
    assert new.rows(waiting) == [(7,)]
    assert [each["title"] for each in new.lists.read("ada", "films")] == ["Metropolis"]
    assert (new.settings.root_storage_path / "partitions/p/x.part").read_text() == "in partitions"
    for folder, name in (("values", "v"), ("fs", "deep/er/f"), ("results", "r")):
        assert (new.settings.root_storage_path / folder / name).read_text() == f"in {folder}"
    assert new.lists.append("ada", "films", {"title": "M"}) == 2
    uid = uid_of(many)
    with new.database.reading() as connection:
        assert connection.execute(sa.select(link_records.c.used).where(link_records.c.uid == uid)).scalar_one() is None
    assert new.upload("d\n1\n") not in (session_id, waiting)


def test_every_table_of_the_database_is_copied(settings: Settings) -> None:
    migrate(settings)
    program = "import longshore.cli.backup as it; print(*sorted(it.metadata.tables))"
    copied = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    with sqlite3.connect(settings.root_storage_path / "longshore.db") as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        assert sorted(name for (name,) in found if name != "alembic_version") == copied


def test_version_numbers_and_requests_are_not_given_twice(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    session_id = old.upload("a,b\n1,x\n")
    old.change(session_id, "before")
    back_up(old.settings, tmp_path / "backup")
    after = [old.change(session_id, f"after {number}") for number in range(3)]
    last = old.service.accept(
        session_id, "newCellValue", {"columnIndex": 1, "rowIndex": 0, "newValue": "z"}, Asker(None, None)
    )
    restore(settings_of(tmp_path, "new"), tmp_path / "backup")
    new = keep("new")
    assert new.rows(session_id) == [(1, "before")]
    assert new.change(session_id, "again") > max(after)
    entry = new.service.accept(
        session_id, "newCellValue", {"columnIndex": 1, "rowIndex": 0, "newValue": "z"}, Asker(None, None)
    )
    assert entry > last


def test_what_works_once_does_not_work_again_after_a_restore(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    once = uid_of(old.links.register(io.BytesIO(b"secret"), file_name="s.txt", one_time_service=True))
    with old.database.writing() as connection:
        new_job = job_records.NewJob(type="sum", queue="jobs", inputs=b"{}", due=1.0, id=job_records.new_job_id())
        job_records.insert(connection, [new_job])
    back_up(old.settings, tmp_path / "backup")
    for name, rerun, status in (("new", False, "FAILURE"), ("again", True, "PENDING")):
        restore(settings_of(tmp_path, name), tmp_path / "backup", rerun_jobs=rerun)
        new = keep(name)
        with new.database.reading() as connection:
            job = job_records.find(connection, new_job.id)
            query = sa.select(link_records.c.used).where(link_records.c.uid == once)
            assert connection.execute(query).scalar_one() is not None
        assert job is not None
        assert job.status == status


def test_a_restore_writes_nothing_into_the_backup_which_may_be_read_only(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "backup")

    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "backup", *(tmp_path / "backup").rglob("*"))}

    before = times()
    restore(settings_of(tmp_path, "new"), tmp_path / "backup")
    assert times() == before


def test_a_second_backup_copies_what_is_new_and_forgets_what_is_gone(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    first, second = old.upload("a,b\n1,x\n"), old.upload("a,b\n2,y\n")
    back_up(old.settings, tmp_path / "backup")
    assert back_up(old.settings, tmp_path / "backup").copied == 0
    old.change(first, "new")
    old.service.delete(second)
    made = back_up(old.settings, tmp_path / "backup")
    assert (made.datasets, 0 < made.copied < made.files) == (1, True)
    assert not (tmp_path / "backup/files/datasets" / second).exists()


def test_a_backup_that_is_killed_leaves_the_one_before_whole(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep("old")
    session_id = old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "backup")
    old.change(session_id, "later")
    for step in ("_snapshot", "_copy_files", "_put_in_place"):
        with killed_in(monkeypatch, backup if step == "_snapshot" else backup._Backup, step):
            back_up(old.settings, tmp_path / "backup")
        restore(settings_of(tmp_path, f"new {step}"), tmp_path / "backup")
        assert keep(f"new {step}").rows(session_id) == [(1, "x")]


def test_a_restore_that_is_killed_is_told_and_can_be_done_again(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep("old")
    session_id = old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "backup")
    settings = settings_of(tmp_path, "new")
    for step in ("_bring_files", "_bring_database", "_settle", "_bring_lists"):
        with killed_in(monkeypatch, backup, step):
            restore(settings, tmp_path / "backup")
        assert (settings.root_storage_path / UNFINISHED).exists()
        with pytest.raises(SettingsError, match="run `longshore restore` again"):
            require_restored(settings)
    restore(settings, tmp_path / "backup")
    require_restored(settings)
    assert keep("new").rows(session_id) == [(1, "x")]


def test_a_dataset_that_is_damaged_in_the_storage_is_told_and_holds_up_nothing(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    damaged, whole = old.upload("a,b\n1,x\n"), old.upload("a,b\n2,y\n")
    for path in (old.settings.datasets_folder / damaged).iterdir():
        path.unlink()
    made = back_up(old.settings, tmp_path / "backup")
    assert made.damaged == [damaged]
    restore(settings_of(tmp_path, "new"), tmp_path / "backup")
    assert keep("new").rows(whole) == [(2, "y")]


def test_what_cannot_be_a_backup_or_take_one_is_refused_in_words(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    old.upload("a,b\n1,x\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("mine")
    with pytest.raises(BackupError, match="is no backup"):
        back_up(old.settings, tmp_path / "mine")
    with pytest.raises(BackupError, match="lie in each other"):
        back_up(old.settings, old.settings.root_storage_path / "backup")
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(settings_of(tmp_path, "nowhere"), tmp_path / "backup")
    with pytest.raises(BackupError, match="holds no backup"):
        restore(settings_of(tmp_path, "new"), tmp_path / "mine")
    back_up(old.settings, tmp_path / "backup")
    with pytest.raises(SettingsError, match="holds a server's data"):
        restore(old.settings, tmp_path / "backup")
    with StorageLock(old.settings.root_storage_path), pytest.raises(StorageTakenError):
        restore(old.settings, tmp_path / "backup")
    column = next(path for path in (tmp_path / "backup/files/datasets").rglob("*") if path.is_file())
    column.rename(column.with_name("elsewhere"))
    with pytest.raises(BackupError, match="is not whole"):
        restore(settings_of(tmp_path, "new"), tmp_path / "backup")


def test_the_first_backup_may_be_of_nothing_or_broken_off(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep("old")
    back_up(old.settings, tmp_path / "of nothing")
    session_id = old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "of nothing")
    with killed_in(monkeypatch, backup._Backup, "_copy_files"):
        back_up(old.settings, tmp_path / "broken off")
    back_up(old.settings, tmp_path / "broken off")
    for name in ("of nothing", "broken off"):
        restore(settings_of(tmp_path, f"from {name}"), tmp_path / name)
        assert keep(f"from {name}").rows(session_id) == [(1, "x")]


def test_a_restore_onto_postgresql_that_is_killed_at_its_end_can_be_done_again(
    keep: Keep, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep("old")
    session_id = old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "backup")
    settings = settings_of(tmp_path, "new", postgres.database())
    with killed_in(monkeypatch, backup, "_bring_lists"):
        restore(settings, tmp_path / "backup")
    with pytest.raises(SettingsError, match="not empty"):  # by another storage folder, that is
        restore(settings_of(tmp_path, "other", settings.database), tmp_path / "backup")
    restore(settings, tmp_path / "backup")
    assert keep("new", settings.database).rows(session_id) == [(1, "x")]


def test_a_backup_onto_a_full_disk_is_told_in_a_sentence(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep("old")

    def full(*_: Any) -> str:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(backup, "_snapshot", full)
    with pytest.raises(StorageFull):
        back_up(old.settings, tmp_path / "backup")


def test_a_newer_backup_is_refused_in_words(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    back_up(old.settings, tmp_path / "backup")
    manifest = tmp_path / "backup" / backup.MANIFEST
    found = json.loads(manifest.read_text())
    for change in ({"format": 2}, {"schema": "9999"}):
        manifest.write_text(json.dumps({**found, "longshore": "9.0", **change}))
        with pytest.raises(BackupError, match=r"Longshore 9\.0, which is newer"):
            restore(settings_of(tmp_path, "new"), tmp_path / "backup")
    manifest.write_text("{")
    with pytest.raises(BackupError, match="damaged"):
        restore(settings_of(tmp_path, "new"), tmp_path / "backup")


def test_an_earlier_schema_is_brought_to_this_one(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    session_id = old.upload("a,b\n1,x\n")
    back_up(old.settings, tmp_path / "backup")
    state = tmp_path / "backup" / backup.STATE
    with sqlite3.connect(state) as connection:  # what came after 0008
        connection.execute("DROP TABLE begun_tasks")
        connection.execute("DROP TABLE sent_queues")
        connection.execute("ALTER TABLE mailbox DROP COLUMN asked_as")
        connection.execute("ALTER TABLE transfers DROP COLUMN leaving")
        connection.execute("ALTER TABLE links DROP COLUMN maybe_whole")
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    manifest = tmp_path / "backup" / backup.MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": "0008"}))
    restore(settings_of(tmp_path, "new"), tmp_path / "backup")
    assert keep("new").rows(session_id) == [(1, "x")]


def test_backups_while_datasets_come_change_and_go_are_each_whole(keep: Keep, tmp_path: Path) -> None:
    old = keep("old")
    stays = old.upload("a,b\n1,x\n2,y\n")
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        number = 0
        try:
            while not done.is_set():
                number += 1
                session_id = old.upload(f"a,b\n{number},x\n")
                old.change(stays, str(number))
                old.change(session_id, str(number))
                old.service.delete(session_id)
        except BaseException as error:
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(3):
            back_up(old.settings, tmp_path / "backup")
            restore(settings_of(tmp_path, f"new{number}"), tmp_path / "backup")
    finally:
        done.set()
        worker.join()
    assert failures == []
    for number in range(3):
        new = keep(f"new{number}")
        with new.database.reading() as connection:
            found = [row[0] for row in connection.execute(sa.select(records.datasets.c.id))]
            waiting = [each for each in found if mailbox.has_waiting(connection, each)]
        for session_id in waiting:
            new.drainer.drain(session_id)
        assert stays in found
        assert all(len(new.rows(session_id)) >= 1 for session_id in found)


@pytest.mark.processes
def test_by_its_commands_as_an_administrator_types_them(server: LongshoreServer, tmp_path: Path) -> None:
    session_id = httpx.post(f"{server.url}/upload", files={"file": ("t.csv", "a,b\n1,x\n")}).json()["sessionID"]
    httpx.put(f"{server.url}/kv/key", content=b"value")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "longshore", *words], capture_output=True, text=True, check=False)

    made = run("backup", str(tmp_path / "backup"), "--storage", str(server.storage))
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("1 datasets; ")
    refused = run("restore", str(tmp_path / "backup"), "--storage", str(server.storage))
    assert refused.returncode != 0
    assert str(server.pid) in refused.stderr
    elsewhere = tmp_path / "elsewhere"
    assert run("restore", str(tmp_path / "backup"), "--storage", str(elsewhere)).returncode == 0
    with LongshoreServer(elsewhere) as restored:
        rows = httpx.get(f"{restored.url}/api/v1/datasets/{session_id}").json()
        assert (rows["rows"], rows["columns"]) == (1, ["a", "b"])
        assert httpx.get(f"{restored.url}/kv/key").content == b"value"
