"""A folder of files that clients name: bytes arrive beside them and get their name at once, or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from longshore.delivery.names import inside
from longshore.errors import IllegalOperation, InvalidValue, shorten
from longshore.state.clocks import steady
from longshore.storage.files import sync, telling_when_full
from longshore.web.uploads import sweep

ARRIVALS = ".incoming."
"""Folder below the root where bytes arrive; no client's path can name it, since it ends with a dot."""
LOCK = "lock"
SWEEP_SECONDS = 3600.0
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class PathTaken(IllegalOperation):
    """Something else has this name already."""


class NoSuchFile(InvalidValue):
    """There is no file of this name."""

    status = 404

    @classmethod
    def now(cls) -> NoSuchFile:
        """The error with its standard sentence."""
        return cls("No file by that name")


@dataclass(frozen=True)
class FileTree:
    """A folder of files that clients name; safe for threads and for several processes."""

    root: Path

    @property
    def arrivals(self) -> Path:
        """Where bytes arrive, on the same file system."""
        return self.root / ARRIVALS

    def locate(self, path: str) -> Path:
        """Where a client's path lies; raises UnsafePath, see :func:`~longshore.delivery.names.inside`."""
        return inside(self.root, path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else, in no process, gives or takes names meanwhile."""
        self.arrivals.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.arrivals / LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def add(self, source: Path, target: Path) -> None:
        """Give a file a name that nothing else has; of several at once one succeeds.

        :param source: a file in :attr:`arrivals`, which stays there under its own name.
        :raises PathTaken: when the name is taken; also by ``source`` itself.
        """
        sync_file(source)
        with _translated(target):
            _make_folder(target.parent)
            try:
                _link(source, target)
            except FileExistsError:
                raise _taken(target) from None
        self._sync_folders(target)

    def require_free(self, target: Path) -> None:
        """:raises PathTaken: when something has this name already."""
        if os.path.lexists(target):
            raise _taken(target)

    def replace(self, source: Path, target: Path) -> None:
        """Put a file in the place of the one that has its name, or where there is none; inside :meth:`locked`.

        :param source: as for :meth:`add`.
        :raises PathTaken: when a folder has the name, or a file that of a folder on the way.
        """
        second = source.with_name(f"{secrets.token_hex(8)}.upload")
        with _translated(target):
            _make_folder(target.parent)
            try:
                _link(source, second)
                second.replace(target)
            except OSError:
                if target.is_dir():
                    raise PathTaken(f"{shorten(target.name)!r} is a folder") from None
                raise
            finally:
                second.unlink(missing_ok=True)
        self._sync_folders(target)

    def remove(self, target: Path) -> None:
        """Remove a file, and the folders that are empty then; inside :meth:`locked`.

        :raises NoSuchFile: when there is none.
        """
        try:
            target.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            if target.is_file():
                raise
            raise NoSuchFile.now() from None
        with suppress(OSError):  # the first that is not empty ends it
            for folder in target.relative_to(self.root).parents:
                if folder != Path():
                    (self.root / folder).rmdir()

    def sweep(self) -> None:
        """Remove what broken-off uploads left behind."""
        sweep(self.arrivals, steady.now() - SWEEP_SECONDS)

    def _sync_folders(self, target: Path) -> None:
        """Make the name outlive a power cut: its folder, and those above, which may be new."""
        for folder in target.parents:
            sync(folder)
            if folder == self.root:
                return


def sync_file(path: Path) -> None:
    """Make a file's bytes outlive a power cut; raises StorageFull when only now there turns out to be no room."""
    with telling_when_full():
        sync(path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise PathTaken(f"{shorten(folder.name)!r} or a part of the path before it is a file, not a folder") from None


def _link(source: Path, target: Path) -> None:
    """A second name for a file; raises FileExistsError."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _claim_and_move(source, target)


def _claim_and_move(source: Path, target: Path) -> None:
    """As a link, on file systems without: whoever creates the file first may put the bytes there."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    source.replace(target)


def _taken(path: Path) -> PathTaken:
    kind = "folder" if path.is_dir() else "file"
    return PathTaken(f"there is a {kind} called {shorten(path.name)!r} already")


@contextmanager
def _translated(target: Path) -> Iterator[None]:
    try:
        with telling_when_full():
            yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise PathTaken(f"{shorten(target.name)!r} is too long a path for the server's disk") from None
        raise
