"""Engine.IO's connections: as many as may be, each with the whole connection cut when its time is over."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any, NoReturn
from urllib.parse import parse_qs

from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from longshore.datasets.sockets import GuardedServer
from longshore.errors import InvalidRequest, LongshoreError, TooLarge
from longshore.server.websocket import OrderedWebSocket
from longshore.web.wsgi_errors import refuse

logger = logging.getLogger(__name__)

_library_log = logging.getLogger(f"{__name__}.library")
"""For the libraries' errors: their own loggers write a second time, in no format."""
_library_log.setLevel(logging.ERROR)

PROTOCOL = "4"
"""Version of Engine.IO that is spoken here."""
STRANGER_BYTES = 65_536
"""Longest message of somebody who has not said who they are."""


class CutWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]
    """A websocket that ends together with its TCP connection.

    The library leaves that open after it has said goodbye, with a thread that goes on reading from it; of a client that
    went to sleep it hears nothing more, for ever.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve it to its end."""
        self.connection = environ.get("gunicorn.socket")
        engine = self.app.__self__
        engine.longshore_websocket = self
        try:
            self.ws = OrderedWebSocket(environ, **self.server_args)
            self.app(self)
        except (LocalProtocolError, RemoteProtocolError) as error:
            engine.close(wait=False, abort=True)
            return refuse(start_response, InvalidRequest(f"this is no handshake of a websocket: {error}"))
        raise StopIteration  # so the web server takes it that the connection is none of its own any more

    def close(self) -> None:
        """Say goodbye, and hang up."""
        try:
            super().close()
        finally:
            self.cut()

    def allow(self, most_bytes: int) -> None:
        """Take messages of this size from now on."""
        self.ws.max_message_size = most_bytes

    def cut(self) -> None:
        """Hang up: whoever waits for this client, or sends to it, goes on."""
        if isinstance(self.connection, socket.socket):
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                if error.errno not in (errno.ENOTCONN, errno.EBADF):
                    raise


class SocketServer(GuardedServer):
    """The Socket.IO server, whose connections end when their time is over, and whose strangers are brief."""

    def __init__(self, **options: Any) -> None:
        super().__init__(logger=_library_log, engineio_logger=_library_log, **options)
        # The library's table of parts is shared by all servers of a process.
        self.eio._async = {**self.eio._async, "websocket": self._make_websocket}

    def knows(self, eio_sid: str) -> bool:
        """Whether a connection has said who it is."""
        return any(self.manager.sid_from_eio_sid(eio_sid, name) for name in list(self.manager.get_namespaces()))

    def _make_websocket(self, handler: Any, server: Any) -> CutWebSocket:
        return CutWebSocket(handler, server, max_message_size=self._limit_of(handler.__self__.sid))

    def _limit_of(self, eio_sid: str) -> int:
        return int(self.eio.max_http_buffer_size) if self.knows(eio_sid) else STRANGER_BYTES

    def _websocket_of(self, eio_sid: str) -> CutWebSocket | None:
        """The websocket of a connection; None while it polls, or when it is gone."""
        return getattr(self.eio.sockets.get(eio_sid), "longshore_websocket", None)

    def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        super()._handle_connect(eio_sid, namespace, data)
        websocket = self._websocket_of(eio_sid)
        if websocket is not None:
            websocket.allow(self._limit_of(eio_sid))

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        super()._handle_eio_disconnect(eio_sid, reason)
        if reason == self.reason.PING_TIMEOUT:
            # Its writer may be stuck in what the client does not take, and would never come to say goodbye.
            websocket = self._websocket_of(eio_sid)
            if websocket is not None:
                websocket.cut()


class Door:
    """The WSGI application of the sockets, which lets nobody in beyond what there is room for.

    :param served: what it leads to.
    :param path: of the sockets.
    :param admit: raises Unavailable when there is no room for one more connection.
    """

    def __init__(self, served: Any, path: str, server: SocketServer, admit: Callable[[], None]) -> None:
        self.served = served
        self.path = f"/{path.strip('/')}"
        self.server = server
        self.admit = admit
        self._has_told = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        if path == self.path or path.startswith(f"{self.path}/"):
            try:
                self._check(environ)
            except LongshoreError as error:
                return refuse(start_response, error)
        return self.served(environ, start_response)  # type: ignore[no-any-return]

    def _check(self, environ: dict[str, Any]) -> None:
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        known = asked.get("sid")
        if known is None:
            if asked.get("EIO") != [PROTOCOL]:
                self._refuse_version()
            self.admit()
        elif int(environ.get("CONTENT_LENGTH") or 0) > STRANGER_BYTES and not self.server.knows(known[0]):
            raise TooLarge("connect first, then send")

    def _refuse_version(self) -> NoReturn:
        refusal = InvalidRequest(
            "this client speaks an older protocol of Socket.IO; its page may load /compat/socket.io.js from here, and"
            " programs take version 3 or newer of socket.io-client (JavaScript), 5 or newer of python-socketio"
        )
        if not self._has_told:
            self._has_told = True
            logger.warning("a client was refused: %s", refusal.description)
        raise refusal
