"""The executor: claims jobs, has its runner carry them out, and settles them. One per worker process.

A job is settled and the next one claimed in one transaction. It need not outlive a power cut: after one the job is
simply run again, and a killed process loses nothing that was committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from longshore.errors import Unavailable
from longshore.jobs import claims, records
from longshore.jobs.announcing import announce
from longshore.jobs.claims import AttemptEnd, Claimed, LeaseLost
from longshore.jobs.records import Job
from longshore.jobs.results import ResultStore
from longshore.jobs.results.files import ResultFiles
from longshore.jobs.results.table import EmbeddedStore
from longshore.jobs.running.attempt import Attempt
from longshore.jobs.running.limits import kill_strays
from longshore.jobs.running.runner import Limits, Outcome, Runner, Stop
from longshore.processes.message_queue import Emitter
from longshore.processes.stop_signal import NEWS_SECONDS, StopSignal
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.leases import new_owner

log = logging.getLogger(__name__)

SLICE_SECONDS = 1.0
"""After this the worker process turns to other messages, such as those of plain Celery tasks on the same queue."""
WORN_SECONDS = 60.0
"""Youngest age at which a runner is replaced for the number of its jobs."""
WORN_BYTES = 256 * 2**20
"""Growth of a runner's memory over what it had when it was ready, above which it is replaced."""
UNREADY_SECONDS = 10.0
"""Pause before a job is tried again whose runner could not load what is declared."""
PERSIST_SECONDS = 60.0
"""How long a database or result store that is away is waited for at the end of a job."""
STOP_PERSIST_SECONDS = 1.0
"""The same once the worker is to stop."""
ENDED_BY_STOP = "was ended by SIGTERM"
TOLD_AT_ONCE = 20
"""Jobs whose end was told that are noted together; a job that lasts notes those before it at its first tick."""

T = TypeVar("T")
Settle = Callable[[Connection], Job]


