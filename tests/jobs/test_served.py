"""Jobs on a whole server: Socket.IO, the Python client, the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from longshore import errors
from longshore.client import Client
from longshore.jobs.records import new_job_id
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

HANDLERS = """
import time
from pathlib import Path

from longshore import job, links


@job("add")
def add(a: int, b: int = 1) -> int:
    "Add two numbers."
    return a + b


@job("wait_for")
def wait_for(path: str, progress) -> str:
    "End when a file appears."
    progress(1, 4, "waiting")
    while not Path(path).exists():
        time.sleep(0.02)
    return "seen"


@job("rain")
def rain() -> None:
    print("it began")
    raise ValueError("it rained")


@job("measure")
def measure(text: str) -> int:
    return len(text)


@job("not_json")
def not_json():
    return {"flows": [1.0, float("nan")]}


@job("files")
def files(folder: str) -> str:
    path = Path(folder) / "made.csv"
    path.write_text("a,b")
    return links.register(path)


@job("short_lived", result_ttl=1)
def short_lived() -> str:
    return "soon gone"


@job("numbers")
def numbers(n: int) -> list[int]:
    return list(range(n))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "some.py").write_text(HANDLERS)
    with LongshoreServer(folder / "storage", HANDLERS_DIR=str(folder / "handlers")) as running:
        yield running


@pytest.fixture
def client(server: LongshoreServer) -> Iterator[Client]:
    with Client(server.url, user="ann") as made:
        yield made


@pytest.fixture
def listener(server: LongshoreServer) -> Iterator[Listener]:
    made = Listener(server.url)
    yield made
    made.close()


def statuses(listener: Listener, job_id: str) -> list[str]:
    return [event["status"] for event in listener.events("jobs") if event["id"] == job_id]


def test_a_subscriber_is_told_every_change(client: Client, listener: Listener, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = client.job("wait_for", {"path": str(gate)})
    answer = listener.acknowledged("subscribeJobs", {"job_id": job.id, "requestID": "r"})
    assert answer == {"accepted": True, "requestID": "r", "job_ids": [job.id]}
    listener.wait_for("jobs", id=job.id, progress={"done": 1.0, "total": 4.0, "message": "waiting"})
    gate.touch()
    last = listener.wait_for("jobs", id=job.id, status="SUCCESS")
    assert last["data"] == "seen"
    told = statuses(listener, job.id)
    assert set(told) <= {"PENDING", "STARTED", "SUCCESS"}
    assert told == sorted(told)  # by chance the order of the alphabet is that of a life


def test_whoever_subscribes_late_is_told_how_it_stands(client: Client, listener: Listener) -> None:
    first, second = client.submit_jobs("add", [{"a": 1}, {"a": 2}])
    assert (first.result(), second.result()) == (2, 3)
    assert listener.acknowledged("subscribeJobs", {"job_ids": [first.id, second.id]})["accepted"]
    assert listener.wait_for("jobs", id=first.id)["data"] == 2
    assert listener.wait_for("jobs", id=second.id)["data"] == 3


def test_a_large_result_does_not_ride_along(client: Client, listener: Listener) -> None:
    job = client.job("numbers", {"n": 20_000})
    listener.acknowledged("subscribeJobs", {"job_id": job.id})
    event = listener.wait_for("jobs", id=job.id, status="SUCCESS")
    assert "data" not in event
    assert event["result_bytes"] > 65_536


def test_after_unsubscribing_nothing_comes(client: Client, listener: Listener, tmp_path: Path) -> None:
    left, kept = (client.job("wait_for", {"path": str(tmp_path / name)}) for name in ("left", "kept"))
    listener.acknowledged("subscribeJobs", {"job_ids": [left.id, kept.id]})
    assert listener.acknowledged("unsubscribeJobs", {"job_id": left.id})["accepted"]
    (tmp_path / "left").touch()
    assert left.result() == "seen"
    (tmp_path / "kept").touch()
    listener.wait_for("jobs", id=kept.id, status="SUCCESS")
    assert "SUCCESS" not in statuses(listener, left.id)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "InvalidRequest"),
        ([], "InvalidRequest"),
        ({}, "InvalidRequest"),
        ({"job_id": 7}, "InvalidRequest"),
        ({"job_ids": []}, "InvalidRequest"),
        ({"job_ids": ["x"], "jobs": ["y"]}, "InvalidRequest"),
        ({"job_ids": ["x"], "requestID": float("nan")}, "InvalidRequest"),
        ({"job_ids": ["x"] * 1001}, "InvalidRequest"),
        ({"job_ids": "x"}, "InvalidRequest"),
        ({"job_id": "x", "job_ids": ["x"]}, "InvalidRequest"),
        ({"job_id": "x"}, "JobNotFound"),
        ({"job_id": new_job_id()}, "JobNotFound"),
    ],
)
def test_a_bad_subscription_is_refused(listener: Listener, body: Any, code: str) -> None:
    answer = listener.acknowledged("subscribeJobs", body)
    assert (answer["accepted"], answer["error"]) == (False, code)
    assert answer["errorDescription"]
    assert listener.wait_for("subscribeJobs", success=False)["error"] == code


def test_the_client_runs_a_job(client: Client) -> None:
    job = client.job("add", {"a": 2, "b": 3})
    assert job.result(timeout=60) == 5
    assert job.status == "SUCCESS"
    assert job.state()["made_by"] == "ann"
    assert client.find_job(job.id).result() == 5
    assert job.id in [each.id for each in client.jobs(type="add", status="SUCCESS")]
    assert "add" in [each["name"] for each in client.job_types()]


def test_the_client_fetches_a_result_of_any_size(client: Client) -> None:
    assert client.job("numbers", {"n": 300_000}).result()[-1] == 299_999


