"""Jobs with RabbitMQ as the broker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Queue
from pydantic import SecretStr

from longshore.cli.healthcheck import check_worker
from longshore.errors import Unavailable
from longshore.jobs.tasks import send_messages
from longshore.queues.celery_app import make_celery
from longshore.queues.undeclared import announce, declare_passively
from longshore.settings import Settings
from support.jobs import HANDLERS, JobsAPI, executors
from support.plain_tasks import Plain, lay_out
from support.rabbitmq import running_rabbitmq, why_not
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    (folder / "broker").mkdir()
    environment = {"HANDLERS_DIR": str(HANDLERS), **lay_out(folder)}
    with (
        running_rabbitmq(folder / "broker") as url,
        LongshoreServer(folder / "storage", BROKER_URL=url, **environment) as running,
    ):
        yield running


def test_both_workers_are_found(server: LongshoreServer) -> None:
    eventually(
        lambda: server.diagnose().json()["checks"]["workers"]["detail"] == "1 alive, and 1 for jobs", 20, "both workers"
    )


def test_a_queue_that_nobody_consumes_is_told(server: LongshoreServer) -> None:
    eventually(lambda: server.diagnose().json()["checks"]["queues"]["detail"] == "each has a worker", 20, "consumers")
    settings = Settings.from_environment(
        root_storage_path=server.storage, broker_url=SecretStr(server.environment["BROKER_URL"])
    )
    with Connection(settings.kombu_url) as connection:
        connection.SimpleQueue("jobs").close()  # served: a queue that is there and has a consumer
        forgotten = connection.SimpleQueue("forgotten")
        forgotten.put({"a": 1})
        forgotten.close()
        asked = {name: declare_passively(connection, name) for name in ("jobs", "forgotten", "never declared")}
    assert asked["jobs"][1] > 0
    assert asked["forgotten"] == (1, 0)
    assert asked["never declared"] == (0, 0)


def run_script(server: LongshoreServer, program: str) -> None:
    environment = {**os.environ, **server.environment, "ROOT_STORAGE_PATH": str(server.storage)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)


def send(server: LongshoreServer, task: str, queue: str) -> None:
    run_script(server, f"from longshore import celery; celery.send_task({task!r}, queue={queue!r})")


def test_a_queue_that_is_named_only_where_something_is_sent_is_taken_up(server: LongshoreServer) -> None:
    send(server, "nobody.knows.this", "named-late")
    eventually(lambda: "nobody.knows.this" in server.log, 20, "a word of the worker that got it")


def test_a_queue_that_was_taken_up_is_taken_up_again_after_a_restart(server: LongshoreServer) -> None:
    send(server, "before.the.restart", "named-late")
    eventually(lambda: "before.the.restart" in server.log, 20, "a word of the worker that got it")
    server.end()
    url = server.environment["BROKER_URL"]
    run_script(server, f"from celery import Celery; Celery(broker={url!r}).send_task('between', queue='named-late')")
    server.start()
    server.wait_until_ready()
    eventually(lambda: "task of type 'between'" in server.log, 20, "a word of the worker that got it")


def test_a_queue_that_somebody_consumes_is_left_alone(server: LongshoreServer) -> None:
    url = Settings.from_environment(broker_url=SecretStr(server.environment["BROKER_URL"])).kombu_url
    with Connection(url) as connection, connection.Consumer(Queue("special"), callbacks=[lambda *_: None]):
        eventually(lambda: declare_passively(connection, "special")[1] == 1, 20, "the consumer")
        send(server, "for.special", "special")
        send(server, "for.all", "named-later")
        eventually(lambda: "task of type 'for.all'" in server.log, 20, "a word of the worker that got it")
        assert declare_passively(connection, "special")[1] == 1


@pytest.mark.parametrize("url", ["amqp://guest:wrong@{place}//", "amqp://guest:guest@{place}/nowhere"])
def test_a_broker_that_lets_nobody_in_is_told_as_one_that_is_away(server: LongshoreServer, url: str) -> None:
    place = server.environment["BROKER_URL"].partition("@")[2].rstrip("/")
    settings = Settings.from_environment(
        root_storage_path=server.storage, broker_url=SecretStr(url.format(place=place))
    )
    app = make_celery(settings)
    assert "the broker is away" in check_worker(settings, ["datasets"], 1)
    assert not announce(app, "free")
    with pytest.raises(Unavailable):
        send_messages(app, "jobs", 1)


def test_jobs_run_and_are_told_of(server: LongshoreServer, tmp_path: Path) -> None:
    api = JobsAPI(server)
    end = tmp_path / "end"
    job_id = api.submit("wait_for_file", path=str(end))
    listener = Listener(server.url)
    try:
        listener.acknowledged("subscribeJobs", {"job_id": job_id})
        end.touch()
        assert listener.wait_for("jobs", id=job_id, status="SUCCESS")["data"] == "seen"
    finally:
        listener.close()


def test_a_killed_task_process_loses_no_job(server: LongshoreServer, tmp_path: Path) -> None:
    api = JobsAPI(server)
    inputs = [{"folder": str(tmp_path), "number": number, "seconds": 0.01} for number in range(50)]
    ids = api.submit_batch("mark", inputs)
    eventually(lambda: (tmp_path / "marks").exists(), 20, "the first job")
    executors(server)[0].kill()
    eventually(lambda: all(api.show(job_id)["status"] == "SUCCESS" for job_id in ids), 60, "the end of all jobs")


def test_a_plain_task_whose_worker_is_killed_runs_again(server: LongshoreServer) -> None:
    plain = Plain(server, server.storage.parent)
    task = plain.send("first_waits", "worker")
    plain.begun("worker")
    server.parts()["job worker"].kill()
    assert plain.ended(task, "SUCCESS") == {"attempt": 2}
