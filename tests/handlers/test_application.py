"""The application that handlers and built-in features share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client

import longshore
from longshore.errors import LoadError
from longshore.handlers.application import Application
from longshore.jobs.declaring import find_job

Write = Callable[[str, str], Path]
MakeApp = Callable[..., Application]
MakeClient = Callable[..., Client]

HELLO = """
from longshore import app

@app.route("/{address}", methods=["GET"])
def howdy():
    return "World from {address}"
"""


def test_handlers_answer_beside_the_built_in_routes(write: Write, client: MakeClient) -> None:
    write("one.py", HELLO.format(address="one"))
    answering = client()
    assert answering.get("/one").text == "World from one"
    assert answering.get("/hello").text == "World!"


def test_app_is_the_application_that_was_made_last(write: Write, make_app: MakeApp) -> None:
    write("one.py", "from longshore import app\nSEEN = app")
    for _ in range(2):
        made = make_app()
        assert longshore.app is made
        assert sys.modules["longshore_handlers.one"].SEEN is made


@pytest.mark.parametrize("another_is_installed", [False, True])
def test_the_older_name_leads_to_the_same_objects(
    another_is_installed: bool, write: Write, make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyserver", "pyserver.core"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if another_is_installed:
        other = tmp_path / "elsewhere" / "pyserver"
        other.mkdir(parents=True)
        (other / "__init__.py").write_text("")
        (other / "core.py").write_text("app = 'another'")
        monkeypatch.syspath_prepend(other.parent)
    write("one.py", "from pyserver.core import app\nimport pyserver.core\nSEEN = app, pyserver.core.app")
    made = make_app()
    assert (made, made) == sys.modules["longshore_handlers.one"].SEEN


def test_the_older_name_is_importable_by_itself() -> None:
    from pyserver.core import app

    assert app is longshore.app


def test_a_name_that_does_not_exist_is_an_import_error(write: Write, make_app: MakeApp) -> None:
    write("one.py", "from pyserver.core import no_such_name")
    with pytest.raises(LoadError, match=r"one\.py, line 1: ImportError: cannot import name 'no_such_name'"):
        make_app()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("@app.get('/thing')", "@app.route('/thing', methods=['POST', 'GET'])"),
        ("@app.get('/thing')", "@app.get('/thing/')"),
        ("@app.get('/thing/<one>')", "@app.get('/thing/<string:other>')"),
        ("@app.put('/thing/<int:one>')", "@app.put('/thing/<int:other>')"),
    ],
)
def test_two_handlers_on_one_route_stop_the_start_and_are_named(
    first: str, second: str, write: Write, make_app: MakeApp
) -> None:
    one = write("one.py", f"from longshore import app\n{first}\ndef view(**_): return ''")
    two = write("two.py", f"from longshore import app\n\n{second}\ndef view(**_): return ''")
    with pytest.raises(LoadError, match=rf"^two handlers take \w+ /thing\S*: {one}, line 2, and {two}, line 3$"):
        make_app()


@pytest.mark.parametrize(
    ("route", "own"),
    [
        ("@app.get('/healthz')", "/healthz"),
        ("@app.post('/upload')", "/upload"),
        ("@app.get('/downloadCSV/<path:rest>')\n@app.get('/downloadCSV/<mine>')", "/downloadCSV/<session_id>"),
        ("@app.get('/api/v1/datasets/mine')", "/api/v1/datasets/<session_id>"),
        ("@app.delete('/api/v1/datasets/<int:number>')", "/api/v1/datasets/<session_id>"),
        ("@app.get('/downloadCSV/<any(a, b):which>')", "/downloadCSV/<session_id>"),
    ],
)
def test_an_address_of_the_server_is_refused(route: str, own: str, write: Write, make_app: MakeApp) -> None:
    path = write("one.py", f"from longshore import app\n{route}\ndef view(**_): return ''")
    with pytest.raises(LoadError, match=rf"^{path}, line [23] takes .* an address of the server's own {own}; choose"):
        make_app()


def test_what_only_looks_alike_is_allowed(write: Write, client: MakeClient) -> None:
    write(
        "one.py",
        "from longshore import app\n"
        "@app.get('/upload')\ndef form(): return 'a form'\n"
        "@app.get('/thing/<int:number>')\ndef numbered(number): return str(number)\n"
        "@app.get('/thing/<name>')\ndef named(name): return name\n"
        "@app.get('/<path:rest>')\ndef rest(rest): return 'rest ' + rest\n",
    )
    write("two.py", "from longshore import app\n@app.post('/thing/<name>')\ndef post(name): return 'posted'\n")
    answering = client()
    assert answering.get("/upload").text == "a form"
    assert answering.get("/thing/5").text == "5"
    assert answering.get("/thing/x").text == "x"
    assert answering.post("/thing/x").text == "posted"
    assert answering.get("/any/thing/else").text == "rest any/thing/else"
    assert answering.get("/hello").text == "World!"
    assert answering.get("/api/v1/samples").status_code == 200


def test_demonstrations_give_way_as_a_whole_to_a_handler(write: Write, client: MakeClient) -> None:
    write("one.py", "from longshore import app\n@app.get('/hello')\n@app.post('/echo')\ndef mine(): return 'mine'")
    answering = client()
    assert answering.get("/hello").text == answering.post("/echo").text == "mine"
    assert answering.get("/echo").status_code == 405


def test_two_handlers_cannot_both_take_a_demonstrations_address(write: Write, make_app: MakeApp) -> None:
    for name in ("one", "two"):
        write(f"{name}.py", "from longshore import app\n@app.get('/hello')\ndef mine(): return 'mine'")
    with pytest.raises(LoadError, match="two handlers take GET /hello"):
        make_app()


def test_functions_of_one_name_in_two_files(write: Write, make_app: MakeApp) -> None:
    for name in ("one", "two"):
        write(f"{name}.py", HELLO.format(address=name))
    app = make_app()
    assert Client(app).get("/two").text == "World from two"
    with app.test_request_context():
        assert app.url_for("howdy") == "/one"
        assert app.url_for("two:howdy") == "/two"


def test_functions_of_one_name_in_one_file_are_an_error(write: Write, make_app: MakeApp) -> None:
    write("one.py", HELLO.format(address="one") + HELLO.format(address="two"))
    with pytest.raises(LoadError, match=r"one\.py, line 10: AssertionError: View function mapping is overwriting"):
        make_app()


def test_blueprints_of_handlers_are_found_and_checked(write: Write, client: MakeClient, make_app: MakeApp) -> None:
    blueprint = (
        "from flask import Blueprint\nfrom longshore import app\n"
        "pages = Blueprint({name!r}, __name__)\n"
        "@pages.get('/page')\ndef page(): return {name!r}\n"
        "app.register_blueprint(pages)\n"
    )
    write("one.py", blueprint.format(name="one"))
    assert client().get("/page").text == "one"
    write("two.py", blueprint.format(name="two"))
    with pytest.raises(LoadError, match=r"one\.py, line 6, and .*two\.py, line 6"):
        make_app()


def test_a_view_that_ends_its_process_ends_only_its_request(write: Write, client: MakeClient) -> None:
    write("one.py", "import sys\nfrom longshore import app\n@app.get('/end')\ndef end(): sys.exit('bye')")
    write(
        "two.py", "from longshore import app\n@app.errorhandler(RuntimeError)\ndef told(error): return str(error), 500"
    )
    answer = client().get("/end")
    assert answer.status_code == 500
    assert answer.text == "a view called sys.exit('bye')"


def test_jobs_of_handlers_that_are_gone_are_forgotten(write: Write, make_app: MakeApp) -> None:
    path = write("one.py", "from longshore import job\n@job('short_lived')\ndef f(x: int) -> int: return x")
    make_app()
    assert find_job("short_lived")
    path.unlink()
    make_app()
    assert find_job("short_lived") is None


@pytest.mark.parametrize("body", ["[" * 100_000 + "]" * 100_000, "["])
def test_json_that_a_handler_cannot_read_is_the_clients_fault(write: Write, client: MakeClient, body: str) -> None:
    write(
        "reads.py",
        "from flask import request\nfrom longshore import app\n@app.post('/reads')\n"
        "def reads():\n    return request.get_json()\n",
    )
    assert client().post("/reads", data=body, content_type="application/json").status_code == 400
