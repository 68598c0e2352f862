"""How a worker says that it is alive: a key in Redis that expires, and a set that lists such keys.

Celery's own way, a broadcast that every worker answers, always takes its whole time limit.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from longshore.state.leases import place

BEAT_SECONDS = 1.0
# Long enough for a machine whose processors are all busy.
ALIVE_SECONDS = 5
PLACE_DIGITS = 6
"""Of :func:`~longshore.state.leases.place`, to tell a handful of places apart in a name."""
WORKERS = "longshore:workers"
PREFIX = "longshore:worker:"
DATASETS, IMPORTS, JOBS = "datasets", "imports", "jobs"
"""What workers are for; one may be for several."""


def connect(url: str, limit_seconds: float = 1.0) -> redis.Redis:
    """A client that gives up at once: neither an event loop nor a diagnosis can wait."""
    return redis.Redis.from_url(
        url,
        socket_timeout=limit_seconds,
        socket_connect_timeout=limit_seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


@dataclass(frozen=True)
class Alive:
    """A worker that is alive.

    :param kinds: what it is for.
    :param queues: those that it serves; None when it does not say, since it is of an older version.
    :param taken_up: those of them that it was not started for.
    """

    kinds: tuple[str, ...]
    queues: frozenset[str] | None
    taken_up: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, sign: str) -> Alive:
        """Read a sign of life: the kinds on the first line, a queue on each of the others.

        Those that it took up come again after an empty line, which a server of an older version reads as a queue.
        """
        served, _, taken_up = sign.partition("\n\n")
        kinds, *queues = served.split("\n")
        return cls(tuple(kinds.split()), frozenset(queues) or None, frozenset(taken_up.split("\n")) - {""})

    def serves(self, queue: str) -> bool:
        """Whether it serves a queue; one that does not say may serve any."""
        return self.queues is None or queue in self.queues

    def serves_as_its_own(self, queue: str) -> bool:
        """Whether it serves a queue for which it was started."""
        return self.serves(queue) and queue not in self.taken_up


class Heartbeat:
    """The sign of life of this process. Its methods raise ``redis.RedisError`` when the broker is away."""

    def __init__(self, url: str, kinds: tuple[str, ...] = (DATASETS,)) -> None:
        self.client = connect(url)
        self.kinds = kinds
        # Containers of one hostname may also have the same process numbers.
        self.name = f"{socket.gethostname()}:{os.getpid()}:{place()[:PLACE_DIGITS]}"

    def beat(self, queues: Iterable[str] = (), taken_up: Iterable[str] = ()) -> None:
        """Be alive for the next :data:`ALIVE_SECONDS`, serving these queues, some of them taken up."""
        again = list(taken_up)
        sign = "\n".join((" ".join(self.kinds), *queues, *(("", *again) if again else ())))
        with self.client.pipeline(transaction=False) as pipe:
            pipe.set(PREFIX + self.name, sign, ex=ALIVE_SECONDS)
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


def living_workers(client: redis.Redis) -> dict[str, Alive]:
    """The workers that are alive, by name (``host:pid:place``); forgets the others."""
    names = sorted(str(name) for name in client.smembers(WORKERS))
    if not names:
        return {}
    signs = client.mget([PREFIX + name for name in names])
    alive = {name: Alive.parse(str(sign)) for name, sign in zip(names, signs, strict=True) if sign is not None}
    if dead := set(names) - set(alive):
        client.srem(WORKERS, *dead)
    return alive
