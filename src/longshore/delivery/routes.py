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

from flask import Blueprint, Response, jsonify, render_template, request

from longshore.access.scopes import Scope, embeddable, requires
from longshore.delivery.links import ADDRESS, Links
from longshore.delivery.offered import Offered
from longshore.errors import InvalidRequest, LongshoreError, refuse_unknown, shorten
from longshore.web.api import error_response
from longshore.web.byte_ranges import RangeNotSatisfiable
from longshore.web.route_marks import takes_any_query, takes_query

TRUE = frozenset({"true", "True", "1", "yes"})
ASKED = ("name", "download", "one_time", "expires_in")
"""What a request for an address may say, in its own address or in a form."""
OTHER_METHODS = ["PUT", "PATCH", "DELETE"]


class ParameterMissing(InvalidRequest):
    """A parameter that the address cannot do without is absent."""

    status = 422


class MethodNotAllowed(InvalidRequest):
    """The address does not take this method."""

    status = 405

    def __init__(self, method: str, *allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not possible here; use {' or '.join(allowed)}")


def delivery_routes(links: Links, offered: Offered) -> Blueprint:
    """The contract's addresses, with the error shape of the older service beside ours."""
    routes = Blueprint("delivery", __name__)
    routes.register_error_handler(LongshoreError, _told)

    @routes.get("/file")
    @takes_query("name")
    def describe_file() -> Response:
        """Metadata of a file on offer, without loading it."""
        described = offered.describe(_require("name"))
        described["etag"] = hashlib.sha256(described["etag"].encode()).hexdigest()[:32]
        return jsonify(described)

    @routes.post("/file")
    @takes_query(*ASKED)
    def make_address() -> Response:
        """An address of its own for a file on offer, as it is now."""
        refuse_unknown(request.form, ASKED)
        path = offered.require(_require("name"))
        once = request.values.get("one_time", "true") in TRUE
        address = links.register(path, download=_wants_download(), one_time_service=once, expires_in=_seconds())
        return jsonify(addr=address)

    @routes.get(ADDRESS)
    @takes_query("uid", "download")
    @requires(Scope.PUBLIC)  # the address is the secret: links are for people without a token
    @embeddable
    def take_file() -> Response:
        """The file behind an address; a one-time address is used up once all of it was delivered."""
        return links.open(_require("uid"), request, download=_wants_download())

    @routes.route("/file", methods=OTHER_METHODS)
    @takes_any_query
    def no_such_method_on_file() -> Response:
        """Refused: files on offer are read, or given an address."""
        raise MethodNotAllowed(request.method, "GET", "POST")

    @routes.route(ADDRESS, methods=[*OTHER_METHODS, "POST"])
    @takes_any_query
    def no_such_method_on_link() -> Response:
        """Refused: an address is only for fetching."""
        raise MethodNotAllowed(request.method, "GET")

    return routes


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
