"""CSV, TSV and their kin: sniff, cut into blocks, parse with Polars, repair what is ragged, then decide the types."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from longshore.errors import UnreadableFile
from longshore.tables.core.table import Table, new_file_name
from longshore.tables.reading import names
from longshore.tables.reading.choosing import choose
from longshore.tables.reading.context import Reading
from longshore.tables.reading.dialects import NO_DELIMITER, placed_records, sample_records, sniff_newline
from longshore.tables.reading.footers import footer_begin
from longshore.tables.reading.glance import Record
from longshore.tables.reading.headers import name_columns, widened
from longshore.tables.reading.import_audit import AuditWriter
from longshore.tables.reading.layouts import BETWEEN, Layout, NotInOrder, find_layout
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import CELLS_AT_A_TIME, require_cells, require_columns
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.parts import find_parts, named, repeated
from longshore.tables.reading.prefetch import prefetch
from longshore.tables.reading.quotes import Marks, split_overfull, split_record
from longshore.tables.reading.records import (
    MAX_RECORD,
    Block,
    Records,
    count_byte,
    count_line_ends,
    require_utf8,
)
from longshore.tables.reading.results import EXAMPLES, ReadWarning, cut, plural
from longshore.tables.reading.scopes import ANYTHING, as_asked
from longshore.tables.reading.shapes import Irregularities, Shape, line_widths, measure
from longshore.tables.reading.structure import Placed, Structure, find_structure, structure_warnings
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

_MOST_BYTES_OF_PARTS = 512 << 10
"""Of a text in which several tables are sought: less than what a preview sends of a larger one."""
_FEW_DIGITS = 10
"""A name may be ``2019`` or ``Q1``; one in so many characters is a digit."""
_CELLS_OF_BLOCK = 4 * CELLS_AT_A_TIME
"""A block whose cells have a byte on average is read at once."""
_WIDE = 300
"""Columns from which on a block is twice as large: each column of each block takes its time."""
_HEAD_BYTES = 1 << 20
_SLICES = 30
_SLICE_BYTES = 16 << 10
_TAIL_BYTES = 64 << 10
_SENTINEL = "surplus"
_EMPTY = "the file is empty; a table needs at least a header"


def read_delimited(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read the text file of ``reading``.

    :raises UnreadableFile: if it is empty or holds no text.
    """
    return read_as_utf8(reading, lambda path: _read(reading, path))


def _read(reading: Reading, path: Path) -> tuple[Table, list[ReadWarning]]:
    source = DelimitedSource.open(reading, path)
    marks = source.records.marks
    written = write_typed(
        source,
        reading.scratch,
        source.names,
        as_asked(reading.options.types, source.names, [ANYTHING] * len(source.names)),
        reading.options.preferred,
        reading.settings,
    )
    source.close_books()
    reading.books = source.books
    reading.settings.update(
        delimiter=None if marks.delimiter == NO_DELIMITER else marks.delimiter.decode(),
        quote=marks.quote.decode() if marks.quote else None,
        header=source.has_header,
        skip=reading.options.initial_skip,
        **{name: True for name in ("spaced", "escaped") if getattr(marks, name)},
    )
    reading.settings.update(source.told)
    if source.why:
        reading.settings["structure"] = source.why
    reading.settings.update(source.oddities())
    for warning in (*source.notes, *source.odd.warnings(), *source.unclosed_warnings()):
        reading.warn(warning)
    return written


@dataclass(frozen=True)
class _Chosen:
    """A table of a text that has several: where it begins and ends in the sample, and where the next one begins."""

    start: int
    end: int
    next_start: int


@dataclass(frozen=True)
class _Extent:
    """Which part of a file is read.

    :param lines_before: lines above that are left out, ``lines_after`` below.
    :param may_be_several: whether it may hold several tables.
    """

    options: ReadOptions
    start: int
    end: int
    lines_before: int
    lines_after: int = 0
    may_be_several: bool = True

    def narrowed(self, sample: bytes, start: int, blank_lines: int, chosen: _Chosen) -> _Extent:
        """The part with one table of several, found in the sample that stands at ``start``, below blank lines."""
        above = blank_lines + count_line_ends(sample[: chosen.start])
        below = count_line_ends(sample[chosen.next_start :]) + (chosen.next_start < len(sample))
        begin, end = start + chosen.start, start + chosen.end
        return _Extent(self.options, begin, end, self.lines_before + above, below, False)


