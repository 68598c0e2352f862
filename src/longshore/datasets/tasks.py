"""The Celery tasks of this feature: only a session's id travels through the broker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from celery import current_app, shared_task

from longshore.datasets import IMPORTS_QUEUE, QUEUE
from longshore.datasets.drain import Drainer
from longshore.datasets.reader import process_reader
from longshore.processes.message_queue import emitter
from longshore.processes.rounds import Rounds
from longshore.processes.stop_signal import StopSignal, heed
from longshore.settings import Settings
from longshore.state.database import Database

DRAIN = "longshore.datasets.drain"
IMPORT = "longshore.datasets.import"


@cache
def drainer(imports: bool) -> Drainer:
    """This worker process's drainer of one sort; made on first use, after the fork."""
    settings: Settings = current_app.settings
    stop: StopSignal = current_app.stop_signal
    if threading.current_thread() is threading.main_thread():  # else the worker's own process handles signals
        heed(stop)
    return Drainer(
        settings,
        Database(settings.database),
        emitter(settings),
        stop,
        imports,
        make_enqueue(current_app, imports=not imports),
        process_reader(settings.worker_threads),
    )


@shared_task(name=DRAIN, ignore_result=True)  # type: ignore[untyped-decorator]
def drain(session_id: str) -> None:
    """Settle what waits in a session's mailbox, up to an import."""
    drainer(False).drain(session_id)


@shared_task(name=IMPORT, ignore_result=True)  # type: ignore[untyped-decorator]
def drain_import(session_id: str) -> None:
    """Settle an import that waits in a session's mailbox."""
    drainer(True).drain(session_id)


def make_enqueue(celery: Any, *, imports: bool = False) -> Callable[[str], None]:
    """A function that hands a session to the workers of changes or of imports, without waiting for the broker."""
    task, queue = (IMPORT, IMPORTS_QUEUE) if imports else (DRAIN, QUEUE)

    def enqueue(session_id: str, _times: int) -> None:
        # Said here, since a merged application may replace Celery's routes.
        celery.send_task(task, args=[session_id], queue=queue, ignore_result=True, retry=False)

    return Rounds(queue, enqueue)
