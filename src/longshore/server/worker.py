"""The worker: one parent that talks to the broker, and processes that run the tasks."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import warnings
from typing import Any

from longshore.server.celery_app import make_celery
from longshore.server.commands import allow_commands
from longshore.server.lifeline import die_with, die_with_parent
from longshore.server.logs import configure_logging
from longshore.settings import Settings

log = logging.getLogger(__name__)


def run_worker(settings: Settings, lifeline: int | None = None) -> int:
    """Take tasks from the broker until SIGTERM or SIGINT; the exit code.

    :param lifeline: pipe that closes when the supervisor ends.
    """
    die_with(lifeline)
    # Tasks read their settings from the environment; what the command line said has to be there, too.
    os.environ.update(settings.child_environment())
    # Polars reads this once, when it is imported, in this process and before the fork.
    os.environ.setdefault("POLARS_MAX_THREADS", str(settings.worker_threads))

    from celery import signals
    from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

    from longshore.server.consumer import AliveStep

    # About running as root, which is dangerous with pickle; we accept JSON only.
    warnings.simplefilter("ignore", SecurityWarning)
    # About a setting that we set, at every loss of the broker.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    app = make_celery(settings)
    step = type("AliveStep", (AliveStep,), {"redis_url": settings.redis_url})
    app.steps["consumer"].add(step)

    def configure(**_: Any) -> None:
        configure_logging(settings)
        if settings.log_level != "DEBUG":
            # At INFO it writes what each task returned.
            logging.getLogger("celery.app.trace").setLevel(logging.WARNING)

    allow_commands(settings)
    signals.setup_logging.connect(configure, weak=False)
    signals.worker_process_init.connect(prepare_process, weak=False)
    worker = _worker_class(settings)(
        app=app,
        pool_cls="prefork",
        concurrency=settings.worker_concurrency,
        loglevel=settings.log_number,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    )
    # What was imported stays for ever: the collector need not touch it, so the task processes go on sharing its memory.
    gc.collect()
    gc.freeze()
    worker.start()
    return int(worker.exitcode or 0)


def prepare_process(**_: Any) -> None:
    """Make a freshly forked worker process its own.

    It needs no connection of the parent: that one never opens a database.
    """
    die_with_parent(signal.SIGKILL)
    # The first query starts Polars' threads. In the parent it would make every later fork hang, so it runs here.
    import polars

    polars.DataFrame({"key": [1, 1], "value": [1.0, 2.0]}).lazy().group_by("key").sum().collect()


def _worker_class(settings: Settings) -> Any:
    from celery.apps.worker import Worker
    from celery.platforms import signals as handlers
    from celery.worker import state

    class LongshoreWorker(Worker):  # type: ignore[misc]
        """Celery's worker, with a limit on how long it waits for running tasks at its end.

        Celery's soft shutdown always sleeps for the whole of its limit, and its warm shutdown has none.
        """

        def install_platform_tweaks(self, worker: Any) -> None:
            """Handle the signals; Celery's own handlers also write to standard output."""
            handlers["SIGTERM"] = handlers["SIGINT"] = self._stop_soon
            handlers.ignore("SIGHUP")

        def _stop_soon(self, *_: Any) -> None:
            if state.should_stop is None:
                # The broker takes no more work from us, and what runs now may end.
                state.should_stop = 0
                timer = threading.Timer(settings.stop_timeout_seconds, self._stop_now)
                timer.daemon = True
                timer.start()
            else:
                os._exit(0)

        def _stop_now(self) -> None:
            log.warning(
                "stopping with unfinished tasks after %g s; the next start takes them up again",
                settings.stop_timeout_seconds,
            )
            # The task processes end with this one (PR_SET_PDEATHSIG, or the closed pipe between them).
            os._exit(0)

    return LongshoreWorker
