"""``GET /api/v1/server``: how this server is, for a person to look at; the figures are those of ``/metrics``."""

from __future__ import annotations

import logging

from pydantic import Field, SkipValidation
from redis import RedisError

from longshore.access.callers import current_caller
from longshore.access.scopes import Scope
from longshore.monitoring.health import checks
from longshore.monitoring.health_routes import HOSTNAME
from longshore.monitoring.metrics import Figures, Metrics, find_workers
from longshore.monitoring.progress import ProgressWatch
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.web.answer import Answer
from longshore.web.api import Api

logger = logging.getLogger(__name__)

NOTHING: dict[str, float] = {}


class CheckFound(Answer):
    """What a check of `/diagnostic` found."""

    name: str
    ok: bool
    detail: str = Field(description="a sentence")
    seconds: SkipValidation[float] = Field(description="how long it took")


class WorkerAlive(Answer):
    """A worker that takes tasks now."""

    name: str = Field(description="its machine and process, `host:pid:place`")
    kinds: list[str] = Field(description="what it is for: `datasets`, `imports`, `jobs`")


class QueueLength(Answer):
    """How much is to be done on a queue of jobs."""

    queue: str
    waiting: int
    running: int


class ServerDetails(Answer):
    """What only administrators are told. A part that is away leaves its figures out, or empty."""

    host: str
    started: float | None = Field(description="of this web process, in seconds since 1970")
    uptime: float | None = Field(description="seconds")
    checks: list[CheckFound]
    workers: list[WorkerAlive] | None = Field(description="null where the broker does not tell")
    queues: list[QueueLength]
    changes: int | None = Field(description="accepted changes of datasets that wait or run")
    datasets: dict[str, int] = Field(description="by state: `ready`, `importing`")
    jobs: dict[str, int] = Field(description="by status")
    links: int | None = Field(description="addresses under which a file waits")
    sockets: int | None = Field(description="Socket.IO connections of this web process")
    storage: dict[str, int] = Field(description="bytes on disk, by part; looked up every ten minutes")
    diskFree: int | None = Field(description="bytes")  # noqa: N815 - the wire's name
    diskSize: int | None = Field(description="bytes")  # noqa: N815 - the wire's name


class ServerState(Answer):
    """Whether this server is well, and for administrators what it does."""

    well: bool
    version: str
    details: ServerDetails | None = Field(description="null unless the caller's scope is admin")


def declare_server_state(api: Api, settings: Settings, metrics: Metrics, progress: ProgressWatch | None = None) -> None:
    """Put the route on the list."""

    @api.endpoint("GET", "/api/v1/server", tag="Server", answer=ServerState)
    def show_server() -> ServerState:
        """Whether this server is well; for administrators its checks, workers, queues, storage and counts as well."""
        found = [CheckFound(name=name, **finding) for name, finding in checks(settings, progress=progress).items()]
        details = describe_server(settings, metrics, found) if _is_admin() else None
        return ServerState(well=all(check.ok for check in found), version=app_version(), details=details)


def describe_server(settings: Settings, metrics: Metrics, found: list[CheckFound]) -> ServerDetails:
    """What there is to tell, of the figures and of what was found by the checks."""
    figures = metrics.figures()
    return ServerDetails(
        host=HOSTNAME,
        started=_one(figures, "longshore_start_time_seconds"),
        uptime=_one(figures, "longshore_uptime_seconds"),
        checks=found,
        workers=_workers(settings),
        queues=_queues(figures),
        changes=_whole(figures, "longshore_changes_waiting"),
        datasets=_counts(figures, "longshore_datasets"),
        jobs=_counts(figures, "longshore_jobs"),
        links=_whole(figures, "longshore_links"),
        sockets=_whole(figures, "longshore_sockets"),
        storage=_counts(figures, "longshore_storage_bytes"),
        diskFree=_whole(figures, "longshore_disk_free_bytes"),
        diskSize=_whole(figures, "longshore_disk_bytes"),
    )


def _is_admin() -> bool:
    caller = current_caller()
    return caller is None or caller.scope is Scope.ADMIN


def _workers(settings: Settings) -> list[WorkerAlive] | None:
    try:
        alive = find_workers(settings)
    except RedisError as error:
        logger.info("workers cannot be listed: %s", type(error).__name__)  # the check of the broker tells
        return None
    return None if alive is None else [WorkerAlive(name=name, kinds=list(each.kinds)) for name, each in alive.items()]


def _queues(figures: Figures) -> list[QueueLength]:
    waiting, running = _counts(figures, "longshore_jobs_waiting"), _counts(figures, "longshore_jobs_running")
    names = sorted({*waiting, *running})
    return [QueueLength(queue=name, waiting=waiting.get(name, 0), running=running.get(name, 0)) for name in names]


def _one(figures: Figures, name: str) -> float | None:
    return figures.get(name, NOTHING).get("")


def _whole(figures: Figures, name: str) -> int | None:
    found = _one(figures, name)
    return None if found is None else int(found)


def _counts(figures: Figures, name: str) -> dict[str, int]:
    return {label: int(value) for label, value in figures.get(name, NOTHING).items()}
