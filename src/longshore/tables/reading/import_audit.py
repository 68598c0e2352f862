"""Enters the blocks of a delimited text into the books: counts, lines, and the records that were not read whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.quotes import Positions, record_starts
from longshore.tables.reading.records import Block, Records
from longshore.tables.reading.results import plural
from longshore.tables.reading.shapes import Irregularities, Shape

_REPLACEMENT = b"\xef\xbf\xbd"
_INVALID = "bytes that are no text in the file's encoding; a replacement character (U+FFFD) stands for them"
_UNCLOSED = "a quote opens a field and none closes it before a delimiter; it was taken for a character"


@dataclass
class AuditWriter:
    """Keeps the books of one text.

    :param replaced: whether U+FFFD stands for bytes of the file that are no text.
    """

    records: Records
    odd: Irregularities
    books: ImportAudit
    replaced: bool

    def is_doubtful(self, block: Block) -> bool:
        """Whether a block needs its records measured though all of them have the right width."""
        return bool(block.unclosed) or (self.replaced and _REPLACEMENT in block.data)

    def enter(self, block: Block, count: int, lines: int, shape: Shape | None) -> None:
        """Enter the next block.

        :param count: its records, ``lines`` the physical lines on which they stand.
        :param shape: None if each is a row of the right width on a line of its own.
        """
        ledger = self.books.ledger
        first = ledger.lines + 1
        ledger.lines += lines
        ledger.continued += lines - count
        if shape is None:
            self.books.lines.run(ledger.rows, first)
            ledger.rows += count
            return
        stands_on = self._lines_of(block, shape, first, lines == count)
        is_row = ~shape.blank
        self.books.lines.add(ledger.rows, stands_on[is_row])
        self._judge(block, shape, stands_on, np.cumsum(is_row) - 1 + ledger.rows)
        rows = int(np.count_nonzero(is_row))
        ledger.rows += rows
        ledger.blank += count - rows

    def _lines_of(self, block: Block, shape: Shape, first: int, one_each: bool) -> Positions:
        if one_each:
            return np.arange(first, first + shape.starts.size, dtype=np.int64)
        newlines = np.flatnonzero(np.frombuffer(block.data, np.uint8) == self.records.marks.newline[0])
        return first + np.searchsorted(newlines, shape.starts)

    def _judge(self, block: Block, shape: Shape, lines: Positions, rows: Positions) -> None:
        """Count the records that were not read whole, and set them aside while there is room."""
        ledger, width = self.books.ledger, self.odd.width
        short, long = self.odd.judge(shape, block.data, self.records.marks, lines)
        raw, starts = self._raw(block, shape)
        unclosed, invalid = self._unclosed(block, starts), self._invalid(block, shape)
        is_mended = np.zeros(shape.starts.size, np.bool_)
        is_mended[unclosed] = is_mended[invalid] = True
        is_mended[short] = is_mended[long] = False
        is_odd = is_mended.copy()
        is_odd[short] = is_odd[long] = True
        ledger.filled += short.size
        ledger.cut += long.size
        ledger.mended += int(np.count_nonzero(is_mended))
        kept = np.flatnonzero(is_odd)[: self.books.asides.room]
        damaged, repaired = set(invalid.tolist()), set(kept[is_mended[kept]].tolist())
        places = zip(kept.tolist(), lines[kept].tolist(), rows[kept].tolist(), shape.fields[kept].tolist(), strict=True)
        for record, line, row, fields in places:
            if record in repaired:
                code, reason = ("InvalidBytes", _INVALID) if record in damaged else ("UnclosedQuote", _UNCLOSED)
            else:
                code, reason = _misfit(fields, width)
            self.books.asides.add(line, row, code, reason, raw(record))

    def _raw(self, block: Block, shape: Shape) -> tuple[Callable[[int], bytes], Callable[[], Positions]]:
        """What gives a record's own text, and where the records start in the file's text of the block."""
        if not block.mended:
            return lambda record: block.data[shape.starts[record] : shape.ends[record]], lambda: shape.starts

        @cache
        def text() -> bytes:
            descriptor = os.open(self.records.path, os.O_RDONLY)
            try:
                return os.pread(descriptor, block.end - block.start, block.start)
            finally:
                os.close(descriptor)

        @cache
        def starts() -> Positions:
            return record_starts(text(), self.records.marks, self.records.width)

        def raw(record: int) -> bytes:
            end = starts()[record + 1] if record + 1 < starts().size else len(text())
            return text()[starts()[record] : end]

        return raw, starts

    def _unclosed(self, block: Block, starts: Callable[[], Positions]) -> Positions:
        """The records with a quote that nothing closes."""
        if not block.unclosed:
            return np.empty(0, np.int64)
        places = np.array(block.unclosed, np.int64) - block.start
        return np.unique(np.searchsorted(starts(), places, side="right") - 1)

    def _invalid(self, block: Block, shape: Shape) -> Positions:
        """The records with bytes that are no text."""
        if not self.replaced or _REPLACEMENT not in block.data:
            return np.empty(0, np.int64)
        view = np.frombuffer(block.data, np.uint8)
        first, second, third = _REPLACEMENT
        places = np.flatnonzero((view[:-2] == first) & (view[1:-1] == second) & (view[2:] == third))
        return np.unique(np.searchsorted(shape.starts, places, side="right") - 1)


@lru_cache(1000)
def _misfit(fields: int, width: int) -> tuple[str, str]:
    """Code and reason of a record with too few or too many fields."""
    has = f"{plural(fields, 'field', 'fields')} where the table has {plural(width, 'column', 'columns')}"
    if fields < width:
        return "TooFewFields", f"{has}; what is absent became missing"
    return "TooManyFields", f"{has}; the surplus was cut"
