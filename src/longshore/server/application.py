"""Puts the web application together: features, their routes, the sockets, errors, the threads beside them."""

from __future__ import annotations

import atexit
import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import socketio
from flask import g

from longshore.access.gate import Access, Gate
from longshore.access.scopes import EventScopes
from longshore.access.sockets import SocketGate
from longshore.datasets.reconcile import Reconciler
from longshore.datasets.resumed import IntoDataset
from longshore.datasets.routes import BASE, declare_api, declare_older
from longshore.datasets.service import READS, Datasets
from longshore.datasets.sockets import DatasetSockets
from longshore.datasets.tasks import make_enqueue
from longshore.delivery import tus_routes
from longshore.delivery.current import current_links
from longshore.delivery.links import Links
from longshore.delivery.offered import Offered
from longshore.delivery.partition_routes import OtherAddresses, declare_partitions
from longshore.delivery.partitions import Partitions
from longshore.delivery.path_file_routes import declare_path_files
from longshore.delivery.path_files import PathFiles
from longshore.delivery.resumable import IntoPartition, IntoPath, ResumableUploads, Target
from longshore.delivery.routes import declare_delivery
from longshore.delivery.static import ENDPOINT as STATIC_ENDPOINT
from longshore.delivery.static import has_none, static_routes
from longshore.errors import LongshoreError
from longshore.handlers.application import PACKAGE, Application
from longshore.handlers.caching import ResponseCache, current_cache
from longshore.handlers.exit_guard import guard
from longshore.handlers.loading import load_declarations
from longshore.handlers.local_events import Events, current_events, user_token
from longshore.handlers.mounting import SOCKETS, Dispatcher, Mount, load_mounts
from longshore.handlers.templates import Templates, declare_templates
from longshore.jobs.announcing import announce
from longshore.jobs.declaring import all_jobs, forget_jobs
from longshore.jobs.lost_tasks import LostTasks, forget_sent
from longshore.jobs.periodic_tasks import scheduled, sweeping
from longshore.jobs.reconcile import JobReconciler
from longshore.jobs.results import open_store
from longshore.jobs.results.files import ResultFiles
from longshore.jobs.routes import declare_jobs_api, document_declared_jobs
from longshore.jobs.service import Jobs
from longshore.jobs.sockets import SUBSCRIBE, UNSUBSCRIBE, JobSockets
from longshore.jobs.tasks import make_wake
from longshore.monitoring.health_routes import DEMONSTRATIONS, declare_diagnostics, stamp_response, stamps
from longshore.monitoring.metrics import Metrics, collectors
from longshore.monitoring.progress import ProgressWatch
from longshore.monitoring.status_routes import declare_server_state
from longshore.processes.message_queue import emitter, server_manager
from longshore.processes.periodic import PeriodicThread
from longshore.processes.schedule import Interval, PeriodicTask, run_due
from longshore.processes.version import app_version
from longshore.queues.celery_app import make_celery
from longshore.queues.unserved import QueueWatch
from longshore.server.answers import add_cors, add_errors
from longshore.server.bridges.job_files import sweep_links
from longshore.server.bridges.stored_files import declare_stored_imports
from longshore.server.bridges.stores import declare_stores
from longshore.server.bridges.view_links import declare_view_links
from longshore.server.engine import Door, SocketServer
from longshore.server.event_sources import warn_of_unknown_sources
from longshore.server.housekeeping import clearing
from longshore.server.login_pages import declare_access
from longshore.server.pages import add_pages, refused_page
from longshore.server.workbench import OLDER_SCRIPT, workbench_blueprint
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.waiting import OutcomeWaiter
from longshore.stores.lists import Lists
from longshore.tables.operations import close_registry
from longshore.web.api import Api
from longshore.web.file_responses import FrontServer
from longshore.web.request_gate import guard_requests

logger = logging.getLogger(__name__)

ENGINE_BUFFER_BYTES = 100_000_000
"""Where Engine.IO closes the connection; far above the limit that answers with an error."""

DATASETS_SWEEP_SECONDS = 300
FILES_SWEEP_SECONDS = 300
TASKS_SWEEP_SECONDS = 3600


@dataclass(frozen=True)
class Services:
    """What the routes need of the features; without any, the routes can only be listed."""

    datasets: Any = None
    publisher: Any = None
    jobs: Any = None
    links: Any = None
    offered: Any = None
    partitions: Any = None
    path_files: Any = None
    resumable: Any = None
    lists: Any = None
    events: Any = None
    access: Any = None
    responses: Any = None
    progress: Any = None
    metrics: Metrics = field(default_factory=Metrics)

    def bind(self) -> None:
        """Make them what handlers import by name."""
        current_links.bind(self.links)
        current_events.bind(self.events)
        current_cache.bind(self.responses)

    def release(self) -> None:
        """Undo that."""
        current_links.release(self.links)
        current_events.release(self.events)
        current_cache.release(self.responses)


