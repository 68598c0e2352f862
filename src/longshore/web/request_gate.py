"""One gate before every view of the server's own: what a request asks for and the view does not know is refused.

A word of the query that is ignored gives all rows where some were asked for; a header that is ignored replaces a file
by its last piece, or overwrites what somebody else has changed. Handlers and merged applications are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, current_app, request

from longshore.errors import IllegalOperation, InvalidRequest, LongshoreError, shorten
from longshore.web.api import KEY_HEADER, refuse_body, refuse_query
from longshore.web.route_marks import DIGESTS, evaluated_headers, query_words

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
Condition = Callable[[str | None, float | None], bool]
"""Whether what is there may be changed; told its validator and its time of change, None when nothing is."""
CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")
CONDITION_HEADERS: tuple[dict[str, Any], ...] = tuple(
    {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "the request is done only under this condition on what is there (RFC 9110, section 13)",
    }
    for name in CONDITIONS
)
"""The conditions in the OpenAPI document of whatever evaluates them."""
CACHE_BUSTER = "_"
"""A word that scripts of the older systems' pages put into addresses, so that no cache answers them."""
OVERRIDE = "X-HTTP-Method-Override"


class ConditionRefused(IllegalOperation):
    """The request holds only under a condition that nothing evaluates here."""

    status = 412


class UnknownCoding(InvalidRequest):
    """The body comes in a coding that is not decoded here."""

    status = 415
    accepted_coding = "identity"


def guard_requests(app: Flask) -> None:
    """Look at every request for one of the server's own views before it is carried out."""

    @app.before_request
    def check() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if view is None or not _is_own(view) or request.method == "OPTIONS":
            return
        words = query_words(view)
        if words is not None:
            refuse_query(request, words, unless=CACHE_BUSTER)
        if request.method in WRITING:
            check_headers(request, evaluated_headers(view))
        if request.method == "DELETE":
            refuse_body(request)


def _is_own(view: Callable[..., Any]) -> bool:
    return str(getattr(view, "__module__", "")).startswith("longshore.")


def check_headers(asked: Request, evaluated: frozenset[str] = frozenset()) -> None:
    """Refuse what a writing request says in headers that nothing acts on.

    :param evaluated: headers that the view acts on itself, in lower case.
    :raises LongshoreError: 412 for a condition (RFC 9110, section 13), 400 for a part of a file (section 14.5), 415 for
        a coding of the body (section 8.4).
    """
    for header, refusal in _REFUSALS.items():
        if header in asked.headers and header.casefold() not in evaluated and (error := refusal(asked, header)):
            raise error


def condition_of(asked: Request) -> Condition:
    """The request's conditions (RFC 9110, section 13.1), for one that changes something.

    :return: tells of the validator and the time of change (seconds since 1970) of what is there, both None when
        nothing is, whether it may be changed.
    :raises InvalidRequest: for a date that is none: the RFC has it ignored, and the write done.
    """
    required: Any = asked.if_match if "If-Match" in asked.headers else None
    excluded: Any = asked.if_none_match if "If-None-Match" in asked.headers else None
    since = asked.if_unmodified_since
    if since is None and "If-Unmodified-Since" in asked.headers:
        raise InvalidRequest("If-Unmodified-Since: give a date such as Sun, 06 Nov 1994 08:49:37 GMT")

    def allowed(etag: str | None, modified: float | None) -> bool:
        if required is not None:
            # The exacter one of both is the only one that counts.
            if etag is None or not required.contains(etag):
                return False
        elif since is not None and (modified is None or int(modified) > since.timestamp()):
            return False
        return excluded is None or etag is None or not excluded.contains_weak(etag)

    return allowed


def _refuse_condition(asked: Request, header: str) -> LongshoreError:
    return ConditionRefused(
        f"{header}: no condition is evaluated at this address, so nothing was done; leave it out"
        + ("" if header == "If-Unmodified-Since" else ", or name the version of a table with ifVersion")
    )


def _refuse_part(asked: Request, header: str) -> LongshoreError:
    return InvalidRequest(
        f"{header}: a file is replaced as a whole, so nothing was written; send all of it, or in pieces to /tus/"
    )


def _refuse_coding(asked: Request, header: str) -> LongshoreError | None:
    coding = asked.headers[header].strip()
    if coding.casefold() in ("", "identity"):
        return None
    return UnknownCoding(
        f"{header}: {shorten(coding, 40)!r} is not decoded here; send the body as it is (a file may be a .gz by itself)"
    )


def _refuse_key(asked: Request, header: str) -> LongshoreError | None:
    # What PUT and DELETE do is the same done twice.
    if asked.method not in ("POST", "PATCH"):
        return None
    return InvalidRequest(f"{header}: no request is known by a key at this address, so nothing was done; leave it out")


def _refuse_digest(asked: Request, header: str) -> LongshoreError:
    return InvalidRequest(f"{header}: no sum is compared at this address, so nothing was done; leave it out")


def _refuse_override(asked: Request, header: str) -> LongshoreError | None:
    if asked.headers[header].strip().upper() == asked.method:
        return None
    return InvalidRequest(f"{header}: the method is not overridden at this address; send {asked.method} as what it is")


_REFUSALS: dict[str, Callable[[Request, str], LongshoreError | None]] = {
    "Content-Range": _refuse_part,
    **dict.fromkeys(CONDITIONS, _refuse_condition),
    "Content-Encoding": _refuse_coding,
    KEY_HEADER: _refuse_key,
    OVERRIDE: _refuse_override,
    **dict.fromkeys(DIGESTS, _refuse_digest),
}
