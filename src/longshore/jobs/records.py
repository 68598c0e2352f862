"""Reading and writing what the database keeps of jobs; every function runs inside a caller's transaction.

::

    PENDING ──claim_next──▶ STARTED ──succeed, fail, revoke──▶ SUCCESS, FAILURE, REVOKED
       ▲                      │ retry_later: it raised, and may be begun again
       └──────── RETRY ◀──────┴ lose: its process died, and it may be begun again

Whoever claims a job holds its lease until one of the five functions on the right; each raises :class:`LeaseLost` when
the lease is another's by then, so that nobody settles a job twice. Times are seconds since 1970.
"""

from __future__ import annotations

import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from longshore.jobs.models import IS_RUNNING, IS_UNTOLD, IS_WAITING, jobs

PENDING, STARTED, RETRY = "PENDING", "STARTED", "RETRY"
SUCCESS, FAILURE, REVOKED = "SUCCESS", "FAILURE", "REVOKED"
STATUSES = (PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED)
WAITING = frozenset({PENDING, RETRY})
FINISHED = frozenset({SUCCESS, FAILURE, REVOKED})

LEASE_SECONDS = 20.0
RENEW_SECONDS = 5.0
MOST_LOSSES = 3
"""After as many processes died over a job it is set aside."""
KEEP_RECORD_SECONDS = 86400.0
"""How long the record of an expired job stays, so that it can be told from one that never was."""
COUNT_LIMIT = 10_000
"""A listing counts no further."""

WORKER_LOST = "WorkerLost"


@dataclass(frozen=True)
class NewJob:
    """A job that is to be kept.

    :param inputs: a JSON document as it came; it was checked before.
    :param due: not to be begun before this.
    """

    type: str
    queue: str
    inputs: bytes
    due: float
    id: str
    made_by: str | None = None
    idempotency_key: str | None = None
    inputs_digest: str | None = None


@dataclass(frozen=True)
class Job:
    """A job's row without its inputs."""

    number: int
    id: str
    type: str
    queue: str
    status: str
    cancelling: bool
    made_by: str | None
    submitted: float
    due: float
    started: float | None
    finished: float | None
    expires: float | None
    attempts: int
    losses: int
    lease_owner: str | None
    lease_until: float | None
    progress_done: float | None
    progress_total: float | None
    progress_message: str | None
    result_place: str | None
    result_bytes: int | None
    error: str | None
    message: str | None
    peak_bytes: int | None
    log_tail: str | None

    @property
    def is_finished(self) -> bool:
        """Whether its status is its last."""
        return self.status in FINISHED

    def is_expired(self, now: float) -> bool:
        """Whether its result is to be forgotten."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True)
class Claimed:
    """A job whose lease the caller holds, and its inputs as JSON."""

    job: Job
    inputs: bytes


_JOB = [jobs.c[name] for name in Job.__dataclass_fields__]


class LeaseLost(Exception):
    """Another process has taken the job over; what this one was about to write must not be."""


def new_job_id() -> str:
    """A random UUID, which nobody guesses."""
    return str(uuid.uuid4())


def is_job_id(value: Any) -> bool:
    """Whether ``value`` has the form of a job's id; nothing else ever becomes part of a path."""
    return isinstance(value, str) and len(value) == 36 and _is_uuid(value)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


# -- accepting -------------------------------------------------------------------------------------------------------


def insert(connection: Connection, new: Sequence[NewJob], *, now: float | None = None) -> None:
    """Keep jobs without an idempotency key, in this order."""
    if new:
        connection.execute(jobs.insert(), [_values(each, now or time.time()) for each in new])


def insert_once(connection: Connection, new: NewJob, *, now: float | None = None) -> tuple[Job, str | None]:
    """Keep a job unless its type has one with its idempotency key already.

    :return: the job that is kept, this or the earlier one, and the digest of its inputs.
    """
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = _values(new, now or time.time())
    # Of two at once the second waits here for the first to commit, and then inserts nothing.
    connection.execute(make(jobs).values(values).on_conflict_do_nothing(index_elements=["type", "idempotency_key"]))
    row = connection.execute(
        sa.select(*_JOB, jobs.c.inputs_digest).where(
            (jobs.c.type == new.type) & (jobs.c.idempotency_key == new.idempotency_key)
        )
    ).one()
    return Job(*row[:-1]), row.inputs_digest


def _values(new: NewJob, now: float) -> dict[str, Any]:
    return {
        **vars(new),
        "inputs": zlib.compress(new.inputs, 1),
        "status": PENDING,
        "cancelling": False,
        "submitted": now,
        "attempts": 0,
        "losses": 0,
        "announced": False,
    }


