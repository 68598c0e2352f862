"""What a consumer does beyond Celery's: find a restarted broker at once, say that it is alive, take up queues."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

import redis
from celery import bootsteps
from celery.worker import state as worker_state
from celery.worker.consumer import Consumer
from celery.worker.control import control_command

from longshore.processes.heartbeat import BEAT_SECONDS, DATASETS, Alive, Heartbeat, connect, living_workers
from longshore.queues.undeclared import TABLES_OWN, TAKE_UP, asking_errors, declare_passively

log = logging.getLogger(__name__)

RETRY_FIRST_SECONDS = 0.05
RETRY_LONGEST_SECONDS = 1.0
MAX_QUEUES = 200
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
            callback=worker_state.maybe_shutdown,
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
        self._app = consumer.app
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

    def _beat(self) -> None:
        if self.heartbeat is None:
            return
        try:
            served, taken_up = set(self._app.amqp.queues.consume_from), self._app.taken_up
            self.heartbeat.beat(sorted(served), sorted(served & taken_up))
        except redis.RedisError as error:
            log.debug("could not say that this worker is alive: %s", error)


class TakeUpStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Serves the queues to which something was sent before this worker was there."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        """Take them up, once; a consumer that connects again still has them."""
        app = consumer.app
        try:
            for queue in _free(consumer, app.kept_queues):
                take_up(consumer, queue)
        except asking_errors(app) as error:  # then this step comes again
            log.debug("nobody can tell who serves the queues that there are: %s", error)
        else:
            app.kept_queues = []


def _free(consumer: Any, queues: list[str]) -> list[str]:
    """Those of the queues that no other worker serves of its own.

    On RabbitMQ none of them that has any consumer: nobody can tell what that was started for.
    """
    if not queues:
        return []
    if consumer.app.settings.redis_url is None:
        return [queue for queue in queues if not declare_passively(consumer.connection, queue)[1]]
    living = _living(consumer.app)
    return [queue for queue in queues if not any(each.serves_as_its_own(queue) for each in living)]


def _living(app: Any) -> list[Alive]:
    with connect(app.settings.redis_url) as client:
        return list(living_workers(client).values())


class WakeStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Lets a signal wake the event loop, which else sees it only when its next timer is due."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    pipe: tuple[int, int] | None = None
    """Of this process, whatever becomes of its connections."""

    def start(self, consumer: Any) -> None:
        """Watch for signals; there is no such loop on every transport."""
        if consumer.hub is None:
            return
        if WakeStep.pipe is None:
            WakeStep.pipe = os.pipe()
            for end in WakeStep.pipe:
                os.set_blocking(end, False)
            signal.set_wakeup_fd(WakeStep.pipe[1], warn_on_full_buffer=False)
        consumer.hub.add_reader(WakeStep.pipe[0], os.read, WakeStep.pipe[0], 4096)


class UnblockStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Ends the question for the next message that Redis still holds when the worker stops.

    Its answer may be a message, so the transport waits for it, up to a second. Redis gives it at once when it is told
    to by another connection.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self.asking: int | None = None
        """What Redis calls the connection that asks for messages."""

    def start(self, consumer: Any) -> None:
        """Learn that; nothing asks yet."""
        if consumer.app.settings.redis_url is None:
            return
        try:
            self.asking = consumer.task_consumer.channel.client.client_id()
        except redis.RedisError as error:
            log.debug("this worker will end a little later: %s", error)

    def stop(self, consumer: Any) -> None:
        """Have the question answered, if this is the end."""
        asking, self.asking = self.asking, None
        if asking is None or worker_state.should_stop is None:
            return
        try:
            with connect(consumer.app.settings.redis_url) as client:
                client.client_unblock(asking)
        except redis.RedisError as error:  # away, or not allowed there
            log.debug("this worker ends a little later: %s", error)


@control_command(name=TAKE_UP, args=[("queue", str)], signature="<queue>")  # type: ignore[untyped-decorator]
def _asked_to_take_up(state: Any, queue: str | None = None) -> None:
    """Serve a queue from now on; a broadcast of ours.

    Who sent it has seen that nobody serves the queue, and all that hear it may. Redis can be asked once more: a worker
    that was started for the queue may have come since.
    """
    app = state.app
    if not isinstance(queue, str) or not app.takes_up_queues:
        return
    try:
        if app.settings.redis_url is None or _free(state.consumer, [queue]):
            take_up(state.consumer, queue)
    except asking_errors(app) as error:
        log.debug("nobody can tell who serves the queue %r: %s", queue, error)


def take_up(consumer: Any, queue: str) -> None:
    """Have a worker serve a queue, if it is one that takes up what nobody declared."""
    app = consumer.app
    if app.takes_up_queues and queue not in app.amqp.queues.consume_from and queue not in TABLES_OWN:
        consumer.call_soon(_serve, consumer, queue)


def _serve(consumer: Any, queue: str) -> None:
    app = consumer.app
    queues = app.amqp.queues
    if queue in queues.consume_from:  # asked for twice before it came to this
        return
    if len(queues.consume_from) >= MAX_QUEUES:
        _refuse(app, queue)
        return
    # Celery forgets one it has only sent to when it connects again.
    queues.select_add(queues[queue])
    consumer.add_task_queue(queue)
    app.taken_up.add(queue)
    log.info("serving the queue %r, to which something was sent", queue)
    app.say_alive()


def _refuse(app: Any, queue: str) -> None:
    if queue not in app.refused_queues and len(app.refused_queues) < MAX_QUEUES:
        app.refused_queues.add(queue)
        log.warning("the queue %r is not taken up: this worker serves %d already", queue, MAX_QUEUES)
