"""The mailbox: changes to a session wait in the database and one writer takes them out in order.

Life of an entry::

    accepted ──begin──▶ begun ──settle──▶ settled ──announce──▶ announced ──(an hour after it was settled)──▶ removed

``settle`` writes the answer in the same transaction as the new version, so a change is either not done
(and will be begun again by the next writer) or done and its answer known. ``announce`` hands the answer to the
message queue; an entry whose announcement is missing is announced again, so an answer may come twice but never not.

The right to write is a lease on the session's row (:mod:`longshore.state.leases`). A commit checks that the holder
still has it, so a worker that was thought dead and comes back cannot commit. A lease whose process is known to be dead
is taken over at once; one that has run out is broken by a watcher. Either is a loss of the entry that the holder was
at. A worker that has to stop gives its lease back, and that is none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.datasets.models import accepted_keys, datasets, mailbox
from longshore.errors import InvalidValue, LongshoreError
from longshore.processes.stop_signal import StopSignal
from longshore.state.clocks import is_over
from longshore.state.database import Database
from longshore.state.leases import RENEW_SECONDS, Lease, is_dead, new_owner

logger = logging.getLogger(__name__)

STOP_LOOK_SECONDS = 0.5
"""How often a writer looks whether its worker has to stop."""
KEEP_SECONDS = 3600.0
"""How long a settled entry stays, for callers that ask for its answer, or send its request again."""
MAX_LOSSES = 3
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
    losses: int
    answer: dict[str, Any] | None
    warnings: list[dict[str, Any]] | None = None
    asked_as: str | None = None


_ENTRY = [mailbox.c[name] for name in Entry.__dataclass_fields__]


class LeaseLost(Exception):
    """Another writer has taken the session over; what this one was about to commit must not be."""


@dataclass(frozen=True)
class RequestKey:
    """By what a request is known when it comes again.

    :param digest: of what tells it apart from others.
    :param content: digest of what it asks for: the same key with other content is a mistake.
    """

    digest: str
    content: str

    @classmethod
    def of(cls, apart: Any, content: Any) -> RequestKey:
        """The key of JSON values."""
        return cls(_digest(apart), _digest(content))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def new_ticket() -> str:
    """What tells a request's entry apart from all others."""
    return secrets.token_hex(16)


def find_ticket(connection: Connection, ticket: str) -> int | None:
    """The id of the entry that was put under a ticket; looks at all entries, so it is for rare use."""
    return connection.execute(sa.select(mailbox.c.id).where(mailbox.c.ticket == ticket)).scalar_one_or_none()


