"""Queues of Celery tasks: they go where bare Celery sends them, and one that nothing serves is told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis

from longshore.jobs import records, sent_queues
from longshore.processes.heartbeat import DATASETS, Alive, Heartbeat, living_workers
from longshore.queues.unserved import KEEP_SECONDS, QueueWatch, find_unserved
from longshore.settings import Settings
from longshore.state.database import Database
from support.server import LongshoreServer
from support.waiting import eventually

HANDLER = """
from celery import chain, chord, group
from celery.result import AsyncResult
from longshore import app, celery

@celery.task(name="add", queue="qed")
def add(a, b):
    return a + b

@celery.task(name="total", queue="qed")
def total(numbers):
    return sum(numbers)

WAYS = {
    "delay": lambda: add.delay(1, 2),
    "by name": lambda: celery.send_task("add", [1, 2]),
    "link": lambda: add.apply_async((1, 2), link=add.s(4)),
    "chain": lambda: chain(add.s(1, 2), add.s(4)).apply_async(),
    "group": lambda: chain(group(add.s(1, 2), add.s(3, 4)), total.s()).apply_async(),
    "chord": lambda: chord([add.s(n, n) for n in range(4)])(total.s()),
    "nowhere": lambda: add.apply_async((1, 2), queue="nowhere"),
    "unknown": lambda: celery.send_task("task.of.another.machine"),
}

@app.get("/send/<way>")
def send(way):
    return {"id": WAYS[way]().id}

@app.get("/look/<task_id>")
def look(task_id):
    found = AsyncResult(task_id, app=celery)
    return {"status": found.status, "result": repr(found.result)}
