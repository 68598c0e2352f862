"""Reading and writing what the database keeps of links; every function runs inside a caller's transaction.

Life of a one-time link::

    made ──some bytes──▶ partly delivered ──all bytes──▶ used ──(when it expires)──▶ removed
      └───────────────────────┴──────── it expires, or the cache needs the room ─────────▲
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.delivery.cache import CachedFile
from longshore.delivery.models import files, links, transfers
from longshore.errors import IllegalOperation, InvalidValue
from longshore.state.leases import Lease, is_dead
from longshore.web.byte_ranges import Span, covers, overlap, union

UNSETTLED = 4_102_444_800.0
"""When the link of a job that still runs expires: in the year 2100."""
GRACE_SECONDS = 60.0
"""How long only the address that took some bytes may take more; also how long a transfer may stall."""


class LinkNotFound(InvalidValue):
    """No file waits at this address: it is unknown, used up or expired."""

    status = 404

    @classmethod
    def now(cls) -> LinkNotFound:
        """The error with its standard sentence."""
        return cls("there is no file at this address; it may have been used, or its time is up. Ask for a new one")


class LinkTaken(IllegalOperation):
    """Somebody else is taking the file of a one-time address."""

    @classmethod
    def now(cls) -> LinkTaken:
        """The error with its standard sentence."""
        return cls(
            "somebody else is taking this file, and it can be taken once; if they break off it is free again soon"
        )


@dataclass(frozen=True)
class Link:
    """An address under which a file can be fetched."""

    uid: str
    file_id: str | None
    source: dict[str, Any] | None
    name: str
    content_type: str
    modified: float
    one_time: bool
    download: bool
    expires: float
    job_id: str | None = None


# Statements of every request for a link are built once: that costs more than carrying them out.
_LINK = [links.c[name] for name in Link.__dataclass_fields__]
_FILE = [files.c[name] for name in CachedFile.__dataclass_fields__]
_USABLE = (links.c.uid == sa.bindparam("link")) & links.c.used.is_(None) & (links.c.expires > sa.bindparam("now"))
_OPENED = sa.select(*_LINK, *_FILE).select_from(links.outerjoin(files)).where(_USABLE)
_STANDING = (
    sa.select(links.c.taker, links.c.taker_beat, links.c.doubtful, links.c.delivered, links.c.maybe_whole)
    .where(_USABLE)
    .with_for_update()
)
_DELIVERED = sa.select(links.c.delivered).where(links.c.uid == sa.bindparam("link")).with_for_update()
_UPDATED = links.update().where(links.c.uid == sa.bindparam("link"))
_OTHERS = sa.select(transfers).where(transfers.c.uid == sa.bindparam("link"))
_MADE = transfers.insert()
_ENDED = transfers.delete().where(transfers.c.id == sa.bindparam("number"))
_TOUCHED = (
    transfers.update().where(transfers.c.id == sa.bindparam("number")).values(lease_beat=transfers.c.lease_beat + 1)
)
_LEAVING = transfers.update().where(transfers.c.id == sa.bindparam("number"))
_TAKING = (
    links.update()
    .where((links.c.uid == sa.bindparam("link")) & links.c.taker_beat.is_not(None))
    .values(taker_beat=links.c.taker_beat + 1)
)


def new_uid() -> str:
    """192 bits from the system's cryptographic source, safe in an address."""
    return secrets.token_urlsafe(24)


def add_link(connection: Connection, link: Link) -> None:
    """Write an address down."""
    now = time.time()
    connection.execute(links.insert().values(**vars(link), created=now, last_used=now, delivered=[], doubtful=[]))


def open_link(connection: Connection, uid: str) -> tuple[Link, CachedFile | None]:
    """The link of this address, and the file that is kept for it.

    :raises LinkNotFound: when there is none, it is used up, or its time is over.
    """
    row = connection.execute(_OPENED, {"link": uid, "now": time.time()}).one_or_none()
    if row is None:
        raise LinkNotFound.now()
    link = Link(*row[: len(_LINK)])
    return link, None if link.file_id is None else CachedFile(*row[len(_LINK) :])


def touch(connection: Connection, uid: str) -> None:
    """Note that a link was used, for the order in which links make room."""
    connection.execute(_UPDATED, {"link": uid, "last_used": time.time()})


