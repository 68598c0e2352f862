"""Which queues are named only where something is sent to them, so that a worker that starts later finds them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.jobs.models import sent_queues
from longshore.state.database import insert_into

MAX_KEPT = 400
"""Names that are read: one may come from somebody's input, and each costs a question to the broker."""


def keep(connection: Connection, name: str, now: float) -> None:
    """Remember a queue, to which something is sent ``now``."""
    statement = insert_into(connection, sent_queues).values(name=name, sent=now)
    connection.execute(statement.on_conflict_do_update(index_elements=[sent_queues.c.name], set_={"sent": now}))


def touch(connection: Connection, name: str, now: float) -> None:
    """Note that something is sent ``now``, if the queue is remembered."""
    connection.execute(sa.update(sent_queues).where(sent_queues.c.name == name).values(sent=now))


def read_kept(connection: Connection) -> dict[str, float]:
    """The names and when something was last sent, the latest :data:`MAX_KEPT` of them, latest first."""
    query = sa.select(sent_queues.c.name, sent_queues.c.sent).order_by(sent_queues.c.sent.desc()).limit(MAX_KEPT)
    return {row.name: row.sent for row in connection.execute(query)}


def forget(connection: Connection, names: Iterable[str], before: float) -> None:
    """Forget those of the queues to which nothing was sent since ``before``."""
    is_old = sent_queues.c.sent < before
    connection.execute(sa.delete(sent_queues).where(sent_queues.c.name.in_(list(names)) & is_old))


def forget_unread(connection: Connection) -> None:
    """Forget the queues that :func:`read_kept` leaves out."""
    read = sa.select(sent_queues.c.name).order_by(sent_queues.c.sent.desc()).limit(MAX_KEPT)
    connection.execute(sa.delete(sent_queues).where(sent_queues.c.name.not_in(read)))
