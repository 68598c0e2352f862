"""The message queue between the processes that have something to say and the web server that holds the sockets.

Web server and workers share one channel. python-socketio's own managers swallow a failed publish after a retry, and
wait up to a minute for a broker that came back; these raise ``Unavailable``, so that the caller keeps its message, and
look again within a fraction of a second.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
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
ANSWER_SECONDS = 3.0
STANDSTILL_SECONDS = 2.0
MAX_FOR_OTHERS = 2_000
# Noticing that a broker on another machine vanished without closing the connection.
HEALTH_SECONDS = 10.0


def broker_errors(connection: Any) -> tuple[type[Exception], ...]:
    """What one of kombu's connections raises when its broker is away or turns it away.

    Kombu makes errors of its own of some of those of the broker's client, and lets the others through.
    """
    return (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)


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
    return _KombuListener(settings.kombu_url, tls=settings.broker_tls, channel=CHANNEL)


class _Listening:
    """What the web server's ends have in common.

    :ivar on_message: called with nothing when a message of another process has come.
    """

    on_message: Callable[[], None] | None = None

    def _handle_emit(self, message: dict[str, Any]) -> Any:
        answer = super()._handle_emit(message)  # type: ignore[misc]
        if self.on_message is not None:
            self.on_message()
        return answer


def emitter(settings: Settings) -> Emitter:
    """A write-only end of the queue. Make it after a fork, one for each process; threads may share it."""
    url = settings.redis_url
    manager = (
        _RedisPublisher(url, channel=CHANNEL, write_only=True)
        if url is not None
        else _KombuPublisher(settings.kombu_url, tls=settings.broker_tls, channel=CHANNEL, write_only=True)
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
        options: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "retry": Retry(NoBackoff(), 1)}
        if not url.startswith("unix:"):
            options |= {"socket_connect_timeout": 2, "socket_keepalive": True}
        self._client: Any = redis.Redis.from_url(url, **options)
        self._stands_still_until = 0.0

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(self.json.dumps(data))

    def _send(self, message: str) -> None:
        # One that stands still holds whoever asks it for the whole limit; the next ones need not wait as well.
        if time.monotonic() < self._stands_still_until:
            raise Unavailable("the message broker does not answer at the moment")
        try:
            receivers = self._client.publish(self.channel, message)
        except redis.RedisError as error:
            if isinstance(error, redis.TimeoutError):
                self._stands_still_until = time.monotonic() + STANDSTILL_SECONDS
            raise Unavailable("the message broker cannot be reached at the moment") from error
        if receivers == 0:
            # Just after a restart of the broker the web server may not listen yet: the message would be lost.
            raise Unavailable("no web server listens for messages at the moment")


class _ForOthers:
    """Hands to other web servers, in order, what the own sockets have got already; nobody waits for that."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(MAX_FOR_OTHERS)
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._is_failing = False

    def put(self, publish: Callable[[], None]) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="other web servers", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(publish)
        except queue.Full:
            self._complain("more waits for the message broker than is kept")

    def _run(self) -> None:
        while True:
            try:
                self._waiting.get()()
                self._is_failing = False
            except Unavailable as error:
                self._complain(error.description)
            except Exception:  # the thread must outlive whatever the broker's client raises
                log.exception("other web servers were not told")

    def _complain(self, why: str) -> None:
        log.log(logging.DEBUG if self._is_failing else logging.WARNING, "other web servers were not told: %s", why)
        self._is_failing = True


class _RedisListener(_Listening, _RedisPublisher):
    """The web server's end. What it emits reaches its own sockets first."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._others = _ForOthers()

    def _publish(self, data: dict[str, Any]) -> None:
        self._others.put(partial(self._send, self.json.dumps(data)))

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
    """Publishes on RabbitMQ, raising where python-socketio only logs.

    :param tls: see :attr:`longshore.settings.Settings.broker_tls`.
    """

    def __init__(self, url: str, tls: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(url, connection_options={"connect_timeout": 2, "ssl": tls}, **options)
        self._publishing = threading.Lock()  # one connection, which is not safe for threads

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(self.json.dumps(data))

    def _send(self, message: str) -> None:
        connection = self.publisher_connection
        policy = {"max_retries": 1, "interval_start": 0}
        with self._publishing:
            try:
                connection.ensure_connection(**policy)
                producer = connection.Producer(exchange=self._exchange())
                producer.publish(message, retry=True, retry_policy=policy)
            except broker_errors(connection) as error:
                raise Unavailable("the message broker cannot be reached at the moment") from error


class _KombuListener(_Listening, _KombuPublisher):
    """The web server's end on RabbitMQ."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._others = _ForOthers()

    def _publish(self, data: dict[str, Any]) -> None:
        self._others.put(partial(self._send, self.json.dumps(data)))

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
            except broker_errors(connection) as error:
                log.info("the message broker is away (%s); looking again in %.2f s", error, delay)
                time.sleep(delay)
                delay = min(delay * 2, RETRY_LONGEST_SECONDS)
