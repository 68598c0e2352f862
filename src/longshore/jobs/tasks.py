"""The Celery task of this feature: a message says that a queue has jobs, the database says which.

A message that is lost costs a second, one too many a look into the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready

from longshore.errors import Unavailable
from longshore.jobs.results import open_store
from longshore.jobs.running.executor import JobExecutor
from longshore.processes.message_queue import broker_errors, emitter
from longshore.processes.rounds import Rounds
from longshore.processes.stop_signal import StopSignal, heed
from longshore.settings import Settings
from longshore.state.database import Database

log = logging.getLogger(__name__)

WORK = "longshore.jobs.work"

Wake = Callable[..., None]
"""``wake(queue, jobs=1)``: let workers look for jobs in a queue."""


@cache
def executor() -> JobExecutor:
    """This worker process's executor; made on first use, after the fork."""
    settings: Settings = current_app.settings
    database = Database(settings.database)
    stop: StopSignal = current_app.stop_signal
    heed(stop)
    store = open_store(settings, database)
    return JobExecutor(settings, database, emitter(settings), store, stop, current_app.job_settled)


@shared_task(name=WORK, ignore_result=True)  # type: ignore[untyped-decorator]
def work(queue: str) -> None:
    """Run the jobs of a queue that are due."""
    if executor().work(queue):
        try:
            send_messages(current_app, queue, 1)
        except Unavailable:
            log.info("the message broker is away; the queue %r is looked at again when it is back", queue)


def send_messages(celery: Any, queue: str, count: int) -> None:
    """Let ``count`` worker processes look into a queue.

    :raises Unavailable: when the broker is away.
    """
    try:
        with celery.producer_or_acquire() as producer:
            for _ in range(count):
                celery.send_task(WORK, args=[queue], queue=queue, producer=producer, ignore_result=True, retry=False)
    except broker_errors(celery.connection_for_write()) as error:
        raise Unavailable("the message broker cannot be reached at the moment") from error


PAUSE_SECONDS = 0.005
"""Between two rounds of messages, when jobs come in faster than that."""


def make_wake(celery: Any, most_messages: int = 1) -> Wake:
    """What lets workers look into a queue, for a web process.

    A message costs as much as accepting a job does, and taking it as much again. What is asked for within
    :data:`PAUSE_SECONDS` goes into the next round: when jobs come in hundreds a second, a message stands for several of
    them, and each request is answered sooner. A message that cannot be sent is no loss, see
    :class:`~longshore.jobs.reconcile.JobReconciler`.

    :param most_messages: how many are sent for one queue at once; as many workers begin.
    """
    return Rounds("waker", lambda queue, jobs: send_messages(celery, queue, min(jobs, most_messages)), PAUSE_SECONDS)


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def look_at_start(sender: Any, **_: Any) -> None:
    """Find what waited while no worker was there, without waiting for somebody to notice."""
    for queue in sender.app.amqp.queues.consume_from:
        if queue != "datasets":
            sender.app.send_task(WORK, args=[queue], queue=queue, ignore_result=True, retry=False)
