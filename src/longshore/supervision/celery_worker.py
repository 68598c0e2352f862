"""A worker: one parent that talks to the broker, and processes that run the tasks.

Which queues it serves makes its kind. The queues of the tables and of imports need the table engine; every other queue
carries jobs and Celery tasks of merged applications, and needs what deployers added.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import warnings
from functools import partial
from typing import Any

from longshore.datasets import IMPORTS_QUEUE
from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.handlers.loading import load_declarations
from longshore.processes.heartbeat import DATASETS, IMPORTS, JOBS, PLACE_DIGITS
from longshore.processes.loading import loading
from longshore.processes.logs import configure_logging
from longshore.processes.parent_death import exit_with_parent, exit_with_supervisor
from longshore.processes.stop_signal import StopSignal
from longshore.queues.celery_app import make_celery
from longshore.queues.undeclared import read_kept
from longshore.server.bridges.job_files import settle_links
from longshore.server.commands import allow_commands
from longshore.settings import Settings
from longshore.state.leases import place
from longshore.supervision.worker_pool import HAND_BACK_SECONDS

log = logging.getLogger(__name__)

TASK_PROCESS_KIBIBYTES = 500 * 1024
"""Memory above which a process for jobs is replaced once its task is done; jobs' functions run elsewhere."""


def kinds_of(queues: tuple[str, ...]) -> tuple[str, ...]:
    """What a worker of these queues is for.

    >>> kinds_of(("datasets",)), kinds_of(("qed", "datasets")), kinds_of(("imports",))
    (('datasets',), ('datasets', 'jobs'), ('imports',))
    """
    tables = ((DATASETS, DATASETS_QUEUE), (IMPORTS, IMPORTS_QUEUE))
    own = tuple(kind for kind, queue in tables if queue in queues)
    return own + ((JOBS,) if set(queues) - {DATASETS_QUEUE, IMPORTS_QUEUE} else ())


def run_worker(
    settings: Settings,
    queues: tuple[str, ...],
    concurrency: int,
    lifeline: int | None = None,
    *,
    takes_up: bool = False,
) -> int:
    """Take tasks from the broker until SIGTERM or SIGINT; the exit code.

    :param queues: those to serve.
    :param concurrency: processes that run tasks.
    :param lifeline: pipe that closes when the supervisor ends.
    :param takes_up: whether to serve any other queue, too, as soon as something is sent to it.
    :raises LoadError: when a handler or a task module cannot be loaded.
    """
    exit_with_supervisor(lifeline)
    with loading():
        worker = _make_worker(settings, queues, concurrency, takes_up=takes_up)
    worker.start()
    return int(worker.exitcode or 0)


def _make_worker(settings: Settings, queues: tuple[str, ...], concurrency: int, *, takes_up: bool) -> Any:
    # Tasks read their settings from the environment; what the command line said has to be there, too.
    os.environ.update(settings.child_environment())
    kinds = kinds_of(queues)
    if DATASETS in kinds or IMPORTS in kinds:
        # Polars reads this once, when it is imported, in this process and before the fork.
        os.environ.setdefault("POLARS_MAX_THREADS", str(settings.worker_threads))

    from celery import signals
    from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

    from longshore.supervision.celery_consumer import AliveStep, TakeUpStep, UnblockStep, WakeStep

    # About running as root, which is dangerous with pickle; we accept JSON only.
    warnings.simplefilter("ignore", SecurityWarning)
    app = make_celery(settings)
    app.own_queues = frozenset(queues)
    app.takes_up_queues = takes_up
    if takes_up:
        app.kept_queues = read_kept(settings)
    app.stop_signal = StopSignal()
    app.job_settled = settle_links
    _load_tasks(app, settings, kinds)
    step = type("AliveStep", (AliveStep,), {"redis_url": settings.redis_url, "kinds": kinds})
    app.steps["consumer"].update({step, TakeUpStep, UnblockStep, WakeStep})

    def configure(**_: Any) -> None:
        configure_logging(settings)
        if settings.log_level != "DEBUG":
            # At INFO it writes what each task returned.
            logging.getLogger("celery.app.trace").setLevel(logging.WARNING)

    signals.setup_logging.connect(configure, weak=False)
    prepare = partial(prepare_process, settings, kinds)
    signals.worker_process_init.connect(prepare, weak=False)
    worker = _worker_class(settings, app.stop_signal)(
        app=app,
        # The diagnosis of a server on RabbitMQ finds the kinds of its workers by their names.
        hostname=f"{'+'.join(kinds)}-{os.getpid()}-{place()[:PLACE_DIGITS]}@{socket.gethostname()}",
        queues=list(queues),
        pool_cls=pool_for(settings, kinds),
        concurrency=concurrency,
        loglevel=settings.log_number,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    )
    # About a setting that we set, at every loss of the broker; Celery's set-up of the log lets it through, but is done.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    return worker


