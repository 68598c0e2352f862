"""Queues to which something was sent although nobody declared them: job workers take them up while they run.

An application that was written for a Celery of its own names a queue where it sends (``apply_async(queue="qed")``), and
nowhere else. Whoever sends the first message to such a queue tells the workers, by one of Celery's broadcasts; on Redis
the name is kept, too, for workers that start later.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import signals
from kombu.exceptions import KombuError

from longshore.datasets import IMPORTS_QUEUE
from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.server.heartbeat import connect

log = logging.getLogger(__name__)

KEPT = "longshore:queues"
"""Where Redis keeps their names."""
TAKE_UP = "longshore_take_up"
TABLES_OWN = frozenset({DATASETS_QUEUE, IMPORTS_QUEUE})


def tell_of_new_queues(app: Any) -> None:
    """Have this process tell the workers of each queue when it sends to it for the first time."""
    told: set[str] = {app.conf.task_default_queue, *TABLES_OWN}

    def sent(routing_key: str = "", exchange: str = "", **_: Any) -> None:
        # Through the nameless exchange the key is the queue's name; through others it says nothing of queues.
        if exchange or not routing_key or routing_key in told:
            return
        told.add(routing_key)
        if not announce(app, routing_key):
            told.discard(routing_key)

    signals.after_task_publish.connect(sent, weak=False, dispatch_uid=f"{__name__}.{id(app)}")


def announce(app: Any, queue: str) -> bool:
    """Ask the job workers to serve a queue; False when the broker did not take it."""
    url = app.settings.redis_url
    try:
        if url is not None:
            with connect(url) as client:
                client.sadd(KEPT, queue)
        app.control.broadcast(TAKE_UP, arguments={"queue": queue})
    except (redis.RedisError, KombuError, OSError) as error:
        log.debug("workers were not told of the queue %r: %s", queue, error)
        return False
    return True


def kept_queues(client: redis.Redis) -> set[str]:
    """The queues to which something was ever sent, on Redis."""
    names: Any = client.smembers(KEPT)
    return {str(name) for name in names}
