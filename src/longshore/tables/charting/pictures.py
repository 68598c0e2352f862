"""Pictures from specifications, made in a process of their own.

vl-convert is safe to call from several threads, but holds the interpreter's lock while it draws: 0.4 s in which
nothing else runs, and its JavaScript engine keeps 150 MB. Its process starts with the first picture (about a
second), has nothing of the server's environment, fetches nothing, and ends after a minute without work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

from longshore.errors import TimedOut, Unavailable
from longshore.tables.core.pipes import read_exactly

LIMIT_SECONDS = 60.0
IDLE_SECONDS = 60.0
_CHILD = Path(__file__).with_name("child.py")


class Painter:
    """Draws in a process that is started when it is needed; safe for several threads, which take turns."""

    def __init__(self, limit_seconds: float = LIMIT_SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def render(self, spec: dict[str, Any]) -> bytes:
        """A Vega-Lite specification as PNG.

        :raises TimedOut: past the limit; the process is ended.
        :raises Unavailable: when the process dies twice.
        """
        body = json.dumps(spec).encode()
        with self._lock:
            for _ in range(2):  # it may have ended of idleness at this moment
                try:
                    return self._ask(body)
                except (BrokenPipeError, EOFError):
                    self.end()
        raise Unavailable("the process that draws charts has died; it may have run out of memory")

    def end(self) -> None:
        """End the process; the next picture starts another."""
        if self._process is not None and self._owner == os.getpid():
            self._finalizer()
        self._process = None

    def _ask(self, body: bytes) -> bytes:
        process = self._require_process()
        assert process.stdin is not None  # noqa: S101 - a pipe, see _start
        deadline = time.monotonic() + self._limit_seconds
        try:
            process.stdin.write(len(body).to_bytes(8, "little") + body)
            process.stdin.flush()
            status = read_exactly(process, 1, deadline)
            answer = read_exactly(process, int.from_bytes(read_exactly(process, 8, deadline), "little"), deadline)
        except TimeoutError:
            self.end()
            raise TimedOut(f"drawing the chart took longer than {self._limit_seconds:g} seconds") from None
        if status != b"+":
            raise RuntimeError(f"a chart could not be drawn: {answer.decode(errors='replace')[:2000]}")
        return bytes(answer)

    def _require_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():  # a forked child must not share the pipes
            self._process = self._start()
            self._owner = os.getpid()
            self._finalizer = weakref.finalize(self, _end_process, self._process)
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-W", "ignore", str(_CHILD), str(self._idle_seconds)]
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )


def _end_process(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except BrokenPipeError:  # what it had not read yet is lost, as meant
            continue
    process.wait()


_painter = Painter()


def render(spec: dict[str, Any]) -> bytes:
    """Draw with the process that all threads of this one share, see :meth:`Painter.render`."""
    return _painter.render(spec)
