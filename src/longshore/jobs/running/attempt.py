"""What an executor does beside one running job: keep its lease, hear of a wish to stop it, pass its progress on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from longshore.errors import LongshoreError
from longshore.jobs import claims, records
from longshore.jobs.claims import LeaseLost
from longshore.jobs.records import Job
from longshore.jobs.running.runner import Runner, Stop
from longshore.processes.stop_signal import StopSignal
from longshore.state.database import Database
from longshore.state.leases import RENEW_SECONDS

log = logging.getLogger(__name__)

ASK_SECONDS = 0.5
"""Time between two looks at whether somebody asked to stop the job."""
SAVE_SECONDS = 1.0
"""Least time between two progress values in the database."""


class Attempt:
    """One attempt of one job; ``tick`` and ``progress`` are called while it runs.

    :param tell: sends the job's state to those who watch it.
    :param stop_seconds: how long it may go on once the worker was told to stop.
    """

    def __init__(
        self,
        job: Job,
        owner: str,
        database: Database,
        runner: Runner,
        tell: Callable[[Job], None],
        stop: StopSignal,
        stop_seconds: float,
    ) -> None:
        self.job = job
        self.owner = owner
        self.database = database
        self.runner = runner
        self.tell = tell
        self.stop = stop
        self.stop_seconds = stop_seconds
        now = time.monotonic()
        self._renewed = self._asked = now
        self._saved = 0.0
        self._stop_at: float | None = None
        self._unsaved = False
        self.is_begun = False
        """Whether the runner was told to begin its function."""

    def tick(self) -> Stop | None:
        """Do what is due; a reason if the job has to be ended."""
        now = time.monotonic()
        if self._must_hand_back(now):
            return "stopping"
        try:
            return self._talk_to_database(now)
        except LeaseLost:
            return "lost"
        except LongshoreError as error:
            # The next try may succeed in time; if none does, another takes the job over and this attempt is in vain.
            log.warning("a job's lease could not be kept: %s", error.description)
            return None

    def progress(self, values: list[Any]) -> None:
        """Note and pass on what the function says of itself."""
        done, total, message = values
        self.job = replace(self.job, progress_done=done, progress_total=total, progress_message=message)
        self._unsaved = True
        self._tell_watchers()

    def _tell_watchers(self) -> None:
        if not self.job.is_watched:
            try:
                with self.database.reading() as connection:
                    watched = records.is_watched(connection, self.job.id)
            except LongshoreError:
                watched = True  # as far as anybody knows
            self.job = replace(self.job, announced=not watched)
        self.tell(self.job)

    def save_progress(self, connection: Connection) -> None:
        """Keep the newest progress, unless it is kept already."""
        if self._unsaved:
            job = self.job
            claims.set_progress(
                connection, job.id, self.owner, job.progress_done, job.progress_total, job.progress_message
            )
            self._unsaved = False

    def _must_hand_back(self, now: float) -> bool:
        if self._stop_at is None and self.stop.given():
            self._stop_at = now + self.stop_seconds
        return self._stop_at is not None and now >= self._stop_at

    def _talk_to_database(self, now: float) -> Stop | None:
        if now - self._renewed >= RENEW_SECONDS:
            self._renewed = now
            with self.database.writing(durable=False) as connection:
                about = {"peak_bytes": self.runner.peak_bytes or None, "log_tail": self.runner.output.tail() or None}
                claims.renew(connection, self.job.id, self.owner, **about)  # type: ignore[arg-type]
        if self._unsaved and now - self._saved >= SAVE_SECONDS:
            self._saved = now
            with self.database.writing(durable=False) as connection:
                self.save_progress(connection)
            # Who began to watch since it was told has read an older state, and would not hear of it again.
            self._tell_watchers()
        if now - self._asked >= ASK_SECONDS:
            self._asked = now
            with self.database.reading() as connection:
                return "cancelled" if claims.is_cancelling(connection, self.job.id, self.owner) else None
        return None
