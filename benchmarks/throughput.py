"""Short jobs beside bare Celery, in one run on one broker: how much the records and the separate process cost.

    python benchmarks/throughput.py            1,000 jobs each way

Bare Celery is the same package on the same kind of broker with the same number of processes: tasks that do nothing,
acknowledged early, without results. Absolute figures depend on the machine; the ratios are what counts.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.server import LongshoreServer  # noqa: E402
from support.sockets import Listener  # noqa: E402

PROCESSES = 2
THREADS = 4
ROUND_TRIPS = 100

TASKS = """
import os, redis
from celery import Celery
app = Celery("bare", broker=os.environ["BARE_BROKER"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4, task_acks_late=False)
client = redis.Redis.from_url(os.environ["BARE_REDIS"])

@app.task
def nothing():
    pass

@app.task
def answer(channel):
    client.lpush(channel, 1)
"""
JOBS = '''
from longshore.jobs.declaring import job

@job("nothing")
def nothing() -> int:
    """Do nothing."""
    return 1
'''
failures: list[str] = []


def tell(what: str, figure: str, bound: str, ok: bool) -> None:
    """One line of the table."""
    print(f"{'ok  ' if ok else 'OVER'}  {what:<46} {figure:<56} {bound}", flush=True)
    if not ok:
        failures.append(what)


@contextmanager
def bare_celery(folder: Path, socket: Path) -> Iterator[tuple[object, redis.Redis]]:
    """A bare worker on the broker behind ``socket``, in a database of its own names."""
    (folder / "bare_tasks.py").write_text(TASKS)
    os.environ["BARE_BROKER"] = f"redis+socket://{socket}"
    os.environ["BARE_REDIS"] = f"unix://{socket}"
    sys.path.insert(0, str(folder))
    import bare_tasks

    client = redis.Redis.from_url(os.environ["BARE_REDIS"])
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "bare_tasks", "worker", "-c", str(PROCESSES), "-Q", "celery",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        bare_tasks.answer.delay("warm")
        assert client.blpop(["warm"], 30)
        yield bare_tasks, client
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def bare_rate(tasks: object, client: redis.Redis, count: int) -> float:
    """Tasks a second, submitted by several threads; one more, the last in the queue, tells of the end."""
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: tasks.nothing.delay(), range(count)))  # type: ignore[attr-defined]
    tasks.answer.delay("end")  # type: ignore[attr-defined]
    client.blpop(["end"], 60)
    return count / (time.perf_counter() - start)


def bare_round_trips(tasks: object, client: redis.Redis) -> list[float]:
    times = []
    for number in range(ROUND_TRIPS):
        start = time.perf_counter()
        tasks.answer.delay(f"a{number}")  # type: ignore[attr-defined]
        client.blpop([f"a{number}"], 10)
        times.append(time.perf_counter() - start)
    return times


class Ours:
    """The jobs of a whole server."""

    def __init__(self, server: LongshoreServer) -> None:
        self.server = server
        self.local = threading.local()

    @property
    def connection(self) -> http.client.HTTPConnection:
        """One for each thread, kept open; the lightest client there is, for it shares the processors."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", int(self.server.url.rsplit(":", 1)[1]))
        return self.local.connection

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        self.connection.request(
            method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}
        )
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text)

    def submit(self) -> str:
        return str(self.ask("POST", "/api/v1/jobs/nothing", {})["job_id"])

    def unfinished(self) -> int:
        return int(self.ask("GET", "/api/v1/jobs?limit=1&status=PENDING,STARTED,RETRY")["total"])

    def wait(self) -> None:
        while self.unfinished():
            time.sleep(0.02)

    def rate_of_posts(self, count: int) -> tuple[float, float]:
        """Jobs a second: accepted, and done."""
        start = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: self.submit(), range(count)))
        accepted = time.perf_counter() - start
        self.wait()
        return count / accepted, count / (time.perf_counter() - start)

    def rate_of_batch(self, count: int) -> float:
        start = time.perf_counter()
        self.ask("POST", "/api/v1/jobs/nothing/batch", [{}] * count)
        self.wait()
        return count / (time.perf_counter() - start)

    def round_trips(self) -> list[float]:
        """From the request to the event that tells of its success."""
        listener = Listener(self.server.url)
        times = []
        try:
            for _ in range(ROUND_TRIPS):
                start = time.perf_counter()
                job_id = self.submit()
                listener.client.emit("subscribeJobs", {"job_id": job_id})
                listener.wait_for("jobs", seconds=20, id=job_id, status="SUCCESS")
                times.append(time.perf_counter() - start)
        finally:
            listener.close()
        return times


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "handlers").mkdir()
        (folder / "handlers" / "jobs.py").write_text(JOBS)
        environment = {"HANDLERS_DIR": str(folder / "handlers"), "JOB_CONCURRENCY": str(PROCESSES)}
        with LongshoreServer(folder / "storage", **environment) as server:
            ours = Ours(server)
            ours.rate_of_batch(50)
            with bare_celery(folder, folder / "storage" / "broker" / "valkey.sock") as (tasks, client):
                bare = statistics.median(bare_rate(tasks, client, count) for _ in range(3))
                bare_trip = statistics.median(bare_round_trips(tasks, client)) * 1000
            posts = [ours.rate_of_posts(count) for _ in range(3)]
            done = statistics.median(rate for _, rate in posts)
            accepted = statistics.median(rate for rate, _ in posts)
            batch = statistics.median(ours.rate_of_batch(count) for _ in range(3))
            trip = statistics.median(ours.round_trips()) * 1000
    print(
        f"{count:,} jobs that do nothing, {PROCESSES} processes; bare Celery: {bare:.0f}/s, round trip {bare_trip:.1f} ms"
    )
    tell(
        "one request each",
        f"{done:.0f}/s done ({accepted:.0f}/s accepted) = {done / bare:.2f} x",
        ">= 0.3 x",
        done >= 0.3 * bare,
    )
    tell("one batch", f"{batch:.0f}/s = {batch / bare:.2f} x", ">= 0.7 x", batch >= 0.7 * bare)
    tell(
        "request to SUCCESS event, p50",
        f"{trip:.1f} ms, {trip - bare_trip:.1f} ms more",
        "<= 15 ms more",
        trip - bare_trip <= 15,
    )
    print("all within bounds" if not failures else f"over: {', '.join(failures)}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
