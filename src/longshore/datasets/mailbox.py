"""The mailbox: changes to a session wait in the database and one writer takes them out in order.

Life of an entry::

    accepted ──begin──▶ begun ──settle──▶ settled ──announce──▶ announced ──(an hour after it was settled)──▶ removed

``settle`` writes the answer in the same transaction as the new version, so a change is either not done
(and will be begun again by the next writer) or done and its answer known. ``announce`` hands the answer to the
message queue; an entry whose announcement is missing is announced again, so an answer may come twice but never not.

The right to write is a lease on the session's row. It names its holder; a commit checks that the holder
still has it, so a worker that was thought dead and comes back cannot commit. A lease whose process has died on
this machine is taken over at once, one from another machine when its time has run out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.database import Database
from longshore.datasets.models import datasets, mailbox
from longshore.errors import LongshoreError
from longshore.leases import is_dead, new_owner

logger = logging.getLogger(__name__)

LEASE_SECONDS = 20.0
RENEW_SECONDS = 5.0
KEEP_SECONDS = 3600.0
"""How long an announced entry stays, for REST callers that ask for its answer."""
MOST_ATTEMPTS = 3
"""After as many workers died over an entry it is answered with a failure instead of tried again."""


@dataclass(frozen=True)
class Entry:
    """A change that waits for its turn, or has had it."""

    id: int
    session_id: str
    request_id: Any
    operation: str
    parameters: dict[str, Any]
    socket_id: str | None
    made_by: str | None
    attempts: int
    answer: dict[str, Any] | None


_ENTRY = [mailbox.c[name] for name in Entry.__dataclass_fields__]


class LeaseLost(Exception):
    """Another writer has taken the session over; what this one was about to commit must not be."""


def put(connection: Connection, session_id: str, operation: str, parameters: dict[str, Any], **about: Any) -> int:
    """Append a change to a session's mailbox; returns the entry's id, which orders it."""
    values = {"request_id": None, "socket_id": None, "made_by": None, **about}
    result = connection.execute(
        mailbox.insert().values(
            session_id=session_id,
            operation=operation,
            parameters=parameters,
            accepted=time.time(),
            attempts=0,
            announced=False,
            **values,
        )
    )
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101 - the database numbers entries
    return int(key[0])


def find(connection: Connection, entry_id: int, session_id: str) -> tuple[Entry, bool] | None:
    """An entry of this session and whether it is settled; None if there is none."""
    row = connection.execute(
        sa.select(*_ENTRY, mailbox.c.settled).where((mailbox.c.id == entry_id) & (mailbox.c.session_id == session_id))
    ).one_or_none()
    return None if row is None else (Entry(*row[:-1]), row.settled is not None)


def find_first(connection: Connection, session_id: str, operation: str) -> int | None:
    """The id of a session's first entry of this kind that is still there."""
    found: int | None = connection.execute(
        sa.select(sa.func.min(mailbox.c.id)).where(
            (mailbox.c.session_id == session_id) & (mailbox.c.operation == operation)
        )
    ).scalar_one()
    return found


def asker_of(connection: Connection, session_id: str, request_id: Any) -> str | None:
    """The socket that sent a request of this session, as far as the mailbox still knows it."""
    rows = connection.execute(
        sa.select(mailbox.c.request_id, mailbox.c.socket_id).where(mailbox.c.session_id == session_id)
    )
    return next((row.socket_id for row in rows if row.request_id == request_id and row.socket_id), None)


def take_over(connection: Connection, session_id: str, request_id: Any, socket_id: str | None) -> Entry | None:
    """The entry of a request that came before, whose answer from now on goes to this socket; None if there is none."""
    rows = connection.execute(sa.select(*_ENTRY).where(mailbox.c.session_id == session_id))
    found = next((row for row in rows if row.request_id == request_id), None)
    if found is None:
        return None
    connection.execute(mailbox.update().where(mailbox.c.id == found.id).values(socket_id=socket_id))
    return Entry(*found)


def has_waiting(connection: Connection, session_id: str) -> bool:
    """Whether a change of this session waits to be settled."""
    return connection.execute(_waiting(session_id).limit(1)).first() is not None


def _waiting(session_id: str) -> sa.Select[Any]:
    return (
        sa.select(*_ENTRY)
        .where((mailbox.c.session_id == session_id) & mailbox.c.settled.is_(None))
        .order_by(mailbox.c.id)
    )


