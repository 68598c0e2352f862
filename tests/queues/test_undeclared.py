"""Queues that nobody declared: who takes them up, who leaves them alone, and what is left of them after a restart."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from longshore.jobs import sent_queues
from longshore.processes.heartbeat import Alive, Heartbeat, living_workers
from longshore.queues.celery_app import make_celery
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.supervision.celery_consumer import MAX_QUEUES
from support.waiting import eventually

pytestmark = pytest.mark.processes


@dataclass(frozen=True)
class RunningWorker:
    """A worker of jobs that takes up queues."""

    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text()


@contextmanager
def worker(settings: Settings, *words: str) -> Iterator[RunningWorker]:
    """``longshore worker`` on the broker of ``settings``; without ``words`` one that takes up queues."""
    log_path = settings.root_storage_path / f"{'-'.join(words)}.log"
    chosen = words or ("--queues", "jobs", "--take-up")
    command = [sys.executable, "-m", "longshore", "worker", *chosen, "--storage", str(settings.root_storage_path)]
    with log_path.open("wb") as log:
        environment = os.environ | {"LOG_LEVEL": "INFO"}
        process = subprocess.Popen([*command, "--concurrency", "1"], env=environment, stderr=log)
    try:
        yield RunningWorker(process, log_path)
    finally:
        process.kill()
        process.wait()


def alive(settings: Settings, pid: int) -> Alive:
    """The sign of life of a process."""
    with redis.Redis.from_url(str(settings.redis_url), decode_responses=True) as client:
        found = {name.split(":")[1]: each for name, each in living_workers(client).items()}
    return found[str(pid)]


def serves(settings: Settings, running: RunningWorker, queue: str) -> bool:
    assert running.process.poll() is None, running.log
    return queue in (alive(settings, running.process.pid).queues or ())


def send(settings: Settings, *queues: str) -> None:
    """Send a task to each queue, from a script."""
    program = (
        "import sys; from longshore import celery; [celery.send_task('nobody.knows', queue=q) for q in sys.argv[1:]]"
    )
    environment = os.environ | {"ROOT_STORAGE_PATH": str(settings.root_storage_path)}
    subprocess.run([sys.executable, "-c", program, *queues], env=environment, check=True, timeout=60)


def keep(database: Database, *queues: str) -> None:
    with database.writing() as connection:
        for queue in queues:
            sent_queues.keep(connection, queue, time.time())


def kept(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(sent_queues.read_kept(connection))


def test_a_queue_that_another_worker_was_started_for_is_left_alone(broker: Settings, database: Database) -> None:
    with worker(broker) as general:
        eventually(lambda: serves(broker, general, "jobs"), 30, "the general worker")
        # At its start it sends to each of its queues.
        with worker(broker, "--queues", "own") as special:
            eventually(lambda: serves(broker, special, "own"), 30, "the special worker")
            send(broker, "own", "free")
            eventually(lambda: serves(broker, general, "free"), 20, "the taking up")
            assert not serves(broker, general, "own")
            assert kept(database) == {"free"}


def test_at_its_start_a_worker_takes_up_what_is_kept_but_not_what_others_own(
    broker: Settings, database: Database
) -> None:
    keep(database, "own", "shared", "free")
    assert broker.redis_url is not None
    owner, other = (Heartbeat(broker.redis_url, ("jobs",)) for _ in range(2))
    other.name += " of another"
    with worker(broker) as general:

        def takes_up() -> bool:
            owner.beat(["own"])
            other.beat(["jobs", "shared"], ["shared"])
            return all(serves(broker, general, each) for each in ("shared", "free"))

        eventually(takes_up, 30, "the taking up")
        assert alive(broker, general.process.pid).taken_up == {"shared", "free"}
    owner.close()
    other.close()


def test_a_worker_takes_up_no_more_than_it_may_and_says_so_once_of_each(broker: Settings, database: Database) -> None:
    names = [f"queue {number}" for number in range(MAX_QUEUES + 1)]
    keep(database, *names)
    with worker(broker) as general:
        eventually(lambda: "is not taken up" in general.log, 60, "a word on the first that was too many")
        send(broker, "late")
        eventually(lambda: "the queue 'late' is not taken up" in general.log, 20, "a word on one that came later")
        send(broker, "late", "later")
        eventually(lambda: "the queue 'later' is not taken up" in general.log, 20, "a word on the next")
        # The default queue is one of them.
        assert general.log.count("is not taken up") == 2 + 2
        assert len(alive(broker, general.process.pid).queues or ()) == MAX_QUEUES


def test_a_script_makes_no_database_where_there_is_none(tmp_path: Path, broker: Settings) -> None:
    elsewhere = tmp_path / "elsewhere"
    program = "from longshore import celery; celery.send_task('nobody.knows', queue='free')"
    environment = os.environ | {"ROOT_STORAGE_PATH": str(elsewhere), "BROKER_URL": str(broker.kombu_url)}
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=environment, check=True, timeout=60)
    assert not elsewhere.exists()


@pytest.mark.parametrize("queue", ["datasets", "imports"])
def test_nothing_is_sent_where_only_the_servers_own_is_carried_out(settings: Settings, queue: str) -> None:
    app = make_celery(settings)

    def work() -> None:
        raise AssertionError("nothing was to run this")

    task = app.task(work, name="mine.lost", shared=False)
    declared = app.task(work, name="mine.declared", queue=queue, shared=False)
    for send in (
        lambda: task.apply_async(queue=queue),
        lambda: app.send_task("mine.by_name", queue=queue),
        lambda: task.s().set(queue=queue).delay(),
        lambda: task.apply_async(queue=app.amqp.queues[queue]),
        declared.delay,
    ):
        with pytest.raises(ValueError, match=f"the queue '{queue}' is the server's own"):
            send()
