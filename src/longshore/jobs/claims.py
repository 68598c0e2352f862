"""Holding a job while it runs; every function runs inside a caller's transaction.

::

    PENDING ──claim_next──▶ STARTED ──succeed, fail, revoke──▶ SUCCESS, FAILURE, REVOKED
       ▲                      │ retry_later: it raised, and may be begun again
       │                      │ lose: its process died, and it may be begun again
       └── PENDING, RETRY ◀───┴ give_back, interrupt: its worker could not begin it, or stops

Whoever claims a job holds its lease until one of the functions on the right; each raises :class:`LeaseLost` when
the lease is another's by then, so that nobody settles a job twice. Times are seconds since 1970.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.jobs.models import IS_RUNNING, IS_WAITING, jobs
from longshore.jobs.records import FAILURE, JOB_COLUMNS, PENDING, RETRY, REVOKED, STARTED, SUCCESS, Job, find

MAX_LOSSES = 3
"""After as many processes died over a job it is set aside."""
WORKER_LOST = "WorkerLost"
ONLY_ONCE = "it is declared with rerun_if_lost=False, so it is not begun again"


@dataclass(frozen=True)
class Claimed:
    """A job whose lease the caller holds, and its inputs as JSON."""

    job: Job
    inputs: bytes


@dataclass(frozen=True)
class AttemptEnd:
    """What is left of an attempt.

    :param expires: when the job's record is forgotten, unless the job is begun again.
    :param log_tail: the last lines that it wrote.
    :param peak_bytes: most memory that it had.
    :param now: when it ended.
    """

    expires: float
    log_tail: str | None = None
    peak_bytes: int | None = None
    now: float = field(default_factory=time.time)

    @property
    def traces(self) -> dict[str, Any]:
        """What a failure keeps."""
        return {"log_tail": self.log_tail, "peak_bytes": self.peak_bytes}

    def ended(self, status: str) -> dict[str, Any]:
        """What becomes of a job that ends with this status."""
        return {"status": status, "finished": self.now, "expires": self.expires, **_NO_LEASE}


class LeaseLost(Exception):
    """Another process has taken the job over; what this one was about to write must not be."""


def claim_next(connection: Connection, queue: str, owner: str, *, now: float | None = None) -> Claimed | None:
    """Begin the oldest job of ``queue`` that is due, for the process ``owner``; None if there is none.

    Several may claim at once: each gets another job.
    """
    now = now or time.time()
    about = {"asked_queue": queue, "now": now, "owner": owner}
    row = connection.execute(_claim_statement(), about).one_or_none()
    return None if row is None else Claimed(Job(*row[:-1]), zlib.decompress(row.inputs))


# SQLAlchemy takes longer to put such a statement together than the database to carry it out, so that is done once.
@cache
def _claim_statement() -> Any:
    now: sa.BindParameter[float] = sa.bindparam("now", type_=sa.Float)
    oldest = (
        sa.select(jobs.c.number)
        # A fresh job is due whatever the clock says: it may have been set back since.
        .where(
            (jobs.c.queue == sa.bindparam("asked_queue"))
            & sa.text(IS_WAITING)
            & ((jobs.c.due <= now) | (jobs.c.status == PENDING))
        )
        .order_by(jobs.c.due, jobs.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    forgotten = ("progress_done", "progress_total", "progress_message", "error", "message", "log_tail", "peak_bytes")
    begun = {
        "status": STARTED,
        "started": now,
        "attempts": jobs.c.attempts + 1,
        "lease_owner": sa.bindparam("owner"),
        "lease_beat": 0,
        "begun": False,
        **dict.fromkeys(forgotten),
    }
    return jobs.update().where(jobs.c.number == oldest).values(begun).returning(*JOB_COLUMNS, jobs.c.inputs)


def renew(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    peak_bytes: int | None = None,
    log_tail: str | None = None,
) -> Job:
    """Give a sign of life, and note what would be lost with the process.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    row = connection.execute(
        _RENEWED, {"held_id": job_id, "held_by": owner, "new_peak_bytes": peak_bytes, "new_log_tail": log_tail}
    ).one_or_none()
    if row is None:
        raise LeaseLost(job_id)
    return Job(*row)


def begin(connection: Connection, job_id: str, owner: str) -> Job:
    """Note that a job that may not be begun twice is begun now: whoever finds it without its process knows then.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    return _change(connection, job_id, owner, begun=True)


def is_cancelling(connection: Connection, job_id: str, owner: str) -> bool:
    """Whether somebody asked to stop the job; cheap enough to be asked several times a second.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    asked = connection.execute(sa.select(jobs.c.cancelling).where(_held(job_id, owner))).scalar_one_or_none()
    if asked is None:
        raise LeaseLost(job_id)
    return bool(asked)


