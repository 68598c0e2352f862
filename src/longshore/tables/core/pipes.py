"""Talking to a process of our own through its pipes, with a deadline, and ending it."""

from __future__ import annotations

import os
import select
import subprocess
import time

MAX_READ_BYTES = 1 << 20


def read_exactly(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytearray:
    """The next ``size`` bytes of the process's standard output, which must be a pipe.

    :param deadline: on the monotonic clock.
    :raises TimeoutError: when they have not all come by then.
    :raises EOFError: when the process closes the pipe before.
    """
    assert process.stdout is not None  # noqa: S101 - a pipe
    stream = process.stdout.fileno()
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    data = bytearray()
    while len(data) < size:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        part = os.read(stream, min(size - len(data), MAX_READ_BYTES))
        if not part:
            raise EOFError
        data += part
    return data
