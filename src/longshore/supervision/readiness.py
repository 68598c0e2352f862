"""Asking the own web server whether it is ready, without a thread and without blocking."""

from __future__ import annotations

import json
import selectors
import socket
import time

ASK_AGAIN_SECONDS = 0.05

# The header is health_routes.STARTING, whose module imports too much for a supervisor.
QUESTION = (
    b"GET /diagnostic HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\nX-Longshore-Starting: yes\r\n\r\n"
)


class ReadinessProbe:
    """Sends GET /diagnostic until it is answered with 200; driven by the supervisor's selector."""

    def __init__(self, selector: selectors.BaseSelector, address: tuple[str, int], family: int) -> None:
        self.selector = selector
        self.address = address
        self.family = family
        self.connection: socket.socket | None = None
        self.answer = b""
        self.ask_at = 0.0
        self.last_message = "the web server has not answered yet"

    def step(self) -> bool:
        """Move on as far as possible at once; True when the server is ready."""
        if self.connection is None:
            if time.monotonic() >= self.ask_at:
                self._ask()
            return False
        try:
            part = self.connection.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            self._forget()
            return False
        if part:
            self.answer += part
            return False
        ready = self._judge()
        self._forget()
        return ready

    def close(self) -> None:
        """Drop the connection, if there is one."""
        self._forget()

    def _ask(self) -> None:
        connection = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            # The supervisor's own socket listens there, so this succeeds at once; the web process answers later.
            connection.settimeout(1)
            connection.connect(self.address)
            connection.sendall(QUESTION)
        except OSError:
            connection.close()
            self.ask_at = time.monotonic() + ASK_AGAIN_SECONDS
            return
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ)
        self.connection, self.answer = connection, b""

    def _forget(self) -> None:
        if self.connection is None:
            return
        self.selector.unregister(self.connection)
        self.connection.close()
        self.connection = None
        self.ask_at = time.monotonic() + ASK_AGAIN_SECONDS

    def _judge(self) -> bool:
        head, _, body = self.answer.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1:2]
        if status == [b"200"]:
            return True
        try:
            self.last_message = str(json.loads(body)["message"])
        except (ValueError, KeyError, TypeError):
            self.last_message = f"GET /diagnostic was answered with {status[0].decode() if status else 'nothing'}"
        return False
