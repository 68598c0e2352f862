"""The key-value store: one file a key, replaced as a whole.

A file begins with one line of JSON (the key, the content type, the checksum), and the value's bytes follow as they
came; so a reader who has opened it has all of one value, whatever happens to the key meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from longshore.errors import IllegalOperation, InvalidRequest, InvalidValue
from longshore.storage.files import sync, telling_when_full

MAX_KEY_BYTES = 2000
MAX_HEAD = 16_384


class KeyNotFound(InvalidValue):
    """Nothing is kept under this key."""

    status = 404


class ValueChanged(IllegalOperation):
    """The value is not the one that the request wants to replace."""

    status = 412


@dataclass(frozen=True)
class Value:
    """What is kept under a key.

    :param offset: where the value begins in its file.
    :param size: bytes.
    :param etag: SHA-256 of the value, shortened.
    :param modified: seconds since 1970.
    """

    path: Path
    content_type: str
    offset: int
    size: int
    etag: str
    modified: float


class OpenValue(NamedTuple):
    """A value with its open file: another may be kept under the key by now."""

    value: Value
    file: IO[bytes]

    def read(self) -> bytes:
        """The bytes; closes the file."""
        with self.file:
            self.file.seek(self.value.offset)
            return self.file.read(self.value.size)


Condition = Callable[[Value | None], bool]
"""Whether a value may be replaced; told what there is."""


class Values:
    """The service; safe for threads and for several processes on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, key: str) -> OpenValue:
        """What is kept under a key, for whoever closes its file.

        :raises KeyNotFound: when nothing is.
        """
        path = self._path(key)
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise KeyNotFound("there is nothing under this key") from None
        try:
            return OpenValue(_describe(path, file), file)
        except BaseException:
            file.close()
            raise

    def put(self, key: str, body: Path, content_type: str, allowed: Condition = lambda _: True) -> str:
        """Keep the bytes of a file under a key, in place of what was there; its ETag.

        :param body: a file with the value's bytes; it stays.
        :param allowed: asked while nobody else can change the key.
        :raises ValueChanged: when it says no.
        :raises StorageFull: when the disk has no room; then the old value is still there.
        """
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
        try:
            with telling_when_full():
                etag = _write(partial, key, content_type, body)
                with self._locked(path):
                    if not allowed(self._find(key)):
                        raise ValueChanged("the value was changed meanwhile; read it again, then decide")
                    partial.replace(path)
                    sync(path.parent)
        finally:
            partial.unlink(missing_ok=True)
        return etag

    def delete(self, key: str, allowed: Condition = lambda _: True) -> bool:
        """Forget a key; whether there was a value.

        :raises ValueChanged: when ``allowed`` says no.
        """
        path = self._path(key)
        if not path.parent.is_dir():
            return False
        with self._locked(path):
            found = self._find(key)
            if not allowed(found):
                raise ValueChanged("the value was changed meanwhile; read it again, then decide")
            path.unlink(missing_ok=True)
        return found is not None

    def _find(self, key: str) -> Value | None:
        try:
            found = self.open(key)
        except KeyNotFound:
            return None
        found.file.close()
        return found.value

    def _path(self, key: str) -> Path:
        """A key may hold anything, so its file is named by its checksum."""
        text = key.encode("utf-8", "surrogatepass")
        if not 0 < len(text) <= MAX_KEY_BYTES:
            raise InvalidRequest(f"a key has 1 to {MAX_KEY_BYTES:,} bytes")
        name = hashlib.sha256(text).hexdigest()[:48]
        return self.folder / name[:2] / name

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Nobody else, in no process, changes a key of the same folder meanwhile."""
        with (path.parent / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _describe(path: Path, file: IO[bytes]) -> Value:
    head = os.pread(file.fileno(), MAX_HEAD, 0).partition(b"\n")[0]
    about = os.fstat(file.fileno())
    described = json.loads(head)
    offset = len(head) + 1
    return Value(path, described["type"], offset, about.st_size - offset, described["etag"], about.st_mtime)


def _write(target: Path, key: str, content_type: str, body: Path) -> str:
    """Write head and value, and wait until they are on disk; the value's checksum."""
    with body.open("rb") as source:
        etag = hashlib.file_digest(source, "sha256").hexdigest()[:32]
        source.seek(0)
        head = json.dumps({"key": key, "type": content_type, "etag": etag}).encode() + b"\n"
        if len(head) > MAX_HEAD:
            raise InvalidRequest("the key and its content type are too long")
        with target.open("xb", buffering=0) as file:
            file.write(head)
            _copy(source, file)
            os.fsync(file.fileno())
    return etag


def _copy(source: IO[bytes], target: Any) -> None:
    while piece := source.read(2**20):
        view = memoryview(piece)
        while view:
            view = view[target.write(view) :]
