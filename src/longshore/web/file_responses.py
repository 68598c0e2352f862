"""Sending a file as a good static server does: ranges, conditions, checksums; in constant memory, and counted.

Sources: RFC 9110 (ranges, conditional requests), RFC 6266 (names of downloads), RFC 9530 (``Repr-Digest``).
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import quote

from flask import Request, Response
from werkzeug.http import parse_date, quote_etag, unquote_etag

from longshore.web.api import disposition
from longshore.web.byte_ranges import RangeNotSatisfiable, Span, requested

CHUNK_BYTES = 2**20
FIRST_BYTES = 2**16

ACTIVE = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})
"""Types that may hold scripts."""

SHUT_IN = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
"""Policy for an active file that somebody uploaded: shown, but not run with the rights of this server's pages."""


@dataclass(frozen=True)
class Content:
    """A file as it is offered to a client.

    :param offset: where in the file the content begins.
    :param size: bytes.
    :param etag: strong validator: two contents with the same one are the same, byte for byte.
    :param modified: seconds since 1970.
    :param content_type: value of ``Content-Type``.
    :param name: what a browser calls a download.
    :param download: whether it asks to be saved, not shown.
    :param digest: SHA-256 of the bytes in base64, when known.
    :param max_age_seconds: how long a cache may keep it; None: it has to ask each time.
    :param headers: more headers of every answer about it.
    :param file: the open file, where another may stand at the path by now; closed when the answer is over.
    :param handed_over: header that has the front server send the bytes, see :class:`FrontServer`; empty: we do.
    """

    path: Path
    size: int
    etag: str
    modified: float
    content_type: str
    name: str
    download: bool = False
    digest: str | None = None
    max_age_seconds: int | None = None
    offset: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    file: IO[bytes] | None = None
    handed_over: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FrontServer:
    """A web server before this one that can send files which it is told to.

    :param header: ``X-Accel-Redirect`` (nginx), ``X-Sendfile`` (Apache, lighttpd), or "" for none.
    :param prefix: with ``X-Accel-Redirect``, the internal address below which it has our folders.
    """

    header: str = ""
    prefix: str = ""

    def hand_over(self, area: str, root: Path, path: Path) -> dict[str, str]:
        """The header that makes it send ``path``; empty when there is no such server.

        :param area: under which name it knows the folder ``root``.
        """
        if not self.header:
            return {}
        if self.header == "X-Sendfile":
            return {self.header: quote(str(path), safe="/")}
        return {self.header: quote(f"{self.prefix}/{area}/{path.relative_to(root)}", safe="/")}


class Watch(Protocol):
    """Is told which bytes of a file went out."""

    def begin(self, spans: list[Span]) -> None:
        """Before the first byte; may refuse by raising a :class:`~longshore.errors.LongshoreError`."""

    def sending(self, span: Span) -> None:
        """These bytes are handed over next."""

    def sent(self, span: Span) -> None:
        """These bytes have been handed over."""

    def end(self) -> None:
        """No more will come, whether all was sent or the client went away."""


def respond(request: Request, content: Content, watch: Watch | None = None) -> Response:
    """Answer a GET or HEAD for ``content``.

    :param watch: told what is delivered; it hears nothing of answers without bytes of the file.
    :raises RangeNotSatisfiable: for a range outside of the file.
    :raises FileNotFoundError: when the file is gone.
    """
    with ExitStack() as stack:
        if content.file is not None:
            stack.enter_context(content.file)
        early = _by_condition(request, content)
        if early is not None:
            return _headed(Response(status=early), content)
        if content.handed_over and watch is None and not _FRONT_CANNOT & set(request.headers.keys()):
            return _handed_over(content)
        spans = requested(request.headers.get("Range"), content.size) if _range_applies(request, content) else None
        if request.method == "HEAD":
            response = Response()
            response.content_length = content.size
            return _headed(response, content)
        file = content.file or stack.enter_context(content.path.open("rb", buffering=0))
        chosen = [(0, content.size)] if spans is None else spans
        if watch is not None:
            watch.begin(chosen)
        connection = _plain_connection(request)
        sending = Sending(file.fileno(), stack.pop_all().close, watch, content.offset, connection)
        return _headed(_sending(content, sending, chosen, whole=spans is None), content)


_FRONT_CANNOT = {"If-Match", "If-Unmodified-Since"}
"""Conditions that a front server would judge by its own idea of the file's state."""


def _handed_over(content: Content) -> Response:
    """An answer without a body, to which the front server adds it: also ranges, and its length."""
    response = _headed(Response(), content)
    response.headers.update(content.handed_over)
    return response


