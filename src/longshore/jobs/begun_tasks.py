"""Which plain Celery tasks are under way, on record in the database: Celery forgets one with its worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.jobs.models import begun_tasks
from longshore.state.database import insert_into
from longshore.state.leases import Lease

OWN_TASKS = ("celery.", "longshore.")
"""How the names of the tasks begin that belong to Celery and to this project; the others are plain."""

_COLUMNS = (
    begun_tasks.c.id,
    begun_tasks.c.message,
    begun_tasks.c.may_repeat,
    begun_tasks.c.lease_owner,
    begun_tasks.c.beat,
    begun_tasks.c.losses,
)


@dataclass(frozen=True)
class BegunTask:
    """A task as its row says.

    :param message: what sends it again, in JSON.
    :param may_repeat: whether it is sent again when its process is lost.
    :param owner: the process that runs it; None when it was sent again and nobody has begun it yet.
    :param losses: processes that were lost with it.
    """

    id: str
    message: str
    may_repeat: bool
    owner: str | None
    beat: int
    losses: int

    @property
    def lease(self) -> Lease | None:
        """The lease of its process."""
        return None if self.owner is None else Lease(self.owner, self.beat)


def begin(connection: Connection, task_id: str, message: str, owner: str, now: float, *, may_repeat: bool) -> None:
    """Note that ``owner`` begins a task; how often it was lost before stays known."""
    new = {"message": message, "may_repeat": may_repeat, "lease_owner": owner, "beat": 0, "begun": now}
    statement = insert_into(connection, begun_tasks).values(id=task_id, losses=0, **new)
    connection.execute(statement.on_conflict_do_update(index_elements=[begun_tasks.c.id], set_=new))


def renew(connection: Connection, owner: str) -> None:
    """Give a sign of life for all that ``owner`` runs."""
    statement = sa.update(begun_tasks).where(begun_tasks.c.lease_owner == owner)
    connection.execute(statement.values(beat=begun_tasks.c.beat + 1))


def end(connection: Connection, task_id: str, owner: str) -> None:
    """Forget a task that ``owner`` has run, however it ended."""
    connection.execute(sa.delete(begun_tasks).where(_held(task_id, owner)))


def forget(connection: Connection, task_id: str) -> None:
    """Forget a task that was ended from outside."""
    connection.execute(sa.delete(begun_tasks).where(begun_tasks.c.id == task_id))


def is_on_record(connection: Connection, task_id: str) -> bool:
    """Whether a task is known to be under way."""
    query = sa.select(begun_tasks.c.id).where(begun_tasks.c.id == task_id)
    return connection.execute(query).first() is not None


def owned(connection: Connection) -> Sequence[BegunTask]:
    """The tasks that a process runs, or ran when it was lost."""
    rows = connection.execute(sa.select(*_COLUMNS).where(begun_tasks.c.lease_owner.is_not(None)))
    return [BegunTask(*row) for row in rows]


def take_over(connection: Connection, task: BegunTask, owner: str | None, *, losses: int) -> bool:
    """Hand a task from its lost process to ``owner``; False when somebody else has."""
    statement = sa.update(begun_tasks).where(_held(task.id, task.owner))
    done = connection.execute(statement.values(lease_owner=owner, beat=0, losses=losses))
    return done.rowcount == 1


def forget_sent(connection: Connection, before: float) -> None:
    """Forget what was sent again and, since ``before``, begun by nobody: somebody has emptied its queue."""
    is_old = begun_tasks.c.lease_owner.is_(None) & (begun_tasks.c.begun < before)
    connection.execute(sa.delete(begun_tasks).where(is_old))


def _held(task_id: str, owner: str | None) -> sa.ColumnElement[bool]:
    return (begun_tasks.c.id == task_id) & (begun_tasks.c.lease_owner == owner)
