"""Bodies of requests on their way to disk: raw or multipart, written once, counted, gone again if they break off."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from longshore.errors import InvalidRequest, StorageFull, TooLarge
from longshore.storage.direct_writer import FileWriter
from longshore.storage.files import telling_when_full
from longshore.web.digests import check_digests
from longshore.web.request_body import read_chunks, reading

MAX_FIELD_BYTES = 100_000
MAX_FIELDS = 100
MAX_FILES = 100
ENDING = ".upload"


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

    :param may_be_empty: whether a raw body without a byte is a file, too.
    :raises InvalidRequest: no file, several files, or a body that broke off.
    :raises TooLarge: over ``limit_bytes``.
    :raises StorageFull: the disk has no room.
    """
    with receive_all(request, folder, limit_bytes, most_files=1, may_be_empty=may_be_empty) as uploads:
        yield uploads[0]


@contextmanager
def receive_all(
    request: Request,
    folder: Path,
    limit_bytes: int,
    *,
    most_files: int = MAX_FILES,
    may_be_empty: bool = False,
) -> Iterator[list[Upload]]:
    """Write all files of a request to ``folder`` and yield them; raises as :func:`receive`.

    :param limit_bytes: for all files together.
    """
    declared = request.content_length
    if declared is not None and declared > limit_bytes + MAX_FIELD_BYTES:
        raise TooLarge(f"an upload has at most {limit_bytes:,} bytes, and this one {declared:,}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    arriving = _Arriving(folder, limit_bytes)
    try:
        with telling_when_full():
            if request.mimetype == "multipart/form-data":
                _receive_form(request, arriving, most_files)
            else:
                _receive_raw(request, arriving, may_be_empty=may_be_empty)
                check_digests(request, arriving.uploads[0].path)
            yield arriving.uploads
    finally:
        arriving.remove()


def require_room(folder: Path, incoming_bytes: int, reserve_bytes: int) -> None:
    """:raises StorageFull: when so many bytes would leave the disk of ``folder``, which is made, without reserve."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(folder).free < reserve_bytes + incoming_bytes:
        raise StorageFull.now()


def fresh_name() -> str:
    """A name that no other upload has, and that :func:`sweep` knows."""
    return secrets.token_hex(12) + ENDING


@contextmanager
def fresh_place(folder: Path) -> Iterator[Path]:
    """Where a file can be written among the uploads; what nobody has moved away is removed at the end."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / fresh_name()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def sweep(folder: Path, older_than: float) -> int:
    """Remove what uploads left in ``folder`` when their process was killed; how many.

    :param older_than: seconds since 1970; what was written to later may still be arriving.
    """
    gone = 0
    for path in folder.glob(f"*{ENDING}"):
        try:
            if path.stat().st_mtime < older_than:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # it has found its place meanwhile
    return gone


class _Arriving:
    """The files of one request while they are written."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.uploads: list[Upload] = []
        self.fields: dict[str, str] = {}
        self._folder = folder
        self._limit = limit_bytes
        self._size = 0
        self._handle = -1
        self._writer: FileWriter | None = None

    def begin(self, name: str) -> FileWriter:
        """A new file comes; bytes that are put into its writer's room have to be counted first."""
        path = self._folder / fresh_name()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self.uploads.append(Upload(path, name, self.fields))
        self._writer = FileWriter(self._handle)
        return self._writer

    def count(self, size: int) -> None:
        """So many bytes more; raises TooLarge over the limit."""
        self._size += size
        if self._size > self._limit:
            raise TooLarge(f"an upload has at most {self._limit:,} bytes")

    def write(self, data: bytes | bytearray) -> None:
        """More bytes of it; raises TooLarge over the limit."""
        self.count(len(data))
        assert self._writer is not None  # noqa: S101 - there is a file for every byte
        self._writer.write(data)

    def end(self) -> None:
        """No more of it will come."""
        if self._writer is not None:
            self._writer.flush()
        self._close()

    def drop_last(self) -> None:
        """Forget the last file."""
        self.uploads.pop().path.unlink()

    def remove(self) -> None:
        """Remove the files that nobody has moved away."""
        self._close()
        for upload in self.uploads:
            upload.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _receive_raw(request: Request, arriving: _Arriving, *, may_be_empty: bool) -> None:
    writer = arriving.begin("")
    with reading(request) as body:
        while size := body.read_into(writer.room()):
            arriving.count(size)
            writer.filled(size)
    arriving.end()
    if body.received == 0 and not may_be_empty:
        raise InvalidRequest("the body is empty; send the file's bytes, or a multipart form with a field called file")


def _receive_form(request: Request, arriving: _Arriving, most_files: int) -> None:
    boundary = parse_options_header(request.headers.get("Content-Type", ""))[1].get("boundary")
    if not boundary:
        raise InvalidRequest("a multipart body needs a boundary in its Content-Type")
    form = _Form(arriving, most_files)
    try:
        with PushMultipartParser(boundary, max_segment_count=MAX_FIELDS + most_files) as parser:
            for chunk in read_chunks(request):
                for event in parser.parse(chunk):
                    form.take(event)
    except MultipartError as error:
        raise InvalidRequest(f"the multipart body cannot be read: {error}") from error
    if not arriving.uploads:
        raise InvalidRequest("there is no file in the form; send it in a field called file")


class _Form:
    """Collects the parser's events: files go to disk, fields stay in memory."""

    def __init__(self, arriving: _Arriving, most_files: int) -> None:
        self._arriving = arriving
        self._most_files = most_files
        self._segment: MultipartSegment | None = None
        self._value = bytearray()
        self._size = 0

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """One event: a segment's head, a piece of its data, or its end."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        elif self._segment is not None and self._segment.filename is not None:
            self._size += len(event)
            self._arriving.write(event)
        else:
            self._value += event
            if len(self._value) > MAX_FIELD_BYTES:
                raise TooLarge(f"a form field has at most {MAX_FIELD_BYTES:,} bytes")

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._value = bytearray()
        self._size = 0
        if segment.filename is None:
            return
        if len(self._arriving.uploads) == self._most_files:
            many = "one file" if self._most_files == 1 else f"at most {self._most_files} files"
            raise InvalidRequest(f"send {many} at a time, in a field called file")
        self._arriving.begin(segment.filename)

    def _end(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if segment.filename is None:
            self._arriving.fields[segment.name] = self._value.decode("utf-8", "replace")
            return
        self._arriving.end()
        if not segment.filename and not self._size:  # a browser sends this for a file field that was left empty
            self._arriving.drop_last()
