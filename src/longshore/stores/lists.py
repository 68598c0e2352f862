"""List stores: items in order, each with a number of its own, by user and by name."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from longshore.errors import InvalidRequest, InvalidValue, SettingsError, TooLarge, shorten
from longshore.settings import Settings, SqliteVfs
from longshore.state.database import Database, insert_into
from longshore.state.group_commit import GroupCommit, Work
from longshore.stores.models import items, lists, metadata
from longshore.web.json import load_kept

Item = dict[str, Any]

MAX_NAME = 200
MAX_AT_ONCE = 100_000
MAX_ID = 2**53
PAGE_ITEMS = 1000
STORE_LOCK = 0x10466


class ItemNotFound(InvalidValue):
    """The list has no item of this number."""

    status = 404


@dataclass(frozen=True)
class Merged:
    """An item into which fields were written.

    :param item: as it is now, with its ``id``.
    :param is_new: whether there was none of this number.
    """

    item: Item
    is_new: bool


class Lists:
    """The service. One per process; safe for threads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._commits: GroupCommit[Any] = GroupCommit(database, _carry_out)

    @classmethod
    def open(cls, settings: Settings) -> Lists:
        """The lists where the settings have them."""
        return cls(Database(settings.lists_database))

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def append(self, user: str, name: str, added: Item) -> int:
        """Put an item at the end; its number."""
        return self.extend(user, name, [added])[0]

    def extend(self, user: str, name: str, added: list[Item]) -> list[int]:
        """Put items at the end, all or none; their numbers.

        :raises InvalidRequest: for an item that is no object.
        :raises TooLarge: for more than :data:`MAX_AT_ONCE`.
        """
        check_name(name)
        if len(added) > MAX_AT_ONCE:
            raise TooLarge(f"at most {MAX_AT_ONCE:,} items are appended at once")
        documents = [_document(item) for item in added]
        numbers: list[int] = self._commits.run(_Append(user, name, documents))
        return numbers

    def read(self, user: str, name: str, *, after: int = 0, limit: int | None = None) -> list[Item]:
        """Items in order, each with its ``id``; none of an unknown list.

        :param after: number of the item before the first one.
        """
        check_name(name)
        query = sa.select(items.c.id, items.c.document).where(_in_list(user, name) & (items.c.id > after))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(items.c.id).limit(limit)).all()
        return [_item(row.id, row.document) for row in rows]

    def count(self, user: str, name: str) -> int:
        """How many items a list has."""
        with self.database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).where(_in_list(user, name))).scalar_one())

    def names(self, user: str) -> list[str]:
        """The user's lists that ever had an item, sorted."""
        with self.database.reading() as connection:
            return list(
                connection.execute(sa.select(lists.c.name).where(lists.c.user == user).order_by(lists.c.name)).scalars()
            )

    def get(self, user: str, name: str, number: int) -> Item:
        """One item with its ``id``.

        :raises ItemNotFound: when there is none.
        """
        check_name(name)
        if number > MAX_ID:  # the database would not even compare it
            raise ItemNotFound(f"there is no item {shorten(str(number))} in this list")
        with self.database.reading() as connection:
            document = connection.execute(_DOCUMENT, {"user": user, "name": name, "id": number}).scalar_one_or_none()
        if document is None:
            raise ItemNotFound(f"there is no item {number} in this list")
        return _item(number, document)

    def merge(self, user: str, name: str, number: int, changes: Item) -> Merged:
        """Write fields into an item; None, or the text ``null``, removes one. Makes the item if there is none."""
        check_name(name)
        if not 1 <= number <= MAX_ID:
            raise InvalidValue(f"the number of an item is from 1 to {MAX_ID}, not {number}")
        written = _changes(changes, number)
        merged: Merged = self._commits.run(lambda connection: _merge(connection, user, name, number, written))
        return merged

    def delete(self, user: str, name: str, numbers: Iterable[int]) -> list[int]:
        """Remove items; the numbers of those that were there."""
        check_name(name)
        chosen = sorted(set(numbers))
        gone: list[int] = self._commits.run(lambda connection: _delete(connection, user, name, chosen))
        return gone


def prepare(settings: Settings) -> None:
    """Make the tables where they are not yet there; once, before the server's parts start.

    :raises SettingsError: when SQLite has no locks of the kind that the settings name.
    """
    _require_vfs(settings)
    database = Database(settings.lists_database)
    try:
        _remove_stale_lock(settings)
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": STORE_LOCK})
            metadata.create_all(connection)
    finally:
        database.close()


def _require_vfs(settings: Settings) -> None:
    if not settings.lists_database.startswith("sqlite") or _has_vfs(settings.sqlite_vfs):
        return
    known = ", ".join(name for name in get_args(SqliteVfs) if _has_vfs(name))
    raise SettingsError(f"SQLITE_VFS={settings.sqlite_vfs!r} cannot be used: this machine's SQLite has {known}")


def _has_vfs(name: str) -> bool:
    try:
        sqlite3.connect(f"file:/nowhere?vfs={name}&mode=memory", uri=True).close()
    except sqlite3.OperationalError:
        return False
    return True


def _remove_stale_lock(settings: Settings) -> None:
    """The folder by which ``unix-dotfile`` locks outlives a killed process; nobody else runs when this is called."""
    if settings.sqlite_vfs == "unix-dotfile" and settings.lists_database.startswith("sqlite"):
        lock = Path(f"{settings.lists_path}.lock")
        if lock.is_dir():
            lock.rmdir()


