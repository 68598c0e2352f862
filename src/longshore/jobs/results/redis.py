"""Results in Redis or Valkey, which forgets them by itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError, ResponseError
from redis.retry import Retry

from longshore.errors import StorageFull, Unavailable
from longshore.jobs.results.ids import LATEST, is_usable, portions, require_usable
from longshore.jobs.results.packing import pack, unpack
from longshore.jobs.results.processes import PerProcess

KEY_PREFIX = "longshore:result:"
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


class RedisStore:
    """Results as keys with a time to live; a :class:`~longshore.jobs.results.ResultStore`.

    :param url: ``redis://``, ``rediss://`` or ``unix://``, as redis-py reads it.
    """

    def __init__(self, url: str) -> None:
        # Celery's name for a Unix socket.
        url = url.replace("redis+socket://", "unix://", 1)
        self._clients: PerProcess[Redis] = PerProcess(lambda: _connect(url))

    def put(self, job_id: str, document: bytes, expires: float) -> None:
        """Keep it; the time to live counts on the server's clock from now on."""
        require_usable(job_id)
        left_ms = int((min(expires, LATEST) - time.time()) * 1000)
        with _translated():
            if left_ms > 0:
                self._clients().set(_key(job_id), pack(document), px=left_ms)
            else:
                self._clients().delete(_key(job_id))

    def get(self, job_id: str) -> bytes | None:
        """The document, unless it has expired."""
        if not is_usable(job_id):
            return None
        with _translated():
            packed = self._clients().get(_key(job_id))
        return unpack(packed) if isinstance(packed, bytes) else None

    def forget(self, ids: Iterable[str]) -> None:
        """Remove them."""
        for part in portions(ids):
            with _translated():
                self._clients().delete(*map(_key, part))

    def sweep(self, now: float) -> int:
        """Nothing: the server has done it."""
        return 0

    def close(self) -> None:
        """Close this process's connections."""
        client = self._clients.take()
        if client is not None:
            client.close()


def _connect(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=10,
    )


def _key(job_id: str) -> str:
    return KEY_PREFIX + job_id


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OutOfMemoryError as error:
        raise StorageFull("the result store (Redis) is full; free some space there or raise its maxmemory") from error
    except AuthenticationError as error:
        raise Unavailable("the result store (Redis) refuses the name or password in RESULT_BACKEND") from error
    except ResponseError as error:
        raise Unavailable("the result store (Redis) refuses to work at the moment; its log says why") from error
    except RedisError as error:
        raise Unavailable("the result store (Redis) cannot be reached at the moment; try again shortly") from error
