"""Partitions: folders into which anyone who knows their name puts files; none is ever overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from longshore.delivery.names import UnsafePath, leads_inside, safe_name
from longshore.delivery.trees import FileTree, PathTaken
from longshore.errors import InvalidRequest, shorten
from longshore.settings import Settings
from longshore.web.uploads import Upload


@dataclass(frozen=True)
class Entry:
    """A file of a partition.

    :param size: bytes.
    :param modified: seconds since 1970.
    """

    name: str
    size: int
    modified: float


@dataclass(frozen=True)
class Listing:
    """What is in a partition, by name.

    :param exists: whether anything was ever stored there.
    :param partitions: names of the partitions below it.
    """

    partition: str
    exists: bool
    files: list[Entry]
    partitions: list[str]


class Partitions:
    """The service; safe for threads and for several processes on one folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tree = FileTree(settings.partitions_folder)

    def require_folder(self, partition: str) -> Path:
        """Where a partition lies, whether it exists or not.

        :raises UnsafePath: for a path that cannot be one.
        """
        folder = self.tree.locate(partition)
        if any(part.startswith(".") for part in folder.relative_to(self.tree.root).parts):
            raise UnsafePath(f"{shorten(partition)!r} is no partition: none of its parts begins with a dot")
        return folder

    def find_file(self, path: str) -> Path | None:
        """The file that a path of partition and name leads to.

        :raises UnsafePath: for a path that cannot lead to one.
        """
        found = self.tree.locate(path)
        return found if found.is_file() else None

    def look(self, partition: str) -> Listing:
        """What is there; nothing for a partition that does not exist, which is not made by that."""
        folder = self.require_folder(partition)
        if not folder.is_dir():
            return Listing(partition, exists=False, files=[], partitions=[])
        files, below = [], []
        for entry in self._entries(folder):
            if entry.is_file():
                about = entry.stat()
                files.append(Entry(entry.name, about.st_size, about.st_mtime))
            elif entry.is_dir():
                below.append(entry.name)
        return Listing(partition, True, sorted(files, key=lambda entry: entry.name), sorted(below))

    def names(self) -> list[str]:
        """The first parts of all partitions' names: those that lie on top."""
        if not self.tree.root.is_dir():
            return []
        found = (entry for entry in self._entries(self.tree.root) if entry.is_dir())
        return sorted(entry.name for entry in found if not entry.name.startswith("."))

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_symlink() or leads_inside(self.tree.root, Path(entry.path)):
                    yield entry

    def store(self, partition: str, uploads: Sequence[Upload]) -> list[str]:
        """Give the files of a request their names, all or none; the names.

        :raises PathTaken: when one of the names is taken; what has it stays as it is.
        :raises UnsafePath: for a name that no file can have.
        """
        folder = self.require_folder(partition)
        names = [safe_name(upload.name) for upload in uploads]
        if len(set(names)) < len(names):
            raise InvalidRequest("two of the files have the same name")
        placed: list[Path] = []
        try:
            for upload, name in zip(uploads, names, strict=True):
                self.place(upload.path, folder / name, upload.name)
                placed.append(folder / name)
        except BaseException:
            for path in placed:
                path.unlink(missing_ok=True)
            raise
        return names

    def place(self, source: Path, target: Path, called: str) -> None:
        """Give one file its name.

        :param called: the client's own name for it.
        :raises PathTaken: when something has that name.
        """
        try:
            self.tree.add(source, target)
        except PathTaken as error:
            raise _told_apart(error, target, called) from None

    def refuse_taken(self, target: Path, called: str) -> None:
        """Refuse a name before any byte comes; raises PathTaken when something has it."""
        try:
            self.tree.require_free(target)
        except PathTaken as error:
            raise _told_apart(error, target, called) from None

    def sweep(self) -> None:
        """Remove what broken-off uploads left behind."""
        self.tree.sweep()


def _told_apart(error: PathTaken, target: Path, called: str) -> PathTaken:
    """The error, saying that two different names became the same one, if that is so."""
    also = "" if called in ("", target.name) else f" ({shorten(called)!r} is stored under that name)"
    return PathTaken(f"{error.description}{also}; it was not touched")
