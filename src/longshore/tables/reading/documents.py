"""JSON in the shapes in which tables are found, and NDJSON; big files stream.

Every shape becomes blocks of lines with one object each. A first pass surveys keys and kinds over the whole file,
a second reads all values as text, typed like any other column but only as far as JSON's own types allow: strings
that look like numbers stay text, strings that are dates become dates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.choosing import choose
from longshore.tables.reading.context import Reading
from longshore.tables.reading.elements import Batch, Elements, Lines, Objects
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import CELLS_AT_A_TIME, require_cells, require_columns
from longshore.tables.reading.ndjson_validation import (
    Kinds,
    ValidatedLines,
    enter,
    is_object,
    kinds_of_head,
    load,
    mend_surrogates,
    read_as,
    read_known,
    sift,
    survey_batch,
)
from longshore.tables.reading.plans import BEYOND_DOUBLES, Booleans, Numbers, Plan
from longshore.tables.reading.prefetch import prefetch
from longshore.tables.reading.records import NotUtf8, count_byte
from longshore.tables.reading.reshaping import reshape, tables_of
from longshore.tables.reading.results import EXAMPLES, ReadWarning, cut, plural
from longshore.tables.reading.scopes import CALENDAR, NUMBERS, as_asked
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

_WHOLE_BYTES = 256 << 20
"""JSON documents that are no array of records must stand in memory; larger ones are refused."""
_SAMPLE_ROWS = 10_000
_LINE_FEED = 10
_SCOPES: dict[frozenset[str], tuple[Plan, ...]] = {
    frozenset(): (),
    frozenset({"int"}): NUMBERS[:2],
    frozenset({"float"}): (Numbers(),),
    frozenset({"int", "float"}): (Numbers(),),
    frozenset({"bool"}): (Booleans(),),
    frozenset({"text"}): CALENDAR,
}


def read_json(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read a JSON file: NDJSON, an array of records or of rows, an object of columns, an object around an array.

    :raises UnreadableFile: if it is malformed or holds no table.
    :raises TooLarge: if it must be read whole and is too big for that.
    """
    return read_as_utf8(reading, lambda path: _read(reading, path))


def _read(reading: Reading, path: Path) -> tuple[Table, list[ReadWarning]]:
    shape = find_shape(path, reading.name)
    header, halves = None, 0
    if shape not in ("lines", "array"):
        target = reading.scratch / "reshaped"
        document, halves = _load(path)
        tables = tables_of(document)
        if tables:
            sizes = [len(records) for records in tables.values()]
            chosen = choose(reading, names.make_unique(list(tables)), sizes, "the JSON document")
            document = list(tables.values())[chosen]
        header = reshape(document, target, path.stat().st_size)
        path, shape_read = target, "lines"
    else:
        shape_read = shape
    elements: Elements = (Lines if shape_read == "lines" else Objects)(path, reading.block_bytes)
    source = JsonSource(reading, elements, shape == "lines")
    source.halves = halves
    source.survey_beginning()
    try:
        table, warnings = _write(reading, source, shape, header)
    except MoreFound:
        source.survey()
        table, warnings = _write(reading, source, shape, header)
    reading.settings.update(source.oddities())
    # What is no text of lines has one record for each row.
    reading.books = source.books if shape == "lines" else ImportAudit.of_rows(table.rows, "record")
    return table, [*warnings, *source.warnings()]


def _write(
    reading: Reading, source: JsonSource, shape: str, header: Sequence[str] | None
) -> tuple[Table, list[ReadWarning]]:
    """:raises MoreFound: by what was not surveyed."""
    if not source.kinds:
        raise source.nothing_found()
    keys = list(source.kinds)
    labels = keys if header is None else [header[int(key)] for key in keys]
    reading.settings["shape"] = shape
    columns = names.make_unique(labels)
    if columns != keys:
        reading.settings["keys"] = keys
    preferred = reading.options.preferred
    scopes = as_asked(reading.options.types, columns, source.scopes)
    return write_typed(source, reading.scratch, columns, scopes, preferred, reading.settings)


