"""``GET /metrics``: figures for Prometheus, in its text format.

Requests are counted as they pass, by the route's pattern and never by the address: addresses hold session ids. All else
is looked up when it is asked for, at most every few seconds, however many ask.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from longshore.access.scopes import Scope
from longshore.datasets.models import datasets, mailbox
from longshore.delivery.models import files, links
from longshore.handlers.caching import ResponseCache
from longshore.jobs.models import IS_RUNNING, IS_WAITING, jobs
from longshore.monitoring.progress import ProgressWatch
from longshore.processes.heartbeat import Alive, connect, living_workers
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.web.api import Api, sends

logger = logging.getLogger(__name__)

# Else each counter comes twice, the second time with the moment at which it began.
disable_created_metrics()  # type: ignore[no-untyped-call]

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the latency histogram, in seconds."""
FRESH_SECONDS = 5.0
FOLDERS_FRESH_SECONDS = 600.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATUSES = ("PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED")
NO_ROUTE = "(none)"

Families = Iterator[Metric]
Figures = dict[str, dict[str, float]]
"""Values by the figure's name, then by its one label; "" where it has none."""


class Metrics:
    """The registry of one application. Several applications of one process have one each."""

    def __init__(self, collectors: Iterable[Any] = ()) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("longshore_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "longshore_http_request_seconds",
            "Time until the answer's head; its body may be sent for longer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._looked = tuple(collectors)
        for collector in self._looked:
            self.registry.register(collector)

    def count_requests(self, app: Flask) -> None:
        """Count every request of this application from now on."""
        app.before_request_funcs.setdefault(None, []).insert(0, _begin)
        app.after_request(self._end)

    def _end(self, response: Response) -> Response:
        method = request.method if request.method in METHODS else "other"
        route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
        self.requests.labels(method, route, str(response.status_code)).inc()
        begun = g.get("longshore_begun")
        if begun is not None:
            self.seconds.labels(method, route).observe(time.perf_counter() - begun)
        return response

    def figures(self) -> Figures:
        """Everything but the requests, as it is now; those of a part that is away are left out."""
        found: Figures = {}
        for collector in self._looked:
            for sample in (sample for metric in collector.collect() for sample in metric.samples):
                found.setdefault(sample.name, {})[next(iter(sample.labels.values()), "")] = sample.value
        return found

    def declare(self, api: Api) -> None:
        """Put ``/metrics`` on the list."""

        @api.group("metrics", __name__).endpoint(
            "GET",
            "/metrics",
            tag="Server",
            raw=sends("text/plain"),
            scope=Scope.ADMIN,
            reads_itself=True,
            any_query=True,  # scrapers send what they are configured with
        )
        def show_metrics() -> Response:
            """Figures about this server in Prometheus' text format."""
            response = Response(generate_latest(self.registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
            response.headers["Cache-Control"] = "no-store"
            return response


def _begin() -> None:
    g.longshore_begun = time.perf_counter()


class Looked:
    """A collector that looks its figures up, and keeps them for a while.

    :param look: gives them; a failure leaves them out and is logged.
    """

    def __init__(self, look: Callable[[], Families], fresh_seconds: float = FRESH_SECONDS) -> None:
        self._look = look
        self._fresh_seconds = fresh_seconds
        self._kept: list[Metric] = []
        self._until = 0.0
        self._guard = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not look when it gets to know this collector."""
        return []

    def collect(self) -> list[Metric]:
        """The figures, as Prometheus' library wants them."""
        with self._guard:
            if time.monotonic() >= self._until:
                try:
                    self._kept = list(self._look())
                except Exception as error:
                    # A broker or a database that is away is what the figures that are missing tell.
                    logger.warning("figures are missing from /metrics: %s", type(error).__name__)
                    logger.debug("figures are missing", exc_info=True)
                    self._kept = []
                self._until = time.monotonic() + self._fresh_seconds
            return self._kept


def collectors(
    settings: Settings,
    database: Database,
    responses: ResponseCache,
    progress: ProgressWatch,
    count_sockets: Callable[[], int],
) -> list[Looked]:
    """Everything but the requests."""
    begun = time.time()

    def about_this_process() -> Families:
        yield InfoMetricFamily("longshore", "The server.", {"version": app_version()})
        yield GaugeMetricFamily("longshore_start_time_seconds", "Start, in seconds since 1970.", begun)
        yield GaugeMetricFamily("longshore_uptime_seconds", "Time since the start.", time.time() - begun)
        yield GaugeMetricFamily("longshore_sockets", "Socket.IO connections.", count_sockets())
        yield GaugeMetricFamily(
            "longshore_change_still_seconds",
            "Time for which an accepted change has waited and no worker gets on with it.",
            progress.still_seconds(),
        )
        yield CounterMetricFamily(
            "longshore_response_cache_hits", "Requests answered from the response cache.", responses.hits
        )
        yield CounterMetricFamily(
            "longshore_response_cache_misses", "Requests for which a cached view was called.", responses.misses
        )

    return [
        Looked(about_this_process, 0.0),
        Looked(lambda: about_the_database(database)),
        Looked(lambda: about_workers(settings)),
        Looked(lambda: about_the_disk(settings)),
        Looked(lambda: about_folders(settings), FOLDERS_FRESH_SECONDS),
    ]


def about_the_database(database: Database) -> Families:
    """Datasets, changes that wait, jobs, links."""
    with database.reading() as connection:

        def count(query: sa.Select[Any]) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(query)]

        number = sa.func.count()
        by_state = dict(count(sa.select(datasets.c.state, number).group_by(datasets.c.state)))
        unsettled: Any = sa.select(number, sa.func.min(mailbox.c.accepted)).where(mailbox.c.settled.is_(None))
        waiting, oldest = count(unsettled)[0]
        by_status = dict(count(sa.select(jobs.c.status, number).group_by(jobs.c.status)))
        waiting_jobs, running_jobs = (
            dict(count(sa.select(jobs.c.queue, number).where(sa.text(condition)).group_by(jobs.c.queue)))
            for condition in (IS_WAITING, IS_RUNNING)
        )
        unused = count(sa.select(number).select_from(links).where(links.c.used.is_(None)))[0][0]
        cached = count(sa.select(sa.func.coalesce(sa.func.sum(files.c.size), 0)))[0][0]
    yield _by("longshore_datasets", "Datasets.", "state", {"ready": 0, "importing": 0, **by_state})
    yield GaugeMetricFamily("longshore_changes_waiting", "Accepted changes of datasets that wait or run.", waiting)
    yield GaugeMetricFamily(
        "longshore_oldest_change_seconds",
        "Age of the oldest accepted change that waits or runs.",
        0.0 if oldest is None else max(0.0, time.time() - oldest),
    )
    yield _by("longshore_jobs", "Jobs on record.", "status", dict.fromkeys(STATUSES, 0) | by_status)
    yield _by("longshore_jobs_waiting", "Jobs that wait, by queue.", "queue", waiting_jobs)
    yield _by("longshore_jobs_running", "Jobs that run, by queue.", "queue", running_jobs)
    yield GaugeMetricFamily("longshore_links", "Addresses under which a file waits.", unused)
    yield GaugeMetricFamily("longshore_link_cache_bytes", "Bytes of the files behind addresses.", int(cached))


def about_workers(settings: Settings) -> Families:
    """Who takes tasks. Only Redis tells that quickly; on RabbitMQ the figure is left out."""
    alive = find_workers(settings)
    if alive is None:
        return
    kinds = [kind for each in alive.values() for kind in each.kinds]
    counts = {kind: kinds.count(kind) for kind in ("datasets", "imports", "jobs")}
    yield _by("longshore_workers", "Workers that are alive, by what they are for.", "kind", counts)


def find_workers(settings: Settings) -> dict[str, Alive] | None:
    """The workers that are alive, by name; None on RabbitMQ, which does not tell quickly."""
    if settings.redis_url is None:
        return None
    with connect(settings.redis_url) as client:
        return living_workers(client)


def about_the_disk(settings: Settings) -> Families:
    """The file system under the storage folder."""
    usage = shutil.disk_usage(settings.root_storage_path)
    yield GaugeMetricFamily("longshore_disk_free_bytes", "Free space under ROOT_STORAGE_PATH.", usage.free)
    yield GaugeMetricFamily("longshore_disk_bytes", "Size of the file system under ROOT_STORAGE_PATH.", usage.total)


def about_folders(settings: Settings) -> Families:
    """What the server keeps; found by walking the folders, so rarely."""
    folders = {
        "datasets": settings.datasets_folder,
        "cache": settings.cache_folder,
        "values": settings.values_folder,
        "partitions": settings.partitions_folder,
        "path_files": settings.path_files_folder,
        "offered": settings.files_folder,
        "results": settings.results_folder,
    }
    sizes = {name: folder_bytes(folder) for name, folder in folders.items()}
    sizes["lists"] = _database_bytes(settings.lists_path)
    sizes["state"] = _database_bytes(settings.root_storage_path / "longshore.db")
    yield _by("longshore_storage_bytes", "Bytes on disk, by part; looked up every ten minutes.", "part", sizes)


def _database_bytes(path: Path) -> int:
    """Bytes of a SQLite file and of those that it keeps beside it; 0 where the database is elsewhere."""
    return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; what goes away meanwhile does not count."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - of many files
            except FileNotFoundError:
                continue
    return total


def _by(name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in counts.items():
        family.add_metric([value], number)
    return family
