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

from longshore.database import migrate
from longshore.datasets.drain import Drainer
from longshore.server.application import create_app
from longshore.settings import Settings

EXAMPLES = 5


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    chosen = Settings.from_environment(
        root_storage_path=tmp_path_factory.mktemp("fuzzed") / "storage",
        handlers_dir=tmp_path_factory.mktemp("handlers"),
        max_upload_bytes=10**6,
    )
    migrate(chosen)
    made = create_app(chosen)
    parts = made.extensions["longshore"]
    # The work is done at once, in this process, instead of by a worker.
    parts.services.datasets._enqueue = Drainer(chosen, parts.database, Silence()).drain
    yield made
    parts.close()


class Silence:
    """A message queue to which nobody listens."""

    def emit(self, event: str, data: Any, *, room: str) -> None:
        json.dumps([event, data, room])


def upload(app: Flask) -> str:
    answer = app.test_client().put("/api/v1/datasets/t.csv", data=b"a,b\n1,x\n2,\n3,z\n").get_json()
    assert answer["success"], answer
    return str(answer["sessionID"])


def test_no_request_of_the_document_breaks_the_server(app: Flask) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    seen: dict[str, set[int]] = {}
    sessions = [upload(app)]
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if "session_id" in (case.path_parameters or {}):
                case.path_parameters["session_id"] = sessions[0]
            response = case.call()
            seen.setdefault(case.operation.label, set()).add(response.status_code)
            assert response.status_code not in (500, 502), (case.as_curl_command(), response.text)

        ask()
        if operation.method == "delete":
            sessions[0] = upload(app)
    assert len(seen) > 50
    assert sum(200 in codes or 201 in codes for codes in seen.values()) > 10
