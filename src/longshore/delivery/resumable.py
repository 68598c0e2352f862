"""Uploads that can go on after a break: their records, their bytes, and what they become when they are whole.

The record is in the database and the bytes are on disk, so any process takes the next piece, and a restart loses none.
The size of the file is the truth about how much arrived.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from longshore.delivery.growing import BYTES_ENDING, STATE_ENDING, GrowingFile
from longshore.delivery.models import resumable
from longshore.delivery.names import safe_name
from longshore.delivery.partitions import Partitions
from longshore.delivery.path_files import PathFiles
from longshore.errors import IllegalOperation, InvalidValue, LongshoreError, TooLarge, Unavailable
from longshore.settings import Settings
from longshore.state.clocks import steady
from longshore.state.database import Database
from longshore.storage.files import age_seconds
from longshore.web.uploads import require_room

GRACE_SECONDS = 3600.0
"""Age below which bytes without a record are left alone: their record is about to be written."""


class UploadNotFound(InvalidValue):
    """There is no such upload: unknown, expired or ended."""

    status = 404

    @classmethod
    def now(cls) -> UploadNotFound:
        """The error with its standard sentence."""
        return cls("there is no upload at this address; it may have ended, or its time is up. Begin a new one")


class UploadFailed(IllegalOperation):
    """The upload is whole, but could not become what it should."""

    status = 410


@dataclass(frozen=True)
class Resumable:
    """The record of an upload.

    :param size: bytes that it will have.
    :param kind: which target takes it.
    :param path: where that puts it.
    :param described: the client's metadata as it came, to be given back.
    :param options: the rest of the metadata, for the target.
    :param result: where the file is now, once it is whole: ``location`` and more.
    :param failure: why it could not become what it should.
    """

    id: str
    size: int
    name: str
    kind: str
    path: str
    described: str
    options: dict[str, str]
    asked_by: str | None
    created: float
    expires: float
    result: dict[str, Any] | None = None
    failure: str | None = None


class Target(Protocol):
    """What finished uploads become."""

    @property
    def arrivals(self) -> Path:
        """Folder for their bytes until then, on the file system where they will stay."""

    def check(self, upload: Resumable) -> None:
        """Refuse, before any byte is sent, what could not be taken; raises a LongshoreError."""

    def take(self, source: Path, upload: Resumable) -> dict[str, Any]:
        """Take the whole file, which stays at ``source``; where it is now.

        It may be called again for the same upload, when a process was killed before it could note the first time.
        """


class IntoPartition:
    """Uploads that become files of a partition."""

    def __init__(self, partitions: Partitions) -> None:
        self.partitions = partitions
        self.arrivals = partitions.tree.arrivals

    def check(self, upload: Resumable) -> None:
        """Refuse a name that is taken, or that no file can have."""
        self.partitions.refuse_taken(self._target(upload), upload.name)

    def take(self, source: Path, upload: Resumable) -> dict[str, Any]:
        """Give the file its name; raises PathTaken."""
        target = self._target(upload)
        if not (target.exists() and target.samefile(source)):
            self.partitions.place(source, target, upload.name)
        return {"partition": upload.path, "name": target.name, "location": quote(f"/{upload.path}/{target.name}")}

    def _target(self, upload: Resumable) -> Path:
        return self.partitions.require_folder(upload.path) / safe_name(upload.name)


class IntoPath:
    """Uploads that become path files."""

    def __init__(self, files: PathFiles) -> None:
        self.files = files
        self.arrivals = files.tree.arrivals

    def check(self, upload: Resumable) -> None:
        """Refuse a path that cannot be a file's."""
        self.files.tree.locate(upload.path)

    def take(self, source: Path, upload: Resumable) -> dict[str, Any]:
        """Put the file at its path; raises PathTaken when a folder is there."""
        self.files.put(upload.path, source)
        return {"path": upload.path, "location": quote(f"/fs/{upload.path}")}


