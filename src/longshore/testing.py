"""For tests of handlers and jobs: a whole server, a client of it, and the local events that it would have written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.handlers.local_events import Events, current_events, user_token
from longshore.settings import Settings

if TYPE_CHECKING:
    from longshore.client import Client

READY_SECONDS = 60
STOP_SECONDS = 30
LOOK_SECONDS = 0.02


class ServerError(Exception):
    """A server did not start or did not stop; the message holds what it wrote to its log."""


class ServerProcess:
    """``longshore serve`` in a process of its own, which starts the others.

    What it writes goes to two files, to whose ends each start appends: a file neither fills up nor closes.

    :param storage: where it keeps its data.
    :param log_path: file for its standard error.
    :param output_path: file for its standard output.
    :param environment: settings, on top of this process's own.
    """

    def __init__(self, storage: Path, log_path: Path, output_path: Path, environment: Mapping[str, str]) -> None:
        self.storage = storage
        self.log_path = log_path
        self.output_path = output_path
        self.environment = {"PORT": "0", **environment}
        self.program = [sys.executable, "-m", "longshore"]
        self.folder: Path | None = None
        """Where it is started; default: where this process was."""
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        """Its address, once it is ready."""
        self._read_bytes = 0

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        if self.process is None:
            raise ServerError("the server was not started")
        return self.process

    @property
    def log(self) -> str:
        """All that it has written to standard error."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self, *options: str) -> None:
        """Start it with these options of ``serve``, or start it again; see :meth:`wait_until_ready`."""
        with self.log_path.open("ab") as log, self.output_path.open("ab") as output:
            self._read_bytes = output.tell()
            self.process = subprocess.Popen(
                [*self.program, "serve", "--storage", str(self.storage), *options],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # no Ctrl-C reaches it but those that are meant for it
            )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> list[str]:
        """Wait for the line that says where it is; the lines that came before.

        :raises ServerError: when it ends instead of becoming ready, or takes longer.
        """
        before: list[str] = []
        while line := self.read_line(seconds):
            if found := re.search(r"is ready: (http://\S+)", line):
                self.url = found[1]
                return before
            before.append(line)
        code = self.running.wait()
        raise ServerError(f"the server ended with code {code} instead of becoming ready:\n{self.log}")

    def read_line(self, seconds: float = READY_SECONDS) -> str:
        """The next line of its standard output; "" once it has ended without another.

        :raises ServerError: when none comes in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            ended = self.running.poll() is not None  # asked first: its last line is there by then
            if (line := self._next_line()) or ended:
                return line
            if time.monotonic() > deadline:
                raise ServerError(f"the server wrote no line within {seconds:g} s:\n{self.log}")
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(LOOK_SECONDS)

    def _next_line(self) -> str:
        with self.output_path.open("rb") as output:
            output.seek(self._read_bytes)
            line = output.readline()
        if not line.endswith(b"\n"):
            return ""
        self._read_bytes += len(line)
        return line.decode(errors="replace")

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for its end; its exit code.

        :raises subprocess.TimeoutExpired: when that takes longer.
        """
        return self.running.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, then :meth:`wait`."""
        self.running.terminate()
        return self.wait()

    def abort(self) -> None:
        """End it at once, and with it everything that it started."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Server:
    """A server on a free port of this machine, with its broker and workers, in processes of its own.

    It keeps its data in a folder of its own, which is removed with it, unless ``storage`` names one.

    :param handlers: folder of handlers; None: a server without any.
    :param storage: where it keeps its data.
    :param settings: any other setting by its name, such as ``WORKER_CONCURRENCY="1"`` or ``TASK_MODULES="tides"``; a
        module may lie in the current folder.
    """

    def __init__(self, handlers: Path | None = None, *, storage: Path | None = None, **settings: str) -> None:
        self._stack = ExitStack()
        self._wanted = storage
        self._settings = settings
        if handlers is not None:
            self._settings["HANDLERS_DIR"] = str(handlers.resolve())
        self._is_running = False

    def __enter__(self) -> Server:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="longshore-")))
        self.storage = self._wanted or self.folder / "storage"
        self._settings.setdefault("HANDLERS_DIR", str(self.folder / "handlers"))
        self._process = ServerProcess(self.storage, self.folder / "log", self.folder / "output", self._settings)
        try:
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            self.stop()

    @property
    def url(self) -> str:
        """Its address."""
        return self._process.url

    @property
    def log(self) -> str:
        """All that it has written to standard error."""
        return self._process.log

    @property
    def events(self) -> list[str]:
        """The lines that it has written to standard output after the first: local events, as JSON."""
        return [line for line in self._process.output_path.read_text().splitlines() if line.startswith("{")]

    def client(self, **options: Any) -> Client:
        """A client of it, with the options of :class:`longshore.Client`."""
        from longshore.client import Client

        return Client(self.url, **options)

    def start(self) -> None:
        """Start it, or start it again on the same data.

        :raises ServerError: when it ends instead of becoming ready, or takes longer than a minute.
        """
        self._process.start()
        try:
            self._process.wait_until_ready()
        except BaseException:
            self._process.abort()
            raise
        self._is_running = True

    def stop(self) -> None:
        """Stop it as SIGTERM does; what it has accepted is kept.

        :raises ServerError: when it had to be killed, or had ended by itself.
        """
        if not self._is_running:
            return
        self._is_running = False
        try:
            code = self._process.stop()
        except subprocess.TimeoutExpired:
            self._process.abort()
            raise ServerError(f"the server did not stop within {STOP_SECONDS} s:\n{self.log}") from None
        if code != 0:
            raise ServerError(f"the server ended with code {code}:\n{self.log}")


@dataclass(frozen=True)
class Event:
    """A local event.

    :param user_token: who sent the request in which it was emitted; ``DEFAULT`` outside of one.
    """

    source: str
    message: Any
    user_token: str


class _Recorder(Events):
    """Keeps events instead of writing them, of every source unless some are chosen."""

    def __init__(self, sources: frozenset[str]) -> None:
        super().__init__(Settings.from_environment(local_event_sources=[]))
        self.chosen = sources
        self.events: list[Event] = []

    def wants(self, source: str) -> bool:
        """Whether it is recorded."""
        return not self.chosen or source in self.chosen

    def emit(self, source: str, message: Any = None) -> bool:
        """Keep it."""
        if not self.wants(source):
            return False
        self.events.append(Event(source, message, user_token(self.settings)))
        return True


@contextmanager
def recorded_events(*sources: str) -> Iterator[list[Event]]:
    """The events that ``emit_local_message`` emits in this process meanwhile, in order, instead of their lines.

    For functions of handlers that a test calls itself.

    :param sources: only these; none: all.
    """
    recorder = _Recorder(frozenset(sources))
    current_events.bind(recorder)
    try:
        yield recorder.events
    finally:
        current_events.release(recorder)
