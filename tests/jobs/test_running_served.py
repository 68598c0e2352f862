"""Jobs on a whole server: cancelled, limited, stopped with the server, told of, given their queue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from longshore.jobs.announcing import room_of
from support.jobs import HANDLERS, JobsAPI, marks, runners
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
    assert (job["status"], job["attempts"], job["losses"]) == ("SUCCESS", 2, 0), "begun twice, and nothing died"
    assert "did not end in time" not in server.log


@pytest.fixture
def hurried(storage: Path) -> Iterator[LongshoreServer]:
    """A server that gives running jobs no time when it stops."""
    environment = {"HANDLERS_DIR": str(HANDLERS), "JOB_CONCURRENCY": "1", "STOP_TIMEOUT_SECONDS": "0.1"}
    with LongshoreServer(storage, **environment) as running:
        yield running


def test_a_job_that_may_not_repeat_is_begun_once_and_nothing_after_a_stop(
    hurried: LongshoreServer, tmp_path: Path
) -> None:
    api = JobsAPI(hurried)
    only_once, waiting = (api.submit("marks_and_waits_once", folder=str(tmp_path), number=each) for each in (1, 2))
    eventually(lambda: marks(tmp_path), 30, "the first job")
    assert hurried.stop() == 0
    hurried.end()
    assert marks(tmp_path) == {1: 1}
    (tmp_path / "end").touch()
    hurried.start()
    hurried.wait_until_ready()
    job = JobsAPI(hurried).wait(only_once)
    assert (job["status"], job["error"], job["attempts"]) == ("FAILURE", "WorkerLost", 1)
    assert "its worker had to stop while it ran" in job["message"]
    job = JobsAPI(hurried).wait(waiting)
    assert (job["status"], job["attempts"]) == ("SUCCESS", 1)
    assert marks(tmp_path) == {1: 1, 2: 1}


def test_a_stop_that_reaches_all_processes_at_once_is_no_loss(hurried: LongshoreServer, tmp_path: Path) -> None:
    """As a service manager stops a service: a signal to every process of it."""
    job_id = JobsAPI(hurried).submit("wait_for_file", path=str(tmp_path / "end"))
    for _ in range(3):
        JobsAPI(hurried).wait_until(job_id, "STARTED")
        for process in hurried.family():
            with suppress(psutil.NoSuchProcess):  # it has ended with those that heard before it
                process.terminate()
        assert hurried.wait() == 0
        hurried.end()
        hurried.start()
        hurried.wait_until_ready()
    (tmp_path / "end").touch()
    job = JobsAPI(hurried).wait(job_id)
    assert (job["status"], job["losses"]) == ("SUCCESS", 0)


def test_a_job_that_wants_it_runs_in_a_process_of_its_own(hurried: LongshoreServer) -> None:
    api = JobsAPI(hurried)
    numbers = [api.wait(api.submit(name))["data"] for name in ("small", "always_fresh", "always_fresh", "small")]
    assert numbers[2] == numbers[3], "another job may use it afterwards"
    assert len(set(numbers)) == 3


def fetch(server: LongshoreServer, address: str) -> httpx.Response:
    return httpx.get(httpx.URL(server.url).join(address))


def test_a_file_that_a_job_hands_out_lives_as_long_as_its_result_for_any_number_of_downloads(
    server: LongshoreServer, api: JobsAPI, tmp_path: Path
) -> None:
    job = api.wait(api.submit("hands_out", folder=str(tmp_path)))
    address = job["data"]["file"]
    for _ in range(3):
        answer = fetch(server, address)
        assert (answer.status_code, answer.text) == (200, "a,b")
    eventually(lambda: fetch(server, address).status_code == 404, 20, "the end of the file")
    assert api.request("GET", f"/{job['id']}").status_code == 410, "not before its result"


def test_a_job_can_hand_out_a_file_that_is_taken_once(server: LongshoreServer, api: JobsAPI, tmp_path: Path) -> None:
    address = api.wait(api.submit("hands_out", folder=str(tmp_path), one_time=True))["data"]["file"]
    assert [fetch(server, address).status_code for _ in range(2)] == [200, 404]


def test_the_file_of_a_job_that_failed_goes_with_it(server: LongshoreServer, api: JobsAPI, tmp_path: Path) -> None:
    assert api.wait(api.submit("hands_out", folder=str(tmp_path), text=""))["status"] == "FAILURE"
    assert fetch(server, (tmp_path / "address").read_text()).status_code == 404


def test_handing_out_a_file_leaves_nothing_in_the_process(api: JobsAPI, tmp_path: Path) -> None:
    found = [api.wait(api.submit("hands_out", folder=str(tmp_path)))["data"]["process"] for _ in range(5)]
    assert len(set(found)) <= 2, "as many as jobs run at once"


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
