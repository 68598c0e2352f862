"""Noticing that source files changed, for ``make debug``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

CHECK_SECONDS = 0.5


class SourceWatcher:
    """Compares the change times of all Python files under ``folders``."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)
        self.seen = self._look()
        self.check_at = time.monotonic() + CHECK_SECONDS

    def changed(self) -> bool:
        """Whether a file came, went or changed since the last time; looks at most twice a second."""
        if time.monotonic() < self.check_at:
            return False
        self.check_at = time.monotonic() + CHECK_SECONDS
        before, self.seen = self.seen, self._look()
        return before != self.seen

    def _look(self) -> dict[Path, int]:
        found = {}
        for folder in self.folders:
            for path in folder.rglob("*.py"):
                try:
                    found[path] = path.stat().st_mtime_ns
                except FileNotFoundError:  # an editor replaced it just now
                    continue
        return found
