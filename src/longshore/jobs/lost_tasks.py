"""Plain Celery tasks whose process is gone are sent again, or fail with the reason."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import signature, states
from celery.app.task import Context
from kombu.utils import json
from sqlalchemy.engine import Connection

from longshore.errors import Unavailable
from longshore.jobs import begun_tasks
from longshore.jobs.begun_tasks import BegunTask
from longshore.jobs.claims import MAX_LOSSES
from longshore.processes.message_queue import broker_errors
from longshore.processes.periodic import PeriodicThread
from longshore.state.database import Database
from longshore.state.leases import ExpiryDetector, new_owner

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""Time for a worker to say how a task ended whose process it has ended itself."""
SENT_SECONDS = 30 * 24 * 3600.0
"""After which a task that was sent again and never begun is forgotten."""


def forget_sent(connection: Connection) -> None:
    """Forget what was sent again and nobody has begun for long: its queue was emptied."""
    begun_tasks.forget_sent(connection, time.time() - SENT_SECONDS)


class LostTasks(PeriodicThread):
    """Looks after the plain tasks; any number of web processes may, since each takes one over under its owner's name.

    :param celery: the application through which they are sent and which has their results.
    """

    def __init__(self, celery: Any, database: Database) -> None:
        super().__init__("plain tasks", self.take_over)
        self.celery = celery
        self.database = database
        self.watch = ExpiryDetector()
        self.owner = new_owner()
        self._lost_since: dict[tuple[str, str | None], float] = {}

    def take_over(self) -> None:
        """Settle the tasks whose process is gone."""
        with self.database.reading() as connection:
            begun = begun_tasks.owned(connection)
        self.watch.keep(task.id for task in begun)
        lost = [task for task in begun if self.watch.is_lost(task.id, task.lease)]
        now = time.monotonic()
        self._lost_since = {(each.id, each.owner): self._lost_since.get((each.id, each.owner), now) for each in lost}
        for task in lost:
            if now >= self._lost_since[task.id, task.owner] + PATIENCE_SECONDS:
                self._settle(task)

    def _settle(self, task: BegunTask) -> None:
        if self.celery.backend.get_state(task.id) in states.READY_STATES:
            self._end(task.id, task.owner)
            return
        losses = task.losses + 1
        with self.database.writing() as connection:
            if not begun_tasks.take_over(connection, task, self.owner, losses=losses):
                return
        message = json.loads(task.message)  # type: ignore[no-untyped-call]
        if task.may_repeat and losses < MAX_LOSSES:
            self._send(task, message, losses)
            return
        reason = f"{losses} processes were lost with it" if task.may_repeat else "its process was lost"
        log.warning("the task %s (%s) fails: %s", task.id, message["task"], reason)
        options = message["options"]
        context = Context(id=task.id, task=message["task"], args=message["args"], kwargs=message["kwargs"],
                          chord=options.get("chord"), group=options.get("group_id"),
                          errbacks=options.get("link_error"))  # fmt: skip
        self.celery.backend.mark_as_failure(task.id, WorkerLostError(reason), request=context)
        self._end(task.id, self.owner)

    def _send(self, task: BegunTask, message: dict[str, Any], losses: int) -> None:
        ours = replace(task, owner=self.owner)
        try:
            signature(message, app=self.celery).apply_async()
        except broker_errors(self.celery.connection_for_write()) as error:
            with self.database.writing() as connection:
                begun_tasks.take_over(connection, ours, task.owner, losses=task.losses)
            raise Unavailable("the message broker cannot be reached at the moment") from error
        log.warning("the process of the task %s (%s) is gone; it is sent again", task.id, message["task"])
        with self.database.writing() as connection:
            begun_tasks.take_over(connection, ours, None, losses=losses)

    def _end(self, task_id: str, owner: str | None) -> None:
        with self.database.writing(durable=False) as connection:
            begun_tasks.end(connection, task_id, str(owner))
