"""Looking at a file before it is imported, in a process of its own; nothing is kept."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from longshore.datasets.answers import Look
from longshore.datasets.reader import Reader, ReaderLost
from longshore.errors import TimedOut, Unavailable
from longshore.settings import Settings
from longshore.storage.files import copy_bytes, telling_when_full
from longshore.tables.reading import ReadOptions
from longshore.web.uploads import fresh_place

LIMIT_BYTES = 30_000_000
"""Larger files are not sent for a look; of those that are here already the beginning is looked at."""
BEGINNING_BYTES = 1_000_000
UNPACKED_BYTES = 500_000_000
SECONDS = 30.0
IDLE_SECONDS = 60.0
_PLACES = threading.Semaphore(2)
_reader = Reader(threads=1, idle_seconds=IDLE_SECONDS)


def look_at_copy(file: IO[bytes], settings: Settings, name: str, options: ReadOptions) -> Look:
    """How an open file would be read, whatever becomes of it meanwhile; of a large one the beginning.

    :raises LongshoreError: as :func:`look_at`.
    :raises StorageFull: when the disk has no room for the copy.
    """
    is_whole = os.fstat(file.fileno()).st_size <= LIMIT_BYTES
    with fresh_place(settings.uploads_folder) as copy:
        with telling_when_full(), copy.open("xb") as target:
            if is_whole:
                copy_bytes(file, target)
            else:
                target.write(file.read(BEGINNING_BYTES))
        return look_at(copy, settings, name, options, is_whole=is_whole)


def look_at(path: Path, settings: Settings, name: str, options: ReadOptions, *, is_whole: bool = True) -> Look:
    """How ``path`` would be read, see :func:`longshore.tables.reading.preview.look`.

    :param is_whole: see there; a beginning is shortened.
    :raises LongshoreError: what the reader raises.
    :raises TimedOut: when it takes too long.
    :raises Unavailable: when others look already.
    """
    if not _PLACES.acquire(timeout=SECONDS):
        raise Unavailable("others are looking at files just now; try again, or import it without a look")
    try:
        # A child that is killed leaves what it wrote: the folder is ours, and goes in any case.
        with telling_when_full(), tempfile.TemporaryDirectory(dir=settings.uploads_folder) as scratch:
            return Look(**_look(path, Path(scratch), settings.import_memory_bytes, name, options, is_whole))
    finally:
        _PLACES.release()


def _look(
    path: Path, folder: Path, memory_bytes: int, name: str, options: ReadOptions, is_whole: bool
) -> dict[str, Any]:
    request = {
        "task": "look",
        "path": str(path),
        "folder": str(folder),
        "name": name,
        "options": options.recorded(),
        "maxUnpackedBytes": UNPACKED_BYTES,
        "isWhole": is_whole,
    }
    try:
        return _reader.run(request, memory_bytes=memory_bytes, stall_seconds=SECONDS, limit_seconds=SECONDS)
    except TimedOut:
        raise TimedOut(f"looking at the file took more than {SECONDS:g} s; import it without a look") from None
    except ReaderLost:
        raise Unavailable("the process that looked at the file was ended; try again") from None
