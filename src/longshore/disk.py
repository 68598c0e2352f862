"""What every feature that keeps files needs: outliving a power cut, telling of a full disk, the age of a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longshore.errors import StorageFull, is_disk_full


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


def age_seconds(path: Path, now: float) -> float:
    """Seconds since a file was last written, at the moment ``now``; 0 for one that is gone."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
