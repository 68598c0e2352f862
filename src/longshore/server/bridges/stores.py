"""Puts the stores into the application, and joins them to the datasets: lists become datasets, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, request
from pydantic import SkipValidation

from longshore.datasets.answers import ReadingWarning
from longshore.datasets.service import Asker, Datasets, require_session_id
from longshore.errors import IllegalOperation
from longshore.handlers.local_events import Events, user_token
from longshore.settings import Settings
from longshore.stores.list_routes import declare_lists
from longshore.stores.lists import Lists
from longshore.stores.value_routes import declare_values
from longshore.stores.values import Values
from longshore.tables.reading import ReadOptions
from longshore.tables.viewing import PageParameters
from longshore.web.answer import Answer
from longshore.web.api import FORMS, Api, ErrorAnswer, takes_bodies
from longshore.web.jsonp import json_response, read_data, require_callback
from longshore.web.uploads import fresh_place

ROWS_AT_ONCE = 10_000
PUBLISHED_SOURCE = "local_publish"


class Promoted(Answer):
    """A list is a dataset now."""

    success: bool
    sessionID: str  # noqa: N815
    version: int
    rows: int
    columns: int
    warnings: SkipValidation[list[ReadingWarning]]


class Published(Answer):
    """A local event was written, if anybody asked for its source."""

    message: str
    published: bool


def declare_stores(api: Api, settings: Settings, datasets: Datasets, lists: Lists, events: Events) -> None:
    """Put the addresses of lists, values and events on the list."""

    def promote(name: str, items: Iterable[dict[str, Any]]) -> Any:
        return _promote(settings, datasets, name, items)

    def rows_of(session_id: str) -> Iterator[dict[str, Any]]:
        return _rows(datasets, session_id)

    declare_lists(api, settings, lists, events, promote, Promoted, rows_of)
    declare_values(api, settings, Values(settings.values_folder))
    declare_events(api, events)


def declare_events(api: Api, events: Events) -> None:
    """Put ``POST /message/local_publish`` on the list."""

    @api.group("events", __name__).endpoint(
        "POST",
        "/message/local_publish",
        tag="Events",
        raw=takes_bodies("application/json", *FORMS),
        answer=Published,
        reads_itself=True,
        any_query=True,  # the fields may stand there
    )
    def publish_local_event() -> Response:
        """Write a client's message as a local event, if its source is wanted; tells whether it was.

        `source` and `message` are what they say. Any other data is a message by itself, of the source `local_publish`.
        """
        callback = require_callback(request)
        source, message = _message(read_data(request))
        answer = Published(message="ok", published=events.emit(source, message))
        return json_response(answer.to_wire(), callback=callback)


def _message(data: Any) -> tuple[str, Any]:
    """Source and message of what a client sent."""
    fields = data if isinstance(data, dict) else {}
    source = fields.get("source")
    if not isinstance(source, str) or not source:
        return PUBLISHED_SOURCE, data
    if fields.keys() <= {"source", "message"}:
        return source, fields.get("message")
    return source, {name: value for name, value in fields.items() if name != "source"}


def _promote(settings: Settings, datasets: Datasets, name: str, items: Iterable[dict[str, Any]]) -> Any:
    """Import the items as a file of one JSON object a line, and wait for it."""
    with fresh_place(settings.uploads_folder) as path:
        with path.open("x") as file:
            file.writelines(json.dumps(item) + "\n" for item in items)
        if path.stat().st_size == 0:
            raise IllegalOperation(f"the list {name!r} is empty; a dataset needs rows")
        asker = Asker(made_by=user_token(settings))
        session_id, entry = datasets.create(path, f"{name}.ndjson", ReadOptions(), asker)
    answer = datasets.wait(session_id, entry, settings.import_timeout_seconds)
    if not answer["success"]:
        failure = ErrorAnswer(
            success=False, error=answer["error"], errorDescription=answer["errorDescription"]
        ).to_wire()
        return {**failure, "status_code": answer["status"]}
    told = {field: answer[field] for field in ("version", "rows", "columns", "warnings")}
    return Promoted(success=True, sessionID=session_id, **told)


def _rows(datasets: Datasets, session_id: str) -> Iterator[dict[str, Any]]:
    require_session_id(session_id)
    first, version = 0, None
    while True:
        page = PageParameters(
            row_index_from=first,
            row_index_to=first + ROWS_AT_ONCE - 1,
            column_index_from=0,
            column_index_to=10**6,
        )
        answer = datasets.data(session_id, page)
        found = answer.data
        if version not in (None, answer.version):
            raise IllegalOperation("the dataset was changed while its rows were read; nothing was kept. Try again")
        version = answer.version
        for row in found.data:
            yield dict(zip(found.columns, row, strict=True))
        if len(found.data) < ROWS_AT_ONCE:
            return
        first += ROWS_AT_ONCE