@dataclass
class DelimitedSource:
    """A delimited file in UTF-8, as batches of text; see :class:`longshore.tables.reading.typed.TextSource`.

    :param names: of the columns, as the user sees them.
    :param books: what became of the lines; complete, but for blank ones at the end, after a pass.
    :param lines_before: lines above the first record, and ``lines_after`` of other tables below the last one.
    :param repeated: where names end that stand again between rows, and how many lines they take.
    :param has_header: whether names stand there.
    :param comment: what comments between rows begin with, if there are any above; ``comments`` counts their lines.
    :param told: settings in place of those of the text that was read, if it was written anew.
    :param why: what was found, see :class:`longshore.tables.reading.structure.Structure`; ``notes`` tell of it.
    """

    reading: Reading
    records: Records
    names: list[str]
    odd: Irregularities
    books: ImportAudit
    lines_before: int
    lines_after: int
    repeated: dict[int, int]
    has_header: bool
    why: dict[str, Any]
    notes: list[ReadWarning]
    passes: int = 0
    quoted: bool = False
    unclosed: list[int] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    comment: bytes = b""
    comments: int = 0
    ends_in_comment: bool = False

    @classmethod
    def open(cls, reading: Reading, path: Path) -> DelimitedSource:
        """Find the table, the header, the marks and the width.

        :raises NotUtf8: if the header is not.
        :raises UnreadableFile: if nothing is there to read.
        """
        options, told = reading.options, dict[str, Any]()
        end = _content_end(path)
        with path.open("rb") as file:
            start = _skip_lines(file, options.initial_skip, end)
            file.seek(start)
            head = file.read(min(_HEAD_BYTES, end - start))
        layout = find_layout(path, options, head, start + len(head) >= end)
        if layout is not None and (written := _written_anew(reading, path, layout)) is not None:
            path, options, told, end = written, layout.as_read(options), layout.told, _content_end(written)
            with path.open("rb") as file:
                start = _skip_lines(file, options.initial_skip, end)
        source = cls._open(reading, path, _Extent(options, start, end, options.initial_skip))
        return replace(source, told=told)

    @classmethod
    def _open(cls, reading: Reading, path: Path, extent: _Extent) -> DelimitedSource:
        options, start, end = extent.options, extent.start, extent.end
        with path.open("rb") as file:
            file.seek(start)
            sample = file.read(min(_HEAD_BYTES, end - start))
            blank = _skip_blank(sample)
            blank_lines = count_line_ends(sample[:blank])
            start, sample = start + blank, sample[blank:]
            complete = start + len(sample) >= end
            found = find_structure(sample, complete, options, _suggested(reading.name))
            repeats: list[tuple[int, int]] = []
            if extent.may_be_several and complete and options.seeks_names and found.header.lines == 1:
                chosen = _one_of_several(reading, sample, found)
                if isinstance(chosen, _Chosen):
                    return cls._open(reading, path, extent.narrowed(sample, start, blank_lines, chosen))
                repeats = chosen
            marks, layout = found.marks, found.header
            above = count_line_ends(sample[: layout.start])
            ledger = Ledger("line", skipped=extent.lines_before + above, blank=blank_lines)
            header, length, after = layout.fields, layout.end, start + layout.end
            if layout.lines <= 1:
                first, length = _first_record(file, start + layout.start, end, sample[layout.start :], marks)
                length += layout.start
                if length > len(sample) or not layout.fields:  # the sample cuts it off
                    header = first
                after = start + length if layout.lines else start + layout.start
            require_columns(len(header))
            if layout.lines:
                file.seek(start + layout.start)
                text = file.read(after - start - layout.start)
                require_utf8(text, start + layout.start)  # often the names alone have letters beyond ASCII
                ledger.header, ledger.continued = layout.lines, _count_within(text, marks) - layout.lines + 1
            ledger.lines = ledger.skipped + ledger.blank + ledger.header + ledger.continued
        data = sample_records(marks, sample[length:], complete)
        header = _mended(header, sample[layout.start :], marks, data) if layout.lines == 1 else header
        naming = name_columns(header, data)
        if options.structure == "found":
            naming = widened(naming, line_widths(sample[length:], marks, complete))
            require_columns(len(naming.names))
        columns = names.make_unique(naming.names) if layout.lines else names.number(len(naming.names))
        why = found.why
        if above:
            why["above"] = {"lines": above, "content": _shown_titles(sample[: layout.start])}
        if options.structure == "found" and len(columns) > 1:
            last, end = end, _table_end(path, after, end, marks)
            if end < last:
                why["below"] = {"lines": _count_lines(path, end, last, marks)}
        lines_after = extent.lines_after
        if options.footer == "leaveOut":
            footer, end = _footer_below(path, after, end, marks)
            if footer:
                why["footer"] = {
                    "lines": len(footer),
                    "content": [cut(line) for line in footer if line.strip()][:EXAMPLES],
                }
                lines_after += len(footer)
        holes = tuple((start + first, min(start + last, end)) for first, last in repeats)
        repeated_lines = {start + last: max(1, count_line_ends(sample[first:last])) for first, last in repeats}
        if holes:
            why["repeated"] = {"lines": sum(repeated_lines.values())}
        block_bytes = reading.block_bytes * (2 if len(columns) >= _WIDE else 1)
        records = Records(path, marks, after, end, block_bytes, len(columns), holes)
        odd = Irregularities(len(columns), naming.trailing)
        has_header = layout.lines > 0
        notes = [*structure_warnings(why, "line"), *(naming.warnings() if has_header else ())]
        return cls(
            reading,
            records,
            columns,
            odd,
            ImportAudit(ledger),
            ledger.lines,
            lines_after,
            repeated_lines,
            has_header,
            why,
            notes,
            comment=found.comment if len(columns) > 1 and options.structure == "found" else b"",
        )

    @property
    def schema(self) -> dict[str, pl.String]:
        """Of Polars' parser: one more column than the table has shows lines that are too long."""
        return {f"c{i}": pl.String() for i in range(len(self.names))} | {_SENTINEL: pl.String()}

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        self.passes += 1
        first = self.passes == 1
        rows = 0
        total = self.records.end - self.records.start
        for frame, end in prefetch(self._parsed(first)):
            rows += frame.height
            require_cells(self.reading, rows, len(self.names))
            self.reading.report("read" if first else "types", end - self.records.start, total, rows)
            yield frame

    def _parsed(self, tell: bool) -> Iterator[tuple[pl.DataFrame, int]]:
        """All records in batches, each with where it ends in the file."""
        for block in self.records.blocks():
            for part in self._parts(block):
                yield self._frame(part, tell), part.end

    def _parts(self, block: Block) -> Iterator[Block]:
        """A block, or several in its place: short lines under a wide header would be many times its size in memory.

        One with quotes, or written anew, stays whole: where its lines may be cut only a look at each could tell.
        """
        width, data = len(self.names), block.data
        newline = self.records.marks.newline[0]
        # A record takes one byte at least.
        if len(data) * width <= _CELLS_OF_BLOCK or block.quoted or block.mended:
            yield block
            return
        if count_byte(data, newline) * width <= _CELLS_OF_BLOCK:
            yield block
            return
        lines = max(1, CELLS_AT_A_TIME // width)
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == newline)[lines - 1 :: lines] + 1
        for start, end in pairwise([0, *ends.tolist(), len(data)]):
            if end > start:
                yield replace(block, data=data[start:end], start=block.start + start, end=block.start + end)

    def _frame(self, block: Block, tell: bool) -> pl.DataFrame:
        """The records of a block, blank lines left out; ``tell`` counts its lines and collects what is odd."""
        if self.comment and self.comment in block.data:
            block = self._without_comments(block, tell)
            if not block.data:
                return self._empty()
        frame = self._parse(block)
        surplus = frame.get_column(_SENTINEL)
        frame = frame.drop(_SENTINEL)
        clean = surplus.null_count() == len(surplus) and self._is_clean(block, frame)
        lines = self._count_lines(block.data) if tell and block.quoted else frame.height
        shape = None if clean else self._measure(block, len(self.names) if lines == frame.height else 0)
        if tell:
            self._enter(block, frame.height, lines, shape)
        return frame.filter(pl.Series(~shape.blank)) if shape is not None and shape.blank.any() else frame

    def _without_comments(self, block: Block, tell: bool) -> Block:
        """A block with blank lines in place of its comments: lines with the mark that are no rows by their fields."""
        marks, count = self.records.marks, 0
        quotes = np.flatnonzero(np.frombuffer(block.data, np.uint8) == marks.quote[0]) if marks.quote else np.empty(0)
        delimiters = 0 if self.reading.options.comment else len(self.names) - 1

        def settled(line: re.Match[bytes]) -> bytes:
            nonlocal count
            is_within = block.quoted and np.searchsorted(quotes, line.start()) % 2
            if is_within or (delimiters and line[0].count(marks.delimiter) == delimiters):
                return line[0]
            if line.end() == len(block.data):  # the last line: without it there is no blank one either
                self.ends_in_comment = True
            else:
                count += 1
            return b""

        data = re.sub(rb"^" + re.escape(self.comment) + rb"[^\r\n]*", settled, block.data, flags=re.MULTILINE)
        self.comments += count if tell else 0
        return replace(block, data=data) if len(data) < len(block.data) else block

    def _enter(self, block: Block, count: int, lines: int, shape: Shape | None) -> None:
        """Write down what became of a block's ``count`` records on ``lines`` lines."""
        self._leave_out(self.repeated.pop(block.start, 0))
        self.quoted |= block.quoted
        self.unclosed.extend(block.unclosed)
        keeper = AuditWriter(self.records, self.odd, self.books, bool(self.reading.replaced))
        if shape is None and keeper.is_doubtful(block):
            shape = self._measure(block, 0)
        keeper.enter(block, count, lines, shape)

    def close_books(self) -> None:
        """After a pass: enter what no block has, which is the lines below the rows and those between them."""
        self._leave_out(sum(self.repeated.values()))  # those with no row below them
        self._settle_comments()
        ledger, trailing = self.books.ledger, _lines_below(self.records.path, self.records.end)
        ledger.blank += trailing - self.lines_after
        ledger.skipped += self.lines_after
        ledger.lines += trailing
        if self.told:
            self._tell_as_it_stood()

    def _settle_comments(self) -> None:
        """Comments between rows were blank lines so far: they are lines that were left out."""
        self._leave_out(self.ends_in_comment)
        if self.comments or self.ends_in_comment:
            ledger = self.books.ledger
            ledger.blank -= self.comments
            ledger.skipped += self.comments
            self.odd.blank -= self.comments
            self.comments += self.ends_in_comment
            self.why["comments"] = {"lines": self.comments, "mark": self.comment.decode()}
            has = plural(self.comments, "comment between the rows was", "comments between the rows were")
            self.notes.append(ReadWarning("Comments", f"{has} left out", self.comments))

    def _leave_out(self, lines: int) -> None:
        """Enter lines that are no part of the table."""
        self.books.ledger.skipped += lines
        self.books.ledger.lines += lines

    def _measure(self, block: Block, width: int) -> Shape | None:
        shape = measure(block.data, self.records.marks, width, block.quoted)
        if shape is not None and len(self.names) == 1:
            # In a table of one column an empty line is a missing value.
            shape.blank[:] = False
        return shape

    def _is_clean(self, block: Block, frame: pl.DataFrame) -> bool:
        """Whether every line has as many fields as the table has columns: quick, may err towards no.

        Where no last cell is missing no line is too short; and then no line is too long either, if there are not
        more delimiters than that takes, those within quotes included.
        """
        width, delimiter = len(self.names), self.records.marks.delimiter
        if block.quoted and self._count_lines(block.data) != frame.height:
            return False
        if width == 1:
            return delimiter not in block.data
        return not frame.to_series(-1).null_count() and count_byte(block.data, delimiter[0]) == frame.height * (
            width - 1
        )

    def _parse(self, block: Block) -> pl.DataFrame:
        """:raises NotUtf8: if that is why Polars refuses the block."""
        try:
            marks = self.records.marks
            # To look for none is quicker.
            return parse(block.data, self.schema, marks if block.quoted else replace(marks, quote=None))
        except pl.exceptions.PolarsError as error:
            require_utf8(block.data, block.start)
            raise UnreadableFile(f"the text from byte {block.start:,} on cannot be read as a table") from error

    def _count_lines(self, data: bytes) -> int:
        """Physical lines; without quotes each record is one."""
        newline = self.records.marks.newline
        return count_byte(data, newline[0]) + (not data.endswith(newline))

    def sample(self) -> Sample:
        """The head of the file, and slices from all over it where no quotes could mislead."""
        records = self.records
        if records.start >= records.end:
            return Sample(self._empty(), True, 0)
        first = next(self._parts(next(replace(records, block_bytes=_HEAD_BYTES).blocks())))
        head = self._frame(first, False)
        if first.end >= records.end:
            return Sample(head, True, head.height)
        # One call for all of them: each takes a millisecond, however little there is to parse.
        slices = b"".join(self._slice(at) for at in self._places())
        rows = pl.concat([head, parse(slices, self.schema, self.records.marks).drop(_SENTINEL)]) if slices else head
        return Sample(rows, False, head.height)

    def may_mislead(self) -> bool:
        """Where cells are quoted, a slice may have come from within one."""
        return self.quoted

    def _places(self) -> list[int]:
        first = self.records.start + _HEAD_BYTES
        return [int(at) for at in np.linspace(first, max(first, self.records.end - _SLICE_BYTES), _SLICES)]

    def _slice(self, at: int) -> bytes:
        """Lines from the middle of the file, if they have the right shape and no quotes; none otherwise."""
        if at >= self.records.end:  # a short file, of whose head a part was read
            return b""
        marks, width = self.records.marks, len(self.names)
        descriptor = os.open(self.records.path, os.O_RDONLY)
        try:
            data = os.pread(descriptor, min(_SLICE_BYTES, self.records.end - at), at)
        finally:
            os.close(descriptor)
        data = data[data.find(marks.newline) + 1 : data.rfind(marks.newline) + 1]
        if (marks.quote and marks.quote in data) or (marks.newline == b"\n" and b"\r" in data.replace(b"\r\n", b"")):
            return b""
        if data and width > 1 and measure(data, marks, width, False) is not None:
            return b""
        try:
            data.decode()
        except UnicodeDecodeError:
            return b""
        return data

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema={name: dtype for name, dtype in self.schema.items() if name != _SENTINEL})

    def oddities(self) -> dict[str, Any]:
        """What another reader has to know of an unusual file: line ends, lines before the data, what was repaired."""
        options, found = self.reading.options, dict[str, Any]()
        if self.records.marks.newline != b"\n":
            found["newline"] = self.records.marks.newline.decode()
        # The end of the last line is no part of the content.
        before = self.lines_before + (self.records.start >= self.records.end)
        if before != options.initial_skip + self.has_header:
            found["headLines"] = before
        repairs = [*self.reading.settings.get("repairs", [])]
        repairs += ["quotes"] * self.records.irregular + ["blankLines"] * bool(self.odd.blank)
        repairs += ["blankEnd"] * ("below" in self.why)
        if self.records.irregular:
            found["width"] = self.records.width
        return found | ({"repairs": repairs} if repairs else {})

    def _tell_as_it_stood(self) -> None:
        """What was kept of lines, with what stood between their fields in the file."""
        written, between = BETWEEN.decode(), self.told["delimiter"] or " "
        asides = self.books.asides
        asides.records = [each._replace(raw=each.raw.replace(written, between)) for each in asides.records]
        for example in (*self.odd.short_examples, *self.odd.long_examples):
            example["content"] = example["content"].replace(written, between)

    def unclosed_warnings(self) -> Iterator[ReadWarning]:
        """About quotes that open a field and never close."""
        places = sorted(set(self.unclosed))
        if places:
            message = "a quote opens a field and none closes it before a delimiter; it was taken for a character"
            examples = [{"line": self._line_at(place)} for place in places[:EXAMPLES]]
            yield ReadWarning("UnclosedQuote", message, len(places), examples)

    def _line_at(self, place: int) -> int:
        """Number of the physical line at a place of the file."""
        lines, newline = 1, self.records.marks.newline[0]
        with self.records.path.open("rb") as file:
            while place and (chunk := file.read(min(place, _HEAD_BYTES))):
                lines += count_byte(chunk, newline)
                place -= len(chunk)
        return lines


