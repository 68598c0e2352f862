"""The routes that tell whether the server is well, and the headers that tell who answered."""

from __future__ import annotations

import socket
from typing import Any

from flask import Blueprint, Response, jsonify, request

from longshore.access.callers import current_caller
from longshore.access.scopes import Scope, requires
from longshore.events import user_token
from longshore.server.diagnostics import checks
from longshore.server.version import app_version
from longshore.settings import Settings

HOSTNAME = socket.gethostname()


class DeliberateError(RuntimeError):
    """What GET /diagnostic/fail raises, to show how errors look."""


def diagnostics_blueprint(settings: Settings) -> Blueprint:
    """``/diagnostic``, ``/diagnostic/echo``, ``/diagnostic/fail``, ``/hello`` and ``/echo``."""
    blueprint = Blueprint("diagnostics", __name__)

    @blueprint.get("/diagnostic")
    @requires(Scope.PUBLIC)  # load balancers ask
    def diagnose() -> tuple[Response, int]:
        """Whether the server is well: 200, or 500 with what is not; details are for admins."""
        findings = checks(settings)
        failed = [name for name, finding in findings.items() if not finding["ok"]]
        body: dict[str, Any] = {"message": "ok", "version": app_version(), "uid": user_token(settings)}
        if _tells_details():
            reasons = "; ".join(f"{name}: {findings[name]['detail']}" for name in failed)
            body |= {"message": reasons or "ok", "checks": findings}
        elif failed:
            body["message"] = "something is wrong; a token with the scope admin is told what"
        response = jsonify(body)
        response.headers["Cache-Control"] = "no-store"
        return response, 500 if failed else 200

    @blueprint.route("/diagnostic/echo", methods=["GET", "POST"])
    @requires(Scope.READ)
    def echo_parameters() -> Response:
        """The request's parameters."""
        return jsonify(read_parameters())

    @blueprint.get("/diagnostic/fail")
    def fail() -> Response:
        """Always fails, to show how errors look."""
        raise DeliberateError("asked for by GET /diagnostic/fail")

    @blueprint.get("/hello")
    @requires(Scope.PUBLIC)
    def hello() -> str:
        """A greeting."""
        return "World!"

    @blueprint.route("/echo", methods=["GET", "POST"])
    @requires(Scope.READ)
    def echo_headers() -> Response:
        """The request's headers."""
        return jsonify(dict(request.headers))

    return blueprint


def _tells_details() -> bool:
    caller = current_caller()
    return caller is None or caller.scope is Scope.ADMIN


def read_parameters() -> dict[str, Any]:
    """The parameters of the request's address and form, one value unwrapped, several as a list."""
    values = request.values.to_dict(flat=False)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def stamp_response(response: Response) -> Response:
    """Say which machine and which version answered; for ``app.after_request``."""
    response.headers.update(stamps())
    return response


def stamps() -> tuple[tuple[str, str], ...]:
    """The headers that say which machine and which version answered."""
    return ("X-HOSTNAME", HOSTNAME), ("X-APP-VERSION", app_version())
