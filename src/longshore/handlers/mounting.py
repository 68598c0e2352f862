"""Whole WSGI applications under a prefix of this server: ``MOUNTS="/hms=hms_flask.flask_hms:app"``.

The application sees its prefix as ``SCRIPT_NAME``; its routes, errors and cookies stay its own.
"""

from __future__ import annotations

import inspect
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from longshore.errors import LoadError, SettingsError
from longshore.handlers.application import Application, RouteMap, easy
from longshore.handlers.loading import load_module
from longshore.processes.own_log import kept_log, put_back

log = logging.getLogger(__name__)

SOCKETS = "socket.io"
"""The first part of the addresses that never reach the routes: those of Socket.IO."""

_PREFIX = re.compile(r"(/[^/?#%\s]+)+")


@dataclass(frozen=True)
class Mount:
    """A WSGI application and where it is.

    An exception that it lets out is answered with a plain 500: neither does it end the server, nor does it look like
    one of the server's own errors.
    """

    prefix: str
    target: str
    application: Any

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request below the prefix."""
        try:
            answer: Iterable[bytes] = self.application(environ, start_response)
        except (Exception, SystemExit):
            put_back()
            log.exception("the application mounted at %s failed", self.prefix or "/")
            headers = [("Content-Type", "text/plain; charset=utf-8")]
            start_response("500 Internal Server Error", headers, sys.exc_info())
            return [b"Internal Server Error\n"]
        return answer


def load_mounts(pairs: Iterable[tuple[str, str]], routes: RouteMap, *, strict_json: bool = False) -> list[Mount]:
    """Import the applications to mount and check their prefixes.

    :param pairs: prefix and ``package.module:name``; the prefix of what takes all that nothing else takes is empty.
    :param routes: those of the server and of all handlers, which no mount may hide.
    :param strict_json: see :attr:`longshore.settings.Settings.strict_json`.
    :raises SettingsError: for a prefix that is malformed, mounted twice or taken by a route.
    :raises LoadError: for an application that cannot be imported, or is none.
    """
    mounts: dict[str, Mount] = {}
    for prefix, target in pairs:
        if prefix in mounts:
            raise SettingsError(f"MOUNTS has two applications at {prefix or '/'}: {mounts[prefix].target} and {target}")
        if prefix:
            require_free(prefix, routes)
        with kept_log():
            application = load_application(target)
        if isinstance(application, Flask) and not strict_json:
            application.request_class = easy(application.request_class)
        mounts[prefix] = Mount(prefix, target, application)
    return list(mounts.values())


def require_free(prefix: str, routes: RouteMap) -> None:
    """See that an application may be mounted at ``prefix``.

    :raises SettingsError: naming what is there already.
    """
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
        raise SettingsError(f"MOUNTS cannot have the prefix {prefix!r}: write plain names, as in /hms or /models/hms")
    first = prefix.split("/")[1]
    if first == SOCKETS:
        raise SettingsError(f"MOUNTS cannot have the prefix {prefix}: /{SOCKETS} is the address of Socket.IO")
    for route in routes.routes:
        rule = route.rule.rule
        if route.built_in and rule.split("/")[1] == first:
            raise SettingsError(f"MOUNTS cannot have the prefix {prefix}: it would hide the server's own {rule}")
        if f"{rule}/".startswith(f"{prefix}/"):
            raise SettingsError(f"MOUNTS cannot have the prefix {prefix}: it would hide {rule} of {route.place}")


def load_application(target: str) -> Any:
    """Import ``package.module:name``.

    :raises LoadError: if there is no such module or name, or what it names is no WSGI application.
    """
    module_name, _, path = target.partition(":")
    found: Any = load_module(module_name, "MOUNTS")
    for name in path.split("."):
        if not hasattr(found, name):
            raise LoadError(f"MOUNTS names {target}, and there is no {name!r} in {module_name}")
        found = getattr(found, name)
    if isinstance(found, Application):
        raise LoadError(f"MOUNTS names {target}, which is this server's own application; it cannot be in itself")
    if not _takes_requests(found):
        raise LoadError(
            f"MOUNTS names {target}, which is no WSGI application but {type(found).__name__}; it has to be callable "
            "with an environ and a start_response, as Flask and Django applications are (ASGI ones are not)"
        )
    return found


class Dispatcher:
    """A WSGI application: each request goes to the mount with the longest prefix that fits, else to the server's own.

    What is mounted at / gets what none of the others takes, and no route of the server or of a handler.

    :param application: the server's own.
    :param routes: what it answers.
    :param lacking: of routes that give way to what is mounted at /, by endpoint: whether there is nothing at these
        arguments.
    """

    def __init__(
        self,
        application: Any,
        mounts: Iterable[Mount],
        routes: RouteMap,
        lacking: Mapping[str, Callable[..., bool]] = MappingProxyType({}),
    ) -> None:
        # WSGI has the bytes of an address as Latin-1.
        by_prefix = {mount.prefix.encode().decode("latin-1"): mount for mount in mounts}
        self._rest: Any = by_prefix.pop("", None)
        self._prefixes = tuple(by_prefix)
        self._routes = routes
        self._lacking = lacking
        self._application = application
        self._dispatch: Any = DispatcherMiddleware(self._own_or_rest, dict(by_prefix))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        return self._dispatch(environ, start_response)  # type: ignore[no-any-return]

    def is_mounted(self, environ: dict[str, Any]) -> bool:
        """Whether a request goes to a mount."""
        path = environ.get("PATH_INFO", "")
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in self._prefixes):
            return True
        return self._rest is not None and not self._has_route(environ)

    def _own_or_rest(self, environ: dict[str, Any], start_response: Any) -> Any:
        is_own = self._rest is None or self._has_route(environ)
        return (self._application if is_own else self._rest)(environ, start_response)

    def _has_route(self, environ: dict[str, Any]) -> bool:
        """Whether a route has this address, with whatever method."""
        adapter = self._routes.bind_to_environ(environ)
        try:
            endpoint, arguments = adapter.match()
        except NotFound:
            return False
        except MethodNotAllowed as error:
            endpoint, arguments = adapter.match(method=min(error.valid_methods or ("GET",)))
        except HTTPException:  # an address to go to
            return True
        lacks = self._lacking.get(endpoint)
        return lacks is None or not lacks(**arguments)


def _takes_requests(found: Any) -> bool:
    if not callable(found) or (isinstance(found, type) and not hasattr(found, "__iter__")):
        return False
    try:
        inspect.signature(found).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # made in C: it does not tell
        return True
    return True
