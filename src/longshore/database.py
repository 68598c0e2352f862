"""The state in a relational database: SQLite in WAL mode on one machine, PostgreSQL on several.

Two ways in, one policy for threads and processes::

    with database.reading() as connection: ...   # a consistent snapshot
    with database.writing() as connection: ...   # one short transaction, committed at the end

A SQLite transaction that reads first and writes later fails at once when another has committed in
between (``SQLITE_BUSY_SNAPSHOT``, no time-out applies), so writers take the write lock at their start.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from longshore.errors import StorageFull, Unavailable, is_disk_full
from longshore.settings import Settings

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The tables of all features; each feature's ``models.py`` adds its own."""

BUSY_TIMEOUT_SECONDS = 10.0
"""How long a SQLite writer waits for its turn."""

TURN_SECONDS = 0.0005
"""How long it sleeps before it looks again whether that has come."""

MIGRATION_LOCK = 0x10465
"""Any number that no other application on the same PostgreSQL uses for an advisory lock."""

_DURABLE = "longshore_durable"
_WRITING = "longshore_writing"
_SYNCHRONOUS = "longshore_synchronous"


class PackedJSON(sa.types.TypeDecorator[Any]):
    """JSON kept compressed: the columns of a 5,000-column version shrink from about 300 kB to 40."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Compress."""
        return None if value is None else zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Unpack."""
        return None if value is None else json.loads(zlib.decompress(value))


class Database:
    """A pool of connections to one database; safe for threads; make it after a fork, never before."""

    def __init__(self, url: str) -> None:
        self.engine = _make_engine(url)
        # A WAL transaction of SQLite is a snapshot by itself; PostgreSQL shows each statement the newest commit.
        is_sqlite = self.engine.dialect.name == "sqlite"
        path = self.engine.url.database or ":memory:"
        # A URI asks for locks of its own kind, on a file system where ours may mean nothing.
        self._turn_path = f"{path}-turn" if is_sqlite and not path.startswith((":", "file:")) else None
        self._snapshots = self.engine if is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; what it sees does not change meanwhile.

        :raises Unavailable: when the database cannot be reached.
        """
        with _translated(), self._snapshots.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """One transaction that writes, committed at the end and rolled back on any exception.

        :param durable: whether it must outlive a power cut. False saves a disk sync (2 ms here) for what a
            later durable commit or a restart makes good anyway, such as leases.
        :raises Unavailable: when the database cannot be reached or stays locked.
        :raises StorageFull: when the disk has no room.
        """
        options = {_WRITING: True, _DURABLE: durable}
        with (
            _translated(),
            self._turn(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the other writers of SQLite, on a lock beside the database.

        SQLite itself sleeps longer and longer before it tries again, up to 0.1 s, although most transactions take one
        or two milliseconds. Whoever does not get the lock in time goes on to what SQLite makes of it.
        """
        if self._turn_path is None:
            yield
            return
        handle = os.open(self._turn_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle, time.monotonic() + BUSY_TIMEOUT_SECONDS)
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()


def _lock(handle: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
            time.sleep(TURN_SECONDS)
        else:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if is_disk_full(error):
            raise StorageFull.now() from error
        if isinstance(error, OperationalError | sa.exc.TimeoutError):
            raise Unavailable("the server's database cannot be reached at the moment; try again shortly") from error
        raise


def _make_engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=24)
    if parsed.database:
        Path(unquote(parsed.database.removeprefix("file:"))).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        parsed,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        pool_size=8,
        max_overflow=64,
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin too late and deferred; _begin_sqlite writes the BEGIN.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITING):
        connection.exec_driver_sql("BEGIN")
        return
    # In WAL mode NORMAL syncs at checkpoints only: a power cut may lose the last commits, never break the file.
    wanted = "FULL" if options.get(_DURABLE, True) else "NORMAL"
    if connection.info.get(_SYNCHRONOUS) != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info[_SYNCHRONOUS] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema; creates it when there is none."""
    from alembic import command

    database = Database(settings.database)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                # Several machines may start at once; the lock goes with the transaction. SQLite has its write lock.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command.upgrade(alembic_config(connection), "head")
    finally:
        database.close()


def alembic_config(connection: Connection) -> Any:
    """Alembic's configuration for the project's migrations, on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
