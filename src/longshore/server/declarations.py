"""What a server would offer: its own routes and the deployer's, mounts, jobs and Celery tasks, without serving."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass

from pydantic import ValidationError

from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.errors import LoadError
from longshore.handlers.application import Application, Route
from longshore.handlers.mounting import Mount
from longshore.jobs.declaring import JobType, all_jobs
from longshore.processes.schedule import parse_schedule
from longshore.queues.celery_app import make_celery, task_queues
from longshore.server.application import (
    Services,
    declare_demonstrations,
    declare_routes,
    load_additions,
    make_application,
)
from longshore.settings import Settings


@dataclass(frozen=True)
class Declarations:
    """All that was declared.

    :param tasks: name of each Celery task, with its queue.
    """

    application: Application
    mounts: list[Mount]
    jobs: list[JobType]
    tasks: dict[str, str]

    @property
    def queues(self) -> list[str]:
        """The queues on which jobs and tasks wait."""
        return sorted({job.queue for job in self.jobs} | set(self.tasks.values()))

    def to_wire(self) -> dict[str, list[str]]:
        """Names for a program: of queues, jobs and tasks."""
        return {"queues": self.queues, "jobs": [job.name for job in self.jobs], "tasks": list(self.tasks)}

    def lines(self) -> Iterator[str]:
        """A table for a person."""
        routes = self.application.url_map.routes
        yield from _section("Handlers", [self._row(route) for route in routes if not route.built_in])
        yield from _section("Mounts", [(mount.prefix or "/", mount.target, "") for mount in self.mounts])
        yield from _section("Jobs", [(f"{job.name} (queue {job.queue})", job.place, job.summary) for job in self.jobs])
        yield from _section("Celery tasks", [(f"{name} (queue {queue})", "", "") for name, queue in self.tasks.items()])
        yield from _section("Built in", [self._row(route) for route in routes if route.built_in])

    def _row(self, route: Route) -> tuple[str, str, str]:
        view = self.application.view_functions.get(str(route.rule.endpoint))
        summary = (inspect.getdoc(view) or "").partition("\n")[0] if view is not None else ""
        module = view.__module__ if route.built_in and view is not None else route.module
        return f"{','.join(route.methods)} {route.rule.rule}", module, summary


def find_declarations(settings: Settings) -> Declarations:
    """Load everything that the deployer added, as web server and workers would.

    What the modules print on import goes to standard error.

    :raises LoadError: naming the file and line of what cannot be loaded, or the two files that take one route.
    :raises SettingsError: when a mount's prefix is taken.
    """
    celery = make_celery(settings)
    application = make_application()
    with redirect_stdout(sys.stderr):
        declare_routes(application, settings, Services())
        mounts = load_additions(application, settings)
        declare_demonstrations(application)
    jobs = all_jobs()
    _check_jobs(jobs)
    return Declarations(application, mounts, jobs, task_queues(celery))


def _check_jobs(jobs: list[JobType]) -> None:
    """Refuse what could never run.

    :raises LoadError: for a queue that is the tables', and a schedule that means nothing or leaves inputs open.
    """
    for job in jobs:
        if job.queue == DATASETS_QUEUE:
            raise LoadError(f"job {job.name!r} ({job.place}): the queue {job.queue!r} is the tables' own; name another")
        if job.every is None:
            continue
        try:
            parse_schedule(job.every)
            job.inputs.validate_json(b"{}")
        except ValidationError:
            raise LoadError(
                f"job {job.name!r} ({job.place}): with a schedule, each of its inputs needs a default"
            ) from None
        except ValueError as error:
            raise LoadError(f"job {job.name!r} ({job.place}): {error}") from None


def _section(title: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if not rows:
        return
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    yield f"{title}:"
    yield from (f"  {left:<{first}}  {middle:<{second}}  {right}".rstrip() for left, middle, right in rows)
    yield ""
