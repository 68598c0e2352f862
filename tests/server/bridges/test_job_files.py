"""Links of jobs that nobody settled: their worker died."""

from __future__ import annotations

import io

import sqlalchemy as sa

from longshore.delivery.links import Links
from longshore.delivery.models import links as links_table
from longshore.jobs import claims, records
from longshore.jobs.claims import AttemptEnd
from longshore.jobs.records import NewJob
from longshore.processes.running_job import running_job
from longshore.server.bridges.job_files import sweep_links
from longshore.settings import Settings
from longshore.state.database import Database


def begin_job(database: Database) -> str:
    with database.writing() as connection:
        records.insert(connection, [NewJob("sum", "jobs", b"{}", 1.0, records.new_job_id())])
        claimed = claims.claim_next(connection, "jobs", "worker")
    assert claimed is not None
    return claimed.job.id


def hand_out(settings: Settings, database: Database, job_id: str) -> None:
    running_job.begin(job_id)
    try:
        Links(settings, database).register(io.BytesIO(b"content"))
    finally:
        running_job.end()


def ends(database: Database) -> dict[str, float]:
    with database.reading() as connection:
        rows = connection.execute(sa.select(links_table.c.job_id, links_table.c.expires))
        return {row.job_id: row.expires for row in rows}


def test_links_of_jobs_that_run_stay_and_those_of_others_follow_their_job(
    settings: Settings, database: Database
) -> None:
    runs, done, failed, lost = (begin_job(database) for _ in range(4))
    gone = records.new_job_id()
    for job_id in (runs, done, failed, lost, gone):
        hand_out(settings, database, job_id)
    until = 4_000_000_000.0
    with database.writing() as connection:
        claims.succeed(connection, done, "worker", AttemptEnd(until), result_place="store", result_bytes=1)
        claims.fail(connection, failed, "worker", AttemptEnd(until), error="JobFailed", message="")
        claims.lose(connection, lost, "worker", AttemptEnd(until), may_repeat=True)
    sweep_links(database)
    found = ends(database)
    assert set(found) == {runs, done}
    assert found[done] == until
    assert found[runs] > until
