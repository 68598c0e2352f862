"""What the reconciler makes good, on records; with whole servers: test_killed_workers.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import Unavailable
from longshore.jobs import claims, reconcile, records
from longshore.jobs.periodic_tasks import sweep
from longshore.jobs.reconcile import JobReconciler
from longshore.jobs.results.files import ResultFiles
from longshore.jobs.results.table import EmbeddedStore
from longshore.state.database import Database
from longshore.state.leases import LEASE_SECONDS, ExpiryDetector, new_owner
from support.leases import Clock, dead_owner

Put = Callable[..., str]


class Emitter:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.away = False

    def emit(self, event: str, data: Any, room: str) -> None:
        if self.away:
            raise Unavailable("away")
        self.sent.append((room, data["status"]))


class Bench:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.emitter = Emitter()
        self.woken: list[tuple[str, int]] = []
        self.reconciler = JobReconciler(database, self.emitter, lambda *asked: self.woken.append(asked), 60)

    def claim(self, owner: str, queue: str = "jobs") -> records.Job:
        with self.database.writing() as connection:
            claimed = claims.claim_next(connection, queue, owner)
        assert claimed is not None
        return claimed.job

    def watch(self, job_id: str) -> None:
        with self.database.writing() as connection:
            records.watch(connection, [job_id])

    def find(self, job_id: str) -> records.Job:
        with self.database.reading() as connection:
            job = records.find(connection, job_id)
        assert job is not None
        return job


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


def test_a_forgotten_job_wakes_its_queue_again_and_again_more_rarely(bench: Bench, put: Put, monkeypatch: Any) -> None:
    put(queue="a")
    put(queue="a")
    clock = [100.0]
    monkeypatch.setattr(reconcile.time, "monotonic", lambda: clock[0])
    for clock[0], times in [(100.0, 1), (101.0, 1), (102.0, 2), (105.0, 2), (106.0, 3)]:
        bench.reconciler.wake_forgotten()
        assert bench.woken == [("a", 2)] * times
    with bench.database.writing() as connection:
        assert claims.claim_next(connection, "a", new_owner())
        assert claims.claim_next(connection, "a", new_owner())
    bench.reconciler.wake_forgotten()
    put(queue="a")
    bench.reconciler.wake_forgotten()
    assert bench.woken[-1] == ("a", 1)


def test_a_job_of_a_dead_process_is_begun_again_at_once(bench: Bench, put: Put) -> None:
    job_id = put()
    bench.watch(job_id)
    bench.claim(dead_owner())
    assert [job.id for job in bench.reconciler.take_over()] == [job_id]
    job = bench.find(job_id)
    assert (job.status, job.losses) == ("RETRY", 1)
    assert bench.woken == [("jobs", 1)]
    assert bench.emitter.sent == [(f"job:{job_id}", "RETRY")]


def test_a_job_of_a_living_process_stays_whatever_the_wall_clock_says(
    bench: Bench, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    bench.claim(new_owner())
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86400)
    assert bench.reconciler.take_over() == []
    monkeypatch.setattr(time, "time", lambda: real() - 86400)
    assert bench.reconciler.take_over() == []


def test_a_lease_of_another_machine_runs_out_by_the_time_that_it_was_watched(bench: Bench, put: Put) -> None:
    put()
    bench.claim("elsewhere/1/1/a")
    clock = Clock()
    bench.reconciler.watch = ExpiryDetector(clock=clock)
    for _ in range(int(LEASE_SECONDS) + 1):
        assert bench.reconciler.take_over() == []
        clock.now += 1
    assert len(bench.reconciler.take_over()) == 1


def test_a_job_whose_clock_was_set_back_is_found_forgotten(bench: Bench, put: Put) -> None:
    put(queue="a", due=time.time() + 7200)
    bench.reconciler.wake_forgotten()
    assert bench.woken == [("a", 1)]


def test_what_a_dead_warden_had_noted_stands_in_the_failure(bench: Bench, put: Put) -> None:
    job_id = put()
    for attempt in range(claims.MAX_LOSSES):
        owner = dead_owner()
        bench.claim(owner)
        with bench.database.writing() as connection:
            claims.renew(connection, job_id, owner, peak_bytes=300 * 2**20, log_tail=f"line {attempt}")
        bench.reconciler.take_over()
    job = bench.find(job_id)
    assert (job.status, job.error, job.log_tail) == ("FAILURE", "WorkerLost", "line 2")
    assert "300 MiB" in (job.message or "")


def test_a_job_given_back_waits_as_if_it_had_never_been_begun(bench: Bench, put: Put) -> None:
    job_id = put()
    owner = new_owner()
    bench.claim(owner)
    with bench.database.writing() as connection:
        claims.give_back(connection, job_id, owner)
    job = bench.find(job_id)
    assert (job.status, job.attempts, job.losses, job.started) == ("PENDING", 0, 0, None)
    with bench.database.writing() as connection, pytest.raises(claims.LeaseLost):
        claims.give_back(connection, job_id, owner)


def test_an_end_that_nobody_was_told_of_is_told_once_the_queue_is_back(
    bench: Bench, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, unwatched = put(), put()
    bench.watch(job_id)
    remains = claims.AttemptEnd(time.time() + 60)
    for each in (job_id, unwatched):
        owner = new_owner()
        bench.claim(owner)
        with bench.database.writing() as connection:
            claims.fail(connection, each, owner, remains, error="JobFailed", message="")
    monkeypatch.setattr(reconcile, "PATIENCE_SECONDS", -1.0)
    bench.emitter.away = True
    bench.reconciler.announce_again()
    bench.emitter.away = False
    bench.reconciler.announce_again()
    bench.reconciler.announce_again()
    assert bench.emitter.sent == [(f"job:{job_id}", "FAILURE")]


def test_what_expired_is_forgotten_first_and_its_record_a_day_later(bench: Bench, put: Put, tmp_path: Path) -> None:
    store, files = EmbeddedStore(bench.database), ResultFiles(tmp_path / "results")
    small, large = put(), put()
    now = time.time()
    for job_id, place in ((small, "store"), (large, "file")):
        owner = new_owner()
        assert bench.claim(owner).id == job_id
        with bench.database.writing() as connection:
            remains = claims.AttemptEnd(now + 60)
            claims.succeed(connection, job_id, owner, remains, result_place=place, result_bytes=1)
    store.put(small, b"1", now + 60)
    files.adopt(_written(files.new_part(large)), large)
    assert sweep(bench.database, store, files, now) == 0
    assert sweep(bench.database, store, files, now + 61) == 2
    assert store.get(small) is None
    assert list(files.folder.iterdir()) == []
    assert bench.find(small).is_expired(now + 61)
    assert sweep(bench.database, store, files, now + 61 + records.KEEP_RECORD_SECONDS) == 0
    with bench.database.reading() as connection:
        assert records.find_many(connection, [small, large]) == []


def _written(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"2")
    return path
