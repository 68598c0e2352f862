"""Which pages' requests count: a browser sends whatever any page tells it to, with the user's rights.

Two dangers, besides forged requests with a cookie: a page of a foreign site writes to a server that is open on this
machine; and a page whose name its owner points at 127.0.0.1 (DNS rebinding) reads from it as if from its own server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from longshore.access.bind_policy import is_loopback
from longshore.access.scopes import SAFE_METHODS
from longshore.access.tokens import tokens_are_on
from longshore.errors import Forbidden, InvalidRequest, shorten
from longshore.settings import Settings

_PORTS = {"http": ":80", "https": ":443"}
CALLBACK = "callback"
_HOST = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>(?:[\w\-.~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+))(?::\d{0,5})?", re.ASCII
)
_READS_NOTHING = frozenset({"navigate", "nested-navigate", "cors", "same-origin", "websocket"})
"""Modes (Fetch standard) in which a foreign page gets to see nothing of an answer, or only by CORS."""


class Hosts:
    """The names by which this server may be called.

    :ivar limited: whether any other name is refused: when names were chosen, and on a server that asks nobody.
    """

    def __init__(self, settings: Settings) -> None:
        # The address that it listens on is its own; the one for all of them is nobody's.
        bound = settings.bind_interface.lower()
        self._patterns = tuple(name.lower() for name in settings.allowed_hosts)
        self._own = {_unbracketed(bound), *(_unbracketed(name) for name in self._patterns)}
        self._name_of = lru_cache(maxsize=256)(parse_host)
        self.limited = "*" not in self._patterns and (bool(self._patterns) or not tokens_are_on(settings))

    def check(self, environ: dict[str, Any]) -> None:
        """See that the request was meant for this server.

        :raises InvalidRequest: for what is no name at all in ``Host`` (RFC 9112, section 3.2).
        :raises Forbidden: for another name in ``Host``; a request without one is from no browser.
        """
        host = environ.get("HTTP_HOST")
        if not host:
            return
        name = self._name_of(host)
        if name is None:
            raise InvalidRequest("Host: this is no name or address with, perhaps, a port")
        if self.limited and not self._is_allowed(name):
            raise Forbidden(
                f"this server does not go by the name {shorten(name)!r}; ALLOWED_HOSTS lists the names it"
                " answers to, besides those of this machine itself"
            )

    def _is_allowed(self, name: str) -> bool:
        return is_loopback(name) or name in self._own or any(fnmatchcase(name, each) for each in self._patterns)


class Origins:
    """Tells requests that pages of other sites caused from all others.

    :param allowed: origins whose pages may use this server.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def allows(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Whether a page of ``origin`` may use this server: one of its own, or a listed one; None is no page."""
        if origin is None:
            return False
        if origin in self._allowed:
            return True
        scheme, _, place = origin.partition("://")
        # Not the scheme: a proxy that nobody told us to trust may have ended TLS before us.
        return bool(place) and _plain(place, scheme) == _plain(
            environ.get("HTTP_HOST", ""), environ["wsgi.url_scheme"], scheme
        )

    def check_change(self, environ: dict[str, Any], *, by_cookie: bool) -> None:
        """See that no foreign page sends this change, or opens this socket.

        :param by_cookie: the browser added the proof of who asks by itself; then the request has to show that one of
            our own pages caused it. Others, such as curl, say nothing about a page and are believed.
        :raises Forbidden: when a foreign page is behind it.
        """
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            if not self.allows(origin, environ):
                raise _foreign(origin)
            return
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site not in (None, "same-origin", "none"):
            raise _foreign(site)
        if by_cookie and site is None and environ["REQUEST_METHOD"] not in SAFE_METHODS:
            raise Forbidden("a change by a browser's login has to say which page sends it, in Origin; use a token else")

    def check_embedding(self, environ: dict[str, Any], *, is_public: bool) -> None:
        """See that no foreign page embeds an answer: browsers run it as a script (JSONP) or show it, asking nobody.

        What a browser says of itself decides. To a server without TLS it says nothing but, perhaps, the page; what then
        gets through carries :data:`~longshore.access.headers.CORP`, by which the browser keeps it from that page.

        :param is_public: whether the answer is for everybody, so that only a script of somebody's choice is a danger.
        :raises Forbidden: when a foreign page does.
        """
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site in ("same-origin", "none") or environ.get("HTTP_SEC_FETCH_MODE") in _READS_NOTHING:
            return
        page = _page_of(environ)
        if site is None and (page is None or self.allows(page, environ)):
            return
        if self.lists_page(environ) or ((is_public or site is None) and CALLBACK not in Request(environ).args):
            return
        raise _foreign(page or "another site")

    def lists_page(self, environ: dict[str, Any]) -> bool:
        """Whether the page that caused a request, as ``Referer`` names it, is of a listed origin.

        A page can keep that header back, but not have another's name in it.
        """
        return _page_of(environ) in self._allowed


def _foreign(origin: str) -> Forbidden:
    return Forbidden(
        f"a page of {shorten(origin)!r} may not do this here; CORS_ORIGINS lists the origins whose pages may"
    )


def _page_of(environ: dict[str, Any]) -> str | None:
    """The origin of the page that a request's ``Referer`` names; None without one."""
    try:
        page = urlsplit(environ.get("HTTP_REFERER", ""))
    except ValueError:
        return "null"
    return f"{page.scheme}://{page.netloc}" if page.netloc else None


def parse_host(host: str) -> str | None:
    """The name or address in ``Host`` in lower case, without brackets, port and the dot at its end; None for others.

    Source: RFC 3986, section 3.2.2, without the addresses of versions to come.

    >>> parse_host("Data.example:80"), parse_host("[::1]:5000"), parse_host("[::1].evil.example")
    ('data.example', '::1', None)
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    if found["address"] is None:
        return found["name"].lower().rstrip(".") or None
    try:
        return str(IPv6Address(found["address"]))
    except ValueError:
        return None


def _unbracketed(name: str) -> str:
    """An allowed name as :func:`parse_host` would have it."""
    return parse_host(f"[{name}]") or parse_host(name) or name


def _plain(place: str, *schemes: str) -> str:
    """Host and port in one spelling: without the port that the scheme has anyway."""
    place = place.strip().lower()
    for scheme in schemes:
        place = place.removesuffix(_PORTS.get(scheme, "//"))
    return place
