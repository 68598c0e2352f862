"""Two refinements of Celery's consumer: it finds a restarted broker at once, and says that it is alive."""

from __future__ import annotations

import logging
from typing import Any

import redis
from celery import bootsteps
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from longshore.server.heartbeat import BEAT_SECONDS, DATASETS, Heartbeat

log = logging.getLogger(__name__)

RETRY_FIRST_SECONDS = 0.05
RETRY_LONGEST_SECONDS = 1.0


class QuickConsumer(Consumer):  # type: ignore[misc]
    """Tries a lost broker again after 0.05 s to 1 s; Celery's own steps are 2 s to 30 s."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, or wait until the broker is back."""

        def complain(error: BaseException, seconds: float) -> None:
            log.info("the broker is away (%s); trying again in %.2f s", error, seconds)

        conn.ensure_connection(
            complain,
            self.app.conf.broker_connection_max_retries,
            interval_start=RETRY_FIRST_SECONDS,
            interval_step=RETRY_FIRST_SECONDS,
            interval_max=RETRY_LONGEST_SECONDS,
            callback=maybe_shutdown,
        )
        return super().ensure_connected(conn)


class AliveStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Beats from the event loop itself, so that a stuck worker counts as dead.

    It is a step of the consumer, and hence starts only once tasks can be received, again after each reconnection.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    redis_url: str | None = None
    kinds: tuple[str, ...] = (DATASETS,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self.heartbeat: Heartbeat | None = None
        self.timer: Any = None

    def start(self, consumer: Any) -> None:
        """Begin to beat; on RabbitMQ there is nowhere to, and the diagnosis asks Celery instead."""
        if self.redis_url is None:
            return
        self.heartbeat = Heartbeat(self.redis_url, self.kinds)
        self._beat()
        self.timer = consumer.timer.call_repeatedly(BEAT_SECONDS, self._beat)

    def stop(self, consumer: Any) -> None:
        """Take back the sign of life, as far as the broker is still there."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.heartbeat is not None:
            try:
                self.heartbeat.end()
            except redis.RedisError:
                log.debug("the broker is gone; the sign of life expires by itself")
            self.heartbeat.close()
            self.heartbeat = None

    def _beat(self) -> None:
        if self.heartbeat is None:
            return
        try:
            self.heartbeat.beat()
        except redis.RedisError as error:
            log.debug("could not say that this worker is alive: %s", error)
