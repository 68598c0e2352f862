"""A whole server as its user starts it, in processes of its own."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

from support.waiting import eventually

READY_SECONDS = 60  # for machines on which everything else is running, too
STOP_SECONDS = 30


class LongshoreServer:
    """``python -m longshore serve`` on ``storage``; a context manager that starts and stops it.

    :param environment: variables on top of the tests' own.
    """

    def __init__(self, storage: Path, **environment: str) -> None:
        self.storage = storage
        self.environment = {"PORT": "0", "WORKER_CONCURRENCY": "2", **environment}
        self.log_path = storage.with_name(f"{storage.name}.log")
        self.program = [sys.executable, "-m", "longshore"]
        self.folder: Path | None = None
        """Where it is started; default: where the tests were."""
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.ready_after_seconds = 0.0
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

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
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "serve", "--storage", str(self.storage), *options],
                env=os.environ | self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                start_new_session=True,  # so that a test can press Ctrl-C in "its" terminal
            )
        self.started_at = time.monotonic()
        assert self.process.stdout is not None
        self._lines = queue.SimpleQueue()
        self._collector = threading.Thread(target=_collect, args=(self.process.stdout, self._lines), daemon=True)
        self._collector.start()

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait for the line that says where it is."""
        line = self.read_line(seconds)
        found = re.search(r"is ready: (http://\S+)", line)
        assert found, f"{line!r}; its log: {self.log}"
        self.ready_after_seconds = time.monotonic() - self.started_at
        self.url = found[1]

    def read_line(self, seconds: float = READY_SECONDS) -> str:
        """The next line of its standard output; "" once that has ended."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no line within {seconds} s; its log: {self.log}") from None

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self.process is not None, "the server was not started"
        return self.process

    @property
    def pid(self) -> int:
        """Process of the supervisor."""
        return self._running.pid

    @property
    def log(self) -> str:
        """All that it wrote to standard error."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

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
        self._running.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for the supervisor's end; its exit code."""
        return self._running.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, then :meth:`wait`."""
        self.signal(signal.SIGTERM)
        return self.wait()

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
        self._collector.join(STOP_SECONDS)


def _collect(stream: IO[str], lines: queue.SimpleQueue[str]) -> None:
    """Read a server's output as it comes, so that it never waits for the test."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")


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
