"""Reading and writing what the database keeps of links; every function runs inside a caller's transaction.

Life of a one-time link::

    made ──some bytes──▶ partly delivered ──all bytes──▶ used ──(when it expires)──▶ removed
      └───────────────────────┴──────── it expires, or the cache needs the room ─────────▲
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.delivery.cache import CachedFile
from longshore.delivery.models import files, links, transfers
from longshore.errors import IllegalOperation, InvalidValue
from longshore.leases import is_dead
from longshore.ranges import Span, covers, overlap, union

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


# Statements of every request for a link are built once: that costs more than carrying them out.
_LINK = [links.c[name] for name in Link.__dataclass_fields__]
_FILE = [files.c[name] for name in CachedFile.__dataclass_fields__]
_USABLE = (links.c.uid == sa.bindparam("link")) & links.c.used.is_(None) & (links.c.expires > sa.bindparam("now"))
_OPENED = sa.select(*_LINK, *_FILE).select_from(links.outerjoin(files)).where(_USABLE)
_STANDING = (
    sa.select(links.c.taker, links.c.taker_until, links.c.doubtful, links.c.delivered).where(_USABLE).with_for_update()
)
_DELIVERED = sa.select(links.c.delivered).where(links.c.uid == sa.bindparam("link")).with_for_update()
_UPDATED = links.update().where(links.c.uid == sa.bindparam("link"))
_OTHERS = sa.select(transfers).where(transfers.c.uid == sa.bindparam("link"))
_MADE = transfers.insert()
_ENDED = transfers.delete().where(transfers.c.id == sa.bindparam("number"))
_TOUCHED = transfers.update().where(transfers.c.id == sa.bindparam("number"))


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
    :raises LinkNotFound: when the file was used up meanwhile.
    :raises LinkTaken: when another taker is getting some of the same bytes, or got some a moment ago.
    """
    now = time.time()
    row = connection.execute(_STANDING, {"link": uid, "now": now}).one_or_none()
    if row is None:
        raise LinkNotFound.now()
    if row.taker not in (None, address) and (row.taker_until or 0) > now:
        raise LinkTaken.now()
    for other in connection.execute(_OTHERS, {"link": uid}).all():
        if is_dead(other.lease_owner) or other.touched < now - GRACE_SECONDS:
            connection.execute(_ENDED, {"number": other.id})
        elif other.taker != taker and (size == 0 or overlap(spans, _spans(other.spans))):
            raise LinkTaken.now()
    changes = {"last_used": now, "taker": address, "taker_until": now + GRACE_SECONDS}
    if row.taker == address and (resumed := confirmed(_spans(row.doubtful), spans)):
        changes["delivered"] = union([*_spans(row.delivered), *resumed])
    connection.execute(_UPDATED, {"link": uid, **changes})
    made = connection.execute(
        _MADE, {"uid": uid, "spans": spans, "taker": taker, "lease_owner": owner, "touched": now}
    ).inserted_primary_key
    assert made is not None  # noqa: S101 - the database numbers transfers
    return int(made[0])


def touch_transfer(connection: Connection, number: int, uid: str) -> bool:
    """Give a sign of life of a transfer; False when another taker took over meanwhile."""
    now = time.time()
    alive = connection.execute(_TOUCHED, {"number": number, "touched": now}).rowcount == 1
    if alive:
        connection.execute(_UPDATED, {"link": uid, "taker_until": now + GRACE_SECONDS})
    return alive


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
    connection.execute(_UPDATED, {"link": uid, **changes, **({"used": time.time()} if is_used else {})})
    return is_used


def _spans(stored: list[list[int]]) -> list[Span]:
    return [(start, end) for start, end in stored]


def forget(connection: Connection, uid: str) -> bool:
    """Withdraw an address; whether there was one."""
    return connection.execute(links.delete().where(links.c.uid == uid)).rowcount > 0


def sweep(connection: Connection, now: float) -> int:
    """Remove the links whose time is up; how many."""
    return connection.execute(links.delete().where(links.c.expires <= now)).rowcount


def count_links(connection: Connection) -> int:
    """Addresses that still lead somewhere."""
    return int(connection.execute(sa.select(sa.func.count()).where(links.c.used.is_(None))).scalar_one())


def drop_least_recent(connection: Connection, number: int, *, with_files: bool = False) -> int:
    """Withdraw the addresses that were used longest ago, none that is being taken; how many."""
    query = sa.select(links.c.uid).where(links.c.used.is_(None) & links.c.uid.not_in(sa.select(transfers.c.uid)))
    if with_files:
        query = query.where(links.c.file_id.is_not(None))
    oldest = list(connection.execute(query.order_by(links.c.last_used, links.c.created).limit(number)).scalars())
    if oldest:
        connection.execute(links.delete().where(links.c.uid.in_(oldest)))
    return len(oldest)