def _sending(content: Content, sending: Sending, spans: list[Span], *, whole: bool) -> Response:
    if len(spans) > 1:
        return _multipart(content, sending, spans)
    sending.plan(spans)
    start, end = spans[0]
    response = Response(sending, direct_passthrough=True, status=HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
    response.content_length = end - start
    if not whole:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return response


def _multipart(content: Content, sending: Sending, spans: list[Span]) -> Response:
    boundary = secrets.token_hex(16)
    heads = [
        (
            f"\r\n--{boundary}\r\nContent-Type: {content.content_type}\r\n"
            f"Content-Range: bytes {start}-{end - 1}/{content.size}\r\n\r\n"
        ).encode()
        for start, end in spans
    ]
    tail = f"\r\n--{boundary}--\r\n".encode()
    sending.plan(spans, heads, tail)
    response = Response(sending, direct_passthrough=True, status=HTTPStatus.PARTIAL_CONTENT)
    response.content_length = sum(map(len, heads)) + sum(end - start for start, end in spans) + len(tail)
    response.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    return response


class Sending:
    """The body of an answer: iterates over the bytes of some spans, and tells what went out.

    The web server asks for the next piece when the one before has been handed to the network, so that one counts
    then; what is in hand when the client goes away does not.

    Given the connection, it sends all but the first piece of a span itself, straight from the file, which saves copying
    the bytes twice (a third more speed); the first piece makes the web server send its head and all that came before.
    """

    def __init__(
        self,
        handle: int,
        close: Callable[[], None],
        watch: Watch | None,
        offset: int = 0,
        connection: socket.socket | None = None,
    ) -> None:
        self._connection = connection
        self._handle = handle
        self._close = close
        self._watch = watch
        self._offset = offset
        self._pieces: Iterator[bytes] = iter(())

    def plan(self, spans: list[Span], heads: list[bytes] | None = None, tail: bytes = b"") -> None:
        """Say what to send: each span after its head, then the tail."""
        self._pieces = self._make(spans, heads or [b""] * len(spans), tail)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def _make(self, spans: list[Span], heads: list[bytes], tail: bytes) -> Iterator[bytes]:
        for (start, end), head in zip(spans, heads, strict=True):
            if head:
                yield head
            at = start
            while at < end:
                size = min(FIRST_BYTES if at == start else CHUNK_BYTES, end - at)
                if self._watch is not None:
                    self._watch.sending((at, at + size))
                if self._connection is not None and at > start:
                    size = os.sendfile(self._connection.fileno(), self._handle, self._offset + at, size)
                else:
                    piece = os.pread(self._handle, size, self._offset + at)
                    size = len(piece)
                    yield piece
                if not size:
                    raise OSError(f"the file is {end - at} bytes shorter than it was")
                if self._watch is not None:
                    self._watch.sent((at, at + size))
                at += size
        if tail:
            yield tail

    def close(self) -> None:
        """Called by the web server at the end, whatever happened."""
        try:
            self._close()
        finally:
            if self._watch is not None:
                self._watch.end()
                self._watch = None


def _plain_connection(request: Request) -> socket.socket | None:
    """The connection to the client, when bytes may be put on it as they are: HTTP/1, unencrypted, waiting for room."""
    connection = request.environ.get("gunicorn.socket")
    is_plain = type(connection) is socket.socket and connection.gettimeout() is None
    if (
        not is_plain
        or not request.environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
        or not hasattr(os, "sendfile")
    ):
        return None
    return connection


def _headed(response: Response, content: Content) -> Response:
    """Add what every answer about ``content`` says."""
    headers = response.headers
    headers["Accept-Ranges"] = "bytes"
    headers["ETag"] = quote_etag(content.etag)
    headers["Last-Modified"] = formatdate(content.modified, usegmt=True)
    keep = "no-cache" if content.max_age_seconds is None else f"private, max-age={content.max_age_seconds}"
    headers["Cache-Control"] = keep
    # Uploaded bytes are shown as what they were declared to be, never as what a browser guesses.
    headers["X-Content-Type-Options"] = "nosniff"
    if response.status_code != HTTPStatus.NOT_MODIFIED and not headers.get("Content-Type", "").startswith("multipart/"):
        headers["Content-Type"] = content.content_type
    if content.content_type.partition(";")[0].strip().lower() in ACTIVE:
        headers["Content-Security-Policy"] = SHUT_IN
    headers["Content-Disposition"] = disposition(content.name, download=content.download)
    if content.digest is not None:
        headers["Repr-Digest"] = f"sha-256=:{content.digest}:"
        headers["Digest"] = f"sha-256={content.digest}"
    headers.update(content.headers)
    return response


def _by_condition(request: Request, content: Content) -> int | None:
    """The status that the request's conditions demand instead of the file (RFC 9110, section 13.2.2)."""
    modified = int(content.modified)
    if "If-Match" in request.headers:
        if not request.if_match.contains(content.etag):
            return HTTPStatus.PRECONDITION_FAILED
    elif (unmodified := request.if_unmodified_since) is not None and modified > unmodified.timestamp():
        return HTTPStatus.PRECONDITION_FAILED
    if "If-None-Match" in request.headers:
        if request.if_none_match.contains_weak(content.etag):
            return HTTPStatus.NOT_MODIFIED
    elif (since := request.if_modified_since) is not None and modified <= since.timestamp():
        return HTTPStatus.NOT_MODIFIED
    return None


def _range_applies(request: Request, content: Content) -> bool:
    """Whether the range is to be honoured: without If-Range always, with it only if the file is still the same."""
    condition = request.headers.get("If-Range")
    if condition is None:
        return True
    date = parse_date(condition)
    if date is not None:
        return int(content.modified) == int(date.timestamp())
    etag, weak = unquote_etag(condition)
    return not weak and etag == content.etag


__all__ = ["Content", "FrontServer", "RangeNotSatisfiable", "Sending", "Watch", "respond"]