def _written_anew(reading: Reading, path: Path, layout: Layout) -> Path | None:
    """The text with one character between its fields; None if its quotes are not in order."""
    target = reading.scratch / new_file_name()
    try:
        with target.open("wb") as file:
            for chunk in layout.chunks(path, reading.options):
                file.write(chunk)
    except NotInOrder:
        target.unlink()
        return None
    return target


def _one_of_several(reading: Reading, sample: bytes, found: Structure) -> _Chosen | list[tuple[int, int]]:
    """The table to read of a text that has several below each other, or where the names of a single one come again."""
    header = sample[found.header.start : found.header.end].rstrip(found.marks.newline)
    if len(sample) > _MOST_BYTES_OF_PARTS or not _may_hold_names(sample[found.header.end :], header, found.marks):
        return []
    begin = found.header.start
    records: list[Placed] = []
    for fields, start, end in placed_records(
        found.marks, sample, True, begin=begin, limit=len(sample), least=len(sample)
    ):
        if records and start > records[-1].end:
            records.append(Placed([(b"", False)], records[-1].end, start))
        records.append(Placed(fields, start, end))
    names = max((number for number, each in enumerate(records) if each.start < found.header.end), default=0)
    parts = find_parts(records, names)
    if len(parts) == 1:
        return []
    if repeated(records, parts):
        return [(records[part.names].start, records[part.names].end) for part in parts[1:]]
    parts[0] = replace(parts[0], title=parts[0].title or _last_title(sample[:begin], found.marks))
    index = choose(reading, named(parts), [part.size for part in parts], "the file")
    part = parts[index]
    end = len(sample[: records[part.last - 1].end].rstrip(b"\r\n"))
    next_start = records[part.last].start if part.last < len(records) else len(sample)
    return _Chosen(0 if part.names == names else records[part.names].start, end, next_start)