class Writer:
    """The one process that may change a session, as long as its lease holds."""

    def __init__(self, database: Database, session_id: str, owner: str) -> None:
        self.database = database
        self.session_id = session_id
        self.owner = owner

    def begin_next(self) -> Entry | None:
        """The oldest waiting entry, with its attempts counted, or None.

        :raises LeaseLost: when another has taken over.
        """
        with self.database.writing(durable=False) as connection:
            self.require_lease(connection)
            row = connection.execute(_waiting(self.session_id).limit(1)).one_or_none()
            if row is None:
                return None
            connection.execute(mailbox.update().where(mailbox.c.id == row.id).values(attempts=mailbox.c.attempts + 1))
            return Entry(*row)

    def as_asked_now(self, entry: Entry) -> Entry:
        """The entry with the socket that waits for it now: its client may have come back on another one meanwhile."""
        with self.database.reading() as connection:
            found = find(connection, entry.id, self.session_id)
        return entry if found is None else found[0]

    def settle(self, connection: Connection, entry: Entry, answer: dict[str, Any]) -> None:
        """Write the answer down, in the transaction that commits what it tells about."""
        self.require_lease(connection)
        connection.execute(mailbox.update().where(mailbox.c.id == entry.id).values(answer=answer, settled=time.time()))

    def require_lease(self, connection: Connection) -> None:
        """:raises LeaseLost: when the lease is no longer ours."""
        held = connection.execute(
            sa.select(datasets.c.lease_owner).where(datasets.c.id == self.session_id)
        ).scalar_one_or_none()
        if held != self.owner:
            raise LeaseLost(self.owner)

    def renew(self) -> None:
        """Move the lease's end away."""
        with self.database.writing(durable=False) as connection:
            connection.execute(self._mine().values(lease_until=time.time() + LEASE_SECONDS))

    def release(self, announced: list[int]) -> None:
        """Give the lease back and note the entries whose answers went out."""
        with self.database.writing(durable=False) as connection:
            mark_announced(connection, announced)
            # The end of the lease stays: it tells when the dataset was last written to.
            connection.execute(self._mine().values(lease_owner=None, lease_until=time.time()))

    def _mine(self) -> sa.Update:
        return datasets.update().where((datasets.c.id == self.session_id) & (datasets.c.lease_owner == self.owner))


def mark_announced(connection: Connection, entry_ids: list[int]) -> None:
    """Note that these entries' answers went out."""
    if entry_ids:
        connection.execute(mailbox.update().where(mailbox.c.id.in_(entry_ids)).values(announced=True))


def acquire(database: Database, session_id: str) -> Writer | None:
    """The right to write to a session, or None when a living process has it."""
    now = time.time()
    owner = new_owner()
    with database.writing(durable=False) as connection:
        row = connection.execute(
            sa.select(datasets.c.lease_owner, datasets.c.lease_until).where(datasets.c.id == session_id)
        ).one_or_none()
        if row is None or (row.lease_owner is not None and row.lease_until > now and not is_dead(row.lease_owner)):
            return None
        # The old holder stands in the condition: of two that found it dead only one gets the lease.
        same = (
            datasets.c.lease_owner.is_(None) if row.lease_owner is None else datasets.c.lease_owner == row.lease_owner
        )
        taken = connection.execute(
            datasets.update()
            .where((datasets.c.id == session_id) & same)
            .values(lease_owner=owner, lease_until=now + LEASE_SECONDS)
        )
        return Writer(database, session_id, owner) if taken.rowcount == 1 else None


@contextmanager
def renewing(writer: Writer) -> Iterator[None]:
    """Renew a lease from a thread of its own while the body works."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                writer.renew()
            except LongshoreError as error:
                # The next try may succeed in time; if none does, the commit finds the lease lost.
                logger.warning("a lease could not be renewed: %s", error.description)

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def orphaned_sessions(connection: Connection, older_than: float) -> list[str]:
    """Sessions with a change that has waited since before ``older_than`` (seconds since 1970) and no living writer."""
    rows = connection.execute(
        sa.select(mailbox.c.session_id, datasets.c.lease_owner, datasets.c.lease_until)
        .join(datasets, datasets.c.id == mailbox.c.session_id)
        .where(mailbox.c.announced.is_(False) & mailbox.c.settled.is_(None) & (mailbox.c.accepted < older_than))
        .distinct()
    )
    now = time.time()
    return [
        row.session_id for row in rows if row.lease_owner is None or row.lease_until < now or is_dead(row.lease_owner)
    ]


def unannounced(connection: Connection, older_than: float) -> list[Entry]:
    """Entries settled before ``older_than`` whose answer has not gone out, oldest first."""
    rows = connection.execute(
        sa.select(*_ENTRY)
        .where((mailbox.c.announced.is_(False)) & (mailbox.c.settled < older_than))
        .order_by(mailbox.c.id)
        .limit(500)
    )
    return [Entry(*row) for row in rows]


def sweep(connection: Connection, now: float) -> None:
    """Remove entries settled long ago; by then nobody waits for an answer that could never be announced."""
    connection.execute(mailbox.delete().where(mailbox.c.settled < now - KEEP_SECONDS))


def held_sessions(connection: Connection) -> list[str]:
    """Sessions that a living writer holds at the moment."""
    rows = connection.execute(
        sa.select(datasets.c.id, datasets.c.lease_owner).where(
            datasets.c.lease_owner.is_not(None) & (datasets.c.lease_until > time.time())
        )
    )
    return [row.id for row in rows if not is_dead(row.lease_owner)]
