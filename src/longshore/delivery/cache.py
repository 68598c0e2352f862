"""The files behind links: copies that never change, each content once, named by chance and known to the database.

A copy is made by reference where the file system can do that (Btrfs, XFS, APFS-like), else byte by byte while its
checksum is taken. A hard link would be quicker, but whoever writes into the original in place would change what an
address already promised.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.delivery.models import files, links
from longshore.errors import IllegalOperation, TooLarge
from longshore.storage.direct_writer import write_at
from longshore.storage.files import share_bytes, sync, telling_when_full

CHUNK_BYTES = 2**20
MAX_TRIES = 3


@dataclass(frozen=True)
class CachedFile:
    """A file of the cache.

    :param sha256: of its bytes, hexadecimal.
    """

    id: str
    size: int
    sha256: str


_FILE = [files.c[name] for name in CachedFile.__dataclass_fields__]


class FileCache:
    """The folder of cached files. Writing a file and making it known are two steps; what is not known is swept."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def path_of(self, file_id: str) -> Path:
        """Where a cached file lies."""
        return self.folder / file_id[:2] / file_id

    def keep_path(self, path: Path) -> tuple[CachedFile, str]:
        """A copy of the file as it is now, and the mark of what it is a copy of.

        :raises FileNotFoundError: when there is none.
        :raises IllegalOperation: when somebody goes on writing to it.
        :raises TooLarge: over the cache's limit.
        """
        for _ in range(MAX_TRIES):
            with path.open("rb", buffering=0) as source:
                before = _identity(source)
                kept = self._keep(source)
                if _identity(source) == before:
                    return kept, before
            self.path_of(kept.id).unlink(missing_ok=True)
        raise IllegalOperation(f"{path.name} is being written to; make the address when it is complete")

    def keep_stream(self, stream: IO[bytes]) -> CachedFile:
        """The rest of an open binary file, as a file of the cache."""
        return self._keep(stream)

    def _keep(self, source: IO[bytes]) -> CachedFile:
        file_id = secrets.token_hex(16)
        path = self.path_of(file_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{file_id}.partial")
        digest, size = hashlib.sha256(), 0
        try:
            with telling_when_full():
                with partial.open("xb", buffering=0) as target:
                    is_shared = share_bytes(source, target)
                    for piece in _pieces(source):
                        if size + len(piece) > self.limit_bytes:
                            raise TooLarge(f"the cache of links holds {self.limit_bytes:,} bytes; this file is larger")
                        digest.update(piece)
                        if not is_shared:
                            write_at(target.fileno(), memoryview(piece), size)
                        size += len(piece)
                # An address is written down for good, so what it leads to must outlive a power cut, too.
                sync(partial)
                partial.replace(path)
                sync(path.parent)
        finally:
            partial.unlink(missing_ok=True)
        return CachedFile(file_id, size, digest.hexdigest())

    def sweep(self, known: set[str], older_than: float) -> int:
        """Remove files that the database does not know and that are old enough; how many."""
        gone = 0
        for folder in _folders(self.folder):
            for entry in list(os.scandir(folder)):
                if entry.name not in known and _is_older(entry, older_than):
                    Path(entry.path).unlink(missing_ok=True)
                    gone += 1
        return gone


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(CHUNK_BYTES):
        yield piece


def _identity(file: IO[bytes]) -> str:
    about = os.fstat(file.fileno())
    return f"{about.st_dev}:{about.st_ino}:{about.st_size}:{about.st_mtime_ns}:{about.st_ctime_ns}"


def identity_of(path: Path) -> str:
    """The mark by which a file that was not written to since is known again; raises FileNotFoundError."""
    with path.open("rb", buffering=0) as file:
        return _identity(file)


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()] if folder.exists() else []


def _is_older(entry: os.DirEntry[str], than: float) -> bool:
    try:
        return entry.stat().st_mtime < than
    except FileNotFoundError:
        return False


# -- in the database; each inside a caller's transaction ----------------------------------------------------------


def find_copy(connection: Connection, origin: str) -> CachedFile | None:
    """The copy that was made of this very file before."""
    row = connection.execute(sa.select(*_FILE).where(files.c.origin == origin)).one_or_none()
    return None if row is None else CachedFile(*row)


def find_file(connection: Connection, file_id: str) -> CachedFile | None:
    """A cached file by its id."""
    row = connection.execute(sa.select(*_FILE).where(files.c.id == file_id)).one_or_none()
    return None if row is None else CachedFile(*row)


def add_file(connection: Connection, kept: CachedFile, origin: str | None) -> None:
    """Make a file known."""
    connection.execute(files.insert().values(**vars(kept), origin=origin, created=time.time()))


def total_bytes(connection: Connection) -> int:
    """Bytes of the cached files, without those that only jobs hand out."""
    counted = files.c.id.in_(sa.select(links.c.file_id).where(links.c.job_id.is_(None)))
    return int(
        connection.execute(sa.select(sa.func.coalesce(sa.func.sum(files.c.size), 0)).where(counted)).scalar_one()
    )


def take_unused(connection: Connection) -> list[str]:
    """Forget the files that no usable link needs; their ids, for whoever removes them from the disk."""
    needed = sa.select(links.c.file_id).where(links.c.file_id.is_not(None) & links.c.used.is_(None))
    unused = list(connection.execute(sa.select(files.c.id).where(files.c.id.not_in(needed))).scalars())
    if unused:
        connection.execute(links.update().where(links.c.file_id.in_(unused)).values(file_id=None))
        connection.execute(files.delete().where(files.c.id.in_(unused)))
    return unused


def all_files(connection: Connection) -> set[str]:
    """Ids of all known files."""
    return set(connection.execute(sa.select(files.c.id)).scalars())