def _last_title(above: bytes, marks: Marks) -> str:
    """What stands last above the names."""
    titles = [line.strip(b'" \t\r' + marks.delimiter) for line in above.split(marks.newline)]
    return cut(next((title for title in reversed(titles) if title), b""))


def _may_hold_names(text: bytes, header: bytes, marks: Marks) -> bool:
    """Whether some line below the names may be such: it has a delimiter and few digits, and stands below a gap, a title
    or a line with digits; or it is ``header`` again."""
    lines = text.split(marks.newline)
    digits = [len(line) - len(line.translate(None, b"0123456789")) for line in lines]
    empty = b" \t\r" + marks.delimiter
    for at, line in enumerate(lines[:-1]):
        if marks.delimiter not in line or not line.strip(empty):
            continue
        if line == header:
            return True
        is_below_one = at and (digits[at - 1] or marks.delimiter not in lines[at - 1].strip(empty))
        if is_below_one and digits[at + 1] and digits[at] * _FEW_DIGITS <= len(line):
            return True
    return False


def parse(data: bytes, schema: Mapping[str, pl.DataType], marks: Marks) -> pl.DataFrame:
    """Records with regular quoting as text: one row per line, short lines filled, long ones cut."""
    return pl.read_csv(
        data,
        has_header=False,
        schema=schema,
        separator=marks.delimiter.decode(),
        quote_char=marks.quote.decode() if marks.quote else None,
        eol_char=marks.newline.decode(),
        extra_columns="ignore",
        missing_columns="insert",
    )


