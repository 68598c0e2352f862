"""The addresses of files on offer and of links.

::

    GET  /file?name=KEY                        one file's metadata
    POST /file?name=KEY[&download=true]        an address of its own for it
             [&one_time=false][&expires_in=SECONDS]
    GET  /cached-file?uid=UID[&download=true]  the bytes, once
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, jsonify, render_template, request
from pydantic import Field, SkipValidation

from longshore.access.scopes import Scope, embeddable, requires
from longshore.delivery.links import ADDRESS, Links
from longshore.delivery.offered import Offered
from longshore.errors import InvalidRequest, LongshoreError, refuse_unknown, shorten
from longshore.web.answer import Answer
from longshore.web.api import FORMS, Api, ErrorAnswer, Query, error_response, sends
from longshore.web.byte_ranges import RangeNotSatisfiable
from longshore.web.route_marks import takes_any_query

TRUE = frozenset({"true", "True", "1", "yes"})
ASKED = ("name", "download", "one_time", "expires_in")
"""What a request for an address may say, in its own address or in a form."""
OTHER_METHODS = ["PUT", "PATCH", "DELETE"]


TAG = "Files"
BYTES = "application/octet-stream"


class DeliveryFailed(ErrorAnswer):
    """A failure as the older service's clients read it, too."""

    code: int = Field(description="the status")
    message: str = Field(description="the sentence once more")


class NamedFile(Query):
    """Which of the files on offer."""

    name: str = Field(description="as the start page lists it")


class WantedAddress(NamedFile):
    """An address for a file on offer; each word may stand in the form, too."""

    download: str | None = Field(None, description="true: a browser saves the file")
    one_time: str | None = Field(None, description="false: until it expires; by default it is used up once")
    expires_in: str | None = Field(None, description="seconds; default: LINK_TTL of the server")


class TakenFile(Query):
    """Which address."""

    uid: str = Field(description="the secret in the address")
    download: str | None = Field(None, description="true: a browser saves the file")


class OfferedFile(Answer):
    """A file on offer."""

    name: str
    path: str = Field(description="as it was asked for")
    content_type: str
    mime_type: str = Field(description="the same without its parameters")
    size: int
    modified: SkipValidation[float] = Field(description="seconds since 1970")
    etag: str


class LinkAddress(Answer):
    """Where a file can be fetched."""

    addr: str = Field(description="address on this server, beginning with a slash")


class ParameterMissing(InvalidRequest):
    """A parameter that the address cannot do without is absent."""

    status = 422


class MethodNotAllowed(InvalidRequest):
    """The address does not take this method."""

    status = 405

    def __init__(self, method: str, *allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not possible here; use {' or '.join(allowed)}")


def declare_delivery(api: Api, links: Links, offered: Offered) -> None:
    """Put the contract's addresses on the list, with the error shape of the older service beside ours."""
    routes = api.group("delivery", __name__, failure=DeliveryFailed)
    routes.blueprint.register_error_handler(LongshoreError, _told)

    @routes.endpoint("GET", "/file", tag=TAG, query=NamedFile, answer=OfferedFile, reads_itself=True)
    def describe_file() -> OfferedFile:
        """Metadata of a file on offer, without loading it."""
        described = offered.describe(_require("name"))
        described["etag"] = hashlib.sha256(described["etag"].encode()).hexdigest()[:32]
        return OfferedFile(**described)

    @routes.endpoint(
        "POST",
        "/file",
        tag=TAG,
        query=WantedAddress,
        body=WantedAddress,
        body_required=False,
        body_kinds=FORMS,
        answer=LinkAddress,
        reads_itself=True,
    )
    def make_address() -> LinkAddress:
        """An address of its own for a file on offer, as it is now."""
        refuse_unknown(request.form, ASKED)
        path = offered.require(_require("name"))
        once = request.values.get("one_time", "true") in TRUE
        address = links.register(path, download=_wants_download(), one_time_service=once, expires_in=_seconds())
        return LinkAddress(addr=address)

    @routes.endpoint("GET", ADDRESS, tag=TAG, query=TakenFile, raw=sends(BYTES), reads_itself=True)
    @requires(Scope.PUBLIC)  # the address is the secret: links are for people without a token
    @embeddable
    def take_file() -> Response:
        """The file behind an address; a one-time address is used up once all of it was delivered."""
        return links.open(_require("uid"), request, download=_wants_download())

    @routes.blueprint.route("/file", methods=OTHER_METHODS)
    @takes_any_query
    def no_such_method_on_file() -> Response:
        """Refused: files on offer are read, or given an address."""
        raise MethodNotAllowed(request.method, "GET", "POST")

    @routes.blueprint.route(ADDRESS, methods=[*OTHER_METHODS, "POST"])
    @takes_any_query
    def no_such_method_on_link() -> Response:
        """Refused: an address is only for fetching."""
        raise MethodNotAllowed(request.method, "GET")


def failed(error: LongshoreError) -> Response:
    """An error in both shapes: this server's, and ``code`` and ``message`` as the older service's clients read them."""
    response = error_response(error)
    body: dict[str, Any] = response.get_json()
    response.set_data(jsonify({"code": error.status, "message": error.description, **body}).get_data())
    if isinstance(error, RangeNotSatisfiable):
        response.headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(("HEAD", "OPTIONS", *error.allowed))
    return response


def refused(error: LongshoreError) -> Response:
    """As :func:`failed`, but a page for a browser."""
    response = failed(error)
    if request.accept_mimetypes.best == "text/html":
        response.set_data(render_template("refused.html", error=error))
        response.content_type = "text/html; charset=utf-8"
    return response


def _told(error: LongshoreError) -> Response:
    """Links are opened by people, too: who follows one that is used up gets a page that says so."""
    return refused(error) if request.path == ADDRESS else failed(error)


def _require(name: str) -> str:
    """A parameter of the address or the form.

    :raises ParameterMissing: when it is absent or empty.
    """
    value = request.values.get(name, "")
    if not value:
        raise ParameterMissing(f"say which file with ?{name}=...")
    return value


def _seconds() -> float | None:
    """For how long the address is to live; None: as long as all do. Raises InvalidRequest for what is no number."""
    text = request.values.get("expires_in", "")
    try:
        return float(text) if text else None
    except ValueError:
        raise InvalidRequest(f"expires_in: give a number of seconds, not {shorten(text)!r}") from None


def _wants_download() -> bool:
    return request.values.get("download", "") in TRUE
