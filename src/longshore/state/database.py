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
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from longshore.errors import SettingsError, StorageFull, Unavailable, is_disk_full
from longshore.settings import Settings
from longshore.storage.files import is_full

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

ANSWER_SECONDS = 30.0
"""How long a database server may take for one answer; ours are all short."""

CONNECT_SECONDS = 5
POOL_SECONDS = 10.0
"""How long a thread waits for a connection of the pool."""

TURN_SECONDS = 0.0005
"""How long it sleeps before it looks again whether that has come."""

MIGRATION_LOCK = 0x10465
"""Any number that no other application on the same PostgreSQL uses for an advisory lock."""

_DURABLE = "longshore_durable"
_WRITING = "longshore_writing"
_SYNCHRONOUS = "longshore_synchronous"


ERRORS = (Unavailable, StorageFull, SQLAlchemyError)
"""What a database raises that is away or full, or has no such table."""


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An ``INSERT`` that can say what a row does that is there already, which each kind of database spells alike."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


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
    """A pool of connections to one database; safe for threads; make it after a fork, never before.

    :param patience_seconds: how long a server may take for one answer; None for any time, as migrations need it.
    """

    def __init__(self, url: str, patience_seconds: float | None = ANSWER_SECONDS) -> None:
        self.engine = _make_engine(url, patience_seconds)
        # A WAL transaction of SQLite is a snapshot by itself; PostgreSQL shows each statement the newest commit.
        is_sqlite = self.engine.dialect.name == "sqlite"
        path = self.engine.url.database or ":memory:"
        named = unquote(path.removeprefix("file:"))
        self._folder = Path(named).parent if is_sqlite and not named.startswith(":") else None
        # A URI asks for locks of its own kind, on a file system where ours may mean nothing.
        self._turn_path = f"{path}-turn" if is_sqlite and not path.startswith((":", "file:")) else None
        self._snapshots = self.engine if is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; what it sees does not change meanwhile.

        :raises Unavailable: when the database cannot be reached.
        """
        with self._translated(), self._snapshots.connect() as connection, connection.begin():
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
            self._translated(),
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

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            if is_disk_full(error) or (isinstance(error, OperationalError) and self._has_no_room()):
                raise StorageFull.now() from error
            if isinstance(error, OperationalError | sa.exc.TimeoutError):
                raise Unavailable("the server's database cannot be reached at the moment; try again shortly") from error
            raise

    def _has_no_room(self) -> bool:
        """Whether SQLite's disk is full, which it tells in many words: a lock or a file beside it cannot be made."""
        return self._folder is not None and is_full(self._folder)

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


def _make_engine(url: str, patience_seconds: float | None) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        try:
            engine = sa.create_engine(
                parsed, pool_pre_ping=True, pool_size=8, max_overflow=24, pool_timeout=POOL_SECONDS
            )
        except (ImportError, sa.exc.NoSuchModuleError) as error:
            named = parsed.render_as_string(hide_password=True)
            hint = "pip install 'longshore[postgresql]', and write postgresql+psycopg://"
            raise SettingsError(
                f"DATABASE_URL={named!r} cannot be used: its library is not installed here; {hint}"
            ) from error
        if patience_seconds is not None and engine.dialect.driver == "psycopg":
            sa.event.listen(engine, "do_connect", partial(_connect_patiently, patience_seconds))
        return engine
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


def _connect_patiently(
    patience_seconds: float, _dialect: Any, _record: Any, positional: list[Any], named: dict[str, Any]
) -> Any:
    """A connection to PostgreSQL that breaks when its server stands still, or the network to it is gone."""
    from longshore.state.postgresql import ImpatientConnection

    named = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": int(patience_seconds * 1000), **named}
    connection = ImpatientConnection.connect(*positional, **named)
    connection.patience_seconds = patience_seconds
    return connection


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
    """Bring the database to the newest schema; creates it when there is none.

    :raises SettingsError: for a database of another application, or of a newer version; nothing in it is changed.
    """
    from alembic import command

    database = Database(settings.database, patience_seconds=None)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                # Several machines may start at once; the lock goes with the transaction. SQLite has its write lock.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _require_ours(connection)
            command.upgrade(alembic_config(connection), "head")
    finally:
        database.close()


_FIRST_TABLES = frozenset({"datasets", "steps", "mailbox", "sockets"})
"""Since the first version of the schema; another application's versions may be numbered as ours are."""
_BESIDE = frozenset({"lists", "list_items", "celery_taskmeta", "celery_tasksetmeta"})
"""Tables that other parts of this server may have made already."""
VERSION_TABLE = "alembic_version"


def _require_ours(connection: Connection) -> None:
    """:raises SettingsError: unless the database is empty, or ours and no newer than this version."""
    tables = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        if foreign := sorted(tables - _BESIDE):
            raise _foreign(connection, f"it holds tables of another application ({_some(foreign)})")
        return
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars()  # noqa: S608 - our own name
    known = known_revisions()
    versions = {str(version) for version in rows}
    is_ours = tables >= _FIRST_TABLES
    if versions - known:
        what = f"its schema has the version {_some(sorted(versions - known))}, which this Longshore does not know"
        hint = "it was made by a newer one: start that, or restore a backup of before" if is_ours else _OWN_DATABASE
        raise SettingsError(f"{_named(connection)}: {what}; {hint}")
    if versions and not is_ours:
        raise _foreign(connection, "it holds the schema of another application that uses Alembic")


def known_revisions() -> set[str]:
    """The forms of the database that this version knows, its own and the earlier ones."""
    return {each.revision for each in _scripts().walk_revisions()}


def newest_revision() -> str:
    """The form that this version gives a database."""
    return str(_scripts().get_current_head())


def revision_of(connection: Connection) -> str:
    """The form that a database has; "" for none of ours."""
    if VERSION_TABLE not in sa.inspect(connection).get_table_names():
        return ""
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars()  # noqa: S608 - our own name
    return str(next(iter(rows), ""))


def _scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(None))


_OWN_DATABASE = "give Longshore a database of its own; nothing was changed"


def _foreign(connection: Connection, what: str) -> SettingsError:
    return SettingsError(f"{_named(connection)}: {what}; {_OWN_DATABASE}")


def _named(connection: Connection) -> str:
    return f"DATABASE_URL={connection.engine.url.render_as_string(hide_password=True)!r}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def alembic_config(connection: Connection | None) -> Any:
    """Alembic's configuration for the project's migrations, on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