def put(connection: Connection, session_id: str, operation: str, parameters: dict[str, Any], **about: Any) -> int:
    """Append a change to a session's mailbox; returns the entry's id, which orders it."""
    values = {"request_id": None, "socket_id": None, "made_by": None, **about}
    if values["request_id"] is not None:
        values["request_key"] = _request_key(session_id, values["request_id"])
    result = connection.execute(
        mailbox.insert().values(
            session_id=session_id,
            operation=operation,
            parameters=parameters,
            accepted=time.time(),
            attempts=0,
            losses=0,
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


def are_settled(connection: Connection, entry_ids: Sequence[int]) -> dict[int, bool]:
    """Whether each of these entries is settled; those that are gone are left out."""
    rows = connection.execute(
        sa.select(mailbox.c.id, mailbox.c.settled.is_not(None).label("is_settled")).where(mailbox.c.id.in_(entry_ids))
    )
    return {row.id: bool(row.is_settled) for row in rows}


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
    if request_id is None:
        return None
    return connection.execute(
        sa.select(mailbox.c.socket_id)
        .where((mailbox.c.request_key == _request_key(session_id, request_id)) & mailbox.c.socket_id.is_not(None))
        .order_by(mailbox.c.id)
        .limit(1)
    ).scalar_one_or_none()


def _request_key(session_id: str, request_id: Any) -> str:
    return _digest([session_id, request_id])


def find_accepted(connection: Connection, key: RequestKey) -> Entry | None:
    """The entry of a request that came before under this key; None if it did not.

    :raises InvalidValue: when that asked for something else.
    """
    row = connection.execute(
        sa.select(accepted_keys.c.content, *_ENTRY)
        .join(mailbox, mailbox.c.id == accepted_keys.c.entry_id)
        .where(accepted_keys.c.key == key.digest)
    ).one_or_none()
    if row is None:
        return None
    if row.content != key.content:
        raise InvalidValue("Idempotency-Key: this key was sent before with another request; use a fresh one")
    return Entry(*row[1:])


def remember(connection: Connection, key: RequestKey, entry_id: int) -> None:
    """Know a request by its key from now on; its first time, or the commit fails."""
    connection.execute(accepted_keys.insert().values(key=key.digest, content=key.content, entry_id=entry_id))


def answer_to(connection: Connection, entry_id: int, socket_id: str | None) -> None:
    """Send an entry's answer to this socket from now on."""
    connection.execute(mailbox.update().where(mailbox.c.id == entry_id).values(socket_id=socket_id))


def has_waiting(connection: Connection, session_id: str) -> bool:
    """Whether a change of this session waits to be settled."""
    return next_operation(connection, session_id) is not None


def next_operation(connection: Connection, session_id: str) -> str | None:
    """What the oldest change of this session asks for that waits to be settled; None if none does."""
    row = connection.execute(_waiting(session_id).limit(1)).first()
    return None if row is None else str(row.operation)


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

    def begin_next(self, takes: Callable[[str], bool] = lambda _: True) -> Entry | None:
        """The oldest waiting entry, with its attempts counted, or None.

        :param takes: whether this writer does such an operation; one that it does not do is left to others.
        :raises LeaseLost: when another has taken over.
        """
        with self.database.writing(durable=False) as connection:
            self.require_lease(connection)
            row = connection.execute(_waiting(self.session_id).limit(1)).one_or_none()
            if row is None or not takes(row.operation):
                return None
            begun = {"attempts": mailbox.c.attempts + 1, "begun_by": self.owner}
            connection.execute(mailbox.update().where(mailbox.c.id == row.id).values(begun))
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
        """Give a sign of life."""
        with self.database.writing(durable=False) as connection:
            connection.execute(self._mine().values(lease_beat=datasets.c.lease_beat + 1))

    def release(self, announced: list[int]) -> None:
        """Give the lease back and note the entries whose answers went out."""
        with self.database.writing(durable=False) as connection:
            mark_announced(connection, announced)
            connection.execute(self._mine().values(lease_owner=None, lease_beat=None, changed=time.time()))

    def give_back(self) -> None:
        """Let others do what this writer is at, since its worker has to stop; it can commit nothing after that."""
        with self.database.writing(durable=False) as connection:
            connection.execute(self._mine().values(lease_owner=None, lease_beat=None))

    def _mine(self) -> sa.Update:
        return datasets.update().where((datasets.c.id == self.session_id) & (datasets.c.lease_owner == self.owner))


def mark_announced(connection: Connection, entry_ids: list[int]) -> None:
    """Note that these entries' answers went out."""
    if entry_ids:
        connection.execute(mailbox.update().where(mailbox.c.id.in_(entry_ids)).values(announced=True))


def acquire(database: Database, session_id: str) -> Writer | None:
    """The right to write to a session, or None while another process has it, or may have."""
    owner = new_owner()
    with database.writing(durable=False) as connection:
        row = connection.execute(sa.select(datasets.c.lease_owner).where(datasets.c.id == session_id)).one_or_none()
        if row is None or (row.lease_owner is not None and not is_dead(row.lease_owner)):
            return None
        # The old holder stands in the condition: of two that found it dead only one gets the lease.
        same = _is_held_by(row.lease_owner)
        taken = connection.execute(
            datasets.update().where((datasets.c.id == session_id) & same).values(lease_owner=owner, lease_beat=0)
        )
        if taken.rowcount != 1:
            return None
        if row.lease_owner is not None:
            _count_loss(connection, session_id, row.lease_owner)
        return Writer(database, session_id, owner)


def _is_held_by(owner: str | None) -> sa.ColumnElement[bool]:
    return datasets.c.lease_owner.is_(None) if owner is None else datasets.c.lease_owner == owner


def break_lease(connection: Connection, session_id: str, lease: Lease) -> bool:
    """Take a lease from a holder that was watched for long enough; False when it has given a sign of life since."""
    same = (datasets.c.id == session_id) & (datasets.c.lease_owner == lease.owner)
    unchanged = same & datasets.c.lease_beat.is_not_distinct_from(lease.beat)
    broken = connection.execute(datasets.update().where(unchanged).values(lease_owner=None, lease_beat=None))
    if broken.rowcount != 1:
        return False
    _count_loss(connection, session_id, lease.owner)
    return True


def _count_loss(connection: Connection, session_id: str, owner: str) -> None:
    """Note with the entry that ``owner`` was at that its worker died over it."""
    lost = (mailbox.c.session_id == session_id) & mailbox.c.settled.is_(None) & (mailbox.c.begun_by == owner)
    connection.execute(mailbox.update().where(lost).values(losses=mailbox.c.losses + 1, begun_by=None))


@contextmanager
def renewing(writer: Writer, stop: StopSignal | None = None, stop_seconds: float = 0) -> Iterator[None]:
    """Renew a lease from a thread of its own while the body works.

    :param stop: given when the worker has to stop; the lease is given back so many seconds later.
    """
    done = threading.Event()

    def keep() -> None:
        renew_at, stop_at = time.monotonic() + RENEW_SECONDS, math.inf
        while not done.wait(STOP_LOOK_SECONDS):
            now = time.monotonic()
            if stop is not None and stop_at == math.inf and stop.given():
                stop_at = now + stop_seconds
            try:
                if now >= stop_at:
                    logger.info("a change is given back, its worker stops")
                    writer.give_back()
                    return
                if now >= renew_at:
                    renew_at = now + RENEW_SECONDS
                    writer.renew()
            except LongshoreError as error:
                # The next try may succeed in time; if none does, the commit finds the lease lost.
                logger.warning("a lease could not be kept or given back: %s", error.description)

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def held_leases(connection: Connection) -> dict[str, Lease]:
    """The leases of all sessions that somebody holds, or held when it ended."""
    columns = (datasets.c.id, datasets.c.lease_owner, datasets.c.lease_beat)
    rows = connection.execute(sa.select(*columns).where(datasets.c.lease_owner.is_not(None)))
    return {row.id: Lease(row.lease_owner, row.lease_beat) for row in rows}


def waiting_sessions(connection: Connection, seconds: float) -> list[str]:
    """Sessions with a change that has waited for so long, or since a moment that the clock was set back from."""
    waits = mailbox.c.announced.is_(False) & mailbox.c.settled.is_(None)
    rows = connection.execute(
        sa.select(mailbox.c.session_id).where(waits & is_over(mailbox.c.accepted, seconds, time.time())).distinct()
    )
    return list(rows.scalars())


def unannounced(connection: Connection, seconds: float) -> list[Entry]:
    """Entries settled so long ago, or in what is the future now, whose answer has not gone out, oldest first."""
    rows = connection.execute(
        sa.select(*_ENTRY)
        .where((mailbox.c.announced.is_(False)) & is_over(mailbox.c.settled, seconds, time.time()))
        .order_by(mailbox.c.id)
        .limit(500)
    )
    return [Entry(*row) for row in rows]


def sweep(connection: Connection, now: float) -> None:
    """Remove entries settled long ago; by then nobody waits for an answer that could never be announced."""
    # The index begins with `announced`: without it the whole table would be read.
    old = mailbox.c.announced.in_([True, False]) & (mailbox.c.settled < now - KEEP_SECONDS)
    connection.execute(mailbox.delete().where(old))
