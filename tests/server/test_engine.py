"""Sockets that end when their time is over, and as many as there may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from simple_websocket import Client as SimpleClient
from simple_websocket import ConnectionClosed

from support import small_server
from support.waiting import eventually

SERVER = """
    import threading
    import socketio
    from longshore.access import sockets
    from longshore.server import engine

    for name, value in {limits!r}.items():
        setattr(sockets, name, value)

    MAX_SOCKETS = {most}

    class Open:
        is_open = True

    server = engine.SocketServer(
        max_message_bytes=2**20, async_mode="threading", ping_interval={ping}, ping_timeout={ping}
    )
    server.on("connect", lambda sid, environ, auth=None: None)
    server.on("echo", lambda sid, text: text)
    gate = sockets.SocketGate(server, Open(), None, {most})

    def page(environ, start_response):
        body = str(threading.active_count()).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    application = engine.Door(socketio.WSGIApp(server, page), "socket.io", server, gate.admit)
"""
CONNECT, CONNECTED, PING = "40", "40{", "2"


class Client(SimpleClient):
    """The library's, which leaves lying what arrives in one piece with the answer to its handshake."""

    def handshake(self) -> None:
        super().handshake()
        self.connected = self._handle_events()


@contextmanager
def serving(tmp_path: Path, ping: float = 30, most: int = 20, **limits: float) -> Iterator[str]:
    with small_server.serving(SERVER.format(ping=ping, most=most, limits=limits), tmp_path) as port:
        yield f"127.0.0.1:{port}"


def opened(place: str) -> Client:
    client = Client(f"ws://{place}/socket.io/?EIO=4&transport=websocket")
    assert client.receive(timeout=30).startswith("0{")
    return client


def connected(place: str) -> Client:
    client = opened(place)
    client.send(CONNECT)
    while (answer := client.receive(timeout=30)) == PING:  # a machine that is busy may be asked before it was answered
        continue
    assert answer.startswith(CONNECTED)
    return client


def until_closed(client: Client) -> None:
    try:
        while client.receive(timeout=30) is not None:
            continue
    except ConnectionClosed:
        return
    pytest.fail("the connection stayed open")


def test_a_client_that_answers_no_ping_is_hung_up_on_and_leaves_no_thread(tmp_path: Path) -> None:
    with serving(tmp_path, ping=0.2) as place:
        before = int(httpx.get(f"http://{place}/").text)
        until_closed(connected(place))
        # One that sleeps in the timer of the last ping, and the pool's own, which stay for the next.
        eventually(lambda: int(httpx.get(f"http://{place}/").text) <= before + 3)


def test_beyond_the_limit_a_socket_is_told_when_to_come_back(tmp_path: Path) -> None:
    with serving(tmp_path, most=3) as place, ExitStack() as stack:
        sockets = [connected(place) for _ in range(3)]
        for each in sockets:
            stack.callback(each.close)
        answer = httpx.get(f"http://{place}/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "WEB_SOCKETS" in answer.json()["errorDescription"]
        assert httpx.get(f"http://{place}/").status_code == 200


def test_those_who_never_say_who_they_are_give_way(tmp_path: Path) -> None:
    with serving(tmp_path, most=20, MIN_STRANGERS=3, HURRY_SECONDS=0) as place:
        strangers = [opened(place) for _ in range(3)]
        friend = connected(place)
        until_closed(strangers[0])
        friend.send('420["echo","hello"]')
        assert friend.receive(timeout=30) == '430["hello"]'


def test_strangers_that_came_just_now_do_not_give_way(tmp_path: Path) -> None:
    with serving(tmp_path, most=20, MIN_STRANGERS=3, HURRY_SECONDS=60) as place:
        strangers = [opened(place) for _ in range(3)]
        answer = httpx.get(f"http://{place}/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 503
        assert strangers[0].connected


def test_long_messages_are_for_those_who_said_who_they_are(tmp_path: Path) -> None:
    text = "x" * 200_000
    message = f'420["echo",{json.dumps(text)}]'
    with serving(tmp_path) as place:
        friend = connected(place)
        friend.send(message)
        assert friend.receive(timeout=30) == f'430["{text}"]'
        stranger = opened(place)
        stranger.send(message)
        until_closed(stranger)
        hello = httpx.get(f"http://{place}/socket.io/?EIO=4&transport=polling")
        sid = json.loads(hello.text[1:])["sid"]
        sent = httpx.post(f"http://{place}/socket.io/?EIO=4&transport=polling&sid={sid}", content=message)
        assert (sent.status_code, sent.json()["error"]) == (413, "TooLarge")


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-WebSocket-Version": "99", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}]
)
def test_a_handshake_that_is_none_is_refused_without_a_traceback(tmp_path: Path, headers: dict[str, str]) -> None:
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", **headers}
    with serving(tmp_path) as place:
        answer = httpx.get(f"http://{place}/socket.io/?EIO=4&transport=websocket", headers=asked)
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
        connected(place).close()
    assert "Traceback" not in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize("query", ["EIO=3&transport=polling", "EIO=3&transport=websocket", "transport=polling", ""])
def test_a_client_of_an_older_protocol_is_told_what_to_load(tmp_path: Path, query: str) -> None:
    with serving(tmp_path) as place:
        answers = [httpx.get(f"http://{place}/socket.io/?{query}") for _ in range(2)]
        for answer in answers:
            assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
            assert "/compat/socket.io.js" in answer.json()["errorDescription"]
    log = (tmp_path / "server.log").read_text()
    assert log.count("older protocol") == 1
    assert "unsupported version" not in log
