"""Keeping what is submitted: many requests in one transaction, a batch whole or not at all, a key once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy.engine import Connection

from longshore.errors import InvalidValue
from longshore.jobs import records
from longshore.jobs.records import Accepted, Job, NewJob
from longshore.state.group_commit import Work

Kept = tuple[Accepted, list[str]]
"""The first job of a batch and the ids of the others."""


@dataclass(frozen=True)
class Submission:
    """What one request has to write; a work of :class:`~longshore.state.group_commit.GroupCommit`.

    :param first: has the request's key, if there is one.
    :param others: the inputs of the other jobs of a batch.
    """

    first: NewJob
    others: list[bytes]

    def __call__(self, connection: Connection) -> Kept:
        """Write it, unless its key finds what was written before.

        :raises InvalidValue: when the key was used for other inputs.
        """
        if self.first.idempotency_key is None:
            records.insert(connection, self.jobs())
            return self.kept()
        job = _keep_once(connection, self.first)
        if job.id != self.first.id:
            return Accepted(job.id, job.type, job.queue, job.status), _ids_after(job.id, len(self.others))
        records.insert(connection, self.jobs()[1:])
        return self.kept()

    def jobs(self) -> list[NewJob]:
        """The records that are to be written."""
        unkeyed = replace(self.first, idempotency_key=None, inputs_digest=None) if self.others else self.first
        others = zip(self._ids, self.others, strict=True)
        return [self.first, *(replace(unkeyed, id=job_id, inputs=inputs) for job_id, inputs in others)]

    def kept(self) -> Kept:
        """The answer, once they are."""
        return Accepted(self.first.id, self.first.type, self.first.queue), self._ids

    @cached_property
    def _ids(self) -> list[str]:
        return _ids_after(self.first.id, len(self.others))


def keep_together(connection: Connection, works: Sequence[Work]) -> list[Kept]:
    """Write what many requests brought; all jobs without a key go in with one statement."""
    keeping = [work for work in works if isinstance(work, Submission)]
    unkeyed = [each for each in keeping if each.first.idempotency_key is None]
    records.insert(connection, [job for each in unkeyed for job in each.jobs()])
    return [each.kept() if each.first.idempotency_key is None else each(connection) for each in keeping]


def _ids_after(first: str, count: int) -> list[str]:
    """Ids derived from the first one's, which nobody guesses: the same key finds the whole batch again."""
    return [str(uuid.uuid5(uuid.UUID(first), str(number))) for number in range(1, count + 1)]


def _keep_once(connection: Connection, new: NewJob) -> Job:
    now = time.time()
    job, earlier = records.insert_once(connection, new, now=now)
    if job.is_expired(now):
        records.release_key(connection, job.id)
        job, earlier = records.insert_once(connection, new, now=now)
    if earlier != new.inputs_digest:
        raise InvalidValue("this Idempotency-Key was used for other inputs; take a new key for a new job")
    return job
