"""Queues to which something was sent although nobody declared them: job workers take them up while they run.

An application that was written for a Celery of its own names a queue where it sends (``apply_async(queue="qed")``), and
nowhere else. Whoever sends to such a queue and finds that nobody serves it tells the workers, by one of Celery's
broadcasts, and keeps the name in the database, for workers that start later.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import redis
import sqlalchemy as sa
from celery import signals

from longshore.datasets import IMPORTS_QUEUE
from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.errors import Unavailable
from longshore.jobs import sent_queues
from longshore.processes.heartbeat import connect, living_workers
from longshore.processes.message_queue import broker_errors
from longshore.settings import Settings
from longshore.state.database import ERRORS as DATABASE_ERRORS
from longshore.state.database import Database

log = logging.getLogger(__name__)

TAKE_UP = "longshore_take_up"
TABLES_OWN = frozenset({DATASETS_QUEUE, IMPORTS_QUEUE})
LIMIT_SECONDS = 1.0
LIMITS = {"read_timeout": LIMIT_SECONDS, "write_timeout": LIMIT_SECONDS}
"""Of a connection to RabbitMQ: one that stands still is as good as away."""
REPEAT_SECONDS = 3600.0
"""After which a process that goes on sending to a queue looks again, and notes that it is in use."""


def tell_of_new_queues(app: Any) -> None:
    """Have this process tell the workers of each queue when it sends to it for the first time."""
    told: dict[str, float] = {}

    def sent(routing_key: str = "", exchange: str = "", **_: Any) -> None:
        # Through the nameless exchange the key is the queue's name; through others it says nothing of queues.
        if exchange or not routing_key or told.get(routing_key, -math.inf) > time.monotonic() - REPEAT_SECONDS:
            return
        is_own = routing_key in own_queues(app)
        told[routing_key] = math.inf if is_own else time.monotonic()
        if not is_own and not announce(app, routing_key):
            told.pop(routing_key, None)

    signals.after_task_publish.connect(sent, weak=False, dispatch_uid=f"{__name__}.{id(app)}")


def own_queues(app: Any) -> set[str]:
    """The queues of which nobody need be told: the project's own, and those that this worker was started for."""
    return {app.conf.task_default_queue, *TABLES_OWN, *app.own_queues}


def announce(app: Any, queue: str) -> bool:
    """Ask the job workers to serve a queue that nobody serves; False when the broker did not take it."""
    try:
        is_served = is_served_by_any(app, queue)
        if not is_served:
            app.control.broadcast(TAKE_UP, arguments={"queue": queue})
    except asking_errors(app) as error:
        log.debug("workers were not told of the queue %r: %s", queue, error)
        return False
    # One that a worker serves of its own was never kept, and need not be.
    _note(app.settings, queue, sent_queues.touch if is_served else sent_queues.keep)
    return True


def _note(settings: Settings, queue: str, note: Any) -> None:
    try:
        with _database(settings) as database, database.writing(durable=False) as connection:
            note(connection, queue, time.time())
    except DATABASE_ERRORS as error:
        log.debug("the name of the queue %r is not kept: %s", queue, error)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The state, for one question: whoever sends may fork afterwards, and few questions are asked.

    :raises Unavailable: when there is none here; none is made.
    """
    url = sa.make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(unquote((url.database or "").removeprefix("file:"))).is_file():
        raise Unavailable("there is no database here")
    database = Database(settings.database)
    try:
        yield database
    finally:
        database.close()


def read_kept(settings: Settings) -> list[str]:
    """The queues that workers took up, those first to which something was sent last; none when there is no database."""
    try:
        with _database(settings) as database, database.reading() as connection:
            return list(sent_queues.read_kept(connection))
    except DATABASE_ERRORS as error:
        log.debug("could not read which queues there are: %s", error)
        return []


def is_served_by_any(app: Any, queue: str) -> bool:
    """Whether any worker serves a queue.

    :raises Exception: one of :func:`asking_errors` when the broker is away.
    """
    settings: Settings = app.settings
    if settings.redis_url is not None:
        with connect(settings.redis_url, LIMIT_SECONDS) as client:
            return any(each.serves(queue) for each in living_workers(client).values())
    with app.connection_for_write(connect_timeout=LIMIT_SECONDS, transport_options=LIMITS) as connection:
        return declare_passively(connection, queue)[1] > 0


def declare_passively(connection: Any, queue: str) -> tuple[int, int]:
    """Messages and consumers of a queue on RabbitMQ; none of either where there is no such queue."""
    channel = connection.channel()
    try:
        _, messages, consumers = channel.queue_declare(queue, passive=True)
    except connection.channel_errors:  # which close the channel
        return 0, 0
    channel.close()
    return int(messages), int(consumers)


def asking_errors(app: Any) -> tuple[type[Exception], ...]:
    """What a question to the broker raises when that is away."""
    return (redis.RedisError, *broker_errors(app.connection_for_write()))  # which is not opened for that
