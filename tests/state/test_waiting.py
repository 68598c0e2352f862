"""One thread looks for all that wait: whoever waits goes on when it happened, when it is gone, and when time is up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from longshore.errors import Unavailable
from longshore.state import waiting
from longshore.state.database import Database
from longshore.state.waiting import Outcomes, OutcomeWaiter
from support.waiting import eventually

LONG = 60.0


class Kept:
    """Something that is waited for, and how often it was asked for."""

    def __init__(self, *, is_patient: bool = False) -> None:
        self.found: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.error: Exception | None = None
        self.outcomes = Outcomes(self.read, is_patient)

    def read(self, _: Connection, keys: list[str]) -> dict[str, int]:
        self.asked.append(sorted(keys))
        if self.error is not None:
            raise self.error
        return {key: self.found[key] for key in keys if key in self.found}


@pytest.fixture
def waiter(database: Database) -> Iterator[OutcomeWaiter]:
    made = OutcomeWaiter(database)
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as made:
        yield made


def begin(pool: ThreadPoolExecutor, waiter: OutcomeWaiter, kept: Kept, key: str) -> Future[bool]:
    return pool.submit(waiter.wait, kept.outcomes, key, lambda found: found > 1, LONG)


def test_whoever_waits_goes_on_when_it_happened_or_is_gone(waiter: OutcomeWaiter, pool: ThreadPoolExecutor) -> None:
    kept = Kept()
    kept.found = {"a": 1, "b": 1}
    first, second = begin(pool, waiter, kept, "a"), begin(pool, waiter, kept, "b")
    eventually(lambda: waiter.count == 2)
    kept.found["a"] = 2
    assert first.result(LONG) is True
    del kept.found["b"]
    assert second.result(LONG) is True
    eventually(lambda: waiter._thread is None)


def test_all_that_wait_for_one_kind_are_asked_for_together(waiter: OutcomeWaiter, pool: ThreadPoolExecutor) -> None:
    kept, other = Kept(), Kept()
    keys = [f"k{number:02}" for number in range(50)]
    kept.found, other.found = dict.fromkeys(keys, 1), {"x": 1}
    waits = [begin(pool, waiter, kept, key) for key in keys] + [begin(pool, waiter, other, "x")]
    eventually(lambda: keys in kept.asked and ["x"] in other.asked)
    kept.found, other.found = dict.fromkeys(keys, 2), {"x": 2}
    assert all(each.result(LONG) for each in waits)


def test_each_wait_has_an_end(waiter: OutcomeWaiter) -> None:
    kept = Kept()
    kept.found = {"a": 1}
    assert waiter.wait(kept.outcomes, "a", lambda found: found > 1, 0) is False
    assert waiter.count == 0


def test_news_has_it_look_at_once(
    waiter: OutcomeWaiter, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_PAUSE_SECONDS", LONG)
    monkeypatch.setattr(waiting, "MIN_PAUSE_SECONDS", LONG)
    slept = threading.Event()
    monkeypatch.setattr(waiting.time, "sleep", lambda _: slept.set())
    kept = Kept()
    kept.found = {"a": 1}
    wait = begin(pool, waiter, kept, "a")
    slept.wait(LONG)
    kept.found["a"] = 2
    waiter.look_now()
    assert wait.result(LONG) is True


def test_a_database_that_is_away_is_told_to_the_impatient_and_waited_for_by_the_patient(
    waiter: OutcomeWaiter, pool: ThreadPoolExecutor
) -> None:
    hasty, patient = Kept(), Kept(is_patient=True)
    for each in (hasty, patient):
        each.found, each.error = {"a": 1}, Unavailable("the database is away")
    told, waits = begin(pool, waiter, hasty, "a"), begin(pool, waiter, patient, "a")
    with pytest.raises(Unavailable, match="away"):
        told.result(LONG)
    assert not waits.done()
    patient.found, patient.error = {"a": 2}, None
    assert waits.result(LONG) is True


def test_closing_lets_everybody_go_on(waiter: OutcomeWaiter, pool: ThreadPoolExecutor) -> None:
    kept = Kept()
    kept.found = {"a": 1}
    waits = begin(pool, waiter, kept, "a")
    eventually(lambda: waiter.count == 1)
    waiter.close()
    assert waits.result(LONG) is False
    nothing: Any = None
    assert waiter.wait(kept.outcomes, "a", lambda _: nothing, LONG) is False
