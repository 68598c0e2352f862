"""A copy of everything the server keeps, made while it runs, and a server made from such a copy.

The database comes first, as it is at one moment; then the files, which are written once and found by names that the
database holds. What was there at that moment may be gone a moment later (a dataset was deleted, an upload became one),
so it is looked whether all is there, and if not, all is done again; what is there already is not copied twice.

::

    FOLDER/backup.json     what it is, of which version, when it was made
    FOLDER/longshore.db    the state, as SQLite, whatever database the server has
    FOLDER/lists.db        the list stores
    FOLDER/files/AREA/...  column files, values, partitions, path files, results, links, uploads that have begun

A backup into the same folder copies what is new and leaves the old one whole until its very end.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

import longshore.state.schedule_table  # noqa: F401 - what is copied is what registers on import
from longshore.datasets import records
from longshore.datasets.models import datasets, servers, sockets, steps
from longshore.datasets.models import mailbox as entries
from longshore.datasets.special import IMPORT
from longshore.delivery.cache import FileCache
from longshore.delivery.models import files as cached_files
from longshore.delivery.models import links, transfers
from longshore.errors import SettingsError, StorageFull, is_disk_full
from longshore.jobs import claims
from longshore.jobs.models import jobs
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.state.database import Database, known_revisions, metadata, migrate, newest_revision, revision_of
from longshore.storage.files import copy_bytes, sync, telling_when_full
from longshore.stores.lists import prepare as prepare_lists
from longshore.stores.models import metadata as lists_metadata
from longshore.supervision.restore_mark import UNFINISHED
from longshore.supervision.storage_lock import StorageLock

logger = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "backup.json"
STATE, LISTS, FILES, PART = "longshore.db", "lists.db", "files", "part"
SECRET = "internal-secret"  # noqa: S105 - the name of its file
MAX_PASSES = 5
NUMBER_JUMP = 1_000_000
"""Version numbers after a restore begin at the next multiple: those given since the backup are not given twice."""
_ROWS = 2000


@dataclass
class Made:
    """What a backup holds.

    :ivar schema: revision of the database's form.
    :ivar damaged: ids of datasets of which files are missing in the storage itself.
    """

    format: int = FORMAT
    longshore: str = ""
    schema: str = ""
    made: str = ""
    datasets: int = 0
    files: int = 0
    bytes: int = 0
    copied: int = 0
    damaged: list[str] = field(default_factory=list)


class BackupError(Exception):
    """A backup cannot be made, or not be used; the message is a sentence for a person."""


def areas(settings: Settings) -> dict[str, Path]:
    """The folders whose files belong to a backup, by their names in it."""
    return {
        "datasets": settings.datasets_folder,
        "values": settings.values_folder,
        "partitions": settings.partitions_folder,
        "fs": settings.path_files_folder,
        "files": settings.files_folder,
        "results": settings.results_folder,
        "links": settings.links_folder,
        "uploads": settings.uploads_folder,
    }


# -- making ---------------------------------------------------------------------------------------------------------


def back_up(settings: Settings, folder: Path) -> Made:
    """Copy everything into ``folder``, which may hold an earlier backup.

    :raises BackupError: when the folder cannot be used, or what is kept changes too fast.
    :raises StorageFull: when the disk has no room; an earlier backup there stays whole.
    """
    _require_apart(settings.root_storage_path, folder)
    if not settings.database_url and not (settings.root_storage_path / STATE).exists():
        raise BackupError(f"there is nothing to back up: {settings.root_storage_path} holds no server's data")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = (MANIFEST, STATE, LISTS, FILES, PART)
    if any(not path.name.startswith(ours) for path in folder.iterdir()):
        raise BackupError(f"{folder} holds something that is no backup; name a folder of its own")
    (folder / FILES).mkdir(mode=0o700, exist_ok=True)
    with _alone(folder), telling_when_full():
        try:
            return _Backup(settings, folder).make()
        except sqlite3.Error as error:
            if is_disk_full(error):
                raise StorageFull.now() from error
            raise BackupError(f"the database cannot be copied: {error}") from error


class _Backup:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.copied = 0

    def make(self) -> Made:
        new_state, new_lists = self.folder / f"{STATE}.new", self.folder / f"{LISTS}.new"
        for _ in range(MAX_PASSES):
            made = Made(longshore=app_version(), made=datetime.now(UTC).isoformat(timespec="seconds"))
            made.schema = _snapshot(self.settings.database, metadata, new_state)
            if made.schema != newest_revision():
                raise BackupError(
                    "the database is of another version: run `longshore migrate`, or the backup of that version"
                )
            _snapshot(self.settings.lists_database, lists_metadata, new_lists)
            there = self._copy_files()
            missing = _missing_files(new_state, self.folder / FILES)
            made.damaged = sorted(session for session in missing if self._is_damaged(session, missing[session]))
            if missing.keys() <= set(made.damaged):
                break
            logger.info("what is kept changed meanwhile; looking again")
        else:
            raise BackupError("datasets come and go faster than they can be copied; try again")
        made.files, made.bytes = len(there), sum(there.values())
        made.copied = self.copied
        with _reading_file(new_state) as connection:
            made.datasets = int(connection.execute(sa.select(sa.func.count()).select_from(datasets)).scalar_one())
        self._put_in_place(made, new_state, new_lists)
        self._prune(there)
        return made

    def _copy_files(self) -> dict[Path, int]:
        """Copy what is not there yet; all files of this backup so far, below its folder of files, with their bytes."""
        there: dict[Path, int] = {}
        for area, source in areas(self.settings).items():
            for path in _walk(source):
                place = Path(area, path.relative_to(source))
                size = self._copy(path, self.folder / FILES / place)
                if size is not None:
                    there[place] = size
        secret = self.settings.root_storage_path / SECRET
        size = self._copy(secret, self.folder / FILES / SECRET)
        return there if size is None else {**there, Path(SECRET): size}

    def _copy(self, source: Path, target: Path) -> int | None:
        """Copy one file, unless it is there as it is now; its size, or None when it is gone."""
        try:
            self.copied += _copy_file(source, target, self.folder / PART)
        except FileNotFoundError:
            return None
        return target.stat().st_size

    def _is_damaged(self, session_id: str, names: set[str]) -> bool:
        """Whether a dataset lacks files in the storage itself, now as well as in the copy of the database."""
        with _reading(self.settings.database) as connection:
            row = connection.execute(sa.select(datasets.c.state).where(datasets.c.id == session_id)).one_or_none()
            needed = set() if row is None else records.needed_files(connection, session_id)
        folder = self.settings.datasets_folder / session_id
        lacking = {name for name in needed if not (folder / name).exists()}
        return bool(lacking & names)

    def _put_in_place(self, made: Made, new_state: Path, new_lists: Path) -> None:
        """Make it the backup that counts: until here the earlier one did, whose files are all there still."""
        os.sync()
        manifest = self.folder / f"{MANIFEST}.new"
        manifest.write_text(json.dumps(asdict(made), indent=1))
        for path in (new_state, new_lists, manifest):
            sync(path)
        new_state.replace(self.folder / STATE)
        new_lists.replace(self.folder / LISTS)
        manifest.replace(self.folder / MANIFEST)
        sync(self.folder)

    def _prune(self, there: dict[Path, int]) -> None:
        """Remove the files of earlier backups that this one has no use for.

        What was gone before it could be copied once more may have been copied before.
        """
        root = self.folder / FILES
        needed = there.keys() | {place for _, place in _named_files(self.folder / STATE)}
        for path in list(_walk(root)):
            if path.relative_to(root) not in needed:
                path.unlink(missing_ok=True)
        for place, names, found in os.walk(root, topdown=False):
            if not names and not found and Path(place) != root:
                Path(place).rmdir()


def _snapshot(url: str, tables: sa.MetaData, target: Path) -> str:
    """Copy a database as it is at one moment into a new SQLite file; the revision of its form, "" for none."""
    target.unlink(missing_ok=True)
    database = Database(url, patience_seconds=None)
    try:
        if database.engine.dialect.name == "sqlite":
            raw = database.engine.raw_connection()
            try:
                copy = sqlite3.connect(target)
                raw.driver_connection.backup(copy)  # type: ignore[union-attr]
                copy.execute("PRAGMA journal_mode=DELETE")
                copy.close()
            finally:
                raw.close()
        else:
            _copy_tables(database, tables, target)
        with database.reading() as connection:
            return revision_of(connection)
    finally:
        database.close()


def _copy_tables(database: Database, tables: sa.MetaData, target: Path) -> None:
    """Copy all rows of a database of another kind."""
    copy = sa.create_engine(_sqlite(target))
    with database.reading() as source, copy.begin() as into:
        tables.create_all(into)
        revision = revision_of(source)
        if revision:
            into.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            into.execute(sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        _copy_rows(source, into, tables)
    copy.dispose()


def _copy_rows(source: Connection, into: Connection, tables: sa.MetaData) -> None:
    present = set(sa.inspect(source).get_table_names())
    for table in tables.sorted_tables:
        if table.name in present:
            found = source.execution_options(yield_per=_ROWS).execute(sa.select(table))
            for rows in found.mappings().partitions(_ROWS):
                into.execute(table.insert(), [dict(row) for row in rows])


def _named_files(state: Path) -> Iterator[tuple[str, Path]]:
    """The files that a copy of the database names: the session, or "" for what is no dataset's, and the place."""
    with _reading_file(state) as connection:
        for session_id in connection.execute(sa.select(steps.c.session_id).distinct()).scalars().all():
            for name in records.needed_files(connection, session_id):
                yield session_id, Path("datasets", session_id, name)
        waiting = sa.select(entries.c.session_id).where(entries.c.settled.is_(None) & (entries.c.operation == IMPORT))
        for session_id in connection.execute(waiting).scalars().all():
            yield session_id, Path("datasets", session_id, "source")
        kept = FileCache(Path("links"), 0)
        for file_id in connection.execute(sa.select(cached_files.c.id)).scalars().all():
            yield "", kept.path_of(file_id)