def find_shape(path: Path, name: str) -> str:
    """``lines``, ``array`` (of objects) or ``document`` (anything else).

    :param name: where it says that the file is NDJSON, one good line anywhere in the head is enough.

    :raises UnreadableFile: if the text cannot be JSON.
    """
    with path.open("rb") as file:
        head = file.read(1 << 20).removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"["):
            return "array" if head[1:].lstrip().startswith(b"{") else "document"
        line, _, rest = head.partition(b"\n")
        if not rest.strip() and not file.read(1):
            return "document"
    if is_object(line):
        return "lines"
    # One document over several lines, or several objects of several lines each; or the first line is broken.
    named = name.lower().endswith((".ndjson", ".jsonl"))
    return "lines" if named and any(map(is_object, rest.split(b"\n"))) else "document"


def _load(path: Path) -> tuple[Any, int]:
    """A document, and how many halves of characters were mended in it."""
    if path.stat().st_size > _WHOLE_BYTES:
        raise TooLarge(
            f"a JSON document of this shape can have at most {_WHOLE_BYTES:,} bytes; an array of records"
            " [{...}, {...}] or NDJSON can be larger"
        )
    try:
        content, halves, _ = mend_surrogates(path.read_bytes())
        return load(content), halves
    except UnicodeDecodeError as error:
        raise NotUtf8(error.start) from None
    except ValueError as error:
        raise UnreadableFile(f"the file is not valid JSON: {error}") from error


class MoreFound(Exception):
    """A record holds a key, or a kind of values, that none before it had."""


