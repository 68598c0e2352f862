"""Parts of the server are killed in the middle of jobs: afterwards each job has ended once, and none is missing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.jobs import FINISHED, HANDLERS, JobsAPI, executors, marks, runners
from support.server import LongshoreServer, still_running
from support.waiting import eventually

pytestmark = pytest.mark.processes

JOBS = 200
AT_ONCE = 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """One for all: each test leaves it well again."""
    environment = {"HANDLERS_DIR": str(HANDLERS), "JOB_CONCURRENCY": str(AT_ONCE)}
    with LongshoreServer(tmp_path_factory.mktemp("killed") / "storage", **environment) as running:
        yield running


def kill(server: LongshoreServer, victim: str) -> None:
    processes = {"runner": runners, "task process": executors}
    if victim in processes:
        eventually(lambda: processes[victim](server), 10, f"a {victim}")[0].kill()
    elif victim == "supervisor":
        server.signal(signal.SIGKILL)
        server.wait()
        server.end()
        server.start()
        server.wait_until_ready()
    else:
        server.parts()[victim].kill()


@pytest.mark.parametrize("victim", ["runner", "task process", "job worker", "broker", "web", "supervisor"])
def test_each_job_ends_once_after_a_kill(server: LongshoreServer, tmp_path: Path, victim: str) -> None:
    api = JobsAPI(server)
    inputs = [{"folder": str(tmp_path), "number": number, "seconds": 0.005} for number in range(JOBS)]
    ids = api.submit_batch("mark", inputs)
    eventually(lambda: len(marks(tmp_path)) >= JOBS // 5, 30, "a fifth of the jobs")
    kill(server, victim)
    api = JobsAPI(server)
    jobs = eventually(lambda: all_ended(api, ids), 60, "the end of all jobs")
    assert {job["status"] for job in jobs.values()} == {"SUCCESS"}
    ran = marks(tmp_path)
    assert set(ran) == set(range(JOBS))
    again = {number: times for number, times in ran.items() if times > 1}
    assert len(again) <= AT_ONCE  # only those that ran at that moment
    assert sum(job["losses"] for job in jobs.values()) <= AT_ONCE
    assert [api.show(ids[number])["data"] for number in (0, JOBS - 1)] == [0, JOBS - 1]
    server.wait_until_well()


def all_ended(api: JobsAPI, ids: list[str]) -> dict[str, Any]:
    """These jobs, once all have ended."""
    listed = {job["id"]: job for job in api.newest(1000) if job["id"] in ids}
    assert len(listed) == len(ids)
    assert all(job["status"] in FINISHED for job in listed.values())
    return listed


def test_a_killed_worker_leaves_nothing_that_its_jobs_started(server: LongshoreServer, tmp_path: Path) -> None:
    api = JobsAPI(server)
    job_id = api.submit("leaves_daemons", folder=str(tmp_path), then="go on")
    eventually(lambda: len((tmp_path / "daemons").read_text().split()) == 2, 20, "the daemons")
    daemons = [psutil.Process(int(number)) for number in (tmp_path / "daemons").read_text().split()]
    # The other one cleared its environment: once its parents are dead, nothing tells whose it was.
    marked, unmarked = sorted(daemons, key=lambda process: "LONGSHORE_RUNNER" not in process.environ())
    family = runners(server)
    kill(server, "job worker")
    try:
        eventually(lambda: not still_running([*family, marked]), 20, "the end of all that the job started")
    finally:
        unmarked.kill()
    api.cancel(job_id)


def test_a_job_over_which_three_processes_died_is_set_aside(server: LongshoreServer) -> None:
    api = JobsAPI(server)
    job = api.wait(api.submit("segfaults"))
    assert (job["status"], job["error"], job["losses"]) == ("FAILURE", "WorkerLost", 3)
    assert "3 processes died over it" in job["message"]
    assert "MiB" in job["message"]
    assert "last words" in job["log_tail"]


def test_a_job_that_may_not_repeat_fails_at_the_first_loss(server: LongshoreServer) -> None:
    api = JobsAPI(server)
    job = api.wait(api.submit("exits_at_once_and_may_not_repeat"))
    assert (job["status"], job["error"], job["losses"]) == ("FAILURE", "WorkerLost", 1)


def test_a_job_whose_warden_died_and_may_not_repeat_fails_too(server: LongshoreServer, tmp_path: Path) -> None:
    api = JobsAPI(server)
    job_id = api.submit("marks_and_waits_once", folder=str(tmp_path), number=1)
    eventually(lambda: marks(tmp_path), 30, "its beginning")
    for executor in executors(server):
        executor.kill()
    assert api.wait(job_id)["error"] == "WorkerLost"
    assert marks(tmp_path) == {1: 1}
