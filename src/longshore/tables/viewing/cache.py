"""A disposable folder of computed things, bounded in bytes; what was used least recently goes first."""

from __future__ import annotations

import fcntl
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

NOMINAL_BYTES = 10_000
"""What an entry counts for that has no files (yet): so that their number is bounded too."""


@dataclass
class Entry:
    """Something computed, and the folder that holds its files once it has any."""

    folder: Path
    value: Any = None
    size_bytes: int = field(default=NOMINAL_BYTES)


class Cache:
    """Entries by key, for many threads of one process.

    An entry that is evicted loses its files at once; who still holds its value can go on reading, since
    a mapped file lives until it is unmapped. Each process has a folder of its own under the common one
    and holds a lock on it; folders without a holder are remains of earlier processes and are removed.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        _remove_remains(folder)
        self.folder = folder / secrets.token_hex(8)
        self._held = _hold(self.folder)

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            self._entries.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.close()

    def get(self, key: Hashable) -> Entry | None:
        """The entry of this key, which counts as used; None if there is none."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def get_or_add(self, key: Hashable, make: Callable[[Entry], Any]) -> Entry:
        """The entry of this key; a new one gets its value from ``make``, which must be quick."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = Entry(self.folder / secrets.token_hex(8))
                entry.value = make(entry)
                self._entries[key] = entry
            self._entries.move_to_end(key)
            self._evict()
        return entry

    def measure(self, key: Hashable, entry: Entry) -> None:
        """Count the bytes of an entry whose files are now written; evict others, or it, where they are too many."""
        size_bytes = NOMINAL_BYTES + sum(file.stat().st_size for file in entry.folder.iterdir())
        with self._lock:
            if self._entries.get(key) is not entry:
                shutil.rmtree(entry.folder, ignore_errors=True)  # evicted while it was written
                return
            entry.size_bytes = size_bytes
            self._evict()

    def discard(self, key: Hashable, entry: Entry) -> None:
        """Forget an entry that could not be made."""
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]
        shutil.rmtree(entry.folder, ignore_errors=True)

    @property
    def size_bytes(self) -> int:
        """What the entries take together."""
        with self._lock:
            return sum(entry.size_bytes for entry in self._entries.values())

    def _evict(self) -> None:
        total = sum(entry.size_bytes for entry in self._entries.values())
        while total > self._limit_bytes and self._entries:
            _, entry = self._entries.popitem(last=False)
            total -= entry.size_bytes
            shutil.rmtree(entry.folder, ignore_errors=True)


def _hold(folder: Path) -> IO[bytes]:
    folder.mkdir()
    held = (folder / ".lock").open("wb")
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def _remove_remains(folder: Path) -> None:
    for lock in folder.glob("*/.lock"):
        with lock.open("wb") as remains:
            try:
                fcntl.flock(remains, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its process lives
            shutil.rmtree(lock.parent, ignore_errors=True)
