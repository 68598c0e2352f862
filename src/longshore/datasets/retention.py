"""Datasets that nobody changed for long are removed, when the deployer wants that (``DATASET_TTL``)."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.datasets import mailbox, records
from longshore.datasets.models import datasets, sockets, steps
from longshore.state.database import Database
from longshore.state.leases import is_dead

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Datasets that one run removes at most; the next run goes on."""


def remove_unchanged(database: Database, folder: Path, ttl_seconds: float, now: float) -> int:
    """Remove datasets that were not changed for so long; how many.

    Left alone are those to which somebody is connected, and those with a change that waits or is being made.

    :param folder: in which each dataset has its own.
    :raises Unavailable: when the database is away.
    """
    count = 0
    for session_id in _unchanged(database, now - ttl_seconds):
        with database.writing() as connection:
            # Asked again, while nobody can append to the mailbox.
            is_gone = _may_go(connection, session_id, now - ttl_seconds)
            if is_gone:
                records.delete_dataset(connection, session_id)
        if is_gone:
            # Readers that have the files open finish with them.
            shutil.rmtree(folder / session_id, ignore_errors=True)
            count += 1
    if count:
        logger.info("%d datasets were removed that nobody changed for %g s", count, ttl_seconds)
    return count


def _unchanged(database: Database, before: float) -> list[str]:
    """Sessions that were last changed before a moment, the oldest first."""
    query = sa.select(datasets.c.id).where(_last_change() < before).order_by(_last_change()).limit(AT_ONCE)
    with database.reading() as connection:
        return list(connection.execute(query).scalars())


def _may_go(connection: Connection, session_id: str, before: float) -> bool:
    query = sa.select(datasets.c.lease_owner, _last_change().label("changed")).where(datasets.c.id == session_id)
    row = connection.execute(query.with_for_update(of=datasets)).one_or_none()
    if row is None or row.changed >= before or (row.lease_owner is not None and not is_dead(row.lease_owner)):
        return False
    return not mailbox.has_waiting(connection, session_id) and not _has_listeners(connection, session_id)


def _has_listeners(connection: Connection, session_id: str) -> bool:
    servers = connection.execute(sa.select(sockets.c.server).where(sockets.c.session_id == session_id)).scalars()
    return any(not is_dead(server) for server in servers)


def _last_change() -> sa.ColumnElement[float]:
    """When a dataset was last written to, as its last writer noted; before the first one, by its newest step."""
    newest = sa.select(sa.func.max(steps.c.created)).where(steps.c.session_id == datasets.c.id).scalar_subquery()
    written = sa.func.coalesce(datasets.c.changed, newest, datasets.c.created)
    return sa.case((written > datasets.c.created, written), else_=datasets.c.created)
