"""What one job leaves behind is not found by the next one."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from longshore.jobs.running import leftovers

from .conftest import Bench

# As careless.py names them, which is not imported here: it would declare its jobs in this process.
LEFT = (
    "memory",
    "a list",
    "a dictionary in a dictionary",
    "a variable",
    "an object",
    "a class",
    "a cache",
    "a default",
    "another module",
    "a thread",
    "a descriptor",
    "a niceness",
    "a limit",
    "a signal handler",
    "an ignored signal",
    "a log level",
    "a log handler",
    "a disabled logger",
    "a call at the end",
)
CHANGED = (
    "folder",
    "environment",
    "a variable of the environment",
    "umask",
    "recursion limit",
    "path",
    "warnings",
    "locale",
    "hook",
    "blocked signals",
    "random numbers",
)

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="some of it only Linux tells"),
]


def data(bench: Bench, name: str, **inputs: object) -> object:
    outcome = bench.run(name, **inputs)
    assert outcome.kind == "done", outcome
    return json.loads(outcome.document)


@pytest.mark.parametrize("what", LEFT)
def test_a_process_in_which_something_is_left_runs_no_other_job(bench: Bench, what: str) -> None:
    first = data(bench, "leaves", what=what)
    assert bench.runner.pid is None
    assert data(bench, "small") != first


@pytest.mark.parametrize("what", CHANGED)
def test_what_can_be_put_back_is_and_the_process_stays(bench: Bench, what: str) -> None:
    before = data(bench, "surroundings")
    pid = bench.runner.pid
    assert data(bench, "leaves", what=what) == pid
    assert data(bench, "surroundings") == before
    assert bench.runner.pid == pid


def test_random_numbers_do_not_follow_from_the_seed_of_another_job(bench: Bench) -> None:
    drawn = set()
    for _ in range(2):
        data(bench, "leaves", what="random numbers")
        drawn.add(data(bench, "draws"))
    assert len(drawn) == 2


def test_clean_jobs_share_a_process(bench: Bench) -> None:
    pids = {data(bench, "small") for _ in range(20)}
    assert len(pids) == 1


def test_a_module_that_a_job_imported_stays_and_is_charged_to_no_other(bench: Bench) -> None:
    data(bench, "small")
    pid = bench.runner.pid
    assert data(bench, "imports") == 1
    data(bench, "small")
    assert bench.runner.pid == pid


def test_memory_that_was_given_back_is_not_left(bench: Bench) -> None:
    data(bench, "small")
    pid = bench.runner.pid
    assert data(bench, "takes", mebibytes=200) == 200 * 2**20
    assert data(bench, "small") == pid


def test_the_peak_is_the_jobs_own(bench: Bench) -> None:
    alone = bench.run("small").peak_bytes
    assert bench.run("takes", mebibytes=200).peak_bytes > 200 * 2**20
    assert abs(bench.run("small").peak_bytes - alone) < 32 * 2**20


def test_the_peak_of_a_job_whose_process_died_is_not_that_of_one_before_it(bench: Bench) -> None:
    bench.run("takes", mebibytes=200)
    died = bench.run("exits_at_once")
    assert died.kind == "died"
    assert died.peak_bytes < 150 * 2**20


def test_a_thread_that_was_left_prints_into_no_other_jobs_log(bench: Bench) -> None:
    bench.run("prints_and_waits")
    failed = bench.run("raises")
    assert failed.kind == "failed"
    assert "of the other job" not in bench.runner.output.tail()


def test_an_answer_of_a_job_that_replaced_the_encoder_is_still_understood(bench: Bench) -> None:
    assert bench.run("leaves", what="another module").kind == "done"


class ComesToLife:
    """As a Celery task is until somebody uses it: asking for its class makes it."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("somebody asked")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"somebody asked for {name}")


def test_what_comes_to_life_when_it_is_asked_is_not_asked() -> None:
    module = ModuleType("its_own")
    module.task, module.kept = ComesToLife(), [1]  # type: ignore[attr-defined]
    holders = list(leftovers._holders([module]))
    assert [holder.held for holder in holders if isinstance(holder.held, list)] == [[1]]
    assert all(holder.is_same() for holder in holders)