def _missing_files(state: Path, root: Path) -> dict[str, set[str]]:
    """What the copy of a database names and the copied files lack: names by session."""
    missing: dict[str, set[str]] = {}
    for session_id, place in _named_files(state):
        if not (root / place).exists():
            missing.setdefault(session_id, set()).add(place.name)
    return missing


# -- restoring ------------------------------------------------------------------------------------------------------


def restore(settings: Settings, folder: Path, *, rerun_jobs: bool = False) -> Made:
    """Make the storage folder and the databases what a backup says they were.

    What must not happen twice does not: links that work once count as used, and jobs that had not ended have failed,
    since either may have been used, or have run, after the backup was made.

    :param rerun_jobs: whether jobs that had not ended are run instead.
    :raises BackupError: when the folder holds no whole backup of this or an earlier version.
    :raises StorageTakenError: when a server runs on the storage folder.
    :raises SettingsError: when storage or database are not empty.
    :raises StorageFull: when the disk has no room.
    """
    made = read_manifest(folder)
    missing = _missing_files(folder / STATE, folder / FILES)
    if lost := sorted(missing.keys() - set(made.damaged)):
        raise BackupError(f"{folder} is not whole: files of {len(lost)} datasets or links are missing in it")
    _require_apart(settings.root_storage_path, folder)
    root = settings.root_storage_path
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with StorageLock(root), telling_when_full():
        _require_empty(settings)
        (root / UNFINISHED).write_text(_name_of_database(settings))
        _bring_files(settings, folder / FILES)
        _bring_database(settings, folder / STATE, rerun_jobs=rerun_jobs, made=made.made)
        _bring_lists(settings, folder / LISTS)
        os.sync()
        (root / UNFINISHED).unlink()
    return made