def set_progress(
    connection: Connection, job_id: str, owner: str, done: float | None, total: float | None, message: str | None
) -> Job:
    """Keep how much is done.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    return _change(connection, job_id, owner, progress_done=done, progress_total=total, progress_message=message)


def succeed(
    connection: Connection, job_id: str, owner: str, remains: AttemptEnd, *, result_place: str, result_bytes: int
) -> Job:
    """Settle a job whose result is kept: ``result_place`` is ``"store"`` or ``"file"``.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"result_place": result_place, "result_bytes": result_bytes, "peak_bytes": remains.peak_bytes}
    return _change(connection, job_id, owner, **remains.ended(SUCCESS), **about)


def fail(connection: Connection, job_id: str, owner: str, remains: AttemptEnd, *, error: str, message: str) -> Job:
    """Settle a job that failed, with a code and a sentence.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"error": error, "message": message, **remains.traces}
    return _change(connection, job_id, owner, **remains.ended(FAILURE), **about)


def revoke(connection: Connection, job_id: str, owner: str, remains: AttemptEnd) -> Job:
    """Settle a running job that was stopped because somebody asked for it.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    return _change(connection, job_id, owner, **remains.ended(REVOKED), **remains.traces)


def retry_later(
    connection: Connection,
    job_id: str,
    owner: str,
    remains: AttemptEnd,
    *,
    error: str,
    message: str,
    pause_seconds: float,
) -> Job:
    """Give a job that raised back, to be begun again after a pause; one that somebody asked to stop is REVOKED.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    job = _require_held(connection, job_id, owner)
    if job.cancelling:
        return revoke(connection, job_id, owner, remains)
    about = {"error": error, "message": message, "raised": job.raised + 1, **remains.traces}
    again = {"due": remains.now + pause_seconds, "pause": pause_seconds}
    return _change(connection, job_id, owner, status=RETRY, **again, **_NO_LEASE, **about)


def give_back(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    pause_seconds: float | None = None,
    error: str | None = None,
    message: str | None = None,
    now: float | None = None,
) -> Job:
    """Undo a claim of a job that was not begun, so that it waits as if it had never been claimed.

    :param pause_seconds: not to be claimed again before that is over; then it waits as RETRY, with a reason.
    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    again: dict[str, Any] = {"status": PENDING}
    if pause_seconds is not None:
        due = (now or time.time()) + pause_seconds
        again = {"status": RETRY, "due": due, "pause": pause_seconds, "error": error, "message": message}
    counted = {"attempts": _require_held(connection, job_id, owner).attempts - 1, "started": None}
    return _change(connection, job_id, owner, **again, **counted, **_NO_LEASE)


def interrupt(
    connection: Connection,
    job_id: str,
    owner: str,
    remains: AttemptEnd,
    *,
    may_repeat: bool,
    pause_seconds: float | None = None,
    message: str = "its worker had to stop while it ran",
) -> Job:
    """Settle a job that was begun and that its worker had to end before its time: the system's doing, and no loss.

    It waits to be begun again; one that may not be begun twice fails, and one that somebody asked to stop is REVOKED.

    :param pause_seconds: not to be claimed again before that is over; then it waits as RETRY, with the message.
    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    job = _require_held(connection, job_id, owner)
    if job.cancelling:
        return revoke(connection, job_id, owner, remains)
    if not may_repeat:
        return fail(connection, job_id, owner, remains, error=WORKER_LOST, message=f"{message}, and {ONLY_ONCE}")
    again: dict[str, Any] = {"status": PENDING}
    if pause_seconds is not None:
        due = remains.now + pause_seconds
        again = {"status": RETRY, "due": due, "pause": pause_seconds, "error": "Unavailable", "message": message}
    return _change(connection, job_id, owner, started=None, **again, **_NO_LEASE)


def lose(connection: Connection, job_id: str, owner: str, remains: AttemptEnd, *, may_repeat: bool) -> Job:
    """Settle a job whose process died: RETRY at once, or FAILURE if it may not repeat or did so too often.

    One that may not repeat and was not even begun waits on.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    job = _require_held(connection, job_id, owner)
    if not may_repeat and not job.begun and not job.cancelling:
        return give_back(connection, job_id, owner)
    losses = job.losses + 1
    # An executor that died with its job left what it had last noted of it.
    peak_bytes = remains.peak_bytes or job.peak_bytes
    about = {"losses": losses, "log_tail": remains.log_tail or job.log_tail, "peak_bytes": peak_bytes}
    if job.cancelling:
        return _change(connection, job_id, owner, **remains.ended(REVOKED), **about)
    about["error"] = WORKER_LOST
    if may_repeat and losses < MAX_LOSSES:
        about["message"] = "the process that ran it died; it is begun again"
        return _change(connection, job_id, owner, status=RETRY, **_NO_LEASE, **about)
    about["message"] = _loss_sentence(losses, peak_bytes, may_repeat=may_repeat)
    return _change(connection, job_id, owner, **remains.ended(FAILURE), **about)