class JobExecutor:
    """Runs jobs, one at a time.

    :param stop: given when the worker is to end.
    :param settled: called in the transaction that settles a job that may have made links.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        emitter: Emitter,
        store: ResultStore,
        stop: StopSignal,
        settled: Callable[[Connection, Job], None] = lambda *_: None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.emitter = emitter
        self.store = store
        self.stop = stop
        self.settled = settled
        self.files = ResultFiles(settings.results_folder)
        self.owner = new_owner()
        self.runner = Runner(settings.child_environment())
        self._told: list[str] = []
        if killed := kill_strays():
            log.warning("%d processes were left of jobs whose worker died, and were ended", killed)

    def work(self, queue: str) -> bool:
        """Run the jobs of a queue that are due; whether there may be more of them."""
        if self.stop.given():
            return False
        until = time.monotonic() + SLICE_SECONDS
        try:
            claimed = self._claim(queue)
            while claimed is not None:
                go_on = time.monotonic() < until
                claimed = self._carry_out(claimed, queue if go_on else None)
                if not go_on:
                    return not self.stop.given()
        except Unavailable as error:
            # What waits is found again by the reconciler, and so is what this process held.
            log.warning("jobs wait: %s", error.description)
        finally:
            self._note_told()
        return False

    def close(self) -> None:
        """End the runner."""
        self.runner.end(grace_seconds=0)

    # -- beginning

    def _claim(self, queue: str) -> Claimed | None:
        with self.database.writing(durable=False) as connection:
            return claims.claim_next(connection, queue, self.owner)

    def _carry_out(self, claimed: Claimed, queue: str | None) -> Claimed | None:
        """Run a job to its end and settle it; the next one of ``queue``, claimed."""
        attempt = Attempt(
            claimed.job,
            self.owner,
            self.database,
            self.runner,
            self._tell,
            self.stop,
            self.settings.stop_timeout_seconds,
        )
        part = self.files.new_part(claimed.job.id)
        try:
            outcome = self._attempt(claimed, attempt, part)
            if outcome.kind == "lost":
                log.warning("another worker has taken job %s over; leaving it to that one", claimed.job.id)
                return None
            return self._settle(attempt, outcome, part, None if outcome.kind == "unready" else queue)
        finally:
            part.unlink(missing_ok=True)
            self._replace_if_worn()

    def _attempt(self, claimed: Claimed, attempt: Attempt, part: Path) -> Outcome:
        """As :meth:`_run`, whatever goes wrong around the job: its claim has to be settled, and it is not at fault."""
        try:
            return self._run(claimed, attempt, part)
        except LeaseLost:
            return Outcome("lost")
        except Unavailable as error:
            message = error.description
            log.warning("job %s is put off: %s", claimed.job.id, message)
        except Exception as error:
            message = f"its worker failed ({type(error).__name__})"
            log.exception("job %s is put off, since its worker failed", claimed.job.id)
        self.runner.end(grace_seconds=0)
        if attempt.is_begun:
            return Outcome("stopping", {"message": message})
        return Outcome("unready", {"message": message}, begun=False)

    def _run(self, claimed: Claimed, attempt: Attempt, part: Path) -> Outcome:
        job = claimed.job

        def tick() -> Stop | None:
            self._note_told()
            return attempt.tick()

        if self.runner.jobs and self._said(job.type, "fresh", False):
            self.runner.end(grace_seconds=0)
        if (failed := self.runner.prepare(tick)) is not None:
            return failed
        self.runner.output.begin(job.id)
        self._tell(job)
        only_once = not self._said(job.type, "rerun_if_lost", True)
        if only_once:
            # It has to outlive a power cut, as nothing else here does: the claim would be forgotten, and begun again.
            with self.database.writing() as connection:
                claims.begin(connection, job.id, self.owner)
        if self.stop.given():
            return Outcome("stopping", begun=False)
        request = {"id": job.id, "type": job.type, "file": str(part), "tells_begin": only_once}
        attempt.is_begun = True
        return self.runner.run(request, claimed.inputs, self._limits(job.type), tick, attempt.progress)

    def _limits(self, name: str) -> Limits:
        return Limits(
            self._said(name, "timeout", self.settings.job_timeout_seconds),
            self._said(name, "memory", self.settings.job_memory_bytes),
        )

    def _said(self, name: str, what: str, default: Any) -> Any:
        """What a job's declaration says, as the runner reported it."""
        value = self.runner.types.get(name, {}).get(what)
        return default if value is None else value

    # -- ending

    def _settle(self, attempt: Attempt, outcome: Outcome, part: Path, queue: str | None) -> Claimed | None:
        """Write down how a job ended, tell it, and claim the next one in the same transaction."""
        settle = self._decide(attempt.job, outcome, part)

        def write() -> tuple[Job, Claimed | None]:
            with self.database.writing(durable=False) as connection:
                attempt.save_progress(connection)
                job = settle(connection)
                # Of one that did not come to its end nobody knows what it made.
                if outcome.head.get("links", outcome.begun):
                    self.settled(connection, job)
                if len(self._told) >= TOLD_AT_ONCE:
                    records.mark_announced(connection, self._told)
                    self._told = []
                # Not after a stop was given: what is claimed now would be begun for nothing.
                if queue is None or self.stop.given():
                    return job, None
                return job, claims.claim_next(connection, queue, self.owner)

        try:
            job, claimed = self._persist(write)
        except LeaseLost:
            log.warning("job %s was taken over by another worker; its result is dropped", attempt.job.id)
            return None if queue is None or self.stop.given() else self._claim(queue)
        if announce(self.emitter, job, outcome.document) and job.is_finished:
            self._told.append(job.id)
        return claimed

    def _decide(self, job: Job, outcome: Outcome, part: Path) -> Settle:
        """How an outcome is written down."""
        remains = self._remains(job, outcome)
        about: dict[str, Any] = {"job_id": job.id, "owner": self.owner}
        match outcome.kind:
            case "done":
                return self._keep(job, outcome, part, remains)
            case "failed":
                return self._fail_or_retry(job, outcome, remains)
            case "died":
                return self._lose(job, outcome, remains)
            case "cancelled":
                return partial(claims.revoke, remains=remains, **about)
            case "timed out" | "too large":
                error, message = self._explain(job, outcome)
                return partial(claims.fail, remains=remains, error=error, message=message, **about)
            case "unready":
                message = str(outcome.head.get("message", f"its process {outcome.end}"))
                log.error("jobs wait, since what is declared cannot be loaded: %s", message)
                wait: dict[str, Any] = {"error": "Unavailable", "message": message}
                return partial(claims.give_back, pause_seconds=UNREADY_SECONDS, **about, **wait)
            case _:
                return self._hand_back(job, outcome, remains)

    def _lose(self, job: Job, outcome: Outcome, remains: AttemptEnd) -> Settle:
        """The runner died, perhaps of the stop that we are told of: a service manager may signal all processes."""
        if outcome.end == ENDED_BY_STOP and self.stop.given(NEWS_SECONDS):
            return self._hand_back(job, outcome, remains)
        log.warning("the process that ran job %s (%s) %s", job.id, job.type, outcome.end)
        if not outcome.begun:
            return partial(claims.give_back, job_id=job.id, owner=self.owner)
        may_repeat = self._said(job.type, "rerun_if_lost", True)
        return partial(claims.lose, job_id=job.id, owner=self.owner, remains=remains, may_repeat=may_repeat)

    def _hand_back(self, job: Job, outcome: Outcome, remains: AttemptEnd) -> Settle:
        """The worker could not let it come to its end."""
        about: dict[str, Any] = {"job_id": job.id, "owner": self.owner}
        if not outcome.begun:
            return partial(claims.give_back, **about)
        log.info("job %s is ended before its time", job.id)
        about |= {"remains": remains, "may_repeat": self._said(job.type, "rerun_if_lost", True)}
        if "message" in outcome.head:  # not a stop: it would be claimed again at once, and fare no better
            about |= {"pause_seconds": UNREADY_SECONDS, "message": outcome.head["message"]}
        return partial(claims.interrupt, **about)

    def _remains(self, job: Job, outcome: Outcome) -> AttemptEnd:
        now = time.time()
        expires = now + self._said(job.type, "result_ttl", self.settings.result_ttl)
        return AttemptEnd(expires, self.runner.output.tail() or None, outcome.peak_bytes or None, now)

    def _explain(self, job: Job, outcome: Outcome) -> tuple[str, str]:
        """Code and sentence of an attempt that went over a limit."""
        limits = self._limits(job.type)
        if outcome.kind == "timed out":
            return "TimedOut", f"it took longer than its limit of {limits.seconds:g} s and was ended"
        reached, allowed = _mebibytes(outcome.peak_bytes), _mebibytes(limits.memory_bytes)
        return "TooLarge", f"its memory reached {reached}, over its limit of {allowed}, and it was ended"

    def _fail_or_retry(self, job: Job, outcome: Outcome, remains: AttemptEnd) -> Settle:
        """The function raised: begin it again later, as often as its declaration says."""
        about: dict[str, Any] = {"job_id": job.id, "owner": self.owner, "remains": remains}
        about |= {"error": outcome.head["error"], "message": outcome.head["message"]}
        if outcome.head["again"] and job.raised < self._said(job.type, "retries", 0):
            return partial(claims.retry_later, pause_seconds=self._said(job.type, "retry_delay", 0), **about)
        return partial(claims.fail, **about)

    def _keep(self, job: Job, outcome: Outcome, part: Path, remains: AttemptEnd) -> Settle:
        """Keep a result: within the settling transaction, or before it, so that a SUCCESS always has its result."""
        place = outcome.head["place"]
        size = len(outcome.document)
        if place == "file":
            # As it is, not as the runner says: whoever reads it whole goes by this.
            size = self.files.adopt(part, job.id).stat().st_size
        elif not isinstance(self.store, EmbeddedStore):
            self._persist(lambda: self.store.put(job.id, outcome.document, remains.expires))

        def settle(connection: Connection) -> Job:
            if place == "store" and isinstance(self.store, EmbeddedStore):
                self.store.put_within(connection, job.id, outcome.document, remains.expires)
            about = {"result_place": place, "result_bytes": size}
            return claims.succeed(connection, job.id, self.owner, remains, **about)

        return settle

    def _persist(self, write: Callable[[], T]) -> T:
        """Do it, and again when the database or the store is away.

        :raises Unavailable: when it stays away.
        """
        until = time.monotonic() + PERSIST_SECONDS
        stopping_until: float | None = None
        pause = 0.1
        while True:
            try:
                return write()
            except Unavailable as error:
                if stopping_until is None and self.stop.given():
                    stopping_until = time.monotonic() + STOP_PERSIST_SECONDS
                if time.monotonic() > min(until, stopping_until or until):
                    raise
                log.warning("the end of a job waits: %s", error.description)
            time.sleep(pause)
            pause = min(pause * 2, 2.0)

    # -- the rest

    def _tell(self, job: Job) -> None:
        announce(self.emitter, job)

    def _note_told(self) -> None:
        """Note the jobs whose end was told of; what fails here is only told a second time."""
        told, self._told = self._told, []
        if not told:
            return
        try:
            with self.database.writing(durable=False) as connection:
                records.mark_announced(connection, told)
        except Unavailable as error:
            log.warning("jobs will be told of again: %s", error.description)

    def _replace_if_worn(self) -> None:
        """End a runner that may have gathered memory; the next job gets a fresh one."""
        runner = self.runner
        if runner.pid is None:
            return
        age = time.monotonic() - runner.started_at
        old = runner.jobs >= self.settings.worker_tasks_per_child and age > WORN_SECONDS
        worn_bytes = runner.ready_bytes + WORN_BYTES
        if old or runner.resident_bytes > worn_bytes:
            runner.end(grace_seconds=0)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
