"""For tests of handlers and jobs: a whole server, a client of it, and the local events that it would have written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.handlers.local_events import Events, current_events, user_token
from longshore.settings import Settings

if TYPE_CHECKING:
    from longshore.client import Client

READY_SECONDS = 60
STOP_SECONDS = 30


class ServerError(Exception):
    """A server did not start or did not stop; the message holds what it wrote to its log."""


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
        self._settings = {"PORT": "0", **settings}
        if handlers is not None:
            self._settings["HANDLERS_DIR"] = str(handlers.resolve())
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        """Its address, once it is started."""

    def __enter__(self) -> Server:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="longshore-")))
        self.storage = self._wanted or self.folder / "storage"
        self._settings.setdefault("HANDLERS_DIR", str(self.folder / "handlers"))
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
    def log(self) -> str:
        """All that it has written to standard error."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def events(self) -> list[str]:
        """The lines that it has written to standard output after the first: local events, as JSON."""
        return [line for line in (self.folder / "output").read_text().splitlines() if line.startswith("{")]

    def client(self, **options: Any) -> Client:
        """A client of it, with the options of :class:`longshore.Client`."""
        from longshore.client import Client

        return Client(self.url, **options)

    def start(self) -> None:
        """Start it, or start it again on the same data.

        :raises ServerError: when it ends instead of becoming ready, or takes longer than a minute.
        """
        with (self.folder / "log").open("ab") as log, (self.folder / "output").open("ab") as output:
            begin = output.tell()
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "longshore", "serve", "--storage", str(self.storage)],
                env={**os.environ, **self._settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
                text=True,
            )
        try:
            self.url = self._wait_until_ready(process, begin)
        except BaseException:
            self._kill()
            raise

    def stop(self) -> None:
        """Stop it as SIGTERM does; what it has accepted is kept.

        :raises ServerError: when it had to be killed, or had ended by itself.
        """
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()  # everything that it started ends with it
            process.wait()
            raise ServerError(f"the server did not stop within {STOP_SECONDS} s:\n{self.log}") from None
        if code != 0:
            raise ServerError(f"the server ended with code {code}:\n{self.log}")

    def _kill(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()

    def _wait_until_ready(self, process: subprocess.Popen[str], begin: int) -> str:
        """Its address, from the line that says so."""
        for _ in range(READY_SECONDS * 50):
            with (self.folder / "output").open("rb") as output:
                output.seek(begin)
                found = re.search(rb"is ready: (http://\S+)", output.read())
            if found:
                return found[1].decode()
            try:
                code = process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise ServerError(f"the server ended with code {code} instead of becoming ready:\n{self.log}")
        raise ServerError(f"the server was not ready within {READY_SECONDS} s:\n{self.log}")


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
