"""What leaves through a websocket, and in which order, while several threads send through it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from simple_websocket import ConnectionClosed
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Pong, Request, TextMessage
from wsproto.utilities import LocalProtocolError

from longshore.server.websocket import FrameQueue, OrderedWebSocket
from support.waiting import eventually

TIMEOUT = 30


class Held:
    """A socket that lets no frame of this text pass until it may."""

    def __init__(self, sock: socket.socket, text: bytes) -> None:
        self._sock = sock
        self._text = text
        self.is_reached = threading.Event()
        self.may_pass = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def send(self, data: bytes) -> int:
        self._hold(data)
        return self._sock.send(data)

    def sendall(self, data: bytes) -> None:
        self._hold(data)
        self._sock.sendall(data)

    def _hold(self, data: bytes) -> None:
        if self._text in data:
            self.is_reached.set()
            assert self.may_pass.wait(TIMEOUT), f"nobody let {self._text!r} pass"


class Peer:
    """The client's side, frame by frame."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.connection = WSConnection(ConnectionType.CLIENT)

    def send(self, event: Event) -> None:
        self.sock.sendall(self.connection.send(event))

    def events(self) -> Iterator[Event]:
        """Until the other side has closed."""
        while data := self.sock.recv(65_536):
            self.connection.receive_data(data)
            yield from self.connection.events()


@pytest.fixture
def peer() -> Iterator[tuple[Peer, Held]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(TIMEOUT)
        yield Peer(ours), Held(theirs, b"slow")


def accepted(peer: Peer, held: Held) -> OrderedWebSocket:
    environ = {
        "gunicorn.socket": held,
        "HTTP_HOST": "example",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
    }
    request = peer.connection.send(Request(host="example", target="/")).decode()
    environ["HTTP_SEC_WEBSOCKET_KEY"] = request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
    served = OrderedWebSocket(environ)
    assert isinstance(next(peer.events()), AcceptConnection)
    return served


def test_a_goodbye_leaves_behind_the_message_that_is_on_its_way(peer: tuple[Peer, Held]) -> None:
    client, held = peer
    served = accepted(client, held)
    writer = threading.Thread(target=served.send, args=("slow",))
    writer.start()
    assert held.is_reached.wait(TIMEOUT)
    client.send(Ping(b"are you there"))
    client.send(CloseConnection(1000))
    eventually(lambda: not served.connected)  # heard, although the writer is in the middle of a message
    held.may_pass.set()
    writer.join(TIMEOUT)
    with pytest.raises((ConnectionClosed, LocalProtocolError)):
        served.send("too late")
    assert [type(event) for event in client.events()] == [TextMessage, Pong, CloseConnection]


def test_a_goodbye_that_is_made_later_leaves_later(peer: tuple[Peer, Held], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the writer has made its frame and not come to sending it."""
    client, held = peer
    served = accepted(client, held)
    is_made, may_go, send = threading.Event(), threading.Event(), FrameQueue.send

    def hold(frames: FrameQueue, frame: bytes) -> None:
        if threading.current_thread() is writer:
            is_made.set()
            assert may_go.wait(TIMEOUT)
        send(frames, frame)

    monkeypatch.setattr(FrameQueue, "send", hold)
    writer = threading.Thread(target=served.send, args=("word",))
    writer.start()
    assert is_made.wait(TIMEOUT)
    served.close()
    may_go.set()
    writer.join(TIMEOUT)
    events = client.events()
    assert [type(next(events)) for _ in range(2)] == [TextMessage, CloseConnection]


def test_the_end_does_not_wait_for_ever_for_a_client_that_takes_nothing(
    peer: tuple[Peer, Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longshore.server.websocket.GOODBYE_SECONDS", 0.1)
    client, held = peer
    served = accepted(client, held)
    refused: list[OSError] = []

    def write() -> None:
        try:
            served.send("slow")
        except OSError as error:
            refused.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    assert held.is_reached.wait(TIMEOUT)
    client.send(CloseConnection(1000))
    served.thread.join(TIMEOUT)
    assert not served.thread.is_alive()
    held.may_pass.set()
    writer.join(TIMEOUT)
    assert len(refused) == 1  # it is told that its message did not leave
