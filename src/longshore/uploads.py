"""Bodies of requests on their way to disk: raw or multipart, written once, counted, gone again if they break off."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from flask import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from longshore.errors import InvalidRequest, LongshoreError, StorageFull, TooLarge, is_disk_full

CHUNK_BYTES = 2**20
LONGEST_FIELD_BYTES = 100_000
MOST_FIELDS = 100
DRAIN_SECONDS = 20.0


@dataclass
class Upload:
    """A body that has arrived whole.

    :param path: the file's bytes, to be moved away or removed.
    :param name: the client's name for it, as data; "" when it gave none.
    :param fields: the other fields of a multipart form.
    """

    path: Path
    name: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@contextmanager
def receive(request: Request, folder: Path, limit_bytes: int, *, may_be_empty: bool = False) -> Iterator[Upload]:
    """Write a request's file to ``folder`` and yield it; what is left there afterwards is removed.

    :raises InvalidRequest: no file, several files, or a body that broke off.
    :raises TooLarge: over ``limit_bytes``.
    :raises StorageFull: the disk has no room.
    """
    declared = request.content_length
    if declared is not None and declared > limit_bytes + LONGEST_FIELD_BYTES:
        raise TooLarge(f"an upload has at most {limit_bytes:,} bytes, and this one {declared:,}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(12)}.upload"
    try:
        with path.open("xb", buffering=0) as file:
            if request.mimetype == "multipart/form-data":
                upload = _receive_form(request, file, path, limit_bytes)
            else:
                upload = _receive_raw(request, file, path, limit_bytes, may_be_empty=may_be_empty)
        yield upload
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull.now() from error
        raise
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def draining(request: Request) -> Iterator[None]:
    """Read the rest of a refused body, so that a client that is still sending gets to see the answer.

    A server that answers and closes while data is on its way resets the connection. It gives up after
    :data:`DRAIN_SECONDS`.
    """
    try:
        yield
    except LongshoreError:
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline and _is_more(request):
            continue
        raise


def _is_more(request: Request) -> bool:
    try:
        return bool(_read(request.stream))
    except InvalidRequest:
        return False  # it broke off; nobody waits for an answer


def _chunks(request: Request) -> Iterator[bytes]:
    """The body piece by piece; a body that ends before its declared length is refused.

    Under the web server a connection that breaks looks like an early end, not like an error.
    """
    declared = request.content_length
    received = 0
    stream = request.stream
    while chunk := _read(stream):
        received += len(chunk)
        yield chunk
    if declared is not None and received < declared:
        raise InvalidRequest(f"the upload broke off after {received:,} of {declared:,} bytes; nothing was kept")


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(CHUNK_BYTES)
    except (OSError, ValueError) as error:
        raise InvalidRequest("the upload broke off; nothing was kept") from error
    except Exception as error:
        # Werkzeug and the web server each have a class of their own for a client that went away.
        if type(error).__name__ in {"ClientDisconnected", "NoMoreData", "InvalidChunkSize", "ChunkMissingTerminator"}:
            raise InvalidRequest("the upload broke off; nothing was kept") from error
        raise


def _receive_raw(request: Request, file: IO[bytes], path: Path, limit_bytes: int, *, may_be_empty: bool) -> Upload:
    size = 0
    for chunk in _chunks(request):
        size += len(chunk)
        _refuse_over(size, limit_bytes)
        _write(file, chunk)
    if size == 0 and not may_be_empty:
        raise InvalidRequest("the body is empty; send the file's bytes, or a multipart form with a field called file")
    return Upload(path)


def _receive_form(request: Request, file: IO[bytes], path: Path, limit_bytes: int) -> Upload:
    boundary = parse_options_header(request.headers.get("Content-Type", ""))[1].get("boundary")
    if not boundary:
        raise InvalidRequest("a multipart body needs a boundary in its Content-Type")
    form = _Form(file, path, limit_bytes)
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_FIELDS + 1) as parser:
            for chunk in _chunks(request):
                for event in parser.parse(chunk):
                    form.take(event)
    except MultipartError as error:
        raise InvalidRequest(f"the multipart body cannot be read: {error}") from error
    return form.finish()


class _Form:
    """Collects the parser's events: the file goes to disk, fields stay in memory."""

    def __init__(self, file: IO[bytes], path: Path, limit_bytes: int) -> None:
        self.upload = Upload(path)
        self._file = file
        self._limit = limit_bytes
        self._size = 0
        self._files = 0
        self._segment: MultipartSegment | None = None
        self._value = bytearray()

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """One event: a segment's head, a piece of its data, or its end."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        elif self._segment is not None and self._segment.filename is not None:
            self._size += len(event)
            _refuse_over(self._size, self._limit)
            _write(self._file, event)
        else:
            self._value += event
            if len(self._value) > LONGEST_FIELD_BYTES:
                raise TooLarge(f"a form field has at most {LONGEST_FIELD_BYTES:,} bytes")

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._value = bytearray()
        if segment.filename is None:
            return
        self._files += 1
        if self._files > 1:
            raise InvalidRequest("send one file at a time, in a field called file")
        self.upload.name = segment.filename

    def _end(self) -> None:
        segment = self._segment
        if segment is not None and segment.filename is None:
            self.upload.fields[segment.name] = self._value.decode("utf-8", "replace")
        self._segment = None

    def finish(self) -> Upload:
        """The upload, once the body has ended; raises InvalidRequest when it had no file."""
        if self._files == 0:
            raise InvalidRequest("there is no file in the form; send it in a field called file")
        return self.upload


def _refuse_over(size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise TooLarge(f"an upload has at most {limit_bytes:,} bytes")


def _write(file: IO[bytes], data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file.fileno(), view) :]
