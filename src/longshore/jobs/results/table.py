"""Results in the table ``job_results`` of a SQL database: beside the other state, or in a database of their own."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from longshore.jobs.models import results
from longshore.jobs.results.ids import LATEST, is_usable, portions, require_usable
from longshore.jobs.results.packing import pack, unpack
from longshore.jobs.results.processes import PerProcess
from longshore.settings import Settings
from longshore.state.database import MIGRATION_LOCK, Database


class TableStore(ABC):
    """What both have in common; a :class:`~longshore.jobs.results.ResultStore`."""

    @property
    @abstractmethod
    def database(self) -> Database:
        """Where the table is."""

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep it, in a transaction of its own."""
        with self.database.writing() as connection:
            _put(connection, job_id, document, expires)

    def get(self, job_id: str) -> bytes | None:
        """The document, unless it has expired."""
        if not is_usable(job_id):
            return None
        wanted = (results.c.id == job_id) & (results.c.expires > time.time())
        with self.database.reading() as connection:
            packed = connection.execute(sa.select(results.c.document).where(wanted)).scalar_one_or_none()
        return None if packed is None else unpack(packed)

    def forget(self, ids: Iterable[str]) -> None:
        """Remove them, in a transaction of its own."""
        with self.database.writing(durable=False) as connection:
            _forget(connection, ids)

    def sweep(self, now: float) -> int:
        """Remove what has expired; how many."""
        with self.database.writing(durable=False) as connection:
            return connection.execute(results.delete().where(results.c.expires <= now)).rowcount

    @abstractmethod
    def close(self) -> None:
        """Close the connections that are the store's own."""


class EmbeddedStore(TableStore):
    """Results beside the other state, where they can be written in the transaction that ends the job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """The state's own."""
        return self._database

    def put_within(self, connection: Connection, job_id: str, document: bytes, expires: float) -> None:
        """Keep it as part of the caller's transaction on the same database: both hold, or neither does."""
        _put(connection, job_id, document, expires)

    def forget_within(self, connection: Connection, ids: Iterable[str]) -> None:
        """Remove them as part of the caller's transaction on the same database."""
        _forget(connection, ids)

    def close(self) -> None:
        """Nothing: the connections belong to whoever made the database."""


class SeparateTableStore(TableStore):
    """Results in another database; the table is made there when it is missing.

    :param url: SQLAlchemy URL of a SQLite or PostgreSQL database.
    """

    def __init__(self, url: str) -> None:
        self._databases = PerProcess(lambda: _open_with_table(url), Database.close)

    @property
    def database(self) -> Database:
        """This process's own connections to it."""
        return self._databases()

    def close(self) -> None:
        """Close this process's connections."""
        database = self._databases.take()
        if database is not None:
            database.close()


def is_embedded(settings: Settings) -> bool:
    """Whether results are kept in the database of the state, named by ``RESULT_BACKEND`` or by default."""
    url = settings.result_backend
    return url is None or url.get_secret_value() == f"db+{settings.database}"


def _open_with_table(url: str) -> Database:
    database = Database(url)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                # Two that find no table at once would both make it. SQLite's write lock sees to that by itself.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            results.create(connection, checkfirst=True)
    except BaseException:
        database.close()
        raise
    return database


def _put(connection: Connection, job_id: str, document: bytes, expires: float) -> None:
    require_usable(job_id)
    values = {"id": job_id, "expires": min(expires, LATEST), "document": pack(document)}
    connection.execute(_put_statement(connection.dialect.name), values)


@cache
def _put_statement(dialect: str) -> Any:
    """Put together once: that takes longer than carrying it out."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    inserting = make(results).values({name: sa.bindparam(name) for name in ("id", "expires", "document")})
    replaced = {"expires": inserting.excluded.expires, "document": inserting.excluded.document}
    return inserting.on_conflict_do_update(index_elements=[results.c.id], set_=replaced)


def _forget(connection: Connection, ids: Iterable[str]) -> None:
    for part in portions(ids):
        connection.execute(results.delete().where(results.c.id.in_(part)))
