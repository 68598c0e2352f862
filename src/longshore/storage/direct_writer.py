"""Large files on their way to the disk, at its own pace: past the system's cache, while the next bytes are received.

A file that is written as usual lies in memory first, and whoever must not answer before it is safe waits for all of it
at the end. With ``O_DIRECT`` it goes to the disk piece by piece, is not copied once more, and puts nothing else out of
the cache; what is left to do at the end is small. Measured: docs/decisions/0009.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

BUFFER_BYTES = 2**21
"""Size of each of two buffers: one is filled while the other is written."""
ALIGNMENT = 4096
"""What addresses, sizes and places in the file have to be multiples of, to go past the cache on any disk."""
_O_DIRECT = getattr(os, "O_DIRECT", 0)

Put = Callable[[int, memoryview, int], None]
"""Writes bytes to an open file at a place in it, all of them or raises."""


def write_at(handle: int, data: memoryview, at: int) -> None:
    """Write every byte to an open file, beginning ``at`` bytes from its start."""
    while data:
        written = os.pwrite(handle, data, at)
        data, at = data[written:], at + written


class FileWriter:
    """Writes one file from front to back. For one thread; a second one does the writing when there is much.

    After an error nothing more is written, so there is never a hole: the file ends with bytes that follow its first.

    :param handle: open for writing; it stays open.
    :param at: size of the file: where the first byte goes.
    :param put: how pieces are written; it may look first whether they still should be.
    """

    def __init__(self, handle: int, at: int = 0, put: Put = write_at) -> None:
        self._handle = handle
        self._at = at
        self._put = put
        self._buffer = self._spare = memoryview(b"")
        self._used = 0
        self._pool: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._can_go_direct = _O_DIRECT != 0
        self._is_direct = False
        self._has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def room(self) -> memoryview:
        """Where the next bytes can be put, at least one; :meth:`filled` says how many were."""
        if not self._buffer:
            self._buffer = _make_buffer()
        # Buffers end where the file can be divided, so that all but the first and the last are aligned.
        return self._buffer[self._used : BUFFER_BYTES - self._at % BUFFER_BYTES]

    def filled(self, size: int) -> None:
        """So many bytes are in :meth:`room`; raises OSError when earlier ones could not be written."""
        self._used += size
        if self._used == BUFFER_BYTES - self._at % BUFFER_BYTES:
            self._hand_over()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes; raises OSError when they or earlier ones cannot be written."""
        view = memoryview(data)
        while view:
            room = self.room()
            size = min(len(room), len(view))
            room[:size] = view[:size]
            self.filled(size)
            view = view[size:]

    def flush(self) -> None:
        """Wait until the file has all bytes so far; raises OSError when some could not be written."""
        self._wait()
        if self._used:
            self._write(self._take())

    def close(self) -> None:
        """Write no more, and wait for what is under way; without :meth:`flush` the last bytes are left out."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pending = None
        self._has_failed = True

    def _take(self) -> tuple[memoryview, int]:
        """The bytes in hand, which somebody writes now, and where they go."""
        taken = self._buffer[: self._used], self._at
        self._at += self._used
        self._used = 0
        return taken

    def _hand_over(self) -> None:
        """Have the full buffer written, and go on with the other one."""
        self._wait()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "writing")
        self._pending = self._pool.submit(self._write, self._take())
        self._buffer, self._spare = self._spare, self._buffer

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _write(self, taken: tuple[memoryview, int]) -> None:
        data, at = taken
        if self._has_failed:
            return
        try:
            self._turn(direct=self._can_go_direct and at % ALIGNMENT == 0 and len(data) % ALIGNMENT == 0)
            try:
                self._put(self._handle, data, at)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._is_direct:
                    raise
                self._can_go_direct = False  # a disk with rules of its own
                self._turn(direct=False)
                self._put(self._handle, data, at)
        except BaseException:
            self._has_failed = True
            raise

    def _turn(self, *, direct: bool) -> None:
        """Have the next bytes go past the cache, where the file system can do that, or through it."""
        if direct == self._is_direct:
            return
        flags = fcntl.fcntl(self._handle, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self._handle, fcntl.F_SETFL, flags | _O_DIRECT if direct else flags & ~_O_DIRECT)
        except OSError:
            self._can_go_direct = False
        else:
            self._is_direct = direct


def _make_buffer() -> memoryview:
    """Memory that begins at a page."""
    return memoryview(mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
