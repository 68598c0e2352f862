"""How processes of a worker end: at once when everything that they said was heard."""

from __future__ import annotations

import threading
import time

import pytest
from celery.worker import state

from longshore.supervision.celery_pool import QuickPool, QuickWorker


class Left(BaseException):
    """Instead of the end of this process."""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What this thread slept: those of other tests' servers, which live in the same process, sleep on as they did."""
    seconds: list[float] = []
    mine, really = threading.get_ident(), time.sleep

    def sleep(duration: float) -> None:
        if threading.get_ident() == mine:
            seconds.append(duration)
        else:
            really(duration)

    def leave(code: int) -> None:
        raise Left(code)

    monkeypatch.setattr("os._exit", leave)
    monkeypatch.setattr(time, "sleep", sleep)
    return seconds


class Said:
    """A counter of messages that the parent has heard."""

    def __init__(self, heard: int) -> None:
        self.value = heard


class Pipe:
    def __init__(self) -> None:
        self.sent: list[object] = []

    def put(self, message: object) -> None:
        self.sent.append(message)


def process(heard: int) -> QuickWorker:
    made = QuickWorker.__new__(QuickWorker)
    made.on_ready_counter = Said(heard)
    made.on_exit = None
    made.outq = Pipe()
    return made


@pytest.mark.parametrize(("completed", "heard"), [(0, 0), (3, 3)])
def test_a_process_that_was_heard_leaves_at_once(slept: list[float], completed: int, heard: int) -> None:
    made = process(heard)
    made._ensure_messages_consumed(completed=completed)
    with pytest.raises(Left, match="0"):
        made._do_exit(1, None)
    assert slept == []


def test_one_that_was_not_heard_gives_its_parent_time(slept: list[float]) -> None:
    made = process(2)
    made._ensure_messages_consumed(completed=3)
    waited = len(slept)
    with pytest.raises(Left):
        made._do_exit(1, None)
    assert len(slept) > waited
    assert made.outq.sent


def test_one_that_failed_says_so(slept: list[float]) -> None:
    made = process(0)
    made._ensure_messages_consumed(completed=0)
    with pytest.raises(Left, match="1"):
        made._do_exit(1, None, ValueError())
    assert made.outq.sent
    assert slept


class Processes:
    """A pool of processes that notes how it is stopped."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._state = 0

    def close(self) -> None:
        self.calls.append("close")

    def join(self) -> None:
        self.calls.append("join")


class Request:
    """A task that waits or runs."""


@pytest.mark.parametrize("is_busy", [False, True])
def test_only_a_pool_without_work_is_stopped_without_the_librarys_care(
    monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    cared: list[object] = []
    monkeypatch.setattr("celery.concurrency.prefork.TaskPool.on_stop", lambda pool: cared.append(pool._pool))
    work = Request()
    if is_busy:
        monkeypatch.setattr(state, "reserved_requests", {work})
    pool = QuickPool.__new__(QuickPool)
    processes = pool._pool = Processes()
    pool.on_stop()
    assert processes.calls == ([] if is_busy else ["close", "join"])
    assert cared == ([processes] if is_busy else [None])
