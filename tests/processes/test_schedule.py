"""Schedules: when they are due, once whatever happens, and never on top of themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.engine import Connection

from longshore.jobs import claims
from longshore.jobs.declaring import find_job, job
from longshore.jobs.periodic_tasks import SCHEDULE, scheduled
from longshore.processes.schedule import PeriodicTask, parse_schedule, run_due
from longshore.state.database import Database

HOUR = 3600.0
NOON = 1_700_000_000 // 86400 * 86400 + 12 * HOUR


@pytest.mark.parametrize(
    ("text", "latest", "following"),
    [
        ("30s", NOON + 60, NOON + 90),
        ("5m", NOON, NOON + 300),
        ("1h", NOON, NOON + HOUR),
        ("1d", NOON - 12 * HOUR, NOON + 12 * HOUR),
        ("*/15 * * * *", NOON, NOON + 900),
        ("0 4 * * *", NOON - 8 * HOUR, NOON + 16 * HOUR),
        ("1 12 * * *", NOON + 60, NOON + 60 + 24 * HOUR),
    ],
)
def test_the_moments_around_a_minute_past_noon(text: str, latest: float, following: float) -> None:
    schedule = parse_schedule(text)
    assert (schedule.latest(NOON + 61), schedule.following(NOON + 61)) == (latest, following)


@pytest.mark.parametrize(
    "text", ["", "1", "0s", "5 m", "1w", "-1h", "99999d", "@daily", "61 * * * *", "0 0 31 2 *", "* *"]
)
def test_what_means_nothing_is_refused_with_what_does(text: str) -> None:
    with pytest.raises(ValueError, match="crontab"):
        parse_schedule(text)


class Counter:
    """A task's work that counts."""

    def __init__(self, every: str) -> None:
        self.times = 0
        self.task = PeriodicTask("count", parse_schedule(every), self.work)

    def work(self, _: Connection) -> None:
        self.times += 1


def test_a_new_task_waits_for_its_next_moment_and_missed_ones_count_once(database: Database) -> None:
    counter = Counter("1h")
    for now, times in [
        (NOON + 10, 0),  # seen for the first time
        (NOON + 3599, 0),
        (NOON + 3600, 1),
        (NOON + 3601, 1),
        (NOON + 50 * HOUR, 2),  # two days without a server
        (NOON + 50 * HOUR + 10, 2),
        (NOON + 51 * HOUR, 3),
    ]:
        run_due(database, [counter.task], now)
        assert counter.times == times, now


def test_of_many_processes_one_does_it(database: Database) -> None:
    counter = Counter("1h")
    run_due(database, [counter.task], NOON)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: run_due(database, [counter.task], NOON + HOUR), range(8)))
    assert counter.times == 1
    assert sorted(done) == [[]] * 7 + [["count"]]


def test_a_clock_that_was_ahead_for_a_while_stops_nothing(database: Database) -> None:
    counter = Counter("1h")
    run_due(database, [counter.task], NOON)
    run_due(database, [counter.task], NOON + 1000 * HOUR)
    assert counter.times == 1
    run_due(database, [counter.task], NOON + HOUR)  # it is set right
    run_due(database, [counter.task], NOON + 2 * HOUR)
    assert counter.times == 2


def test_what_fails_is_not_noted_and_done_at_the_next_look(database: Database) -> None:
    attempts = []

    def work(_: Connection) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("once")

    task, other = PeriodicTask("fails", parse_schedule("1h"), work), Counter("1h")
    run_due(database, [task, other.task], NOON)
    assert run_due(database, [task, other.task], NOON + HOUR) == ["count"]
    assert run_due(database, [task, other.task], NOON + HOUR) == ["fails"]


@pytest.mark.usefixtures("declared")
def test_a_scheduled_job_is_accepted_and_never_overtakes_itself(database: Database) -> None:
    @job("hourly", every="1h", queue="q")
    def hourly(depth: int = 1) -> int:
        return depth

    declared = find_job("hourly")
    assert declared is not None
    woken: list[str] = []
    tasks = scheduled([declared], woken.append)
    run_due(database, tasks, NOON)
    run_due(database, tasks, NOON + HOUR)
    assert woken == ["q"]
    with database.writing() as connection:
        claimed = claims.claim_next(connection, "q", "host/1/1/a")
    assert claimed is not None
    assert (claimed.job.made_by, claimed.inputs) == (SCHEDULE, b"{}")
    run_due(database, tasks, NOON + 2 * HOUR)  # it still runs
    assert woken == ["q"]
    with database.writing() as connection:
        claims.fail(connection, claimed.job.id, "host/1/1/a", claims.AttemptEnd(NOON), error="JobFailed", message="")
    run_due(database, tasks, NOON + 3 * HOUR)
    assert woken == ["q", "q"]
