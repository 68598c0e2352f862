"""Whether the other side has really received what was handed to the network.

A web server has "sent" a small file as soon as the kernel has taken it; the client may be gone. On Linux the kernel
tells how many bytes it could not deliver yet (``SIOCOUTQ``) and whether the connection still stands (``TCP_INFO``).
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import Any

SIOCOUTQ = 0x5411
ESTABLISHED, CLOSE_WAIT = 1, 8
PATIENCE_SECONDS = 10.0
"""How long the last bytes of a file may take to a client that is still there."""
_PAUSES = (0.0, 0.001, 0.005, 0.02, 0.05)


def missing_bytes(connection: Any, patience_seconds: float = PATIENCE_SECONDS) -> int:
    """Bytes that were handed to the network and have not arrived, after some waiting; 0 where that cannot be known.

    :param connection: the socket of the answer, as gunicorn puts it into the WSGI environment, or None.
    """
    if not isinstance(connection, socket.socket) or sys.platform != "linux":
        return 0
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return 0
    deadline = time.monotonic() + patience_seconds
    turn = 0
    last = 0
    while True:
        try:
            waiting = _waiting(connection)
            stands = _state(connection) in (ESTABLISHED, CLOSE_WAIT)
        except OSError:
            return max(last, 1)
        if not stands:
            # A connection that was reset has thrown away what was waiting.
            return max(waiting, last, 1)
        if waiting == 0 or time.monotonic() > deadline:
            return waiting
        last = waiting
        time.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
        turn += 1


def _waiting(connection: socket.socket) -> int:
    import fcntl

    found: int = struct.unpack("i", fcntl.ioctl(connection.fileno(), SIOCOUTQ, b"\0" * 4))[0]
    return found


def _state(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