def check_name(name: str) -> None:
    """:raises InvalidRequest: for a list's name that is too long or cannot be printed."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"a list's name has 1 to {MAX_NAME} printable characters")


def _document(item: Any) -> str:
    if not isinstance(item, dict):
        raise InvalidRequest('an item is an object of named fields, such as {"title": "Alien"}')
    if "id" in item:
        raise InvalidRequest(
            f"id: an item's id is the number that the list gives it, so {shorten(repr(item['id']))} cannot be kept "
            "under this name; send it under another, such as number"
        )
    return json.dumps(item, separators=(",", ":"), allow_nan=False)


def _changes(changes: Any, number: int) -> Item:
    """What is to be written into an item; its own number may be among it, as it was read.

    :raises InvalidRequest: for what is no object, or holds another item's number.
    """
    if isinstance(changes, dict) and changes.get("id") == number and not isinstance(changes["id"], bool):
        changes = {key: value for key, value in changes.items() if key != "id"}
    _document(changes)
    found: Item = changes
    return found


def _item(number: int, document: str) -> Item:
    return {"id": number, **load_kept(document)}


def _in_list(user: str, name: str) -> sa.ColumnElement[bool]:
    return (items.c.user == user) & (items.c.name == name)


# Made once: building a statement takes longer than running it.
_DOCUMENT = sa.select(items.c.document).where(
    (items.c.user == sa.bindparam("user")) & (items.c.name == sa.bindparam("name")) & (items.c.id == sa.bindparam("id"))
)
_INSERT = items.insert()


@dataclass(frozen=True)
class _Append:
    """Items that are to stand at the end of a list."""

    user: str
    name: str
    documents: list[str]

    def __call__(self, connection: Connection) -> list[int]:
        return _append(connection, [self])[0]


def _carry_out(connection: Connection, works: Sequence[Work]) -> list[Any]:
    """Those who append go together, then each of the others; all of them asked at the same time."""
    appends = [work for work in works if isinstance(work, _Append)]
    numbers = iter(_append(connection, appends))
    return [next(numbers) if isinstance(work, _Append) else work(connection) for work in works]


def _append(connection: Connection, appends: list[_Append]) -> list[list[int]]:
    """Put items at the end of their lists; the numbers of each append's."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in appends:
        counts[each.user, each.name] += len(each.documents)
    # In one order, so that two servers on one PostgreSQL do not wait for each other's lists.
    free = {key: _reserve(connection, *key, counts[key]) for key in sorted(counts)}
    rows: list[dict[str, Any]] = []
    numbers = []
    for each in appends:
        first = free[each.user, each.name]
        free[each.user, each.name] += len(each.documents)
        numbers.append(list(range(first, first + len(each.documents))))
        for number, document in zip(numbers[-1], each.documents, strict=True):
            rows.append({"user": each.user, "name": each.name, "id": number, "document": document})
    if rows:
        connection.execute(_INSERT, rows)
    return numbers


def _reserve(connection: Connection, user: str, name: str, count: int) -> int:
    """The first of ``count`` numbers that no item of this list ever had."""
    values = {"user": user, "name": name, "first": 1 + count, "count": count}
    return int(connection.execute(_RESERVE[connection.dialect.name], values).scalar_one()) - count


def _reserving(insert: Any) -> Any:
    statement = insert(lists).values(
        user=sa.bindparam("user"), name=sa.bindparam("name"), next_id=sa.bindparam("first")
    )
    more = {"next_id": lists.c.next_id + sa.bindparam("count", type_=sa.BigInteger)}
    return statement.on_conflict_do_update(index_elements=[lists.c.user, lists.c.name], set_=more).returning(
        lists.c.next_id
    )


_RESERVE = {"sqlite": _reserving(sqlite.insert), "postgresql": _reserving(postgresql.insert)}


def _reserve_through(connection: Connection, user: str, name: str, number: int) -> None:
    """See to it that no later item gets a number up to this one."""
    statement = insert_into(connection, lists).values(user=user, name=name, next_id=number + 1)
    later = sa.case((lists.c.next_id > number, lists.c.next_id), else_=number + 1)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[lists.c.user, lists.c.name], set_={"next_id": later})
    )


def _merge(connection: Connection, user: str, name: str, number: int, changes: Item) -> Merged:
    # Also a lock on the list, so that two who merge on PostgreSQL take turns.
    _reserve_through(connection, user, name, number)
    chosen = _in_list(user, name) & (items.c.id == number)
    before = connection.execute(sa.select(items.c.document).where(chosen)).scalar_one_or_none()
    merged: Item = load_kept(before) if before is not None else {}
    for field, value in changes.items():
        if value is None or value == "null":
            merged.pop(field, None)
        else:
            merged[field] = value
    document = _document(merged)
    if before is None:
        connection.execute(items.insert().values(user=user, name=name, id=number, document=document))
    else:
        connection.execute(items.update().where(chosen).values(document=document))
    return Merged({"id": number, **merged}, is_new=before is None)


def _delete(connection: Connection, user: str, name: str, numbers: list[int]) -> list[int]:
    chosen = _in_list(user, name) & items.c.id.in_(numbers)
    there = list(connection.execute(sa.select(items.c.id).where(chosen)).scalars())
    if there:
        connection.execute(items.delete().where(chosen))
    return there
