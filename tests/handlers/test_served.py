"""Handlers and mounts of a whole server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes

RAISING = """
import sys

def app(environ, start_response):
    if environ["PATH_INFO"] == "/x":
        sys.exit(7)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return pieces(environ["PATH_INFO"])

def pieces(path):
    if path == "/late":
        yield b"first"
    sys.exit(8)
    yield b"never"
"""
HANDLER = "from pyserver.core import app\n\n@app.route('/mine')\ndef mine():\n    return '{word}'\n"


def test_a_handler_and_a_mount_that_ends_its_process(storage: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "one.py").write_text(HANDLER.format(word="mine"))
    (tmp_path / "raising_in_test.py").write_text(RAISING)
    environment = {
        "HANDLERS_DIR": str(folder),
        "MOUNTS": "/raising=raising_in_test:app",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    with LongshoreServer(storage, **environment) as server:
        before = server.parts()["web"].children()[0].pid
        answer = httpx.get(f"{server.url}/raising/x")
        assert (answer.status_code, answer.text) == (500, "Internal Server Error\n")
        assert httpx.get(f"{server.url}/raising/early").status_code == 500
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{server.url}/raising/late")
        assert httpx.get(f"{server.url}/mine").text == "mine"
        assert server.parts()["web"].children()[0].pid == before
        assert "the application mounted at /raising failed" in server.log


@pytest.mark.parametrize("part", ["serve", "web"])
def test_a_broken_handler_stops_the_start_with_a_sentence(
    storage: Path, folder: Path, part: str, tmp_path: Path
) -> None:
    path = folder / "bad.py"
    path.write_text("\nimport no_such_thing")
    # Started alone it asks for the address of a broker, which it would use only later.
    broker = {"BROKER_URL": "redis://127.0.0.1:1"} if part == "web" else {}
    result = subprocess.run(
        [sys.executable, "-m", "longshore", part, "--storage", str(storage), "--port", "0"],
        env=os.environ | {"HANDLERS_DIR": str(folder), **broker},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert result.returncode != 0
    assert f"longshore: a handler cannot be loaded: {path}, line 2: ModuleNotFoundError: No module" in result.stderr
    assert "Traceback" not in result.stderr
    assert "is ready" not in result.stdout


def test_a_changed_handler_is_loaded_anew_and_a_broken_one_waits_for_the_next_change(
    storage: Path, folder: Path
) -> None:
    path = folder / "one.py"
    path.write_text(HANDLER.format(word="first"))
    server = LongshoreServer(storage, HANDLERS_DIR=str(folder))
    try:
        server.start("--reload")
        server.wait_until_ready()
        assert httpx.get(f"{server.url}/mine").text == "first"
        path.write_text("undefined")
        eventually(lambda: "NameError: name 'undefined' is not defined" in server.log, 30, "the reason in the log")
        path.write_text(HANDLER.format(word="second and longer"))
        eventually(lambda: httpx.get(f"{server.url}/mine").text == "second and longer", 30, "the new answer")
    finally:
        server.end()