@dataclass
class Parts:
    """What an application consists of, for those who have to close it."""

    settings: Settings
    database: Database
    services: Services
    sockets: DatasetSockets
    reconciler: Reconciler
    socket_gate: SocketGate
    job_reconciler: JobReconciler | None = None
    """Begins once handlers have declared their jobs."""
    threads: list[PeriodicThread] = field(default_factory=list)

    def sweep_files(self) -> None:
        """Remove what is over: links, resumable uploads, and what broken-off uploads left."""
        sweep_links(self.database)
        for service in (
            self.services.links,
            self.services.resumable,
            self.services.partitions,
            self.services.path_files,
        ):
            service.sweep()

    def close(self) -> None:
        """End the threads and close the connections."""
        self.socket_gate.stop()
        self.reconciler.stop()
        if self.job_reconciler is not None:
            self.job_reconciler.stop()
        for thread in self.threads:
            thread.stop()
        try:
            self.sockets.close()
        except LongshoreError as error:
            logger.warning("%s", error.description)
        self.services.release()
        self.services.jobs.close()
        self.services.datasets.views.close()
        self.services.lists.close()
        self.database.close()


def create_app(settings: Settings) -> Application:
    """The whole server as a WSGI application, with the deployer's handlers and mounts.

    Its parts stand in ``app.extensions["longshore"]``; whoever makes an application closes them.

    :raises LoadError: when a handler, a task module or a mount cannot be loaded.
    :raises SettingsError: when a mount's prefix is taken.
    """
    app = make_application()
    access = Access(settings)
    database = Database(settings.database)
    waiter = OutcomeWaiter(database)
    celery = make_celery(settings)
    service = Datasets(settings, database, make_enqueue(celery), make_enqueue(celery, imports=True), waiter)
    publisher = emitter(settings)
    store = open_store(settings, database)
    # As many messages for a batch as jobs may run at once here: each begins a worker, and the worker goes on by itself.
    wake = make_wake(celery, settings.job_concurrency)
    jobs = Jobs(settings, database, store, wake, partial(announce, publisher), waiter)
    server = _socket_server(settings, access)
    server.manager.on_message = waiter.look_now
    sockets = DatasetSockets(server, service)
    server.refuse = sockets.refuse
    server.gate = socket_gate = SocketGate(
        server, access, EventScopes({*READS, SUBSCRIBE, UNSUBSCRIBE}), settings.web_sockets
    )
    JobSockets(server, jobs, sockets.refuse)

    responses, progress = ResponseCache(settings), ProgressWatch(database)
    partitions, path_files = Partitions(settings), PathFiles(settings)
    services = Services(
        datasets=service,
        publisher=publisher,
        jobs=jobs,
        links=Links(settings, database),
        offered=Offered(settings.files_folder),
        partitions=partitions,
        path_files=path_files,
        resumable=_resumable(settings, database, service, partitions, path_files),
        lists=Lists.open(settings),
        events=Events(settings),
        access=access,
        responses=responses,
        progress=progress,
        metrics=Metrics(collectors(settings, database, responses, progress, lambda: len(server.eio.sockets))),
    )
    api = declare_routes(app, settings, services)
    access.rates.guard(app)
    guard_requests(app)
    app.before_request(lambda: _name_user(settings))
    app.after_request(stamp_response)
    services.metrics.count_requests(app)
    add_errors(app)
    add_cors(app, settings)
    close_registry()

    parts = Parts(settings, database, services, sockets, Reconciler(service, publisher, sockets.name), socket_gate)
    services.bind()
    try:
        mounts = load_additions(app, settings)
    except BaseException:
        parts.close()
        raise
    warn_of_unknown_sources(settings)
    declare_last(app, api, settings, services)
    document_declared_jobs(api, jobs)
    tasks = [
        *scheduled(all_jobs(), wake),
        sweeping(database, store, ResultFiles(settings.results_folder)),
        *clearing(settings, database, responses),
        PeriodicTask("longshore.datasets.sweep", Interval(DATASETS_SWEEP_SECONDS), lambda _: parts.reconciler.sweep),
        PeriodicTask("longshore.delivery.sweep", Interval(FILES_SWEEP_SECONDS), lambda _: parts.sweep_files),
        PeriodicTask("longshore.tasks.sweep", Interval(TASKS_SWEEP_SECONDS), forget_sent),
    ]
    parts.job_reconciler = JobReconciler(database, publisher, wake, settings.result_ttl)
    parts.job_reconciler.start()
    parts.threads = [
        QueueWatch(settings, database),
        progress,
        LostTasks(celery, database),
        PeriodicThread("schedule", lambda: run_due(database, tasks, time.time())),
        PeriodicThread("rates", access.rates.look),
        PeriodicThread("links", services.links.break_leases),
    ]
    for thread in parts.threads:
        thread.start()
    parts.reconciler.start()
    socket_gate.start()
    atexit.register(parts.close)
    app.extensions["longshore"] = parts
    # Applications have their own pages' files there; those of this server's folder still come first.
    lacking = {STATIC_ENDPOINT: partial(has_none, Offered(settings.static_dir))}
    dispatcher = Dispatcher(app.wsgi_app, mounts, app.url_map, lacking)
    inner = guard(dispatcher if mounts else app.wsgi_app)
    served = Door(socketio.WSGIApp(server, inner, socketio_path=SOCKETS), SOCKETS, server, socket_gate.admit)
    is_mounted = dispatcher.is_mounted if mounts else None
    app.wsgi_app = Gate(  # type: ignore[method-assign]
        served, access, app, sockets=SOCKETS, is_mounted=is_mounted, headers=stamps(), page=refused_page(app)
    )
    return app


