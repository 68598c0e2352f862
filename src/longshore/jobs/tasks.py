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
from kombu.exceptions import OperationalError

from longshore.database import Database
from longshore.errors import Unavailable
from longshore.jobs.results import open_store
from longshore.jobs.running.stopping import StopSignal
from longshore.jobs.running.warden import Warden
from longshore.messages import emitter
from longshore.settings import Settings

log = logging.getLogger(__name__)

WORK = "longshore.jobs.work"

Wake = Callable[..., None]
"""``wake(queue, jobs=1)``: let workers look for jobs in a queue."""


@cache
def warden() -> Warden:
    """This worker process's warden; made on first use, after the fork."""
    settings: Settings = current_app.settings
    database = Database(settings.database)
    stop: StopSignal = current_app.stop_signal
    return Warden(settings, database, emitter(settings), open_store(settings, database), stop)


@shared_task(name=WORK, ignore_result=True)  # type: ignore[untyped-decorator]
def work(queue: str) -> None:
    """Run the jobs of a queue that are due."""
    if warden().work(queue):
        try:
            make_wake(current_app)(queue)
        except Unavailable:
            log.info("the message broker is away; the queue %r is looked at again when it is back", queue)


def make_wake(celery: Any, most_messages: int = 1) -> Wake:
    """A function that lets workers look into a queue.

    :param most_messages: how many it sends at once at most, one for each job: as many workers begin.
    """

    def wake(queue: str, jobs: int = 1) -> None:
        """:raises Unavailable: when the broker is away."""
        try:
            with celery.producer_or_acquire() as producer:
                for _ in range(min(jobs, most_messages)):
                    celery.send_task(
                        WORK, args=[queue], queue=queue, producer=producer, ignore_result=True, retry=False
                    )
        except (OperationalError, OSError) as error:
            raise Unavailable("the message broker cannot be reached at the moment") from error

    return wake


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def look_at_start(sender: Any, **_: Any) -> None:
    """Find what waited while no worker was there, without waiting for somebody to notice."""
    for queue in sender.app.amqp.queues.consume_from:
        if queue != "datasets":
            sender.app.send_task(WORK, args=[queue], queue=queue, ignore_result=True, retry=False)
