"""Periodic work: when it is due, and that only one of however many processes does it.

``every="15m"`` means the moments that are whole multiples of 15 minutes since 1970 (UTC), so ``1h`` is every full hour
and ``1d`` midnight; five fields are a crontab's, in UTC, too. A table knows the last moment that was carried
out. Whoever moves it on, in the transaction that accepts the job, has done it; any number of processes may try.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from cronsim import CronSim, CronSimError
from sqlalchemy.engine import Connection

from longshore.state.database import Database
from longshore.state.schedule_table import last_runs

log = logging.getLogger(__name__)

_INTERVAL = re.compile(r"([1-9]\d{0,5})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_SECONDS = 366 * 86400


class Schedule(Protocol):
    """Moments in seconds since 1970."""

    def latest(self, now: float) -> float:
        """The last moment not after ``now``."""

    def following(self, now: float) -> float:
        """The first moment after ``now``."""


@dataclass(frozen=True)
class Interval:
    """Every so many seconds."""

    seconds: int

    def latest(self, now: float) -> float:
        """The last moment not after ``now``."""
        return now // self.seconds * self.seconds

    def following(self, now: float) -> float:
        """The first moment after ``now``."""
        return self.latest(now) + self.seconds


@dataclass(frozen=True)
class Crontab:
    """Five fields: minute, hour, day of the month, month, day of the week (UTC)."""

    text: str

    def latest(self, now: float) -> float:
        """The last moment not after ``now``."""
        # The library looks strictly before what it is given, in whole seconds.
        return self._next(datetime.fromtimestamp(now, UTC) + timedelta(seconds=1), reverse=True)

    def following(self, now: float) -> float:
        """The first moment after ``now``."""
        return self._next(datetime.fromtimestamp(now, UTC), reverse=False)

    def _next(self, moment: datetime, *, reverse: bool) -> float:
        return next(CronSim(self.text, moment, reverse=reverse)).timestamp()


def parse_schedule(text: str) -> Schedule:
    """Read an interval (``30s``, ``5m``, ``1h``, ``1d``) or the five fields of a crontab.

    :raises ValueError: saying what is wrong with it.

    >>> parse_schedule("90s").following(100)
    180
    >>> parse_schedule("0 4 * * *").latest(86400 * 1.5) / 3600
    28.0
    """
    stripped = text.strip()
    if found := _INTERVAL.fullmatch(stripped):
        seconds = int(found[1]) * _UNIT_SECONDS[found[2]]
        if seconds <= MAX_SECONDS:
            return Interval(seconds)
    elif len(stripped.split()) == 5:
        crontab = Crontab(stripped)
        try:
            crontab.following(0)
        except (CronSimError, StopIteration):
            raise ValueError(f"every={text!r} names no moment; its five fields are read as in a crontab") from None
        return crontab
    raise ValueError(f"every={text!r} means nothing; write 30s, 5m, 1h or 1d, or five fields as in a crontab")


@dataclass(frozen=True)
class PeriodicTask:
    """Something to be done at the moments of a schedule, by one process.

    :param name: under which the database remembers it.
    :param work: called in the transaction that notes the moment; what it writes holds with that, or not at all. What it
        returns, if anything, is called after that.
    """

    name: str
    schedule: Schedule
    work: Callable[[Connection], Callable[[], object] | None]


def run_due(database: Database, tasks: Iterable[PeriodicTask], now: float) -> list[str]:
    """Do what is due; the names of the tasks that this process did.

    Of moments that passed while nobody looked only the last one counts. A task that was never seen before waits for
    its next moment. A clock that was far ahead and came back does not stop a task until it gets there again.

    :raises Unavailable: when the database is away.
    """
    wanted = list(tasks)
    if not wanted:
        return []
    with database.reading() as connection:
        rows = connection.execute(sa.select(last_runs.c.name, last_runs.c.last_run))
        seen = {row.name: row.last_run for row in rows}
    return [task.name for task in wanted if _is_due(task, seen.get(task.name), now) and _try(database, task, now)]


def _try(database: Database, task: PeriodicTask, now: float) -> bool:
    try:
        return _do(database, task, now)
    except sa.exc.IntegrityError:  # another process noted a new task at the same moment
        return False
    except Exception:  # one that fails must not keep the others from their time
        log.exception("%s failed; it is tried again at the next look", task.name)
        return False


def _is_due(task: PeriodicTask, last_run: float | None, now: float) -> bool:
    if last_run is None:
        return True
    return task.schedule.latest(now) > last_run or last_run > task.schedule.following(now)


def _do(database: Database, task: PeriodicTask, now: float) -> bool:
    """Note the moment and do the work in one transaction; False when another process was first."""
    moment = task.schedule.latest(now)
    afterwards = None
    with database.writing() as connection:
        seen = connection.execute(
            sa.select(last_runs.c.last_run).where(last_runs.c.name == task.name)
        ).scalar_one_or_none()
        if seen is None:
            connection.execute(last_runs.insert().values(name=task.name, last_run=moment))
            return False
        if not _is_due(task, seen, now):
            return False
        same = (last_runs.c.name == task.name) & (last_runs.c.last_run == seen)
        if connection.execute(last_runs.update().where(same).values(last_run=moment)).rowcount != 1:
            return False
        if seen > moment:  # the clock came back
            return False
        afterwards = task.work(connection)
    if afterwards is not None:
        afterwards()
    return True
