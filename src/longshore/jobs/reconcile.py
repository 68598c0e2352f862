"""Makes good what was lost on the way: messages, workers, announcements.

Any number of web processes may run this at once: a job is claimed by one worker whoever woke it, taken over by one
reconciler since the lease's holder stands in the condition, and announced once or, rarely, twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from longshore.jobs import claims, records
from longshore.jobs.announcing import announce
from longshore.jobs.declaring import find_job
from longshore.jobs.records import Job
from longshore.processes.message_queue import Emitter
from longshore.processes.periodic import PeriodicThread
from longshore.state.database import Database
from longshore.state.leases import ExpiryDetector

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""Age at which a waiting job or an announcement counts as forgotten; usually a worker has it within milliseconds."""
FIRST_REPEAT_SECONDS = 2.0
MAX_REPEAT_SECONDS = 60.0
"""Pauses between two messages for one queue: all workers may rightly be busy for hours."""


class JobReconciler(PeriodicThread):
    """Looks after the jobs.

    :param wake: ``wake(queue, jobs)`` lets workers look into a queue; raises Unavailable.
    :param result_ttl_seconds: how long the record of a job is kept whose declaration does not say.
    """

    def __init__(
        self,
        database: Database,
        emitter: Emitter,
        wake: Callable[[str, int], None],
        result_ttl_seconds: float,
    ) -> None:
        steps = (self.take_over, self.hasten, self.wake_forgotten, self.announce_again)
        super().__init__("jobs", *steps)
        self.database = database
        self.emitter = emitter
        self.wake = wake
        self.result_ttl_seconds = result_ttl_seconds
        self.watch = ExpiryDetector()
        # Of a queue: when to wake it again, and the pause after that.
        self._repeats: dict[str, tuple[float, float]] = {}

    def take_over(self) -> list[Job]:
        """Settle the jobs whose process is gone and have others begin them again; they as they are now."""
        with self.database.reading() as connection:
            running = records.running(connection)
        self.watch.keep(job.id for job in running)
        # Each has to be seen, or the time of its lease would begin late.
        if True not in {self._is_lost(job) for job in running}:
            return []
        with self.database.writing() as connection:
            lost = claims.take_over_lost(
                connection, self._is_lost, may_repeat=_may_repeat, expires_after=self._expires_after
            )
        for job in lost:
            log.warning("the worker of job %s (%s) is gone: %s", job.id, job.type, job.status)
            self._announce([job])
        for queue in {job.queue for job in lost if not job.is_finished}:
            self._repeats.pop(queue, None)
            self.wake(queue, len(lost))
        return lost

    def _is_lost(self, job: Job) -> bool:
        return self.watch.is_lost(job.id, job.lease)

    def hasten(self) -> None:
        """Let no job wait longer for its next attempt because the clock was set back."""
        with self.database.reading() as connection:
            is_set_back = records.waits_too_long(connection)
        if is_set_back:
            with self.database.writing(durable=False) as connection:
                records.hasten(connection)

    def wake_forgotten(self) -> None:
        """Wake workers for queues with jobs that nobody takes."""
        now = time.monotonic()
        with self.database.reading() as connection:
            waiting = records.forgotten_queues(connection, PATIENCE_SECONDS)
        self._repeats = {queue: known for queue, known in self._repeats.items() if queue in waiting}
        for queue, count in waiting.items():
            due, pause = self._repeats.get(queue, (now, FIRST_REPEAT_SECONDS))
            if now >= due:
                self._repeats[queue] = now + pause, min(pause * 2, MAX_REPEAT_SECONDS)
                self.wake(queue, count)

    def announce_again(self) -> None:
        """Tell of ends that nobody was told of."""
        with self.database.reading() as connection:
            untold = records.unannounced(connection, PATIENCE_SECONDS)
        self._announce(untold)

    def _announce(self, jobs: Sequence[Job]) -> None:
        told = [job.id for job in jobs if announce(self.emitter, job) and job.is_finished]
        if told:
            with self.database.writing(durable=False) as connection:
                records.mark_announced(connection, told)

    def _expires_after(self, name: str) -> float:
        declared = find_job(name)
        if declared is None or declared.result_ttl_seconds is None:
            return self.result_ttl_seconds
        return declared.result_ttl_seconds


def _may_repeat(name: str) -> bool:
    declared = find_job(name)
    return declared is None or declared.rerun_if_lost