def pool_for(settings: Settings, kinds: tuple[str, ...]) -> Any:
    """The pool that runs tasks: threads for imports alone, since each file has a process of its own anyway."""
    if kinds != (IMPORTS,):
        from longshore.supervision.celery_pool import QuickPool

        return QuickPool
    from longshore.datasets.reader import process_reader

    process_reader(settings.worker_threads).start()
    return "threads"


def _load_tasks(app: Any, settings: Settings, kinds: tuple[str, ...]) -> None:
    """Have every task of these kinds declared, and limits that fit them."""
    modules = []
    if DATASETS in kinds or IMPORTS in kinds:
        modules.append("longshore.datasets.tasks")
    if DATASETS in kinds:
        app.conf.worker_max_tasks_per_child = settings.worker_tasks_per_child
        allow_commands(settings)
    if JOBS in kinds:
        from longshore.jobs.running.plain_tasks import keep_on_record

        keep_on_record()
        modules.append("longshore.jobs.tasks")
        if kinds == (JOBS,):
            # A process that passes hundreds of short jobs a second on must not be replaced after some hundreds.
            app.conf.worker_max_memory_per_child = TASK_PROCESS_KIBIBYTES
        load_declarations(settings)
    app.conf.imports = modules


def prepare_process(settings: Settings, kinds: tuple[str, ...], **_: Any) -> None:
    """Make a freshly forked worker process its own.

    It needs no connection of the parent: that one never opens a database.
    """
    exit_with_parent(signal.SIGKILL)
    if IMPORTS in kinds:
        from longshore.datasets.reader import process_reader

        process_reader(settings.worker_threads).start()
    if DATASETS not in kinds:
        return
    # The first query starts Polars' threads. In the parent it would make every later fork hang, so it runs here.
    import polars

    polars.DataFrame({"key": [1, 1], "value": [1.0, 2.0]}).lazy().group_by("key").sum().collect()


def _worker_class(settings: Settings, stop_signal: StopSignal) -> Any:
    from celery.apps.worker import Worker
    from celery.platforms import signals as handlers
    from celery.worker import state

    patience = settings.stop_timeout_seconds + HAND_BACK_SECONDS

    class LongshoreWorker(Worker):  # type: ignore[misc]
        """Celery's worker, with a limit on how long it waits for running tasks at its end.

        Celery's soft shutdown always sleeps for the whole of its limit, and its warm shutdown has none.
        """

        def install_platform_tweaks(self, worker: Any) -> None:
            """Handle the signals; Celery's own handlers also write to standard output."""
            handlers["SIGTERM"] = handlers["SIGINT"] = self._stop_soon
            handlers.ignore("SIGHUP")

        def _stop_soon(self, number: int, *_: Any) -> None:
            if state.should_stop is None:
                # The broker takes no more work from us, and what runs now may end.
                state.should_stop = 0
                stop_signal.give()
                timer = threading.Timer(patience, self._stop_now)
                timer.daemon = True
                timer.start()
            elif number == signal.SIGINT:
                # Somebody is impatient. A second SIGTERM says nothing new: a service manager sends one to all
                # processes, and our supervisor another.
                os._exit(0)

        def _stop_now(self) -> None:
            log.warning("stopping with unfinished tasks after %g s; the next start takes them up again", patience)
            # The task processes end with this one (PR_SET_PDEATHSIG, or the closed pipe between them).
            os._exit(0)

    return LongshoreWorker
