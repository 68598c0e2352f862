"""Which characters delimit and quote: sniffed from the consistency of the records, aware of quotes."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from longshore.tables.reading.quotes import Marks, split_record

DELIMITERS = (b",", b"\t", b";", b"|", b":")
"""In order of preference where the sample leaves a choice."""
NO_DELIMITER = b"\x1f"
"""Stands for the delimiter of a file with one column, so that a comma in its text cuts nothing."""
_RECORDS = 200
_LINES_ABOVE, _LINES_BELOW, _ALIKE = 15, 40, 12
_ENOUGH_BYTES = 256 << 10
_PENALTY = {b"|": 0.02, b":": 0.4}


@dataclass(frozen=True)
class Candidate:
    """A delimiter tried on a sample.

    :param usual: the most frequent number of fields, which ``share`` of the records have; ``first`` has the header.
    """

    delimiter: bytes
    usual: int
    share: float
    first: int

    @property
    def score(self) -> float:
        """Higher is better: most records alike, the header like them, more columns."""
        if self.usual < 2:
            return 0.0
        alike = 0.3 if self.first == self.usual else 0.0
        return self.share + alike + 0.05 * math.log2(self.usual) - _PENALTY.get(self.delimiter, 0.0)

    @property
    def credible(self) -> bool:
        """Whether the header has several fields too, or the rest leaves no doubt."""
        return (self.first > 1 and self.share >= 0.4) or (self.usual > 2 and self.share >= 0.8)


def sniff_newline(sample: bytes) -> bytes:
    """``\\r`` for files of old Macs, else ``\\n``."""
    return b"\r" if b"\n" not in sample and b"\r" in sample else b"\n"


def sniff_marks(sample: bytes, complete: bool, delimiter: str | None, prefer: bytes | None = None) -> Marks:
    """The marks of a delimited text.

    :param sample: the text from its header on; its last record may be cut off unless ``complete``.
    :param delimiter: what the user says it is.
    :param prefer: what the file's extension suggests.
    """
    newline = sniff_newline(sample)
    quote = b'"'
    if b'"' not in sample and _quotes_singly(sample):
        quote = b"'"
    if delimiter is not None:
        return Marks(delimiter.encode(), quote, newline)
    tried = [_try(Marks(each, quote, newline), sample, complete) for each in DELIMITERS]
    # However ragged the rest is, a header of several fields tells.
    credible = [each for each in tried if each.credible] or [each for each in tried if each.first > 1]
    if not credible:
        return Marks(prefer or NO_DELIMITER, quote, newline)
    best = max(credible, key=lambda candidate: candidate.score + (0.5 if candidate.delimiter == prefer else 0.0))
    return Marks(best.delimiter, quote, newline)


def sample_records(
    marks: Marks, sample: bytes, complete: bool, limit: int = _RECORDS
) -> list[list[tuple[bytes, bool]]]:
    """The first records of a sample, blank lines left out."""
    records: list[list[tuple[bytes, bool]]] = []
    at = 0
    while at < len(sample) and len(records) < limit and (at < _ENOUGH_BYTES or len(records) < 2):
        taken = split_record(sample, at, marks, complete or not records)
        if taken is None:
            break
        fields, at = taken
        if fields != [(b"", False)]:
            records.append(fields)
    return records


def lines_above(sample: bytes) -> int:
    """How many lines seem to stand above a table, such as a title and a date: as few as make those below alike.

    :param sample: the text from its beginning; its last record may be cut off.

    >>> lines_above(b"Sales, internal\\n\\na;b;c\\n1;2;3\\n4;5;6\\n"), lines_above(b"a,b\\n1,2\\n3,4,5\\n")
    (2, 0)
    """
    newline = sniff_newline(sample)
    lines = sample.split(newline)
    begin = best = _Beginning.of(newline.join(lines[:_LINES_BELOW]))
    above = 0
    for skip in range(1, min(_LINES_ABOVE, len(lines) - 3) + 1):
        if lines[skip].strip():
            found = _Beginning.of(newline.join(lines[skip : skip + _LINES_BELOW]))
            if found.worth > best.worth and found.tells_more_than(begin):
                above, best = skip, found
    return above


@dataclass(frozen=True)
class _Beginning:
    """The first records of a table that might begin here: how many fields the first has, which share has as many."""

    delimiter: bytes
    first: int
    share: float

    @classmethod
    def of(cls, sample: bytes) -> _Beginning:
        marks = sniff_marks(sample, True, None)
        widths = [len(record) for record in sample_records(marks, sample, True, _ALIKE)] or [1]
        return cls(marks.delimiter, widths[0], widths.count(widths[0]) / len(widths))

    @property
    def worth(self) -> float:
        """The more alike and the wider, the more; nothing for one column."""
        return self.first * self.share**2 if self.first > 1 else 0.0

    def tells_more_than(self, begin: _Beginning) -> bool:
        """Whether the file's first lines are left out for this.

        What looks like a table from its first line on is one, unless other marks make all that follows alike: a title
        may have a comma, and numbers below it too.
        """
        return begin.worth < 0.5 or (self.share == 1 and self.delimiter != begin.delimiter)


def _try(marks: Marks, sample: bytes, complete: bool) -> Candidate:
    if marks.delimiter not in sample:
        return Candidate(marks.delimiter, 1, 1.0, 1)
    counts = [len(record) for record in sample_records(marks, sample, complete)]
    if not counts:
        return Candidate(marks.delimiter, 1, 1.0, 1)
    (usual, times), *_ = Counter(counts).most_common(1)
    return Candidate(marks.delimiter, usual, times / len(counts), counts[0])


def _quotes_singly(sample: bytes) -> bool:
    """Whether apostrophes come in pairs around fields."""
    around = len(re.findall(rb"(?:^|[,;\t|:])'[^'\r\n]*'(?=[,;\t|:\r\n]|$)", sample, re.MULTILINE))
    return around >= 2 and around * 3 >= sample.count(b"'")
