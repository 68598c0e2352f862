"""What every feature that keeps files needs: outliving a power cut, telling of a full disk, the age of a file."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from longshore.errors import StorageFull, is_disk_full

_FICLONE = 0x40049409
_CHUNK_BYTES = 2**20
_PROBE_BYTES = 2**13


def sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def telling_when_full() -> Iterator[None]:
    """Within the block, :class:`~longshore.errors.StorageFull` in place of the system's error for a full disk."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull.now() from error
        raise


def try_writing(folder: Path) -> None:
    """Write bytes into a folder as far as its disk, and remove them: an empty file fits on a full disk.

    :raises OSError: when the disk is full, is over a quota, or cannot be written to.
    """
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        # Not zeros: a file system that compresses would find room for them. More than fits into an inode.
        data = memoryview(os.urandom(_PROBE_BYTES))
        while data:
            data = data[file.write(data) :]
        os.fsync(file.fileno())


def is_full(folder: Path) -> bool:
    """Whether a folder's disk takes no more bytes, or no more files."""
    try:
        try_writing(folder)
    except OSError as error:
        return is_disk_full(error)
    return False


def age_seconds(path: Path, now: float) -> float:
    """Seconds since a file was last written, at the moment ``now``; 0 for one that is gone."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """The sum of a file's bytes, in hexadecimal; reads it in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def copy_bytes(source: IO[bytes], target: IO[bytes]) -> None:
    """Copy a whole file, by reference where the file system can do that."""
    if not share_bytes(source, target):
        shutil.copyfileobj(source, target, _CHUNK_BYTES)


def share_bytes(source: IO[bytes], target: IO[bytes]) -> bool:
    """Share the bytes of a whole file with the copy, if the file system can; else do nothing."""
    if sys.platform != "linux" or not hasattr(source, "fileno"):
        return False
    import fcntl

    try:
        if source.tell() != 0:
            return False
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        return False
    return True
