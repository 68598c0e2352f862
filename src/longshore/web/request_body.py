"""Bodies of requests as they come: read quickly, not waited for endlessly, and told from such that break off."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Request, request
from gunicorn.http.body import Body as GunicornBody
from gunicorn.http.body import LengthReader
from gunicorn.http.unreader import SocketUnreader

from longshore.errors import InvalidRequest, TooLarge
from longshore.web.json import read_json
from longshore.web.pace import IDLE_SECONDS, Pace, PatientUnreader, comes_within

MAX_JSON_BYTES = 32 * 2**20
"""Largest JSON body that is parsed."""
CHUNK_BYTES = 2**20
SLOW_BYTES = 2**16
QUICK_SECONDS = 0.05
_GONE = {"ClientDisconnected", "NoMoreData", "InvalidChunkSize", "ChunkMissingTerminator"}
"""Werkzeug and the web server each have classes of their own for a client that went away."""


class ClientDisconnected(InvalidRequest):
    """A body ended before it was whole."""


class Body:
    """The body of a request, of which the part that has not been read yet is read here.

    :param received: bytes read so far.
    """

    def __init__(self, request: Request) -> None:
        self.received = 0
        self._declared = request.content_length
        # Werkzeug refuses a body here that is over its limit, also if it is not read through it.
        self._stream = request.stream
        self._connection = _Connection.below(request.environ.get("wsgi.input"))
        self._step = SLOW_BYTES

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Some of the next bytes, at most ``size``; none at the end; raises ClientDisconnected."""
        with _telling_of_breaks():
            data = self._read(size) if self._connection is None else self._connection.read(size)
        self.received += len(data)
        return data

    def read_into(self, room: memoryview) -> int:
        """As :meth:`read`, to where the bytes are wanted; how many came."""
        if self._connection is None:
            data = self.read(len(room))
            room[: len(data)] = data
            return len(data)
        with _telling_of_breaks():
            size = self._connection.read_into(room)
        self.received += size
        return size

    def comes_within(self, seconds: float) -> bool:
        """Wait for more to read, or the end, but only so long; False also where that cannot be known."""
        return self._connection is not None and self._connection.comes_within(seconds)

    def require_whole(self) -> None:
        """Refuse, at the end, a body that is shorter than it was declared; raises ClientDisconnected.

        Under the web server a connection that breaks looks like an early end, not like an error.
        """
        if self._declared is not None and self.received < self._declared:
            raise ClientDisconnected(f"the upload broke off after {self.received:,} of {self._declared:,} bytes")

    def _read(self, size: int) -> bytes:
        asked = time.monotonic()
        data = self._stream.read(min(size, self._step))
        # What a chunk lacks when the connection breaks is lost, so those of slow connections are small.
        self._step = min(2 * self._step, CHUNK_BYTES) if time.monotonic() - asked < QUICK_SECONDS else SLOW_BYTES
        return data


class _Connection:
    """The connection below gunicorn's reader of a body whose length was declared, read without it.

    Its reader copies each byte several times. What it has read already comes first, and it is told what we have read,
    so it finds the next request where it begins.
    """

    def __init__(self, body: Any, reader: Any, connection: socket.socket, pace: Pace) -> None:
        self._body = body
        self._reader = reader
        self._connection = connection
        self._pace = pace

    @classmethod
    def below(cls, body: Any) -> _Connection | None:
        """That of a WSGI input; None for one that is not as we know it, or is read in another way already."""
        if type(body) is not GunicornBody or type(body.reader) is not LengthReader or body.buf.tell():
            return None
        unreader = body.reader.unreader
        if not isinstance(unreader, SocketUnreader):
            return None
        return cls(body, body.reader, unreader.sock, unreader.pace if isinstance(unreader, PatientUnreader) else Pace())

    def read(self, size: int) -> bytes:
        """As :meth:`Body.read`."""
        size = min(size, self._reader.length)
        data = self._take_held(size)
        if not data and size:
            with self._telling_gunicorn():
                with self._pace.waiting():
                    data = self._connection.recv(size)
                self._pace.count(len(data))
        self._reader.length -= len(data)
        return data

    def read_into(self, room: memoryview) -> int:
        """As :meth:`Body.read_into`."""
        room = room[: self._reader.length]
        held = self._take_held(len(room))
        size = len(held)
        if held:
            room[:size] = held
        elif room:
            with self._telling_gunicorn():
                with self._pace.waiting():
                    size = self._connection.recv_into(room)
                self._pace.count(size)
        self._reader.length -= size
        return size

    def comes_within(self, seconds: float) -> bool:
        """As :meth:`Body.comes_within`."""
        if not self._reader.length or self._reader.unreader.buf.tell():
            return True
        return comes_within(self._connection, seconds)

    def _take_held(self, size: int) -> bytes:
        """Bytes that came together with the head."""
        held: bytes = self._reader.unreader.take_buffered()
        if len(held) > size:
            self._reader.unreader.unread(held[size:])
        return held[:size]

    @contextmanager
    def _telling_gunicorn(self) -> Iterator[None]:
        """Where the next request begins is unknown after an error, so the connection must not be used for another."""
        try:
            yield
        except BaseException:
            self._body.failed = True
            raise


@contextmanager
def _telling_of_breaks() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ClientDisconnected("the upload broke off") from error
    except Exception as error:
        if type(error).__name__ in _GONE:
            raise ClientDisconnected("the upload broke off") from error
        raise


@contextmanager
def reading(request: Request) -> Iterator[Body]:
    """The body of a request, to be read to its end.

    :raises ClientDisconnected: by its reads, when nothing comes for :data:`IDLE_SECONDS`; and at the end of the block,
        when the body was shorter than declared.
    """
    with _impatient(request, IDLE_SECONDS):
        body = Body(request)
        yield body
    body.require_whole()


def read_chunks(request: Request) -> Iterator[bytes]:
    """The body piece by piece; one that ends before its declared length is refused, after all that arrived.

    :raises ClientDisconnected: as :func:`reading`.
    """
    with reading(request) as body:
        while chunk := body.read():
            yield chunk


@contextmanager
def _impatient(request: Request, seconds: float) -> Iterator[None]:
    """Let reads of the body fail when nothing comes: a client that stalls must not hold a thread for ever."""
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(seconds)
    try:
        yield
    finally:
        if connection.fileno() >= 0:
            connection.settimeout(before)


def read_json_object() -> dict[str, Any]:
    """The request's body as a JSON object; an empty body counts as ``{}``.

    :raises InvalidRequest: for anything else.
    :raises TooLarge: for a body over :data:`MAX_JSON_BYTES`.
    """
    text = read_body()
    value = read_json(text) if text.strip() else {}
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object")
    return value


def read_body() -> bytes:
    """The request's body as it came.

    :raises TooLarge: for a body over :data:`MAX_JSON_BYTES`.
    """
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise TooLarge(f"a JSON body has at most {MAX_JSON_BYTES:,} bytes")
    text = request.stream.read(MAX_JSON_BYTES + 1)
    if len(text) > MAX_JSON_BYTES:
        raise TooLarge(f"a JSON body has at most {MAX_JSON_BYTES:,} bytes")
    return text
