"""Files on offer: what lies under one folder of the deployer's, by keys that are paths below it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.delivery.cache import identity_of
from longshore.delivery.names import guess_type, leads_inside
from longshore.errors import InvalidValue, shorten


class FileNotOffered(InvalidValue):
    """No file on offer has this key."""

    status = 404


@dataclass(frozen=True)
class Offered:
    """The folder of files on offer."""

    root: Path

    def keys(self) -> list[str]:
        """The keys of all files, sorted; hidden files and links out of the folder are not on offer."""
        return sorted(self._walk(self.root, "")) if self.root.is_dir() else []

    def _walk(self, folder: Path, prefix: str) -> Iterator[str]:
        for entry in os.scandir(folder):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file() and self._is_inside(Path(entry.path)):
                yield f"{prefix}{entry.name}"

    def _is_inside(self, path: Path) -> bool:
        return leads_inside(self.root, path)

    def require(self, key: str) -> Path:
        """The file of this key.

        :raises FileNotOffered: when there is none, or the key leads out of the folder.
        """
        parts = key.split("/")
        # Any name that is on disk may be asked for, but a key never climbs, and hidden files are not on offer.
        sound = "\0" not in key and all(part and not part.startswith(".") for part in parts)
        try:
            path = self.root.joinpath(*parts) if sound else None
            if path is not None and path.is_file() and self._is_inside(path):
                return path
        except (OSError, UnicodeEncodeError, ValueError):
            path = None  # a name that the file system cannot even look up
        raise FileNotOffered(f"no file on offer is called {shorten(key)!r}; GET / lists them")

    def describe(self, key: str) -> dict[str, Any]:
        """What is known of a file without reading it; raises as :meth:`require`."""
        path = self.require(key)
        about = path.stat()
        content_type = guess_type(path.name)
        return {
            "name": path.name,
            "path": key,
            "content_type": content_type,
            "mime_type": content_type.partition(";")[0],
            "size": about.st_size,
            "modified": about.st_mtime,
            "etag": identity_of(path),
        }
