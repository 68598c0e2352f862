"""Path files: files at paths that clients choose; the newest wins, unless a condition says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from longshore.delivery.stored import etag_of, find_etag, find_regular
from longshore.delivery.trees import FileTree, sync_file
from longshore.errors import IllegalOperation
from longshore.settings import Settings
from longshore.web.request_gate import Condition


class FileChanged(IllegalOperation):
    """The file is not the one that the request wants to replace or remove."""

    status = 412

    @classmethod
    def now(cls) -> FileChanged:
        """The error with its standard sentence."""
        return cls("the file is not as the request expects it; read it again, then decide")


@dataclass(frozen=True)
class Stored:
    """How a file was stored.

    :param is_new: whether there was none at this path.
    """

    etag: str
    size: int
    is_new: bool


class PathFiles:
    """The service; safe for threads and for several processes on one folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tree = FileTree(settings.path_files_folder)

    def put(self, path: str, source: Path, allowed: Condition = lambda *_: True) -> Stored:
        """Put a file at a path, in place of the one that was there.

        :param source: a file among the tree's arrivals, which stays there.
        :raises FileChanged: when ``allowed`` says no.
        :raises PathTaken: when a folder is there.
        :raises UnsafePath: for a path that cannot be a file's.
        """
        target = self.tree.locate(path)
        sync_file(source)
        with self.tree.locked():
            before = self._require(target, allowed)
            self.tree.replace(source, target)
            etag = find_etag(target)
        assert etag is not None  # noqa: S101 - it was just put there, and nobody else may remove it
        return Stored(etag, source.stat().st_size, is_new=before is None)

    def delete(self, path: str, allowed: Condition = lambda *_: True) -> None:
        """Remove a file, and the folders that are empty then.

        :raises NoSuchFile: when there is none.
        :raises FileChanged: when ``allowed`` says no.
        """
        target = self.tree.locate(path)
        with self.tree.locked():
            self._require(target, allowed)
            self.tree.remove(target)

    def _require(self, target: Path, allowed: Condition) -> str | None:
        before = find_regular(target)
        etag = None if before is None else etag_of(before)
        if not allowed(etag, None if before is None else before.st_mtime):
            raise FileChanged.now()
        return etag

    def sweep(self) -> None:
        """Remove what broken-off uploads left behind."""
        self.tree.sweep()
