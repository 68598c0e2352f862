"""Where the table begins in a text, whether it has a header and of how many lines: told by the first records.

Nothing here reads values: a glance tells numbers, dates and times from words. What is decided is told with its reason,
and is held back where a table could be meant as it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

from longshore.tables.reading.dialects import MOST, NO_DELIMITER, PAIR, placed_records, sniff_marks
from longshore.tables.reading.glance import MANY, MOMENT, Record, holds_rows, is_value, is_year
from longshore.tables.reading.headers import lines_above
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.quotes import Marks, split_record
from longshore.tables.reading.results import EXAMPLES, ReadWarning, cut, plural

MAX_TITLES = 30
"""Records in which the names are sought, blank ones at the top left out."""
_LOOKED_AT = 100
_TOP_BYTES = 20_000
_FEW = 3
_BELOW, _BELOW_CELLS = 20, 20_000
"""Records, and fields of theirs, under names that tell what stands there."""
_FEW_NAMES, _LONG = 4, 20
_MAX_LINES = 3
"""Of a header."""
_WHOLE = re.compile(rb"\d{1,9}")
_NAMED_DELIMITER = re.compile(rb"[\"']?sep=([^\r\n\"'])[\"']?[^\S\r\n]*(?:\r\n|\r|\n|$)", re.IGNORECASE)
"""The first line by which spreadsheets are told what delimits."""
_COMMENT, _NO_COMMENT = b"#", "\x00"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")
_UNITS = frozenset(
    re.split(
        " ",
        "m cm mm km nm um µm in ft yd mi s ms us ns µs sec min h hr hrs d g kg mg t lb oz l ml dl V mV kV A mA W kW MW"
        " kWh MWh GWh J kJ N kN Nm Pa hPa kPa MPa bar mbar psi K C F °C °F degC degF Hz kHz MHz GHz dB % ‰ ppm ppb deg"
        " ° rad m/s km/h mph m/s2 m/s² m2 m² km2 km² m3 m³ cm3 cm³ mol mmol lx lm cd EUR USD GBP CHF JPY € $ £ cm-1"
        " 1/cm g/l mg/l kg/m3",
    )
)
_NO_UNIT = ("", "-")
_BRACKETED = re.compile(r"[\[(][^\[\]()]{1,16}[\])]")


@dataclass(frozen=True)
class Placed:
    """A record and its place in a text."""

    fields: Record
    start: int
    end: int

    @cached_property
    def filled(self) -> list[bool]:
        """Which fields anything stands in."""
        return [bool(value.strip()) for value, _ in self.fields]

    @cached_property
    def values(self) -> list[bool]:
        """Which fields are values, see :func:`is_value`."""
        return [is_value(value) for value, _ in self.fields]

    @property
    def width(self) -> int:
        """Fields."""
        return len(self.fields)

    @property
    def count(self) -> int:
        """Fields in which anything stands."""
        return sum(self.filled)

    def cell(self, column: int) -> bytes:
        """What stands in a column, nothing if the record is too short."""
        return self.fields[column][0].strip() if column < self.width else b""


@dataclass(frozen=True)
class Header:
    """What stands above the rows of a table.

    :param start: where its first line begins, which is the table's beginning, and ``end`` where the rows begin.
    :param fields: names of the columns, as they stand on one line, or put together from several.
    :param lines: records it takes; 0 where the rows have no names above them.
    :param decisions: why, to be told.
    :param is_certain: whether its names stand over values, or on several lines.
    """

    start: int
    end: int
    fields: Record
    lines: int
    decisions: dict[str, Any] = field(default_factory=dict)
    is_certain: bool = False


def find_header(records: Sequence[Placed], may_lack: bool = True) -> Header:
    """The header of the table whose text begins with ``records``.

    Above it may stand blank records, and titles: records of one field, or of another number than the rows have where
    the names under them stand over values.

    :param may_lack: whether there may be none.
    """
    return _Finder(records).find(may_lack)


def _is_unit(cell: str) -> bool:
    return (cell[1:-1] if _BRACKETED.fullmatch(cell) else cell) in _UNITS


def _is_plainly_unit(cell: str) -> bool:
    """Whether a unit can hardly be anything else: one capital letter is a mark as well."""
    return len(cell) > 1 or cell in "smhglt%°€$£"


def usual_width(records: Sequence[Placed]) -> int:
    """Fields that most records have, blank ones left out; of several such numbers the largest."""
    widths = Counter(record.width for record in records if record.count)
    return max(widths, key=lambda width: (widths[width], width)) if widths else 1


class _Finder:
    """Looks for the header in some records."""

    def __init__(self, records: Sequence[Placed]) -> None:
        self.records = records
        self.width = usual_width(records)

    def find(self, may_lack: bool) -> Header:
        """See :func:`find_header`."""
        lead = next((number for number, record in enumerate(self.records) if record.count), 0)
        first = self._first(lead)
        merged = self._merged(first)
        if merged is not None:
            return merged
        record = self.records[first]
        if may_lack and self._is_row(first):
            reason = "the first record holds values as those below it do"
            return Header(record.start, record.start, record.fields, 0, {"header": {"lines": 0, "reason": reason}})
        return self._with_units(first)

    # -- where it begins -----------------------------------------------------------------------------------------------

    def _first(self, lead: int) -> int:
        """The number of the record with the names; ``lead`` if nothing speaks for another one."""
        if self.width < PAIR:
            return lead
        for number in range(lead, min(lead + MAX_TITLES, len(self.records) - 1)):
            if self._has_names(number) and (number == lead or self._is_below_titles(lead, number)):
                return number
            record = self.records[number]
            if number > lead and self._is_data(record) and not self._spans(record, self.records[number + 1]):
                break  # the rows have begun
        return lead

    def _is_data(self, record: Placed) -> bool:
        fullest = max(each.count for each in self.records)
        return record.width == self.width and record.count >= MOST * fullest and any(record.values)

    def _is_fuller(self, number: int, above: Sequence[Placed]) -> bool:
        """Whether a few records, such as ``Exported, 3 May``, fill less than the names and most rows below them do."""
        below = [each.count for each in self._below(number)]
        if not below or len(above) > _FEW or self.width <= PAIR:
            return False
        least = min(self.records[number].count, median(below))
        is_full = self.records[number].count >= max(below)
        return is_full and all(record.width == self.width and record.count < least for record in above)

    def _has_names(self, number: int) -> bool:
        record = self.records[number]
        if record.width != self.width or record.count < min(PAIR, self.width):
            return False
        return not any(record.values) or self._counts_on_in(number)

    def _is_below_titles(self, lead: int, number: int) -> bool:
        """Whether the records from ``lead`` on are titles above the names in record ``number``."""
        above = self.records[lead:number]
        if holds_rows([record.fields for record in above]):
            return False  # a table of its own
        if not self._read_as_titles(above, self.records[number]):
            only = above[-1].filled.index(True) if above[-1].count == 1 else None
            if only is not None and not self.records[number].filled[only]:
                return False  # the name of the column for which the next line has none
            if self._value_columns_under_words(number) < PAIR:
                return False
        stands_over_values = self._over_values(number)
        if any(record.count > 1 and not (stands_over_values and record.width != self.width) for record in above):
            wide = [record for record in above if record.count > 1]
            spans = stands_over_values and all(self._spans(record, self.records[number]) for record in wide)
            return spans or self._is_fuller(number, wide)
        if stands_over_values:
            return True
        record, below = self.records[number], [each.count for each in self._below(number)]
        if record.count <= PAIR or not below or record.count < median(below) / 2:
            return False
        apart = len(above) > 1  # another title, or a blank record
        return apart or record.count == self.width or record.count >= max(below)

    def _read_as_titles(self, above: Sequence[Placed], names: Placed) -> bool:
        """Whether records look like titles by themselves, and not like names of which most are absent."""
        cells = [record.cell(column) for record in above for column in range(record.width) if record.filled[column]]
        is_apart = any(before.end < after.start for before, after in pairwise([*above, names]))
        is_apart |= any(not record.count or record.width != self.width for record in above)
        is_apart |= any(record.count > 1 and any(record.values) for record in above)
        return is_apart or self.width > _FEW_NAMES or any(b" " in cell or len(cell) > _LONG for cell in cells)

    def _value_columns_under_words(self, number: int) -> int:
        words = self._words(number)
        return sum(column < len(words) and words[column] for column in self._value_columns(number))

    def _words(self, number: int) -> list[bool]:
        """Which fields of a record may be names: words, or numbers that count on, such as years."""
        record = self.records[number]
        if any(record.values) and self._counts_on_in(number):
            return record.filled
        return [filled and not value for filled, value in zip(record.filled, record.values, strict=True)]

    def _counts_on_in(self, number: int) -> bool:
        """Whether all values of a record are names, beside words or a first field that is empty."""
        record = self.records[number]
        columns = [column for column, value in enumerate(record.values) if value]
        has_words = record.count > len(columns) or not record.filled[0]
        return has_words and self._counts_on([record.cell(column) for column in columns], number, columns)

    def _below(self, number: int) -> list[Placed]:
        """Records under another one that are as wide as the table."""
        looked_at = max(_FEW, min(_BELOW, _BELOW_CELLS // self.width))
        below = self.records[number + 1 : number + 1 + looked_at]
        return [record for record in below if record.width == self.width and record.count]

    def _value_columns(self, number: int) -> set[int]:
        """Columns that hold values under a record, in most of the cells that are filled."""
        below = self._below(number)
        found = set()
        for column in range(self.width):
            filled = [record.values[column] for record in below if record.filled[column]]
            if filled and sum(filled) >= MANY * len(filled):
                found.add(column)
        return found

    def _over_values(self, number: int) -> bool:
        """Whether words stand over columns of values."""
        return self._value_columns_under_words(number) > 0

    # -- several lines -------------------------------------------------------------------------------------------------

    def _merged(self, first: int) -> Header | None:
        """A header of several lines: names that span columns, and names under them."""
        lines = [first]
        while len(lines) < _MAX_LINES and (above := self._before(lines[0])) is not None:
            if not self._spans(self.records[above], self.records[lines[0]]):
                break
            lines.insert(0, above)
        while len(lines) < _MAX_LINES and (below := self._after(lines[-1])) is not None:
            if not self._is_under(lines[-1], below):
                break
            lines.append(below)
        if len(lines) == 1 or not (self._over_values(lines[-1]) or self._are_years(lines[-1])):
            return None
        names = self._joined([self.records[number] for number in lines])
        top, bottom = self.records[lines[0]], self.records[lines[-1]]
        reason = "names in the upper line span columns that have names of their own in the line below"
        shown = [name.decode("utf-8", "replace") for name in names if b" / " in name]
        found = {"header": {"lines": len(lines), "reason": reason, "names": shown[:EXAMPLES]}}
        return Header(top.start, bottom.end, [(name, False) for name in names], len(lines), found, True)

    def _before(self, number: int) -> int | None:
        return next((each for each in range(number - 1, -1, -1) if self.records[each].count), None)

    def _after(self, number: int) -> int | None:
        return next((each for each in range(number + 1, len(self.records)) if self.records[each].count), None)

    def _spans(self, top: Placed, under: Placed) -> bool:
        """Whether the fields of one record are names over groups of the columns that the next one names.

        A title has one field, or begins with the first column. Names over groups leave it to the rows' labels, or the
        same names come again under each.
        """
        if top.width != self.width or under.width != self.width or top.count < PAIR or top.count == under.count:
            return False
        starts = [column for column, filled in enumerate(top.filled) if filled]
        wide = [start for start, end in zip(starts, [*starts[1:], self.width], strict=True) if end - start > 1]
        if not wide or not all(under.filled[start] for start in starts):
            return False
        if any(value and not _WHOLE.fullmatch(top.cell(column)) for column, value in enumerate(top.values)):
            return False
        names = [under.cell(column) for column in range(self.width) if under.filled[column]]
        return not top.filled[0] or len(set(names)) < len(names)

    def _is_under(self, top: int, bottom: int) -> bool:
        """Whether a record fills, with names, what the names above leave free."""
        over, under = self.records[top], self.records[bottom]
        if over.width != self.width or under.width != self.width:
            return False
        if any(over.values) and not self._counts_on_in(top):
            return False
        if over.count == 1 and under.filled[over.filled.index(True)]:
            return False  # a title, or the only name there is
        if any(under.values) and not self._are_years(bottom):
            return False
        free = [column for column in range(1, self.width) if not over.filled[column]]
        filling = [column for column in free if under.filled[column]]
        if not filling or len(filling) * 2 < len(free):
            return False
        for column in range(self.width):
            if over.filled[column] and under.filled[column] and column + 1 not in filling:
                return False
        values = self._value_columns(bottom)
        return any(column in values for column in range(self.width) if under.filled[column])

    def _are_years(self, number: int) -> bool:
        """Whether all values of a record are years, and those below them are not."""
        record = self.records[number]
        columns = [column for column, value in enumerate(record.values) if value]
        cells = [record.cell(column) for column in columns]
        return bool(cells) and all(map(is_year, cells)) and self._is_over_others(number, columns)

    def _joined(self, lines: Sequence[Placed]) -> list[bytes]:
        """Names of the columns, those of several lines with a stroke between them."""
        names = []
        spanning = [b""] * len(lines)
        for column in range(self.width):
            parts: list[bytes] = []
            for level, line in enumerate(lines):
                own = any(lower.filled[column] for lower in lines[level + 1 :])
                if line.filled[column]:
                    # What has nothing below it is a column's whole name, and none of those beside it.
                    spans = line.cell(column) if own or level == len(lines) - 1 else b""
                    spanning[level:] = [spans, *[b""] * (len(lines) - level - 1)]
                part = line.cell(column) if level == len(lines) - 1 or not own else spanning[level]
                if part and part not in parts:
                    parts.append(part)
            names.append(b" / ".join(parts))
        return names

    # -- one line, or none ---------------------------------------------------------------------------------------------

    def _is_row(self, number: int) -> bool:
        """Whether the first record is a row: it holds values where all below it do, and words nowhere there.

        Years, and other numbers that count on from column to column, are names.
        """
        record = self.records[number]
        columns = self._value_columns(number)
        if record.width != self.width or not columns or len(self._below(number)) < PAIR:
            return False
        here = [column for column in sorted(columns) if record.filled[column]]
        if not here or not all(record.values[column] for column in here):
            return False
        every = list(range(self.width))
        if all(_WHOLE.fullmatch(record.cell(column)) for column in every) and len(here) < self.width:
            here = every
        return not self._counts_on([record.cell(column) for column in here], number, here)

    def _counts_on(self, cells: Sequence[bytes], number: int, columns: Sequence[int]) -> bool:
        """Whether numbers over columns are names: years, or each one more than that before it."""
        if not all(_WHOLE.fullmatch(cell) for cell in cells):
            are_moments = len(set(cells)) == len(cells) > 1 and all(MOMENT.fullmatch(cell) for cell in cells)
            return are_moments and self._is_over_others(number, columns, MOMENT.fullmatch)
        if all(map(is_year, cells)) and len(set(cells)) == len(cells):
            return self._is_over_others(number, columns)
        numbers = [int(cell) for cell in cells]
        steps = {after - before for before, after in pairwise(numbers)}
        return len(numbers) > PAIR and len(steps) == 1 and steps != {0} and not self._go_on(numbers, number, columns)

    def _is_over_others(
        self, number: int, columns: Sequence[int], is_such: Callable[[bytes], object] = lambda cell: is_year(cell)
    ) -> bool:
        """Whether most fields under years, or moments, are none."""
        below = [record.cell(column) for record in self._below(number) for column in columns]
        return sum(bool(is_such(cell)) for cell in below) * 2 < len(below)

    def _go_on(self, numbers: Sequence[int], number: int, columns: Sequence[int]) -> bool:
        """Whether the next record has numbers that count on in the same way: then none of them are names."""
        below = self._below(number)
        cells = [below[0].cell(column) for column in columns]
        if not all(_WHOLE.fullmatch(cell) for cell in cells):
            return False
        following = [int(cell) for cell in cells]
        step = numbers[1] - numbers[0]
        return all(after - before == step for before, after in pairwise(following))

    def _with_units(self, number: int) -> Header:
        """The header in one record; units in the next one go with the names."""
        record = self.records[number]
        after = self._after(number)
        if after is None or not self._are_units(number, after):
            return Header(record.start, record.end, record.fields, 1, is_certain=self._over_values(number))
        units = self.records[after]
        names = []
        for column, (name, quoted) in enumerate(record.fields):
            unit = units.cell(column).strip(b"[]()").strip()
            names.append((name.strip() + b" [" + unit + b"]" if unit not in (b"", b"-") else name, quoted))
        shown = [name.decode("utf-8", "replace") for name, _ in names if name.endswith(b"]")][:EXAMPLES]
        why = {"header": {"lines": 2, "reason": "a line of units stands under the names", "names": shown}}
        return Header(record.start, units.end, names, 2, why, True)

    def _are_units(self, number: int, after: int) -> bool:
        record, units = self.records[number], self.records[after]
        if record.width != self.width or units.width != self.width or len(self._below(after)) < PAIR:
            return False
        cells = [units.cell(column).decode("utf-8", "replace") for column in range(self.width)]
        filled = [cell for cell in cells if cell not in _NO_UNIT]
        if not all(_is_unit(cell) for cell in filled) or not any(map(_is_plainly_unit, filled)):
            return False
        if any(cell.encode() == record.cell(column) for column, cell in enumerate(cells) if cell):
            return False
        columns = self._value_columns(after)
        return bool(columns) and sum(bool(cells[column]) for column in columns) * 2 >= len(columns)


@dataclass(frozen=True)
class Structure:
    """How a text is laid out.

    :param header: with places in the sample.
    :param why: what was found, by what it is about, with the evidence.
    :param comment: what comments begin with, where some stand above the table.
    """

    marks: Marks
    header: Header
    why: dict[str, Any]
    comment: bytes = b""


def find_structure(sample: bytes, complete: bool, options: ReadOptions, prefer: bytes | None) -> Structure:
    """The structure of a text, going by its beginning and by what its user says of it.

    :param sample: from its first line that is not blank on, or from where the user says that the names stand.
    :param prefer: the delimiter that the file's name suggests.
    """
    at, why = 0, dict[str, Any]()
    is_sought = options.seeks_names
    delimiter = options.delimiter.encode() if options.delimiter else None
    quote = None if options.quote is None else options.quote.encode()
    named = _NAMED_DELIMITER.match(sample) if is_sought else None
    if named is not None:
        at = named.end()
        delimiter = delimiter or named[1]
        why["delimiter"] = {"reason": "the first line names it"}
    mark = options.comment.encode() if options.comment else _COMMENT
    begin = _after_comments(sample, at, mark) if is_sought else at
    if is_sought and delimiter is None and options.header_included is not False:
        begin += _length(sample[begin:], lines_above(sample[begin : begin + _TOP_BYTES]))
    marks = sniff_marks(sample[begin:], complete, delimiter, prefer, quote)
    if is_sought and marks.delimiter == NO_DELIMITER and (shared := _delimiter_of_paragraphs(sample[begin:])):
        marks = sniff_marks(sample[begin:], complete, shared, prefer, quote)
    if options.escape is not None:
        marks = replace(marks, escaped=bool(options.escape))
    placed = placed_records(marks, sample, complete, begin=begin, limit=_LOOKED_AT, least=_FEW)
    records = [Placed(*each) for each in placed]
    above = sample[at:begin]
    if not options.comment and _belong_to_table(above, mark, marks, usual_width(records)):
        return find_structure(sample, complete, options.model_copy(update={"comment": _NO_COMMENT}), prefer)
    if not records:
        return Structure(marks, Header(begin, begin, [], 0), why)
    first = records[0]
    if options.header_included is False:
        return Structure(marks, Header(first.start, first.start, first.fields, 0), why)
    if not is_sought:
        return Structure(marks, Header(first.start, first.end, first.fields, 1), why)
    header = find_header(records, may_lack=options.header_included is None)
    has_comments = bool(options.comment) or bool(_commented(above, mark))
    header = _commented_names(above, mark, marks, header) or header
    return Structure(marks, header, why | header.decisions, mark if has_comments else b"")


def _delimiter_of_paragraphs(sample: bytes) -> bytes | None:
    """The delimiter of several tables of different widths, with blank lines between: all tell the same."""
    paragraphs = re.split(rb"(?:\r\n|\r|\n)[ \t]*(?=\r|\n)", sample[:_TOP_BYTES])
    long = [text for text in map(bytes.strip, paragraphs) if len(text.splitlines()) > PAIR]
    found = set()
    for text in long:
        lines = text.splitlines(keepends=True)
        # The first may be a title.
        tried = (sniff_marks(b"".join(lines[at:]), True).delimiter for at in (0, 1))
        found.add(next((each for each in tried if each != NO_DELIMITER), NO_DELIMITER))
    return found.pop() if len(long) > 1 and len(found) == 1 and NO_DELIMITER not in found else None


def _after_comments(sample: bytes, at: int, mark: bytes) -> int:
    """Where comments at the top end."""
    begin = at
    while (line := _LINE.match(sample, begin)) is not None and line.end() > begin:
        if line[0].strip() and not line[0].startswith(mark):
            return begin
        begin = line.end()
    return at


def _commented(above: bytes, mark: bytes) -> list[int]:
    """Where the lines begin that are comments."""
    return [line.start() for line in _LINE.finditer(above) if line[0].startswith(mark)]


def _belong_to_table(above: bytes, mark: bytes, marks: Marks, width: int) -> bool:
    """Whether lines that begin with the mark of a comment are none: several have as many fields as the table.

    In a table of one column there is no telling: a word may begin with the mark.
    """
    lines = _commented(above, mark)
    records = [split_record(above, start, marks, True) for start in lines]
    if width == 1:
        return bool(lines)
    return sum(taken is not None and len(taken[0]) == width for taken in records) >= PAIR


def _commented_names(above: bytes, mark: bytes, marks: Marks, found: Header) -> Header | None:
    """The header in the last comment above rows, if it has a name for each column and nothing else has."""
    lines = _commented(above, mark)
    if not lines or found.is_certain:
        return None
    taken = split_record(above, lines[-1], marks, True)
    if taken is None or len(taken[0]) != len(found.fields) or any(is_value(value) for value, _ in taken[0]):
        return None
    (first, quoted), *others = taken[0]
    if first.startswith(mark + b" "):
        first = first.removeprefix(mark).strip()
    start = found.start - (len(above) - lines[-1])
    why = {"header": {"lines": 1, "reason": "a comment above the rows names the columns"}}
    return Header(start, found.start, [(first, quoted), *others], 1, why)


def _length(sample: bytes, lines: int) -> int:
    """Bytes that so many lines take."""
    at = 0
    for _ in range(lines):
        line = _LINE.match(sample, at)
        at = line.end() if line is not None else at
    return at


def placed_cells(rows: Iterable[Sequence[str | None]]) -> list[Placed]:
    """Rows of cells as records, with their numbers for places."""
    return [Placed([((cell or "").encode(), False) for cell in row], at, at + 1) for at, row in enumerate(rows)]


def header_of_cells(rows: Sequence[Sequence[str | None]], options: ReadOptions) -> Header:
    """The header among the first rows of cells, one of them filled, as found or as the options say.

    :return: with numbers of rows for places.
    """
    records = placed_cells(rows)
    if options.header_included is False:
        return Header(0, 0, records[0].fields, 0)
    if not options.seeks_names:
        return Header(0, 1, records[0].fields, 1)
    return find_header(records, may_lack=options.header_included is None)


def why_of_cells(header: Header, rows: Sequence[Sequence[str | None]]) -> dict[str, Any]:
    """What was found about rows of cells, see :class:`Structure`."""
    if not header.start:
        return header.decisions
    shown = [next(cell for cell in row if cell) for row in rows[: header.start] if any(row)]
    return {**header.decisions, "above": {"lines": header.start, "content": [cut(text) for text in shown[:EXAMPLES]]}}


def structure_warnings(why: Mapping[str, Any], unit: str) -> Iterator[ReadWarning]:
    """What a reader did about the structure that not everybody may want.

    :param why: see :class:`Structure`.
    :param unit: ``line`` or ``row``.
    """
    if "above" in why:
        lines, content = why["above"]["lines"], why["above"]["content"]
        has = plural(
            lines, f"{unit} above the names was left out: it is", f"{unit}s above the names were left out: they are"
        )
        examples = [{"content": each} for each in content]
        yield ReadWarning("TitleLines", f"{has} no part of the table", lines, examples)
    header = why.get("header", {"lines": 1})
    if header["lines"] == 0:
        message = f"the first {unit} holds values as those below it do, and no names: it became a row"
        yield ReadWarning("NoHeader", message)
    elif "names" in header:
        shown = ", ".join(repr(cut(name)) for name in header["names"][:3])
        message = f"the names stand on {header['lines']} {unit}s; put together they are {shown}"
        yield ReadWarning("HeaderLines", message, header["lines"])
    if "repeated" in why:
        lines = why["repeated"]["lines"]
        has = plural(
            lines,
            f"{unit} between the rows was left out: it holds",
            f"{unit}s between the rows were left out: they hold",
        )
        yield ReadWarning("RepeatedNames", f"{has} the names again", lines)
    if "footer" in why:
        lines = why["footer"]["lines"]
        has = plural(lines, f"{unit} at the end was left out: it is", f"{unit}s at the end were left out: they are")
        examples = [{"content": each} for each in why["footer"]["content"]]
        yield ReadWarning("FooterLines", f"{has} a total or a note", lines, examples)
    if "below" in why:
        lines = why["below"]["lines"]
        has = plural(
            lines, f"{unit} below the table was left out: it has", f"{unit}s below the table were left out: they have"
        )
        yield ReadWarning("BlankEnd", f"{has} nothing but delimiters", lines)
