"""Cached responses as files that several servers may share: what they look like, and how much room they take.

A file holds when it ends (by cachelib), a line of JSON (status, headers, moment), and the body as it was. cachelib's
own serializer is pickle, which runs what it reads; whoever can write into the folder could run code in every server.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cachelib import FileSystemCache
from flask import Response

from longshore.state.clocks import SLACK_SECONDS

logger = logging.getLogger(__name__)

MAX_HEAD = 65_536
MAX_FILES = 20_000
PART_OF_ROOM = 10
"""A response over this part of the room is not kept, and the room is looked after whenever as much was written."""
LEFT_BEHIND_SECONDS = 3600.0
"""Age at which what a killed process was writing, and a lock that nobody took lately, is removed."""
PARTIAL = FileSystemCache._fs_transaction_suffix


@dataclass(frozen=True)
class Kept:
    """A response as it is cached.

    :param made: when its making began, in seconds since 1970.
    :param expires: until when it holds.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    made: float
    expires: float

    def to_response(self) -> Response:
        """A response of its own for one request."""
        response = Response(self.body, status=self.status)
        response.headers.clear()
        response.headers.extend(self.headers)
        return response


class KeptSerializer:
    """Writes and reads :class:`Kept`; what is none reads as None, which the cache takes for nothing."""

    def dump(self, value: Kept, file: IO[bytes]) -> None:
        """Write it."""
        head = {"status": value.status, "headers": value.headers, "made": value.made, "expires": value.expires}
        file.write(json.dumps(head).encode() + b"\n")
        file.write(value.body)

    def load(self, file: IO[bytes]) -> Kept | None:
        """Read it."""
        line = file.readline(MAX_HEAD)
        try:
            return _parse(json.loads(line), file.read())
        except (ValueError, KeyError, TypeError, RecursionError):
            logger.warning("a file of the response cache is none; it is passed over")
            return None


def _parse(head: dict[str, Any], body: bytes) -> Kept:
    headers = tuple((str(name), str(value)) for name, value in head["headers"])
    if any(sign in part for pair in headers for part in pair for sign in "\r\n"):
        raise ValueError("a header of two lines")
    return Kept(int(head["status"]), headers, body, float(head["made"]), float(head["expires"]))


class ResponseFiles:
    """The folder; safe for threads and for several processes and servers.

    :param limit_bytes: room for all responses; 0: nothing is kept.
    """

    def __init__(self, folder: Path, limit_bytes: int, most_files: int = MAX_FILES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.most_files = most_files
        self._opened: _Files | None = None
        self._written = 0
        self._count = 0
        self._guard = threading.Lock()

    @property
    def _files(self) -> _Files:
        if self._opened is None or not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._opened = _Files(self.folder)
        return self._opened

    def get(self, key: str) -> Kept | None:
        """What is kept under a key and has not expired.

        :raises OSError: when there can be no such folder.
        """
        found: Kept | None = self._files.get(key)
        now = time.time()
        # One that was made in the future is from before the clock was set back: nobody knows how old it is.
        return found if found is not None and found.made <= now + SLACK_SECONDS and found.expires > now else None

    def put(self, key: str, kept: Kept) -> bool:
        """Keep a response; False for one that is too large, and when the file cannot be written.

        :raises OSError: when there can be no such folder.
        """
        size = len(kept.body)
        if size * PART_OF_ROOM > self.limit_bytes:
            return False
        seconds = max(1, round(kept.expires - time.time()))
        done = bool(self._files.set(key, kept, seconds))
        if self._is_much(size):
            self.sweep()
        return done

    def _is_much(self, size: int) -> bool:
        """Whether so much was written since the last sweep that it is time for another one."""
        with self._guard:
            self._written += size
            self._count += 1
            is_much = self._written * PART_OF_ROOM >= self.limit_bytes or self._count * PART_OF_ROOM >= self.most_files
            if is_much:
                self._written = self._count = 0
            return is_much

    def sweep(self) -> int:
        """Remove what has expired, then the oldest until the rest is within its limits; how many files went."""
        now = time.time()
        # Room for what is written until the next sweep.
        most_bytes, most_files = (limit * (PART_OF_ROOM - 1) // PART_OF_ROOM for limit in self._limits)
        gone, bytes_left, files_left = 0, 0, 0
        for about in sorted(_listed(self.folder), key=lambda about: about.modified, reverse=True):
            is_partial = about.path.name.endswith(PARTIAL)
            if is_partial or about.path.suffix == ".lock":
                is_over = about.modified < now - LEFT_BEHIND_SECONDS
            else:
                bytes_left += about.size
                files_left += 1
                is_over = self._files.has_ended(about.path, now) or bytes_left > most_bytes or files_left > most_files
            if is_over:
                about.path.unlink(missing_ok=True)
                gone += 1
        return gone

    @property
    def _limits(self) -> tuple[int, int]:
        return self.limit_bytes, self.most_files

    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(about.size for about in _listed(self.folder))


class _Files(FileSystemCache):
    """cachelib's files, without its own count of them, which goes wrong when several servers keep it in one file."""

    serializer = KeptSerializer()  # type: ignore[assignment]

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), threshold=0)

    def has_ended(self, path: Path, now: float) -> bool:
        """Whether the file's time is up, or it is none of ours."""
        try:
            with path.open("rb") as file:
                begin = file.read(4)
        except OSError:
            return False
        # As cachelib writes it: a whole number of the machine's own byte order.
        return len(begin) < 4 or 0 < int.from_bytes(begin, sys.byteorder) < now


@dataclass(frozen=True)
class _About:
    path: Path
    size: int
    modified: float


def _listed(folder: Path) -> list[_About]:
    found = []
    for entry in os.scandir(folder) if folder.is_dir() else ():
        try:
            if entry.is_file(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                found.append(_About(Path(entry.path), about.st_size, about.st_mtime))
        except FileNotFoundError:
            continue
    return found
