"""The diagnosis: what it answers when all is well, and when each part is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from longshore.monitoring import health
from longshore.monitoring.health import CheckError, checks
from longshore.monitoring.health_routes import DEMONSTRATIONS, declare_diagnostics, stamp_response
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.web.api import Api


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    settings.root_storage_path.mkdir()
    app = flask.Flask(__name__)
    api = Api("health", "1")
    declare_diagnostics(api, settings)
    api.register(app)
    for rule, methods, view in DEMONSTRATIONS:
        app.add_url_rule(rule, view_func=view, methods=methods)
    app.after_request(stamp_response)
    return app.test_client()


@pytest.fixture
def _all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECKS", {"broker": lambda _: "answers", "disk": lambda _: "much"})


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """An event for which a hanging check waits until the end of the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.usefixtures("_all_well")
def test_all_well(client: FlaskClient) -> None:
    answer = client.get("/diagnostic")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["message"] == "ok"
    assert answer.json["version"] == app_version()
    assert answer.json["uid"] == "DEFAULT"
    assert {name: check["detail"] for name, check in answer.json["checks"].items()} == {
        "broker": "answers",
        "disk": "much",
    }


@pytest.mark.usefixtures("_all_well")
def test_the_user_header_is_the_uid(client: FlaskClient) -> None:
    answer = client.get("/diagnostic", headers={"Uid": "ada"})
    assert answer.json is not None
    assert answer.json["uid"] == "ada"


def test_what_failed_is_named(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Settings) -> str:
        raise CheckError("no worker is alive")

    monkeypatch.setattr(health, "CHECKS", {"broker": lambda _: "answers", "workers": fails})
    answer = client.get("/diagnostic")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["message"] == "workers: no worker is alive"
    assert answer.json["checks"]["broker"]["ok"] is True


def test_a_check_that_hangs_fails_after_its_limit_and_holds_up_no_other(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, held: threading.Event
) -> None:
    def hangs(_: Settings) -> str:
        held.wait()
        return ""

    monkeypatch.setattr(health, "CHECKS", {"folders": hangs, "disk": lambda _: "much"})
    began = time.monotonic()
    found = checks(settings, limit_seconds=0.1)
    assert time.monotonic() - began < 1
    assert found["disk"]["ok"] is True
    assert found["folders"]["ok"] is False
    assert "0.1 s" in found["folders"]["detail"]


def test_an_error_is_named_by_its_kind_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Settings) -> str:
        raise RuntimeError("postgresql://user:secret@host")

    monkeypatch.setattr(health, "CHECKS", {"database": breaks})
    assert checks(settings)["database"]["detail"] == "it does not answer (RuntimeError)"


def test_a_broker_and_workers_that_are_away(settings: Settings) -> None:
    settings.root_storage_path.mkdir()
    found = checks(settings)
    assert [name for name, finding in found.items() if not finding["ok"]] == ["broker", "workers", "queues"]


def test_a_full_disk(settings: Settings) -> None:
    settings.root_storage_path.mkdir()
    with pytest.raises(CheckError, match="MIN_FREE_BYTES=1000000000000000000"):
        health.check_disk(settings.model_copy(update={"min_free_bytes": 10**18}))


def test_a_folder_that_cannot_be_written_to(settings: Settings) -> None:
    settings.root_storage_path.mkdir()
    settings.uploads_folder.write_text("a file where a folder should be")
    with pytest.raises(CheckError, match="uploads cannot be written to"):
        health.check_folders(settings)


def test_echo_gives_the_parameters_back(client: FlaskClient) -> None:
    assert client.get("/diagnostic/echo?a=1&b=2&b=3").json == {"a": "1", "b": ["2", "3"]}
    assert client.post("/diagnostic/echo?a=1", data={"c": "ü"}).json == {"a": "1", "c": "ü"}


def test_fail_fails(client: FlaskClient) -> None:
    assert client.get("/diagnostic/fail").status_code == 500


def test_hello_and_the_echo_of_headers(client: FlaskClient) -> None:
    assert client.get("/hello").text == "World!"
    answer = client.post("/echo", headers={"X-Mine": "yes"}).json
    assert answer is not None
    assert answer["X-Mine"] == "yes"


def test_every_answer_says_who_gave_it(client: FlaskClient) -> None:
    headers = client.get("/nothing/here").headers
    assert headers["X-APP-VERSION"] == app_version()
    assert headers["X-HOSTNAME"]


def test_the_folder_check_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    settings.root_storage_path.mkdir()
    health.check_folders(settings)
    assert list(settings.root_storage_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == [settings.root_storage_path]


def test_the_probes_tell_life_and_readiness_apart(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECKS", {"broker": lambda _: "answers"})
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/diagnostic")] == [200, 200, 200]

    def away(_: Settings) -> str:
        raise CheckError("it stands still")

    monkeypatch.setattr(health, "CHECKS", {"broker": away})
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/diagnostic")] == [200, 503, 500]
    assert client.get("/readyz").get_json()["message"] == "broker: it stands still"
    assert client.get("/healthz").get_json() == {"message": "ok"}
