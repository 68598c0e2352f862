"""What every answer has in common: how errors look, and which other origins may read it."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed

from longshore.access.gate import add_error_headers
from longshore.delivery import tus_routes
from longshore.delivery.routes import MethodNotAllowed as NotPossibleHere
from longshore.errors import Internal, LongshoreError, StorageFull, is_disk_full
from longshore.monitoring.health_routes import DeliberateError
from longshore.processes.own_log import put_back
from longshore.settings import Settings
from longshore.web.api import asks_for_json, error_response

logger = logging.getLogger(__name__)

CODES = {413: "TooLarge", 429: "TooManyRequests"}
"""Codes for what Flask itself refuses; InvalidRequest for the others."""

ASKED_HEADERS = ("Authorization", "Content-Type", "Range", "If-Match", "If-None-Match", "Idempotency-Key")
ANSWERED_HEADERS = (
    "Content-Disposition",
    "Location",
    "ETag",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)
"""What pages of the configured origins may send and read."""


def add_errors(app: Flask) -> None:
    """Answer errors in one shape: JSON with a code and a sentence, or a page where one is preferred."""

    @app.errorhandler(LongshoreError)
    def known(error: LongshoreError) -> Response:
        response = error_response(error)
        add_error_headers(response, error)
        return response

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = error.code or 500
        if request.accept_mimetypes.best == "text/html" and not request.path.startswith("/api/"):
            return error.get_response()  # type: ignore[return-value]
        response = jsonify(success=False, error=CODES.get(status, "InvalidRequest"), errorDescription=_describe(error))
        response.status_code = status
        if "Allow" in (headers := dict(error.get_headers())):
            response.headers["Allow"] = headers["Allow"]
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        if is_disk_full(error):
            # Whatever wrote it: to each part's own clients in the shape that they know.
            return app.handle_user_exception(StorageFull.now())
        internal = Internal()
        put_back()
        logger.error("request failed [%s]", internal.error_id, exc_info=error)
        shows_a_page = isinstance(error, DeliberateError) and not asks_for_json(request)
        if shows_a_page or request.accept_mimetypes.best == "text/html":
            return Response(render_template("error.html", error=internal), status=internal.status)
        return error_response(internal)


def _describe(error: HTTPException) -> str:
    """What Flask itself refuses, in a sentence that says what to do."""
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
        return str(NotPossibleHere(request.method, *allowed))
    if isinstance(error, BadRequest) and error.description == BadRequest.description and request.is_json:
        return "the body says that it is JSON, and is none"
    return error.description or error.name


def add_cors(app: Flask, settings: Settings) -> None:
    """Let pages of the configured origins read the answers; none are by default."""
    if not settings.cors_origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin in settings.cors_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
            response.headers["Access-Control-Allow-Headers"] = ", ".join((*ASKED_HEADERS, *tus_routes.HEADERS))
            response.headers["Access-Control-Expose-Headers"] = ", ".join(
                (*ANSWERED_HEADERS, *tus_routes.ANSWER_HEADERS)
            )
        response.vary.add("Origin")
        return response
