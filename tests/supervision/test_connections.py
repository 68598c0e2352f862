"""The web server's connections: what is slow outside holds no thread inside, and who finds no room is told so."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from longshore.supervision.connections import LanesWorker
from support import small_server
from support.waiting import eventually

SERVER = """
    import threading
    from longshore.supervision import connections
    from longshore.web import pace

    for name, value in {limits!r}.items():
        setattr(pace if hasattr(pace, name) else connections, name, value)
    MAX_SOCKETS = 8
    gate = threading.Event()
    BIG = b"x" * 2**20

    def application(environ, start_response):
        path = environ["PATH_INFO"]
        status, body = "200 OK", [path.encode()]
        if path == "/wait":
            gate.wait(60)
        elif path == "/metrics":
            gate.set()
        elif path == "/refuse":
            status = "403 Forbidden"
        elif path == "/read":
            body = [str(len(environ["wsgi.input"].read())).encode()]
        elif path == "/big":
            body = [BIG] * 64
        start_response(status, [("Content-Length", str(sum(map(len, body))))])
        return body
"""
HEAD = b"GET /hello HTTP/1.1\r\nHost: here\r\n"


class Server:
    """A small application behind the worker."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, sent: bytes = b"", *, small: bool = False) -> socket.socket:
        """A connection on which this was sent; a small one has next to no room for answers."""
        connection = socket.socket()
        connection.settimeout(30)
        if small:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(sent)
        return connection

    def ask(self, path: str, *headers: str, body: bytes = b"", method: str = "GET") -> tuple[int, str, bytes]:
        """One request on a connection of its own: status, head, body."""
        lines = [f"{method} {path} HTTP/1.1", "Host: here", "Connection: close", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        with self.connect("\r\n".join([*lines, "", ""]).encode() + body) as connection:
            return parsed(received(connection))


def received(connection: socket.socket) -> bytes:
    """Everything up to the end, which has to come."""
    pieces = []
    while piece := connection.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def first(connection: socket.socket, end: bytes) -> bytes:
    """An answer whose body ends so."""
    answer = b""
    while not answer.endswith(end):
        piece = connection.recv(65_536)
        assert piece, answer
        answer += piece
    return answer


def parsed(answer: bytes) -> tuple[int, str, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head.decode(), body


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@contextmanager
def serving(tmp_path: Path, **limits: float) -> Iterator[Server]:
    with small_server.serving(SERVER.format(limits=limits), tmp_path) as port:
        yield Server(port)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


def test_a_request_is_answered_and_the_connection_is_kept(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(HEAD + b"\r\n")
            first(connection, b"/hello")


def test_requests_that_come_together_are_answered_in_order(server: Server) -> None:
    one = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc"
    last = b"\r\nGET /last HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    with server.connect(one + HEAD + b"\r\n" + last) as connection:
        answers = received(connection)
    assert [answers.index(each) for each in (b"\r\n\r\n3", b"/hello", b"/last")] == sorted(
        answers.index(each) for each in (b"\r\n\r\n3", b"/hello", b"/last")
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GE",
        HEAD,
        b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n{",
        b"POST /refuse HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n{",
        b"POST /hello HTTP/1.1\r\nHost: here\r\nContent-Length: 00000000000000000000000050000\r\n\r\n{",
        b"POST /hello HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na",
    ],
    ids=["silent", "method", "head", "body", "refused body", "zeros", "chunks"],
)
def test_clients_that_are_slow_hold_no_thread(server: Server, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(server.connect(sent))
        assert server.ask("/hello")[0] == 200


def test_a_body_of_any_length_arrives_whole(server: Server) -> None:
    for size in (0, 1, 16_384, 16_385, 3_000_000):
        assert server.ask("/read", body=b"x" * size, method="POST")[2] == str(size).encode()


def test_a_body_in_pieces_arrives_whole(server: Server) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: here\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect(head + b"3\r\nabc\r\n" + b"2\r\nde\r\n0\r\n\r\n") as connection:
        assert parsed(received(connection))[2] == b"5"


def test_whoever_expects_to_be_asked_for_a_body_is_asked(server: Server) -> None:
    head = (
        b"POST /read HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    with server.connect(head) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert parsed(received(connection))[2] == b"3"


def test_whoever_still_sends_a_refused_body_sees_the_answer(server: Server) -> None:
    status, head, _ = server.ask("/refuse", body=b"x" * 8_000_000, method="POST")
    assert status == 403
    assert "\r\nConnection: close" in head


def test_a_head_without_an_end_is_refused(server: Server) -> None:
    with server.connect(HEAD + b"A: " + b"x" * 40_000) as connection:
        status, _, body = parsed(received(connection))
    assert (status, json.loads(body)["error"]) == (431, "TooLarge")


def test_what_is_not_http_is_refused(server: Server) -> None:
    with server.connect(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") as connection:
        assert parsed(received(connection))[0] == 400


def test_a_head_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, HEAD_SECONDS=0.2, LOOK_SECONDS=0.05) as server, server.connect(HEAD) as connection:
        status, _, body = parsed(received(connection))
    assert (status, json.loads(body)["error"]) == (408, "TimedOut")


def test_a_connection_on_which_nothing_comes_is_closed(tmp_path: Path) -> None:
    with serving(tmp_path, SILENT_SECONDS=0.2) as server, server.connect() as connection:
        assert received(connection) == b""


def test_a_long_body_that_comes_too_slowly_is_taken_for_broken_off(tmp_path: Path) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 50000\r\n\r\nabc"
    with serving(tmp_path, IDLE_SECONDS=0.2) as server, server.connect(head) as connection:
        assert parsed(received(connection))[2] == b"3"


def test_too_many_unfinished_requests_of_one_address_give_way_to_new_ones(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_RECEIVING=5) as server, ExitStack() as stack:
        opened = [stack.enter_context(server.connect(HEAD)) for _ in range(12)]
        assert server.ask("/hello")[0] == 200
        # Eleven are left out of twelve and the one that was answered, of which five may stay.
        eventually(lambda: [is_closed(each) for each in opened[:7]] == [True] * 7)
        opened[-1].sendall(b"\r\n")
        first(opened[-1], b"/hello")


def test_when_all_threads_are_busy_others_are_told_and_the_state_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, WAIT_SECONDS=0.1, STALLED_SECONDS=60) as server, ExitStack() as stack:
        waiting = [stack.enter_context(server.connect(HEAD.replace(b"/hello", b"/wait") + b"\r\n")) for _ in range(2)]
        eventually(lambda: server.ask("/hello")[0] == 503)
        status, head, body = server.ask("/hello")
        assert (status, json.loads(body)["error"]) == (503, "Unavailable")
        assert "\r\nRetry-After: 5" in head
        assert server.ask("/healthz")[0] == 200
        # Sockets have threads of their own.
        assert server.ask("/socket.io/?EIO=4")[0] == 200
        waiting[0].close()


def test_a_request_waits_for_a_thread(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(server.connect(HEAD.replace(b"/hello", b"/wait") + b"\r\n"))
        late = stack.enter_context(server.connect(HEAD + b"Connection: close\r\n\r\n"))
        assert server.ask("/metrics")[0] == 200  # ends the wait of both
        assert parsed(received(late))[0] == 200


def test_sockets_cannot_be_written_so_that_they_take_the_threads_of_requests(server: Server) -> None:
    with ExitStack() as stack:
        for path in (b"/wait", b"/wait"):
            stack.enter_context(server.connect(HEAD.replace(b"/hello", path) + b"\r\n"))
        for path in ("/%73ocket.io/", "/socket%2Eio/", "http://here/socket.io/"):
            assert server.ask(path)[0] == 200  # by the sockets' threads: the others are taken


def test_a_client_that_takes_nothing_gives_way_to_those_that_wait(tmp_path: Path) -> None:
    limits = {"STALLED_SECONDS": 0.2, "LOOK_SECONDS": 0.05, "WAIT_SECONDS": 30}
    with serving(tmp_path, **limits) as server, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(server.connect(HEAD.replace(b"/hello", b"/big") + b"\r\n"))
        assert server.ask("/hello")[0] == 200


def test_a_client_that_sends_nothing_gives_way_to_those_that_wait(tmp_path: Path) -> None:
    limits = {"STALLED_SECONDS": 0.2, "LOOK_SECONDS": 0.05, "WAIT_SECONDS": 30}
    head = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 50000\r\n\r\nabc"
    with serving(tmp_path, **limits) as server, ExitStack() as stack:
        stack.enter_context(server.connect(head))
        stack.enter_context(server.connect(HEAD.replace(b"/hello", b"/wait") + b"\r\n"))
        assert server.ask("/hello")[0] == 200


def test_uploads_take_half_of_the_threads_at_most(server: Server) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 50000\r\n\r\nabc"
    with ExitStack() as stack:
        stack.enter_context(server.connect(head))
        eventually(lambda: server.ask("/read", body=b"x" * 50_000, method="POST")[0] == 503)
        assert server.ask("/hello")[0] == 200


@pytest.mark.parametrize("framing", ["Content-Length: 50000", "Content-Length: 5", "Transfer-Encoding: chunked"])
def test_no_body_keeps_the_state_from_being_answered(server: Server, framing: str) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(server.connect(f"GET /healthz HTTP/1.1\r\nHost: here\r\n{framing}\r\n\r\na".encode()))
        assert server.ask("/healthz")[0] == 200


def test_a_client_that_takes_next_to_nothing_gives_way_to_those_that_wait(tmp_path: Path) -> None:
    limits = {"STALLED_SECONDS": 0.3, "LOOK_SECONDS": 0.05, "WAIT_SECONDS": 30}
    with serving(tmp_path, **limits) as server, ExitStack() as stack:
        readers = [
            stack.enter_context(server.connect(HEAD.replace(b"/hello", b"/big") + b"\r\n", small=True))
            for _ in range(2)
        ]
        done = threading.Event()

        def sip() -> None:
            while not done.wait(0.1):
                for each in readers:
                    with suppress(OSError):
                        each.recv(100)

        sipping = threading.Thread(target=sip)
        sipping.start()
        try:
            assert server.ask("/hello")[0] == 200
        finally:
            done.set()
            sipping.join()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\r\n", 400),
        ("GET / HTTP/1.1\r\nHost:\r\n", 400),
        ("GET http://elsewhere/ HTTP/1.1\r\nHost: here\r\n", 400),
        ("GET http://here/hello HTTP/1.1\r\nHost: here\r\n", 200),
        ("GET / HTTP/1.0\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: rot13\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: here\r\nA B: 1\r\n", 400),
        ("GET /" + "x" * 5000 + " HTTP/1.1\r\nHost: here\r\n", 414),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_in_one_shape(server: Server, head: str, status: int) -> None:
    with server.connect(f"{head}Connection: close\r\n\r\n".encode()) as connection:
        connection.shutdown(socket.SHUT_WR)
        found, _, body = parsed(received(connection))
    assert found == status
    if status != 200:
        assert json.loads(body)["success"] is False


def test_an_event_of_a_connection_that_was_closed_to_make_room_is_passed_over() -> None:
    worker = LanesWorker.__new__(LanesWorker)
    kept: Any = object()
    worker.open = {kept: None}
    seen: list[Any] = []
    for connection in (kept, object()):
        worker._guarded(lambda each, _file: seen.append(each), connection, None)
    assert seen == [kept]
