"""The gate: a WSGI application around everything that the web process serves.

Each request goes through in this order: what proxies say, the name of the server, who asks, whether a foreign page is
behind it, whether the caller may; then the application; then headers on the answer and a line in the audit log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from longshore.access.audit import AuditLog, outcome_of
from longshore.access.callers import KEY, Caller, acting
from longshore.access.headers import ALWAYS, CSP, DEPLOYERS_POLICY, own_policy
from longshore.access.identifying import Identities, require_scope
from longshore.access.origins import Hosts, Origins
from longshore.access.proxies import Proxies
from longshore.access.scopes import SAFE_METHODS, Scope, needed_scope
from longshore.access.throttling import Rates
from longshore.errors import Forbidden, LongshoreError, TooManyRequests, Unauthorized
from longshore.settings import Settings

LOGIN = "/login"
DRAIN_SECONDS = 10.0
_CHUNK_BYTES = 2**20

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True)
class Need:
    """What a request needs.

    :param route: as it is declared, such as ``/store/<name>``; the path itself where there is no route.
    """

    scope: Scope
    route: str


class Access:
    """The parts that decide, shared by gate, sockets and pages.

    :raises SettingsError: when tokens or the audit log cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.audit = AuditLog(settings.audit_log)
        self.identities = Identities(settings, self.audit)
        self.proxies = Proxies(settings.trusted_proxies)
        self.hosts = Hosts(settings)
        self.origins = Origins(settings.cors_origins)
        self.rates = Rates(settings)

    @property
    def is_open(self) -> bool:
        """Whether nobody needs a token."""
        return self.identities.book is None