def make_application() -> Application:
    """The application without routes."""
    app = Application(root_path=str(_package_folder()), template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = None  # uploads have their own limit, JSON bodies another
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    return app


def declare_routes(app: Application, settings: Settings, services: Services) -> Api:
    """Give ``app`` the server's own routes."""
    api = Api("Longshore", app_version())
    declare_api(api, services.datasets, services.publisher)
    declare_view_links(api, services.datasets, services.links)
    declare_stored_imports(api, services.datasets, services.offered, services.partitions, services.path_files)
    declare_jobs_api(api, services.jobs)
    declare_server_state(api, settings, services.metrics, services.progress)
    declare_older(api, services.datasets, services.publisher)
    declare_delivery(api, services.links, services.offered)
    declare_path_files(api, services.path_files, _front(settings))
    tus_routes.declare_tus(api, services.resumable)
    declare_stores(api, settings, services.datasets, services.lists, services.events)
    declare_diagnostics(api, settings, services.progress)
    declare_access(api, services.access)
    declare_templates(api, Templates(settings.template_dir))
    services.metrics.declare(api)
    add_pages(app, api, settings, services.offered)
    api.register(app)
    app.register_blueprint(workbench_blueprint())
    app.register_blueprint(static_routes(Offered(settings.static_dir)))
    return api


def declare_last(app: Application, api: Api, settings: Settings, services: Services) -> None:
    """Give ``app`` the routes that give way to handlers, which are there by now: demonstrations, and partitions.

    Partitions take what no other route takes. A handler that takes everything itself, as ``/<path:anything>``, leaves
    nothing to them, nor does an application that is mounted at ``/``.
    """
    declare_demonstrations(app)
    if any(not prefix for prefix, _ in settings.mounts):
        logger.warning("the application mounted at / takes all addresses that nothing else takes: no partitions")
        return
    # Mounts and sockets stand before all routes.
    # Somebody may have had a partition of that name for years.
    others = OtherAddresses(app, [SOCKETS, *(prefix for prefix, _ in settings.mounts)], alone=[OLDER_SCRIPT])
    if others.take_everything:
        logger.warning("a handler takes all addresses that nothing else takes; so there are no partitions")
        return
    declare_partitions(api, services.partitions, others, _front(settings))
    api.register(app)


def _name_user(settings: Settings) -> None:
    """Who asks, where handlers of the older framework look for it."""
    g.user_token = user_token(settings)


def declare_demonstrations(app: Application) -> None:
    """Give ``app`` those of the demonstrations whose addresses no handler has taken."""
    with app.url_map.opened():
        for rule, methods, view in DEMONSTRATIONS:
            if not app.url_map.has_deployers(rule):
                app.add_url_rule(rule, f"demonstrations.{view.__name__}", view, methods=methods)


def _resumable(
    settings: Settings, database: Database, datasets: Datasets, partitions: Partitions, path_files: PathFiles
) -> ResumableUploads:
    targets: dict[str, Target] = {
        "dataset": IntoDataset(datasets, BASE),
        "partition": IntoPartition(partitions),
        "path": IntoPath(path_files),
    }
    return ResumableUploads(settings, database, targets)


def _front(settings: Settings) -> FrontServer:
    return FrontServer(settings.send_file_header, settings.send_file_prefix)


def load_additions(app: Application, settings: Settings) -> list[Mount]:
    """Load handlers, task modules and mounts into ``app``, whose own routes are complete.

    :raises LoadError: when one of them cannot be loaded.
    :raises SettingsError: when a mount's prefix is taken.
    """
    app.url_map.seal()
    forget_jobs(PACKAGE)
    load_declarations(settings, app)
    return load_mounts(settings.mounts, app.url_map, strict_json=settings.strict_json)


def _package_folder() -> Any:
    from pathlib import Path

    return Path(__file__).parent


def _socket_server(settings: Settings, access: Access) -> SocketServer:
    return SocketServer(
        max_message_bytes=settings.max_message_bytes,
        client_manager=server_manager(settings),
        async_mode="threading",
        async_handlers=False,  # one socket's requests keep their order; handlers only check and enqueue
        max_http_buffer_size=ENGINE_BUFFER_BYTES,
        cors_allowed_origins=access.origins.allows,
    )
