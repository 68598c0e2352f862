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
from typing import Any

from flask import Blueprint, Response, request

from longshore.errors import InvalidRequest, TooLarge, shorten
from longshore.events import Events, user_token
from longshore.responses import json_response, make_my_response_json, read_data, require_callback
from longshore.settings import Settings
from longshore.stores.lists import MOST_AT_ONCE, ItemNotFound, Lists

EVENT_SOURCE = "store"
MOST_IDS = 10_000

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

    @routes.get("", strict_slashes=False)
    @make_my_response_json
    def names() -> Any:
        """The names of the user's lists."""
        return lists.names(user())

    @routes.post("/<name>")
    @make_my_response_json
    def append(name: str) -> Any:
        """Append an item, or all items of a JSON array."""
        data = read_data(request)
        if isinstance(data, list):
            numbers = lists.extend(user(), name, data)
            tell("add", name, [{"id": number, **item} for number, item in zip(numbers, data, strict=True)])
            return {"ids": numbers, "id": numbers[-1] if numbers else None}
        number = lists.append(user(), name, data)
        tell("add", name, {**data, "id": number})
        return {"id": number}

    @routes.get("/<name>")
    @make_my_response_json
    def read(name: str) -> Any:
        """The items in order, or a page of them."""
        return lists.read(user(), name, after=_whole_number("after", 0), limit=_limit())

    @routes.get("/<name>/<int:number>")
    def show(name: str, number: int) -> Response:
        """One item of a list."""
        callback = require_callback(request)
        try:
            return json_response(lists.get(user(), name, number), callback=callback)
        except ItemNotFound:
            return json_response({}, 404, callback)

    @routes.post("/<name>/<int:number>")
    @make_my_response_json
    def merge(name: str, number: int) -> Any:
        """Merge fields into an item; null removes one."""
        changes = read_data(request)
        tell("update", name, lists.merge(user(), name, number, changes))

    @routes.delete("/<name>/<numbers>")
    @make_my_response_json
    def delete(name: str, numbers: str) -> Any:
        """Remove items by their numbers, separated by commas."""
        gone = lists.delete(user(), name, _numbers(numbers))
        tell("delete", name, {"ids": gone})

    @routes.post("/<name>/promote")
    @make_my_response_json
    def promote_list(name: str) -> Any:
        """Make a dataset of the list; answers with its session id."""
        return promote(name, lists.read(user(), name))

    @routes.post("/<name>/fill")
    @make_my_response_json
    def fill(name: str) -> Any:
        """Append the rows of a dataset, named by its sessionID."""
        data = read_data(request)
        session_id = data.get("sessionID") if isinstance(data, dict) else None
        if not isinstance(session_id, str):
            raise InvalidRequest("sessionID: give the id of the dataset whose rows are to be appended")
        numbers = lists.extend(user(), name, _at_most(rows_of(session_id), MOST_AT_ONCE))
        tell("add", name, {"ids": numbers})
        return {"added": len(numbers), "ids": [numbers[0], numbers[-1]] if numbers else []}

    return routes


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
    if len(parts) > MOST_IDS:
        raise TooLarge(f"at most {MOST_IDS:,} items are removed at once")
    if not parts or not all(part.isascii() and part.isdigit() and len(part) <= 16 for part in parts):
        raise InvalidRequest(f"{shorten(text)!r} is no list of items' numbers, such as 3 or 3,5,8")
    return list(map(int, parts))


def _at_most(rows: Iterator[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = []
    for row in rows:
        if len(taken) == limit:
            raise TooLarge(f"a list takes at most {limit:,} rows at once")
        taken.append(row)
    return taken