# -- reading ---------------------------------------------------------------------------------------------------------


def find(connection: Connection, job_id: str, *, lock: bool = False) -> Job | None:
    """The job with this id.

    :param lock: keep others from changing it until the transaction ends.
    """
    query = sa.select(*_JOB).where(jobs.c.id == job_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Job(*row)


def require(connection: Connection, job_id: str) -> Job:
    """The job with this id, which is known to exist."""
    return Job(*connection.execute(sa.select(*_JOB).where(jobs.c.id == job_id)).one())


def find_many(connection: Connection, job_ids: Iterable[str]) -> list[Job]:
    """The jobs with these ids, oldest first; unknown ids are left out."""
    query = sa.select(*_JOB).where(jobs.c.id.in_(list(job_ids))).order_by(jobs.c.number)
    return [Job(*row) for row in connection.execute(query)]


def read_inputs(connection: Connection, job_id: str) -> bytes | None:
    """A job's inputs as JSON; None once they have expired."""
    packed = connection.execute(sa.select(jobs.c.inputs).where(jobs.c.id == job_id)).scalar_one_or_none()
    return None if packed is None else zlib.decompress(packed)


def page(
    connection: Connection,
    *,
    types: Sequence[str] = (),
    statuses: Sequence[str] = (),
    before: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Job]:
    """Jobs, the newest first.

    :param types, statuses: only those of them; empty for all.
    :param before: only jobs with a smaller number, to go on where a page ended whatever came in since.
    """
    conditions = _filter(types, statuses)
    if before is not None:
        conditions.append(jobs.c.number < before)
    # The numbers first, which an index has; only the rows of this page are read whole.
    numbers = sa.select(jobs.c.number).where(*conditions).order_by(jobs.c.number.desc()).limit(limit).offset(offset)
    query = sa.select(*_JOB).where(jobs.c.number.in_(numbers)).order_by(jobs.c.number.desc())
    return [Job(*row) for row in connection.execute(query)]


def count(connection: Connection, *, types: Sequence[str] = (), statuses: Sequence[str] = ()) -> int:
    """How many jobs there are of these types and statuses, counted up to :data:`COUNT_LIMIT` + 1."""
    some = sa.select(jobs.c.number).where(*_filter(types, statuses)).limit(COUNT_LIMIT + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _filter(types: Sequence[str], statuses: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for column, allowed in ((jobs.c.type, types), (jobs.c.status, statuses)):
        if allowed:
            # A single value keeps the order of the index; several would be sorted.
            conditions.append(column == allowed[0] if len(allowed) == 1 else column.in_(allowed))
    return conditions


# -- running ---------------------------------------------------------------------------------------------------------


def claim_next(connection: Connection, queue: str, owner: str, *, now: float | None = None) -> Claimed | None:
    """Begin the oldest job of ``queue`` that is due, for the process ``owner``; None if there is none.

    Several may claim at once: each gets another job.
    """
    now = now or time.time()
    about = {"asked_queue": queue, "now": now, "owner": owner, "until": now + LEASE_SECONDS}
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
        "lease_until": sa.bindparam("until", type_=sa.Float),
        **dict.fromkeys(forgotten),
    }
    return jobs.update().where(jobs.c.number == oldest).values(begun).returning(*_JOB, jobs.c.inputs)


def renew(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    peak_bytes: int | None = None,
    log_tail: str | None = None,
    now: float | None = None,
) -> Job:
    """Move the lease's end away, and note what would be lost with the process.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"peak_bytes": peak_bytes, "log_tail": log_tail}
    return _change(connection, job_id, owner, lease_until=(now or time.time()) + LEASE_SECONDS, **about)


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
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    expires: float,
    result_place: str,
    result_bytes: int,
    peak_bytes: int | None = None,
    now: float | None = None,
) -> Job:
    """Settle a job whose result is kept: ``result_place`` is ``"store"`` or ``"file"``.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"result_place": result_place, "result_bytes": result_bytes, "peak_bytes": peak_bytes}
    return _change(connection, job_id, owner, **_ended(SUCCESS, expires, now), **about)


def fail(
    connection: Connection,
    job_id: str,
    owner: str,
    error: str,
    message: str,
    *,
    expires: float,
    log_tail: str | None = None,
    peak_bytes: int | None = None,
    now: float | None = None,
) -> Job:
    """Settle a job that failed, with a code and a sentence.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"error": error, "message": message, "log_tail": log_tail, "peak_bytes": peak_bytes}
    return _change(connection, job_id, owner, **_ended(FAILURE, expires, now), **about)


def revoke(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    expires: float,
    log_tail: str | None = None,
    peak_bytes: int | None = None,
    now: float | None = None,
) -> Job:
    """Settle a running job that was stopped because somebody asked for it.

    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    about = {"log_tail": log_tail, "peak_bytes": peak_bytes}
    return _change(connection, job_id, owner, **_ended(REVOKED, expires, now), **about)


def retry_later(
    connection: Connection,
    job_id: str,
    owner: str,
    error: str,
    message: str,
    *,
    due: float,
    expires: float,
    log_tail: str | None = None,
    peak_bytes: int | None = None,
    now: float | None = None,
) -> Job:
    """Give a job that raised back, to be begun again at ``due``; one that somebody asked to stop is REVOKED.

    :param expires: for the latter.
    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    if _require_held(connection, job_id, owner).cancelling:
        return revoke(connection, job_id, owner, expires=expires, log_tail=log_tail, peak_bytes=peak_bytes, now=now)
    about = {"error": error, "message": message, "log_tail": log_tail, "peak_bytes": peak_bytes}
    return _change(connection, job_id, owner, **_given_back(), due=due, **about)


def give_back(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    due: float | None = None,
    error: str | None = None,
    message: str | None = None,
) -> Job:
    """Undo a claim, so that the job waits as if it had never been begun.

    :param due: not to be begun again before this; then it waits as RETRY, with a reason.
    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    again = {"status": PENDING} if due is None else {"status": RETRY, "due": due, "error": error, "message": message}
    counted = {"attempts": _require_held(connection, job_id, owner).attempts - 1, "started": None}
    return _change(connection, job_id, owner, **again, **counted, **_NO_LEASE)


def lose(
    connection: Connection,
    job_id: str,
    owner: str,
    *,
    may_repeat: bool,
    expires: float,
    log_tail: str | None = None,
    peak_bytes: int | None = None,
    now: float | None = None,
) -> Job:
    """Settle a job whose process died: RETRY at once, or FAILURE if it may not repeat or did so too often.

    :param expires: when the record of a FAILURE or REVOKED job expires.
    :raises LeaseLost: when it is no longer ``owner``'s.
    """
    job = _require_held(connection, job_id, owner)
    losses = job.losses + 1
    # A warden that died with its job left what it had last noted of it.
    peak_bytes = peak_bytes or job.peak_bytes
    about = {"losses": losses, "log_tail": log_tail or job.log_tail, "peak_bytes": peak_bytes}
    if job.cancelling:
        return _change(connection, job_id, owner, **_ended(REVOKED, expires, now), **about)
    if may_repeat and losses < MOST_LOSSES:
        sentence = "the process that ran it died; it is begun again"
        return _change(connection, job_id, owner, **_given_back(), error=WORKER_LOST, message=sentence, **about)
    sentence = _loss_sentence(losses, peak_bytes, may_repeat=may_repeat)
    ended = _ended(FAILURE, expires, now)
    return _change(connection, job_id, owner, **ended, error=WORKER_LOST, message=sentence, **about)


def _loss_sentence(losses: int, peak_bytes: int | None, *, may_repeat: bool) -> str:
    memory = f" It had {peak_bytes / 2**20:,.0f} MiB of memory at its peak." if peak_bytes else ""
    if not may_repeat:
        return f"the process that ran it died, and it is declared with retry=False.{memory}"
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

    :param is_lost: decides by the lease, see :class:`~longshore.jobs.watching.LeaseWatch`.
    :param may_repeat: of a job's type: whether it may be begun again.
    :param expires_after: of a job's type: how long its record is kept, in seconds.
    :return: the jobs as they are now.
    """
    now = now or time.time()
    settled = []
    query = sa.select(*_JOB).where(sa.text(IS_RUNNING)).with_for_update(skip_locked=True)
    for job in [Job(*row) for row in connection.execute(query)]:
        if job.lease_owner is not None and is_lost(job):
            about = {"may_repeat": may_repeat(job.type), "expires": now + expires_after(job.type)}
            settled.append(lose(connection, job.id, job.lease_owner, now=now, **about))  # type: ignore[arg-type]
    return settled


def running(connection: Connection) -> list[Job]:
    """The jobs that run, as far as the records know."""
    return [Job(*row) for row in connection.execute(sa.select(*_JOB).where(sa.text(IS_RUNNING)))]


def has_unfinished(connection: Connection, name: str, made_by: str) -> bool:
    """Whether a job of the type ``name`` that ``made_by`` submitted waits or runs."""
    query = (
        sa.select(jobs.c.number)
        .where((jobs.c.type == name) & jobs.c.status.not_in(FINISHED) & (jobs.c.made_by == made_by))
        .limit(1)
    )
    return connection.execute(query).first() is not None


def due_queues(connection: Connection, *, older_than: float | None = None) -> dict[str, int]:
    """How many jobs wait in each queue and could be begun, for queues that have any.

    :param older_than: only those due before this; default: now.
    """
    # SQLite would take the index of the statuses and read every row.
    hint = " INDEXED BY ix_jobs_waiting" if connection.dialect.name == "sqlite" else ""
    queue_name, due = sa.column("queue", sa.Text), sa.column("due", sa.Float)
    counted = (
        sa.select(queue_name, sa.func.count())
        .select_from(sa.text(f"jobs{hint}"))
        .where(sa.text(IS_WAITING) & (due <= (older_than or time.time())))
        .group_by(queue_name)
    )
    return {queue: int(number) for queue, number in connection.execute(counted)}


def _held(job_id: str, owner: str) -> sa.ColumnElement[bool]:
    return (jobs.c.id == job_id) & (jobs.c.lease_owner == owner) & (jobs.c.status == STARTED)


def _require_held(connection: Connection, job_id: str, owner: str) -> Job:
    row = connection.execute(sa.select(*_JOB).where(_held(job_id, owner)).with_for_update()).one_or_none()
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
    return jobs.update().where(held).values(values).returning(*_JOB)


def _ended(status: str, expires: float, now: float | None) -> dict[str, Any]:
    return {"status": status, "finished": now or time.time(), "expires": expires, **_NO_LEASE}


def _given_back() -> dict[str, Any]:
    return {"status": RETRY, **_NO_LEASE}


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


# -- ending ----------------------------------------------------------------------------------------------------------


def request_cancel(connection: Connection, job_id: str, *, expires: float, now: float | None = None) -> Job | None:
    """Stop a job: a waiting one is REVOKED at once, a running one is marked for its worker; None if there is none.

    :return: the job as it is now; a finished one is left as it is.
    """
    job = find(connection, job_id, lock=True)
    if job is None or job.is_finished:
        return job
    values = {"cancelling": True} if job.status == STARTED else {"cancelling": True, **_ended(REVOKED, expires, now)}
    row = connection.execute(jobs.update().where(jobs.c.id == job_id).values(values).returning(*_JOB)).one()
    return Job(*row)


def mark_announced(connection: Connection, job_ids: Iterable[str]) -> None:
    """Note that those who watch these jobs were told of their end."""
    chosen = list(job_ids)
    if chosen:
        connection.execute(_ANNOUNCED, {"chosen": chosen})


_ANNOUNCED = jobs.update().where(jobs.c.id.in_(sa.bindparam("chosen", expanding=True))).values(announced=True)


def unannounced(connection: Connection, older_than: float, *, limit: int = 500) -> list[Job]:
    """Jobs finished before ``older_than`` of whose end nobody was told, oldest first."""
    query = (
        sa.select(*_JOB)
        .where(sa.text(IS_UNTOLD) & (jobs.c.finished < older_than))
        .order_by(jobs.c.finished)
        .limit(limit)
    )
    return [Job(*row) for row in connection.execute(query)]


def expired(connection: Connection, *, now: float | None = None, limit: int = 1000) -> list[Job]:
    """Jobs that expired and still have their inputs: forget their results, then :func:`mark_expired`."""
    query = (
        sa.select(*_JOB)
        .where((jobs.c.expires <= (now or time.time())) & jobs.c.inputs.is_not(None))
        .order_by(jobs.c.expires)
        .limit(limit)
    )
    return [Job(*row) for row in connection.execute(query)]


def mark_expired(connection: Connection, job_ids: Iterable[str]) -> None:
    """Remove what these jobs kept but their record; their idempotency keys may be used again."""
    gone = {"inputs": None, "result_place": None, "log_tail": None, "idempotency_key": None}
    connection.execute(jobs.update().where(jobs.c.id.in_(list(job_ids))).values(gone))


def release_key(connection: Connection, job_id: str) -> None:
    """Let a job's idempotency key be used by another."""
    connection.execute(jobs.update().where(jobs.c.id == job_id).values(idempotency_key=None))


def remove_old(connection: Connection, *, now: float | None = None) -> int:
    """Remove the records of jobs that expired long ago; how many."""
    longest = (now or time.time()) - KEEP_RECORD_SECONDS
    # One that still has its inputs was not swept yet: its result would stay for ever.
    return connection.execute(jobs.delete().where((jobs.c.expires <= longest) & jobs.c.inputs.is_(None))).rowcount
