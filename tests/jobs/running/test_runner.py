"""A runner and jobs that do what they should not: each ends with an outcome, and nothing is left of it."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from longshore.jobs.running.limits import MARK, kill_strays
from longshore.jobs.running.output import TAIL_BYTES, Output
from longshore.jobs.running.runner import Runner
from support.leases import dead_owner
from support.waiting import eventually

from .conftest import Bench

pytestmark = pytest.mark.processes
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def test_the_result_and_the_process_stay_for_the_next_job(bench: Bench) -> None:
    first = bench.run("nothing")
    pid = bench.runner.pid
    assert (first.kind, first.document) == ("done", b"1")
    assert first.peak_bytes > 2**20
    assert bench.run("nothing").document == b"1"
    assert bench.runner.pid == pid


def test_no_process_before_the_first_job(tmp_path: Path) -> None:
    assert Runner(os.environ | {"ROOT_STORAGE_PATH": str(tmp_path)}).pid is None


def test_an_unknown_type_is_said_to_be_one(bench: Bench) -> None:
    outcome = bench.run("no_such_job")
    assert outcome.head["error"] == "Unavailable"
    assert "no_such_job" in outcome.head["message"]


def test_inputs_that_do_not_fit_the_declaration_fail(bench: Bench) -> None:
    outcome = bench.run("mark", number="many")
    assert (outcome.kind, outcome.head["error"], outcome.head["again"]) == ("failed", "InvalidRequest", False)


def test_an_exception_that_cannot_speak_still_has_a_name_and_a_traceback(bench: Bench) -> None:
    outcome = bench.run("raises")
    assert outcome.head["error"] == "JobFailed"
    assert outcome.head["message"] == "Unspeakable: its message could not be made"
    tail = bench.runner.output.tail()
    assert tail.startswith("about to fail")
    assert "hostile.py" in tail
    assert "child.py" not in tail  # our own frames say nothing to the user


def test_sys_exit_fails_the_job_and_not_the_process(bench: Bench) -> None:
    outcome = bench.run("exits")
    pid = bench.runner.pid
    assert (outcome.kind, outcome.head["message"]) == ("failed", "SystemExit: 3")
    assert bench.run("nothing").kind == "done"
    assert bench.runner.pid == pid


@pytest.mark.parametrize(
    ("name", "end"), [("exits_at_once", "ended itself with code 4"), ("segfaults", "was ended by SIGSEGV")]
)
def test_a_process_that_dies_is_told_from_one_that_was_ended(bench: Bench, name: str, end: str) -> None:
    outcome = bench.run(name)
    assert (outcome.kind, outcome.end) == ("died", end)
    assert outcome.peak_bytes > 2**20
    assert bench.run("nothing").kind == "done"


def test_the_last_words_before_a_segmentation_fault_and_its_place_are_kept(bench: Bench) -> None:
    bench.run("segfaults")
    tail = bench.runner.output.tail()
    assert tail.startswith("last words")
    assert "in segfaults" in tail


@pytest.mark.parametrize("name", ["never_ends", "holds_the_interpreter"])
def test_the_time_limit_ends_what_does_not_want_to_end(bench: Bench, name: str) -> None:
    assert bench.run(name).kind == "timed out"
    assert bench.runner.pid is None
    assert bench.run("nothing").kind == "done"


@linux
@pytest.mark.parametrize("then", ["return", "die", "go on"])
def test_no_daemon_outlives_its_job(bench: Bench, then: str) -> None:
    outcome = bench.run("leaves_daemons", seconds=5, folder=str(bench.folder), then=then)
    assert outcome.kind == {"return": "done", "die": "died", "go on": "timed out"}[then]
    pids = bench.daemons()
    assert len(pids) == 2
    if then == "die":
        # Nothing ties one without our environment to the job once that has died.
        pids = [pid for pid in pids if _has_mark(pid)]
    eventually(lambda: not any(map(_lives, pids)), 5, "the end of the daemons")
    for pid in filter(_lives, bench.daemons()):
        os.kill(pid, signal.SIGKILL)


def _has_mark(pid: int) -> bool:
    try:
        return MARK in psutil.Process(pid).environ()
    except psutil.NoSuchProcess:
        return True


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@linux
def test_what_a_dead_warden_left_is_found_by_its_mark() -> None:
    stray = psutil.Popen(["sleep", "1000"], env={MARK: dead_owner()})
    kill_strays()  # which a server beside the tests does as well: how many it finds says nothing
    try:
        assert stray.wait(10) == -signal.SIGKILL
    finally:
        if stray.is_running():
            stray.kill()


def test_a_function_that_forks_answers_once(bench: Bench) -> None:
    assert bench.run("forks").document == b'"parent"'
    assert bench.run("nothing").document == b"1"


def test_of_megabytes_that_are_printed_the_end_is_kept(bench: Bench) -> None:
    assert bench.run("prints").kind == "done"
    tail = bench.runner.output.tail()
    assert len(tail) <= TAIL_BYTES
    assert tail.endswith("x 99999")
    assert len(tail.splitlines()) == 50


def test_one_enormous_line_is_cut(bench: Bench) -> None:
    assert bench.run("prints_at_once").kind == "failed"
    tail = bench.runner.output.tail()
    assert len(tail) <= TAIL_BYTES
    assert tail.endswith("RuntimeError: after it")


def test_output_is_passed_on_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    output = Output()
    output.begin("id")
    with caplog.at_level("INFO", logger="longshore.jobs.running.output"):
        output.feed(b"one\ntw")
        output.feed(b"o\n")
    assert [record.getMessage() for record in caplog.records] == ["job id: one", "job id: two"]


def test_closed_streams_are_there_again_for_the_next_job(bench: Bench) -> None:
    assert bench.run("closes_streams").document == b'"closed"'
    pid = bench.runner.pid
    bench.run("prints", lines=1)
    assert bench.runner.output.tail().endswith("x 0")
    assert bench.runner.pid == pid


def test_a_million_reports_of_progress_become_a_few_and_the_newest_is_among_them(bench: Bench) -> None:
    assert bench.run("reports_much").kind == "done"
    assert 1 <= len(bench.progress) <= 100
    assert bench.progress[-1] == [1_000_000, 1_000_000, ""]


def test_a_report_within_the_pause_is_sent_without_another_one(bench: Bench, tmp_path: Path) -> None:
    end = tmp_path / "end"
    thread = threading.Thread(target=lambda: bench.run("reports_twice_and_waits", path=str(end)))
    thread.start()
    try:
        eventually(lambda: bench.progress[-1:] == [[2, 2, "newest"]], 10, "the newest report")
    finally:
        end.touch()
        thread.join()


@pytest.mark.parametrize("name", ["eats", "eats_below"])
def test_the_memory_limit_counts_what_the_job_started(bench: Bench, name: str) -> None:
    outcome = bench.run(name)
    assert outcome.kind == "too large"
    assert outcome.peak_bytes > 128 * 2**20
    assert bench.run("nothing").kind == "done"


@linux
def test_memory_that_processes_share_counts_once(bench: Bench) -> None:
    assert bench.run("shares").document == b'"80"'


def test_what_a_job_changed_of_its_process_is_as_before_for_the_next(bench: Bench) -> None:
    assert bench.run("disturbs").kind == "done"
    pid = bench.runner.pid
    assert json.loads(bench.run("looks_around").document) == [str(Path.cwd()), "True"]
    assert bench.runner.pid == pid


def test_a_reason_to_stop_ends_the_job(bench: Bench, tmp_path: Path) -> None:
    def stop_when_it_runs() -> None:
        eventually(lambda: bench.progress, 10, "the job's beginning")
        bench.reason = "cancelled"

    thread = threading.Thread(target=stop_when_it_runs)
    thread.start()
    assert bench.run("wait_for_file", path=str(tmp_path / "never")).kind == "cancelled"
    thread.join()
    assert bench.runner.pid is None


def test_a_runner_that_died_while_it_waited_is_no_loss_of_the_next_job(bench: Bench) -> None:
    bench.run("nothing")
    assert bench.runner.pid is not None
    idle = psutil.Process(bench.runner.pid)
    idle.kill()
    eventually(lambda: idle.status() == psutil.STATUS_ZOMBIE, 10, "the runner's end")
    assert bench.run("nothing").kind == "done"


def test_a_runner_tells_that_it_begins_where_it_is_asked_to(bench: Bench) -> None:
    assert bench.run("nothing", tells_begin=True).begun
    died = bench.run("exits_at_once_and_may_not_repeat", tells_begin=True)
    assert (died.kind, died.begun) == ("died", True)


def test_a_function_that_was_not_reached_was_not_begun(bench: Bench) -> None:
    found = bench.run("nothing", tells_begin=True, number="there is no such input")
    assert (found.head["error"], found.begun) == ("InvalidRequest", False)


def test_a_process_that_cannot_be_started_is_told_and_is_no_death(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = psutil.Process().num_fds()
    monkeypatch.setattr("longshore.jobs.running.runner.subprocess.Popen", fails)
    outcome = bench.runner.prepare(bench.tick)
    assert outcome is not None
    assert (outcome.kind, outcome.begun) == ("unready", False)
    assert "No space left on device" in outcome.head["message"]
    assert psutil.Process().num_fds() == before


def test_declarations_that_cannot_be_loaded_are_told(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    runner = Runner(os.environ | {"HANDLERS_DIR": str(tmp_path), "ROOT_STORAGE_PATH": str(tmp_path)})
    outcome = runner.prepare(lambda: None)
    assert outcome is not None
    assert outcome.kind == "unready"
    assert "broken.py, line 1" in outcome.head["message"]
    assert runner.pid is None
