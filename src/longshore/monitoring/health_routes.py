"""The routes that tell whether the server is well, and the headers that tell who answered."""

from __future__ import annotations

import socket
from typing import Any

from flask import Response, jsonify, request
from pydantic import Field, SkipValidation

from longshore.access.callers import current_caller
from longshore.access.gate import UNKNOWN_HOST
from longshore.access.scopes import Scope, requires
from longshore.handlers.local_events import user_token
from longshore.monitoring.health import checks
from longshore.monitoring.progress import ProgressWatch
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.web.answer import Answer
from longshore.web.api import FORMS, Api, answer_response, sends, takes_bodies
from longshore.web.jsonp import CALLBACK, json_response, require_callback
from longshore.web.route_marks import takes_any_query

STARTING = "X-Longshore-Starting"
"""Header of the supervisor's own question."""
HOSTNAME = socket.gethostname()


class DeliberateError(RuntimeError):
    """What GET /diagnostic/fail raises, to show how errors look."""


TAG = "Server"


class Finding(Answer):
    """What a check found."""

    ok: bool
    detail: str = Field(description="a sentence")
    seconds: SkipValidation[float] = Field(description="how long it took")


class Diagnosis(Answer):
    """Whether the server is well."""

    message: str = Field(description="`ok`, or what is not")
    version: str
    uid: str | None = Field(description="who the caller is taken for")
    checks: dict[str, Finding] = Field({}, description="for admins: what each check found")


class Alive(Answer):
    """This process lives."""

    message: str


def declare_diagnostics(api: Api, settings: Settings, progress: ProgressWatch | None = None) -> None:
    """Put ``/diagnostic``, ``/healthz``, ``/readyz``, ``/diagnostic/echo`` and ``/diagnostic/fail`` on the list."""
    routes = api.group("diagnostics", __name__)

    def judge(failed_status: int) -> Response:
        # A server that starts is ready to serve, even if something waits for a worker that is elsewhere, or nowhere.
        without = {"queues"} if STARTING in request.headers else ()
        findings = checks(settings, without=without, progress=progress)
        failed = [name for name, finding in findings.items() if not finding["ok"]]
        message = "something is wrong; a token with the scope admin is told what" if failed else "ok"
        details: dict[str, Any] = {}
        if _tells_details():
            message = "; ".join(f"{name}: {findings[name]['detail']}" for name in failed) or "ok"
            details = {"checks": findings}
        diagnosis = Diagnosis(message=message, version=app_version(), uid=user_token(settings), **details)
        response = answer_response(diagnosis, failed_status if failed else 200)
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.endpoint("GET", "/diagnostic", tag=TAG, answer=Diagnosis, reads_itself=True)
    @requires(Scope.PUBLIC)  # load balancers ask
    def diagnose() -> Response:
        """Whether the server is well: 200, or 500 with what is not; details are for admins."""
        return judge(500)

    @routes.endpoint("GET", "/readyz", tag=TAG, answer=Diagnosis, reads_itself=True, any_query=True)
    @requires(Scope.PUBLIC)
    def tell_ready() -> Response:
        """Whether the server can serve, for balancers: as ``/diagnostic``, but 503 with what is not."""
        return judge(503)

    @routes.endpoint("GET", "/healthz", tag=TAG, answer=Alive, reads_itself=True, any_query=True)
    @requires(Scope.PUBLIC)
    def tell_alive() -> Response:
        """That this process lives, whatever became of everything else."""
        response = answer_response(Alive(message="ok"))
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.endpoint(
        "GET", "/diagnostic/echo", tag=TAG, raw=sends("application/json"), reads_itself=True, any_query=True
    )
    def echo_parameters() -> Response:
        """The request's parameters; with a callback JSONP."""
        return json_response(read_parameters(), callback=require_callback(request))

    @routes.endpoint(
        "POST",
        "/diagnostic/echo",
        tag=TAG,
        raw=takes_bodies(*FORMS) | sends("application/json"),
        scope=Scope.READ,
        reads_itself=True,
        any_query=True,
    )
    def echo_posted_parameters() -> Response:
        """The parameters of the request's address and form; with a callback JSONP."""
        return json_response(read_parameters(), callback=require_callback(request))

    @routes.endpoint(
        "GET", "/diagnostic/fail", tag=TAG, raw=sends("text/html", status=500), status=500, reads_itself=True
    )
    def fail_deliberately() -> Response:
        """Always fails, to show how errors look."""
        raise DeliberateError("asked for by GET /diagnostic/fail")


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