def read_manifest(folder: Path) -> Made:
    """What a backup says of itself.

    :raises BackupError: when it is none, or of a newer version.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text())
        made = Made(**{name: found[name] for name in Made.__dataclass_fields__})
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no backup, or one that did not come to its end") from None
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{folder / MANIFEST} is damaged, or of another program") from None
    if made.format > FORMAT or (made.schema and made.schema not in known_revisions()):
        raise BackupError(f"this backup is of Longshore {made.longshore}, which is newer than this {app_version()}")
    return made


def _require_empty(settings: Settings) -> None:
    """:raises SettingsError: when the server's data would be lost, or mixed with what is restored."""
    root = settings.root_storage_path
    # What a restore that was broken off has put there is replaced; nothing else can have come since: no server starts.
    again = (root / UNFINISHED).exists() and (root / UNFINISHED).read_text() == _name_of_database(settings)
    if not again and settings.database_url is None and (root / STATE).exists():
        raise SettingsError(f"{root} holds a server's data; restore into an empty folder, or remove it first")
    if settings.database_url is None or again:
        return
    migrate(settings)
    with _reading(settings.database) as connection:
        filled = [
            table.name
            for table in metadata.sorted_tables
            if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        ]
    if filled:
        raise SettingsError(f"the database is not empty ({', '.join(filled[:3])}); restore into an empty one")


