"""The addresses of lists.

::

    GET    /store                        names of the user's lists
    POST   /store/<name>                 append an item, or each item of a JSON array
    GET    /store/<name>                 the items; ?after=<id>&limit=<n> for a page
    POST   /store/<name>/<id>            merge into an item
    GET    /store/<name>/<id>            one item
    DELETE /store/<name>/<id>[,<id>...]  remove items
    POST   /store/<name>/promote         make a dataset of the list
    POST   /store/<name>/fill            append the rows of a dataset
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from flask import Blueprint, Response, request

from longshore.errors import InvalidRequest, TooLarge, refuse_unknown, shorten
from longshore.handlers.local_events import Events, user_token
from longshore.settings import Settings
from longshore.stores.lists import MAX_AT_ONCE, ItemNotFound, Lists
from longshore.web.api import refuse_body
from longshore.web.jsonp import CALLBACK, json_response, make_my_response_json, read_data, require_callback
from longshore.web.route_marks import takes_any_query, takes_query

EVENT_SOURCE = "store"
OLDER_EVENT_SOURCE = "pyserver.core_handlers.store_handlers"
ID = "id"
MAX_IDS = 10_000

Promote = Callable[[str, Iterable[dict[str, Any]]], dict[str, Any]]
"""Makes a dataset of this name of items; the answer for the client."""
RowsOf = Callable[[str], Iterator[dict[str, Any]]]
"""The rows of a dataset, by its session id."""


def list_routes(settings: Settings, lists: Lists, events: Events, promote: Promote, rows_of: RowsOf) -> Blueprint:
    """Lists, per user."""
    routes = Blueprint("lists", __name__, url_prefix="/store")

    def user() -> str:
        return user_token(settings)

    def tell(action: str, name: str, data: Any) -> None:
        events.emit(EVENT_SOURCE, {"action": action, "store": name, "data": data})

    def tell_older(action: str, name: str, items: Iterable[dict[str, Any]]) -> None:
        """The same under the older source's name: a line for each item, with the keys of that time."""
        if events.wants(OLDER_EVENT_SOURCE):
            for item in items:
                events.emit(OLDER_EVENT_SOURCE, {"action": action, "store_name": name, **item})

    @routes.get("", strict_slashes=False)
    @takes_query(CALLBACK)
    @make_my_response_json
    def names() -> Any:
        """The names of the user's lists."""
        return lists.names(user())

    @routes.post("/<name>")
    @takes_any_query  # the query's words are fields of the item
    @make_my_response_json
    def append(name: str) -> Any:
        """Append an item, or all items of a JSON array."""
        data = read_data(request)
        if isinstance(data, list):
            numbers = lists.extend(user(), name, data)
            tell("add", name, [{"id": number, **item} for number, item in zip(numbers, data, strict=True)])
            tell_older("add", name, _numbered(numbers, data))
            return {"ids": numbers, "id": numbers[-1] if numbers else None}
        number = lists.append(user(), name, data)
        tell("add", name, {**data, "id": number})
        tell_older("add", name, _numbered([number], [data]))
        return {"id": number}

    @routes.get("/<name>")
    @takes_query(CALLBACK, "after", "limit")
    @make_my_response_json
    def read(name: str) -> Any:
        """The items in order, or a page of them."""
        return lists.read(user(), name, after=_whole_number("after", 0), limit=_limit())

    @routes.get("/<name>/<int:number>")
    @takes_query(CALLBACK)
    def show(name: str, number: int) -> Response:
        """One item of a list."""
        callback = require_callback(request)
        try:
            return json_response(lists.get(user(), name, number), callback=callback)
        except ItemNotFound:
            return json_response({}, 404, callback)

    @routes.post("/<name>/<int:number>")
    @takes_any_query
    @make_my_response_json
    def merge(name: str, number: int) -> Any:
        """Merge fields into an item; null removes one."""
        changes = read_data(request)
        merged = lists.merge(user(), name, number, changes)
        action = "add" if merged.is_new else "update"
        tell(action, name, merged.item)
        kept = {field: value for field, value in merged.item.items() if field != ID}
        tell_older(action, name, _numbered([number], [kept]))

    @routes.delete("/<name>/<numbers>")
    @takes_query(CALLBACK)
    @make_my_response_json
    def delete(name: str, numbers: str) -> Any:
        """Remove items by their numbers, separated by commas."""
        gone = lists.delete(user(), name, _numbers(numbers))
        tell("delete", name, {"ids": gone})
        tell_older("delete", name, ({ID: number} for number in gone))

    @routes.post("/<name>/promote")
    @takes_query(CALLBACK)
    @make_my_response_json
    def promote_list(name: str) -> Any:
        """Make a dataset of the list; answers with its session id."""
        refuse_body(request)
        return promote(name, lists.read(user(), name))

    @routes.post("/<name>/fill")
    @takes_query(CALLBACK, "sessionID")
    @make_my_response_json
    def fill(name: str) -> Any:
        """Append the rows of a dataset, named by its sessionID."""
        data = read_data(request)
        session_id = data.get("sessionID") if isinstance(data, dict) else None
        if not isinstance(session_id, str):
            raise InvalidRequest("sessionID: give the id of the dataset whose rows are to be appended")
        refuse_unknown(data, ("sessionID",))
        rows = _at_most(rows_of(session_id), MAX_AT_ONCE)
        renamed = _without_ids(rows)
        numbers = lists.extend(user(), name, rows)
        tell("add", name, {"ids": numbers})
        tell_older("add", name, _numbered(numbers, rows))
        added = {"added": len(numbers), "ids": [numbers[0], numbers[-1]] if numbers else []}
        return {**added, "renamed": renamed} if renamed else added

    return routes


def _numbered(numbers: Iterable[int], items: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Items with their numbers, as the older events have them."""
    return ({ID: number, "data": item} for number, item in zip(numbers, items, strict=True))


def _whole_number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidRequest(f"{name}: give a whole number from 0, not {shorten(text)!r}")
    return int(text)


def _limit() -> int | None:
    return _whole_number("limit", 0) if "limit" in request.args else None


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_IDS:
        raise TooLarge(f"at most {MAX_IDS:,} items are removed at once")
    if not parts or not all(part.isascii() and part.isdigit() and len(part) <= 16 for part in parts):
        raise InvalidRequest(f"{shorten(text)!r} is no list of items' numbers, such as 3 or 3,5,8")
    return list(map(int, parts))


def _without_ids(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Give a column ``id`` another name, since an item's id is its number in the list; old name and new."""
    if not rows or ID not in rows[0]:
        return {}
    free = next(name for number in count(1) if (name := f"{ID}.{number}") not in rows[0])
    for place, row in enumerate(rows):
        rows[place] = {free if name == ID else name: value for name, value in row.items()}
    return {ID: free}


def _at_most(rows: Iterator[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = []
    for row in rows:
        if len(taken) == limit:
            raise TooLarge(f"a list takes at most {limit:,} rows at once")
        taken.append(row)
    return taken
