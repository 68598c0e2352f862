"""How a worker says that it is alive: a key in Redis that expires, and a set that lists such keys.

Celery's own way, a broadcast that every worker answers, always takes its whole time limit.
"""

from __future__ import annotations

import os
import socket

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BEAT_SECONDS = 1.0
# Long enough for a machine whose processors are all busy.
ALIVE_SECONDS = 5
WORKERS = "longshore:workers"
PREFIX = "longshore:worker:"
DATASETS, JOBS = "datasets", "jobs"
"""What workers are for; one may be for both."""


def connect(url: str, limit_seconds: float = 1.0) -> redis.Redis:
    """A client that gives up at once: neither an event loop nor a diagnosis can wait."""
    return redis.Redis.from_url(
        url,
        socket_timeout=limit_seconds,
        socket_connect_timeout=limit_seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class Heartbeat:
    """The sign of life of this process. Its methods raise ``redis.RedisError`` when the broker is away."""

    def __init__(self, url: str, kinds: tuple[str, ...] = (DATASETS,)) -> None:
        self.client = connect(url)
        self.kinds = " ".join(kinds)
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def beat(self) -> None:
        """Be alive for the next :data:`ALIVE_SECONDS`."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.set(PREFIX + self.name, self.kinds, ex=ALIVE_SECONDS)
            pipe.sadd(WORKERS, self.name)
            pipe.execute()

    def end(self) -> None:
        """Be alive no more."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.delete(PREFIX + self.name)
            pipe.srem(WORKERS, self.name)
            pipe.execute()

    def close(self) -> None:
        """Drop the connection."""
        self.client.close()


def living_workers(client: redis.Redis) -> dict[str, tuple[str, ...]]:
    """Names (``host:pid``) and kinds of the workers that are alive; forgets the others."""
    names = sorted(str(name) for name in client.smembers(WORKERS))
    if not names:
        return {}
    signs = client.mget([PREFIX + name for name in names])
    alive = {name: tuple(str(sign).split()) for name, sign in zip(names, signs, strict=True) if sign is not None}
    if dead := set(names) - set(alive):
        client.srem(WORKERS, *dead)
    return alive
