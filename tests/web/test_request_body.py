"""Bodies of requests, as they come through the real web server's reader."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Request
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from longshore.web import request_body
from longshore.web.request_body import ClientDisconnected, read_chunks, reading

BODY = os.urandom(3_000_000)
HEAD = b"PUT /x HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: here\r\n\r\n"


class Pipe:
    """A connection with a client at its other end."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.parser = RequestParser(Config(), self.ours, ("127.0.0.1", 1))

    def send(self, *pieces: bytes, end: bool = False) -> threading.Thread:
        """Send from a thread of its own: all of it does not fit into the connection."""

        def work() -> None:
            for piece in pieces:
                self.theirs.sendall(piece)
            if end:
                self.theirs.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def take(self) -> tuple[Request, object]:
        """The next request, for the application and as the web server has it."""
        message = next(self.parser)
        environ = {"wsgi.input": message.body, "wsgi.input_terminated": True, "gunicorn.socket": self.ours}
        for name, value in message.headers:
            environ[name.replace("-", "_") if name.startswith("CONTENT") else f"HTTP_{name.replace('-', '_')}"] = value
        return Request(environ, populate_request=False), message


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    with pipe.ours, pipe.theirs:
        yield pipe


def test_the_web_servers_reader_is_as_we_know_it(pipe: Pipe) -> None:
    """Should it be another one some day, bodies are read through it: right, but slowly."""
    pipe.send(HEAD % 5).join()
    assert request_body._Connection.below(pipe.take()[1].body) is not None  # type: ignore[attr-defined]


def test_the_next_request_begins_after_the_body(pipe: Pipe) -> None:
    sender = pipe.send(HEAD % len(BODY) + BODY + NEXT)
    request, _ = pipe.take()
    assert b"".join(read_chunks(request)) == BODY
    _, following = pipe.take()
    assert following.uri == "/next"  # type: ignore[attr-defined]
    sender.join()


def test_a_body_that_came_together_with_its_head(pipe: Pipe) -> None:
    pipe.send(HEAD % 5 + b"12345" + NEXT).join()
    request, _ = pipe.take()
    with reading(request) as body:
        assert body.read(2) == b"12"
        room = memoryview(bytearray(10))
        assert body.read_into(room) == 3
        assert bytes(room[:3]) == b"345"
        assert body.read_into(room) == 0
    assert pipe.take()[1].uri == "/next"  # type: ignore[attr-defined]


def test_into_a_buffer_of_ones_own(pipe: Pipe) -> None:
    sender = pipe.send(HEAD % len(BODY), BODY)
    request, _ = pipe.take()
    room, found = memoryview(bytearray(300_000)), bytearray()
    with reading(request) as body:
        while size := body.read_into(room):
            found += room[:size]
    assert found == BODY
    sender.join()


def test_in_chunks_without_a_length(pipe: Pipe) -> None:
    head = b"PUT /x HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    sender = pipe.send(head, b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n", NEXT)
    request, _ = pipe.take()
    assert b"".join(read_chunks(request)) == BODY
    assert pipe.take()[1].uri == "/next"  # type: ignore[attr-defined]
    sender.join()


def test_a_body_that_ends_early_is_told_after_what_came(pipe: Pipe) -> None:
    pipe.send(HEAD % 10 + b"12345", end=True).join()
    request, _ = pipe.take()
    chunks = read_chunks(request)
    assert next(chunks) == b"12345"
    with pytest.raises(ClientDisconnected, match="after 5 of 10 bytes"):
        next(chunks)


def test_a_connection_that_stalls_takes_no_other_request(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "IDLE_SECONDS", 0.05)
    pipe.send(HEAD % 10 + b"12345").join()
    request, _ = pipe.take()
    with pytest.raises(ClientDisconnected):
        list(read_chunks(request))
    assert pipe.parser.finish_body() is False
    assert pipe.ours.gettimeout() is None


def test_whether_more_comes(pipe: Pipe) -> None:
    pipe.send(HEAD % 10 + b"12345").join()
    request, _ = pipe.take()
    with reading(request) as body:
        assert body.read() == b"12345"
        assert not body.comes_within(0)
        sender = pipe.send(b"67890")
        assert body.comes_within(60)
        sender.join()
        assert body.read() == b"67890"
        assert body.comes_within(0)  # the end