class ResumableUploads:
    """The service. One per process; safe for threads.

    :param targets: what uploads may become, by the word that clients use.
    """

    def __init__(self, settings: Settings, database: Database, targets: Mapping[str, Target]) -> None:
        self.settings = settings
        self.database = database
        self.targets = targets

    def begin(self, upload: Resumable) -> None:
        """Make room for an upload and note it.

        :raises TooLarge: over the limit.
        :raises StorageFull: when the disk has no room for all of it.
        :raises LongshoreError: whatever its target has against it.
        """
        limit = self.settings.max_upload_bytes
        if upload.size > limit:
            raise TooLarge(f"an upload has at most {limit:,} bytes, and this one {upload.size:,}")
        target = self.targets[upload.kind]
        target.check(upload)
        require_room(target.arrivals, upload.size, self.settings.min_free_bytes)
        self.bytes_of(upload).create()
        with self.database.writing() as connection:
            connection.execute(resumable.insert().values(**vars(upload)))

    def bytes_of(self, upload: Resumable) -> GrowingFile:
        """What has arrived of it."""
        return GrowingFile(self.targets[upload.kind].arrivals, upload.id)

    def require(self, upload_id: str) -> Resumable:
        """The record of an upload.

        :raises UploadNotFound: when there is none.
        """
        with self.database.reading() as connection:
            return _require(connection, upload_id)

    def offset(self, upload: Resumable) -> int:
        """Bytes that have arrived; raises UploadNotFound."""
        if upload.result is not None:
            return upload.size
        try:
            return self.bytes_of(upload).size()
        except FileNotFoundError:
            raise UploadNotFound.now() from None

    def renew(self, upload: Resumable) -> float:
        """Count its time from now on; when it will be up."""
        expires = time.time() + self.settings.resumable_ttl
        with self.database.writing(durable=False) as connection:
            connection.execute(resumable.update().where(resumable.c.id == upload.id).values(expires=expires))
        return expires

    def finish(self, upload: Resumable) -> Resumable:
        """If all bytes are there, make of them what they should become; the record as it is then.

        Whoever finds an upload whole does this, since the one that brought the last byte may have been killed.

        :raises UploadNotFound: when it has ended meanwhile.
        :raises UploadFailed: when its target refuses it for good; its bytes are gone then.
        :raises Unavailable: when its target cannot take it now, such as for a full disk.
        """
        growing = self.bytes_of(upload)
        with ExitStack() as stack:
            try:
                handle = stack.enter_context(growing.locked())
            except FileNotFoundError:  # somebody has finished it, or it has ended
                handle = None
            upload = self.require(upload.id)
            is_open = upload.result is None and upload.failure is None
            if is_open and handle is None:
                raise UploadNotFound.now()
            if is_open and handle is not None and growing.size_inside(handle) == upload.size:
                upload = self._hand_over(upload, growing)
        if upload.result is not None or upload.failure is not None:
            growing.remove()
        if upload.failure is not None:
            raise UploadFailed(upload.failure)
        return upload

    def _hand_over(self, upload: Resumable, growing: GrowingFile) -> Resumable:
        outcome: dict[str, Any]
        try:
            outcome = {"result": {"kind": upload.kind, **self.targets[upload.kind].take(growing.path, upload)}}
        except Unavailable:
            raise  # it may go better the next time
        except LongshoreError as error:
            outcome = {"failure": error.description}
        with self.database.writing() as connection:
            connection.execute(resumable.update().where(resumable.c.id == upload.id).values(**outcome))
            return _require(connection, upload.id)

    def end(self, upload: Resumable) -> None:
        """Forget an upload, whole or not; what it became stays."""
        with self.database.writing() as connection:
            connection.execute(resumable.delete().where(resumable.c.id == upload.id))
        self.bytes_of(upload).remove()

    def sweep(self) -> None:
        """End the uploads whose time is up, and remove bytes that no upload needs."""
        now = steady.now()
        with self.database.writing(durable=False) as connection:
            connection.execute(resumable.delete().where(resumable.c.expires <= now))
            needed = set(connection.execute(sa.select(resumable.c.id).where(resumable.c.result.is_(None))).scalars())
        for folder in {target.arrivals for target in self.targets.values()}:
            for ending in (BYTES_ENDING, STATE_ENDING):
                for path in folder.glob(f"*{ending}"):
                    if path.stem not in needed and age_seconds(path, now) > GRACE_SECONDS:
                        GrowingFile(folder, path.stem).remove()


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(16)


def _require(connection: Connection, upload_id: str) -> Resumable:
    columns = [resumable.c[name] for name in Resumable.__dataclass_fields__]
    row = connection.execute(
        sa.select(*columns).where((resumable.c.id == upload_id) & (resumable.c.expires > time.time()))
    ).one_or_none()
    if row is None:
        raise UploadNotFound.now()
    return Resumable(*row)
