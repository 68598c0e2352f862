"""Reading foreign files in processes of their own: what such a file does to its reader happens to nobody else.

A reader process (:mod:`longshore.datasets.reader_process`) stands ready and forks a child for each file. This is the
other end: it asks, passes progress on, and translates how the child ended. Closing the connection ends the child, and
so does the end of this process, however it ends.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from longshore import errors
from longshore.errors import Internal, LongshoreError, TimedOut, TooLarge, Unavailable, UnreadableFile
from longshore.processes.parent_death import exit_with_parent
from longshore.tables.reading import Progress

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
"""Pause between two looks at whether a file is still wanted, and whether its reading moves on."""
_READ_BYTES = 1 << 16
_HINT = "save it as Parquet or CSV, or in parts"
_TOO_HUNGRY = f"reading the file needs more memory than the server has; {_HINT}"
_ERRORS: dict[str, type[LongshoreError]] = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, LongshoreError) and each is not Internal
}
"""What a child may raise, by the names of the classes."""


class ReaderLost(Exception):
    """The process that read a file was killed by somebody else; what was asked may be asked again."""


class Reader:
    """Reads files in children of one process, which is started when it is needed; safe for threads.

    :param threads: of the table engine in each child.
    :param idle_seconds: without work, after which the process ends; None: with this process.
    """

    def __init__(self, threads: int, idle_seconds: float | None = None) -> None:
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self) -> None:
        """Start the process ahead of the first file."""
        with self._lock:
            self._require_control()

    def end(self) -> None:
        """End the process and its children; the next file starts another."""
        with self._lock:
            self._drop()

    def run(
        self,
        request: dict[str, Any],
        *,
        memory_bytes: int,
        stall_seconds: float,
        limit_seconds: float | None = None,
        progress: Progress | None = None,
        tick: Callable[[], None] | None = None,
        note_peak: Callable[[int], None] | None = None,
    ) -> dict[str, Any]:
        """The answer of a child to ``request``, whose ``folder`` is the one that it writes to.

        :param memory_bytes: most memory of the child.
        :param stall_seconds: longest time in which it neither reports progress nor writes.
        :param limit_seconds: longest time in all; None: any.
        :param tick: called about every :data:`TICK_SECONDS`; what it raises ends the child.
        :param note_peak: called at the end with the child's most resident memory, in bytes.
        :raises LongshoreError: what the child raised.
        :raises TooLarge: when it took too much memory.
        :raises UnreadableFile: when the file brought it down.
        :raises TimedOut: past a time limit.
        :raises ReaderLost: when somebody else ended it.
        """
        asked = {**request, "memoryBytes": memory_bytes}
        with self._connect(asked) as connection:
            watch = _Watch(Path(request["folder"]), stall_seconds, limit_seconds)
            for message in _messages(connection, watch, tick):
                if message["kind"] == "progress":
                    if progress is not None:
                        progress(*message["progress"])
                    continue
                if note_peak is not None:
                    note_peak(message["peak"])
                if message["kind"] == "done":
                    answer: dict[str, Any] = message["answer"]
                    return answer
                raise _failure(message, memory_bytes)
        raise ReaderLost("the reader process ended")

    def _connect(self, request: dict[str, Any]) -> socket.socket:
        """A connection on which a child answers."""
        ours, its = socket.socketpair()
        with its:
            ours.sendall(json.dumps(request).encode() + b"\n")
            with self._lock:
                for _ in range(2):  # it may have ended of idleness at this moment, or been killed
                    try:
                        socket.send_fds(self._require_control(), [b"+"], [its.fileno()])
                    except (BrokenPipeError, ConnectionResetError):
                        self._drop()
                        continue
                    return ours
        ours.close()
        raise Unavailable("the process that reads files cannot be started; the log may say why")

    def _require_control(self) -> socket.socket:
        if self._control is not None and self._owner != os.getpid():  # a forked child must not share the connection
            self._control = None
        if self._control is None:
            self._control, self.process = _start(self._threads, self._idle_seconds)
            self._owner = os.getpid()
            self._finalizer = weakref.finalize(self, _end, self._control, self.process, self._owner)
        return self._control

    def _drop(self) -> None:
        if self._control is not None and self._owner == os.getpid():
            self._finalizer()
        self._control = None


@cache
def process_reader(threads: int = 0) -> Reader:
    """The reader that all parts of this process share.

    :param threads: of the table engine; 0: as many as there are processors.
    """
    return Reader(threads or os.cpu_count() or 1)


def _start(threads: int, idle_seconds: float | None) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, its = socket.socketpair()
    # Nothing of the server's settings and secrets: the reader needs none.
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(_own_path()),
        "POLARS_MAX_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": "1",  # NumPy would start threads at once, and a process that forks should have one
    }
    with its:
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "longshore.datasets.reader_start",
             str(its.fileno()), str(idle_seconds or 0)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
            env=environment,
            start_new_session=True,
            # The kernel ties it to the thread that starts it, and of those only the first lives as long as the
            # process. The closed connection ends it in any case, a moment later.
            preexec_fn=exit_with_parent if threading.current_thread() is threading.main_thread() else None,
        )  # fmt: skip
    return ours, process


def _end(control: socket.socket, process: subprocess.Popen[bytes], owner: int) -> None:
    control.close()
    if owner == os.getpid():
        process.kill()
        process.wait()


def _own_path() -> list[str]:
    """Where this process finds its modules, without the folder it was started in: nothing that is read is meant."""
    ours = Path(__file__).parents[2]
    return [place for place in sys.path if place and (Path(place) != Path.cwd() or Path(place) == ours)]


class _Watch:
    """Whether a child moves on: it reports something new, or its folder grows."""

    def __init__(self, folder: Path, stall_seconds: float, limit_seconds: float | None) -> None:
        self.folder = folder
        self.stall_seconds = stall_seconds
        self.limit_seconds = limit_seconds
        self.began = self.moved = time.monotonic()
        self._written = -1
        self._told: Any = None

    def note(self, message: dict[str, Any]) -> None:
        """A message came."""
        if message != self._told:
            self._told = message
            self.moved = time.monotonic()

    def look(self) -> None:
        """:raises TimedOut: when it has stood still, or been at it, for too long."""
        now = time.monotonic()
        if self.limit_seconds is not None and now - self.began > self.limit_seconds:
            raise TimedOut(f"reading the file took more than {self.limit_seconds:g} s")
        if now - self.moved <= self.stall_seconds / 2:
            return
        if (written := _bytes_in(self.folder)) != self._written:
            self._written, self.moved = written, now
        elif now - self.moved > self.stall_seconds:
            raise TimedOut(
                f"reading the file stood still for {self.stall_seconds:g} s (IMPORT_STALL_SECONDS) and was ended; "
                f"{_HINT}"
            )


def _bytes_in(folder: Path) -> int:
    """Bytes of all files in a folder and below it; some may go meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def _messages(connection: socket.socket, watch: _Watch, tick: Callable[[], None] | None) -> Iterator[dict[str, Any]]:
    """What a child, or the reader about it, says until the connection ends."""
    rest = b""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    tick_at = time.monotonic() + TICK_SECONDS
    while True:
        ready = poll.poll(max(0.0, tick_at - time.monotonic()) * 1000 + 1)
        if time.monotonic() >= tick_at:
            tick_at = time.monotonic() + TICK_SECONDS
            if tick is not None:
                tick()
            watch.look()
        if not ready:
            continue
        try:
            part = connection.recv(_READ_BYTES)
        except ConnectionResetError:
            return
        if not part:
            return
        *lines, rest = (rest + part).split(b"\n")
        for message in filter(None, map(_parse, lines)):
            watch.note(message)
            yield message


def _parse(line: bytes) -> dict[str, Any] | None:
    """A message; None for nothing, and for the beginning of one whose child was killed over it."""
    try:
        message: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return message


def _failure(message: dict[str, Any], memory_bytes: int) -> Exception:
    """The error for an end without an answer."""
    if message["kind"] == "crashed":
        internal = Internal()
        logger.error("reading a file failed [%s]: %s", internal.error_id, message["trace"])
        return internal
    if message["kind"] == "failed" and message["error"] in _ERRORS:
        return _ERRORS[message["error"]](message["description"])
    if message["kind"] == "failed":  # MemoryError
        return TooLarge(_TOO_HUNGRY)
    code, reason = message["code"], message["reason"]
    if reason == "memory":
        logger.info("a reader was ended at %d bytes of memory", message["peak"])
        return TooLarge(
            f"reading the file takes more than {memory_bytes:,} bytes of memory, which is the limit "
            f"(IMPORT_MEMORY_BYTES); {_HINT}"
        )
    if reason == "machine memory":
        return TooLarge(_TOO_HUNGRY)
    if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE):
        return UnreadableFile("the file brought its reader down: it is damaged, or needs more memory than there is")
    return ReaderLost(f"the reader of a file ended with {code} {reason}".rstrip())
