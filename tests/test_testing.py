"""What those who write handlers and jobs are given for their tests."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from longshore import emit_local_message
from longshore.testing import Event, Server, ServerError, recorded_events

HANDLER = """
from flask import request
from longshore import app, emit_local_message, job

@app.get("/greeting")
def greeting():
    emit_local_message("greeting", request.args["name"])
    return {"greeting": f"Hello, {request.args['name']}!"}

@job("double")
def double(number: float) -> float:
    return 2 * number
"""


@pytest.mark.processes
def test_a_handler_a_job_and_an_event_on_a_whole_server(tmp_path: Path) -> None:
    handlers = tmp_path / "handlers"
    handlers.mkdir()
    (handlers / "hello.py").write_text(HANDLER)
    with Server(handlers, WORKER_CONCURRENCY="1", JOB_CONCURRENCY="1", LOCAL_EVENT_SOURCES="greeting") as server:
        assert httpx.get(f"{server.url}/greeting?name=Ada").json() == {"greeting": "Hello, Ada!"}
        with server.client() as client:
            assert client.job("double", {"number": 21}).result(timeout=60) == 42
        folder = server.folder
        first = server.url
        server.stop()
        assert [json.loads(line)["message"] for line in server.events] == ["Ada"]
        server.start()
        assert httpx.get(f"{server.url}/greeting?name=Bo").json() == {"greeting": "Hello, Bo!"}
        assert first.startswith("http://127.0.0.1:")
    assert not folder.exists()


@pytest.mark.processes
def test_a_handler_that_does_not_load_fails_the_test_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('out of tea')\n")
    with pytest.raises(ServerError, match="out of tea"), Server(tmp_path):
        pytest.fail("it started")


def test_events_are_recorded_in_order_and_only_meanwhile() -> None:
    with recorded_events() as events:
        assert emit_local_message("tides", {"high": 3})
        assert emit_local_message("longshore_handlers.moon")
    tides, moon = Event("tides", {"high": 3}, "DEFAULT"), Event("longshore_handlers.moon", None, "DEFAULT")
    older_spelling = Event("handlers.moon", None, "DEFAULT")
    assert events == [tides, moon, older_spelling]
    assert not emit_local_message("tides", "nobody listens")
    assert "nobody listens" not in [event.message for event in events]


def test_only_chosen_sources_are_recorded() -> None:
    with recorded_events("tides") as events:
        assert not emit_local_message("moon", 1)
        assert emit_local_message("tides", 2)
    assert [event.message for event in events] == [2]
