"""A JSON file as blocks of lines with one object each: NDJSON as it is, an array split at its elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading.quotes import Bytes, Flags, Positions
from longshore.tables.reading.records import count_byte, require_utf8

MAX_ELEMENT = 256 << 20
_OPEN, _CLOSE = b"{[", b"}]"
_BETWEEN = b" \t\r\n,"
_LINE_ENDS = b"\r\n"


@dataclass(frozen=True)
class Batch:
    """Objects, one a line.

    :param line: number of the first, from 1; blank lines count.
    :param end: where the batch ends in the file.
    """

    data: bytes
    line: int
    end: int


class Elements(Protocol):
    """The objects of a file, in blocks."""

    size: int

    def blocks(self, start: int = 0, line: int = 1) -> Iterator[Batch]:
        """Batches in order, from the first on, or from where another one ended and what line follows it."""
        ...


@dataclass
class _Chunked:
    path: Path
    block_bytes: int

    def __post_init__(self) -> None:
        self.size = self.path.stat().st_size

    def blocks(self, start: int = 0, line: int = 1) -> Iterator[Batch]:
        """See :class:`Elements`.

        :raises NotUtf8: at the first byte that is not.
        """
        with self.path.open("rb") as file:
            at = start or self._begin(file.read(1 << 16))
            size = self.block_bytes
            while at < self.size:
                file.seek(at)
                data = file.read(size)
                final = at + len(data) >= self.size
                lines, used = self._split(data, final, at)
                if used == 0:
                    if len(data) >= MAX_ELEMENT:
                        raise TooLarge(f"one JSON record is longer than {MAX_ELEMENT:,} bytes")
                    size *= 2
                    continue
                require_utf8(data[:used], at)
                at += used
                size = self.block_bytes
                yield Batch(lines, line, at)
                line += count_byte(lines, 10)

    def _begin(self, head: bytes) -> int:
        return 3 if head.startswith(b"\xef\xbb\xbf") else 0

    def _split(self, data: bytes, final: bool, at: int) -> tuple[bytes, int]:
        raise NotImplementedError


class Lines(_Chunked):
    """NDJSON."""

    def _split(self, data: bytes, final: bool, at: int) -> tuple[bytes, int]:
        used = len(data) if final else data.rfind(b"\n") + 1
        return data[:used], used


class Objects(_Chunked):
    """An array of objects, on one line or pretty-printed."""

    def _begin(self, head: bytes) -> int:
        return head.index(b"[") + 1

    def _split(self, data: bytes, final: bool, at: int) -> tuple[bytes, int]:
        """The whole elements at the start of ``data``, each on a line of its own, and the bytes they took."""
        view = np.frombuffer(data, np.uint8).copy()
        brackets, depth = nesting(view)
        # Where the depth falls below zero, the array itself ends.
        over = np.flatnonzero(depth < 0)
        if over.size:
            brackets, depth = brackets[: over[0] + 1], depth[: over[0] + 1]
        ends = brackets[depth == 0]
        starts = brackets[(depth == 1) & is_one_of(view[brackets], _OPEN)]
        if final and not over.size:
            raise UnreadableFile("the JSON array is cut off: its closing bracket is missing")
        if over.size:
            self._require_end(data, int(brackets[-1]) + 1, final)
            used = len(data)
            stop = int(brackets[-1])
        else:
            used = stop = int(ends[-1]) + 1 if ends.size else 0
        if used and over.size:
            used = self.size - at
        return self._on_lines(view[:stop], starts[: ends.size], ends), used

    def _require_end(self, data: bytes, after: int, final: bool) -> None:
        if data[after:].strip():
            raise UnreadableFile("something follows the end of the JSON array")

    @staticmethod
    def _on_lines(view: Bytes, starts: Positions, ends: Positions) -> bytes:
        between = within_gaps(np.append(0, ends + 1), np.append(starts, view.size))
        if not is_one_of(view[between], _BETWEEN).all():
            raise UnreadableFile("the JSON array holds values between its records that are no records")
        # Within strings JSON allows no line ends, so each one found is white space.
        view[is_one_of(view, _LINE_ENDS)] = 32
        view[between] = 32
        lines = np.append(view, np.uint8(32))
        lines[ends + 1] = 10
        return lines.tobytes()


def within_gaps(starts: Positions, ends: Positions) -> Positions:
    """All positions from each start up to the end beside it.

    >>> within_gaps(np.array([0, 5]), np.array([2, 8])).tolist()
    [0, 1, 5, 6, 7]
    """
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def nesting(view: Bytes) -> tuple[Positions, Positions]:
    """Where brackets stand outside strings, and the depth of nesting after each of them."""
    brackets = np.flatnonzero(is_one_of(view, _OPEN + _CLOSE))
    quotes = unescaped_quotes(view)
    brackets = brackets[np.searchsorted(quotes, brackets) % 2 == 0]
    steps = np.where(is_one_of(view[brackets], _OPEN), 1, -1)
    return brackets, np.cumsum(steps)


def unescaped_quotes(view: Bytes) -> Positions:
    """Where strings begin and end: quotes that no odd number of backslashes precedes."""
    quotes = np.flatnonzero(view == 34)
    slashes = np.flatnonzero(view == 92)
    if not slashes.size:
        return quotes
    first = np.concatenate(([True], np.diff(slashes) != 1))
    run = np.cumsum(first) - 1
    lengths = np.bincount(run)
    last = slashes[np.append(np.flatnonzero(first)[1:] - 1, slashes.size - 1)]
    escaped = last[lengths % 2 == 1] + 1
    return quotes[~np.isin(quotes, escaped, assume_unique=True)]


def is_one_of(view: Bytes, characters: bytes) -> Flags:
    """Which bytes are among ``characters``."""
    found = np.zeros(view.size, np.bool_)
    for character in characters:  # each compares many bytes at once, where a table would be looked up for one
        found |= view == character
    return found
