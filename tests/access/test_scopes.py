"""Which scope each address needs: walked over all routes, so that a new one cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from access.conftest import Serve, Served, Tokens
from longshore.access.scopes import EventScopes, Scope, needed_scope, requires
from longshore.datasets.service import READS

PUBLIC = {
    ("GET", "/healthz"),
    ("HEAD", "/healthz"),
    ("GET", "/readyz"),
    ("HEAD", "/readyz"),
    ("GET", "/hello"),  # load balancers ask; they tell nothing
    ("GET", "/diagnostic"),
    ("HEAD", "/"),
    ("HEAD", "/hello"),
    ("HEAD", "/diagnostic"),
    ("GET", "/login"),
    ("HEAD", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/cached-file"),  # a link is for whoever has it
    ("HEAD", "/cached-file"),
    ("GET", "/assets/<path:name>"),  # the browser application's own files, the same for everybody
    ("HEAD", "/assets/<path:name>"),
    ("GET", "/assets/third-party-notices.txt"),
    ("HEAD", "/assets/third-party-notices.txt"),
    ("GET", "/compat/socket.io.js"),
    ("HEAD", "/compat/socket.io.js"),
    ("POST", "/celeryTaskCompleted"),  # asks for a secret of its own
}
READ_BY_POST = {
    "/echo",
    "/diagnostic/echo",
    "/api/v1/datasets/<session_id>/preview",
    "/api/v1/datasets/<session_id>/visualize",
    "/render/<path:path>",
}


def every_request(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield method, rule.rule


def status(client: FlaskClient, method: str, rule: str, headers: dict[str, str] | None = None) -> int:
    path = re.sub(r"<[^>]+>", "x", re.sub(r"<int:[^>]+>", "1", rule))
    with client.open(path, method=method, headers=headers) as answer:
        return answer.status_code


def test_every_address_asks_for_a_token_except_those_on_the_list(closed: Served) -> None:
    client = closed.client
    asked = {(method, rule): status(client, method, rule) for method, rule in every_request(closed.app)}
    assert len(asked) > 60
    assert {request for request, answer in asked.items() if answer != 401} == PUBLIC


def test_no_change_by_a_token_that_may_only_read(closed: Served, tokens: Tokens) -> None:
    client, rita = closed.client, tokens.bearer("rita")
    changes = [(m, r) for m, r in every_request(closed.app) if m not in ("GET", "HEAD") and (m, r) not in PUBLIC]
    refused = {(method, rule) for method, rule in changes if status(client, method, rule, rita) == 403}
    assert len(refused) > 30
    assert {rule for method, rule in set(changes) - refused} == READ_BY_POST


def test_a_token_that_may_write_gets_past_the_gate_everywhere_but_at_what_is_for_admins(
    closed: Served, tokens: Tokens
) -> None:
    client, will = closed.client, tokens.bearer("will")
    refused = {(m, r) for m, r in every_request(closed.app) if status(client, m, r, will) in (401, 403)}
    assert refused - PUBLIC == {("GET", "/metrics"), ("HEAD", "/metrics")}


def test_an_address_that_is_no_route_asks_too(closed: Served, tokens: Tokens) -> None:
    assert closed.client.get("/api/v1/nothing").status_code == 401
    assert closed.client.get("/api/v1/nothing", headers=tokens.bearer("rita")).status_code == 404
    assert closed.client.post("/api/v1/nothing", headers=tokens.bearer("rita")).status_code == 403


def test_a_browser_may_ask_what_it_may_before_it_shows_a_token(closed: Served) -> None:
    assert closed.client.options("/upload").status_code == 200


def test_details_of_the_machine_are_for_admins(closed: Served, tokens: Tokens) -> None:
    assert "checks" not in closed.client.get("/diagnostic").get_json()
    assert "broker" not in closed.client.get("/diagnostic", headers=tokens.bearer("will")).text
    assert "checks" in closed.client.get("/diagnostic", headers=tokens.bearer("ada")).get_json()


def test_everything_is_open_without_tokens(opened: Served) -> None:
    client = opened.client
    refused = {(m, r) for m, r in every_request(opened.app) if status(client, m, r) in (401, 403)}
    assert refused == {("POST", "/celeryTaskCompleted")}
    assert "checks" in client.get("/diagnostic").get_json()


def test_the_document_names_each_operations_scope(closed: Served, tokens: Tokens) -> None:
    document = closed.client.get("/api/v1/openapi.json", headers=tokens.bearer("rita")).get_json()
    paths = document["paths"]
    assert paths["/api/v1/datasets/{session_id}"]["delete"]["security"] == [{"token": ["write"]}]
    assert paths["/api/v1/datasets/{session_id}/visualize"]["post"]["security"] == [{"token": ["read"]}]


def test_a_view_says_what_it_needs() -> None:
    @requires(Scope.ADMIN, HEAD=Scope.PUBLIC)
    def queues() -> None: ...

    assert needed_scope(queues, "GET") is Scope.ADMIN
    assert needed_scope(queues, "HEAD") is Scope.PUBLIC
    assert needed_scope(None, "PATCH") is Scope.WRITE
    assert needed_scope(None, "GET") is Scope.READ


def test_events_change_something_unless_they_are_known_to_read() -> None:
    events = EventScopes(READS)
    assert events.needed_scope("metadata") is Scope.READ
    assert events.needed_scope("fillWithAverage") is Scope.WRITE
    assert events.needed_scope("somethingNew") is Scope.WRITE


@pytest.mark.parametrize("word", ["public", "root", "", "READ"])
def test_words_that_are_no_scopes(word: str) -> None:
    with pytest.raises(ValueError, match="read, write, admin"):
        Scope.named(word)


SOCKETS_OWN = ["/socket.io/", "/socket.io/x"]
NOT_SOCKETS = [
    "/socket.io",
    "//socket.io",
    "//socket.io/",
    "/socket.io?EIO=4&transport=polling",
    "/socket.iox",
    "/socket.i",
]


@pytest.mark.parametrize("path", NOT_SOCKETS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_only_what_the_sockets_answer_is_let_through_to_them(closed: Served, method: str, path: str) -> None:
    assert closed.client.open(path, method=method).status_code == 401


@pytest.mark.parametrize("path", SOCKETS_OWN)
def test_the_sockets_ask_for_themselves(closed: Served, path: str) -> None:
    assert closed.client.get(f"{path}?EIO=4&transport=polling").status_code != 401


HANDLER = """
from longshore import app
from longshore.access.scopes import Scope, requires

