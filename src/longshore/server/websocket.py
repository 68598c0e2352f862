"""A websocket whose frames leave in the order in which they were made, whichever thread made them.

The library answers pings and goodbyes in the thread that reads while another thread writes messages, with nothing
between the making of a frame and its sending: a message could leave behind the goodbye, which a browser reports as a
fault of the page ("Data frame received after close").
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from threading import Lock, RLock
from typing import Any

from simple_websocket import Server
from wsproto import WSConnection
from wsproto.events import Event

logger = logging.getLogger(__name__)

GOODBYE_SECONDS = 5
"""How long the end of a connection waits for the frame that is being sent."""


class OrderedWebSocket(Server):  # type: ignore[misc]
    """The server's side of one connection."""

    sock: Any
    ws: Any

    def handshake(self) -> None:
        """Answer it; what is sent from here on takes its turn."""
        self.frames = self.sock = FrameQueue(self.sock)
        self.ws = OrderedFrames(self.ws, self.frames)
        super().handshake()

    def send(self, data: str | bytes) -> None:
        """Send a message.

        :raises ConnectionClosed: after the end.
        :raises LocalProtocolError: after a goodbye.
        :raises OSError: when the client is gone.
        """
        with self.frames.turn:
            super().send(data)
        self.frames.flush()


class OrderedFrames:
    """Stands for the protocol's state, and queues each frame in the same moment in which it is made.

    :param connection: whose other methods stay what they are.
    """

    def __init__(self, connection: WSConnection, frames: FrameQueue) -> None:
        self._connection = connection
        self._frames = frames
        self._making = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def send(self, event: Event) -> bytes:
        """Make a frame and have it sent; nothing is left for the caller to send.

        :raises LocalProtocolError: after a goodbye.
        """
        with self._making:
            self._frames.add(self._connection.send(event))
        self._frames.flush()
        return b""


class FrameQueue:
    """Stands for the socket of a connection.

    Who answers does not wait for its turn: a reader that waited for a slow client's message to leave would not hear
    that the client still lives. Whoever is sending takes the answer along.

    :param sock: whose other methods stay what they are.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.turn = RLock()
        self._sock = sock
        self._frames: deque[bytes] = deque()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def add(self, frame: bytes) -> None:
        """Queue a frame behind those that were made before it."""
        self._frames.append(frame)

    def send(self, frame: bytes) -> None:
        """Send all of it now, or have it sent by the thread whose turn it is."""
        if frame:
            self.add(frame)
        self.flush()

    def flush(self) -> None:
        """Send what waits, unless another thread is at it."""
        while self._frames and self.turn.acquire(blocking=False):
            try:
                while self._frames:
                    self._sock.sendall(self._frames.popleft())
            finally:
                self.turn.release()

    def close(self) -> None:
        """Close it behind the frame that is being sent, if that ends in good time."""
        try:
            if self.turn.acquire(timeout=GOODBYE_SECONDS):
                try:
                    self.flush()
                finally:
                    self.turn.release()
        except OSError as error:
            logger.debug("nothing more could be sent: %s", error)
        finally:
            self._sock.close()
