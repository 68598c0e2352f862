"""Which lines of a block have too few or too many fields, and which are blank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longshore.tables.reading.quotes import Flags, Marks, Positions
from longshore.tables.reading.results import EXAMPLES, ReadWarning, cut, plural


@dataclass(frozen=True)
class Shape:
    """The records of a block: where each starts and ends (its line end excluded), and its number of fields."""

    starts: Positions
    ends: Positions
    fields: Positions
    blank: Flags


def measure(data: bytes, marks: Marks, width: int, quoted: bool) -> Shape | None:
    """The records of ``data``, whose quoting is regular; None when every one has ``width`` fields.

    :param width: 0 for the records in any case.
    """
    view = np.frombuffer(data, np.uint8)
    newline = marks.newline[0]
    structural = (view == newline) | (view == marks.delimiter[0])
    marks_at = np.flatnonzero(structural)
    if quoted and marks.quote is not None:
        quotes = np.flatnonzero(view == marks.quote[0])
        marks_at = marks_at[np.searchsorted(quotes, marks_at) % 2 == 0]
    is_end = view[marks_at] == newline
    if view.size and (not marks_at.size or marks_at[-1] != view.size - 1 or not is_end[-1]):
        # The last line of a file may lack its line end.
        marks_at, is_end = np.append(marks_at, view.size), np.append(is_end, True)
    whole = width > 1 and marks_at.size == int(np.count_nonzero(is_end)) * width
    if whole and is_end[width - 1 :: width].all():
        return None
    last = np.flatnonzero(is_end)
    ends = marks_at[last]
    fields = np.diff(last, prepend=-1)
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    before = view[np.maximum(ends - 1, 0)]
    blank = (ends == starts) | ((ends == starts + 1) & (before == 13))
    return Shape(starts, ends, fields, blank)


def line_widths(data: bytes, marks: Marks, complete: bool) -> Positions:
    """Numbers of fields of the whole lines in ``data`` that are not blank and have no quotes.

    :param complete: whether what follows the last line end is a line, too.
    """
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(view == marks.newline[0])
    if complete:
        ends = np.append(ends, view.size)
    if not ends.size:
        return ends
    widths = np.diff(np.searchsorted(np.flatnonzero(view == marks.delimiter[0]), ends), prepend=0) + 1
    is_plain = np.diff(ends, prepend=-1) > 2
    if marks.quote is not None and marks.quote in data:
        quotes = np.searchsorted(np.flatnonzero(view == marks.quote[0]), ends)
        is_plain &= np.diff(quotes, prepend=0) == 0
    found: Positions = widths[is_plain]
    return found


@dataclass
class Irregularities:
    """Counts and first examples of lines that do not have the header's width."""

    width: int
    trailing: bool = False
    short: int = 0
    long: int = 0
    blank: int = 0
    short_examples: list[dict[str, Any]] = field(default_factory=list)
    long_examples: list[dict[str, Any]] = field(default_factory=list)

    def judge(self, shape: Shape, data: bytes, marks: Marks, lines: Positions) -> tuple[Positions, Positions]:
        """Which records of a block are too short and which too long; counts them and keeps the first ones.

        :param lines: the number of each record's line in the file.
        """
        is_short = (shape.fields < self.width) & ~shape.blank
        is_long = shape.fields > self.width
        if self.trailing:
            is_long &= ~self._ends_in_delimiter(shape, data, marks)
        short, long = np.flatnonzero(is_short), np.flatnonzero(is_long)
        self.blank += int(np.count_nonzero(shape.blank))
        self.short += self._collect(short, shape, data, lines, self.short_examples)
        self.long += self._collect(long, shape, data, lines, self.long_examples)
        return short, long

    def _ends_in_delimiter(self, shape: Shape, data: bytes, marks: Marks) -> Flags:
        view = np.frombuffer(data, np.uint8)
        final = view[np.maximum(shape.ends - 1, 0)]
        final = np.where(final == 13, view[np.maximum(shape.ends - 2, 0)], final)
        surplus: Flags = (shape.fields == self.width + 1) & (final == marks.delimiter[0])
        return surplus

    @staticmethod
    def _collect(rows: Positions, shape: Shape, data: bytes, lines: Positions, examples: list[dict[str, Any]]) -> int:
        for row in rows[: EXAMPLES - len(examples)].tolist():
            start, end = int(shape.starts[row]), int(shape.ends[row])
            examples.append(
                {
                    "line": int(lines[row]),
                    "content": cut(data[start : min(end, start + 1000)]),
                    "fields": int(shape.fields[row]),
                }
            )
        return int(rows.size)

    def warnings(self) -> Iterator[ReadWarning]:
        """One warning for each sort of oddity."""
        wanted = f"than the {plural(self.width, 'column', 'columns')} of the header"
        if self.short:
            has = plural(self.short, "line has", "lines have")
            message = f"{has} fewer fields {wanted}; what is absent became missing"
            yield ReadWarning("ShortLines", message, self.short, self.short_examples)
        if self.long:
            has = plural(self.long, "line has", "lines have")
            message = f"{has} more fields {wanted}; the surplus was cut"
            yield ReadWarning("LongLines", message, self.long, self.long_examples)
        if self.blank:
            yield ReadWarning(
                "BlankLines", f"{plural(self.blank, 'blank line was', 'blank lines were')} skipped", self.blank
            )