@app.route("/<path:anything>", methods=["GET", "POST"])
@requires(Scope.PUBLIC)
def everything(anything):
    return "handler"
"""


def test_what_is_mounted_asks_for_a_token_whatever_a_handler_says_of_all_addresses(
    serve: Serve, tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "everything.py").write_text(HANDLER)
    (tmp_path / "mounted_for_scopes.py").write_text(
        "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'mounted']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    client = serve(auth_tokens=f"@{tokens.path}", mounts="/hms=mounted_for_scopes:app").client
    assert client.get("/elsewhere").text == "handler"
    assert [client.get(path).status_code for path in ("/hms", "/hms/", "/hms/x")] == [401] * 3
    assert client.get("/hms/x", headers=tokens.bearer("rita")).text == "mounted"
    assert client.post("/hms/x", headers=tokens.bearer("rita")).status_code == 403


AT_ROOT = """
from flask import Flask

app = Flask(__name__)

@app.post("/static/<name>")
def change(name):
    return "changed " + name
"""


def test_an_application_at_the_root_has_the_static_files_that_the_server_has_not(
    serve: Serve, tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "static_in_test.py").write_text(AT_ROOT)
    for folder, names in (("static", ("both", "its")), ("own", ("both", "own"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.css").write_text(folder)
    monkeypatch.syspath_prepend(tmp_path)
    served = serve(auth_tokens=f"@{tokens.path}", mounts="/=static_in_test:app", static_dir=tmp_path / "own")
    client, rita, will = served.client, tokens.bearer("rita"), tokens.bearer("will")
    assert client.get("/static/its.css").status_code == 401
    found = {
        name: client.get(f"/static/{name}.css", headers=rita, buffered=True) for name in ("both", "own", "its", "none")
    }
    assert {name: (each.status_code, each.text) for name, each in found.items() if name != "none"} == {
        "both": (200, "own"),
        "own": (200, "own"),
        "its": (200, "static"),
    }
    assert found["none"].status_code == 404
    assert "Longshore" not in found["none"].text
    assert client.get("/static/..%2fstatic_in_test.py", headers=rita).status_code == 404
    assert client.post("/static/new", headers=rita).status_code == 403
    assert client.post("/static/new", headers=will).text == "changed new"
    assert client.post("/static/own.css", headers=will).status_code == 405