def test_inputs_of_20_megabytes(client: Client) -> None:
    assert client.job("measure", {"text": "x" * 20_000_000}).result(timeout=60) == 20_000_000


@pytest.mark.parametrize(
    ("body", "said"), [('{"text": NaN}', "no NaN"), ("[" * 1000 + "]" * 1000, "200 levels"), ('{"text"', "valid JSON")]
)
def test_what_cannot_be_inputs_is_refused(server: LongshoreServer, body: str, said: str) -> None:
    answer = httpx.post(f"{server.url}/api/v1/jobs/measure", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert said in answer.json()["errorDescription"]


def test_a_result_that_is_not_json_is_a_failure_that_names_its_place(client: Client) -> None:
    with pytest.raises(errors.JobFailed) as caught:
        client.job("not_json").result()
    assert caught.value.reason == "InvalidResult"
    assert "output.flows[1] is NaN" in caught.value.description


def test_a_job_hands_out_a_link_to_a_file_that_it_made(client: Client, server: LongshoreServer, tmp_path: Path) -> None:
    address = client.job("files", {"folder": str(tmp_path)}).result()
    answer = httpx.get(httpx.URL(server.url).join(address))
    assert (answer.status_code, answer.text) == (200, "a,b")


def test_a_result_is_gone_once_it_has_expired(client: Client, server: LongshoreServer) -> None:
    job = client.job("short_lived")
    assert job.wait().state()["status"] == "SUCCESS"
    address = f"{server.url}/api/v1/jobs/{job.id}"
    gone = eventually(lambda: (answer := httpx.get(address)).status_code == 410 and answer, 10, "the job's expiry")
    assert gone.json()["error"] == "Expired"
    assert httpx.get(f"{address}/result").status_code == 410
    assert httpx.delete(address).status_code == 410
    with Client(server.url) as other, pytest.raises(errors.Expired):
        other.find_job(job.id).state()


def test_the_client_says_why_a_job_failed(client: Client) -> None:
    with pytest.raises(errors.JobFailed, match="it rained") as caught:
        client.job("rain").result()
    assert caught.value.reason == "JobFailed"
    assert "it began" in caught.value.log_tail


def test_the_client_names_the_fields_at_fault(client: Client) -> None:
    with pytest.raises(errors.InvalidInputs) as caught:
        client.submit_jobs("add", [{"a": 1}, {"b": 2}])
    assert [(each["item"], each["field"]) for each in caught.value.fields] == [(1, "a")]
    with pytest.raises(errors.JobNotFound, match="did you mean 'add'"):
        client.job("ad")


def test_the_client_gives_up_waiting_and_cancels(client: Client, tmp_path: Path) -> None:
    job = client.job("wait_for", {"path": str(tmp_path / "never")})
    with pytest.raises(errors.TimedOut):
        job.wait(timeout=0.2)
    assert job.cancel() == "REVOKED"
    with pytest.raises(errors.JobFailed) as caught:
        job.result()
    assert caught.value.reason == "Revoked"


def test_the_same_key_gives_the_same_job(client: Client) -> None:
    first, again = (client.job("add", {"a": 1}, idempotency_key="once") for _ in range(2))
    assert first.id == again.id


def test_the_bar_shows_progress(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("longshore.client.jobs._is_seen", lambda: True)
    job = client.job("wait_for", {"path": str(tmp_path / "gate")})
    eventually(lambda: job.state()["progress"]["total"] == 4)
    (tmp_path / "gate").touch()
    assert job.result() == "seen"
    assert "wait_for waiting" in capsys.readouterr().err


def longshore(server: LongshoreServer, *words: str, **about: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PORT": server.url.rpartition(":")[2]}
    command = [sys.executable, "-m", "longshore", "jobs", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False, **about)


def test_the_command_line_runs_a_job(server: LongshoreServer, tmp_path: Path) -> None:
    assert json.loads(longshore(server, "run", "add", '{"a": 2}').stdout) == 3
    assert json.loads(longshore(server, "run", "add", "-", input='{"a": 3}').stdout) == 4
    (tmp_path / "in.json").write_text('{"a": 4}')
    assert json.loads(longshore(server, "run", "add", f"@{tmp_path / 'in.json'}").stdout) == 5


def test_the_command_line_says_what_is_wrong(server: LongshoreServer) -> None:
    failed = longshore(server, "run", "rain")
    assert failed.returncode == 1
    assert "it began" in failed.stderr
    assert "JobFailed: ValueError: it rained" in failed.stderr
    refused = longshore(server, "run", "add", '{"a": "x"}')
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "a: input should be a valid integer" in refused.stderr
    for words in (
        ("run", "add", "{"),
        ("run", "add", "@/no/such/file"),
        ("show", "x"),
        ("list", "--url", "http://127.0.0.1:1"),
    ):
        answer = longshore(server, *words)
        assert answer.returncode in (1, 2)
        assert answer.stderr.startswith("longshore: ")
        assert "Traceback" not in answer.stderr


def test_the_command_line_lists_shows_and_cancels(server: LongshoreServer, tmp_path: Path) -> None:
    job_id = longshore(server, "run", "wait_for", json.dumps({"path": str(tmp_path / "x")}), "--no-wait").stdout.strip()
    assert job_id in longshore(server, "list", "--limit", "1").stdout
    assert json.loads(longshore(server, "show", job_id).stdout)["type"] == "wait_for"
    assert longshore(server, "cancel", job_id).stdout == "stopped\n"
    assert json.loads(longshore(server, "show", job_id).stdout)["status"] == "REVOKED"
    assert "add  Add two numbers." in longshore(server, "types").stdout