class Gate:
    """The WSGI application.

    :param application: everything behind it.
    :param app: the Flask application in it, whose routes say what they need.
    :param sockets: path of Socket.IO, whose callers are asked for their scope when they connect and with each event.
    :param mounts: prefixes of applications that are not Flask's, whose rates nobody else counts.
    :param headers: further headers of every answer.
    :param page: makes an HTML page of an error.
    """

    def __init__(
        self,
        application: Any,
        access: Access,
        app: Flask,
        *,
        sockets: str,
        mounts: Iterable[str] = (),
        headers: Iterable[tuple[str, str]] = (),
        page: Callable[[LongshoreError], str],
    ) -> None:
        self.application = application
        self.access = access
        self.app = app
        self._sockets = f"/{sockets.strip('/')}"
        self._uncounted = (self._sockets, *mounts)
        # What is behind a token is for whoever showed it, not for a cache on the way.
        private = () if access.is_open else (("Cache-Control", "private, no-cache"),)
        chosen = (*ALWAYS, *headers, (CSP, DEPLOYERS_POLICY), *private)
        self._headers = tuple((name.lower(), (name, value)) for name, value in chosen)
        self._page = page

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        caller = Caller(None, Scope.PUBLIC, environ.get("REMOTE_ADDR", ""), via="nobody")
        try:
            caller = self._recognise(environ)
            need = self._require(environ, caller)
        except LongshoreError as error:
            _drain(environ)
            answer: Any = self._refusal(environ, error)
            respond = self._stamping(environ, start_response, caller, _attempt(environ, caller, error))
            return answer(environ, respond)  # type: ignore[no-any-return]
        environ[KEY] = caller
        respond = self._stamping(environ, start_response, caller, need)
        with acting(caller):
            return self.application(environ, respond)  # type: ignore[no-any-return]

    # -- before

    def _recognise(self, environ: Environ) -> Caller:
        from_proxy = self.access.proxies.resolve(environ)
        self.access.hosts.check(environ)
        return self.access.identities.identify(environ, from_proxy=from_proxy)

    def _require(self, environ: Environ, caller: Caller) -> Need | None:
        """See that the request may go on; what it needs, where that was looked up."""
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        is_socket = _below(path, self._sockets)
        is_change = method not in SAFE_METHODS and method != "OPTIONS"
        need = None
        if not is_socket and (is_change or caller.scope < Scope.ADMIN):
            need = self._need(environ)
            require_scope(caller, need.scope)
        if caller.via != "bearer":
            if is_change or is_socket:
                self.access.origins.check_change(environ, by_cookie=caller.via == "cookie" and not is_socket)
            self.access.origins.check_script(environ)
        if any(_below(path, prefix) for prefix in self._uncounted):
            self.access.rates.spend(caller.rate_key)
        return need if is_change else None

    def _need(self, environ: Environ) -> Need:
        try:
            rule, _ = self.app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:  # no route: a mounted application's address, or nothing at all
            return Need(needed_scope(None, environ["REQUEST_METHOD"]), environ.get("PATH_INFO", ""))
        view = self.app.view_functions.get(rule.endpoint)
        return Need(needed_scope(view, environ["REQUEST_METHOD"]), rule.rule)

    # -- after

    def _stamping(
        self, environ: Environ, start_response: StartResponse, caller: Caller, need: Need | None
    ) -> StartResponse:
        """``start_response`` that adds what every answer has, and writes the audit line of a change."""

        def respond(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers = [*headers, *(pair for name, pair in self._headers if name not in names)]
            if need is not None and need.scope is not Scope.READ:
                self._record(environ, caller, need, int(status[:3]))
            return start_response(status, headers, *exc_info)

        return respond

    def _record(self, environ: Environ, caller: Caller, need: Need, status: int) -> None:
        if status in (401, 429):
            return  # nobody knows whose it was, and there may be very many; wrong tokens are on record elsewhere
        query = environ.get("QUERY_STRING", "")
        about = environ.get("PATH_INFO", "") + (f"?{query}" if query else "")
        action = f"{environ['REQUEST_METHOD']} {need.route}"
        self.access.audit.write(caller, action, about, outcome_of(status), status=status)

    # -- refusing

    def _refusal(self, environ: Environ, error: LongshoreError) -> Response:
        path = environ.get("PATH_INFO", "")
        if _wants_page(environ):
            if isinstance(error, Unauthorized) and environ["REQUEST_METHOD"] in SAFE_METHODS:
                is_start = path in ("", "/") and not environ.get("QUERY_STRING")
                asked = "" if is_start else urlencode({"next": _address(environ)})
                response = Response(status=303, headers={"Location": f"{LOGIN}?{asked}" if asked else LOGIN})
            else:
                response = Response(self._page(error), status=error.status, mimetype="text/html")
        else:
            body = json.dumps({"success": False, **error.to_wire()})
            response = Response(body, status=error.status, mimetype="application/json")
        response.headers[CSP] = own_policy(environ.get("HTTP_HOST", ""))
        response.headers["Cache-Control"] = "no-store"
        add_error_headers(response, error)
        return response


def add_error_headers(response: Any, error: LongshoreError) -> None:
    """The headers that RFC 6750 and RFC 6585 want beside 401 and 429."""
    if isinstance(error, Unauthorized) and response.status_code == error.status:
        response.headers["WWW-Authenticate"] = 'Bearer realm="longshore"'
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)


def _attempt(environ: Environ, caller: Caller, error: LongshoreError) -> Need | None:
    """What goes on record of a request that came no further: a change that somebody known was not allowed."""
    if environ["REQUEST_METHOD"] in SAFE_METHODS or caller.via == "nobody" or not isinstance(error, Forbidden):
        return None
    return Need(Scope.WRITE, environ.get("PATH_INFO", ""))


def _wants_page(environ: Environ) -> bool:
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT", ""), MIMEAccept)
    return accepted.best_match(["application/json", "text/html"], default="application/json") == "text/html"


def _address(environ: Environ) -> str:
    query = environ.get("QUERY_STRING", "")
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
    return f"{path}?{query}" if query else path


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _drain(environ: Environ) -> None:
    """Read the body of a refused request, so that a client that is still sending gets to see the answer."""
    stream, deadline = environ.get("wsgi.input"), time.monotonic() + DRAIN_SECONDS
    if stream is None or not (environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")):
        return
    with suppress(Exception):  # it broke off: nobody waits for an answer
        while time.monotonic() < deadline and stream.read(_CHUNK_BYTES):
            continue
