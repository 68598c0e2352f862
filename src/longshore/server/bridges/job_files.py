"""The files that jobs hand out, from ``longshore.links``: they live as long as their job's result, and go with it.

A job's link has no end of its own while the job runs. Its worker gives it one in the transaction that settles the job;
what a worker that died could not settle is swept.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

from longshore.delivery import records as links
from longshore.jobs import records as jobs
from longshore.jobs.records import STARTED, SUCCESS, Job
from longshore.state.database import Database


def settle_links(connection: Connection, job: Job) -> None:
    """Let the links of a job end with its result; those of an attempt without one lead nowhere from now on."""
    if job.status == SUCCESS and job.expires is not None:
        links.end_with_job(connection, job.id, job.expires)
    else:
        links.forget_of_job(connection, job.id)


def sweep_links(database: Database) -> None:
    """Settle the links of jobs that do not run any more, and that nobody settled.

    :raises Unavailable: when the database is away.
    """
    with database.reading() as connection:
        unsettled = links.unsettled_jobs(connection)
        known = {job.id: job for job in jobs.find_many(connection, unsettled)}
    over = [each for each in unsettled if each not in known or known[each].status != STARTED]
    if not over:
        return
    with database.writing(durable=False) as connection:
        # Asked again: one that waited a moment ago may run by now, and make links.
        now = {job.id: job for job in jobs.find_many(connection, over)}
        for job_id in over:
            job = now.get(job_id)
            if job is None:
                links.forget_of_job(connection, job_id)
            elif job.status != STARTED:
                settle_links(connection, job)
