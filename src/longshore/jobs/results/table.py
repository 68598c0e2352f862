"""Results in the table ``job_results`` of a SQL database: the default, beside the other state."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.database import Database
from longshore.jobs.models import results

# A placeholder for each id: far below the fewest that a database allows (SQLite: 32,766).
IDS_PER_STATEMENT = 500


class TableStore:
    """Results in a table; with ``settings.database`` it can write in the transaction that ends the job."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep it, in a transaction of its own."""
        with self.database.writing() as connection:
            self.put_within(connection, job_id, document, expires)

    def put_within(self, connection: Connection, job_id: str, document: bytes, expires: float) -> None:
        """Keep it as part of the caller's transaction on the same database: both hold, or neither does."""
        values = {"expires": expires, "document": pack(document)}
        statement = _insert(connection)(results).values(id=job_id, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=[results.c.id], set_=values))

    def get(self, job_id: str) -> bytes | None:
        """The document, unless it has expired."""
        with self.database.reading() as connection:
            packed = connection.execute(
                sa.select(results.c.document).where((results.c.id == job_id) & (results.c.expires > time.time()))
            ).scalar_one_or_none()
        return None if packed is None else zlib.decompress(packed)

    def forget(self, ids: Iterable[str]) -> None:
        """Remove them, in a transaction of its own."""
        with self.database.writing(durable=False) as connection:
            self.forget_within(connection, ids)

    def forget_within(self, connection: Connection, ids: Iterable[str]) -> None:
        """Remove them as part of the caller's transaction on the same database."""
        wanted = list(ids)
        for start in range(0, len(wanted), IDS_PER_STATEMENT):
            part = wanted[start : start + IDS_PER_STATEMENT]
            connection.execute(results.delete().where(results.c.id.in_(part)))

    def sweep(self, now: float) -> int:
        """Remove what has expired; how many."""
        with self.database.writing(durable=False) as connection:
            return connection.execute(results.delete().where(results.c.expires <= now)).rowcount

    def close(self) -> None:
        """Nothing: the connections belong to whoever made the database."""


def pack(document: bytes) -> bytes:
    """Compressed as the table keeps it: a third of typical results, at 100 MB/s."""
    return zlib.compress(document, 1)


def _insert(connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite
