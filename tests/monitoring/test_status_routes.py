"""The server's state as a person's page reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from longshore.access.scopes import Scope
from longshore.access.tokens import make_token
from longshore.monitoring.metrics import Figures, Metrics
from longshore.monitoring.status_routes import describe_server
from longshore.settings import Settings
from support.server import LongshoreServer

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def http(shared_server: LongshoreServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.url, timeout=60) as client:
        yield client


def test_what_an_administrator_is_told(http: httpx.Client, shared_server: LongshoreServer) -> None:
    made = http.post("/api/v1/samples/weather.csv")
    assert made.status_code == 201
    http.post("/file", params={"name": "x"})
    shared_server.wait_until_well()
    state = http.get("/api/v1/server").json()
    assert state["well"] is True
    told = state["details"]
    assert {check["name"]: check["ok"] for check in told["checks"]}["database"] is True
    assert all(check["detail"] and check["seconds"] >= 0 for check in told["checks"])
    assert [worker["kinds"] for worker in told["workers"]] == [["datasets"], ["imports"]]
    assert told["datasets"]["ready"] >= 1
    assert 0 < told["diskFree"] < told["diskSize"]
    assert told["storage"]["datasets"] > 0
    assert set(told["storage"]) >= {"partitions", "path_files", "values", "lists", "state"}
    assert told["uptime"] >= 0
    assert told["queues"] == []


def test_details_are_for_administrators(storage: Path) -> None:
    rita, line = make_token("rita", Scope.READ)
    ada, other = make_token("ada", Scope.ADMIN)
    with LongshoreServer(storage, AUTH_TOKENS=f"{line.line},{other.line}") as server:

        def ask(shown: str) -> httpx.Response:
            return httpx.get(f"{server.url}/api/v1/server", headers={"Authorization": f"Bearer {shown}"})

        told = ask(rita).json()
        assert told["details"] is None
        assert told.keys() == {"well", "version", "details"}
        assert ask(ada).json()["details"]["checks"]
        assert httpx.get(f"{server.url}/api/v1/server").status_code == 401


def test_a_part_that_is_away_leaves_the_rest(settings: Settings) -> None:
    class Away(Metrics):
        def figures(self) -> Figures:
            return {"longshore_jobs_waiting": {"jobs": 3.0}, "longshore_jobs_running": {"slow": 1.0}}

    told = describe_server(settings, Away(), [])
    assert told.workers is None  # no broker runs here
    assert [(each.queue, each.waiting, each.running) for each in told.queues] == [("jobs", 3, 0), ("slow", 0, 1)]
    assert (told.links, told.diskFree, told.storage) == (None, None, {})