def begin_transfer(
    connection: Connection, uid: str, spans: list[Span], *, taker: str, address: str, owner: str, size: int
) -> int:
    """Claim the bytes of a one-time file for one taker; the transfer's number.

    :param taker: who it is: a browser's cookie, or a mark of this one request.
    :param address: network address, to which the link is bound for a while once bytes went there.
    :raises LinkNotFound: when the file was used up meanwhile; or may have been, by a process that died over its last
        piece: then only those bytes are given out that had not left.
    :raises LinkTaken: when another taker is getting some of the same bytes, or got some a moment ago.
    """
    now = time.time()
    row = connection.execute(_STANDING, {"link": uid, "now": now}).one_or_none()
    if row is None:
        raise LinkNotFound.now()
    if row.taker_beat is not None and row.taker != address:
        raise LinkTaken.now()
    delivered, dead = _spans(row.delivered), []
    for other in connection.execute(_OTHERS, {"link": uid}).all():
        if is_dead(other.lease_owner):
            connection.execute(_ENDED, {"number": other.id})
            dead.append(other)
        elif other.taker != taker and (size == 0 or overlap(spans, _spans(other.spans))):
            raise LinkTaken.now()
    maybe_whole, delivered = after_deaths(row.maybe_whole, delivered, dead, size)
    if maybe_whole and (not delivered or overlap(spans, delivered)):
        raise LinkNotFound.now()
    changes = {"last_used": now, "taker": address, "taker_beat": (row.taker_beat or 0) + 1, "maybe_whole": maybe_whole}
    resumed = confirmed(_spans(row.doubtful), spans) if row.taker == address else []
    if resumed or maybe_whole:
        changes["delivered"] = union([*delivered, *resumed])
    connection.execute(_UPDATED, {"link": uid, **changes})
    made = connection.execute(
        _MADE, {"uid": uid, "spans": spans, "taker": taker, "lease_owner": owner, "lease_beat": 0}
    ).inserted_primary_key
    assert made is not None  # noqa: S101 - the database numbers transfers
    return int(made[0])


def after_deaths(maybe_whole: bool, delivered: list[Span], dead: Sequence[Any], size: int) -> tuple[bool, list[Span]]:
    """What is known of a file after processes died that sent some of it.

    One that had noted its last piece may have sent all that it set out to. If the whole file may have gone out by that,
    it counts as delivered but for those pieces, which a taker that lacks them may still fetch. Otherwise nothing that a
    dead process sent is counted: a download that broke off may begin again.

    :param dead: transfers, with their ``spans`` and ``leaving``.
    :return: whether all may have gone out, and what is then not given out again.
    """
    leaving = [each for each in dead if each.leaving is not None]
    possible = union([*delivered, *(span for each in leaving for span in _spans(each.spans))])
    if not leaving or not covers(possible, size):
        return maybe_whole, delivered
    return True, union([*delivered, *(span for each in leaving for span in _spans(each.leaving))])


def note_last_piece(connection: Connection, number: int, sent: list[Span]) -> bool:
    """Note that the last piece of a transfer is about to leave; False when another taker took over meanwhile."""
    return connection.execute(_LEAVING, {"number": number, "leaving": sent}).rowcount == 1


def touch_transfer(connection: Connection, number: int, uid: str) -> bool:
    """Give a sign of life of a transfer; False when another taker took over meanwhile."""
    alive = connection.execute(_TOUCHED, {"number": number}).rowcount == 1
    if alive:
        connection.execute(_TAKING, {"link": uid})
    return alive


def transfer_leases(connection: Connection) -> dict[int, Lease]:
    """The leases of all transfers, by number."""
    rows = connection.execute(sa.select(transfers.c.id, transfers.c.lease_owner, transfers.c.lease_beat))
    return {row.id: Lease(row.lease_owner, row.lease_beat) for row in rows}


def taker_leases(connection: Connection) -> dict[str, Lease]:
    """What binds links to the addresses that took bytes of them, by uid."""
    bound = sa.select(links.c.uid, links.c.taker, links.c.taker_beat).where(links.c.taker_beat.is_not(None))
    return {row.uid: Lease(row.taker, row.taker_beat) for row in connection.execute(bound)}


