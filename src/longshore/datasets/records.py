"""Reading and writing what the database keeps of one dataset; every function runs inside a caller's transaction."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.datasets.models import datasets, servers, sockets, steps
from longshore.errors import IllegalOperation, SessionNotFound
from longshore.state.leases import Lease
from longshore.tables.core.table import Table
from longshore.tables.replay.drop_step import Made

IMPORTING, READY, FAILED = "importing", "ready", "failed"


def new_session_id() -> str:
    """30 hexadecimal characters (120 bits) from the system's cryptographic source."""
    return secrets.token_hex(15)


def is_session_id(value: Any) -> bool:
    """Whether ``value`` has the form of a session id; nothing else ever becomes part of a path."""
    return isinstance(value, str) and len(value) == 30 and all(c in "0123456789abcdef" for c in value)


@dataclass(frozen=True)
class Dataset:
    """A session's row."""

    id: str
    name: str
    state: str
    created: float
    source_bytes: int
    reading: dict[str, Any] | None
    warnings: list[dict[str, Any]] | None
    position: int


@dataclass(frozen=True)
class Step:
    """One step of a history, without its table's record."""

    position: int
    number: int
    operation: str
    parameters: dict[str, Any]
    facts: dict[str, Any]
    sentence: str
    made_by: str | None
    created: float
    rows: int
    columns: int


@dataclass(frozen=True)
class Current:
    """Where the history of a ready dataset stands."""

    number: int
    position: int
    last_position: int

    @property
    def undo_available(self) -> bool:
        """Whether there is a step to take back."""
        return self.position > 0

    @property
    def redo_available(self) -> bool:
        """Whether there is an undone step to do again."""
        return self.position < self.last_position

    def with_table(self, table: Table) -> Version:
        """The version whose table this is."""
        return Version(**vars(self), table=table)


@dataclass(frozen=True)
class Version(Current):
    """The current version of a ready dataset."""

    table: Table


_DATASET = [datasets.c[name] for name in Dataset.__dataclass_fields__]
_STEP = [steps.c[name] for name in Step.__dataclass_fields__]


def create_dataset(connection: Connection, session_id: str, name: str, source_bytes: int) -> None:
    """Write down a dataset whose import is to come."""
    connection.execute(
        datasets.insert().values(
            id=session_id,
            name=name,
            state=IMPORTING,
            created=time.time(),
            source_bytes=source_bytes,
            position=-1,
            next_number=0,
        )
    )


