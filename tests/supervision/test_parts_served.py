"""Web server and worker started one by one, as on several machines, and a server on a broker of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from longshore.settings import Settings
from longshore.supervision.broker import answers, make_broker, prepare_broker
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes


def longshore(*words: str) -> list[str]:
    return [sys.executable, "-m", "longshore", *words]


@contextmanager
def running(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A part, ended by SIGTERM afterwards, with exit code 0."""
    with subprocess.Popen(
        longshore(*words), env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    """A broker that is not the server's own."""
    elsewhere = Settings.from_environment(root_storage_path=tmp_path / "elsewhere")
    path = prepare_broker(elsewhere)
    child = make_broker(elsewhere, path)
    child.start()
    try:
        eventually(lambda: answers(path), 10, "an answer of the broker")
        yield f"unix://{path}"
    finally:
        child.kill()


def test_parts_on_a_common_broker_find_each_other(storage: Path, broker_url: str) -> None:
    shared = {"BROKER_URL": broker_url}
    with running("web", "--storage", str(storage), "--port", "0", **shared) as web:
        assert web.stdout is not None
        found = re.search(r"http://\S+", web.stdout.readline())
        assert found
        alone = eventually(lambda: httpx.get(f"{found[0]}/diagnostic"), 20)
        assert alone.status_code == 500
        assert alone.json()["message"] == "workers: no worker is alive"
        with running("worker", "--storage", str(storage), "--concurrency", "1", **shared):
            eventually(lambda: httpx.get(f"{found[0]}/diagnostic").status_code == 200, 20, "a good diagnosis")
        eventually(lambda: httpx.get(f"{found[0]}/diagnostic").status_code == 500, 20, "a worker less")


def test_a_server_on_an_outside_broker_starts_none_itself(storage: Path, broker_url: str) -> None:
    with LongshoreServer(storage, BROKER_URL=broker_url) as server:
        assert set(server.parts()) == {"web", "worker", "import worker"}
        assert server.stop() == 0
    assert not (storage / "broker").exists()


def test_a_further_worker_joins_the_server_of_its_storage_folder(server: LongshoreServer) -> None:
    assert server.diagnose().json()["checks"]["workers"]["detail"] == "1 alive"
    with running("worker", "--storage", str(server.storage), "--concurrency", "1"):
        eventually(lambda: server.diagnose().json()["checks"]["workers"]["detail"] == "2 alive", 20, "a second worker")


def test_a_worker_of_the_tables_queue_alone_brings_one_for_imports_along(server: LongshoreServer) -> None:
    def kinds() -> list[str]:
        told = httpx.get(f"{server.url}/api/v1/server").json()["details"]["workers"]
        return sorted(kind for worker in told for kind in worker["kinds"])

    assert kinds() == ["datasets", "imports"]
    with running("worker", "--storage", str(server.storage), "--queues", "datasets", "--concurrency", "1"):
        eventually(lambda: kinds() == ["datasets", "datasets", "imports", "imports"], 30, "two further workers")


@pytest.mark.parametrize("part", ["web", "worker"])
def test_a_part_without_a_broker_says_what_it_needs(storage: Path, part: str) -> None:
    result = subprocess.run(longshore(part, "--storage", str(storage)), capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "set BROKER_URL, or run `longshore serve`" in result.stderr


def test_a_broken_broker_file_ends_the_start_with_its_reason(storage: Path) -> None:
    folder = storage / "broker" / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.manifest").write_text("this is no manifest\n")
    result = subprocess.run(
        longshore("serve", "--storage", str(storage), "--port", "0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "the embedded broker ended with code 1: " in result.stderr
    assert "manifest" in result.stderr.splitlines()[-1]


def test_the_version() -> None:
    result = subprocess.run(longshore("--version"), capture_output=True, text=True, check=True)
    assert re.fullmatch(r"longshore, version \d+\.\d+\.\d+\n", result.stdout)


def test_a_part_that_was_started_by_hand_outlives_its_shell(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    environment = os.environ | {
        "ROOT_STORAGE_PATH": str(tmp_path / "storage"),
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "PORT": "0",
    }
    script = 'nohup "$0" -m longshore web > "$1" 2>&1 & echo $!; read line'
    shell = subprocess.Popen(
        ["sh", "-c", script, sys.executable, str(log)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shell.stdout is not None
    web = psutil.Process(int(shell.stdout.readline()))
    try:
        address = eventually(lambda: re.findall(r"http://\S+", log.read_text())[0], 60, "the start")
        eventually(lambda: httpx.get(f"{address}/healthz").status_code == 200, 60)
        shell.communicate(timeout=30)
        web.send_signal(signal.SIGHUP)  # as the terminal does when it closes
        assert httpx.get(f"{address}/healthz").status_code == 200
        web.terminate()
        web.wait(30)
    finally:
        for process in [*(web.children(recursive=True) if web.is_running() else []), web]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