def _name_of_database(settings: Settings) -> str:
    """What tells a database from others, and not its password."""
    return hashlib.sha256(settings.database.encode()).hexdigest()


def _bring_files(settings: Settings, source: Path) -> None:
    targets = areas(settings)
    for path in _walk(source):
        place = path.relative_to(source)
        target = settings.root_storage_path / SECRET
        if place != Path(SECRET):
            target = targets[place.parts[0]].joinpath(*place.parts[1:])
        _copy_file(path, target, target.parent / f".{UNFINISHED}")


def _bring_database(settings: Settings, state: Path, *, rerun_jobs: bool, made: str) -> None:
    """Fill the database; it is there, and changed as it must be, or not at all."""
    part = settings.root_storage_path / f"{STATE}.restoring"
    for path in (part, *settings.root_storage_path.glob(f"{part.name}-*")):
        path.unlink(missing_ok=True)
    shutil.copyfile(state, part)
    here = settings.model_copy(update={"database_url": SecretStr(_sqlite(part))})
    migrate(here)  # the backup may be of an earlier version
    source = Database(_sqlite(part))
    try:
        with source.writing() as connection:
            _settle(connection, rerun_jobs=rerun_jobs, made=made, result_ttl=settings.result_ttl)
        if settings.database_url is not None:
            database = Database(settings.database, patience_seconds=None)
            with source.reading() as rows, database.writing() as into:
                for table in reversed(metadata.sorted_tables):
                    into.execute(table.delete())
                _copy_rows(rows, into, metadata)
                _set_sequences(into, metadata)
            database.close()
    finally:
        source.close()
    if settings.database_url is None:
        with sqlite3.connect(part) as connection_to_file:
            connection_to_file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection_to_file.close()
        sync(part)
        part.replace(settings.root_storage_path / STATE)
    for path in settings.root_storage_path.glob(f"{part.name}*"):
        path.unlink(missing_ok=True)