def break_transfer(connection: Connection, number: int, lease: Lease) -> None:
    """End a transfer that stalls, unless it has given a sign of life since."""
    same = (transfers.c.id == number) & (transfers.c.lease_beat == lease.beat)
    found = connection.execute(sa.select(transfers).where(same)).one_or_none()
    if found is None or connection.execute(transfers.delete().where(same)).rowcount == 0:
        return
    link = sa.select(links.c.maybe_whole, links.c.delivered, files.c.size).select_from(links.outerjoin(files))
    row = connection.execute(link.where(links.c.uid == found.uid)).one()
    # What is made while it is sent has no size; its transfer stands for one byte.
    size = 1 if row.size is None else row.size
    maybe_whole, delivered = after_deaths(row.maybe_whole, _spans(row.delivered), [found], size)
    connection.execute(_UPDATED, {"link": found.uid, "maybe_whole": maybe_whole, "delivered": delivered})


def unbind(connection: Connection, uid: str, lease: Lease) -> None:
    """Let anybody take the rest of a file, unless its taker has taken some since."""
    same = (links.c.uid == uid) & (links.c.taker == lease.owner) & (links.c.taker_beat == lease.beat)
    connection.execute(links.update().where(same).values(taker_beat=None))


def confirmed(doubtful: list[Span], asked: list[Span]) -> list[Span]:
    """What a resuming taker must have got of the bytes that were on their way when its last transfer broke off.

    >>> confirmed([(100, 200)], [(150, 1000)])
    [(100, 150)]
    """
    return [(first, start) for first, last in doubtful for start, _ in asked if first < start <= last]


def end_transfer(
    connection: Connection, number: int, uid: str, sent: list[Span], doubtful: list[Span], size: int
) -> bool:
    """Give up the claim and add what was delivered; whether the file is used up now.

    :param doubtful: bytes of which it is not known whether they arrived.
    """
    connection.execute(_ENDED, {"number": number})
    before = connection.execute(_DELIVERED, {"link": uid}).scalar_one_or_none()
    if before is None:  # the link made room for others
        return False
    delivered = union([*_spans(before), *sent])
    is_used = covers(delivered, size)
    changes: dict[str, Any] = {"delivered": delivered, "doubtful": doubtful}
    if is_used:
        changes |= {"used": time.time(), "taker_beat": None}
    connection.execute(_UPDATED, {"link": uid, **changes})
    return is_used


def _spans(stored: list[list[int]]) -> list[Span]:
    return [(start, end) for start, end in stored]


def forget(connection: Connection, uid: str) -> bool:
    """Withdraw an address; whether there was one."""
    return connection.execute(links.delete().where(links.c.uid == uid)).rowcount > 0


def end_with_job(connection: Connection, job_id: str, expires: float) -> None:
    """Let the links of a job expire with its result, as far as no earlier end was asked for."""
    unsettled = (links.c.job_id == job_id) & (links.c.expires >= expires)
    connection.execute(links.update().where(unsettled).values(expires=expires))


def forget_of_job(connection: Connection, job_id: str) -> None:
    """Withdraw the addresses that a job made."""
    connection.execute(links.delete().where(links.c.job_id == job_id))


def unsettled_jobs(connection: Connection) -> list[str]:
    """Ids of the jobs whose links have not been given their end."""
    query = sa.select(links.c.job_id).where(links.c.job_id.is_not(None) & (links.c.expires >= UNSETTLED)).distinct()
    return [str(job_id) for job_id in connection.execute(query).scalars()]


def sweep(connection: Connection, now: float) -> int:
    """Remove the links whose time is up; how many."""
    return connection.execute(links.delete().where(links.c.expires <= now)).rowcount


def count_links(connection: Connection) -> int:
    """Addresses that still lead somewhere, without those of jobs, which are kept as results are."""
    counted = links.c.used.is_(None) & links.c.job_id.is_(None)
    return int(connection.execute(sa.select(sa.func.count()).where(counted)).scalar_one())


def drop_least_recent(connection: Connection, number: int, *, with_files: bool = False) -> int:
    """Withdraw the addresses that were used longest ago, none that is being taken; how many."""
    droppable = links.c.used.is_(None) & links.c.job_id.is_(None)
    query = sa.select(links.c.uid).where(droppable & links.c.uid.not_in(sa.select(transfers.c.uid)))
    if with_files:
        query = query.where(links.c.file_id.is_not(None))
    oldest = list(connection.execute(query.order_by(links.c.last_used, links.c.created).limit(number)).scalars())
    if oldest:
        connection.execute(links.delete().where(links.c.uid.in_(oldest)))
    return len(oldest)