"""


@pytest.fixture(scope="module")
def only_queued_tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    """A server whose only tasks name the queue ``qed``."""
    folder = tmp_path_factory.mktemp("queues")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "tasks.py").write_text(HANDLER)
    with LongshoreServer(folder / "storage", HANDLERS_DIR=str(folder / "handlers"), JOB_QUEUES="qed") as server:
        yield server


def send(server: LongshoreServer, way: str) -> str:
    return str(httpx.get(f"{server.url}/send/{way}").raise_for_status().json()["id"])


@pytest.mark.parametrize(
    ("way", "result"), [("delay", 3), ("by name", 3), ("link", 3), ("chain", 7), ("group", 10), ("chord", 12)]
)
def test_a_task_that_names_its_queue_is_done_however_it_is_sent(
    only_queued_tasks: LongshoreServer, way: str, result: int
) -> None:
    task_id = send(only_queued_tasks, way)

    def done() -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{only_queued_tasks.url}/look/{task_id}").json()
        assert found["status"] == "SUCCESS", found
        return found

    assert eventually(done, 20, f"the end of {way}")["result"] == str(result)


def test_the_default_queue_is_served_although_no_task_names_it(only_queued_tasks: LongshoreServer) -> None:
    send(only_queued_tasks, "unknown")
    eventually(lambda: "task.of.another.machine" in only_queued_tasks.log, 20, "a word on the task that nobody knows")


def test_a_queue_that_nothing_serves_is_told_by_diagnosis_and_log(only_queued_tasks: LongshoreServer) -> None:
    assert only_queued_tasks.wait_until_well()["checks"]["queues"]["detail"] == "each has a worker"
    send(only_queued_tasks, "nowhere")
    told = only_queued_tasks.diagnose()
    assert told.status_code == 500
    assert "no worker serves the queue 'nowhere', in which 1 wait" in told.json()["message"]
    eventually(lambda: "no worker serves the queue 'nowhere'" in only_queued_tasks.log, 30, "a line in the log")


def test_the_supervisor_does_not_wait_for_a_worker_of_a_queue_that_nothing_serves(
    only_queued_tasks: LongshoreServer,
) -> None:
    send(only_queued_tasks, "nowhere")
    assert only_queued_tasks.diagnose().status_code == 500
    answer = httpx.get(f"{only_queued_tasks.url}/diagnostic", headers={"X-Longshore-Starting": "yes"})
    assert answer.status_code == 200


def put(database: Database, queue: str) -> None:
    with database.writing() as connection:
        records.insert(connection, [records.NewJob("sum", queue, b"{}", 1.0, records.new_job_id())])


def waiting(broker: Settings, database: Database) -> dict[str, int]:
    return {each.queue: each.waiting for each in find_unserved(broker, database) if each.waiting}


def test_jobs_in_a_queue_are_counted_while_no_worker_serves_it(broker: Settings, database: Database) -> None:
    put(database, "slow")
    # Tests that ran before in this process may have declared jobs for other queues, in which nothing waits.
    assert waiting(broker, database) == {"slow": 1}
    assert broker.redis_url is not None
    worker = Heartbeat(broker.redis_url, ("jobs",))
    worker.beat(["slow"])
    assert waiting(broker, database) == {}
    worker.end()
    assert waiting(broker, database) == {"slow": 1}
    worker.close()


def test_a_worker_that_does_not_say_what_it_serves_may_serve_all(broker: Settings, database: Database) -> None:
    put(database, "slow")
    assert broker.redis_url is not None
    older = Heartbeat(broker.redis_url, ("jobs",))
    older.beat()
    assert find_unserved(broker, database) == []
    older.close()


def test_a_queue_is_logged_once_and_only_when_it_stays_without_a_worker(broker: Settings, database: Database) -> None:
    put(database, "slow")
    watch = QueueWatch(broker, database)
    assert [[each.queue for each in watch.look()] for _ in range(3)] == [[], ["slow"], []]


def test_workers_are_told_of_a_queue_once_after_the_log_and_not_at_each_look(
    broker: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, "slow")
    announced: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "longshore.queues.unserved.announce", lambda _, queue: announced.append((queue, len(caplog.records))) or True
    )
    watch = QueueWatch(broker, database)
    watch.look()
    assert announced == [("slow", 0)]
    put(database, "other")
    watch.look()
    assert announced == [("slow", 0), ("other", 1)], "the first was warned of before the second was announced"
    watch.look()
    assert announced == [("slow", 0), ("other", 1)]


def test_the_name_of_a_queue_is_forgotten_once_it_is_empty_and_old(broker: Settings, database: Database) -> None:
    put(database, "full")
    with database.writing() as connection:
        for name in ("full", "empty"):
            sent_queues.keep(connection, name, time.time() - KEEP_SECONDS - 1)
        sent_queues.keep(connection, "new", time.time())
        for number in range(sent_queues.MAX_KEPT):
            sent_queues.keep(connection, f"many {number}", time.time() - 1)
    QueueWatch(broker, database).look()
    with database.reading() as connection:
        kept = sent_queues.read_kept(connection)
    assert "new" in kept
    assert len(kept) == sent_queues.MAX_KEPT

    with database.writing() as connection:
        sent_queues.forget(connection, [f"many {number}" for number in range(sent_queues.MAX_KEPT)], time.time())
        for name in ("full", "empty"):
            sent_queues.keep(connection, name, time.time() - KEEP_SECONDS - 1)
    QueueWatch(broker, database).look()
    with database.reading() as connection:
        assert set(sent_queues.read_kept(connection)) == {"new", "full"}


def test_a_sign_of_life_names_kinds_and_queues(broker: Settings) -> None:
    assert broker.redis_url is not None
    worker = Heartbeat(broker.redis_url, (DATASETS, "jobs"))
    worker.beat(["a b", "qed"])
    with redis.Redis.from_url(broker.redis_url, decode_responses=True) as client:
        assert list(living_workers(client).values()) == [Alive((DATASETS, "jobs"), frozenset({"a b", "qed"}))]
        worker.beat(["a b", "qed"], ["qed"])
        (alive,) = living_workers(client).values()
    assert alive == Alive((DATASETS, "jobs"), frozenset({"a b", "qed"}), frozenset({"qed"}))
    assert [alive.serves_as_its_own(each) for each in ("a b", "qed", "other")] == [True, False, False]
    worker.close()


def test_what_a_task_declares_wins_over_routes_as_in_celery() -> None:
    program = (
        "from celery import shared_task\n"
        "from longshore import celery\n"
        "from longshore.queues.celery_app import task_queues\n"
        "def work(): return 1\n"
        "shared_task(name='shared', queue='s')(work)\n"
        "celery.task(name='routed')(work)\n"
        "celery.task(name='both', queue='own')(work)\n"
        "celery.conf.task_routes = {'routed': {'queue': 'r'}, 'both': {'queue': 'r'}}\n"
        "found = task_queues(celery)\n"
        "assert found == {'shared': 's', 'routed': 'r', 'both': 'own'}, found\n"
        "assert task_queues(celery) == found\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
