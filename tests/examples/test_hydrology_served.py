"""The worked example as its README has it, on a whole server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from longshore.client import Client
from support.nginx import free_port
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes

EXAMPLE = Path(__file__).parents[2] / "examples" / "hydrology"
PASTURE = {"rainfall": 6, "covers": [{"area": 75, "curve_number": 61}, {"area": 175, "curve_number": 74}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    environment = {
        "MOUNTS": "/hms=hms_flask.flask_hms:app",
        "TASK_MODULES": "hms_flask.modules.hms_controller",
        "HANDLERS_DIR": str(EXAMPLE / "handlers"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(EXAMPLE), os.environ.get("PYTHONPATH")])),
        # The job that makes a dataset is a client of its own server, whose address it reads from the settings.
        "PORT": str(free_port()),
    }
    with LongshoreServer(tmp_path_factory.mktemp("hydrology") / "storage", **environment) as running:
        yield running


@pytest.fixture
def client(server: LongshoreServer) -> Iterator[Client]:
    with Client(server.url) as made:
        yield made


def test_the_mounted_application_runs_its_task(server: LongshoreServer) -> None:
    started = httpx.post(f"{server.url}/hms/runoff", json=PASTURE)
    assert started.status_code == 202, started.text
    job_id = started.json()["job_id"]

    def ended() -> dict[str, Any]:
        answer = httpx.get(f"{server.url}/hms/data", params={"job_id": job_id}).json()
        assert answer["status"] == "SUCCESS", answer
        return dict(answer)

    answer = eventually(ended, 30, "the end of the task")
    assert (answer["id"], set(answer)) == (job_id, {"id", "status", "data"})
    assert answer["data"]["curve_number"] == pytest.approx(70.1)
    assert answer["data"]["runoff"] == pytest.approx(2.81, abs=0.01)
    assert httpx.get(f"{server.url}/hms/data").json() == {"error": "id provided is invalid."}


def test_the_declared_job_has_the_same_model(client: Client) -> None:
    assert client.job("runoff", {"rainfall": 6, "curve_number": 75}).result()["runoff"] == pytest.approx(
        3.28, abs=0.005
    )


def test_a_dataset_of_storms_becomes_one_with_their_runoff(client: Client, tmp_path: Path) -> None:
    storms = client.upload(EXAMPLE / "storms.csv")
    job = client.job("runoff_table", {"session_id": storms.session_id})
    found = job.result()
    made = pl.read_parquet(client.dataset(found["session_id"]).export(tmp_path / "made.parquet"))
    before = pl.read_csv(EXAMPLE / "storms.csv")
    assert made.columns == [*before.columns, "Q"]
    assert made.drop("Q").equals(before)
    by_name = dict(zip(made["watershed"], made["Q"], strict=True))
    assert by_name["A"] == pytest.approx(2.80, abs=0.01)  # table 2-1 of TR-55: 2.81, of 6 inches on 70
    assert by_name["B"] == pytest.approx(3.28, abs=0.005)
    assert by_name["D"] is None
    assert (found["rows"], found["left_empty"]) == (before.height, made["Q"].null_count())
    assert job.state()["progress"]["done"] == before.height


def test_a_column_that_is_not_there_is_told(client: Client) -> None:
    storms = client.upload(EXAMPLE / "storms.csv")
    job = client.job("runoff_table", {"session_id": storms.session_id, "rainfall_column": "rain"})
    job.wait()
    assert "no column 'rain'; it has watershed, P, CN" in job.state()["message"]
