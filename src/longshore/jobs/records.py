"""Reading and writing what the database keeps of jobs; every function runs inside a caller's transaction.

What happens while a job runs is in :mod:`longshore.jobs.claims`. Times are seconds since 1970.
"""

from __future__ import annotations

import time
import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.jobs.models import IS_RUNNING, IS_UNTOLD, IS_WAITING, jobs
from longshore.state.clocks import SLACK_SECONDS, is_over
from longshore.state.database import insert_into
from longshore.state.leases import Lease

PENDING, STARTED, RETRY = "PENDING", "STARTED", "RETRY"
SUCCESS, FAILURE, REVOKED = "SUCCESS", "FAILURE", "REVOKED"
STATUSES = (PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED)
WAITING = frozenset({PENDING, RETRY})
FINISHED = frozenset({SUCCESS, FAILURE, REVOKED})

KEEP_RECORD_SECONDS = 86400.0
"""How long the record of an expired job stays, so that it can be told from one that never was."""
COUNT_LIMIT = 10_000
"""A listing counts no further."""


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
    raised: int
    begun: bool
    lease_owner: str | None
    lease_beat: int | None
    progress_done: float | None
    progress_total: float | None
    progress_message: str | None
    result_place: str | None
    result_bytes: int | None
    error: str | None
    message: str | None
    peak_bytes: int | None
    log_tail: str | None
    announced: bool

    @property
    def is_watched(self) -> bool:
        """Whether somebody has to be told of its changes."""
        return not self.announced

    @property
    def lease(self) -> Lease | None:
        """The lease of the process that runs it; None while none does."""
        return None if self.lease_owner is None else Lease(self.lease_owner, self.lease_beat)

    @property
    def is_finished(self) -> bool:
        """Whether its status is its last."""
        return self.status in FINISHED

    def is_expired(self, now: float) -> bool:
        """Whether its result is to be forgotten."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True)
class Accepted:
    """What whoever submits a job is told of it."""

    id: str
    type: str
    queue: str
    status: str = PENDING


JOB_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


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
        connection.execute(_INSERT, [_values(each, now or time.time()) for each in new])


_INSERT = jobs.insert()


def insert_once(connection: Connection, new: NewJob, *, now: float | None = None) -> tuple[Job, str | None]:
    """Keep a job unless its type has one with its idempotency key already.

    :return: the job that is kept, this or the earlier one, and the digest of its inputs.
    """
    values = _values(new, now or time.time())
    # Of two at once the second waits here for the first to commit, and then inserts nothing.
    inserting = insert_into(connection, jobs).values(values)
    connection.execute(inserting.on_conflict_do_nothing(index_elements=["type", "idempotency_key"]))
    row = connection.execute(
        sa.select(*JOB_COLUMNS, jobs.c.inputs_digest).where(
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
        "raised": 0,
        "begun": False,
        "announced": True,  # until somebody watches it, nobody has to be told
    }


# -- reading ---------------------------------------------------------------------------------------------------------


def find(connection: Connection, job_id: str, *, lock: bool = False) -> Job | None:
    """The job with this id.

    :param lock: keep others from changing it until the transaction ends.
    """
    query = sa.select(*JOB_COLUMNS).where(jobs.c.id == job_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Job(*row)


def find_many(connection: Connection, job_ids: Iterable[str]) -> list[Job]:
    """The jobs with these ids, oldest first; unknown ids are left out."""
    query = sa.select(*JOB_COLUMNS).where(jobs.c.id.in_(list(job_ids))).order_by(jobs.c.number)
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
    # The numbers first, which an index has; only the rows of this page are read whole.
    numbers = _newest_numbers(types, statuses, before, limit, offset)
    query = sa.select(*JOB_COLUMNS).where(jobs.c.number.in_(numbers)).order_by(jobs.c.number.desc())
    return [Job(*row) for row in connection.execute(query)]


def _newest_numbers(
    types: Sequence[str], statuses: Sequence[str], before: int | None, limit: int, offset: int
) -> sa.Select[Any]:
    """An index has the jobs of one type, or of one status, by their numbers; those of several are merged.

    Asked for all in one, SQLite reads the table from its end until the page is full, which for rare ones is all of it.
    """
    newest = sa.select(jobs.c.number).order_by(jobs.c.number.desc())
    if before is not None:
        newest = newest.where(jobs.c.number < before)
    chosen = [([each], statuses) for each in types] or [([], [each]) for each in statuses] or [([], [])]
    parts = [newest.where(*_filter(*each)) for each in chosen]
    if len(parts) == 1:
        return parts[0].limit(limit).offset(offset)
    limited = [part.limit(limit + offset).subquery() for part in parts]
    merged = sa.union_all(*(sa.select(part.c.number) for part in limited)).subquery()
    return sa.select(merged.c.number).order_by(merged.c.number.desc()).limit(limit).offset(offset)


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


def running(connection: Connection) -> list[Job]:
    """The jobs that run, as far as the records know."""
    return [Job(*row) for row in connection.execute(sa.select(*JOB_COLUMNS).where(sa.text(IS_RUNNING)))]


def has_unfinished(connection: Connection, name: str, made_by: str) -> bool:
    """Whether a job of the type ``name`` that ``made_by`` submitted waits or runs."""
    query = (
        sa.select(jobs.c.number)
        .where((jobs.c.type == name) & jobs.c.status.not_in(FINISHED) & (jobs.c.made_by == made_by))
        .limit(1)
    )
    return connection.execute(query).first() is not None


def due_queues(connection: Connection, *, now: float | None = None) -> dict[str, int]:
    """How many jobs wait in each queue and could be begun, for queues that have any."""
    # A fresh job is due whatever the clock says: it may have been set back since.
    return _count_waiting(connection, ((now or time.time()) >= _DUE) | (_STATUS == PENDING))


def forgotten_queues(connection: Connection, older_than_seconds: float, *, now: float | None = None) -> dict[str, int]:
    """How many jobs wait in each queue that were due so long ago, or at a moment that the clock was set back from."""
    now = now or time.time()
    is_set_back = (_STATUS == PENDING) & (now + SLACK_SECONDS < _DUE)
    return _count_waiting(connection, (now - older_than_seconds > _DUE) | is_set_back)


# Those of the table would bring it into the query once more, without the hint.
_QUEUE, _DUE, _STATUS = sa.column("queue", sa.Text), sa.column("due", sa.Float), sa.column("status", sa.Text)


def _count_waiting(connection: Connection, which: sa.ColumnElement[bool]) -> dict[str, int]:
    """How many of the waiting jobs each queue has, for queues that have any."""
    # SQLite would take the index of the statuses and read every row.
    source = sa.text("jobs INDEXED BY ix_jobs_waiting" if connection.dialect.name == "sqlite" else "jobs")
    counted = sa.select(_QUEUE, sa.func.count()).select_from(source).where(sa.text(IS_WAITING) & which)
    return {queue: int(number) for queue, number in connection.execute(counted.group_by(_QUEUE))}


def waits_too_long(connection: Connection, *, now: float | None = None) -> bool:
    """Whether there is a job for :func:`hasten`."""
    return (
        connection.execute(sa.select(jobs.c.number).where(_set_back(now or time.time())).limit(1)).first() is not None
    )


def hasten(connection: Connection, *, now: float | None = None) -> int:
    """Let jobs whose pause began in a future that the clock was set back from begin it anew; how many.

    A job waits for its next attempt until a moment of the wall clock. Without this it would wait, besides, for as long
    as the clock was set back.
    """
    now = now or time.time()
    return connection.execute(jobs.update().where(_set_back(now)).values(due=now + jobs.c.pause)).rowcount


def _set_back(now: float) -> sa.ColumnElement[bool]:
    pause_began_later = jobs.c.due - jobs.c.pause > now + SLACK_SECONDS
    return (jobs.c.status == RETRY) & (jobs.c.due > now) & pause_began_later


# -- ending ----------------------------------------------------------------------------------------------------------


def watch(connection: Connection, job_ids: Sequence[str]) -> None:
    """Note that somebody watches these jobs.

    Whoever changes one from now on finds :attr:`Job.is_watched` in the same transaction; who watches has to read the
    jobs after this one, and so misses no change. Without it nothing is sent for the many jobs that nobody watches.
    """
    unwatched = jobs.c.id.in_(job_ids) & jobs.c.status.not_in(FINISHED) & jobs.c.announced
    # Locked in one order, so that two who watch the same jobs do not wait for each other on PostgreSQL.
    query = sa.select(jobs.c.number).where(unwatched).order_by(jobs.c.number).with_for_update()
    if numbers := connection.execute(query).scalars().all():
        connection.execute(jobs.update().where(jobs.c.number.in_(numbers)).values(announced=False))


def is_watched(connection: Connection, job_id: str) -> bool:
    """Whether somebody watches a job, as far as :func:`watch` noted it."""
    announced = connection.execute(sa.select(jobs.c.announced).where(jobs.c.id == job_id)).scalar_one_or_none()
    return announced is False


def mark_announced(connection: Connection, job_ids: Iterable[str]) -> None:
    """Note that those who watch these jobs were told of their end."""
    chosen = list(job_ids)
    if chosen:
        connection.execute(_ANNOUNCED, {"chosen": chosen})


_ANNOUNCED = jobs.update().where(jobs.c.id.in_(sa.bindparam("chosen", expanding=True))).values(announced=True)


def unannounced(
    connection: Connection, older_than_seconds: float, *, now: float | None = None, limit: int = 500
) -> list[Job]:
    """Jobs that finished so long ago and of whose end nobody was told, oldest first."""
    query = (
        sa.select(*JOB_COLUMNS)
        .where(sa.text(IS_UNTOLD) & is_over(jobs.c.finished, older_than_seconds, now or time.time()))
        .order_by(jobs.c.finished)
        .limit(limit)
    )
    return [Job(*row) for row in connection.execute(query)]


def expired(connection: Connection, *, now: float | None = None, limit: int = 1000) -> list[Job]:
    """Jobs that expired and still have their inputs: forget their results, then :func:`mark_expired`."""
    query = (
        sa.select(*JOB_COLUMNS)
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
