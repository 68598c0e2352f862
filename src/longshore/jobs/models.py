"""What the database keeps of jobs: a record is written before the broker hears of it; the broker only wakes workers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from longshore.state.database import metadata

IS_WAITING = "status IN ('PENDING', 'RETRY')"
"""Word for word in a query and in the index: SQLite then sees that the index holds all that is asked for."""

IS_RUNNING = "status = 'STARTED'"
IS_UNTOLD = "finished IS NOT NULL AND NOT announced"


def _only(condition: str) -> dict[str, Any]:
    """An index over some of the rows, on either database."""
    return {f"{dialect}_where": sa.text(condition) for dialect in ("sqlite", "postgresql")}


jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True, comment="the order of acceptance"),
    sa.Column("id", sa.String(36), nullable=False, unique=True, comment="a UUID, as Celery's own task ids are"),
    sa.Column("type", sa.Text, nullable=False, comment="name under which the job was declared"),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("status", sa.String(10), nullable=False, comment="PENDING STARTED RETRY SUCCESS FAILURE REVOKED"),
    sa.Column("cancelling", sa.Boolean, nullable=False, comment="somebody asked to stop it; its worker will"),
    sa.Column("made_by", sa.Text, comment="user token of who asked, if any"),
    sa.Column("submitted", sa.Float, nullable=False, comment="seconds since 1970, as all times here"),
    sa.Column("due", sa.Float, nullable=False, comment="not to be begun before this"),
    sa.Column("started", sa.Float, comment="begin of the last attempt"),
    sa.Column("finished", sa.Float),
    sa.Column("expires", sa.Float, comment="when the result is forgotten; set at the end"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="how often it was begun"),
    sa.Column("losses", sa.Integer, nullable=False, comment="how often its process died over it"),
    sa.Column("raised", sa.Integer, nullable=False, server_default="0", comment="how often its function raised"),
    sa.Column(
        "begun",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="that its function was begun; noted only of those that may not be begun twice",
    ),
    sa.Column("pause", sa.Float, comment="seconds between the end of an attempt and the next"),
    sa.Column("lease_owner", sa.String(120), comment="the process that runs it"),
    sa.Column("lease_beat", sa.Integer, comment="signs of life of the lease's holder"),
    sa.Column("progress_done", sa.Float),
    sa.Column("progress_total", sa.Float),
    sa.Column("progress_message", sa.Text),
    sa.Column("result_place", sa.String(10), comment="store or file; null without a result"),
    sa.Column("result_bytes", sa.BigInteger),
    sa.Column("error", sa.Text, comment="code of a failure"),
    sa.Column("message", sa.Text, comment="sentence of a failure, for a person"),
    sa.Column("peak_bytes", sa.BigInteger, comment="most memory that its process had, resident"),
    sa.Column("log_tail", sa.Text, comment="the last lines that a failed job wrote"),
    sa.Column("announced", sa.Boolean, nullable=False, comment="false: whoever watches has to be told of its end"),
    sa.Column("idempotency_key", sa.Text, comment="with who asked: a key is that user's own"),
    sa.Column("inputs_digest", sa.String(64), comment="SHA-256 of the inputs: a key answers only for the same ones"),
    # Last, so that a listing need not read past it.
    sa.Column("inputs", sa.LargeBinary, comment="JSON, compressed; null once expired"),
    sa.UniqueConstraint("type", "idempotency_key"),
    sa.Index("ix_jobs_waiting", "queue", "due", "number", **_only(IS_WAITING)),
    sa.Index("ix_jobs_running", "lease_owner", **_only(IS_RUNNING)),
    sa.Index("ix_jobs_untold", "finished", **_only(IS_UNTOLD)),
    # With the status inside, a filter by both is answered from the index alone.
    sa.Index("ix_jobs_type", "type", "number", "status"),
    sa.Index("ix_jobs_status", "status", "number"),
    sa.Index("ix_jobs_expires", "expires"),
    sqlite_autoincrement=True,
)

results = sa.Table(
    "job_results",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True, comment="the job's id, or that of a Celery task"),
    sa.Column("expires", sa.Float, nullable=False, comment="seconds since 1970"),
    sa.Column("document", sa.LargeBinary, nullable=False, comment="JSON, compressed"),
    sa.Index("ix_job_results_expires", "expires"),
)
"""The embedded result store; other stores are chosen by ``RESULT_BACKEND``."""

sent_queues = sa.Table(
    "sent_queues",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="of a queue that nobody served when something was sent to it"),
    sa.Column("sent", sa.Float, nullable=False, comment="about when that was the last time, seconds since 1970"),
)
"""Queues that are named only where something is sent: the broker does not keep their names, or not for long."""

begun_tasks = sa.Table(
    "begun_tasks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="Celery's"),
    sa.Column("message", sa.Text, nullable=False, comment="what sends it again, in JSON"),
    sa.Column("may_repeat", sa.Boolean, nullable=False, comment="whether it is sent again when its process is lost"),
    sa.Column("lease_owner", sa.Text, comment="the process that runs it; none when it was sent again and not begun"),
    sa.Column("beat", sa.Integer, nullable=False, comment="signs of life of that process"),
    sa.Column("losses", sa.Integer, nullable=False, comment="processes that were lost with it"),
    sa.Column("begun", sa.Float, nullable=False, comment="about when, seconds since 1970"),
)
"""Plain Celery tasks that a process has begun and not ended: Celery itself forgets one with its worker."""
