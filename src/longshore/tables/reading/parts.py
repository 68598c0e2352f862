"""Several tables below each other in one text: where each begins and ends.

A table ends where names of another one stand: words over values, in columns that held values above, or below a blank
record and with other columns. Blank records alone, and lines of one field, end none: they group rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile

from longshore.tables.reading.glance import MANY
from longshore.tables.reading.plans import TOKENS
from longshore.tables.reading.results import cut
from longshore.tables.reading.structure import Placed, usual_width

_LOOKED_AT = 20
_FEW = 2
_WORDS_FOR_MISSING = frozenset(word.encode() for word in TOKENS)
_TITLE = 60
_LONGEST_NAME = 100
_MOST, _MOST_TRIED = 100, 1000
"""Tables of one text, and records that might be names: what has more is one table with words in it."""


@dataclass(frozen=True)
class Part:
    """One of several tables of a text.

    :param first: the number of its first record, with titles above its names; ``names`` that with the names, and
        ``last`` the number after its last one.
    :param size: cells of its rows in which anything stands.
    """

    first: int
    names: int
    last: int
    title: str
    size: int


def find_parts(records: Sequence[Placed], names: int) -> list[Part]:
    """The tables of a text; one of them if it has no more.

    :param names: the number of the record with the names of the first.
    """
    begins, tried = [(0, names)], 0
    stands_over_values = _stands_over_values(records, names)
    for number in range(names + 1, len(records)):
        if not _has_names(records[number]):
            continue
        above = begins[-1][1]
        if records[above].count < _FEW and not any(each.count >= _FEW for each in records[above + 1 : number]):
            begins[-1] = (begins[-1][0], number)  # what was taken for names is a title
            stands_over_values = _stands_over_values(records, number)
        elif records[number].fields == records[begins[0][1]].fields:
            # Where all is words, a row may be like the names.
            if stands_over_values:
                begins.append((_titles_above(records, above, number), number))
        elif (tried := tried + 1) > _MOST_TRIED:
            return [_part(records, 0, names, len(records))]
        elif _ends_table(records, above, number):
            begins.append((_titles_above(records, above, number), number))
    ends = [first for first, _ in begins[1:]] + [len(records)]
    parts = [_part(records, first, at, end) for (first, at), end in zip(begins, ends, strict=True)]
    is_one = len(parts) > _MOST and not repeated(records, parts)
    return [_part(records, 0, names, len(records))] if is_one else parts


def repeated(records: Sequence[Placed], parts: Sequence[Part]) -> bool:
    """Whether all tables are one, whose names stand again where files or pages were put together."""
    header = _cells(records[parts[0].names])
    return all(part.first == part.names and _cells(records[part.names]) == header for part in parts[1:])


def named(parts: Sequence[Part]) -> list[str]:
    """Different names for tables: their titles, or numbers."""
    found: list[str] = []
    for number, part in enumerate(parts, 1):
        name = part.title or f"table {number}"
        found.append(name if name not in found else f"{name} ({number})")
    return found


def _has_names(record: Placed) -> bool:
    """Whether a record may be names of columns: different words, in two fields at least."""
    cells = _cells(record)
    filled = [cell for cell in cells if cell]
    has_only_words = not any(record.values) and _WORDS_FOR_MISSING.isdisjoint(filled)
    are_short = all(len(cell) <= _LONGEST_NAME for cell in filled)
    return len(filled) >= _FEW and has_only_words and are_short and len(set(filled)) == len(filled)


def _stands_over_values(records: Sequence[Placed], names: int) -> bool:
    """Whether values stand below names, before these come again."""
    below = records[names + 1 : names + 1 + _LOOKED_AT]
    return bool(_values(_rows(list(takewhile(lambda record: record.fields != records[names].fields, below)))))


def _ends_table(records: Sequence[Placed], above: int, number: int) -> bool:
    """Whether the names in a record are those of another table than that whose names stand in record ``above``."""
    below = _rows(records[number + 1 : number + 1 + _LOOKED_AT])
    before = _rows(list(dropwhile(_is_gap, records[max(above + 1, number - _LOOKED_AT) : number][::-1])))
    record = records[number]
    filled = {column for column, is_filled in enumerate(record.filled) if is_filled}
    under = _values(below) & filled
    if len(below) < _FEW or not under or not before or record.width != usual_width(below):
        return False
    over = _values(before)
    if not _is_gap(records[number - 1]):
        # Within rows only names over values, in all columns that held some, are beyond doubt.
        least = _FEW if record.width != before[0].width else _FEW + 1
        return len(over & filled) >= least and over & filled <= under and over <= filled | _absent(record, before)
    is_other = record.width != records[above].width or record.count != records[above].count
    return bool(over & filled) or (is_other and not over)


def _absent(record: Placed, before: Sequence[Placed]) -> set[int]:
    """Columns that the records above have and this one has not: it may be narrower."""
    return set(range(record.width, max(each.width for each in before)))


def _rows(records: Sequence[Placed]) -> list[Placed]:
    """The records up to the first that is blank, or of one field."""
    return list(takewhile(lambda record: not _is_gap(record), records))


def _is_gap(record: Placed) -> bool:
    """Whether a record is blank, or a title: one field where there may be three."""
    return record.count < min(_FEW, record.width - 1) or not record.count or (record.width == 1 and record.count == 1)


def _values(records: Sequence[Placed]) -> set[int]:
    """Columns with values in most of the cells that are filled."""
    found = set()
    for column in range(max((record.width for record in records), default=0)):
        cells = [record.values[column] for record in records if column < record.width and record.filled[column]]
        if cells and sum(cells) >= max(1, MANY * len(cells)):
            found.add(column)
    return found


def _titles_above(records: Sequence[Placed], above: int, number: int) -> int:
    """Where the titles begin that stand between the rows above and some names; the names themselves without any."""
    first = number
    while first - 1 > above and _is_gap(records[first - 1]):
        first -= 1
    while first < number and not records[first].count:
        first += 1
    return first


def _part(records: Sequence[Placed], first: int, names: int, last: int) -> Part:
    titles = [cell for record in records[first:names] for cell in _cells(record) if cell]
    title = cut(titles[-1].decode("utf-8", "replace"))[:_TITLE] if titles else ""
    return Part(first, names, last, title, sum(record.count for record in records[names + 1 : last]))


def _cells(record: Placed) -> list[bytes]:
    return [record.cell(column) for column in range(record.width)]
