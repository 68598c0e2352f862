"""What small views share: reading a request's data however it came, and answering with JSON or JSONP."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from flask import Request, Response, current_app, request
from pydantic import BaseModel
from werkzeug.datastructures import Headers

from longshore.errors import InvalidRequest, TooLarge, shorten
from longshore.web.answer import wire_of
from longshore.web.api import refuse_query
from longshore.web.json import read_json
from longshore.web.request_body import MAX_JSON_BYTES

View = TypeVar("View", bound=Callable[..., Any])

CALLBACK = "callback"
_IDENTIFIER = r"[A-Za-z_$][\w$]*"
_CALLBACK = re.compile(rf"{_IDENTIFIER}(\.{_IDENTIFIER}|\[\d{{1,9}}\])*", re.ASCII)
MAX_CALLBACK = 200
STATUSES = range(100, 600)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,300})(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
# Legal in JSON but line ends in older JavaScript.
_LINE_ENDS = {0x2028: "\\u2028", 0x2029: "\\u2029"}

_answers_json: ContextVar[bool] = ContextVar("answers_json", default=False)
"""Whether :func:`make_my_response_json` stands around what runs now."""


class Script(Response):
    """JSONP.

    :ivar told_status: what the status would be without a callback.
    """

    told_status = 200


def read_data(asked: Request) -> Any:
    """The data of a request: its JSON body, or the fields of its form and address.

    Fields that are numbers become numbers, and a field that is given once is not a list.

    :raises InvalidRequest: for a body that says it is JSON and is not, and for words of the address beside it, which
        would be no part of the data.
    :raises TooLarge: over :data:`~longshore.web.request_body.MAX_JSON_BYTES`.
    """
    if (asked.content_length or 0) > MAX_JSON_BYTES:
        raise TooLarge(f"data has at most {MAX_JSON_BYTES:,} bytes here")
    asked.max_content_length = MAX_JSON_BYTES
    if asked.is_json:
        refuse_query(asked, (CALLBACK,), unless="_")
        return read_json(asked.get_data(cache=False))
    given = asked.values.to_dict(flat=False)
    fields = {name: list(map(as_number, values)) for name, values in given.items() if name != CALLBACK}
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def as_number(text: str) -> int | float | str:
    """A field's number if it is written as one in JSON, else its text.

    >>> as_number("12"), as_number("-1.5"), as_number("007"), as_number("nan")
    (12, -1.5, '007', 'nan')
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    if found[2] is None and found[3] is None:
        return int(text)
    number = float(text)
    return number if abs(number) != float("inf") else text


def require_callback(asked: Request) -> str | None:
    """The name of the function that a JSONP answer calls; None when the request names none.

    :raises InvalidRequest: for anything but a path of JavaScript identifiers.
    """
    name = asked.values.get(CALLBACK)
    if name is None:
        return None
    if len(name) > MAX_CALLBACK or not _CALLBACK.fullmatch(name):
        raise InvalidRequest(f"callback: {shorten(name)!r} is no name of a JavaScript function, such as cb or my.cb")
    return name


def json_response(value: Any, status: int = 200, callback: str | None = None) -> Response:
    """JSON, or JSONP for a callback, where 404 becomes 200 because a browser runs no script that is not found.

    :param value: anything JSON can hold, or text that is JSON already.
    """
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    response: Response
    if callback is None:
        response = Response(text, status=status, content_type="application/json")
    else:
        script = f"{callback}({text.translate(_LINE_ENDS)});"
        response = Script(script, status=200 if status == 404 else status, content_type="application/javascript")
        response.told_status = status
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def make_my_response_json(view: View) -> View:
    """Decorator: what a view returns becomes a JSON response.

    A dict or list is the body; a dict's ``status_code`` is the status and is left out; an int is a status with an empty
    body ``{}``; text is taken as JSON; None is ``{}``. Of two or three the second is the status and the third are
    headers, as in Flask, if that is what they can be. A response stays as it is, and so does text whose headers name
    another type than JSON. With a ``callback`` in the request: JSONP, in which text that is no JSON is quoted.
    """

    @functools.wraps(view)
    def answered(*args: Any, **named: Any) -> Response:
        callback = require_callback(request)
        outer = _answers_json.set(True)
        try:
            result = view(*args, **named)
        finally:
            _answers_json.reset(outer)
        return result if isinstance(result, Response) else _as_json(result, callback)

    return answered  # type: ignore[return-value]


def _as_json(result: Any, callback: str | None) -> Response:
    body, status, headers = _split(result)
    if isinstance(body, Response) or (isinstance(body, str | bytes) and _names_another_type(headers)):
        # The view has made its answer itself, a script perhaps that calls back already.
        return current_app.make_response((body, status or 200, headers))
    response = answer_json(body, status or 200, callback)
    # A length and, in a script, the type are those of the body as it was.
    headers.remove("Content-Length")
    if callback is not None:
        headers.remove("Content-Type")
    response.headers.update(headers)
    return response


def _names_another_type(headers: Headers) -> bool:
    """Whether headers say that something is no JSON."""
    content_type = headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    return content_type != "application/json" and not content_type.endswith("+json")


def answer_json(body: Any, status: int, callback: str | None) -> Response:
    """As :func:`json_response`, of a view's own text: in a script what is no JSON is quoted."""
    if callback is not None and isinstance(body, str) and not _is_json(body):
        body = json.dumps(body)
    return json_response(body, status, callback)


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except InvalidRequest:
        return False
    return True


def as_response(result: Any) -> Response:
    """What a view returned, as the response that it will become.

    JSON where :func:`make_my_response_json` stands around, else as Flask does it.
    """
    if isinstance(result, Response):
        return result
    return _as_json(result, require_callback(request)) if _answers_json.get() else current_app.make_response(result)


def told_status(response: Response) -> int:
    """The status that the view meant: JSONP answers 200 for what is not found."""
    return response.told_status if isinstance(response, Script) else response.status_code


def _split(result: Any) -> tuple[Any, int | None, Headers]:
    """Body, status and headers of what a view returned; no status where a response is the body and has its own."""
    if result is None:
        return {}, None, Headers()
    if isinstance(result, int) and not isinstance(result, bool):
        return {}, _require_status(result), Headers()
    if _is_answer(result):
        body, _, headers = _split(result[0])
        if len(result) == 3:
            headers.update(Headers(result[2]))
        return body, result[1], headers
    if isinstance(result, BaseModel):
        return wire_of(result), None, Headers()
    if isinstance(result, Mapping):
        status = result.get("status_code", 200)
        body = {name: value for name, value in result.items() if name != "status_code"}
        return body, _require_status(int(status)), Headers()
    return result, None, Headers()


def _require_status(number: int) -> int:
    """A status that HTTP has; a server of HTTP would answer anything else with an error of its own, without a trace.

    :raises ValueError: for another number, a mistake of the view's.
    """
    if number not in STATUSES:
        raise ValueError(f"the view answers with {number}, which is no status of HTTP")
    return number


def _is_answer(result: Any) -> bool:
    """Whether a tuple is body and status, and perhaps headers, and no list of JSON."""
    if not isinstance(result, tuple) or len(result) not in (2, 3):
        return False
    status, headers = result[1], result[2] if len(result) == 3 else None
    if isinstance(status, bool) or not isinstance(status, int) or status not in STATUSES:
        return False
    return headers is None or isinstance(headers, Mapping | Headers) or _are_pairs(headers)


def _are_pairs(headers: Any) -> bool:
    return isinstance(headers, list) and all(isinstance(each, tuple) and len(each) == 2 for each in headers)
