"""Which pages' requests count: a browser sends whatever any page tells it to, with the user's rights.

Two dangers, besides forged requests with a cookie: a page of a foreign site writes to a server that is open on this
machine; and a page whose name its owner points at 127.0.0.1 (DNS rebinding) reads from it as if from its own server.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from longshore.access.policy import is_loopback
from longshore.access.scopes import SAFE_METHODS
from longshore.access.tokens import tokens_are_on
from longshore.errors import Forbidden, shorten
from longshore.settings import Settings

_PORTS = {"http": ":80", "https": ":443"}
CALLBACK = "callback"


class Hosts:
    """The names by which this server may be called.

    :ivar limited: whether any other name is refused: when names were chosen, and on a server open on loopback.
    """

    def __init__(self, settings: Settings) -> None:
        self._patterns = tuple(name.lower() for name in settings.allowed_hosts)
        is_open_here = not tokens_are_on(settings) and is_loopback(settings.bind_interface)
        self._allows = lru_cache(maxsize=256)(self._is_allowed)
        self.limited = "*" not in self._patterns and bool(self._patterns or is_open_here)

    def check(self, environ: dict[str, Any]) -> None:
        """See that the request was meant for this server.

        :raises Forbidden: for another name in ``Host``; a request without one is from no browser.
        """
        host = environ.get("HTTP_HOST")
        if self.limited and host and not self._allows(host):
            raise Forbidden(
                f"this server does not go by the name {shorten(_name(host))!r}; ALLOWED_HOSTS lists the names it"
                " answers to, besides those of this machine itself"
            )

    def _is_allowed(self, host: str) -> bool:
        name = _name(host)
        return is_loopback(name) or any(fnmatchcase(name, pattern) for pattern in self._patterns)


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

    def check_script(self, environ: dict[str, Any]) -> None:
        """See that no foreign page reads data as a script (JSONP), which browsers let through.

        :raises Forbidden: when one does.
        """
        if environ.get("HTTP_SEC_FETCH_SITE") not in ("cross-site", "same-site"):
            return
        if environ.get("HTTP_SEC_FETCH_MODE") == "navigate" or CALLBACK not in environ.get("QUERY_STRING", ""):
            return
        page = urlsplit(environ.get("HTTP_REFERER", ""))
        if CALLBACK in parse_qs(environ["QUERY_STRING"]) and f"{page.scheme}://{page.netloc}" not in self._allowed:
            raise _foreign(page.netloc or "another site")


def _foreign(origin: str) -> Forbidden:
    return Forbidden(
        f"a page of {shorten(origin)!r} may not do this here; CORS_ORIGINS lists the origins whose pages may"
    )


def _name(host: str) -> str:
    """``Host`` without its port."""
    host = host.strip().lower()
    return host.partition("]")[0][1:] if host.startswith("[") else host.partition(":")[0].rstrip(".")


def _plain(place: str, *schemes: str) -> str:
    """Host and port in one spelling: without the port that the scheme has anyway."""
    place = place.strip().lower()
    for scheme in schemes:
        place = place.removesuffix(_PORTS.get(scheme, "//"))
    return place
