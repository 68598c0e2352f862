"""How fast a client has to send what it has begun to; apart from request_body.py, for the web server's small parent.

Source: Apache's mod_reqtimeout (least rates).
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gunicorn.http.unreader import SocketUnreader

IDLE_SECONDS = 30.0
"""How long a client may send nothing in the middle of a body."""
MIN_RATE = 1024.0
"""Bytes a second that a client has to send on average, of the time that is waited for it beyond the grace."""
GRACE_SECONDS = 30.0


class Pace:
    """Whether a client sends a body as fast as it must.

    :ivar waits_since: when the wait began that goes on now, in seconds of the monotonic clock; None for none.
    """

    def __init__(self) -> None:
        self.waits_since: float | None = None
        self._waited = 0.0
        self._moved = 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of the body of the ``with``, in which something is waited for."""
        self.waits_since = began = time.monotonic()
        try:
            yield
        finally:
            self.waits_since = None
            self._waited += time.monotonic() - began

    def count(self, size: int) -> None:
        """Count bytes that came; raises TimeoutError when all that came were too few for the time."""
        self._moved += size
        if self._waited > GRACE_SECONDS and self._moved < MIN_RATE * (self._waited - GRACE_SECONDS):
            raise TimeoutError("the body comes too slowly")


class PatientUnreader(SocketUnreader):  # type: ignore[misc]
    """gunicorn's reader of a connection, which takes a client that is too slow for one that went away."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.pace = Pace()

    def begin(self) -> None:
        """Count anew, for another request."""
        self.pace = Pace()

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes; none at the end."""
        try:
            with self.pace.waiting():
                if not comes_within(self.sock, IDLE_SECONDS):
                    return b""
            data: bytes = super().chunk(size_hint)
            self.pace.count(len(data))
        except TimeoutError:
            return b""
        return data


def comes_within(connection: socket.socket, seconds: float) -> bool:
    """Wait for something to read, or the end, but only so long."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
