"""The jobs as the web process serves them: accept, show, list, cancel, hand out results.

A job is in the database before anybody hears of it; workers are only woken.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from longshore.errors import (
    Expired,
    IllegalOperation,
    InvalidInputs,
    JobFailed,
    JobNotFound,
    Unavailable,
    shorten,
)
from longshore.jobs import claims, declaring, records, wire
from longshore.jobs.accepting import Kept, Submission, keep_together
from longshore.jobs.declaring import JobType
from longshore.jobs.records import Accepted, Job, NewJob
from longshore.jobs.results import ResultStore
from longshore.jobs.results.files import ResultFiles
from longshore.jobs.submitting import check_inputs, digest, own_key, read_batch
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.group_commit import GroupCommit
from longshore.state.waiting import Outcomes, OutcomeWaiter

logger = logging.getLogger(__name__)

CANCEL_WAIT_SECONDS = 10.0

JOBS = Outcomes(lambda connection, ids: {job.id: job for job in records.find_many(connection, ids)})

Wake = Callable[[str, int], None]
"""Tells the workers of a queue that so many jobs wait."""

Announce = Callable[[Job], bool]
"""Tells whoever watches a job how it stands; False when they could not be told."""


@dataclass(frozen=True)
class Request:
    """How a job is asked for, besides its inputs.

    :param queue: instead of the declared one.
    :param key: the ``Idempotency-Key``.
    """

    queue: str | None = None
    key: str | None = None
    made_by: str | None = None


class Jobs:
    """The service. One per process; safe for threads.

    :param wake: may fail, the reconciler wakes again.
    :param announce: may say that it failed; the reconciler announces again.
    :param waiter: waits for the outcomes of all that this process serves; default: one of its own.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        results: ResultStore,
        wake: Wake,
        announce: Announce,
        waiter: OutcomeWaiter | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.results = results
        self.waiter = waiter if waiter is not None else OutcomeWaiter(database)
        self._files = ResultFiles(settings.results_folder)
        self._wake = wake
        self._announce = announce
        self._commits: GroupCommit[Kept] = GroupCommit(database, keep_together)

    # -- declared jobs -------------------------------------------------------------------------------------------

    def require_type(self, name: str) -> JobType:
        """The job declared under ``name``.

        :raises JobNotFound: with the nearest name.
        """
        declared = declaring.find_job(name)
        if declared is None:
            raise JobNotFound.undeclared(name, (each.name for each in declaring.all_jobs()))
        return declared

    def describe_type(self, name: str) -> wire.DeclaredJob:
        """A declared job with the schemas of its inputs and outputs."""
        settings = self.settings
        return wire.describe_type(
            self.require_type(name),
            timeout=settings.job_timeout_seconds,
            memory=settings.job_memory_bytes,
            result_ttl=settings.result_ttl,
        )

    # -- accepting -----------------------------------------------------------------------------------------------

    def submit(self, name: str, document: bytes, asked: Request) -> Accepted:
        """Accept a job, or find the one that was accepted under the same key.

        :param document: the inputs as JSON.
        :raises JobNotFound: no job is declared under this name.
        :raises InvalidInputs: the inputs do not fit, or nobody serves the queue.
        :raises InvalidValue: the key was used for other inputs.
        """
        declared = self.require_type(name)
        queue = self._queue(declared, asked.queue)
        return self._accept(declared, queue, [check_inputs(declared, document)], asked)[0]

    def submit_batch(self, name: str, body: bytes, asked: Request, *, lines: bool) -> list[str]:
        """Accept all jobs of a batch, or none; their ids in its order. Raises as :meth:`submit`."""
        declared = self.require_type(name)
        queue = self._queue(declared, asked.queue)
        documents = read_batch(declared, body, lines=lines)
        first, ids = self._accept(declared, queue, documents, asked)
        return [first.id, *ids]

    def _queue(self, declared: JobType, chosen: str | None) -> str:
        if chosen is None:
            return declared.queue
        known = declaring.all_queues() | set(self.settings.job_queues)
        if chosen not in known:
            sentence = f"no worker serves the queue {shorten(chosen)!r}; there are {', '.join(sorted(known))}"
            raise InvalidInputs(sentence, [{"field": "queue", "message": sentence}])
        return chosen

    def _accept(self, declared: JobType, queue: str, documents: list[bytes], asked: Request) -> Kept:
        """Keep the jobs and wake the workers; the first job and the ids of the others."""
        key = own_key(asked.key, asked.made_by)
        first = NewJob(
            type=declared.name,
            queue=queue,
            inputs=documents[0],
            due=time.time(),
            id=records.new_job_id(),
            made_by=asked.made_by,
            idempotency_key=key,
            inputs_digest=None if key is None else digest(queue, *documents),
        )

        job, ids = self._commits.run(Submission(first, documents[1:]))
        if job.id == first.id:
            self.wake(queue, len(documents))
        return job, ids

    def wake(self, queue: str, count: int) -> None:
        """Tell the workers of a queue that something waits."""
        try:
            self._wake(queue, count)
        except Exception:  # the jobs are safe in the database, whatever the broker's client raised
            logger.warning("the broker is away; accepted jobs wait for it", exc_info=logger.isEnabledFor(logging.DEBUG))

    # -- looking -------------------------------------------------------------------------------------------------

    def show(self, job_id: str, wait_seconds: float = 0) -> Job:
        """A job as it is now, or as it is once it has changed.

        :param wait_seconds: how long to wait for a change of its status or progress, unless it has ended.
        :raises JobNotFound: there is none.
        :raises Expired: there was one; its record is still there.
        """
        job = self._require(job_id)
        if wait_seconds > 0 and not job.is_finished:
            before = _visible(job)
            self.waiter.wait(JOBS, job_id, lambda found: _visible(found) != before, wait_seconds)
            job = self._require(job_id)
        return job

    def _require(self, job_id: str) -> Job:
        if not records.is_job_id(job_id):
            raise JobNotFound.unknown()
        with self.database.reading() as connection:
            job = records.find(connection, job_id)
        if job is None:
            raise JobNotFound.unknown()
        if job.is_expired(time.time()):
            raise Expired("this job has expired: its result was kept for a time, and that is over")
        return job

    def page(self, query: wire.ListQuery) -> wire.JobList:
        """A page of the listing."""
        chosen: dict[str, Any] = {"types": query.type, "statuses": query.status}
        with self.database.reading() as connection:
            # One more than asked for tells whether there is a next page.
            found = records.page(connection, **chosen, before=query.before, limit=query.limit + 1, offset=query.offset)
            total = records.count(connection, **chosen)
        shown = found[: query.limit]
        return wire.JobList(
            jobs=[wire.describe(job, log_tail=False) for job in shown],
            total=min(total, records.COUNT_LIMIT),
            total_is_exact=total <= records.COUNT_LIMIT,
            next=_next_page(query, shown[-1]) if len(found) > query.limit else None,
        )

    def inline_result(self, job: Job) -> bytes | None:
        """The result of a job as JSON, unless it has none or is too large to be sent along.

        :raises Unavailable: when the store cannot be reached.
        """
        if job.status != records.SUCCESS or job.result_place != "store":
            return None
        document = self.results.get(job.id)
        if document is None:
            raise Unavailable("the result is not in the store although the job succeeded; was RESULT_BACKEND changed?")
        return document

    def result(self, job_id: str) -> bytes | Path:
        """The result of a job: JSON, or the file that holds it.

        :raises IllegalOperation: when it is not there yet.
        :raises JobFailed: when there will be none.
        """
        job = self._require(job_id)
        if not job.is_finished:
            raise IllegalOperation(
                f"the job has no result yet, its status is {job.status}; ask again when it has ended"
            )
        if job.status != records.SUCCESS:
            raise failure_of(job)
        return self.inline_result(job) or self._files.path(job.id)

    def inputs(self, job_id: str) -> bytes:
        """What a job was submitted with, as JSON, as it came.

        :raises IllegalOperation: for a type of jobs that takes secrets: whoever may look at a job is not to learn them.
        """
        job = self._require(job_id)
        declared = declaring.find_job(job.type)
        if declared is not None and declared.takes_secrets:
            raise IllegalOperation(f"the inputs of {job.type!r} hold a secret, and are not handed out")
        with self.database.reading() as connection:
            found = records.read_inputs(connection, job.id)
        if found is None:
            raise Expired("this job has expired: its inputs were kept as long as its result")
        return found

    # -- cancelling ----------------------------------------------------------------------------------------------

    def cancel(self, job_id: str, wait_seconds: float = CANCEL_WAIT_SECONDS) -> Job:
        """Stop a job: a waiting one never starts, a running one is ended by its worker.

        :return: the job: REVOKED, or still STARTED when that took longer than ``wait_seconds``.
        :raises IllegalOperation: when it has ended by itself.
        """
        before = self._require(job_id)
        if before.status == records.REVOKED:
            return before
        now = time.time()
        expires = now + declaring.result_ttl_seconds(before.type, self.settings.result_ttl)
        with self.database.writing() as connection:
            job = claims.request_cancel(connection, job_id, expires=expires, now=now)
        if job is not None and job.status == records.REVOKED:
            self.announce(job)
        elif job is not None and not job.is_finished:
            self.announce(job)
            self.waiter.wait(JOBS, job_id, lambda found: found.is_finished, wait_seconds)
            job = self._require(job_id)
        if job is None:
            raise JobNotFound.unknown()
        if job.is_finished and job.status != records.REVOKED:
            raise IllegalOperation(f"the job has ended already, with the status {job.status}; there is nothing to stop")
        return job

    def announce(self, job: Job) -> None:
        """Tell whoever watches a job how it stands; the reconciler repeats it when they cannot be told."""
        if self._announce(job) and job.is_finished:
            with self.database.writing(durable=False) as connection:
                records.mark_announced(connection, [job.id])

    def close(self) -> None:
        """Let everybody who waits go on, and close the connections to the results."""
        self.waiter.close()
        self.results.close()


def failure_of(job: Job) -> JobFailed:
    """Why a job that has ended has no result."""
    if job.status == records.REVOKED:
        return JobFailed("the job was cancelled", "Revoked", job.log_tail or "")
    return JobFailed(job.message or "the job failed", job.error or "JobFailed", job.log_tail or "")


def _visible(job: Job) -> tuple[Any, ...]:
    return (job.status, job.cancelling, job.progress_done, job.progress_total, job.progress_message)


def _next_page(query: wire.ListQuery, last: Job) -> str:
    chosen = [("type", each) for each in query.type] + [("status", each) for each in query.status]
    return f"{wire.BASE}?{urlencode([*chosen, ('limit', query.limit), ('before', last.number)])}"
