"""What deployers declared, found out by loading it: for the start of the server, in a process that ends afterwards."""

from __future__ import annotations

import sys
from typing import Any

from longshore.errors import LoadError
from longshore.handlers.loading import load_declarations
from longshore.jobs.declaring import all_jobs
from longshore.jobs.scheduling import parse_schedule
from longshore.settings import Settings

OURS = ("celery.", "longshore.")


def describe(settings: Settings) -> dict[str, Any]:
    """The names of jobs and Celery tasks, and the queues that a job worker has to serve; none without either.

    :raises LoadError: naming what cannot be loaded, or has a schedule that means nothing.
    """
    load_declarations(settings)
    jobs = all_jobs()
    for job in jobs:
        if job.queue == "datasets":
            raise LoadError(f"job {job.name!r}: the queue 'datasets' belongs to the tables; name another")
        if job.every is not None:
            try:
                parse_schedule(job.every)
            except ValueError as error:
                raise LoadError(f"job {job.name!r}: {error}") from None
    tasks = _find_tasks()
    queues: set[str] = set(settings.job_queues)
    if not queues and (jobs or tasks or settings.task_modules):
        queues = {"jobs", *(job.queue for job in jobs), *(queue for queue in tasks.values() if queue)}
    return {"jobs": [job.name for job in jobs], "tasks": sorted(tasks), "queues": sorted(queues)}


def _find_tasks() -> dict[str, str | None]:
    """Celery tasks of merged applications and the queue that each names, if it does."""
    if "celery" not in sys.modules:
        return {}
    from celery import current_app

    return {
        str(name): getattr(task, "queue", None) for name, task in current_app.tasks.items() if not name.startswith(OURS)
    }
