"""What stands beside a request's parameters: which dataset, by which number it is known, on which condition it holds.

A field that is neither of these nor a parameter is refused. On sockets a few that older clients send beside are let
through by name; the answer lists them, so that nobody takes them for something that was done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from longshore.errors import InvalidRequest, looks_misspelt, shorten, unknown_name
from longshore.tables.core.json_values import MAX_EXACT
from longshore.tables.viewing import PageParameters

MAX_REQUEST_ID = 200

_STANDARD = frozenset({"operation", "sessionID", "requestID", "ifVersion"})
_SOCKETS_OWN = _STANDARD | {"once"}
SENT_BESIDE = frozenset({"timestamp", "clientID", "socketID", "user"})
"""Fields that clients of the older system send with any request, which no request takes."""


@dataclass(frozen=True)
class Envelope:
    """A request, taken apart.

    :param parameters: what is left for the operation or the read.
    :param ignored: names of fields that were let through and mean nothing.
    """

    parameters: dict[str, Any]
    request_id: str | int | float | None = None
    if_version: int | None = None
    once: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What the answer says of the ignored fields."""
        return [
            {"code": "FieldIgnored", "message": f"{name}: nothing takes this field here; it changed nothing"}
            for name in self.ignored
        ]


def open_event(event: str, body: Mapping[str, Any], model: type[BaseModel], *, is_read: bool) -> Envelope:
    """Take a socket's request apart.

    :param model: what the parameters will be read as; its fields win over those that are let through.
    :raises InvalidRequest: naming the field at fault.
    """
    named = body.get("operation", event)
    if named != event:
        raise InvalidRequest(f"the event is {event!r} but its operation is {shorten(str(named))!r}; they must agree")
    # Older clients hand the same settings of their grid to every read.
    passed = SENT_BESIDE | _names(PageParameters) if is_read else SENT_BESIDE
    ignored = tuple(name for name in body if name in passed - _names(model))
    once = body.get("once", False)
    if not isinstance(once, bool):
        raise InvalidRequest("once: give true or false")
    request_id, if_version = require_request_id(body.get("requestID")), require_version(body.get("ifVersion"))
    if once and request_id is None:
        raise InvalidRequest("requestID: `once` needs one, by which the request is known again")
    if is_read and if_version is not None:
        raise InvalidRequest("ifVersion: a read changes nothing; its answer says which version it read")
    parameters = {name: value for name, value in body.items() if name not in _SOCKETS_OWN and name not in ignored}
    _refuse_misspelt(parameters, _names(model), _SOCKETS_OWN)
    return Envelope(parameters, request_id, if_version, once, ignored)


def open_body(
    name: str,
    session_id: str,
    body: Mapping[str, Any],
    model: type[BaseModel],
    request_id: str | None = None,
    if_version: int | None = None,
) -> Envelope:
    """Take the body of a REST request apart.

    :param model: what the parameters will be read as.
    :param request_id: what the query says, which the body may say instead; so of ``if_version``.
    :raises InvalidRequest: naming the field at fault, or that address and body disagree about.
    """
    for field, expected in (("operation", name), ("sessionID", session_id)):
        if body.get(field, expected) != expected:
            raise InvalidRequest(f"{field}: the body and the address must agree")
    for field, given in (("requestID", request_id), ("ifVersion", if_version)):
        if given is not None and body.get(field, given) != given:
            raise InvalidRequest(f"{field}: the body and the query must agree; give it once")
    parameters = {field: value for field, value in body.items() if field not in _STANDARD}
    _refuse_misspelt(parameters, _names(model), _STANDARD)
    return Envelope(
        parameters,
        require_request_id(body.get("requestID", request_id)),
        require_version(body.get("ifVersion", if_version)),
    )


def _refuse_misspelt(parameters: Mapping[str, Any], known: frozenset[str], own: frozenset[str]) -> None:
    """:raises InvalidRequest: for a name that is nearly one of the envelope's; the model knows nothing of those."""
    for name in parameters:
        if name not in known and looks_misspelt(name, own):
            raise InvalidRequest(unknown_name(name, sorted(own)))


def require_request_id(value: Any) -> str | int | float | None:
    """``value`` itself if a request can be known by it.

    :raises InvalidRequest: for anything but a short text or a number.
    """
    if value is None or (isinstance(value, str) and len(value) <= MAX_REQUEST_ID):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    # A larger one is another number to whoever reads JSON as JavaScript does.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_EXACT:
        return value
    raise InvalidRequest(
        f"requestID: give text of at most {MAX_REQUEST_ID} characters, or a number of at most {MAX_EXACT:,}"
    )


def require_version(value: Any) -> int | None:
    """``value`` itself if it is a version's number.

    :raises InvalidRequest: for anything else.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise InvalidRequest("ifVersion: give the number of a version")


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """The fields of a model on the wire, and in Python's spelling, which is taken as well."""
    return frozenset(model.model_fields) | {info.alias for info in model.model_fields.values() if info.alias}
