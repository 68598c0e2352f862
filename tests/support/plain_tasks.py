"""A merged application with plain Celery tasks that end as they are wanted to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx

from support.server import LongshoreServer
from support.waiting import eventually

APPLICATION = '''
import os, signal, sys, time
from pathlib import Path
from celery.result import AsyncResult
from flask import Flask, jsonify, request
from longshore import celery

app = Flask("plain")
HERE = Path(__file__).parent


def note(name):
    """Write down one more attempt; how many there were."""
    with (HERE / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return len((HERE / name).read_text().split())


@celery.task(name="plain.first_waits", queue="qed")
def first_waits(name):
    attempt = note(name)
    while attempt == 1 and not (HERE / f"{name}.go").exists():
        time.sleep(0.02)
    return {"attempt": attempt}


@celery.task(name="plain.only_once", bind=True, rerun_if_lost=False)
def only_once(self, name):
    return first_waits.run(name)


@celery.task(name="plain.kills_itself")
def kills_itself(name):
    note(name)
    os.kill(os.getpid(), signal.SIGKILL)


@celery.task(name="plain.too_long", time_limit=1)
def too_long(name):
    note(name)
    time.sleep(600)


@celery.task(name="plain.too_long_and_quiet", time_limit=1, ignore_result=True)
def too_long_and_quiet(name):
    note(name)
    time.sleep(600)


@celery.task(name="plain.leaves")
def leaves(name):
    note(name)
    sys.exit(3)


@app.post("/<task>/<name>")
def send(task, name):
    return celery.tasks[f"plain.{task}"].delay(name).id


@app.get("/<task_id>")
def tell(task_id):
    found = AsyncResult(task_id, app=celery)
    return jsonify(status=found.status, result=found.result if found.status == "SUCCESS" else str(found.result))


@app.delete("/<task_id>")
def end(task_id):
    AsyncResult(task_id, app=celery).revoke(terminate=True, signal="SIGKILL")
    return ""
'''


class Plain:
    """The application on a running server."""

    def __init__(self, server: LongshoreServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def send(self, task: str, name: str) -> str:
        answer = httpx.post(f"{self.server.url}/plain/{task}/{name}", timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    def tell(self, task_id: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.server.url}/plain/{task_id}", timeout=30).json())

    def attempts(self, name: str) -> list[int]:
        path = self.folder / name
        return list(map(int, path.read_text().split())) if path.exists() else []

    def begun(self, name: str, times: int = 1) -> int:
        """Wait until a task was begun so often; the process that did it last."""

        def begun() -> int:
            attempts = self.attempts(name)
            assert len(attempts) == times
            return attempts[-1]

        return eventually(begun, 30, f"attempt {times} of {name}")

    def ended(self, task_id: str, status: str) -> Any:
        """Wait for a status; the result."""

        def ended() -> Any:
            told = self.tell(task_id)
            assert told["status"] == status, told
            return told["result"]

        return eventually(ended, 40, f"{status} of {task_id}")


def lay_out(folder: Path) -> dict[str, str]:
    """Put the application into a folder; the settings of a server that has it."""
    (folder / "plain.py").write_text(APPLICATION)
    return {
        "MOUNTS": "/plain=plain:app",
        "TASK_MODULES": "plain",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
        "JOB_CONCURRENCY": "2",
    }