def require_dataset(connection: Connection, session_id: str, *, lock: bool = False) -> Dataset:
    """The session's row.

    :param lock: hold it until the transaction ends, so that two who append to the session take turns. PostgreSQL
        numbers rows before they are committed; without turns a later number could be seen first.
    :raises SessionNotFound: if there is none, or its import failed.
    """
    query = sa.select(*_DATASET).where(datasets.c.id == session_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or row.state == FAILED:
        raise SessionNotFound.unknown()
    return Dataset(*row)


def require_current(connection: Connection, session_id: str) -> Current:
    """Where the history stands: the newest committed version.

    :raises SessionNotFound: if there is no such dataset.
    :raises IllegalOperation: while the import is still running.
    """
    found = connection.execute(
        sa.select(datasets.c.state, datasets.c.position, steps.c.number, _last_position())
        .select_from(datasets.outerjoin(steps, _is_current()))
        .where(datasets.c.id == session_id)
    ).one_or_none()
    if found is None or found.state == FAILED:
        raise SessionNotFound.unknown()
    if found.number is None:
        raise IllegalOperation("the file is still being read; ask again when the upload has finished")
    return Current(found.number, found.position, found.last_position)


def read_table(connection: Connection, session_id: str, number: int, folder: Path) -> Table:
    """The table of one version, which must be part of the history."""
    record = connection.execute(
        sa.select(steps.c.table).where((steps.c.session_id == session_id) & (steps.c.number == number))
    ).scalar_one()
    return Table.from_record(folder, record)


def require_version(connection: Connection, session_id: str, folder: Path) -> Version:
    """The newest committed version with its table; raises as :func:`require_current`."""
    current = require_current(connection, session_id)
    return current.with_table(read_table(connection, session_id, current.number, folder))


def delete_dataset(connection: Connection, session_id: str) -> None:
    """Remove a dataset and, through its foreign keys, all that belongs to it."""
    connection.execute(datasets.delete().where(datasets.c.id == session_id))


def set_state(connection: Connection, session_id: str, state: str, **values: Any) -> None:
    """Write down how an import ended."""
    connection.execute(datasets.update().where(datasets.c.id == session_id).values(state=state, **values))


def rename_dataset(connection: Connection, session_id: str, name: str) -> None:
    """Write down another name."""
    connection.execute(datasets.update().where(datasets.c.id == session_id).values(name=name))


def _is_current() -> sa.ColumnElement[bool]:
    return (steps.c.session_id == datasets.c.id) & (steps.c.position == datasets.c.position)


def _last_position() -> sa.Label[int]:
    later = steps.alias()
    return (
        sa.select(sa.func.max(later.c.position)).where(later.c.session_id == datasets.c.id).scalar_subquery()
    ).label("last_position")


def list_steps(connection: Connection, session_id: str) -> list[Step]:
    """The history, undone steps included, oldest first."""
    rows = connection.execute(sa.select(*_STEP).where(steps.c.session_id == session_id).order_by(steps.c.position))
    return [Step(*row) for row in rows]


def append_step(connection: Connection, session_id: str, after_position: int, table: Table, **recorded: Any) -> int:
    """Record a step after ``after_position`` and make it the current one; what was undone before is dropped.

    :return: the new version's number.
    """
    connection.execute(steps.delete().where((steps.c.session_id == session_id) & (steps.c.position > after_position)))
    number = connection.execute(sa.select(datasets.c.next_number).where(datasets.c.id == session_id)).scalar_one()
    connection.execute(
        steps.insert().values(
            session_id=session_id,
            position=after_position + 1,
            number=number,
            created=time.time(),
            rows=table.rows,
            columns=table.width,
            table=table.to_record(),
            **recorded,
        )
    )
    connection.execute(
        datasets.update().where(datasets.c.id == session_id).values(position=after_position + 1, next_number=number + 1)
    )
    return int(number)


def go_to(connection: Connection, session_id: str, position: int) -> int | None:
    """Make the step at ``position`` the current one; its number, or None if there is no such step."""
    number = connection.execute(
        sa.select(steps.c.number).where((steps.c.session_id == session_id) & (steps.c.position == position))
    ).scalar_one_or_none()
    if number is not None:
        connection.execute(datasets.update().where(datasets.c.id == session_id).values(position=position))
    return number


def list_made(connection: Connection, session_id: str, folder: Path, last_position: int) -> list[Made]:
    """The steps up to ``last_position`` with the tables that they led to, oldest first."""
    rows = connection.execute(
        sa.select(*(steps.c[name] for name in Made.__dataclass_fields__))
        .where((steps.c.session_id == session_id) & (steps.c.position <= last_position))
        .order_by(steps.c.position)
    )
    return [
        Made(row.number, row.operation, row.parameters, row.facts, row.sentence, Table.from_record(folder, row.table))
        for row in rows
    ]


def position_of(connection: Connection, session_id: str, number: int) -> int | None:
    """Where the version with this number stands in the history; None if there is none."""
    return connection.execute(
        sa.select(steps.c.position).where((steps.c.session_id == session_id) & (steps.c.number == number))
    ).scalar_one_or_none()


def needed_files(connection: Connection, session_id: str) -> set[str]:
    """Names of all files that some step of the history consists of, or that tell where its rows came from."""
    records = connection.execute(sa.select(steps.c.table).where(steps.c.session_id == session_id)).scalars()
    return {file for record in records for file in Table.files_in(record)}


def associate(connection: Connection, socket_id: str, session_id: str, server: str, user: str | None = None) -> bool:
    """Note that a socket, of this user, listens to a session; False when that was known."""
    there = connection.execute(
        sa.select(sockets.c.joined).where((sockets.c.socket_id == socket_id) & (sockets.c.session_id == session_id))
    ).one_or_none()
    if there is not None:
        return False
    connection.execute(
        sockets.insert().values(
            socket_id=socket_id, session_id=session_id, server=server, joined=time.time(), user=user
        )
    )
    return True


@dataclass(frozen=True)
class Presence:
    """Who listens to a session: how many sockets, and the names of those that are known."""

    here: int
    people: list[str]


def presence(connection: Connection, session_id: str) -> Presence:
    """Who listens to a session; each name once, the first comer's first."""
    users = connection.execute(
        sa.select(sockets.c.user).where(sockets.c.session_id == session_id).order_by(sockets.c.joined)
    ).scalars()
    found = list(users)
    return Presence(len(found), list(dict.fromkeys(user for user in found if user is not None)))


def sessions_of(connection: Connection, socket_id: str) -> list[str]:
    """The sessions that a socket listens to."""
    return list(connection.execute(sa.select(sockets.c.session_id).where(sockets.c.socket_id == socket_id)).scalars())


def forget_socket(connection: Connection, socket_id: str) -> None:
    """Drop a closed socket's associations."""
    connection.execute(sockets.delete().where(sockets.c.socket_id == socket_id))


def beat_server(connection: Connection, server: str) -> None:
    """Give a sign of life of a web process that holds sockets."""
    if not connection.execute(_BEAT, {"server": server}).rowcount:
        connection.execute(servers.insert().values(name=server, lease_beat=0))


_BEAT = servers.update().where(servers.c.name == sa.bindparam("server")).values(lease_beat=servers.c.lease_beat + 1)


def server_leases(connection: Connection) -> dict[str, Lease]:
    """The leases of the web processes that hold sockets, as far as the records know."""
    beats = {row.name: row.lease_beat for row in connection.execute(sa.select(servers))}
    named = connection.execute(sa.select(sockets.c.server).distinct()).scalars()
    return {name: Lease(name, beats.get(name)) for name in {*beats, *named}}


def forget_server(connection: Connection, server: str) -> None:
    """Drop the associations of a web process that ended without saying so."""
    connection.execute(sockets.delete().where(sockets.c.server == server))
    connection.execute(servers.delete().where(servers.c.name == server))
