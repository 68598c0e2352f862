"""Jobs with RabbitMQ as the broker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection
from pydantic import SecretStr

from longshore.server.queues import _declare_passively
from longshore.settings import Settings
from support.jobs import HANDLERS, JobsAPI, wardens
from support.rabbitmq import running_rabbitmq, why_not
from support.server import LongshoreServer
from support.sockets import Listener
from support.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    (folder / "broker").mkdir()
    environment = {"HANDLERS_DIR": str(HANDLERS), "JOB_CONCURRENCY": "2"}
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
        asked = {name: _declare_passively(connection, name) for name in ("jobs", "forgotten", "never declared")}
    assert asked["jobs"][1] > 0
    assert asked["forgotten"] == (1, 0)
    assert asked["never declared"] == (0, 0)


def test_a_queue_that_is_named_only_where_something_is_sent_is_taken_up(server: LongshoreServer) -> None:
    program = "from longshore import celery; celery.send_task('nobody.knows.this', queue='named-late')"
    environment = {**os.environ, **server.environment, "ROOT_STORAGE_PATH": str(server.storage)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    eventually(lambda: "nobody.knows.this" in server.log, 20, "a word of the worker that got it")


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
    wardens(server)[0].kill()
    eventually(lambda: all(api.show(job_id)["status"] == "SUCCESS" for job_id in ids), 60, "the end of all jobs")
