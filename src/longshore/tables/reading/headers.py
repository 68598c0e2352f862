"""What stands above a table in other marks than it has, and which name belongs to which column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from longshore.tables.reading.dialects import (
    DELIMITERS,
    MOST,
    are_decimals,
    is_number,
    sample_records,
    sniff_marks,
    sniff_newline,
)
from longshore.tables.reading.glance import MANY, Record, holds_rows, is_year
from longshore.tables.reading.quotes import Marks, Positions
from longshore.tables.reading.results import ReadWarning, plural

_LINES_ABOVE, _LINES_BELOW, _ALIKE = 15, 40, 12
_LITTLE_WORTH = 0.5
_FEW_LINES, _MANY_LINES = 3, 0.1


def lines_above(sample: bytes) -> int:
    """How many lines stand above a table that are cut otherwise than it: as few as make those below alike.

    :param sample: the text from its beginning; its last record may be cut off.

    >>> lines_above(b"Sales, internal\\n\\na;b;c\\n1;2;3\\n4;5;6\\n"), lines_above(b"a,b\\n1,2\\n3,4,5\\n")
    (2, 0)
    """
    newline = sniff_newline(sample)
    lines = sample.split(newline)
    begin = best = _Beginning.of(newline.join(lines[:_LINES_BELOW]))
    if begin.share == 1 and begin.first > 1 and not _is_cut_by_others(lines[1:_LINES_BELOW], begin.delimiter):
        return 0
    above = 0
    for skip in range(1, min(_LINES_ABOVE, len(lines) - 3) + 1):
        if lines[skip].strip():
            found = _Beginning.of(newline.join(lines[skip : skip + _LINES_BELOW]))
            if found.worth > best.worth:
                if found.tells_more_than(begin):
                    above, best = skip, found
                elif found.share >= MOST:
                    break  # the table has begun: a line of words in it is no second header
    if best.share < MANY and best.numbers != [False, True]:
        return 0
    marks = Marks(best.delimiter, b'"', newline)
    return 0 if holds_rows(sample_records(marks, newline.join(lines[:above]), True)) else above


def _is_cut_by_others(lines: Sequence[bytes], delimiter: bytes) -> bool:
    """Whether another delimiter stands on most of some lines."""
    filled = [line for line in lines if line.strip()]
    others = [each for each in DELIMITERS if each not in (delimiter, b":")]
    if are_decimals(b"\n".join(filled)):
        others = [each for each in others if each != b","]
    return any(sum(each in line for line in filled) >= MOST * len(filled) for each in others) if filled else False


@dataclass(frozen=True)
class _Beginning:
    """The first records of a table that might begin here: how many fields the first has, which share has as many.

    :param numbers: whether the first and the second record have any.
    """

    delimiter: bytes
    first: int
    share: float
    numbers: list[bool]

    @classmethod
    def of(cls, sample: bytes) -> _Beginning:
        marks = sniff_marks(sample, True)
        records = sample_records(marks, sample, True, _ALIKE)
        widths = [len(record) for record in records] or [1]
        numbers = [any(is_number(field) and not is_year(field[0]) for field in record) for record in records[:2]]
        return cls(marks.delimiter, widths[0], widths.count(widths[0]) / len(widths), numbers)

    @property
    def worth(self) -> float:
        """The more alike and the wider, the more; nothing for one column."""
        return self.first * self.share**2 if self.first > 1 else 0.0

    def tells_more_than(self, begin: _Beginning) -> bool:
        """Whether the file's first lines are left out for this.

        What looks like a table from its first line on is one, and so are too few names or too many, unless
        other marks make all that follows alike: a title may have a comma, and numbers below it too. A colon, which
        times and addresses have, must cut the names as well.
        """
        if self.delimiter == b":":
            return False
        is_other = self.share == 1 and self.delimiter != begin.delimiter and begin.first > 1
        may_be_row = self.numbers != [False, True] and (begin.first > 1 or self.numbers[:1] == [True])
        is_named = begin.first != self.first and may_be_row
        return is_other or (begin.worth < _LITTLE_WORTH and not is_named)


@dataclass(frozen=True)
class Naming:
    """Names for all columns.

    :param names: those of the header, with an empty one for each column that has none.
    :param trailing: whether every line but the header ends in a surplus delimiter.
    :param warning: where the header is too short for the lines below.
    """

    names: list[str]
    trailing: bool = False
    warning: ReadWarning | None = None

    def warnings(self) -> Iterator[ReadWarning]:
        """The warning, if there is one."""
        if self.warning is not None:
            yield self.warning


def name_columns(header: Record, records: Sequence[Record]) -> Naming:
    """Which columns the names of a header belong to, going by the first records below it.

    Where most records have one field more than the header, their first one has no name if it looks like the names of
    rows, which R's ``write.table`` and ``read.table`` put there; other surplus fields have none at the end.
    """
    names, width = [value.decode("utf-8", "replace") for value, _ in header], len(header)
    usual = _usual_width(records)
    if usual <= width:
        return Naming(names)
    whole = [record for record in records if len(record) == usual] or list(records)
    if usual == width + 1 and all(record[-1] == (b"", False) for record in whole):
        return Naming(names, True)
    every = len(whole) == len(records)
    if usual == width + 1 and _have_row_names(header, whole):
        return Naming(["", *names], warning=_too_short(width, usual, every, "the first", "the names of rows", [0]))
    added = list(range(width, usual))
    which, what = ("the last", "one without a name") if len(added) == 1 else (f"the last {len(added)}", "unnamed ones")
    return Naming([*names, *[""] * len(added)], warning=_too_short(width, usual, every, which, what, added))


def widened(naming: Naming, widths: Positions) -> Naming:
    """A naming with further columns, without names, where many lines have more fields than there are columns.

    Cut, their last fields would be lost; a few such lines are rather faulty.

    :param widths: numbers of fields of some lines.
    """
    width = len(naming.names)
    if naming.trailing or not widths.size:
        return naming
    wide = np.sort(widths[widths > width])
    many = max(_FEW_LINES, math.ceil(_MANY_LINES * widths.size))
    if wide.size < many:
        return naming
    usual = int(wide[wide.size - many])
    has = plural(int(wide.size), "line has", "lines have")
    added = plural(usual - width, "column without a name was", "columns without names were")
    message = f"of the first {widths.size:,} lines {has} more fields than the header has names; {added} added for them"
    return replace(naming, names=[*naming.names, *[""] * (usual - width)], warning=ReadWarning("ShortHeader", message))


def _usual_width(records: Sequence[Record]) -> int:
    """How many fields most records have; if there is no such number, what all of them have at least."""
    widths = Counter(len(record) for record in records)
    if not widths:
        return 0
    (usual, times), *_ = widths.most_common(1)
    return usual if times >= MOST * len(records) else min(widths)


def _have_row_names(header: Record, records: Sequence[Record]) -> bool:
    """Whether the first fields are names of rows: all different, and words, or quoted where numbers are not, or counts.

    A single record has such a name if it is a word beside a number.
    """
    fields = [record[0] for record in records]
    labels = [value for value, _ in fields]
    if len(set(labels)) < len(labels):
        return False
    if all(quoted for _, quoted in fields) and any(not quoted and value for each in records for value, quoted in each):
        return True
    if all(label.strip() and not is_number((label, False)) for label in labels):
        return len(records) > 1 or any(map(is_number, records[0]))
    if len(records) == 1 or not all(label.isdigit() for label in labels):
        return False
    numbers = sorted(map(int, labels))
    is_count = numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1
    return is_count or all(quoted for _, quoted in header)


def _too_short(width: int, usual: int, every: bool, which: str, what: str, columns: Sequence[int]) -> ReadWarning:
    lines = "every line" if every else "most lines"
    columns_are, called = ("column was", "is") if len(columns) == 1 else ("columns were", "are")
    named = [f"column_{index}" for index in columns]
    shown = ", ".join(named[:3]) + (f", ... {named[-1]}" if len(named) > 3 else "")
    message = (
        f"the header has {plural(width, 'name', 'names')} and {lines} {usual} fields: {which} {columns_are} taken for"
        f" {what} and {called} called {shown}"
    )
    return ReadWarning("ShortHeader", message)
