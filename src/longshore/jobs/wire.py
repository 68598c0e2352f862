"""What jobs look like on the wire: on REST and in Socket.IO events alike."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SkipValidation

from longshore.jobs.declaring import JobType
from longshore.jobs.records import COUNT_LIMIT, STATUSES, Accepted, Job
from longshore.web.answer import Answer
from longshore.web.api import Query

BASE = "/api/v1/jobs"
EVENT = "jobs"
MAX_WAIT_SECONDS = 30.0

Status = Literal["PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"]


class Links(Answer):
    """Where to go on from here."""

    self: str = Field(description="its state")
    cancel: str = Field(description="DELETE it to stop the job")
    result: str = Field(description="its result, of any size, once its status is SUCCESS")


class ProgressAnswer(Answer):
    """How much is done, as the job told it."""

    done: SkipValidation[float | None]
    total: SkipValidation[float | None] = Field(description="null while it is not known")
    message: str | None


class JobAnswer(Answer):
    """A job. All times are seconds since 1970."""

    id: str
    job_id: str = Field(description="the same")
    type: str
    queue: str
    status: Status
    cancelling: bool = Field(description="somebody asked to stop it")
    progress: ProgressAnswer
    data: Any = Field(None, description="the result, when the status is SUCCESS and it has at most 1 MiB")
    result_bytes: int | None = Field(description="the result's size as JSON")
    error: str | None = Field(
        description="code of the failure: JobFailed, TimedOut, TooLarge, WorkerLost, InvalidResult, ..."
    )
    message: str | None = Field(description="the failure in a sentence; of RETRY: why it is begun again")
    log_tail: str | None = Field(None, description="the last lines that a failed job wrote")
    made_by: str | None
    attempts: int = Field(description="how often it was begun")
    losses: int = Field(description="how often its process died over it")
    peak_bytes: int | None = Field(description="most memory that it had, resident")
    submitted: SkipValidation[float]
    due: SkipValidation[float] = Field(description="of RETRY: not to be begun before this")
    started: SkipValidation[float | None] = Field(description="begin of the last attempt")
    finished: SkipValidation[float | None]
    expires: SkipValidation[float | None] = Field(description="when the result is forgotten")
    links: Links


class Submitted(Answer):
    """A job was accepted: it is kept, whatever happens to the server."""

    id: str
    job_id: str
    type: str
    queue: str
    status: Status
    links: Links


class Subscribed(Answer):
    """The acknowledgement of a subscription, or of its end."""

    accepted: bool
    requestID: Any = None  # noqa: N815 - as the events of datasets have it
    job_ids: list[str]


class BatchSubmitted(Answer):
    """All jobs of a batch were accepted."""

    jobs: list[str] = Field(description="their ids, in the order of the batch")


class JobList(Answer):
    """A page of jobs, the newest first."""

    jobs: list[JobAnswer]
    total: int = Field(description=f"how many there are; counted up to {COUNT_LIMIT:,}")
    total_is_exact: bool = Field(description="false: there are more than `total`")
    next: str | None = Field(description="address of the next page; null on the last one")


class DeclaredJob(Answer):
    """A job that can be submitted."""

    name: str
    summary: str
    queue: str
    timeout: SkipValidation[float] = Field(description="longest time of one attempt, in seconds")
    memory: int = Field(description="most memory, in bytes")
    retries: int = Field(description="how often it is begun again after it raised an exception")
    retry: bool = Field(description="whether it is begun again when its worker died")
    every: str | None = Field(description="when the server itself submits it")
    result_ttl: SkipValidation[float] = Field(description="how long its result is kept, in seconds")
    inputs: SkipValidation[dict[str, Any]] = Field(description="JSON Schema of the inputs")
    outputs: SkipValidation[dict[str, Any]] = Field(description="JSON Schema of the result")
    links: dict[str, str]


class JobTypeList(Answer):
    """Every declared job, by name."""

    types: list[DeclaredJob]


class SubmitQuery(Query):
    """How to submit."""

    queue: str | None = Field(None, description="instead of the queue that the job was declared with")


class ShowQuery(Query):
    """How to look at a job."""

    wait: float = Field(
        0,
        ge=0,
        le=MAX_WAIT_SECONDS,
        description="answer when its status or progress changes, or after so many seconds; at once when it has ended",
    )


class ListQuery(Query):
    """Which jobs to list."""

    # PostgreSQL refuses text with a NUL in it.
    type: list[Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]] = Field(
        [], description="only these types, repeated or comma-separated", max_length=100
    )
    status: list[Status] = Field([], description=f"only these, of {' '.join(STATUSES)}", max_length=len(STATUSES))
    limit: int = Field(50, ge=1, le=1000, description="jobs on a page")
    offset: int = Field(0, ge=0, le=2**31, description="jobs to leave out from the newest on")
    before: int | None = Field(None, ge=0, le=2**31, description="as the address of the next page has it")


def links(job_id: str) -> Links:
    """Addresses of a job."""
    address = f"{BASE}/{job_id}"
    return Links(self=address, cancel=address, result=f"{address}/result")


def describe(job: Job, *, log_tail: bool = True, **data: Any) -> JobAnswer:
    """A job.

    :param log_tail: whether the last lines that it wrote are told.
    :param data: its result under this name, where it is sent along.
    """
    return JobAnswer(
        id=job.id,
        job_id=job.id,
        type=job.type,
        queue=job.queue,
        status=job.status,
        cancelling=job.cancelling,
        progress=ProgressAnswer(done=job.progress_done, total=job.progress_total, message=job.progress_message),
        result_bytes=job.result_bytes,
        error=job.error,
        message=job.message,
        log_tail=job.log_tail if log_tail else None,
        made_by=job.made_by,
        attempts=job.attempts,
        losses=job.losses,
        peak_bytes=job.peak_bytes,
        submitted=job.submitted,
        due=job.due,
        started=job.started,
        finished=job.finished,
        expires=job.expires,
        links=links(job.id),
        **data,
    )


def describe_submitted(job: Accepted) -> Submitted:
    """A job that was accepted."""
    return Submitted(id=job.id, job_id=job.id, type=job.type, queue=job.queue, status=job.status, links=links(job.id))


def describe_type(declared: JobType, *, timeout: float, memory: int, result_ttl: float) -> DeclaredJob:
    """A declared job.

    :param timeout, memory, result_ttl: the settings' values, for what the declaration leaves open.
    """
    inputs, outputs = declared.schemas()
    address = f"{BASE}/{declared.name}"
    return DeclaredJob(
        name=declared.name,
        summary=declared.summary,
        queue=declared.queue,
        timeout=declared.timeout_seconds or timeout,
        memory=declared.memory_bytes or memory,
        retries=declared.retries,
        retry=declared.rerun_if_lost,
        every=declared.every,
        result_ttl=declared.result_ttl_seconds or result_ttl,
        inputs=inputs,
        outputs=outputs,
        links={"submit": address, "batch": f"{address}/batch", "jobs": f"{BASE}?type={declared.name}"},
    )