def _settle(connection: Connection, *, rerun_jobs: bool, made: str, result_ttl: float) -> None:
    """Let what other processes held go, and see that nothing is given or done twice."""
    now = time.time()
    connection.execute(sockets.delete())
    connection.execute(servers.delete())
    connection.execute(transfers.delete())
    jump = (datasets.c.next_number // NUMBER_JUMP + 1) * NUMBER_JUMP
    connection.execute(datasets.update().values(lease_owner=None, lease_beat=None, next_number=jump))
    connection.execute(entries.update().values(begun_by=None))
    connection.execute(
        sa.text("UPDATE sqlite_sequence SET seq = seq + :jump"), {"jump": NUMBER_JUMP}
    )  # of requests, jobs: whoever asks for one that came after the backup must not get another's
    connection.execute(links.update().values(taker=None, taker_beat=None))
    connection.execute(links.update().where(links.c.one_time & links.c.used.is_(None)).values(used=now))
    unfinished = jobs.c.finished.is_(None)
    connection.execute(jobs.update().where(unfinished).values(lease_owner=None, lease_beat=None))
    if not rerun_jobs:
        connection.execute(
            jobs.update()
            .where(unfinished)
            .values(
                status="FAILURE",
                error=claims.WORKER_LOST,
                message=f"it had not ended when the backup of {made} was made, and may have run since; submit it again",
                finished=now,
                expires=now + result_ttl,
            )
        )


def _set_sequences(connection: Connection, tables: sa.MetaData) -> None:
    """Have PostgreSQL number new rows behind those that came with numbers."""
    for table in tables.sorted_tables:
        for column in table.primary_key:
            if column.autoincrement is True:
                last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + NUMBER_JUMP).scalar_subquery()
                name = sa.func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(sa.select(sa.func.setval(name, last)))


def _bring_lists(settings: Settings, lists: Path) -> None:
    if settings.lists_database == settings.database:
        target = Database(settings.database)
        prepare_lists(settings)
        with _reading_file(lists) as rows, target.writing() as into:
            for table in reversed(lists_metadata.sorted_tables):
                into.execute(table.delete())
            _copy_rows(rows, into, lists_metadata)
        target.close()
        return
    settings.lists_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = settings.lists_path.with_name(f"{LISTS}.restoring")
    shutil.copyfile(lists, part)
    sync(part)
    part.replace(settings.lists_path)


# -- both -----------------------------------------------------------------------------------------------------------


def _sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    """A database as it is now, which is closed afterwards."""
    database = Database(url)
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()


@contextmanager
def _reading_file(path: Path) -> Iterator[Connection]:
    """A database of a backup, read as it is: nothing is written beside it, and it may lie where nothing can be.

    :raises BackupError: when it cannot be read.
    """
    address = f"sqlite:///file:{quote(str(path.resolve()))}?immutable=1&uri=true"
    engine = sa.create_engine(address, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise BackupError(f"{path} cannot be read: {error.orig}") from error
    finally:
        engine.dispose()


def _walk(root: Path) -> Iterator[Path]:
    """All files below a folder, in no order; what goes away meanwhile is left out, and so are links to elsewhere."""
    for place, _, names in os.walk(root):
        for name in names:
            path = Path(place, name)
            if not path.is_symlink():
                yield path


def _copy_file(source: Path, target: Path, part: Path) -> bool:
    """Copy a file with its time, unless it is there as it is now; whether that was to be done.

    :param part: where it is until it is whole, on the file system of ``target``.
    """
    with source.open("rb") as file:
        state = os.fstat(file.fileno())
        if _is_same(target, state):
            return False
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("wb") as copy:
            copy_bytes(file, copy)
        os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))
        part.replace(target)
    return True


def _is_same(path: Path, state: os.stat_result) -> bool:
    """Whether a copy has the size and the time of what it is a copy of."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (state.st_size, state.st_mtime_ns)


def _require_apart(storage: Path, folder: Path) -> None:
    one, other = storage.resolve(), folder.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise BackupError(f"{folder} and {storage} lie in each other; a backup needs a folder of its own")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """:raises BackupError: when another backup into the same folder runs."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupError(f"another backup into {folder} is being made") from None
    finally:
        os.close(handle)
