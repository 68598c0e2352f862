"""Which characters delimit and quote: sniffed from the consistency of the records, aware of quotes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from longshore.tables.reading.quotes import Marks, is_regular, simplify, split_record

DELIMITERS = (b",", b"\t", b";", b"|", b":")
"""In order of preference where the sample leaves a choice."""
NO_DELIMITER = b"\x1f"
"""Stands for the delimiter of a file with one column, so that a comma in its text cuts nothing."""
_RECORDS = 200
_ENOUGH_BYTES = 256 << 10
_FEW = 2
PAIR = 2
MOST = 0.8
"""Share of the records that is taken for all of them: a few may be ragged."""
_NUMBER = re.compile(rb"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?%?")
_COMMA_IN_NUMBER = re.compile(rb"(?<=\d),(?=\d)")
_PENALTY = {b"|": 0.02, b":": 0.4}


@dataclass(frozen=True)
class Candidate:
    """Marks tried on a sample.

    :param usual: the most frequent number of fields, which ``share`` of the records have; ``first`` has the header.
    """

    marks: Marks
    usual: int
    share: float
    first: int

    @property
    def delimiter(self) -> bytes:
        """What cuts."""
        return self.marks.delimiter

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


def sniff_marks(
    sample: bytes,
    complete: bool,
    delimiter: bytes | None = None,
    prefer: bytes | None = None,
    quote: bytes | None = None,
) -> Marks:
    """The marks of a delimited text.

    :param sample: the text from its header on; its last record may be cut off unless ``complete``.
    :param delimiter: what the user says it is; ``quote`` as well, empty for none.
    :param prefer: what the file's extension suggests.
    """
    newline = sniff_newline(sample)
    quotes = _quotes_in(sample) if quote is None else [quote or None]
    if delimiter is not None:
        return _best_quote(delimiter, quotes, newline, sample, complete).marks
    tried = [_best_quote(each, quotes, newline, sample, complete) for each in DELIMITERS]
    # A time and an address have a colon as well: it must cut names into as many fields.
    tried = [each for each in tried if each.delimiter != b":" or _cuts_names(each, sample, complete)]
    # However ragged the rest is, a header of several fields tells.
    credible = [each for each in tried if each.credible] or [each for each in tried if each.first > 1]
    credible = _without_decimals(credible, sample)
    credible = credible or [each for each in tried if _is_frame_of_one(each.marks, sample, complete)]
    if not credible:
        return _blanks_between(Marks(prefer or NO_DELIMITER, quotes[0], newline), sample, complete)
    best = max(credible, key=lambda candidate: candidate.score + (0.5 if candidate.delimiter == prefer else 0.0))
    return best.marks


def are_decimals(sample: bytes) -> bool:
    """Whether all commas of a text stand between digits, as those before decimals do."""
    commas = sample.count(b",")
    return 0 < commas == len(_COMMA_IN_NUMBER.findall(sample))


def _without_decimals(credible: list[Candidate], sample: bytes) -> list[Candidate]:
    """Candidates without the comma where another one makes records as much alike, and commas stand in numbers only."""
    commas = [each for each in credible if each.delimiter == b","]
    others = [each for each in credible if each.delimiter != b"," and each.usual > 1]
    if not commas or not others or max(each.share for each in others) < commas[0].share:
        return credible
    return others if are_decimals(sample[:_ENOUGH_BYTES]) else credible


def _cuts_names(candidate: Candidate, sample: bytes, complete: bool) -> bool:
    """Whether the first record has as many fields as the others, and no numbers among them."""
    first, *_ = sample_records(candidate.marks, sample, complete, 1) or [[]]
    return candidate.first == candidate.usual and not any(map(is_number, first))


def _quotes_in(sample: bytes) -> list[bytes | None]:
    """What may quote in a text, the usual first."""
    if not _quotes_singly(sample):
        return [b'"']
    return [b'"', b"'"] if b'"' in sample else [b"'"]


def _best_quote(
    delimiter: bytes, quotes: Sequence[bytes | None], newline: bytes, sample: bytes, complete: bool
) -> Candidate:
    """A delimiter with that quote which makes the records most alike; the usual one where that is the same."""
    return max(
        (_try(Marks(delimiter, quote, newline), sample, complete) for quote in quotes),
        key=lambda candidate: candidate.share if candidate.usual > 1 else 0.0,
    )


def _is_frame_of_one(marks: Marks, sample: bytes, complete: bool) -> bool:
    """Whether a table is one column below a quoted name, with quoted names of rows before it, as R writes it.

    The names of rows are all different, and count the rows where the values are quoted, too.
    """
    if marks.quote is None or marks.quote not in sample:
        return False
    header, *body = sample_records(marks, sample, complete) or [[]]
    pairs = [record for record in body if len(record) == PAIR]
    if not pairs or len(pairs) < MOST * len(body) or [quoted for _, quoted in header] != [True]:
        return False
    labels = [label for (label, _), _ in pairs]
    if len(set(labels)) < len(labels) or not all(quoted for (_, quoted), _ in pairs):
        return False
    is_plain = not any(quoted or value.startswith(b" ") for _, (value, quoted) in pairs)
    return is_plain or labels == [b"%d" % number for number in range(1, len(labels) + 1)]


def _blanks_between(otherwise: Marks, sample: bytes, complete: bool) -> Marks:
    """Marks with a blank as the delimiter where nothing else is one and blanks make a table of numbers, else others.

    Words stand apart by blanks as well. So every line must have as many fields, three at least or one more than the
    header, as R writes tables, and in some column nothing but numbers; or quoted fields must stand side by side, with
    nothing but a blank between, on most lines.
    """
    marks = replace(otherwise, delimiter=b" ")
    if otherwise.delimiter != NO_DELIMITER:
        return otherwise
    header, *body = sample_records(marks, sample, complete) or [[]]
    widths = {len(record) for record in body}
    if len(header) > PAIR and len(body) >= _FEW and _stand_between_quotes(sample):
        return marks
    if len(body) < _FEW or len(widths) != 1:
        return otherwise
    (width,) = widths
    fits = (len(header) == width > PAIR and not any(map(is_number, header))) or (len(header) == width - 1 > 0)
    numeric = any(all(map(is_number, column)) for column in zip(*body, strict=True))
    return marks if fits and numeric else otherwise


def _stand_between_quotes(sample: bytes) -> bool:
    """Whether most lines have quoted fields with nothing but one blank between them."""
    lines = [line for line in sample.splitlines() if line.strip()]
    beside = sum(1 for line in lines if re.search(rb'(?:^|[^"\s])" "[^"\s]', line))
    return beside >= MOST * len(lines) > 0


def is_number(field: tuple[bytes, bool]) -> bool:
    """Whether a field is a number, as far as a glance tells."""
    return _NUMBER.fullmatch(field[0].strip()) is not None


def sample_records(
    marks: Marks, sample: bytes, complete: bool, limit: int = _RECORDS
) -> list[list[tuple[bytes, bool]]]:
    """The first records of a sample, blank lines left out."""
    return [fields for fields, _, _ in placed_records(marks, sample, complete, limit=limit, least=_FEW)]


def placed_records(
    marks: Marks, sample: bytes, complete: bool, *, begin: int = 0, limit: int, least: int
) -> Iterator[tuple[list[tuple[bytes, bool]], int, int]]:
    """The records of a sample from ``begin`` on, blank lines left out, each with its start and its end.

    :param limit: most of them, and ``least`` how many there are at least where they are long.
    """
    at, count = begin, 0
    while at < len(sample) and count < limit and (at < begin + _ENOUGH_BYTES or count < least):
        taken = split_record(sample, at, marks, complete or not count)
        if taken is None:
            break
        start, (fields, at) = at, taken
        if fields != [(b"", False)]:
            count += 1
            yield fields, start, at


def _try(marks: Marks, sample: bytes, complete: bool) -> Candidate:
    if marks.delimiter not in sample:
        return Candidate(marks, 1, 1.0, 1)
    if marks.quote is None or marks.quote not in sample:
        return _measured(marks, sample, complete)
    spaced = re.search(rb"(?:^|" + re.escape(marks.delimiter) + rb") +" + marks.quote, sample, re.MULTILINE)
    ways = [(False, False)]
    ways += [(True, False)] if spaced else []
    ways += [(each, True) for each, _ in ways] if b"\\" + marks.quote in sample else []
    tried = [_measured(replace(marks, spaced=one, escaped=other), sample, complete) for one, other in ways]
    if len(tried) == 1:
        return tried[0]
    # A folder's name may end with a backslash, and a company's may begin with a quoted word: what is regular as it
    # is has no other meaning.
    return max(tried, key=lambda candidate: (candidate.share, _is_tidy(candidate.marks, sample)))


def _measured(marks: Marks, sample: bytes, complete: bool) -> Candidate:
    counts = [len(record) for record in sample_records(marks, sample, complete)]
    if not counts:
        return Candidate(marks, 1, 1.0, 1)
    (usual, times), *_ = Counter(counts).most_common(1)
    return Candidate(marks, usual, times / len(counts), counts[0])


def _is_tidy(marks: Marks, sample: bytes) -> bool:
    """Whether each quote, but for a last one that the sample cuts off from its closing one, opens or closes a field."""
    simple, _ = simplify(sample, marks)
    view = np.frombuffer(simple, np.uint8)
    quotes = np.flatnonzero(view == (marks.quote or b'"')[0])
    if quotes.size % 2:
        quotes = quotes[:-1]
        view = view[: quotes[-1] + 1] if quotes.size else view[:0]
    return is_regular(view, quotes, marks)


def _quotes_singly(sample: bytes) -> bool:
    """Whether apostrophes open and close fields, and stand elsewhere at most as often."""
    opening = len(re.findall(rb"(?:^|[,;\t|:])'(?=[^\r\n])", sample, re.MULTILINE))
    closing = len(re.findall(rb"'(?=[,;\t|:\r\n]|$)", sample, re.MULTILINE))
    around = min(opening, closing)
    return around >= _FEW and around * 2 >= max(opening, closing) and around * 3 >= sample.count(b"'")
