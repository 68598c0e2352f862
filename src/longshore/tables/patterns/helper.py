""":mod:`re` in a process of its own, so that it can be ended and never holds this interpreter's lock.

Tried against the ``regex`` package, which has a time limit: its syntax takes ``x{e<=1}``, ``[[:alpha:]]``
and others for more than :mod:`re` does, and its Unicode tables are newer. Only :mod:`re` means what
:mod:`re` means. A helper starts in about 20 ms and handles texts at about the speed of a loop here.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from longshore.errors import TimedOut, Unavailable
from longshore.tables.core.pipes import read_exactly

CHUNK_TEXTS = 50_000
CHUNK_BYTES = 16_000_000
_CHILD = Path(__file__).with_name("child.py")


class Helper:
    """Searches or replaces in one pattern's own process, started at the first text and ended with this object.

    Safe for several threads, which take turns.

    :param replacement: a template to replace with, or None to search.
    :param limit_seconds: for all texts together; waiting between calls does not count.
    """

    def __init__(self, pattern: str, replacement: str | None, limit_seconds: float) -> None:
        self._task = (pattern, replacement)
        self._dtype = pl.Boolean() if replacement is None else pl.String()
        self._limit_seconds = limit_seconds
        self._spent_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def run(self, texts: pl.Series) -> pl.Series:
        """The answers for ``texts``: ``Boolean`` when searching, ``String`` when replacing.

        :raises TimedOut: when the limit is used up; the process is ended at that moment.
        """
        with self._lock:
            pieces = [self._run_chunk(chunk) for chunk in _chunks(texts)]
        return pl.concat(pieces) if pieces else pl.Series(texts.name, [], self._dtype)

    def _run_chunk(self, texts: pl.Series) -> pl.Series:
        distinct = texts.unique()
        if len(distinct) > len(texts) // 2:
            return pl.Series(texts.name, self._ask(texts.to_list()), self._dtype)
        answers = pl.Series(self._ask(distinct.to_list()), dtype=self._dtype)
        return texts.replace_strict(distinct, answers, return_dtype=self._dtype)

    def _ask(self, texts: list[str | None]) -> Any:
        started = time.monotonic()
        process = self._process or self._start()
        try:
            _write(process, texts)
            return _read(process, started + self._limit_seconds - self._spent_seconds)
        except TimeoutError:
            self._end()
            raise TimedOut(
                f"the pattern took longer than {self._limit_seconds:g} seconds and was stopped; "
                "repeats inside repeats, as in (a+)+, are the usual cause"
            ) from None
        except (BrokenPipeError, EOFError):
            self._end()
            raise Unavailable("the process that applied the pattern has died; it may have run out of memory") from None
        finally:
            self._spent_seconds += time.monotonic() - started

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", "-W", "ignore", str(_CHILD)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._finalizer = weakref.finalize(self, _end_process, self._process)
        _write(self._process, self._task)
        return self._process

    def _end(self) -> None:
        self._finalizer()
        self._process = None


def _chunks(texts: pl.Series) -> Iterator[pl.Series]:
    """Pieces of at most so many texts and, on average, so many bytes: what is copied at once stays small."""
    rows = max(1, min(CHUNK_TEXTS, CHUNK_BYTES * len(texts) // max(1, int(texts.estimated_size()))))
    return (texts.slice(start, rows) for start in range(0, len(texts), rows))


def _write(process: subprocess.Popen[bytes], message: Any) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe, see _start
    body = marshal.dumps(message)
    rest = memoryview(len(body).to_bytes(8, "little") + body)
    while rest:
        rest = rest[process.stdin.write(rest) :]


def _read(process: subprocess.Popen[bytes], deadline: float) -> Any:
    head = read_exactly(process, 8, deadline)
    return marshal.loads(read_exactly(process, int.from_bytes(head, "little"), deadline))  # noqa: S302 - our child


def _end_process(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with process:  # closes the pipes and waits
        pass
