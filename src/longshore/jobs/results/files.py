"""Results too large for a store: one file each, named by the job's id, beside the datasets.

Life of a file: the process that ran the job writes ``<id>.<token>.part``; the one that settles the job renames it to
``<id>.json``, after its bytes are safely on disk, and then commits the record that names it. So a record never names a
file that is not whole. A file without a record (its writer died in between) is removed an hour later.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from longshore.errors import InvalidValue, StorageFull, is_disk_full
from longshore.jobs.results import INLINE_BYTES
from longshore.jobs.results.encoding import write_json
from longshore.storage.files import age_seconds, sync

GRACE_SECONDS = 3600.0
"""Age below which a file without a record is left alone: somebody may be about to commit that."""
IDS_AT_ONCE = 500
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_NAME = re.compile(r"(?P<id>[A-Za-z0-9-]{1,64})\.(json|[0-9a-z-]+\.part)")


@dataclass(frozen=True)
class EncodedResult:
    """A result as JSON: in memory when it is small, else in a file that waits for :meth:`ResultFiles.adopt`.

    :param size: bytes.
    """

    size: int
    document: bytes | None
    path: Path | None


class ResultFiles:
    """The folder of large results.

    :param folder: made when it is first written to. With several machines it has to be one that all of them see.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, job_id: str) -> Path:
        """Where a job's result is, if it has one.

        :raises InvalidValue: for what is no job's id, such as a path.
        """
        if not _ID.fullmatch(job_id):
            raise InvalidValue("a job's id has letters, digits and hyphens only")
        return self.folder / f"{job_id}.json"

    def new_part(self, job_id: str) -> Path:
        """A path for :func:`encode_result`, which nobody else has.

        :raises InvalidValue: for what is no job's id.
        """
        return self.path(job_id).with_suffix(f".{secrets.token_hex(4)}.part")

    def adopt(self, part: Path, job_id: str) -> Path:
        """Make a file that :func:`encode_result` wrote the job's result, so that it survives a power cut.

        :raises FileNotFoundError: if it is not there.
        :raises InvalidValue: if it is not a part of this folder.
        """
        target = self.path(job_id)
        if part.parent != self.folder or not _NAME.fullmatch(part.name):
            raise InvalidValue("this file was not written as a result")
        sync(part)
        part.replace(target)
        sync(self.folder)
        return target

    def open(self, job_id: str) -> BinaryIO | None:
        """The job's result, for reading; None if there is none. It stays readable when it is removed meanwhile."""
        try:
            return self.path(job_id).open("rb")
        except FileNotFoundError:
            return None

    def forget(self, ids: Iterable[str]) -> None:
        """Remove the results of these jobs; an id without one is no error."""
        for job_id in ids:
            self.path(job_id).unlink(missing_ok=True)

    def collect(self, expiries: Callable[[list[str]], Mapping[str, float]], now: float) -> int:
        """Remove what has expired, and what no record names and is old enough; how many files.

        :param expiries: finds for a list of ids, which have a record that names a file, and when that expires.
        """
        found = list(self._files())
        removed = 0
        for start in range(0, len(found), IDS_AT_ONCE):
            part = found[start : start + IDS_AT_ONCE]
            known = expiries(sorted({job_id for job_id, _ in part}))
            for job_id, path in part:
                named = path.suffix == ".json" and job_id in known
                if known[job_id] <= now if named else age_seconds(path, now) > GRACE_SECONDS:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _files(self) -> Iterable[tuple[str, Path]]:
        if not self.folder.exists():
            return
        for entry in os.scandir(self.folder):
            name = _NAME.fullmatch(entry.name)
            if name is not None:
                yield name["id"], Path(entry.path)


def encode_result(value: Any, part: Path, inline_bytes: int = INLINE_BYTES) -> EncodedResult:
    """Write what a job returned as JSON; what is longer than ``inline_bytes`` goes to ``part`` while it is made.

    :raises InvalidResult: for what is not JSON, saying where it stands.
    :raises StorageFull: when the disk has no room. Nothing is left of the file then.
    """
    spill = _Spill(part, inline_bytes)
    try:
        with spill:
            size = write_json(value, cast("BinaryIO", spill))
    except BaseException as error:
        part.unlink(missing_ok=True)
        if is_disk_full(error):
            raise StorageFull.now() from error
        raise
    if spill.file is None:
        return EncodedResult(size, bytes(spill.buffer), None)
    return EncodedResult(size, None, part)


class _Spill:
    """A file to write to that stays in memory while it is small."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.limit = limit
        self.buffer = bytearray()
        self.file: BinaryIO | None = None

    def __enter__(self) -> _Spill:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def write(self, data: bytes) -> int:
        """Append."""
        if self.file is not None:
            return self.file.write(data)
        self.buffer += data
        if len(self.buffer) > self.limit:
            # Only now: most results need neither file nor folder, and get by on a disk that takes no more of them.
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.file = self.path.open("wb", buffering=2**20)
            self.file.write(self.buffer)
            self.buffer.clear()
        return len(data)
