"""Jobs on a whole server: cancelled, limited, stopped with the server, told of, given their queue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.jobs.announcing import room_of
from support.jobs import HANDLERS, JobsAPI, runners
from support.server import LongshoreServer, still_running
from support.sockets import Listener
from support.waiting import eventually

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    environment = {"HANDLERS_DIR": str(HANDLERS), "JOB_CONCURRENCY": "2", "STOP_TIMEOUT_SECONDS": "1"}
    with LongshoreServer(tmp_path_factory.mktemp("running") / "storage", **environment) as running:
        yield running


@pytest.fixture
def api(server: LongshoreServer) -> JobsAPI:
    return JobsAPI(server)


def test_no_runner_before_the_first_job(storage: Path) -> None:
    with LongshoreServer(storage, HANDLERS_DIR=str(HANDLERS), JOB_CONCURRENCY="1") as server:
        assert runners(server) == []
        assert JobsAPI(server).wait(JobsAPI(server).submit("nothing"))["data"] == 1
        assert len(runners(server)) == 1
        family = server.family()
        assert server.stop() == 0
        assert still_running(family) == []


def test_a_waiting_job_that_is_cancelled_never_starts(api: JobsAPI, tmp_path: Path) -> None:
    end = tmp_path / "end"
    held = [api.submit("wait_for_file", path=str(end)) for _ in range(2)]
    for job_id in held:
        api.wait_until(job_id, "STARTED")
    waiting = api.submit("mark", folder=str(tmp_path), number=1)
    assert api.cancel(waiting)["status"] == "REVOKED"
    end.touch()
    assert [api.wait(job_id)["data"] for job_id in held] == ["seen", "seen"]
    api.wait(api.submit("nothing"))
    assert not (tmp_path / "marks").exists()
    assert api.show(waiting)["attempts"] == 0


def test_a_running_job_that_is_cancelled_is_ended(api: JobsAPI, tmp_path: Path) -> None:
    job_id = api.submit("wait_for_file", path=str(tmp_path / "never"))
    api.wait_until(job_id, "STARTED")
    assert api.cancel(job_id)["status"] == "REVOKED"
    assert api.wait(api.submit("nothing"))["status"] == "SUCCESS"


def test_a_job_that_is_over_cannot_be_cancelled(api: JobsAPI) -> None:
    job_id = api.submit("nothing")
    api.wait(job_id)
    assert api.request("DELETE", f"/{job_id}").status_code == 409


@pytest.mark.parametrize(("name", "error"), [("never_ends", "TimedOut"), ("eats", "TooLarge"), ("exits", "JobFailed")])
def test_a_limit_ends_only_its_job(api: JobsAPI, name: str, error: str) -> None:
    job = api.wait(api.submit(name))
    assert (job["status"], job["error"], job["losses"]) == ("FAILURE", error, 0)
    assert job["peak_bytes"] > 2**20
    assert api.wait(api.submit("nothing"))["status"] == "SUCCESS"


def test_what_raises_is_begun_again_as_often_as_declared(api: JobsAPI, tmp_path: Path) -> None:
    job = api.wait(api.submit("fails_twice", folder=str(tmp_path)))
    assert (job["status"], job["attempts"], job["data"]) == ("SUCCESS", 3, "done")


def test_those_who_watch_a_job_are_told_of_its_progress_and_its_end(
    server: LongshoreServer, api: JobsAPI, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    job_id = api.submit("wait_for_file", path=str(end))
    listener = Listener(server.url)
    try:
        listener.acknowledged("subscribeJobs", {"job_id": job_id})
        progress = {"done": 1, "total": 2, "message": "waiting"}
        listener.wait_for("jobs", id=job_id, status="STARTED", progress=progress)
        assert api.wait_until(job_id, "STARTED")["status"] == "STARTED"
        end.touch()
        assert listener.wait_for("jobs", id=job_id, status="SUCCESS")["data"] == "seen"
        assert room_of(job_id) == f"job:{job_id}"
        assert api.show(job_id)["progress"] == progress
    finally:
        listener.close()


def test_a_stopping_server_gives_its_jobs_back_and_the_next_one_runs_them(
    server: LongshoreServer, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    job_id = JobsAPI(server).submit("wait_for_file", path=str(end))
    JobsAPI(server).wait_until(job_id, "STARTED")
    family = server.family()
    assert server.stop() == 0
    assert still_running(family) == []
    server.end()
    end.touch()
    server.start()
    server.wait_until_ready()
    job = JobsAPI(server).wait(job_id)
    assert (job["status"], job["attempts"], job["losses"]) == ("SUCCESS", 1, 0)
    assert "did not end in time" not in server.log


def test_the_diagnosis_misses_a_job_worker_only_when_there_are_jobs(server: LongshoreServer) -> None:
    assert server.diagnose().json()["checks"]["workers"]["detail"] == "1 alive, and 1 for jobs"
    worker = server.parts()["job worker"]
    worker.suspend()  # a dead one would be there again too soon
    try:
        answer = eventually(lambda: server.diagnose().status_code == 500 and server.diagnose(), 20, "a bad diagnosis")
        assert answer.json()["message"] == "workers: no job worker is alive"
    finally:
        worker.resume()
    server.wait_until_well()


def test_a_handler_that_cannot_be_loaded_stops_the_start_with_its_place(storage: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\nimport no_such_module\n")
    started = subprocess.run(
        [sys.executable, "-m", "longshore", "serve", "--storage", str(storage), "--port", "0"],
        env=os.environ | {"HANDLERS_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert "broken.py, line 2: ModuleNotFoundError" in started.stderr
