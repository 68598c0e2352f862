"""Every route of the server's own is declared, and so documented and fuzzed; or there is a reason why not."""

from __future__ import annotations

import pytest

from longshore.server.application import Services, declare_last, declare_routes, make_application
from longshore.settings import Settings
from longshore.web.api import Api

REASONS = {
    "/assets/<path:name>": "files of the browser application, whose names its build makes up",
    "/assets/third-party-notices.txt": "a file of the browser application",
    "/compat/socket.io.js": "a file of the browser application, for older pages",
    "/<session_id:session_id>": "the browser application itself, at a dataset's address",
    "/static/<path:path>": "the deployer's own files",
    "/hello": "a demonstration, which gives way to a handler of that address",
    "/echo": "the same",
    "/api/v1/datasets/<session_id>/operations/<name>": "refuses an operation that is none; the others are declared",
}
"""Addresses that are in no document, each with the reason."""
REFUSED = {("/file", method) for method in ("PUT", "PATCH", "DELETE")} | {
    ("/cached-file", method) for method in ("POST", "PUT", "PATCH", "DELETE")
}
"""Methods that only refuse, in the older service's shape of errors."""


@pytest.fixture
def declared(settings: Settings) -> tuple[Api, set[tuple[str, str]]]:
    """The list of endpoints, and all routes that there are as address and method."""
    app = make_application()
    api = declare_routes(app, settings, Services())
    declare_last(app, api, settings, Services())
    automatic = {"HEAD", "OPTIONS"}
    found = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in (rule.methods or set()) - automatic}
    return api, found


def test_every_route_is_declared_or_has_a_reason(declared: tuple[Api, set[tuple[str, str]]]) -> None:
    api, routes = declared
    endpoints = {(endpoint.path, endpoint.method) for endpoint in api.endpoints}
    others = routes - endpoints
    assert {(path, method) for path, method in others if path not in REASONS} == REFUSED
    assert REASONS.keys() <= {path for path, _ in others}, "a reason for what is declared or gone"


def test_every_declared_route_is_there(declared: tuple[Api, set[tuple[str, str]]]) -> None:
    api, routes = declared
    missing = {(each.path, each.method) for each in api.endpoints} - routes
    assert {method for _, method in missing} <= {"OPTIONS"}


def test_the_document_says_for_each_who_may_ask_and_what_comes(declared: tuple[Api, set[tuple[str, str]]]) -> None:
    api, _ = declared
    for path, methods in api.document()["paths"].items():
        for method, described in methods.items():
            assert isinstance(described["security"], list), (method, path)
            done = [status for status in described["responses"] if status != "default"]
            assert done, (method, path)
            assert "content" in described["responses"]["default"], (method, path)
