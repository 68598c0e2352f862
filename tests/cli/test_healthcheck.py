"""``longshore healthcheck``: whether this machine's own part is well, as containers and orchestrators ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.cli.healthcheck import UnwellError, check_web, check_worker
from longshore.settings import Settings
from support.nginx import free_port
from support.server import LongshoreServer
from support.waiting import eventually


def ask(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "longshore", "healthcheck", *words],
        env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongshoreServer]:
    with LongshoreServer(tmp_path_factory.mktemp("health") / "storage", PORT=str(free_port())) as running:
        yield running


@pytest.mark.processes
def test_a_server_that_is_well(server: LongshoreServer) -> None:
    done = ask("--port", server.environment["PORT"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


@pytest.mark.processes
def test_workers_are_asked_for_by_their_queues(server: LongshoreServer) -> None:
    done = ask("--queues", "datasets,imports", "--storage", str(server.storage))
    assert (done.returncode, done.stdout) == (0, "each queue has a worker here\n"), done.stderr


@pytest.mark.processes
def test_a_queue_without_a_worker_is_named(server: LongshoreServer) -> None:
    done = ask("--queues", "datasets,qed", "--storage", str(server.storage))
    assert (done.returncode, done.stderr) == (1, "longshore: no worker here serves qed\n")


@pytest.mark.processes
def test_a_worker_elsewhere_does_not_count(server: LongshoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_environment(root_storage_path=server.storage)
    assert check_worker(settings, ["datasets"]) == "each queue has a worker here"
    monkeypatch.setattr("longshore.cli.healthcheck.place", lambda: "another container")
    with pytest.raises(UnwellError, match="no worker here serves datasets"):
        check_worker(settings, ["datasets"])


@pytest.mark.processes
def test_a_worker_that_stands_still_is_not_well(storage: Path) -> None:
    with LongshoreServer(storage) as server:
        settings = Settings.from_environment(root_storage_path=storage)
        worker = server.parts()["worker"]
        worker.send_signal(signal.SIGSTOP)
        try:

            def told() -> bool:
                try:
                    check_worker(settings, ["datasets"])
                except UnwellError as error:
                    return str(error) == "no worker here serves datasets"
                return False

            assert eventually(told, 30, "the end of the worker's sign of life")
        finally:
            worker.send_signal(signal.SIGCONT)


def test_no_server_is_told_with_its_address() -> None:
    port = free_port()
    done = ask("--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"longshore: no answer from http://127.0.0.1:{port}: Connection refused\n"


def test_a_server_that_is_not_well_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Unwell(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"message": "disk: 1 MiB free"}'
            self.send_response(500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Unwell) as unwell:
        thread = Thread(target=unwell.handle_request)
        thread.start()
        with pytest.raises(UnwellError, match=r"^disk: 1 MiB free$"):
            check_web(Settings.from_environment(port=unwell.server_port, bind_interface="0.0.0.0"))
        thread.join(10)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", "amqp://127.0.0.1:{port}//"])
def test_a_broker_that_is_away_is_not_the_workers_fault(url: str) -> None:
    settings = Settings.from_environment(broker_url=url.format(port=free_port()))
    assert "the broker is away" in check_worker(settings, ["datasets"], 1)


def test_queues_without_a_name_are_refused() -> None:
    done = ask("--queues", ",")
    assert (done.returncode, done.stderr) == (2, "longshore: --queues names no queue\n")