@dataclass
class JsonSource:
    """Objects as batches of text and of what JSON has types for.

    See :class:`longshore.tables.reading.typed.TypedSource`. The first pass surveys what has not been surveyed before:
    few files have a key, or a kind of values, that is not found at their beginning.
    """

    reading: Reading
    elements: Elements
    is_lines: bool
    books: ImportAudit = field(default_factory=lambda: ImportAudit(Ledger("line")))

    def __post_init__(self) -> None:
        self.kinds: Kinds = {}
        self.surveyed = 0
        self.place, self.line = 0, 1
        self.beginning: tuple[Batch, pl.DataFrame | None] | None = None
        self.expected: list[pl.DataType] | None = None
        self.records = 0
        self.slow = False
        self.filled: list[int] = []
        self.dirty: set[int] = set()
        self.examples: list[dict[str, Any]] = []
        self.halves = 0
        self.first_half: int | None = None

    @property
    def scopes(self) -> list[tuple[Plan, ...]]:
        """Per column, the plans that JSON's own types allow."""
        return [_SCOPES.get(frozenset(kinds), ()) for kinds in self.kinds.values()]

    @property
    def is_surveyed(self) -> bool:
        """Whether nothing is left to survey."""
        return self.place >= self.elements.size

    def survey_beginning(self) -> None:
        """Find the keys of the first records, in the order of their appearance, and the kinds of their values."""
        for read in self.elements.blocks():
            batch = self._mended(read)
            known = self._survey(batch)
            self.reading.report("survey", read.end, self.elements.size, 0)
            if self.kinds:
                self.beginning = (batch, known) if self.surveyed == 1 else None
                return

    def survey(self) -> None:
        """The same for what has not been surveyed yet."""
        for read in prefetch(self.elements.blocks(self.place, self.line)):
            self._survey(self._mended(read))
            self.reading.report("survey", read.end, self.elements.size, 0)

    def _survey(self, batch: Batch) -> pl.DataFrame | None:
        """Survey the next batch; its records, where they hold nothing new."""
        number = self.surveyed
        kinds = self.kinds or kinds_of_head(batch.data)
        known = self._read_known(number, batch, kinds) if kinds else None
        if known is not None:
            self.kinds = kinds
        else:
            found = self._sorted_out(number, batch) if self.is_lines else self._surveyed(number, batch)
            # Made anew: a pass that is under way goes by what was known when it began, in another thread.
            self.kinds = self.kinds | {key: self.kinds.get(key, set()) | more for key, more in found.items()}
        lines = count_byte(batch.data, _LINE_FEED)
        self.surveyed, self.place, self.line = number + 1, batch.end, batch.line + lines
        self.records += lines
        require_columns(len(self.kinds))
        require_cells(self.reading, self.records, len(self.kinds))
        return known

    def _read_known(self, number: int, batch: Batch, kinds: Kinds) -> pl.DataFrame | None:
        known = read_known(batch.data, kinds)
        if known is not None:
            self.filled.append(number)
            if self.is_lines:
                lines = np.arange(batch.line, batch.line + known.height, dtype=np.int64)
                sifted = ValidatedLines(batch.data, {}, lines, known.height)
                enter(self.books, batch, sifted, bool(self.reading.replaced))
        return known

    def _mended(self, batch: Batch) -> Batch:
        """A batch of the survey without halves of characters, which are counted."""
        data, halves, place = mend_surrogates(batch.data)
        if halves and self.first_half is None:
            self.first_half = batch.line + batch.data.count(b"\n", 0, place)
        self.halves += halves
        return replace(batch, data=data) if halves else batch

    def _surveyed(self, number: int, batch: Batch) -> dict[str, set[str]]:
        """Keys and kinds of a batch of records, all of which must be sound."""
        if not batch.data.strip():
            return {}
        self.filled.append(number)
        return survey_batch(batch.data, batch.line)

    def _sorted_out(self, number: int, batch: Batch) -> dict[str, set[str]]:
        """Keys and kinds of a batch of lines; those that hold no object are set aside."""
        sifted = sift(batch)
        enter(self.books, batch, sifted, bool(self.reading.replaced))
        if sifted.lines.size:
            self.filled.append(number)
        if sifted.bad:
            self.dirty.add(number)
            for place, code, reason in sifted.bad[: EXAMPLES - len(self.examples)]:
                content = cut(sifted.texts[place])
                self.examples.append({"line": batch.line + place, "content": content, "code": code, "reason": reason})
        return sifted.kinds

    def nothing_found(self) -> UnreadableFile:
        """Why there is no table in it."""
        if not self.examples:
            return UnreadableFile("the JSON file holds no records with fields")
        first = self.examples[0]
        return UnreadableFile(f"the file holds no records with fields; on line {first['line']} {first['reason']}")

    def oddities(self) -> dict[str, Any]:
        """What another reader has to know of an unusual file: what was repaired or left out."""
        repairs = [*self.reading.settings.get("repairs", [])]
        repairs += ["numbers"] * self.slow + ["lines"] * bool(self.dirty)
        repairs += ["surrogates"] * bool(self.halves)
        return {"repairs": repairs} if repairs else {}

    def warnings(self) -> Iterator[ReadWarning]:
        """About lines that became no rows."""
        count = self.books.ledger.set_aside
        if count:
            has = plural(count, "line holds no JSON object and was", "lines hold no JSON object and were")
            yield ReadWarning("SetAsideLines", f"{has} set aside", count, self.examples)
        if self.halves:
            has = plural(self.halves, "escape stands", "escapes stand")
            message = f"{has} for half a character (as \\ud800 does), which is no text; replaced by U+FFFD"
            examples = [] if self.first_half is None else [{"line" if self.is_lines else "record": self.first_half}]
            yield ReadWarning("LoneSurrogates", message, self.halves, examples)

    def _batches(self) -> Iterator[tuple[bytes, int, pl.DataFrame | None]]:
        """Sound records, at least one, with where they end in the file, of what was surveyed; read, if they were."""
        filled = set(self.filled)
        if self.beginning is not None:
            batch, known = self.beginning
            yield self._sound(0, batch), batch.end, known
            return
        surveyed = self.surveyed
        for number, read in enumerate(self.elements.blocks()):
            if number in filled:
                yield self._sound(number, read), read.end, None
            if number + 1 == surveyed:
                return

    def _sound(self, number: int, read: Batch) -> bytes:
        batch = replace(read, data=mend_surrogates(read.data)[0]) if self.halves else read
        return sift(batch).data if number in self.dirty else batch.data

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`longshore.tables.reading.typed.TextSource`.

        :raises MoreFound: in the first pass.
        """
        rows, kinds = 0, self.kinds
        expected, self.expected = self.expected, None
        for data, end, known in prefetch(self._records()):
            typed = None if expected is None else _typed(data, known, kinds, expected)
            for frame in self._texts(data, list(kinds)) if typed is None else [typed]:
                rows += frame.height
                self.reading.report("read", end, self.elements.size, rows)
                yield frame

    def _records(self) -> Iterator[tuple[bytes, int, pl.DataFrame | None]]:
        """As :meth:`_batches`, of the whole file: what has not been surveyed is so here."""
        yield from self._batches()
        self.beginning = None
        if self.is_surveyed:
            return
        for read in self.elements.blocks(self.place, self.line):
            batch = self._mended(read)
            before, number = (list(self.kinds), self.scopes), self.surveyed
            known = self._survey(batch)
            if before != (list(self.kinds), self.scopes):
                raise MoreFound
            if number in self.filled[-1:]:
                yield self._sound(number, batch), batch.end, known

    def expect(self, dtypes: Sequence[pl.DataType]) -> None:
        """See :class:`longshore.tables.reading.typed.TypedSource`."""
        self.expected = list(dtypes)

    def _texts(self, data: bytes, keys: Sequence[str]) -> Iterator[pl.DataFrame]:
        for piece in _pieces(data, CELLS_AT_A_TIME // max(1, len(keys))):
            yield self._frame(piece, keys)

    def _frame(self, data: bytes, keys: Sequence[str]) -> pl.DataFrame:
        try:
            frame = pl.read_ndjson(data, schema=dict.fromkeys(keys, pl.String()))
        except pl.exceptions.PolarsError:
            # NaN, numbers beyond floats: Python reads what Polars refuses. The survey has checked the syntax.
            frame = read_records(data, keys)
            self.slow = True
        return _numbered(frame)

    def sample(self) -> Sample:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        data, _, _ = next(self._batches())
        head = next(_pieces(data, min(_SAMPLE_ROWS, CELLS_AT_A_TIME // len(self.kinds))))
        frame = self._frame(head, list(self.kinds))
        complete = self.is_surveyed and len(self.filled) == 1 and len(head) == len(data)
        return Sample(frame, complete, frame.height)

    def may_mislead(self) -> bool:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        return False


def _typed(
    data: bytes, known: pl.DataFrame | None, kinds: Kinds, expected: Sequence[pl.DataType]
) -> pl.DataFrame | None:
    """Records in columns of the types that are expected; None where one of those is another."""
    frame = read_as(data, kinds) if known is None else known
    if frame is None:
        return None
    frame = frame.with_columns(pl.col(pl.Null).cast(pl.String))
    if any(dtype not in (pl.String(), wanted) for dtype, wanted in zip(frame.dtypes, expected, strict=True)):
        return None
    # Of an integer among decimals the digits may be more than such a number holds.
    floats = frame.select(pl.col(pl.Float64).abs().max())
    if any(most is not None and most >= BEYOND_DOUBLES for most in (floats.row(0) if floats.width else ())):
        return None
    return _numbered(frame)


def _pieces(data: bytes, lines: int) -> Iterator[bytes]:
    """Records, so many at a time as may stand in memory: of a batch most are missing where keys are many.

    :param lines: most of a piece, if at all possible.
    """
    lines = max(1, lines)
    if count_byte(data, _LINE_FEED) <= lines:
        yield data
        return
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED)[lines - 1 :: lines] + 1
    for start, end in pairwise([0, *ends.tolist(), len(data)]):
        if data[start:end].strip():
            yield data[start:end]


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename(dict(zip(frame.columns, (f"c{index}" for index in range(frame.width)), strict=True)))


@portable
def read_records(lines: bytes, keys: Sequence[str]) -> pl.DataFrame:
    """JSON objects, one a line, as columns of text; also with numbers that Polars refuses, such as NaN."""
    records = [json.loads(line) for line in lines.split(b"\n") if line.strip()]
    frame = pl.DataFrame({key: [as_text(record.get(key)) for record in records] for key in keys}, strict=False)
    return frame.cast(pl.String)


def as_text(value: Any) -> str | None:
    """A JSON value as text; NaN, which JSON does not know, is missing."""
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
