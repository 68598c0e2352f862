"""The records of jobs, on SQLite and on PostgreSQL: nobody gets a job twice, nobody settles it twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from longshore.jobs import claims, records
from longshore.jobs.claims import AttemptEnd, Claimed, LeaseLost
from longshore.jobs.models import jobs
from longshore.jobs.records import Job, NewJob
from longshore.state.database import Database

Put = Callable[..., str]


def claim(database: Database, queue: str = "jobs", owner: str = "me", now: float = 10.0) -> Claimed | None:
    with database.writing() as connection:
        return claims.claim_next(connection, queue, owner, now=now)


def claimed(database: Database, **about: Any) -> Claimed:
    found = claim(database, **about)
    assert found is not None
    return found


def change(database: Database, step: Callable[..., Any], *arguments: Any, **about: Any) -> Any:
    with database.writing() as connection:
        return step(connection, *arguments, **about)


def found(database: Database, job_id: str) -> Job:
    with database.reading() as connection:
        job = records.find(connection, job_id)
    assert job is not None
    return job


def lose(database: Database, job_id: str, owner: str = "me", *, may_repeat: bool = True) -> Job:
    job: Job = change(database, claims.lose, job_id, owner, AttemptEnd(99.0, now=11.0), may_repeat=may_repeat)
    return job


def test_a_job_is_kept_as_it_came(database: Database, put: Put) -> None:
    job_id = put(made_by="ann")
    job = found(database, job_id)
    assert (job.status, job.type, job.queue, job.made_by, job.attempts) == ("PENDING", "sum", "jobs", "ann", 0)
    with database.reading() as connection:
        assert records.read_inputs(connection, job_id) == b'{"a": 1}'
        assert records.find(connection, records.new_job_id()) is None
        assert records.read_inputs(connection, records.new_job_id()) is None


def test_the_oldest_job_of_the_queue_is_begun_first(database: Database, put: Put) -> None:
    first, second, other = put(), put(), put(queue="other")
    begun = claimed(database)
    assert (begun.job.id, begun.inputs) == (first, b'{"a": 1}')
    assert (begun.job.status, begun.job.attempts, begun.job.started) == ("STARTED", 1, 10.0)
    assert (begun.job.lease_owner, begun.job.lease_beat) == ("me", 0)
    assert claimed(database).job.id == second
    assert claim(database) is None
    assert claimed(database, queue="other").job.id == other


def test_many_who_claim_at_once_get_each_job_once(database: Database, put: Put) -> None:
    expected = {put() for _ in range(40)}
    got: list[str] = []
    together = threading.Barrier(8)

    def work(owner: str) -> None:
        together.wait()
        while begun := claim(database, owner=owner):
            got.append(begun.job.id)

    threads = [threading.Thread(target=work, args=(f"owner {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(expected)


def test_a_fresh_job_is_due_although_the_clock_was_set_back(database: Database, put: Put) -> None:
    job_id = put(due=5000.0)
    assert claimed(database, now=10.0).job.id == job_id


def test_a_job_to_be_begun_again_waits_until_it_is_due(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    about = {"error": "JobFailed", "message": "it rained", "pause_seconds": 40.0}
    job = change(database, claims.retry_later, job_id, "me", AttemptEnd(99.0, now=10.0), **about)
    assert (job.status, job.message, job.lease_owner, job.raised) == ("RETRY", "it rained", None, 1)
    assert claim(database, now=49.0) is None
    again = claimed(database, now=50.0)
    assert (again.job.id, again.job.attempts, again.job.message) == (job_id, 2, None)


def test_success(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    remains = AttemptEnd(99.0, log_tail="line", peak_bytes=1000, now=12.0)
    change(database, claims.succeed, job_id, "me", remains, result_place="store", result_bytes=7)
    job = found(database, job_id)
    assert (job.status, job.finished, job.expires, job.result_place) == ("SUCCESS", 12.0, 99.0, "store")
    assert (job.peak_bytes, job.log_tail) == (1000, None)
    assert job.is_finished
    assert job.is_expired(99.0)
    assert not job.is_expired(98.0)


def test_failure(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    remains = AttemptEnd(99.0, log_tail="line")
    change(database, claims.fail, job_id, "me", remains, error="JobFailed", message="ValueError: no")
    job = found(database, job_id)
    assert (job.status, job.error, job.message, job.log_tail) == ("FAILURE", "JobFailed", "ValueError: no", "line")


SETTLING: dict[str, Callable[..., Any]] = {
    "renew": lambda connection, job_id, owner: claims.renew(connection, job_id, owner),
    "is_cancelling": lambda connection, job_id, owner: claims.is_cancelling(connection, job_id, owner),
    "progress": lambda connection, job_id, owner: claims.set_progress(connection, job_id, owner, 1, 2, ""),
    "succeed": lambda connection, job_id, owner: claims.succeed(
        connection, job_id, owner, AttemptEnd(1), result_place="store", result_bytes=1
    ),
    "fail": lambda connection, job_id, owner: claims.fail(
        connection, job_id, owner, AttemptEnd(1), error="c", message="s"
    ),
    "revoke": lambda connection, job_id, owner: claims.revoke(connection, job_id, owner, AttemptEnd(1)),
    "retry": lambda connection, job_id, owner: claims.retry_later(
        connection, job_id, owner, AttemptEnd(1), error="c", message="s", pause_seconds=1
    ),
    "lose": lambda connection, job_id, owner: claims.lose(connection, job_id, owner, AttemptEnd(1), may_repeat=True),
}


@pytest.mark.parametrize("step", SETTLING)
def test_nothing_is_written_without_the_lease(database: Database, put: Put, step: str) -> None:
    job_id = put()
    claimed(database, owner="other")
    before = found(database, job_id)
    for owner in ("me", ""):
        with pytest.raises(LeaseLost), database.writing() as connection:
            SETTLING[step](connection, job_id, owner)
    assert found(database, job_id) == before


@pytest.mark.parametrize("step", SETTLING)
def test_a_settled_job_is_not_settled_again(database: Database, put: Put, step: str) -> None:
    job_id = put()
    claimed(database)
    change(database, claims.fail, job_id, "me", AttemptEnd(99.0), error="JobFailed", message="no")
    with pytest.raises(LeaseLost), database.writing() as connection:
        SETTLING[step](connection, job_id, "me")
    assert found(database, job_id).message == "no"


def test_progress_and_its_end_with_the_next_attempt(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    job = change(database, claims.set_progress, job_id, "me", 3.0, 4.0, "third")
    assert (job.progress_done, job.progress_total, job.progress_message) == (3.0, 4.0, "third")
    lose(database, job_id)
    assert claimed(database).job.progress_done is None


def test_a_lost_job_runs_again_and_is_set_aside_after_three_losses(database: Database, put: Put) -> None:
    job_id = put()
    for losses in (1, 2):
        assert claimed(database).job.id == job_id
        job = lose(database, job_id)
        assert (job.status, job.losses) == ("RETRY", losses)
    claimed(database)
    remains = AttemptEnd(99.0, peak_bytes=3 * 2**30, log_tail="last")
    job = change(database, claims.lose, job_id, "me", remains, may_repeat=True)
    assert (job.status, job.error, job.log_tail) == ("FAILURE", "WorkerLost", "last")
    assert "3 processes died" in job.message
    assert "3,072 MiB" in job.message


def test_a_lost_job_that_may_not_repeat_fails(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    change(database, claims.begin, job_id, "me")
    job = lose(database, job_id, may_repeat=False)
    assert (job.status, job.error, job.losses) == ("FAILURE", "WorkerLost", 1)
    assert "rerun_if_lost=False" in job.message


def test_a_lost_job_that_may_not_repeat_and_was_not_begun_waits_on(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    job = lose(database, job_id, may_repeat=False)
    assert (job.status, job.attempts, job.losses, job.error) == ("PENDING", 0, 0, None)
    assert claimed(database).job.id == job_id


def test_that_a_job_was_begun_is_forgotten_with_the_attempt(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    change(database, claims.begin, job_id, "me")
    change(database, claims.interrupt, job_id, "me", AttemptEnd(99.0), may_repeat=True)
    claimed(database)
    assert not found(database, job_id).begun


def test_an_interrupted_job_waits_to_be_begun_again_and_it_is_no_loss(database: Database, put: Put) -> None:
    job_id = put()
    for attempts in (1, 2, 3, 4):
        claimed(database)
        job = change(database, claims.interrupt, job_id, "me", AttemptEnd(99.0), may_repeat=True)
        assert (job.status, job.attempts, job.losses) == ("PENDING", attempts, 0)


def test_an_interrupted_job_that_may_not_repeat_fails_with_the_reason(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    job = change(database, claims.interrupt, job_id, "me", AttemptEnd(99.0), may_repeat=False)
    assert (job.status, job.error, job.attempts, job.losses) == ("FAILURE", "WorkerLost", 1, 0)
    assert job.message.startswith("its worker had to stop while it ran")


def test_a_sign_of_life_changes_the_lease(database: Database, put: Put) -> None:
    job_id = put()
    before = claimed(database).job.lease
    after = change(database, claims.renew, job_id, "me").lease
    assert before is not None
    assert (after.owner, after.beat) == (before.owner, before.beat + 1)


def test_a_pause_that_began_before_the_clock_was_set_back_begins_anew(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    about = {"error": "JobFailed", "message": "no", "pause_seconds": 40.0}
    change(database, claims.retry_later, job_id, "me", AttemptEnd(99.0, now=7200.0), **about)
    with database.reading() as connection:
        assert not records.waits_too_long(connection, now=7210.0)
        assert records.waits_too_long(connection, now=10.0)
    assert change(database, records.hasten, now=7210.0) == 0
    assert change(database, records.hasten, now=10.0) == 1
    assert found(database, job_id).due == 50.0
    assert change(database, records.hasten, now=11.0) == 0


def test_a_waiting_job_that_is_cancelled_never_starts(database: Database, put: Put) -> None:
    job_id = put()
    job = change(database, claims.request_cancel, job_id, expires=99.0)
    assert (job.status, job.expires) == ("REVOKED", 99.0)
    assert claim(database) is None


def test_a_job_that_waits_to_be_begun_again_is_cancelled_at_once(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    about = {"error": "JobFailed", "message": "it rained", "pause_seconds": 40.0}
    change(database, claims.retry_later, job_id, "me", AttemptEnd(99.0), **about)
    assert change(database, claims.request_cancel, job_id, expires=99.0).status == "REVOKED"
    assert claim(database, now=60.0) is None


def test_a_running_job_that_is_cancelled_is_marked(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    job = change(database, claims.request_cancel, job_id, expires=99.0)
    assert (job.status, job.cancelling) == ("STARTED", True)
    assert change(database, claims.renew, job_id, "me")
    assert change(database, claims.is_cancelling, job_id, "me")
    assert change(database, claims.revoke, job_id, "me", AttemptEnd(99.0)).status == "REVOKED"


@pytest.mark.parametrize("step", ["retry", "lose"])
def test_a_job_asked_to_stop_is_not_begun_again(database: Database, put: Put, step: str) -> None:
    job_id = put()
    claimed(database)
    change(database, claims.request_cancel, job_id, expires=99.0)
    change(database, SETTLING[step], job_id, "me")
    assert found(database, job_id).status == "REVOKED"
    assert claim(database) is None


def test_cancelling_changes_nothing_on_a_finished_or_unknown_job(database: Database, put: Put) -> None:
    job_id = put()
    claimed(database)
    change(database, claims.fail, job_id, "me", AttemptEnd(99.0), error="JobFailed", message="no")
    before = found(database, job_id)
    assert change(database, claims.request_cancel, job_id, expires=200.0) == before
    assert change(database, claims.request_cancel, records.new_job_id(), expires=200.0) is None


def test_the_same_key_keeps_one_job(database: Database) -> None:
    def once(digest: str) -> tuple[Job, str | None]:
        new = NewJob("sum", "jobs", b"{}", 1.0, records.new_job_id(), idempotency_key="k", inputs_digest=digest)
        result: tuple[Job, str | None] = change(database, records.insert_once, new)
        return result

    first, digest = once("a")
    assert digest == "a"
    again, digest = once("b")
    assert (again.id, digest) == (first.id, "a")


def test_two_with_the_same_key_at_once_make_one_job(database: Database) -> None:
    got: list[str] = []
    together = threading.Barrier(6)

    def work() -> None:
        new = NewJob("sum", "jobs", b"{}", 1.0, records.new_job_id(), idempotency_key="k", inputs_digest="a")
        together.wait()
        got.append(change(database, records.insert_once, new)[0].id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert len(set(got)) == 1
    with database.reading() as connection:
        assert records.count(connection) == 1


def test_pages_newest_first(database: Database, put: Put) -> None:
    ids = [put("sum" if number % 2 else "mean") for number in range(6)]
    newest = ids[::-1]
    with database.reading() as connection:
        first = records.page(connection, limit=2)
        assert [job.id for job in first] == newest[:2]
        assert [job.id for job in records.page(connection, limit=2, before=first[-1].number)] == newest[2:4]
        assert [job.id for job in records.page(connection, limit=2, offset=4)] == newest[4:]
        assert [job.id for job in records.page(connection, types=["sum"])] == newest[::2]
        assert records.page(connection, types=["sum", "mean"], statuses=["SUCCESS", "FAILURE"]) == []
        both = {"types": ["sum", "mean", "no such"], "statuses": ["PENDING", "FAILURE"]}
        assert [job.id for job in records.page(connection, **both, limit=4, offset=1)] == newest[1:5]
        assert [job.id for job in records.page(connection, **both, limit=2, before=first[-1].number)] == newest[2:4]
        several = {"statuses": ["PENDING", "STARTED", "RETRY"]}
        assert [job.id for job in records.page(connection, **several, limit=3)] == newest[:3]
        assert len(records.page(connection, types=["sum", "mean"], statuses=["PENDING"])) == 6
        assert records.count(connection, types=["sum"]) == 3
        assert records.count(connection, statuses=["SUCCESS"]) == 0
        assert [job.id for job in records.find_many(connection, [ids[3], ids[0], "x"])] == [ids[0], ids[3]]


def test_due_queues(database: Database, put: Put) -> None:
    put(due=5.0)
    put(due=6.0)
    put(queue="other", due=500.0)
    with database.reading() as connection:
        assert records.due_queues(connection, now=10.0) == {"jobs": 2, "other": 1}
        assert records.forgotten_queues(connection, 4.5, now=10.0) == {"jobs": 1, "other": 1}
        assert records.forgotten_queues(connection, 1.0, now=501.5) == {"jobs": 2, "other": 1}
        assert records.forgotten_queues(connection, 1.0, now=499.5) == {"jobs": 2}
    claimed(database)
    with database.reading() as connection:
        assert records.due_queues(connection, now=10.0) == {"jobs": 1, "other": 1}
        assert len(records.running(connection)) == 1


def test_lost_jobs_are_taken_over_once(database: Database, put: Put) -> None:
    job_id, kept = put(), put()
    claimed(database, owner="gone")
    claimed(database, owner="alive")

    def take_over() -> list[Job]:
        about = {"may_repeat": lambda name: name == "sum", "expires_after": lambda name: 5.0, "now": 11.0}
        result: list[Job] = change(database, claims.take_over_lost, lambda job: job.lease_owner == "gone", **about)
        return result

    assert [(job.id, job.status) for job in take_over()] == [(job_id, "RETRY")]
    assert take_over() == []
    assert found(database, kept).lease_owner == "alive"


def test_what_nobody_watches_need_not_be_announced(database: Database, put: Put) -> None:
    job_id = put()
    assert not claimed(database).job.is_watched
    change(database, claims.begin, job_id, "me")
    assert not lose(database, job_id, may_repeat=False).is_watched
    change(database, records.watch, [job_id])  # too late: who watches now reads how it ended
    with database.reading() as connection:
        assert records.unannounced(connection, 0, now=99.0) == []
        assert not records.is_watched(connection, job_id)
        assert not records.is_watched(connection, records.new_job_id())


def test_whoever_changes_a_job_learns_that_it_is_watched(database: Database, put: Put) -> None:
    job_id, other = put(), put()
    claimed(database)
    change(database, records.watch, [job_id, records.new_job_id()])
    with database.reading() as connection:
        assert records.is_watched(connection, job_id)
        assert not records.is_watched(connection, other)
    assert change(database, claims.renew, job_id, "me").is_watched
    assert lose(database, job_id).is_watched
    assert claimed(database).job.is_watched


def test_the_end_is_announced_once(database: Database, put: Put) -> None:
    job_id, waiting = put(), put()
    change(database, records.watch, [job_id])
    change(database, claims.request_cancel, job_id, expires=99.0, now=5.0)
    with database.reading() as connection:
        assert records.unannounced(connection, 0, now=5.0) == []
        assert [job.id for job in records.unannounced(connection, 0, now=6.0)] == [job_id]
        assert [job.id for job in records.unannounced(connection, 60, now=3.0)] == [job_id], "the clock was set back"
    change(database, records.mark_announced, [job_id])
    change(database, records.mark_announced, [])
    with database.reading() as connection:
        assert records.unannounced(connection, 0, now=6.0) == []
    assert found(database, waiting).status == "PENDING"


def test_expiry_removes_inputs_first_and_the_record_a_day_later(database: Database, put: Put) -> None:
    job_id = put(idempotency_key="k")
    change(database, claims.request_cancel, job_id, expires=100.0)
    a_day_later = 100.0 + records.KEEP_RECORD_SECONDS
    with database.reading() as connection:
        assert records.expired(connection, now=99.0) == []
        assert [job.id for job in records.expired(connection, now=100.0)] == [job_id]
    assert change(database, records.remove_old, now=a_day_later) == 0  # its result was not forgotten yet
    change(database, records.mark_expired, [job_id])
    with database.reading() as connection:
        assert records.expired(connection, now=100.0) == []
        assert records.read_inputs(connection, job_id) is None
    assert change(database, records.remove_old, now=a_day_later - 1) == 0
    assert change(database, records.remove_old, now=a_day_later) == 1
    with database.reading() as connection:
        assert records.find(connection, job_id) is None


def test_the_waiting_index_answers_claims_and_queues(settings: Any, database: Database, put: Put) -> None:
    """A table full of finished jobs costs a claim nothing."""
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by the size of its tables")
    with database.writing() as connection:
        plan = connection.execute(
            sa.text(
                "EXPLAIN QUERY PLAN SELECT number FROM jobs WHERE queue = 'q' AND status IN ('PENDING', 'RETRY')"
                " AND (due <= 1 OR status = 'PENDING') ORDER BY due, number LIMIT 1"
            )
        ).all()
    assert ["ix_jobs_waiting" in row[3] for row in plan] == [True], plan


def test_ids() -> None:
    assert records.is_job_id(records.new_job_id())
    for other in (
        "",
        "../../x",
        None,
        7,
        "x" * 36,
        records.new_job_id().upper().replace("-", "A"),
        "{" + "0" * 34 + "}",
    ):
        assert not records.is_job_id(other)


def test_the_table_has_no_column_that_the_record_forgets() -> None:
    left_out = {"idempotency_key", "inputs_digest", "inputs", "pause"}
    assert {column.name for column in jobs.c} == set(Job.__dataclass_fields__) | left_out
