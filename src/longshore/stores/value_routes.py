"""The addresses of values: POST, PUT, GET and DELETE of ``/kv/<key>``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ijson
from flask import Blueprint, Response, request

from longshore.bodies import draining
from longshore.errors import InvalidRequest, TooLarge, shorten
from longshore.responses import json_response, make_my_response_json, read_data, require_callback
from longshore.serving import Content, respond
from longshore.settings import Settings
from longshore.stores.values import KeyNotFound, OpenValue, Value, Values
from longshore.uploads import receive

JSON_TYPE = "application/json"
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
LARGEST_SCRIPT_BYTES = 32 * 2**20


def value_routes(settings: Settings, values: Values) -> Blueprint:
    """Values by key."""
    routes = Blueprint("values", __name__, url_prefix="/kv")

    @routes.route("/<path:key>", methods=["POST", "PUT"])
    @make_my_response_json
    def put(key: str) -> Any:
        """Keep the body under a key, with its content type; form data becomes JSON."""
        with draining(request), _body(settings) as (path, content_type):
            etag = values.put(key, path, content_type, _condition())
        response = json_response({})
        response.headers["ETag"] = f'"{etag}"'
        return response

    @routes.get("/<path:key>")
    def get(key: str) -> Response:
        """What is kept under a key, byte for byte."""
        callback = require_callback(request)
        try:
            found = values.open(key)
        except KeyNotFound:
            return json_response({}, 404, callback)
        return respond(request, _content(key, found)) if callback is None else _script(found, callback)

    @routes.delete("/<path:key>")
    @make_my_response_json
    def delete(key: str) -> Any:
        """Forget a key; also one that is not there."""
        values.delete(key, _condition())

    return routes


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
    with receive(request, settings.uploads_folder, settings.max_value_bytes, may_be_empty=True) as upload:
        if request.is_json:
            check_json(upload.path)
        yield upload.path, request.content_type or "application/octet-stream"


def check_json(path: Path) -> None:
    """Read a file as JSON in constant memory.

    :raises InvalidRequest: when it is none.
    """
    try:
        with path.open("rb") as file:
            for _ in ijson.basic_parse(file, buf_size=2**18):
                continue
    except (ijson.JSONError, UnicodeDecodeError) as error:
        reason = shorten(" ".join(str(error).split()), 150)
        raise InvalidRequest(f"the body says that it is JSON, but it is not: {reason}; nothing was kept") from None


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
    text = found.read().decode() if value.size <= LARGEST_SCRIPT_BYTES and JSON_TYPE in value.content_type else ""
    found.file.close()
    if JSON_TYPE not in value.content_type:
        raise InvalidRequest(f"callback: only JSON can be answered so, and this value is {value.content_type}")
    if value.size > LARGEST_SCRIPT_BYTES:
        raise TooLarge(f"a value of more than {LARGEST_SCRIPT_BYTES:,} bytes is not answered with a callback")
    return json_response(text, callback=callback)


def _condition() -> Callable[[Value | None], bool]:
    """What If-Match and If-None-Match demand of the value that is there."""
    if_match, if_none_match = request.if_match, request.if_none_match
    has_match, has_none_match = "If-Match" in request.headers, "If-None-Match" in request.headers

    def allowed(found: Value | None) -> bool:
        if has_match and (found is None or not (if_match.star_tag or if_match.contains(found.etag))):
            return False
        return not (
            has_none_match and found is not None and (if_none_match.star_tag or if_none_match.contains(found.etag))
        )

    return allowed
