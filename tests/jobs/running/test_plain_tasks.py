"""Plain Celery tasks of merged applications, whose workers are killed: begun again, or failed with the reason."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from support.plain_tasks import Plain, lay_out
from support.server import LongshoreServer

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    folder = tmp_path_factory.mktemp("plain")
    with LongshoreServer(folder / "storage", **lay_out(folder)) as server:
        yield Plain(server, folder)


def test_a_task_whose_process_is_killed_runs_again(plain: Plain) -> None:
    task = plain.send("first_waits", "process")
    os.kill(plain.begun("process"), signal.SIGKILL)
    assert plain.ended(task, "SUCCESS") == {"attempt": 2}


def test_a_task_whose_worker_is_killed_runs_again(plain: Plain) -> None:
    task = plain.send("first_waits", "worker")
    plain.begun("worker")
    plain.server.parts()["job worker"].kill()
    assert plain.ended(task, "SUCCESS") == {"attempt": 2}
    assert plain.attempts("worker")[0] != plain.attempts("worker")[1]


def test_one_that_may_not_repeat_fails_with_the_reason(plain: Plain) -> None:
    task = plain.send("only_once", "once")
    os.kill(plain.begun("once"), signal.SIGKILL)
    assert plain.ended(task, "FAILURE") == "its process was lost"
    assert len(plain.attempts("once")) == 1


def test_one_that_ends_its_processes_is_given_up(plain: Plain) -> None:
    task = plain.send("kills_itself", "poison")
    assert plain.ended(task, "FAILURE") == "3 processes were lost with it"
    assert len(plain.attempts("poison")) == 3


@pytest.mark.parametrize(("task", "reason"), [("too_long", "TimeLimitExceeded(1,)"), ("leaves", "")])
def test_what_its_worker_ends_is_no_loss(plain: Plain, task: str, reason: str) -> None:
    sent = plain.send(task, task)
    assert reason in plain.ended(sent, "FAILURE")
    # Another one that is lost meanwhile comes through the same look at what is on record.
    other = plain.send("first_waits", f"beside {task}")
    os.kill(plain.begun(f"beside {task}"), signal.SIGKILL)
    plain.ended(other, "SUCCESS")
    assert len(plain.attempts(task)) == 1
    assert plain.tell(sent)["status"] == "FAILURE"


def test_one_without_a_result_that_takes_too_long_is_no_loss(plain: Plain) -> None:
    plain.send("too_long_and_quiet", "quiet")
    process = psutil.Process(plain.begun("quiet"))
    process.wait(30)
    other = plain.send("first_waits", "beside quiet")
    os.kill(plain.begun("beside quiet"), signal.SIGKILL)
    plain.ended(other, "SUCCESS")
    assert len(plain.attempts("quiet")) == 1


def test_one_that_is_revoked_while_it_runs_stays_so(plain: Plain) -> None:
    task = plain.send("first_waits", "revoked")
    plain.begun("revoked")
    httpx.delete(f"{plain.server.url}/plain/{task}", timeout=30)
    plain.ended(task, "REVOKED")
    other = plain.send("first_waits", "beside revoked")
    os.kill(plain.begun("beside revoked"), signal.SIGKILL)
    plain.ended(other, "SUCCESS")
    assert len(plain.attempts("revoked")) == 1


def test_tasks_outlive_the_whole_server(tmp_path: Path) -> None:
    server = LongshoreServer(tmp_path / "storage", **lay_out(tmp_path), STOP_TIMEOUT_SECONDS="1")
    plain = Plain(server, tmp_path)
    with server:
        killed = plain.send("first_waits", "killed")
        plain.begun("killed")
        family: list[psutil.Process] = server.family()
        server.end(gracefully=False)
        assert not psutil.wait_procs(family, 30)[1]
        server.start()
        server.wait_until_ready()
        assert plain.ended(killed, "SUCCESS") == {"attempt": 2}
        stopped = plain.send("first_waits", "stopped")
        plain.begun("stopped")
        assert server.stop() == 0
        server.start()
        server.wait_until_ready()
        assert plain.ended(stopped, "SUCCESS") == {"attempt": 2}
