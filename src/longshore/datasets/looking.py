"""Looking at a file before it is imported, in a process of its own; nothing is kept."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from longshore.disk import copy_bytes, telling_when_full
from longshore.errors import Internal, InvalidRequest, TimedOut, TooLarge, Unavailable, UnreadableFile
from longshore.lifeline import die_with_parent
from longshore.tables.reading import ReadOptions
from longshore.uploads import fresh_place

logger = logging.getLogger(__name__)

LIMIT_BYTES = 30_000_000
"""Larger files are not sent for a look; of those that are here already the beginning is looked at."""
BEGINNING_BYTES = 1_000_000
UNPACKED_BYTES = 500_000_000
SECONDS = 30.0
_PLACES = threading.Semaphore(2)
_ERRORS = {each.code: each for each in (InvalidRequest, TooLarge, Unavailable)}
"""What the reader raises beside UnreadableFile, by its code."""


def look_at_copy(file: IO[bytes], folder: Path, name: str, options: ReadOptions) -> dict[str, Any]:
    """How an open file would be read, whatever becomes of it meanwhile; of a large one the beginning.

    :raises LongshoreError: as :func:`look_at`.
    :raises StorageFull: when the disk has no room for the copy.
    """
    is_whole = os.fstat(file.fileno()).st_size <= LIMIT_BYTES
    with fresh_place(folder) as copy:
        with telling_when_full(), copy.open("xb") as target:
            if is_whole:
                copy_bytes(file, target)
            else:
                target.write(file.read(BEGINNING_BYTES))
        return look_at(copy, folder, name, options, is_whole=is_whole)


def look_at(path: Path, folder: Path, name: str, options: ReadOptions, *, is_whole: bool = True) -> dict[str, Any]:
    """How ``path`` would be read, see :func:`longshore.tables.reading.looking.look`.

    :param is_whole: see there; a beginning is shortened.
    :raises LongshoreError: what the reader raises.
    :raises TimedOut: when it takes too long.
    :raises Unavailable: when others look already.
    """
    if not _PLACES.acquire(timeout=SECONDS):
        raise Unavailable("others are looking at files just now; try again, or import it without a look")
    try:
        return _answer(_run(path, folder, name, options, is_whole))
    finally:
        _PLACES.release()


def _run(
    path: Path, folder: Path, name: str, options: ReadOptions, is_whole: bool
) -> subprocess.CompletedProcess[bytes]:
    asked = {
        "path": str(path),
        "folder": str(folder),
        "name": name,
        "options": options.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "maxUnpackedBytes": UNPACKED_BYTES,
        "isWhole": is_whole,
    }
    # Nothing of the server's settings and secrets: the reader needs none.
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "POLARS_MAX_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    try:
        return subprocess.run(
            [sys.executable, "-m", "longshore.tables.reading.looking"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=environment,
            preexec_fn=die_with_parent,
        )
    except subprocess.TimeoutExpired:
        raise TimedOut(f"looking at the file took more than {SECONDS:g} s; import it without a look") from None


def _answer(ended: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    if ended.returncode < 0:
        raise UnreadableFile("the file brought its reader down: it is damaged, or needs more memory than there is")
    if ended.returncode:
        internal = Internal()
        logger.error("looking at a file failed [%s]: %s", internal.error_id, ended.stderr.decode(errors="replace"))
        raise internal
    answer: dict[str, Any] = json.loads(ended.stdout)
    if "error" in answer:
        raise _ERRORS.get(answer["error"], UnreadableFile)(answer["errorDescription"])
    return answer
