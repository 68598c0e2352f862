"""A file that grows request by request, of which only the latest may write.

Beside the bytes lies a small state: who writes, and up to where the bytes are sure when those that follow have still to
be checked. Both are only touched under a lock on the state, which is held for the time of one write; so a client that
comes back takes over at once from its own broken connection, and what that one still has in hand goes nowhere.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from longshore.errors import IllegalOperation
from longshore.storage.direct_writer import FileWriter, write_at

BYTES_ENDING = ".growing"
STATE_ENDING = ".state"
_STATE_BYTES = 200


class OffsetConflict(IllegalOperation):
    """The bytes that were sent do not follow those that are there."""


class TakenOver(IllegalOperation):
    """A later request writes this file now."""


@dataclass(frozen=True)
class _State:
    """What is kept beside the bytes.

    :param writer: mark of the request that may write; "" for none.
    :param sure: bytes before those that have still to be checked; None when none have.
    """

    writer: str = ""
    sure: int | None = None


class GrowingFile:
    """The bytes of one upload in ``folder``; safe for threads and for several processes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}{BYTES_ENDING}"
        self._state_path = folder / f"{name}{STATE_ENDING}"

    def create(self) -> None:
        """Begin with no bytes."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.touch(exist_ok=False)
        self._state_path.touch(exist_ok=False)

    def remove(self) -> None:
        """Remove it, whoever writes."""
        try:
            with self.locked() as handle:
                _write_state(handle, _State())
                self.path.unlink(missing_ok=True)
                self._state_path.unlink(missing_ok=True)
        except FileNotFoundError:
            self.path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Nobody writes meanwhile; yields the handle of the state.

        :raises FileNotFoundError: when there is no such file.
        """
        handle = os.open(self._state_path, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def size(self) -> int:
        """Bytes that are there for sure; raises FileNotFoundError."""
        with self.locked() as handle:
            return self.size_inside(handle)

    def size_inside(self, handle: int) -> int:
        """As :meth:`size`, inside :meth:`locked`."""
        sure = _read_state(handle).sure
        return self.path.stat().st_size if sure is None else sure

    @contextmanager
    def extending(self, offset: int, *, checked: bool) -> Iterator[Extension]:
        """Become the one that writes; what was written stays when the body fails, unless it has to be checked.

        :param checked: whether the new bytes count only after :meth:`Extension.approve`.
        :raises OffsetConflict: when there are not ``offset`` bytes.
        :raises FileNotFoundError: when there is no such file.
        """
        state = os.open(self._state_path, os.O_RDWR)
        try:
            file = os.open(self.path, os.O_RDWR)
            try:
                extension = Extension(state, file, offset, checked=checked)
                extension.begin()
                try:
                    try:
                        yield extension
                    finally:
                        extension.flush()
                finally:
                    extension.end()
            finally:
                os.close(file)
        finally:
            os.close(state)


class Extension:
    """One request's turn at writing a growing file.

    :param offset: bytes of the file, with those of this turn that were handed over.
    """

    def __init__(self, state: int, file: int, offset: int, *, checked: bool) -> None:
        self.offset = offset
        self._state, self._file = state, file
        self._start = offset
        self._checked = checked
        self._mark = secrets.token_hex(8)
        self._writer = FileWriter(file, offset, self._put)

    @contextmanager
    def _locked(self) -> Iterator[_State]:
        fcntl.flock(self._state, fcntl.LOCK_EX)
        try:
            yield _read_state(self._state)
        finally:
            fcntl.flock(self._state, fcntl.LOCK_UN)

    @contextmanager
    def _being_writer(self) -> Iterator[_State]:
        """As :meth:`_locked`; raises TakenOver when a later request writes now."""
        with self._locked() as state:
            if state.writer != self._mark:
                raise TakenOver("another request goes on with this upload")
            yield state

    def begin(self) -> None:
        """Take over from whoever wrote before; raises OffsetConflict."""
        with self._locked() as before:
            there = os.fstat(self._file).st_size if before.sure is None else before.sure
            if there != self.offset:
                raise OffsetConflict(f"the upload stands at {there:,} bytes, not at {self.offset:,}; ask with HEAD")
            # Bytes of the one before that were not checked will not be any more.
            os.ftruncate(self._file, there)
            _write_state(self._state, _State(self._mark, self.offset if self._checked else None))

    def write(self, data: bytes) -> None:
        """Add bytes, which are in the file at the latest after :meth:`flush`.

        :raises TakenOver: when a later request writes now.
        :raises OSError: when the disk is full; what fitted is there.
        """
        self._writer.write(data)
        self.offset += len(data)

    def room(self) -> memoryview:
        """Where bytes can be put instead, at least one; :meth:`filled` says how many were."""
        return self._writer.room()

    def filled(self, size: int) -> None:
        """So many bytes are in :meth:`room`; raises as :meth:`write`."""
        self._writer.filled(size)
        self.offset += size

    def flush(self) -> None:
        """Wait until the bytes are in the file; raises as :meth:`write`."""
        self._writer.flush()

    def _put(self, handle: int, data: memoryview, at: int) -> None:
        with self._being_writer():
            write_at(handle, data, at)

    def approve(self) -> None:
        """Let the bytes count that had to be checked; raises TakenOver."""
        self.flush()
        with self._being_writer():
            _write_state(self._state, _State(self._mark))

    def reject(self) -> None:
        """Take back all bytes of this turn."""
        self._writer.close()
        with self._locked() as state:
            if state.writer == self._mark:
                os.ftruncate(self._file, self._start)
                _write_state(self._state, _State())

    def end(self) -> None:
        """Stop writing; bytes that were not approved go, and so do those that were not flushed."""
        self._writer.close()
        with self._locked() as state:
            if state.writer == self._mark:
                if state.sure is not None:
                    os.ftruncate(self._file, state.sure)
                _write_state(self._state, _State())


def _read_state(handle: int) -> _State:
    text = os.pread(handle, _STATE_BYTES, 0).strip()
    return _State(*json.loads(text)) if text else _State()


def _write_state(handle: int, state: _State) -> None:
    # Always the same length: one write puts it in the place of the one before.
    os.pwrite(handle, json.dumps([state.writer, state.sure]).ljust(_STATE_BYTES).encode(), 0)
