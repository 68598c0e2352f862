"""Plain Celery tasks in a worker: on record while they run, so that one whose process is lost is begun again.

Celery acknowledges a message when a process takes it, and forgets it with that process. To acknowledge late is no cure:
a message whose connection breaks off is handed out again although its task is running.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from billiard.einfo import ExceptionWithTraceback
from billiard.exceptions import WorkerLostError
from celery import current_app, signals
from celery.worker.request import Request
from celery.worker.state import task_ready
from kombu.utils import json
from sqlalchemy.engine import Connection

from longshore.jobs import begun_tasks
from longshore.jobs.begun_tasks import OWN_TASKS
from longshore.settings import Settings
from longshore.state.database import ERRORS as DATABASE_ERRORS
from longshore.state.database import Database
from longshore.state.leases import RENEW_SECONDS, new_owner

log = logging.getLogger(__name__)


def keep_on_record() -> None:
    """Have the processes of this worker note the tasks that they run."""
    signals.task_prerun.connect(_begun, weak=False, dispatch_uid=f"{__name__}.begun")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid=f"{__name__}.ended")


class Recorder:
    """What this process runs, on record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owner = new_owner()
        self._held: set[str] = set()
        self._thread = threading.Thread(target=self._renew, name="plain tasks", daemon=True)
        self._thread.start()

    def begin(self, task: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Note a task before its function is called; without a database it runs all the same."""
        signature = task.signature_from_request(task.request, args, kwargs)
        message = json.dumps(dict(signature))  # type: ignore[no-untyped-call]
        may_repeat = bool(getattr(task, "rerun_if_lost", True))
        try:
            with self._database.writing() as connection:
                begun_tasks.begin(connection, task_id, message, self._owner, time.time(), may_repeat=may_repeat)
        except DATABASE_ERRORS as error:
            log.warning("the task %s runs without a record, and is lost with its worker: %s", task_id, error)
        else:
            self._held.add(task_id)

    def end(self, task_id: str) -> None:
        """Forget a task that has ended; one that stays on record is told by its result."""
        if task_id not in self._held:
            return
        self._held.discard(task_id)
        try:
            with self._database.writing(durable=False) as connection:
                begun_tasks.end(connection, task_id, self._owner)
        except DATABASE_ERRORS as error:
            log.warning("the task %s has ended and stays on record: %s", task_id, error)

    def _renew(self) -> None:
        while True:
            time.sleep(RENEW_SECONDS)
            if not self._held:
                continue
            try:
                with self._database.writing(durable=False) as connection:
                    begun_tasks.renew(connection, self._owner)
            except DATABASE_ERRORS as error:
                log.warning("no sign of life could be given: %s", error)


@cache
def recorder() -> Recorder:
    """This worker process's own; made on first use, after the fork."""
    settings: Settings = current_app.settings
    return Recorder(Database(settings.database))


def _begun(sender: Any, task_id: str, args: Any, kwargs: Any, **_: Any) -> None:
    if not sender.name.startswith(OWN_TASKS) and not sender.request.is_eager:
        recorder().begin(sender, task_id, args, kwargs)


def _ended(sender: Any, task_id: str, **_: Any) -> None:
    if not sender.name.startswith(OWN_TASKS) and not sender.request.is_eager:
        recorder().end(task_id)


class KeptRequest(Request):  # type: ignore[misc]
    """A plain task as a worker's main process sees it; a lost one that is on record is the web server's business."""

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """Its process is lost, or it raised."""
        error = exc_info.exception
        if isinstance(error, ExceptionWithTraceback):
            error = error.exc
        if isinstance(error, WorkerLostError) and self._ask(begun_tasks.is_on_record):
            task_ready(self)
            log.warning("the process that ran the task %s (%s) is lost", self.id, self.name)
            return None
        told = super().on_failure(exc_info, send_failed_event, return_ok)
        if isinstance(error, SystemExit):
            self._ask(begun_tasks.forget)
        return told

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """It took too long; unless that is a word to the task, its process is ended."""
        super().on_timeout(soft, timeout)
        if not soft:
            self._ask(begun_tasks.forget)

    def terminate(self, pool: Any, signal: Any = None) -> None:
        """End its process, since somebody has revoked it."""
        super().terminate(pool, signal)
        self._ask(begun_tasks.forget)

    def _ask(self, question: Callable[[Connection, str], object]) -> object:
        # A connection for this one question: the main process forks.
        database = Database(self.task.app.settings.database)
        try:
            with database.writing(durable=False) as connection:
                return question(connection, self.id)
        except DATABASE_ERRORS as error:
            log.warning("the record of the task %s cannot be reached: %s", self.id, error)
            return False
        finally:
            database.close()
