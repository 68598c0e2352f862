"""What a consumer does beyond Celery's: find a restarted broker at once, say that it is alive, take up queues."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

import redis
from celery import bootsteps
from celery.worker.consumer import Consumer
from celery.worker.control import control_command
from celery.worker.state import maybe_shutdown

from longshore.server.extra_queues import TABLES_OWN, TAKE_UP, kept_queues
from longshore.server.heartbeat import BEAT_SECONDS, DATASETS, Heartbeat

log = logging.getLogger(__name__)

RETRY_FIRST_SECONDS = 0.05
RETRY_LONGEST_SECONDS = 1.0
MOST_QUEUES = 200
"""That one worker takes up: names that come from somebody's input must not add up without end."""


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
        self._queues = consumer.app.amqp.queues
        self._take_up_kept(consumer)
        self._beat()
        consumer.app.say_alive = self._beat
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

    def _take_up_kept(self, consumer: Any) -> None:
        """Serve the queues to which something was sent while no worker was there."""
        if self.heartbeat is None:
            return
        try:
            for queue in sorted(kept_queues(self.heartbeat.client)):
                take_up(consumer, queue)
        except redis.RedisError as error:
            log.debug("could not read which queues there are: %s", error)

    def _beat(self) -> None:
        if self.heartbeat is None:
            return
        try:
            self.heartbeat.beat(sorted(self._queues.consume_from))
        except redis.RedisError as error:
            log.debug("could not say that this worker is alive: %s", error)


class WakeStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Lets a signal wake the event loop, which else sees it only when its next timer is due."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    pipe: tuple[int, int] | None = None
    """Of this process, whatever becomes of its connections."""

    def start(self, consumer: Any) -> None:
        """Watch for signals; a worker whose pool is threads has no such loop."""
        if consumer.hub is None:
            return
        if WakeStep.pipe is None:
            WakeStep.pipe = os.pipe()
            for end in WakeStep.pipe:
                os.set_blocking(end, False)
            signal.set_wakeup_fd(WakeStep.pipe[1], warn_on_full_buffer=False)
        consumer.hub.add_reader(WakeStep.pipe[0], os.read, WakeStep.pipe[0], 4096)


@control_command(name=TAKE_UP, args=[("queue", str)], signature="<queue>")  # type: ignore[untyped-decorator]
def _asked_to_take_up(state: Any, queue: str | None = None) -> None:
    """Serve a queue from now on; a broadcast of ours."""
    if isinstance(queue, str):
        take_up(state.consumer, queue)


def take_up(consumer: Any, queue: str) -> None:
    """Have a worker serve a queue, if it is one that takes up what nobody declared."""
    app = consumer.app
    served = app.amqp.queues.consume_from
    if not app.takes_up_queues or queue in served or queue in TABLES_OWN:
        return
    if len(served) >= MOST_QUEUES:
        log.warning("the queue %r is not taken up: this worker serves %d already", queue, len(served))
        return
    consumer.call_soon(_serve, consumer, queue)


def _serve(consumer: Any, queue: str) -> None:
    queues = consumer.app.amqp.queues
    # Celery forgets one it has only sent to when it connects again.
    queues.select_add(queues[queue])
    consumer.add_task_queue(queue)
    log.info("serving the queue %r, to which something was sent", queue)
    consumer.app.say_alive()
