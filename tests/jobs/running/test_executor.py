"""An executor whose surroundings fail: the claim of a job is settled, and it is no loss of the job."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import Unavailable
from longshore.jobs import records
from longshore.jobs.records import Job, NewJob
from longshore.jobs.results.table import EmbeddedStore
from longshore.jobs.running.executor import UNREADY_SECONDS, JobExecutor
from longshore.jobs.running.runner import Runner
from longshore.processes.stop_signal import StopSignal
from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare

from .conftest import HANDLERS

pytestmark = pytest.mark.processes


class Silence:
    """Nobody watches."""

    def emit(self, event: str, data: Any, room: str) -> None:
        raise Unavailable("away")


class Place:
    """An executor and its database."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database)
        self.stop = StopSignal()
        self.executor = JobExecutor(settings, self.database, Silence(), EmbeddedStore(self.database), self.stop)

    def submit(self, name: str) -> str:
        job_id = records.new_job_id()
        with self.database.writing() as connection:
            records.insert(connection, [NewJob(name, "jobs", b"{}", 1.0, job_id)])
        return job_id

    def work(self) -> None:
        self.executor.work("jobs")

    def find(self, job_id: str) -> Job:
        with self.database.reading() as connection:
            found = records.find(connection, job_id)
        assert found is not None
        return found


@pytest.fixture
def place(storage: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("HANDLERS_DIR", str(HANDLERS))
    settings = Settings.from_environment(root_storage_path=storage)
    prepare(settings)
    made = Place(settings)
    yield made
    made.executor.close()
    made.database.close()


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", ["nothing", "exits_at_once_and_may_not_repeat"])
@pytest.mark.parametrize(
    "part", ["longshore.jobs.running.runner.subprocess.Popen", "longshore.jobs.running.runner.Runner.prepare"]
)
def test_a_job_that_cannot_be_begun_is_put_off_and_was_not_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, part: str
) -> None:
    job_id = place.submit(name)
    monkeypatch.setattr(part, no_space)
    place.work()
    job = place.find(job_id)
    assert (job.status, job.error, job.attempts, job.losses) == ("RETRY", "Unavailable", 0, 0)
    assert job.due > job.submitted + UNREADY_SECONDS / 2
    assert job.lease is None


def test_a_worker_that_fails_in_the_middle_interrupts_its_job(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = place.submit("nothing")
    monkeypatch.setattr(Runner, "run", no_space)
    place.work()
    job = place.find(job_id)
    assert (job.status, job.error, job.attempts, job.losses) == ("RETRY", "Unavailable", 1, 0)
    assert "its worker failed (OSError)" in str(job.message)


def test_a_worker_that_fails_over_a_job_that_may_not_repeat_fails_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = place.submit("exits_at_once_and_may_not_repeat")
    monkeypatch.setattr(Runner, "run", no_space)
    place.work()
    job = place.find(job_id)
    assert (job.status, job.error, job.attempts, job.losses) == ("FAILURE", "WorkerLost", 1, 0)


def test_nothing_is_claimed_after_a_stop(place: Place) -> None:
    job_id = place.submit("nothing")
    place.stop.give()
    place.work()
    assert place.find(job_id).attempts == 0


def test_the_next_job_is_not_claimed_by_the_one_during_which_the_stop_came(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place.submit("nothing"), place.submit("nothing")
    real = Runner.run

    def stop_meanwhile(runner: Runner, *arguments: Any, **named: Any) -> Any:
        place.stop.give()
        return real(runner, *arguments, **named)

    monkeypatch.setattr(Runner, "run", stop_meanwhile)
    place.work()
    assert [place.find(each).status for each in (first, second)] == ["SUCCESS", "PENDING"]
    assert place.find(second).attempts == 0
