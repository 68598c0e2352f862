"""A delimited file as blocks of whole records, with regular quoting and valid UTF-8."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from longshore.errors import TooLarge
from longshore.tables.reading.quotes import Bytes, Marks, Positions, is_regular, make_regular, place_before, simplify

MAX_RECORD = 64 << 20
"""Bytes after which a quote that nothing closed counts as a character, so that memory stays bounded."""
_COUNT_BYTES = 1 << 20
_WINDOW_BYTES = 64 << 10
_LF, _CR = 10, 13


class NotUtf8(Exception):
    """The text is in another encoding; ``offset`` is where that shows."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(frozen=True)
class Block:
    """Some records in a row.

    :param data: with regular quoting.
    :param quoted: whether any quote occurs.
    :param start: where the block starts in the file, ``end`` where it ends.
    :param mended: whether ``data`` differs from the file's own bytes.
    :param unclosed: places in the file of quotes that open a field and are never closed.
    """

    data: bytes
    quoted: bool
    start: int
    end: int
    mended: bool = False
    unclosed: tuple[int, ...] = ()


@dataclass
class Records:
    """Cuts a file into blocks. The file may be gone through several times.

    :param start: first byte of the first record, ``end`` the byte after the last.
    :param width: fields of a record, see :func:`~longshore.tables.reading.quotes.make_regular`.
    :param holes: starts and ends of whole records in between that are left out.
    """

    path: Path
    marks: Marks
    start: int
    end: int
    block_bytes: int
    width: int = 0
    holes: tuple[tuple[int, int], ...] = ()
    irregular: bool = False
    """Whether a block had to be written anew since its quotes or line ends were irregular."""

    def blocks(self) -> Iterator[Block]:
        """All blocks in order.

        :raises TooLarge: if a line is longer than :data:`MAX_RECORD`.
        """
        if self.holes:
            yield from self._around_holes()
            return
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            yield from self._blocks(descriptor)
        finally:
            os.close(descriptor)

    def _around_holes(self) -> Iterator[Block]:
        starts = [self.start, *(end for _, end in self.holes)]
        ends = [*(start for start, _ in self.holes), self.end]
        for start, end in zip(starts, ends, strict=True):
            between = replace(self, start=start, end=end, holes=())
            for block in between.blocks():
                self.irregular |= between.irregular
                yield block

    def _blocks(self, descriptor: int) -> Iterator[Block]:
        at, size = self.start, self.block_bytes
        while at < self.end:
            data = self._read_lines(descriptor, at, size)
            block = self._settle(data, at)
            if block.end == at:
                if size >= MAX_RECORD:
                    raise TooLarge(f"a line of the file is longer than {MAX_RECORD:,} bytes")
                size *= 2
                continue
            yield block
            at = block.end
            size = self.block_bytes

    def _read_lines(self, descriptor: int, at: int, size: int) -> bytes:
        """About ``size`` bytes, up to the end of a line where one is near: cutting later would copy them all."""
        left = self.end - at
        if size < left and size > _WINDOW_BYTES:
            window = os.pread(descriptor, _WINDOW_BYTES, at + size - _WINDOW_BYTES)
            size = size - _WINDOW_BYTES + (window.rfind(self.marks.newline) + 1 or _WINDOW_BYTES)
        return os.pread(descriptor, min(size, left), at)

    def _settle(self, data: bytes, at: int) -> Block:
        """The whole records at the start of ``data`` made regular."""
        final = at + len(data) >= self.end
        quote = self.marks.quote
        quoted = quote is not None and quote in data
        if not quoted and not self._has_other_ends(data):
            used = len(data) if final else data.rfind(self.marks.newline) + 1
            return Block(data[:used], False, at, at + used)
        is_loose = quoted and (self.marks.spaced or self.marks.escaped)
        simple, left_out = simplify(data, self.marks) if is_loose else (data, np.empty(0, np.int64))
        used = self._regular_prefix(simple, np.frombuffer(simple, np.uint8), final)
        if used:
            # What is left out stands before a quote, or another backslash, and never at the end of a line.
            end = len(data) if used == len(simple) else place_before(left_out, used - 1) + 1
            mended = is_loose and simple[:used] != data[:end]
            self.irregular |= mended
            return Block(simple[:used], quoted, at, at + end, mended)
        self.irregular = True
        closed = final or len(data) >= MAX_RECORD

        unclosed: list[int] = []

        def tell(offset: int) -> None:
            unclosed.append(at + offset)

        settled, used = make_regular(data, self.marks, closed, tell, self.width)
        return Block(settled, quoted, at, at + used, True, tuple(unclosed))

    def _has_other_ends(self, data: bytes) -> bool:
        """Whether a line ends in a way that Polars would not see."""
        if self.marks.newline == b"\r":
            return b"\n" in data
        if b"\r" not in data:
            return False
        return count_byte(data, _CR) != data.count(b"\r\n") + data.endswith(b"\r")

    def _regular_prefix(self, data: bytes, view: Bytes, final: bool) -> int:
        """Length of the longest run of whole records when all its quoting is regular, else 0."""
        quotes = np.empty(0, np.int64) if self.marks.quote is None else np.flatnonzero(view == self.marks.quote[0])
        cut = len(data) if final else data.rfind(self.marks.newline) + 1
        inside = int(np.searchsorted(quotes, cut))
        while inside % 2:
            # The line end stands within quotes: go back before the quote that opened them.
            if final:
                return 0
            cut = data.rfind(self.marks.newline, 0, int(quotes[inside - 1])) + 1
            inside = int(np.searchsorted(quotes, cut))
        if not cut or not is_regular(view[:cut], quotes[:inside], self.marks):
            return 0
        return 0 if self._odd_end(view[:cut], quotes[:inside]) else cut

    def _odd_end(self, view: Bytes, quotes: Positions) -> bool:
        """Whether a line end of another sort stands outside quotes."""
        if self.marks.newline == b"\r":
            odd = np.flatnonzero(view == _LF)
        else:
            returns = np.flatnonzero(view == _CR)
            following = view[np.minimum(returns + 1, view.size - 1)]
            odd = returns[(following != _LF) & (returns != view.size - 1)]
        return bool((np.searchsorted(quotes, odd) % 2 == 0).any())


def require_utf8(data: bytes, offset: int) -> None:
    """:raises NotUtf8: if ``data``, which stands at ``offset`` of its file, is not UTF-8."""
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8(offset + error.start) from None


def count_byte(data: bytes, byte: int) -> int:
    """How often ``byte`` occurs; in pieces that stay in the cache, faster than ``bytes.count`` on frequent bytes."""
    view = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(view[at : at + _COUNT_BYTES] == byte)) for at in range(0, len(data), _COUNT_BYTES))


def count_line_ends(data: bytes) -> int:
    """Line ends of every sort; that of Windows counts once.

    >>> count_line_ends(b"\\r\\n\\n\\r")
    3
    """
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
