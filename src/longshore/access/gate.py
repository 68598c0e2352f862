"""The gate: a WSGI application around everything that the web process serves.

Each request goes through in this order: what proxies say, the name of the server, who asks, whether a foreign page is
behind it, whether the caller may; then the application; then headers on the answer and a line in the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from longshore.access.audit import AuditLog, outcome_of
from longshore.access.authentication import Identities, require_scope
from longshore.access.callers import KEY, Caller, acting
from longshore.access.headers import ALWAYS, CORP, CSP, DEPLOYERS_POLICY, own_policy
from longshore.access.origins import Hosts, Origins
from longshore.access.probes import PROBES
from longshore.access.proxies import Proxies
from longshore.access.scopes import SAFE_METHODS, Scope, is_embeddable, needed_scope
from longshore.access.throttling import Rates
from longshore.errors import RETRY_SECONDS, Forbidden, LongshoreError, TooManyRequests, Unauthorized
from longshore.settings import Settings

LOGIN = "/login"
SHOWN_STATUS = "longshore.shown_status"
"""Set in the environ by a view whose clients read another status than the true one, which is counted and on record."""
UNKNOWN_HOST = "longshore.unknown_host"
"""Set in the environ of a probe that called this server by a name that is not its own."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True)
class Need:
    """What a request needs.

    :param route: as it is declared, such as ``/store/<name>``; the path itself where there is no route.
    :param embeddable: whether pages of other sites may show the answer.
    """

    scope: Scope
    route: str
    embeddable: bool = False


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
    :param is_mounted: whether a request goes to an application of its own: no route says what it needs or counts it.
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
        is_mounted: Callable[[Environ], bool] | None = None,
        headers: Iterable[tuple[str, str]] = (),
        page: Callable[[LongshoreError], str],
    ) -> None:
        self.application = application
        self.access = access
        self.app = app
        # As Engine.IO tells its own addresses from the application's, which has the one without the slash at its end.
        self._sockets = f"/{sockets.strip('/')}/"
        self._is_mounted = is_mounted or (lambda environ: False)
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
            need = self._need(environ)
            self._require(environ, caller, need)
        except LongshoreError as error:
            answer: Any = self._refusal(environ, error)
            attempt = _attempt(environ, caller, error)
            respond = self._stamping(environ, start_response, caller, attempt, is_attempt=attempt is not None)
            return answer(environ, respond)  # type: ignore[no-any-return]
        environ[KEY] = caller
        respond = self._stamping(environ, start_response, caller, need)
        with acting(caller):
            return self.application(environ, respond)  # type: ignore[no-any-return]

    # -- before

    def _recognise(self, environ: Environ) -> Caller:
        from_proxy = self.access.proxies.resolve(environ)
        try:
            self.access.hosts.check(environ)
        except Forbidden:
            # Probes of an orchestrator call a server by whatever address it has there.
            if environ.get("PATH_INFO") not in PROBES:
                raise
            environ[UNKNOWN_HOST] = True
        return self.access.identities.identify(environ, from_proxy=from_proxy)

    def _require(self, environ: Environ, caller: Caller, need: Need | None) -> None:
        """See that the request may go on.

        :param need: None for a socket's.
        """
        method = environ["REQUEST_METHOD"]
        is_change = method not in SAFE_METHODS and method != "OPTIONS"
        if need is not None:
            require_scope(caller, need.scope)
        if caller.via != "bearer":
            if is_change or need is None:
                self.access.origins.check_change(environ, by_cookie=caller.via == "cookie" and need is not None)
            self.access.origins.check_embedding(environ, is_public=_is_public(need))
        if method != "OPTIONS" and (need is None or self._is_mounted(environ)):
            self.access.rates.spend(caller.rate_key)

    def _need(self, environ: Environ) -> Need | None:
        """What a request needs; None for a socket's, which is asked later."""
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path.startswith(self._sockets):
            return None
        elsewhere = Need(needed_scope(None, method), path)
        if self._is_mounted(environ):  # whatever a route that takes everything says: it is not asked
            return elsewhere
        try:
            rule, _ = self.app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:  # nothing at all
            return elsewhere
        view = self.app.view_functions.get(rule.endpoint)
        return Need(needed_scope(view, method), rule.rule, is_embeddable(view))

    # -- after

    def _stamping(
        self,
        environ: Environ,
        start_response: StartResponse,
        caller: Caller,
        need: Need | None,
        *,
        is_attempt: bool = False,
    ) -> StartResponse:
        """``start_response`` that adds what every answer has, and writes the audit line of a change.

        :param is_attempt: whether the request was refused in a way that goes on record, whatever its method.
        """
        is_change = environ["REQUEST_METHOD"] not in (*SAFE_METHODS, "OPTIONS")
        is_private = not self.access.is_open and not _is_public(need)
        embedding = () if need is not None and need.embeddable else self._embedding(environ)

        def respond(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers = [*headers, *(pair for name, pair in (*self._headers, *embedding) if name not in names)]
            if is_private:
                headers = [(name, _kept_private(name, value)) for name, value in headers]
            if need is not None and (is_attempt or (is_change and need.scope is not Scope.READ)):
                self._record(environ, caller, need, int(status[:3]))
            shown = environ.get(SHOWN_STATUS)
            return start_response(status if shown is None else f"{shown:d} {shown.phrase}", headers, *exc_info)

        return respond

    def _embedding(self, environ: Environ) -> tuple[tuple[str, tuple[str, str]], ...]:
        """The header that keeps browsers from handing an answer to foreign pages, but for those that are listed."""
        reach = "cross-origin" if self.access.origins.lists_page(environ) else "same-origin"
        return ((CORP.lower(), (CORP, reach)),)

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
    """The headers that RFC 6750, RFC 6585 and RFC 9110 want beside 401, 429 and 503."""
    if isinstance(error, Unauthorized) and response.status_code == error.status:
        response.headers["WWW-Authenticate"] = 'Bearer realm="longshore"'
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", str(RETRY_SECONDS))


def _attempt(environ: Environ, caller: Caller, error: LongshoreError) -> Need | None:
    """What goes on record of a request that came no further: what somebody known was not allowed.

    On a server that asks nobody, changes only: pages of other sites can make a browser read as often as they like.
    """
    if caller.via == "nobody" or not isinstance(error, Forbidden):
        return None
    if environ["REQUEST_METHOD"] in SAFE_METHODS and caller.token is None:
        return None
    return Need(Scope.WRITE, environ.get("PATH_INFO", ""))


def _kept_private(name: str, value: str) -> str:
    """A header's value; of ``Cache-Control`` that says nothing of caches for several people, one that keeps it out.

    A cookie does not do that by itself, as ``Authorization`` does (RFC 9111, section 3.5).
    """
    if name.lower() != "cache-control" or _WHOSE & {
        word.partition("=")[0].strip() for word in value.lower().split(",")
    }:
        return value
    return f"private, {value}"


_WHOSE = frozenset({"private", "public", "no-store", "s-maxage"})


def _is_public(need: Need | None) -> bool:
    return need is not None and (need.embeddable or need.scope is Scope.PUBLIC)


def _wants_page(environ: Environ) -> bool:
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT", ""), MIMEAccept)
    return accepted.best_match(["application/json", "text/html"], default="application/json") == "text/html"


def _address(environ: Environ) -> str:
    query = environ.get("QUERY_STRING", "")
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
    return f"{path}?{query}" if query else path
