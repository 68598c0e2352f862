"""The addresses of values: POST, PUT, GET and DELETE of ``/kv/<key>``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ijson
from flask import Response, request

from longshore.errors import InvalidRequest, TooLarge, shorten
from longshore.settings import Settings
from longshore.stores.list_routes import CallbackQuery, Nothing
from longshore.stores.values import KeyNotFound, OpenValue, Value, Values
from longshore.web.api import Api, refuse_query, sends, takes_bodies
from longshore.web.file_responses import Content, respond
from longshore.web.json import MAX_DEPTH, TOO_DEEP, read_json, require_answerable
from longshore.web.jsonp import CALLBACK, json_response, make_my_response_json, read_data, require_callback
from longshore.web.request_gate import CACHE_BUSTER, CONDITION_HEADERS, condition_of
from longshore.web.route_marks import DIGESTS, evaluates
from longshore.web.uploads import receive

JSON_TYPE = "application/json"
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
MAX_SCRIPT_BYTES = 32 * 2**20


TAG = "Values"
ADDRESS = "/kv/<path:key>"
BYTES = "application/octet-stream"


def declare_values(api: Api, settings: Settings, values: Values) -> None:
    """Put the addresses of values on the list."""
    routes = api.group("values", __name__)
    # A form's fields may stand in the query.
    storing: dict[str, Any] = {
        "tag": TAG,
        "raw": takes_bodies(JSON_TYPE, BYTES, *sorted(FORMS)),
        "headers": CONDITION_HEADERS,
        "answer": Nothing,
        "reads_itself": True,
        "any_query": True,
    }

    @routes.endpoint("POST", ADDRESS, **storing)
    @make_my_response_json
    def post_value(key: str) -> Any:
        """Keep the body under a key, with its content type; form data becomes JSON."""
        return put(key)

    @routes.endpoint("PUT", ADDRESS, **storing)
    @make_my_response_json
    def put_value(key: str) -> Any:
        """Keep the body under a key, with its content type; form data becomes JSON."""
        return put(key)

    def put(key: str) -> Response:
        with _body(settings) as (path, content_type):
            etag = values.put(key, path, content_type, _condition())
        response = json_response(Nothing().to_wire())
        response.headers["ETag"] = f'"{etag}"'
        return response

    @routes.endpoint("GET", ADDRESS, tag=TAG, query=CallbackQuery, raw=sends(BYTES, JSON_TYPE), reads_itself=True)
    def get_value(key: str) -> Response:
        """What is kept under a key, byte for byte."""
        callback = require_callback(request)
        try:
            found = values.open(key)
        except KeyNotFound:
            return json_response({"message": "no data for key"}, 404, callback)
        return respond(request, _content(key, found)) if callback is None else _script(found, callback)

    @routes.endpoint(
        "DELETE",
        ADDRESS,
        tag=TAG,
        query=CallbackQuery,
        answer=Nothing,
        headers=CONDITION_HEADERS,
        reads_itself=True,
    )
    @evaluates(*DIGESTS)
    @make_my_response_json
    def delete_value(key: str) -> Any:
        """Forget a key; also one that is not there."""
        values.delete(key, _condition())


@contextmanager
def _body(settings: Settings) -> Iterator[tuple[Path, str]]:
    """The request's value as a file that is gone afterwards, and its content type.

    :raises InvalidRequest: for JSON that is not valid.
    :raises TooLarge: over ``MAX_VALUE_BYTES``.
    """
    if request.mimetype in FORMS:
        settings.uploads_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=settings.uploads_folder, suffix=".upload") as file:
            file.write(json.dumps(read_data(request)).encode())
            file.flush()
            yield Path(file.name), JSON_TYPE
        return
    refuse_query(request, (CALLBACK,), unless=CACHE_BUSTER)
    with receive(request, settings.uploads_folder, settings.max_value_bytes, may_be_empty=True) as upload:
        if request.is_json:
            check_json(upload.path)
        yield upload.path, request.content_type or "application/octet-stream"


def check_json(path: Path) -> None:
    """Read a file as JSON: as every body is read, and one that is too large for that in constant memory.

    :raises InvalidRequest: when it is none.
    """
    try:
        if path.stat().st_size <= MAX_READ_BYTES:
            read_json(path.read_bytes())
        else:
            _check_large_json(path)
    except InvalidRequest as error:
        raise InvalidRequest(f"the body says that it is JSON; {error.description}; nothing was kept") from None


def _check_large_json(path: Path) -> None:
    depth = 0
    try:
        with path.open("rb") as file:
            for event, value in ijson.basic_parse(file, buf_size=2**18):
                depth += _STEPS.get(event, 0)
                if depth > MAX_DEPTH:
                    raise InvalidRequest(TOO_DEEP)
                if event == "number":
                    require_answerable(value if isinstance(value, int) else float(value))
    except (ijson.JSONError, UnicodeDecodeError, OverflowError) as error:
        reason = shorten(" ".join(str(error).split()), 150)
        raise InvalidRequest(f"this is not valid JSON: {reason}") from None


MAX_READ_BYTES = 4 * 2**20
"""Of a JSON value that is read whole, which takes some ten times as much memory."""
_STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def _content(key: str, found: OpenValue) -> Content:
    value = found.value
    return Content(
        path=value.path,
        size=value.size,
        etag=value.etag,
        modified=value.modified,
        content_type=value.content_type,
        name=key.rpartition("/")[2] or "value",
        offset=value.offset,
        file=found.file,
        # Whoever stored it chose the type: a page among the values must not act in this server's name.
        headers={"Content-Security-Policy": "sandbox"},
    )


def _script(found: OpenValue, callback: str) -> Response:
    """A JSON value as JSONP.

    :raises InvalidRequest: for a value of another type.
    :raises TooLarge: for one that is too large for a script.
    """
    value = found.value
    text = found.read().decode() if value.size <= MAX_SCRIPT_BYTES and JSON_TYPE in value.content_type else ""
    found.file.close()
    if JSON_TYPE not in value.content_type:
        raise InvalidRequest(f"callback: only JSON can be answered so, and this value is {value.content_type}")
    if value.size > MAX_SCRIPT_BYTES:
        raise TooLarge(f"a value of more than {MAX_SCRIPT_BYTES:,} bytes is not answered with a callback")
    return json_response(text, callback=callback)


def _condition() -> Callable[[Value | None], bool]:
    """What the request's conditions demand of the value that is there."""
    allowed = condition_of(request)
    return lambda found: allowed(None, None) if found is None else allowed(found.etag, found.modified)
