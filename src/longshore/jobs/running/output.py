"""What a job prints: passed on to the log line by line, and its end kept for whoever asks why it failed."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

TAIL_LINES = 50
TAIL_BYTES = 16_384
LINE_CHARACTERS = 1000
"""Longer lines are cut in the log, and end there when no line break comes."""


class Output:
    """The standard output and error of one job after the other."""

    def __init__(self) -> None:
        self.job_id = ""
        self._tail = bytearray()
        self._line = bytearray()

    def begin(self, job_id: str) -> None:
        """Forget the former job's."""
        self.job_id = job_id
        self._tail.clear()
        self._line.clear()

    def feed(self, data: bytes) -> None:
        """Take what came through the pipe."""
        self._tail += data
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
        if log.isEnabledFor(logging.INFO):
            self._pass_on(data)

    def tail(self) -> str:
        """The last lines, cut to :data:`TAIL_BYTES`."""
        lines = bytes(self._tail[-TAIL_BYTES:]).decode(errors="replace").replace("\0", "").splitlines()
        return "\n".join(line[:LINE_CHARACTERS] for line in lines[-TAIL_LINES:])

    def _pass_on(self, data: bytes) -> None:
        self._line += data
        *lines, rest = self._line.split(b"\n")
        if len(rest) > LINE_CHARACTERS:
            lines, rest = [*lines, rest], bytearray()
        self._line = bytearray(rest)
        for line in lines:
            log.info("job %s: %s", self.job_id, line[:LINE_CHARACTERS].decode(errors="replace").rstrip())
