"""Requests made up from the OpenAPI document: whatever they are, the server answers, and never with a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from longshore.access.scopes import Scope
from longshore.access.tokens import Token, make_token
from longshore.datasets.drain import Drainer
from longshore.server.application import create_app
from longshore.settings import Settings
from longshore.state.database import migrate

EXAMPLES = 5
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
SWITCHED_OFF = {"/api/v1/datasets/{session_id}/operations/executeCommand"}
FAILS = {"/diagnostic/fail", "/diagnostic"}
"""Addresses that answer with a 500 because that is what they are for: there is no broker here."""
OWN_SECRETS = {"/celeryTaskCompleted", "/login"}
"""Addresses that anybody may ask, and that ask for a secret themselves."""
FOR_ADMINS = {"/metrics"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    yield from served(tmp_path_factory)


@pytest.fixture(scope="module")
def tokens() -> dict[str, tuple[str, Token]]:
    """A token of each scope, as its owner and as the server has it."""
    return {scope.name.lower(): make_token(scope.name, scope) for scope in (Scope.READ, Scope.WRITE)}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, tuple[str, Token]]) -> Iterator[Flask]:
    yield from served(tmp_path_factory, auth_tokens=",".join(kept.line for _, kept in tokens.values()))


def served(tmp_path_factory: pytest.TempPathFactory, **options: Any) -> Iterator[Flask]:
    chosen = Settings.from_environment(
        root_storage_path=tmp_path_factory.mktemp("fuzzed") / "storage",
        handlers_dir=tmp_path_factory.mktemp("handlers"),
        max_upload_bytes=10**6,
        **options,
    )
    migrate(chosen)
    made = create_app(chosen)
    parts = made.extensions["longshore"]
    # The work is done at once, in this process, instead of by a worker.
    parts.services.datasets._enqueue = Drainer(chosen, parts.database, Silence()).drain
    parts.services.datasets._enqueue_import = None
    yield made
    parts.close()


class Whole:
    """An application whose answers are read and closed at once, which the client leaves to the garbage collector."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        answer = self.app(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            if hasattr(answer, "close"):
                answer.close()


class Silence:
    """A message queue to which nobody listens."""

    def emit(self, event: str, data: Any, *, room: str) -> None:
        json.dumps([event, data, room])


def upload(app: Flask, headers: dict[str, str] | None = None) -> str:
    content = b"a,b\n1,x\n2,\n3,z\n"
    answer = app.test_client().put("/api/v1/datasets/t.csv", data=content, headers=headers).get_json()
    assert answer["success"], answer
    return str(answer["sessionID"])


def ask_everything(
    app: Flask, examples: int, headers: dict[str, str], owner: dict[str, str]
) -> dict[tuple[str, str], set[int]]:
    """Ask each operation of the document so often; the statuses by method and path.

    :param owner: headers of somebody who may upload.
    """
    schema = schemathesis.openapi.from_dict(app.test_client().get("/api/v1/openapi.json", headers=owner).get_json())
    schema.app = Whole(app)
    seen: dict[tuple[str, str], set[int]] = {}
    sessions = [upload(app, owner)]
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path in FAILS:
            continue

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if "session_id" in (case.path_parameters or {}):
                case.path_parameters["session_id"] = sessions[0]
            response = case.call(headers=headers)
            seen.setdefault((case.method.upper(), case.path), set()).add(response.status_code)
            assert response.status_code not in (500, 502), (case.as_curl_command(), response.text)

        ask()
        if operation.method == "delete" and "session_id" in operation.path:
            sessions[0] = upload(app, owner)
    assert len(seen) > 100
    return seen


def test_no_request_of_the_document_breaks_the_server(app: Flask) -> None:
    seen = ask_everything(app, EXAMPLES, {}, {})
    assert sum(200 in codes or 201 in codes for codes in seen.values()) > 10


@pytest.mark.parametrize("scope", ["nobody", "read", "write"])
def test_whoever_asks_gets_what_the_scope_allows_whatever_is_asked(
    closed: Flask, tokens: dict[str, tuple[str, Token]], scope: str
) -> None:
    bearer = {name: {"Authorization": f"Bearer {shown}"} for name, (shown, _) in tokens.items()}
    seen = ask_everything(closed, 1, bearer.get(scope, {}), bearer["write"])
    document = closed.test_client().get("/api/v1/openapi.json", headers=bearer["write"]).get_json()
    public = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if described["security"] == []
    }
    refused = {request for request, codes in seen.items() if codes & {401, 403}}
    if scope == "nobody":
        # Made-up tokens are wrong tokens, of which there may not be many.
        asked = {request: codes for request, codes in seen.items() if request not in public}
        assert {request: codes for request, codes in asked.items() if not codes <= {401, 429}} == {}
    if scope == "read":
        assert refused
        changes = {"POST", "PUT", "DELETE", "PATCH"}
        assert {path for method, path in refused if method not in changes} <= FOR_ADMINS
    if scope == "write":
        assert {path for _, path in refused} <= SWITCHED_OFF | OWN_SECRETS | FOR_ADMINS
