"""The message queue between the processes that have something to say and the web server that holds the sockets.

Web server and workers share one channel. python-socketio's own managers swallow a failed publish after a retry, and
wait up to a minute for a broker that came back; these raise ``Unavailable``, so that the caller keeps its message, and
look again within a fraction of a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

import redis
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio import KombuManager, PubSubManager, RedisManager

from longshore.errors import Unavailable
from longshore.settings import Settings

log = logging.getLogger(__name__)

CHANNEL = "longshore-sockets"
RETRY_FIRST_SECONDS = 0.02
RETRY_LONGEST_SECONDS = 0.5
# Noticing that a broker on another machine vanished without closing the connection.
HEALTH_SECONDS = 10.0


class Emitter(Protocol):
    """What workers and reconcilers may do with the queue."""

    def emit(self, event: str, data: Any, room: str) -> None:
        """Send ``event`` with ``data`` (JSON) to the sockets in ``room``.

        :raises Unavailable: when the broker is away or, on Redis, no web server listens; nothing was sent.
        """


def server_manager(settings: Settings) -> PubSubManager:
    """The client manager of the web server: receives what others publish, and finds a restarted broker by itself."""
    url = settings.redis_url
    if url is not None:
        return _RedisListener(url, channel=CHANNEL)
    return _KombuListener(settings.kombu_url, channel=CHANNEL)


def emitter(settings: Settings) -> Emitter:
    """A write-only end of the queue. Make it after a fork, one for each process; threads may share it."""
    url = settings.redis_url
    manager = (
        _RedisPublisher(url, channel=CHANNEL, write_only=True)
        if url is not None
        else _KombuPublisher(settings.kombu_url, channel=CHANNEL, write_only=True)
    )
    return _Emitter(manager)


class _Emitter:
    def __init__(self, manager: PubSubManager) -> None:
        self._manager = manager

    def emit(self, event: str, data: Any, room: str) -> None:
        self._manager.emit(event, data, room=room)


class _RedisPublisher(RedisManager):  # type: ignore[misc]
    """Publishes once, and raises where python-socketio only logs."""

    def __init__(self, url: str, **manager_options: Any) -> None:
        super().__init__(url, **manager_options)
        # One immediate second try: the first may find a connection that the broker closed long ago.
        options: dict[str, Any] = {"socket_timeout": 5, "retry": Retry(NoBackoff(), 1)}
        if not url.startswith("unix:"):
            options |= {"socket_connect_timeout": 2, "socket_keepalive": True}
        self._client: Any = redis.Redis.from_url(url, **options)

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            receivers = self._client.publish(self.channel, self.json.dumps(data))
        except redis.RedisError as error:
            raise Unavailable("the message broker cannot be reached at the moment") from error
        if receivers == 0:
            # Just after a restart of the broker the web server may not listen yet: the message would be lost.
            raise Unavailable("no web server listens for messages at the moment")


class _RedisListener(_RedisPublisher):
    """The web server's end. What it emits reaches its own sockets first, so a failed publish is only logged."""

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            super()._publish(data)
        except Unavailable as error:
            log.warning("other web servers were not told: %s", error.description)

    def _redis_listen_with_retries(self) -> Iterator[dict[str, Any]]:
        delay = RETRY_FIRST_SECONDS
        while True:
            pubsub = self._client.pubsub(ignore_subscribe_messages=False)
            try:
                pubsub.subscribe(self.channel)
                while True:
                    message = pubsub.get_message(timeout=HEALTH_SECONDS)
                    if message is None:
                        pubsub.ping()
                        continue
                    delay = RETRY_FIRST_SECONDS
                    yield message
            except (redis.RedisError, OSError) as error:
                log.info("the message broker is away (%s); looking again in %.2f s", error, delay)
                time.sleep(delay)
                delay = min(delay * 2, RETRY_LONGEST_SECONDS)
            finally:
                pubsub.close()

    def _listen(self) -> Iterator[bytes]:
        for message in self._redis_listen_with_retries():
            if message["type"] == "message":
                yield message["data"]


class _KombuPublisher(KombuManager):  # type: ignore[misc]
    """Publishes on RabbitMQ, raising where python-socketio only logs."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, connection_options={"connect_timeout": 2}, **options)
        self._publishing = threading.Lock()  # one connection, which is not safe for threads

    def _publish(self, data: dict[str, Any]) -> None:
        connection = self.publisher_connection
        errors = (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
        policy = {"max_retries": 1, "interval_start": 0}
        with self._publishing:
            try:
                connection.ensure_connection(**policy)
                producer = connection.Producer(exchange=self._exchange())
                producer.publish(self.json.dumps(data), retry=True, retry_policy=policy)
            except errors as error:
                raise Unavailable("the message broker cannot be reached at the moment") from error


class _KombuListener(_KombuPublisher):
    """The web server's end on RabbitMQ."""

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            super()._publish(data)
        except Unavailable as error:
            log.warning("other web servers were not told: %s", error.description)

    def _listen(self) -> Iterator[Any]:
        delay = RETRY_FIRST_SECONDS
        while True:
            connection = self._connection()
            try:
                with connection, connection.SimpleQueue(self._queue()) as queue:
                    while True:
                        message = queue.get(block=True)
                        message.ack()
                        delay = RETRY_FIRST_SECONDS
                        yield message.payload
            except (KombuError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
                log.info("the message broker is away (%s); looking again in %.2f s", error, delay)
                time.sleep(delay)
                delay = min(delay * 2, RETRY_LONGEST_SECONDS)
