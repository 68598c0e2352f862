"""What many requests bring at once is kept as if each had come by itself."""

from __future__ import annotations

import pytest

from longshore.errors import InvalidValue
from longshore.jobs import records
from longshore.jobs.accepting import Kept, Submission, keep_together
from longshore.jobs.records import NewJob
from longshore.state.database import Database
from longshore.state.group_commit import GroupCommit


def asked(*inputs: bytes, key: str | None = None) -> Submission:
    digest = None if key is None else b"".join(inputs).hex()
    first = NewJob("sum", "jobs", inputs[0], 1.0, records.new_job_id(), idempotency_key=key, inputs_digest=digest)
    return Submission(first, list(inputs[1:]))


def keep(database: Database, *works: Submission) -> list[Kept]:
    with database.writing() as connection:
        return list(keep_together(connection, works))


def inputs_of(database: Database, job_id: str) -> bytes | None:
    with database.reading() as connection:
        return records.read_inputs(connection, job_id)


def test_each_request_gets_its_own_jobs(database: Database) -> None:
    works = [asked(b"1"), asked(b"2", b"3", key="k"), asked(b"4", b"5", b"6"), asked(b"7", key="l")]
    answers = keep(database, *works)
    assert [first.id for first, _ in answers] == [work.first.id for work in works]
    assert {(first.type, first.queue, first.status) for first, _ in answers} == {("sum", "jobs", "PENDING")}
    ids = [[first.id, *others] for first, others in answers]
    assert [[inputs_of(database, job_id) for job_id in each] for each in ids] == [
        [b"1"],
        [b"2", b"3"],
        [b"4", b"5", b"6"],
        [b"7"],
    ]
    with database.reading() as connection:
        assert records.count(connection) == 7


def test_the_same_key_in_one_transaction_finds_the_whole_batch(database: Database) -> None:
    first, again = keep(database, asked(b"1", b"2", key="k"), asked(b"1", b"2", key="k"))
    assert first == again
    with database.reading() as connection:
        assert records.count(connection) == 2


def test_a_key_for_other_inputs_is_refused_and_the_others_are_kept(database: Database) -> None:
    keep(database, asked(b"1", key="k"))
    with database.writing() as connection, pytest.raises(InvalidValue):
        keep_together(connection, [asked(b"2"), asked(b"3", key="k")])
    commits: GroupCommit[Kept] = GroupCommit(database, keep_together)
    outcomes = commits._outcomes([good := asked(b"2"), asked(b"3", key="k")])
    assert outcomes[0][0] == good.kept()
    assert isinstance(outcomes[1][1], InvalidValue)
    with database.reading() as connection:
        assert [job.id for job in records.page(connection, limit=1)] == [good.first.id]
