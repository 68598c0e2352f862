"""Queues that nothing serves: what is sent there waits for ever, so somebody has to be told.

Known are the queues that jobs and Celery tasks declare, those to which this process has sent, those in which the
database has jobs that are due, and those whose names it keeps since somebody sent to them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

import redis

from longshore.errors import Unavailable
from longshore.jobs import records, sent_queues
from longshore.jobs.declaring import all_queues
from longshore.processes.heartbeat import connect, living_workers
from longshore.processes.message_queue import broker_errors
from longshore.processes.periodic import PeriodicThread
from longshore.queues.celery_app import process_celery, task_queues
from longshore.queues.undeclared import LIMITS, TABLES_OWN, announce, declare_passively
from longshore.settings import Settings
from longshore.state.database import Database

log = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""Between two looks; a worker that is started again is away for less than two of them."""
ANNOUNCE_SECONDS = 60.0
"""Between two announcements of one queue that stays without a worker."""
KEEP_SECONDS = 30 * 86400.0
"""How long the name of a queue is kept that is empty."""


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


@dataclass(frozen=True)
class Known:
    """A queue of which this process knows.

    :param waiting: jobs and messages of Celery tasks in it.
    :param is_declared: whether a job or a task names it.
    :param sent: about when something was last sent to it while nobody served it, seconds since 1970; None for never.
    """

    queue: str
    waiting: int
    is_served: bool
    is_declared: bool
    sent: float | None


def find_unserved(settings: Settings, database: Database) -> list[Unserved]:
    """The queues that no worker serves, of those that are declared or in which something waits, by name.

    :raises Unavailable: when the database or the broker is away.
    """
    return _unserved(find_queues(settings, database))


def _unserved(known: Iterable[Known]) -> list[Unserved]:
    found = [each for each in known if not each.is_served and (each.waiting or each.is_declared)]
    return [Unserved(each.queue, each.waiting) for each in found]


def find_queues(settings: Settings, database: Database) -> list[Known]:
    """The queues of jobs and tasks, by name.

    :raises Unavailable: when the database or the broker is away.
    """
    with database.reading() as connection:
        due, kept = records.due_queues(connection), sent_queues.read_kept(connection)
    app = process_celery()
    declared = {*all_queues(), *task_queues(app).values()}
    # Celery remembers where else it has sent something: the caller may say, and a name may be of another's task.
    names = {*due, *kept, *declared, *app.amqp.queues} - TABLES_OWN
    ask = _ask_redis if settings.redis_url is not None else _ask_rabbitmq
    asked = sorted(ask(settings, names).items())
    return [
        Known(name, messages + due.get(name, 0), is_served, name in declared, kept.get(name))
        for name, (messages, is_served) in asked
    ]


def _ask_redis(settings: Settings, queues: Set[str]) -> dict[str, tuple[int, bool]]:
    """The messages in each of the queues, and whether a worker says that it serves it."""
    assert settings.redis_url is not None  # noqa: S101 - the caller looked
    try:
        with connect(settings.redis_url, LIMIT_SECONDS) as client:
            living = living_workers(client).values()
            with client.pipeline(transaction=False) as pipe:
                for name in queues:
                    for key in _keys(name):
                        pipe.llen(key)
                lengths = iter(pipe.execute())
    except redis.RedisError as error:
        raise Unavailable("the message broker cannot be reached at the moment") from error
    return {
        name: (sum(next(lengths) for _ in _keys(name)), any(each.serves(name) for each in living)) for name in queues
    }


def _keys(queue: str) -> list[str]:
    """The lists in which kombu keeps a queue's messages, one for each step of their priority."""
    from kombu.transport.redis import PRIORITY_STEPS, Channel

    return [f"{queue}{Channel.sep}{step}" if step else queue for step in PRIORITY_STEPS]


def _ask_rabbitmq(settings: Settings, queues: Set[str]) -> dict[str, tuple[int, bool]]:
    """The messages in each of the queues, and whether anybody consumes it; one that was never declared has none."""
    from kombu.connection import Connection

    make_connection: Any = Connection
    options = {"ssl": settings.broker_tls, "connect_timeout": LIMIT_SECONDS, "transport_options": LIMITS}
    with make_connection(settings.kombu_url, **options) as connection:
        try:
            asked = {name: declare_passively(connection, name) for name in queues}
        except broker_errors(connection) as error:
            raise Unavailable("the message broker cannot be reached at the moment") from error
    return {name: (messages, consumers > 0) for name, (messages, consumers) in asked.items()}


class QueueWatch(PeriodicThread):
    """Warns in the log of each queue in which something waits and that nothing serves, once until that changes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__("queues", self.look_if_possible, pause_seconds=LOOK_SECONDS)
        self.settings = settings
        self.database = database
        self._announced: dict[str, float] = {}
        self._suspected: set[str] = set()
        self._told: set[str] = set()

    def look_if_possible(self) -> None:
        """Look, unless the broker or the database is away, of which others tell."""
        try:
            self.look()
        except Unavailable as error:
            log.debug("queues cannot be looked at: %s", error.description)

    def look(self) -> list[Unserved]:
        """Warn of the queues that were without a worker at the last look, too; those of which it did.

        Workers that take up what nobody declared are told of them: one may have been away when it was sent.
        """
        known = find_queues(self.settings, self.database)
        found = {each.queue: each for each in _unserved(known) if each.waiting}
        new = [each for name, each in found.items() if name in self._suspected and name not in self._told]
        if new:
            log.warning("%s", describe_unserved(new))
        self._told = {name for name in found if name in self._suspected}
        self._suspected = set(found)
        self._announce(found)
        self._forget_old(known)
        return new

    def _announce(self, queues: Iterable[str]) -> None:
        """Tell the workers of what is new, and of the others now and then: a broadcast reaches only who is there."""
        now = time.monotonic()
        self._announced = {name: self._announced[name] for name in queues if name in self._announced}
        for name in queues:
            is_due = now - self._announced.get(name, -ANNOUNCE_SECONDS) >= ANNOUNCE_SECONDS
            if is_due and announce(process_celery(), name):
                self._announced[name] = now

    def _forget_old(self, known: Iterable[Known]) -> None:
        """Forget the names of queues that are empty, and that were not sent to for long."""
        before = time.time() - KEEP_SECONDS
        kept = [(each.sent, each) for each in known if each.sent is not None]
        old = [each.queue for sent, each in kept if sent < before and not each.waiting]
        if old or len(kept) >= sent_queues.MAX_KEPT:
            with self.database.writing(durable=False) as connection:
                sent_queues.forget(connection, old, before)
                sent_queues.forget_unread(connection)
