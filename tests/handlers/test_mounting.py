"""Whole applications under a prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client, create_environ

from longshore.errors import LoadError, SettingsError
from longshore.handlers.application import Application

Write = Callable[[str, str], Path]
MakeApp = Callable[..., Application]
MakeClient = Callable[..., Client]

MODULE = """
from flask import Flask, request, url_for
from flask_restful import Api, Resource

app = Flask(__name__)

@app.route("/")
def home():
    return f"{request.script_root}|{request.path}|{url_for('deep', name='x')}"

@app.route("/deep/<name>")
def deep(name):
    return name

@app.route("/fail")
def fail():
    raise RuntimeError("secret")

@app.errorhandler(404)
def missing(error):
    return "its own 404", 404

class Thing(Resource):
    def get(self, number):
        return {"number": number}

    def post(self, number):
        return {"made": number}, 201

Api(app).add_resource(Thing, "/things/<int:number>")

def inner(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"inner {environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]

def raising(environ, start_response):
    raise SystemExit("secret")

async def asgi(scope, receive, send): ...

number = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mounted_in_test.py").write_text(MODULE)
    return "mounted_in_test"


def test_it_sees_its_prefix_as_script_name(client: MakeClient) -> None:
    answering = client(mounts="/hms=mounted_in_test:app")
    assert answering.get("/hms/").text == "/hms|/|/hms/deep/x"
    assert answering.get("/hms").headers["Location"].endswith("/hms/")
    assert answering.get("/hms/deep/a%20b").text == "a b"


def test_its_resources_and_errors_are_its_own(client: MakeClient) -> None:
    answering = client(mounts="/hms=mounted_in_test:app")
    assert answering.get("/hms/things/4").json == {"number": 4}
    assert answering.post("/hms/things/4").status_code == 201
    missing = answering.get("/hms/none", headers={"Accept": "application/json"})
    assert (missing.status_code, missing.text) == (404, "its own 404")
    failed = answering.get("/hms/fail", headers={"Accept": "application/json"})
    assert failed.status_code == 500
    assert "success" not in failed.text
    assert "secret" not in failed.text


def test_all_else_goes_to_the_server(client: MakeClient) -> None:
    answering = client(mounts="/hms=mounted_in_test:app")
    assert answering.get("/hello").text == "World!"
    assert answering.get("/hmsx").status_code == 404
    assert answering.get("/hmsx").text != "its own 404"


def test_the_longest_prefix_wins(client: MakeClient) -> None:
    answering = client(mounts="/hms=mounted_in_test:app,/hms/things=mounted_in_test:inner")
    assert answering.get("/hms/things/4").text == "inner /hms/things /4"
    assert answering.get("/hms/thing").text == "its own 404"


def test_a_prefix_beyond_ascii(client: MakeClient) -> None:
    assert client(mounts="/über=mounted_in_test:inner").get("/%C3%BCber/x").status_code == 200


def test_an_exception_of_a_mount_is_a_plain_500(make_app: MakeApp) -> None:
    # Werkzeug's client raises what a WSGI server would only log.
    told: list[str] = []
    body = make_app(mounts="/raw=mounted_in_test:raising")(
        create_environ("/raw/x"), lambda status, _headers, _error: told.append(status)
    )
    assert list(body) == [b"Internal Server Error\n"]
    assert told == ["500 Internal Server Error"]


@pytest.mark.parametrize(
    ("mounts", "reason"),
    [
        ("/api/hms=mounted_in_test:app", "it would hide the server's own /api/v1/"),
        ("/upload=mounted_in_test:app", "it would hide the server's own /upload"),
        ("/socket.io/x=mounted_in_test:app", "/socket.io is the address of Socket.IO"),
        ("/a=mounted_in_test:app,/a/=mounted_in_test:inner", "two applications at /a: mounted_in_test:app and"),
        ("/a//b=mounted_in_test:app", "'/a//b': write plain names"),
        ("/../a=mounted_in_test:app", r"'/\.\./a': write plain names"),
        ("/a%20b=mounted_in_test:app", "write plain names"),
        ("=mounted_in_test:app", "is no mount; write /prefix=package.module:application"),
        ("/=mounted_in_test:app,/=mounted_in_test:inner", "MOUNTS has two applications at /"),
    ],
)
def test_a_prefix_that_is_taken_or_malformed_stops_the_start(mounts: str, reason: str, make_app: MakeApp) -> None:
    with pytest.raises(SettingsError, match=reason):
        make_app(mounts=mounts)


def test_a_prefix_that_hides_a_handler_is_refused(write: Write, make_app: MakeApp) -> None:
    path = write("one.py", "from longshore import app\n@app.get('/hms/extra')\ndef extra(): return ''")
    with pytest.raises(SettingsError, match=f"it would hide /hms/extra of {path}, line 2"):
        make_app(mounts="/hms=mounted_in_test:app")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("mounted_nowhere:app", "there is no 'mounted_nowhere'; modules are looked for"),
        ("mounted_in_test:nothing", "there is no 'nothing' in mounted_in_test"),
        ("mounted_in_test:number", "which is no WSGI application but int"),
        ("mounted_in_test:asgi", "which is no WSGI application but function"),
        ("mounted_in_test:Flask", "which is no WSGI application but type"),
        ("longshore:app", "this server's own application"),
    ],
)
def test_what_cannot_be_mounted_stops_the_start(target: str, reason: str, make_app: MakeApp) -> None:
    with pytest.raises(LoadError, match=reason):
        make_app(mounts=f"/hms={target}")


def test_an_error_inside_a_mounted_module_is_told_with_its_line(tmp_path: Path, make_app: MakeApp) -> None:
    path = tmp_path / "broken_in_test.py"
    path.write_text("\nimport no_such_thing")
    with pytest.raises(LoadError, match=f"MOUNTS names .* cannot be loaded: {path}, line 2: ModuleNotFoundError"):
        make_app(mounts="/hms=broken_in_test:app")