def _loss_sentence(losses: int, peak_bytes: int | None, *, may_repeat: bool) -> str:
    memory = f" It had {peak_bytes / 2**20:,.0f} MiB of memory at its peak." if peak_bytes else ""
    if not may_repeat:
        return f"the process that ran it died, and {ONLY_ONCE}.{memory}"
    return f"{losses} processes died over it, so it is set aside.{memory}"


def take_over_lost(
    connection: Connection,
    is_lost: Callable[[Job], bool],
    *,
    may_repeat: Callable[[str], bool],
    expires_after: Callable[[str], float],
    now: float | None = None,
) -> list[Job]:
    """Settle the running jobs whose process is gone, as :func:`lose` does.

    :param is_lost: decides by the lease, see :class:`~longshore.state.leases.ExpiryDetector`.
    :param may_repeat: of a job's type: whether it may be begun again.
    :param expires_after: of a job's type: how long its record is kept, in seconds.
    :return: the jobs as they are now.
    """
    now = now or time.time()
    settled = []
    query = sa.select(*JOB_COLUMNS).where(sa.text(IS_RUNNING)).with_for_update(skip_locked=True)
    for job in [Job(*row) for row in connection.execute(query)]:
        if job.lease_owner is not None and is_lost(job):
            remains = AttemptEnd(now + expires_after(job.type), now=now)
            settled.append(lose(connection, job.id, job.lease_owner, remains, may_repeat=may_repeat(job.type)))
    return settled


def _held(job_id: str, owner: str) -> sa.ColumnElement[bool]:
    return (jobs.c.id == job_id) & (jobs.c.lease_owner == owner) & (jobs.c.status == STARTED)


def _require_held(connection: Connection, job_id: str, owner: str) -> Job:
    row = connection.execute(sa.select(*JOB_COLUMNS).where(_held(job_id, owner)).with_for_update()).one_or_none()
    if row is None:
        raise LeaseLost(job_id)
    return Job(*row)


def _change(connection: Connection, job_id: str, owner: str, **values: Any) -> Job:
    about = {f"new_{name}": value for name, value in values.items()}
    statement = _change_statement(tuple(values))
    row = connection.execute(statement, {**about, "held_id": job_id, "held_by": owner}).one_or_none()
    if row is None:
        raise LeaseLost(job_id)
    return Job(*row)


@cache
def _change_statement(names: tuple[str, ...]) -> Any:
    values = {name: sa.bindparam(f"new_{name}", type_=jobs.c[name].type) for name in names}
    held = (
        (jobs.c.id == sa.bindparam("held_id"))
        & (jobs.c.lease_owner == sa.bindparam("held_by"))
        & (jobs.c.status == STARTED)
    )
    return jobs.update().where(held).values(values).returning(*JOB_COLUMNS)


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_beat": None}

_RENEWED = (
    jobs.update()
    .where(
        (jobs.c.id == sa.bindparam("held_id"))
        & (jobs.c.lease_owner == sa.bindparam("held_by"))
        & (jobs.c.status == STARTED)
    )
    .values(
        lease_beat=jobs.c.lease_beat + 1,
        peak_bytes=sa.bindparam("new_peak_bytes", type_=jobs.c.peak_bytes.type),
        log_tail=sa.bindparam("new_log_tail", type_=jobs.c.log_tail.type),
    )
    .returning(*JOB_COLUMNS)
)


def request_cancel(connection: Connection, job_id: str, *, expires: float, now: float | None = None) -> Job | None:
    """Stop a job: a waiting one is REVOKED at once, a running one is marked for its worker; None if there is none.

    :return: the job as it is now; a finished one is left as it is.
    """
    job = find(connection, job_id, lock=True)
    if job is None or job.is_finished:
        return job
    ended = {} if job.status == STARTED else AttemptEnd(expires, now=now or time.time()).ended(REVOKED)
    values = {"cancelling": True, **ended}
    row = connection.execute(jobs.update().where(jobs.c.id == job_id).values(values).returning(*JOB_COLUMNS)).one()
    return Job(*row)
