"""Queues that nothing serves: what is sent there waits for ever, so somebody has to be told.

Known are the queues that jobs and Celery tasks declare, those to which this process has sent, and those in which the
database has jobs that are due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

import redis
from kombu.exceptions import KombuError

from longshore.database import Database
from longshore.errors import Unavailable
from longshore.jobs import records
from longshore.jobs.declaring import all_queues
from longshore.looking import Lookout
from longshore.server.celery_app import process_celery, task_queues
from longshore.server.extra_queues import TABLES_OWN, announce, kept_queues
from longshore.server.heartbeat import connect, living_workers
from longshore.settings import Settings

log = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""Between two looks; a worker that is started again is away for less than two of them."""


@dataclass(frozen=True)
class Unserved:
    """A queue without a worker.

    :param waiting: jobs and messages of Celery tasks in it.
    """

    queue: str
    waiting: int


def describe_unserved(unserved: Iterable[Unserved]) -> str:
    """A sentence for whoever runs the server; "" for none.

    >>> describe_unserved([Unserved("qed", 2)])
    "no worker serves the queue 'qed', in which 2 wait; name it in JOB_QUEUES, or start a worker for it"
    """
    each = [f"the queue {one.queue!r}, in which {one.waiting or 'none'} wait" for one in unserved]
    return f"no worker serves {', and '.join(each)}; name it in JOB_QUEUES, or start a worker for it" if each else ""


def find_unserved(settings: Settings, database: Database) -> list[Unserved]:
    """The queues that no worker serves, of those that are declared or in which something waits, by name.

    :raises Unavailable: when the database or the broker is away.
    """
    with database.reading() as connection:
        due = records.due_queues(connection)
    app = process_celery()
    declared = {*all_queues(), *task_queues(app).values()}
    # Celery remembers where else it has sent something: the caller may say, and a name may be of another's task.
    known = {*due, *declared, *app.amqp.queues} - TABLES_OWN
    ask = _ask_redis if settings.redis_url is not None else _ask_rabbitmq
    found = [Unserved(name, messages + due.get(name, 0)) for name, messages in sorted(ask(settings, known).items())]
    return [each for each in found if each.waiting or each.queue in declared]


def _ask_redis(settings: Settings, queues: Set[str]) -> dict[str, int]:
    """The messages in each of the queues that no worker says it serves, those to which others have sent among them."""
    assert settings.redis_url is not None  # noqa: S101 - the caller looked
    try:
        with connect(settings.redis_url, LIMIT_SECONDS) as client:
            served = [each.queues for each in living_workers(client).values()]
            if None in served:  # a worker of an older version, which may serve any
                return {}
            known = queues | (kept_queues(client) - TABLES_OWN)
            missing = [name for name in known if not any(name in each for each in served if each)]
            lengths: Any = {name: [client.llen(key) for key in _keys(name)] for name in missing}
            return {name: sum(each) for name, each in lengths.items()}
    except redis.RedisError as error:
        raise Unavailable("the message broker cannot be reached at the moment") from error


def _keys(queue: str) -> list[str]:
    """The lists in which kombu keeps a queue's messages, one for each step of their priority."""
    from kombu.transport.redis import PRIORITY_STEPS, Channel

    return [f"{queue}{Channel.sep}{step}" if step else queue for step in PRIORITY_STEPS]


def _ask_rabbitmq(settings: Settings, queues: Set[str]) -> dict[str, int]:
    """The messages in each of the queues that nobody consumes; one that was never declared has none."""
    from kombu.connection import Connection

    make_connection: Any = Connection
    with make_connection(settings.kombu_url, ssl=settings.broker_tls, connect_timeout=LIMIT_SECONDS) as connection:
        try:
            asked = {name: _declare_passively(connection, name) for name in queues}
        except (KombuError, OSError, *connection.connection_errors) as error:
            raise Unavailable("the message broker cannot be reached at the moment") from error
    return {name: messages for name, (messages, consumers) in asked.items() if not consumers}


def _declare_passively(connection: Any, queue: str) -> tuple[int, int]:
    """Messages and consumers of a queue; none of either where there is no such queue."""
    channel = connection.channel()
    try:
        _, messages, consumers = channel.queue_declare(queue, passive=True)
    except connection.channel_errors:  # which close the channel
        return 0, 0
    channel.close()
    return int(messages), int(consumers)


class QueueWatch(Lookout):
    """Warns in the log of each queue in which something waits and that nothing serves, once until that changes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__("queues", self.look_at_times)
        self.settings = settings
        self.database = database
        self._looked = time.monotonic()
        self._suspected: set[str] = set()
        self._told: set[str] = set()

    def look_at_times(self) -> None:
        """Look, unless that was done a moment ago."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            try:
                self.look()
            except Unavailable as error:  # of which others tell
                log.debug("queues cannot be looked at: %s", error.description)

    def look(self) -> list[Unserved]:
        """Warn of the queues that were without a worker at the last look, too; those of which it did.

        Workers that take up what nobody declared are told of them again: one may have been away when it was sent.
        """
        found = {each.queue: each for each in find_unserved(self.settings, self.database) if each.waiting}
        for queue in found:
            announce(process_celery(), queue)
        new = [each for name, each in found.items() if name in self._suspected and name not in self._told]
        if new:
            log.warning("%s", describe_unserved(new))
        self._told = {name for name in found if name in self._suspected}
        self._suspected = set(found)
        return new
