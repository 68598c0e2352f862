"""The one Flask application that handlers and the built-in features share: ``from longshore import app``.

Whoever makes an application binds it; from then on ``app`` is that one. In a process without a web server (a worker, a
job runner, a test of a handler by its author) ``app`` is an application of its own, which takes what handlers declare.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule, RuleFactory

from longshore.errors import LoadError
from longshore.handlers.local_events import HANDLERS_PACKAGE
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.web.json import TOO_DEEP

PACKAGE = HANDLERS_PACKAGE

_CONVERTER = re.compile(r"<(?:(?P<converter>[A-Za-z_]\w*)(?:\((?P<arguments>[^>]*?)\))?:)?[A-Za-z_]\w*>")
_SAMPLES = {"int": "1", "float": "1.5", "path": "x/x", "uuid": "00000000-0000-4000-8000-000000000000"}
_AUTOMATIC_METHODS = frozenset({"HEAD", "OPTIONS"})
_FRAMEWORK = (__name__, "flask", "werkzeug")


@dataclass(frozen=True)
class Route:
    """Who declared a route.

    :param place: file and line.
    :param module: the module of that file.
    :param built_in: whether it is one of the server's own.
    """

    rule: Rule
    place: str
    module: str
    built_in: bool

    @property
    def methods(self) -> list[str]:
        """The HTTP methods that were asked for."""
        return sorted((self.rule.methods or {"GET"}) - _AUTOMATIC_METHODS)


class RouteMap(Map):
    """Flask's routes, in which each address has one owner."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.routes: list[Route] = []
        self.sealed = False
        self._owners: dict[tuple[str, str, bool], Route] = {}
        super().__init__(*arguments, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Take in new rules.

        :raises LoadError: for a route that another handler or the server itself has.
        """
        for rule in rulefactory.get_rules(self):
            self._claim(rule)
        super().add(rulefactory)

    def seal(self) -> None:
        """From now on routes belong to deployers, and must leave alone the ones that are there."""
        self.sealed = True

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within the block, routes are the server's own again."""
        before, self.sealed = self.sealed, False
        try:
            yield
        finally:
            self.sealed = before

    def has_deployers(self, rule: str) -> bool:
        """Whether a deployer's route answers the addresses of ``rule``, with any method."""
        shape = _shape(rule)
        return any(not route.built_in and _shape(route.rule.rule) == shape for route in self.routes)

    def _claim(self, rule: Rule) -> None:
        place, module = _declared_at()
        route = Route(rule, place, module, built_in=not self.sealed)
        shape = _shape(rule.rule)
        for method in route.methods:
            other = self._owners.setdefault((shape, method, route.built_in), route)
            if other is not route:
                raise LoadError(f"two handlers take {method} {rule.rule}: {other.place}, and {place}")
            if not route.built_in and (own := self._own_rule(rule.rule, method)):
                raise LoadError(
                    f"{place} takes {method} {rule.rule}, an address of the server's own {own}; choose another"
                )
        self.routes.append(route)

    def _own_rule(self, text: str, method: str) -> str | None:
        """The built-in rule that answers at an address such as ``text`` has, if any."""
        try:
            found, _ = self.bind("localhost").match(_sample(text), method=method, return_rule=True)
        except HTTPException:  # nothing there, or not with this method
            return None
        return found.rule if any(route.built_in and route.rule is found for route in self.routes) else None


class JsonOfHandlers(DefaultJSONProvider):
    """Flask's, for ``request.get_json()`` in handlers: what is nested too deeply is the client's fault, not ours."""

    def loads(self, s: str | bytes, **options: Any) -> Any:
        """The value; raises ValueError, of which Flask makes 400."""
        try:
            return super().loads(s, **options)
        except RecursionError:
            raise ValueError(TOO_DEEP) from None


def easy(kind: type[Request]) -> type[Request]:
    """A class of requests whose ``json`` is None where the body does not say that it is JSON.

    So it was before Flask 2.1, and handlers and mounted applications of that time ask ``if request.json:`` of a form,
    as flask-restful's ``reqparse`` does; Flask's own answer is 415 then.
    """

    class EasyRequest(kind):  # type: ignore[misc, valid-type]
        def on_json_loading_failed(self, e: ValueError | None) -> Any:
            """Answer 400 for what is no JSON; nothing for what is not meant to be any."""
            return None if e is None else super().on_json_loading_failed(e)

    return EasyRequest


class Application(Flask):
    """A Flask application whose routes come from several files that know nothing of each other."""

    json_provider_class = JsonOfHandlers
    url_map_class = RouteMap
    url_map: RouteMap

    def __init__(self, **options: Any) -> None:
        self._homes: dict[str, str] = {}
        super().__init__("longshore", static_folder=None, **options)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Flask's, but two files may have functions of one name.

        The first is known to ``url_for`` by that name, the others by ``file:name``.
        """
        if endpoint is None and view_func is not None:
            endpoint = self._free_endpoint(view_func.__name__, _declared_at()[1])
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def _free_endpoint(self, name: str, module: str) -> str:
        if self._homes.setdefault(name, module) == module:
            return name
        return f"{module.rpartition('.')[2]}:{name}"

    def dispatch_request(self) -> Any:
        """Answer the request; a view that ends its process ends only its request."""
        try:
            return super().dispatch_request()
        except SystemExit as ended:
            raise RuntimeError(f"a view called sys.exit({ended.code!r})") from ended


_bound: Application | None = None


def _alone() -> Application:
    """An application outside of a server, such as in a test of a handler."""
    application = Application()
    configure(application, Settings.from_environment())
    return application


def bind(application: Application) -> Application:
    """Make ``application`` the one that ``from longshore import app`` means in this process."""
    global _bound
    _bound = application
    return application


def configure(application: Application, settings: Settings) -> None:
    """Let handlers have what the settings say: how bodies are read, and the older framework's ``app.config``."""
    application.request_class = Request if settings.strict_json else easy(Request)
    folders = {
        "ROOT_STORAGE_PATH": settings.root_storage_path,
        "UPLOAD_FOLDER": settings.partitions_folder,
        "STORAGE_ROOT": settings.lists_path.parent,
        "CACHE_ROOT": settings.responses_folder,
        "KVSTORE_ROOT": settings.values_folder,
        "FSTORE_ROOT": settings.path_files_folder,
        "STATIC_DIR": settings.static_dir,
        "TEMPLATE_DIR": settings.template_dir,
    }
    application.config.update(
        {name: str(folder) for name, folder in folders.items()},
        VERSION=app_version(),
        USER_HEADER_NAME=settings.user_header_name,
        LOCAL_EVENT_SOURCES=frozenset(settings.local_event_sources),
        LOG_LEVEL=settings.log_level,
        BIND_INTERFACE=settings.bind_interface,
    )


def __getattr__(name: str) -> Any:
    if name == "app":
        return _bound if _bound is not None else bind(_alone())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _declared_at() -> tuple[str, str]:
    """File with line, and module, of the handler that is being loaded, else of whoever called Flask."""
    callers = list(_callers())
    return next((caller for caller in callers if caller[1].startswith(f"{PACKAGE}.")), callers[0])


def _callers() -> Iterator[tuple[str, str]]:
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_FRAMEWORK):
            yield f"{Path(frame.f_code.co_filename)}, line {frame.f_lineno}", module
        frame = frame.f_back  # type: ignore[assignment]


def _shape(text: str) -> str:
    """A rule without the names of its parameters: what decides which addresses it answers."""
    return _CONVERTER.sub(lambda found: f"<{found['converter'] or 'string'}>", text).rstrip("/")


def _sample(text: str) -> str:
    """An address that a rule answers.

    >>> _sample("/runs/<int:number>/<name>")
    '/runs/1/x'
    """

    def value(found: re.Match[str]) -> str:
        if found["converter"] == "any":
            return (found["arguments"] or "x").split(",")[0].strip(" '\"")
        return _SAMPLES.get(found["converter"] or "string", "x")

    return _CONVERTER.sub(value, text)