def _mended(header: Record, sample: bytes, marks: Marks, data: Sequence[Record]) -> Record:
    """A header in which a delimiter is missing after a quoted name, where the rows have one field more."""
    widths = {len(record) for record in data}
    if widths == {len(header) + 1} and marks.quote is not None:
        return split_overfull(sample, 0, marks) or header
    return header


def _table_end(path: Path, start: int, end: int, marks: Marks) -> int:
    """Where the rows end, less those at the end on which nothing but delimiters stands."""
    empty = b"\r\n \t" + marks.delimiter
    with path.open("rb") as file:
        kept = _filled_until(file, start, end, empty)
        if kept == start:  # no row is left, and the end of the line above belongs to none
            return _filled_until(file, max(0, start - 2), start, b"\r\n")
        file.seek(kept)
        rest, *others = file.read(end - kept).split(marks.newline, 1)
    return kept + len(rest.removesuffix(b"\r")) if others else end


def _footer_below(path: Path, start: int, end: int, marks: Marks) -> tuple[list[bytes], int]:
    """The lines with totals and notes at the end of the rows, blank ones between them too, and where the rows end."""
    with path.open("rb") as file:
        begin = max(start, end - _TAIL_BYTES)
        file.seek(begin)
        tail = file.read(end - begin)
    if begin > start:
        begin += (skipped := tail.find(marks.newline) + 1)
        tail = tail[skipped:]
    every = len(tail) + 1
    records = [Placed(*each) for each in placed_records(marks, tail, True, begin=0, limit=every, least=every)]
    rows = [[record.cell(column).decode("utf-8", "replace") for column in range(record.width)] for record in records]
    first = footer_begin(rows)
    if first == len(rows):
        return [], end
    kept = len(tail[: records[first].start].rstrip(b"\r\n"))
    return tail[records[first].start :].split(marks.newline), begin + kept


