"""The routes that tell whether the server is well, and the headers that tell who answered."""

from __future__ import annotations

import socket
from typing import Any

from flask import Blueprint, Response, jsonify, request

from longshore.access.callers import current_caller
from longshore.access.gate import UNKNOWN_HOST
from longshore.access.scopes import Scope, requires
from longshore.handlers.local_events import user_token
from longshore.monitoring.health import checks
from longshore.monitoring.progress import ProgressWatch
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.web.jsonp import CALLBACK, json_response, require_callback
from longshore.web.route_marks import takes_any_query

STARTING = "X-Longshore-Starting"
"""Header of the supervisor's own question."""
HOSTNAME = socket.gethostname()


class DeliberateError(RuntimeError):
    """What GET /diagnostic/fail raises, to show how errors look."""


def diagnostics_blueprint(settings: Settings, progress: ProgressWatch | None = None) -> Blueprint:
    """``/diagnostic``, ``/healthz``, ``/readyz``, ``/diagnostic/echo``, ``/diagnostic/fail``."""
    blueprint = Blueprint("diagnostics", __name__)

    def judge(failed_status: int) -> tuple[Response, int]:
        # A server that starts is ready to serve, even if something waits for a worker that is elsewhere, or nowhere.
        without = {"queues"} if STARTING in request.headers else ()
        findings = checks(settings, without=without, progress=progress)
        failed = [name for name, finding in findings.items() if not finding["ok"]]
        body: dict[str, Any] = {"message": "ok", "version": app_version(), "uid": user_token(settings)}
        if _tells_details():
            reasons = "; ".join(f"{name}: {findings[name]['detail']}" for name in failed)
            body |= {"message": reasons or "ok", "checks": findings}
        elif failed:
            body["message"] = "something is wrong; a token with the scope admin is told what"
        response = jsonify(body)
        response.headers["Cache-Control"] = "no-store"
        return response, failed_status if failed else 200

    @blueprint.get("/diagnostic")
    @requires(Scope.PUBLIC)  # load balancers ask
    def diagnose() -> tuple[Response, int]:
        """Whether the server is well: 200, or 500 with what is not; details are for admins."""
        return judge(500)

    @blueprint.get("/readyz")
    @takes_any_query
    @requires(Scope.PUBLIC)
    def tell_ready() -> tuple[Response, int]:
        """Whether the server can serve, for balancers: as ``/diagnostic``, but 503 with what is not."""
        return judge(503)

    @blueprint.get("/healthz")
    @takes_any_query
    @requires(Scope.PUBLIC)
    def tell_alive() -> Response:
        """That this process lives, whatever became of everything else."""
        response = jsonify(message="ok")
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.route("/diagnostic/echo", methods=["GET", "POST"])
    @takes_any_query
    @requires(Scope.READ)
    def echo_parameters() -> Response:
        """The request's parameters; with a callback JSONP."""
        return json_response(read_parameters(), callback=require_callback(request))

    @blueprint.get("/diagnostic/fail")
    def fail() -> Response:
        """Always fails, to show how errors look."""
        raise DeliberateError("asked for by GET /diagnostic/fail")

    return blueprint


@takes_any_query
@requires(Scope.PUBLIC)
def hello() -> str:
    """A greeting."""
    return "World!"


@takes_any_query
@requires(Scope.READ)
def echo_headers() -> Response:
    """The request's headers."""
    return jsonify(dict(request.headers))


DEMONSTRATIONS = (("/hello", ("GET",), hello), ("/echo", ("GET", "POST"), echo_headers))
"""Addresses that a deployer's first handler is called by, too: each gives way to one."""


def _tells_details() -> bool:
    caller = current_caller()
    return (caller is None or caller.scope is Scope.ADMIN) and UNKNOWN_HOST not in request.environ


def read_parameters() -> dict[str, Any]:
    """The parameters of the request's address and form, one value unwrapped, several as a list; not the callback."""
    values = request.values.to_dict(flat=False)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items() if name != CALLBACK}


def stamp_response(response: Response) -> Response:
    """Say which machine and which version answered; for ``app.after_request``."""
    response.headers.update(stamps())
    return response


def stamps() -> tuple[tuple[str, str], ...]:
    """The headers that say which machine and which version answered."""
    return ("X-HOSTNAME", HOSTNAME), ("X-APP-VERSION", app_version())
