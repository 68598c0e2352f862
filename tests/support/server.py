"""A whole server as its user starts it, in processes of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from longshore.testing import READY_SECONDS, ServerProcess
from support.waiting import eventually


class LongshoreServer(ServerProcess):
    """``python -m longshore serve`` on ``storage``; a context manager that starts and stops it.

    :param environment: variables on top of the tests' own.
    """

    def __init__(self, storage: Path, **environment: str) -> None:
        log_path, output_path = (storage.with_name(f"{storage.name}.{kind}") for kind in ("log", "output"))
        super().__init__(storage, log_path, output_path, {"WORKER_CONCURRENCY": "2", **environment})
        self.ready_after_seconds = 0.0

    def __enter__(self) -> LongshoreServer:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        # How it stops when asked is what some tests are about; a graceful end of each one took minutes of a whole run.
        self.end(gracefully=False)

    def start(self, *options: str) -> None:
        """Start it; see :meth:`wait_until_ready`."""
        super().start(*options)
        self.started_at = time.monotonic()

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> list[str]:
        """Wait for the line that says where it is, which is the first."""
        before = super().wait_until_ready(seconds)
        assert before == [], "something stands above the address"
        self.ready_after_seconds = time.monotonic() - self.started_at
        return before

    @property
    def pid(self) -> int:
        """Process of the supervisor."""
        return self.running.pid

    def parts(self) -> dict[str, psutil.Process]:
        """The supervisor's children that run now, by name: broker, worker, import worker, job worker, web."""
        found = {}
        for child in psutil.Process(self.pid).children():
            try:
                words = child.cmdline()
                name = child.name()
            except psutil.NoSuchProcess:
                continue
            if "valkey" in name or "redis" in name:
                found["broker"] = child
            role = words[words.index("longshore") + 1 :][:1] if "longshore" in words else []
            if role == ["web"]:
                found["web"] = child
            if role == ["worker"]:
                roles = {"datasets": "worker", "imports": "import worker"}
                found[next((roles[word] for word in words if word in roles), "job worker")] = child
        return found

    def family(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        supervisor = psutil.Process(self.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def kill(self, part: str) -> int:
        """Kill -9 ``part`` (broker, worker, web) or, for "task process" and "web process", one below it; its pid."""
        parts = self.parts()
        if part in parts:
            victim = parts[part]
        else:
            parent = parts["worker" if part == "task process" else "web"]
            victim = parent.children()[0]
        victim.send_signal(signal.SIGKILL)
        return victim.pid

    def diagnose(self, seconds: float = 5) -> httpx.Response:
        """GET /diagnostic."""
        return httpx.get(f"{self.url}/diagnostic", timeout=seconds)

    def wait_until_well(self, seconds: float = 30) -> dict[str, Any]:
        """Wait for /diagnostic to be fine again; its answer."""

        def well() -> dict[str, Any]:
            answer = self.diagnose()
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        return eventually(well, seconds, "a good diagnosis")

    def signal(self, number: int) -> None:
        """Send a signal to the supervisor alone."""
        self.running.send_signal(number)

    def _stops(self) -> bool:
        """Ask it to stop; whether it did in time."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self, *, gracefully: bool = True) -> None:
        """Make sure that nothing of it is left, whatever a test did."""
        if self.process is None:
            return
        if self.process.poll() is None:
            family = self.family()
            if not (gracefully and self._stops()):
                for process in family:
                    kill_quietly(process)
                self.process.wait()


def kill_quietly(process: psutil.Process) -> None:
    """Kill a process that may be gone already."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended."""

    def runs(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [process for process in processes if runs(process)]


@contextmanager
def serving(storage: Path, **environment: str) -> Iterator[LongshoreServer]:
    """A server that is ready, and ended afterwards."""
    with LongshoreServer(storage, **environment) as server:
        yield server