def _count_lines(path: Path, start: int, end: int, marks: Marks) -> int:
    """How many lines begin in a part of a file."""
    with path.open("rb") as file:
        file.seek(start)
        return count_byte(file.read(end - start), marks.newline[0])


def _content_end(path: Path) -> int:
    """Where the text ends: final line ends and the end-of-file mark of DOS do not belong to it.

    :raises UnreadableFile: if nothing is left.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        end = _filled_until(file, 0, size, b"\r\n\x1a")
    if end:
        return end
    raise UnreadableFile(_EMPTY if size == 0 else "the file holds only blank lines; a table needs at least a header")


def _filled_until(file: BinaryIO, start: int, end: int, empty: bytes) -> int:
    """Where a part of a file ends, less the bytes at its end that are ``empty``; ``start`` if nothing is left."""
    while end > start:
        begin = max(start, end - _TAIL_BYTES)
        file.seek(begin)
        kept = len(file.read(end - begin).rstrip(empty))
        if kept:
            return begin + kept
        end = begin
    return start


def _first_record(
    file: BinaryIO, start: int, end: int, sample: bytes, marks: Marks
) -> tuple[list[tuple[bytes, bool]], int]:
    """The fields of the record at ``start`` and its length in bytes, however long it is.

    :raises TooLarge: for more fields than a table may have columns.
    """
    while True:
        closed = start + len(sample) >= end or len(sample) >= MAX_RECORD
        taken = split_record(sample, 0, marks, closed, require_columns)
        if taken is not None:
            return taken
        file.seek(start)
        sample = file.read(min(len(sample) * 4, end - start))


def _shown_titles(titles: bytes) -> list[str]:
    """The first lines above the names on which anything stands."""
    shown = [line for line in titles.splitlines() if line.strip(b",;|\t \r\n")]
    return [cut(line) for line in shown[:EXAMPLES]]


def _skip_lines(file: BinaryIO, count: int, end: int) -> int:
    """The position after the byte order mark and ``count`` physical lines.

    :raises UnreadableFile: if there are no more lines than that.
    """
    file.seek(0)
    head = file.read(min(_HEAD_BYTES, end))
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    newline = sniff_newline(head)
    file.seek(start)
    at, left = start, count
    while left and at < end:
        chunk = file.read(min(_HEAD_BYTES, end - at))
        place = 0
        while left and (found := chunk.find(newline, place)) != -1:
            place, left = found + 1, left - 1
        at += place if not left else len(chunk)
    if left or at >= end:
        raise UnreadableFile(
            f"after skipping {plural(count, 'line', 'lines')} nothing is left of the file" if count else _EMPTY
        )
    return at


def _skip_blank(sample: bytes) -> int:
    """Length of the blank lines before the header."""
    return len(sample) - len(sample.lstrip(b"\r\n"))


def _count_within(record: bytes, marks: Marks) -> int:
    """How many lines a record takes beyond its first."""
    inner = record[:-1].removesuffix(b"\r") if record.endswith((b"\r", b"\n")) else record
    return inner.count(marks.newline)


def _lines_below(path: Path, end: int) -> int:
    """How many lines follow the rows, which end at ``end``."""
    ends = 0
    with path.open("rb") as file:
        file.seek(end)
        last = b""
        while chunk := file.read(_HEAD_BYTES):
            # A Windows line end may be cut in two.
            ends += count_line_ends(last + chunk) - count_line_ends(last)
            last = chunk[-1:]
    return max(0, ends - 1)


def _suggested(name: str) -> bytes | None:
    return b"\t" if name.lower().endswith((".tsv", ".tab")) else None
