"""``longshore handlers`` and the check that the supervisor makes before it starts workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANDLER = '''
print("not JSON")
from longshore import app, celery, job

@app.get("/mine")
def mine():
    """Says whose it is."""
    return "mine"

@job("double", queue="qed")
def double(number: int) -> int:
    """Twice the number."""
    return 2 * number

@celery.task(name="plain", queue="other")
def plain():
    return 1

celery.conf.task_routes = {"routed": {"queue": "third"}}

@celery.task(name="routed")
def routed():
    return 1

@celery.task(name="unqueued")
def unqueued():
    return 1
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which a server is started."""
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "one.py").write_text(HANDLER)
    (tmp_path / "mounted.py").write_text("from flask import Flask\napp = Flask(__name__)")
    return tmp_path


def longshore(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "longshore", *words],
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_names_of_queues_jobs_and_tasks_for_the_supervisor(project: Path) -> None:
    result = longshore(project, "declarations")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["jobs"] == ["double"]
    assert found["tasks"] == ["plain", "routed", "unqueued"]
    assert {"other", "qed", "third"} < set(found["queues"])
    assert len(found["queues"]) == 4
    assert "not JSON" in result.stderr
    assert not (project / "storage").exists()


def test_everything_that_can_be_asked_is_listed(project: Path) -> None:
    listed = longshore(project, "handlers", MOUNTS="/other=mounted:app").stdout
    lines = [" ".join(line.split()) for line in listed.splitlines()]
    for expected in (
        "GET /mine longshore_handlers.one Says whose it is.",
        "/other mounted:app",
        "double (queue qed) longshore_handlers.one.double Twice the number.",
        "plain (queue other)",
        "GET /hello longshore.monitoring.health_routes A greeting.",
        "POST /api/v1/datasets/<session_id>/undo longshore.datasets.routes Take the last step back.",
    ):
        assert expected in lines


@pytest.mark.parametrize(
    ("environment", "code", "reason"),
    [
        ({"TASK_MODULES": "no_such.module"}, 1, "TASK_MODULES names the module 'no_such.module', and there is no"),
        ({"MOUNTS": "/m=mounted:nothing"}, 1, "there is no 'nothing' in mounted"),
        ({"MOUNTS": "/api=mounted:app"}, 2, "it would hide the server's own /api/v1/"),
    ],
)
def test_a_failure_is_a_sentence(project: Path, environment: dict[str, str], code: int, reason: str) -> None:
    result = longshore(project, "declarations", **environment)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1].startswith("longshore: ")
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_the_celery_application_is_one_in_a_process() -> None:
    program = (
        "from longshore import celery; import longshore\n"
        "assert longshore.celery is celery\n"
        "from longshore.queues.celery_app import make_celery\n"
        "made = make_celery(celery.settings)\n"
        "assert longshore.celery is made\n"
        "import longshore.supervision.celery_worker"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_importing_the_package_loads_nothing_big() -> None:
    program = "import longshore, sys; print([m for m in ('flask', 'celery', 'polars', 'pydantic') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n"
