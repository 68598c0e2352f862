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

from flask import Response, request
from pydantic import Field, SkipValidation

from longshore.errors import InvalidRequest, TooLarge, refuse_unknown, shorten
from longshore.handlers.local_events import Events, user_token
from longshore.settings import Settings
from longshore.stores.lists import MAX_AT_ONCE, ItemNotFound, Lists
from longshore.web.answer import Answer
from longshore.web.api import FORMS, Api, Query, refuse_body, takes_bodies
from longshore.web.jsonp import json_response, make_my_response_json, read_data, require_callback

EVENT_SOURCE = "store"
OLDER_EVENT_SOURCE = "pyserver.core_handlers.store_handlers"
ID = "id"
MAX_IDS = 10_000

Promote = Callable[[str, Iterable[dict[str, Any]]], Any]
"""Makes a dataset of this name of items; the answer for the client, of the model that is given beside."""
RowsOf = Callable[[str], Iterator[dict[str, Any]]]
"""The rows of a dataset, by its session id."""


TAG = "Lists"
ADDRESS = "/store/<name>"
ITEM_ADDRESS = "/store/<name>/<int:number>"
NAMES = {"type": "array", "items": {"type": "string"}}
ITEM = {"type": "object", "description": "an item's fields, with its number as `id`"}
ITEMS = {"type": "array", "items": ITEM}


class CallbackQuery(Query):
    """Nothing but how to answer."""

    callback: str | None = Field(None, description="name of a JavaScript function: the answer is JSONP")


class PageQuery(CallbackQuery):
    """Which items."""

    after: str | None = Field(None, description="only those whose number is greater")
    limit: str | None = Field(None, description="at most so many")


class FillQuery(CallbackQuery):
    """Which dataset."""

    session_id: str | None = Field(None, alias="sessionID", description="id of the dataset; may stand in the body")


class Appended(Answer):
    """Numbers of the items that were appended."""

    ids: SkipValidation[list[int]] = Field([], description="of an array's items, in its order")
    id: int | None = Field(description="of the item, or of the last one")


class Nothing(Answer):
    """It is done, and there is nothing to say."""


class Filled(Answer):
    """Rows of a dataset are items now."""

    added: int
    ids: list[int] = Field(description="the first and the last item's number; none where nothing was added")
    renamed: dict[str, str] = Field({}, description="columns that are fields of another name, as `id` is")


def _json_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}}


def declare_lists(
    api: Api,
    settings: Settings,
    lists: Lists,
    events: Events,
    promote: Promote,
    promoted: type[Answer],
    rows_of: RowsOf,
) -> None:
    """Put the addresses of lists, which are per user, on the list.

    :param promoted: what ``promote`` answers with.
    """
    routes = api.group("lists", __name__)

    def user() -> str:
        return user_token(settings)

    def tell(action: str, name: str, data: Any) -> None:
        events.emit(EVENT_SOURCE, {"action": action, "store": name, "data": data})

    def tell_older(action: str, name: str, items: Iterable[dict[str, Any]]) -> None:
        """The same under the older source's name: a line for each item, with the keys of that time."""
        if events.wants(OLDER_EVENT_SOURCE):
            for item in items:
                events.emit(OLDER_EVENT_SOURCE, {"action": action, "store_name": name, **item})

    @routes.endpoint("GET", "/store", tag=TAG, query=CallbackQuery, raw=_json_of(NAMES), reads_itself=True)
    @make_my_response_json
    def list_lists() -> Any:
        """The names of the user's lists."""
        return lists.names(user())

    @routes.endpoint(
        "POST",
        ADDRESS,
        tag=TAG,
        raw=takes_bodies("application/json", *FORMS),
        answer=Appended,
        reads_itself=True,
        any_query=True,  # its words are fields of the item
    )
    @make_my_response_json
    def append_items(name: str) -> Any:
        """Append an item, or all items of a JSON array."""
        data = read_data(request)
        if isinstance(data, list):
            numbers = lists.extend(user(), name, data)
            tell("add", name, [{"id": number, **item} for number, item in zip(numbers, data, strict=True)])
            tell_older("add", name, _numbered(numbers, data))
            return Appended(ids=numbers, id=numbers[-1] if numbers else None)
        number = lists.append(user(), name, data)
        tell("add", name, {**data, "id": number})
        tell_older("add", name, _numbered([number], [data]))
        return Appended(id=number)

    @routes.endpoint("GET", ADDRESS, tag=TAG, query=PageQuery, raw=_json_of(ITEMS), reads_itself=True)
    @make_my_response_json
    def list_items(name: str) -> Any:
        """The items in order, or a page of them."""
        return lists.read(user(), name, after=_whole_number("after", 0), limit=_limit())

    @routes.endpoint("GET", ITEM_ADDRESS, tag=TAG, query=CallbackQuery, raw=_json_of(ITEM), reads_itself=True)
    def show_item(name: str, number: int) -> Response:
        """One item of a list."""
        callback = require_callback(request)
        try:
            return json_response(lists.get(user(), name, number), callback=callback)
        except ItemNotFound:
            return json_response({}, 404, callback)

    @routes.endpoint(
        "POST",
        ITEM_ADDRESS,
        tag=TAG,
        raw=takes_bodies("application/json", *FORMS),
        answer=Nothing,
        reads_itself=True,
        any_query=True,
    )
    @make_my_response_json
    def merge_item(name: str, number: int) -> Any:
        """Merge fields into an item; null removes one."""
        changes = read_data(request)
        merged = lists.merge(user(), name, number, changes)
        action = "add" if merged.is_new else "update"
        tell(action, name, merged.item)
        kept = {field: value for field, value in merged.item.items() if field != ID}
        tell_older(action, name, _numbered([number], [kept]))

    @routes.endpoint(
        "DELETE", "/store/<name>/<numbers>", tag=TAG, query=CallbackQuery, answer=Nothing, reads_itself=True
    )
    @make_my_response_json
    def delete_items(name: str, numbers: str) -> Any:
        """Remove items by their numbers, separated by commas."""
        gone = lists.delete(user(), name, _numbers(numbers))
        tell("delete", name, {"ids": gone})
        tell_older("delete", name, ({ID: number} for number in gone))

    @routes.endpoint("POST", f"{ADDRESS}/promote", tag=TAG, query=CallbackQuery, answer=promoted, reads_itself=True)
    @make_my_response_json
    def promote_list(name: str) -> Any:
        """Make a dataset of the list; answers with its session id."""
        refuse_body(request)
        return promote(name, lists.read(user(), name))

    @routes.endpoint(
        "POST",
        f"{ADDRESS}/fill",
        tag=TAG,
        query=FillQuery,
        raw=takes_bodies("application/json", *FORMS),
        answer=Filled,
        reads_itself=True,
    )
    @make_my_response_json
    def fill_list(name: str) -> Any:
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
        told = {"renamed": renamed} if renamed else {}
        return Filled(added=len(numbers), ids=[numbers[0], numbers[-1]] if numbers else [], **told)


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
