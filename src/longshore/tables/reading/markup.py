"""XML: the element that is repeated becomes the rows, its attributes and what is in it the columns.

A first pass counts the elements by their path, a second writes the records as text. Neither keeps the document. Of an
element within the record its path is the column's name (``author.name``); what is repeated within a record is a list in
JSON in one column.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from xml.parsers import expat

import polars as pl

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.choosing import choose, listed
from longshore.tables.reading.context import Reading
from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.limits import (
    CELLS_AT_A_TIME,
    DENSE_CELLS_PER_BYTE,
    FREE_DENSE_CELLS,
    MAX_COLUMNS,
    require_cells,
    require_columns,
)
from longshore.tables.reading.pages import Grid, said_encoding, write_grid
from longshore.tables.reading.records import NotUtf8
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.scopes import ANYTHING
from longshore.tables.reading.typed import SpooledTexts, sink_frames, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

MAX_PATHS = 50_000
"""Different elements and attributes, each by its path."""
MAX_DEPTH = 200
MAX_RECORD = 64 << 20
"""Characters of a record."""
_CHUNK_BYTES, _LEAST_BYTES = 1 << 20, 1 << 10
_DIGITS = 9
_NO_DAYS = ("1899-12-30", "1899-12-31", "1904-01-01")
"""What stands before a time of day."""
_WORKBOOK = b"urn:schemas-microsoft-com:office:spreadsheet"
_FOREIGN = ("xmlns", "xsi:")
"""How attributes begin that say something of XML itself."""


def read_xml(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read the repeated element of an XML document, or a sheet of a workbook in Excel's XML of 2003.

    :raises UnreadableFile: if it is malformed, defines entities of its own, or has no element that could be a row.
    :raises InvalidRequest: if the options ask for an element that is not there.
    :raises TooLarge: beyond the limits of columns, cells and a record's length.
    """
    if reading.options.encoding is None and (encoding := said_encoding(reading.path)) is not None:
        reading.options = reading.options.model_copy(update={"encoding": encoding})
    with reading.path.open("rb") as file:
        is_workbook = _WORKBOOK in file.read(4096)
    return read_as_utf8(reading, lambda path: (_read_workbook if is_workbook else _read_records)(reading, path))


class _Handler(Protocol):
    def start(self, tag: str, attributes: dict[str, str], /) -> None: ...

    def end(self, tag: str, /) -> None: ...

    def text(self, data: str, /) -> None: ...


def _parse(reading: Reading, path: Path, phase: str, handler: _Handler, size: int = _CHUNK_BYTES) -> Iterator[None]:
    """Go through a document; a step ends with each piece of ``size`` bytes."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.EntityDeclHandler = _refuse_entity
    parser.SkippedEntityHandler = _refuse_unknown_entity
    done, total = 0, path.stat().st_size
    with path.open("rb") as file:
        while True:
            chunk = file.read(size)
            try:
                parser.Parse(chunk, not chunk)
            except expat.ExpatError as error:
                _require_text(path)
                message = f"the XML is malformed on line {error.lineno:,}: {expat.ErrorString(error.code)}"
                raise UnreadableFile(message) from error
            done += len(chunk)
            reading.report(phase, done, total, 0)
            yield
            if not chunk:
                return


def _require_text(path: Path) -> None:
    """:raises NotUtf8: if that may be why the document cannot be parsed."""
    at = 0
    with path.open("rb") as file:
        rest = b""
        while chunk := file.read(_CHUNK_BYTES):
            data = rest + chunk
            try:
                data.decode()
                rest = b""
            except UnicodeDecodeError as error:
                if len(data) - error.start > 3:
                    raise NotUtf8(at + error.start) from None
                rest = data[error.start :]
            at += len(data) - len(rest)


def _refuse_entity(*_: Any) -> None:
    raise UnreadableFile("the XML defines entities of its own, which are not expanded; write out what they stand for")


def _refuse_unknown_entity(name: str, _: bool) -> None:
    raise UnreadableFile(f"the XML has the entity &{name}; that it does not define; write out what it stands for")


# -- the records ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Kind:
    """All elements of one path.

    :param count: how many there are.
    :param repeats: whether a parent has several of them.
    :param attributes: in the order of their first appearance.
    """

    tag: str
    parent: _Kind | None
    number: int = 0
    count: int = 0
    repeats: bool = False
    has_text: bool = False
    attributes: dict[str, None] = field(default_factory=dict)
    children: dict[str, _Kind] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """From below the root."""
        kind, tags = self, [self.tag]
        while kind.parent is not None and kind.parent.parent is not None:
            kind = kind.parent
            tags.append(kind.tag)
        return "/".join(reversed(tags))

    def key_of(self, attribute: str) -> str:
        """An attribute's name, marked where an element within is called the same."""
        return f"@{attribute}" if attribute in self.children else attribute


class _Survey:
    """The first pass: all paths, how often they occur, and what repeats."""

    def __init__(self) -> None:
        self.root: _Kind | None = None
        self.kinds: list[_Kind] = []
        self.paths = 0
        self.stack: list[tuple[_Kind, set[str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self.stack) > MAX_DEPTH:
            raise UnreadableFile(f"the XML has more than {MAX_DEPTH} elements within each other, which is no table")
        if self.stack:
            parent, seen = self.stack[-1]
            kind = parent.children.get(tag)
            if kind is None:
                kind = parent.children[tag] = self._new(tag, parent)
            if tag in seen:
                kind.repeats = True
            seen.add(tag)
        else:
            kind = self.root = self._new(tag, None)
        kind.count += 1
        for name in attributes:
            if name not in kind.attributes and not name.startswith(_FOREIGN):
                kind.attributes[name] = None
                self._count()
        self.stack.append((kind, set()))

    def _new(self, tag: str, parent: _Kind | None) -> _Kind:
        self._count()
        self.kinds.append(_Kind(tag, parent, len(self.kinds)))
        return self.kinds[-1]

    def _count(self) -> None:
        self.paths += 1
        if self.paths > MAX_PATHS:
            raise TooLarge(f"the XML has more than {MAX_PATHS:,} different elements and attributes, which is the limit")

    def end(self, _: str) -> None:
        """An element ends."""
        self.stack.pop()

    def text(self, data: str) -> None:
        """Characters."""
        if not self.stack[-1][0].has_text and not data.isspace():
            self.stack[-1][0].has_text = True


def _tables(root: _Kind) -> list[_Kind]:
    """What may be rows: the elements that repeat, outer ones first; if nothing does, the document as a single one."""
    found, inner = [], []
    waiting = [(root, False)]
    while waiting:
        kind, is_within = waiting.pop()
        if kind.repeats:
            if not is_within:
                found.append(kind)
            elif kind.children or kind.attributes:
                inner.append(kind)
        waiting += [(child, is_within or kind.repeats) for child in reversed(kind.children.values())]
    return [*found, *inner] or [root]


def _columns(record: _Kind) -> dict[tuple[int, str], str]:
    """The columns of a record, by the number of an element's path and what of it is meant, with their names.

    What is meant is the name of an attribute, or nothing for the text; of what repeats within, the whole.
    """
    columns: dict[tuple[int, str], str] = {}
    waiting = [(record, "")]
    while waiting:
        kind, name = waiting.pop()
        if kind is not record and kind.repeats:
            columns[kind.number, ""] = name
            continue
        for attribute in kind.attributes:
            key = kind.key_of(attribute)
            columns[kind.number, attribute] = f"{name}.{key}" if name else key
        if kind.has_text or not (kind.attributes or kind.children):
            columns[kind.number, ""] = name or kind.tag
        children = [(child, f"{name}.{tag}" if name else tag) for tag, child in kind.children.items()]
        waiting += reversed(children)
    require_columns(len(columns))
    return columns


class _Writer:
    """The second pass: the records of one path, as rows of text."""

    def __init__(self, root: _Kind, record: _Kind, columns: dict[tuple[int, str], str]) -> None:
        self.root = root
        self.record = record
        self.places = {key: place for place, key in enumerate(columns)}
        self.kind: _Kind | None = None
        self.row: list[str | None] | None = None
        self.lists: dict[int, list[Any]] = {}
        self.texts: list[list[str]] = []
        self.values: list[dict[str, Any]] = []
        self.rows: list[list[str | None]] = []
        self.length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.kind = kind = self.root if self.kind is None else self.kind.children[tag]
        if self.row is None:
            if kind is not self.record:
                return
            self.row, self.length = [None] * len(self.places), 0
        self.texts.append([])
        self.length += sum(map(len, attributes.values()))
        told = {name: value for name, value in attributes.items() if not name.startswith(_FOREIGN)}
        if self.values or (kind.repeats and kind is not self.record):
            self.values.append({kind.key_of(name): value for name, value in told.items()})
            return
        for name, value in told.items():
            self.row[self.places[kind.number, name]] = value or None

    def text(self, data: str) -> None:
        """Characters."""
        if self.texts:
            self.texts[-1].append(data)
            self.length += len(data)
            if self.length > MAX_RECORD:
                raise TooLarge(f"an element of the XML is longer than {MAX_RECORD:,} characters")

    def end(self, tag: str) -> None:
        """An element ends."""
        kind = self.kind or self.root
        self.kind = kind.parent
        if self.row is None:
            return
        text = "".join(self.texts.pop()).strip() or None
        if self.values:
            self._end_value(kind, tag, text)
        elif text is not None:
            self.row[self.places[kind.number, ""]] = text
        if kind is self.record:
            for number, values in self.lists.items():
                self.row[self.places[number, ""]] = json.dumps(values, ensure_ascii=False)
            self.rows.append(self.row)
            self.row, self.lists = None, {}

    def _end_value(self, kind: _Kind, tag: str, text: str | None) -> None:
        """An element ends that repeats within the record, or is in one that does."""
        inside = self.values.pop()
        if inside and text is not None:
            inside[""] = text
        value = inside or text
        if not self.values:
            self.lists.setdefault(kind.number, []).append(value)
        elif kind.repeats:
            self.values[-1].setdefault(tag, []).append(value)
        else:
            self.values[-1][tag] = value

    def taken(self, schema: pl.Schema) -> pl.DataFrame:
        """The rows since the last time."""
        rows, self.rows = self.rows, []
        return pl.DataFrame(rows, schema=schema, orient="row")


def _read_records(reading: Reading, path: Path) -> tuple[Table, list[ReadWarning]]:
    survey = _Survey()
    deque(_parse(reading, path, "survey", survey), maxlen=0)
    root = survey.root
    if root is None:
        raise UnreadableFile("the XML has no element")
    tables = _tables(root)
    sizes = [0 if _is_of(kind.parent, tables) else kind.count * len(_columns(kind)) for kind in tables]
    record = tables[choose(reading, names.make_unique([kind.path for kind in tables]), sizes, "the XML")]
    columns = _columns(record)
    outside = [kind.path for kind in survey.kinds if _tells(kind) and not _is_of(kind, tables)]
    if outside:
        has = plural(len(outside), "element stands", "elements stand")
        message = f"{has} outside of the rows; not read: {listed(outside)}"
        reading.warn(ReadWarning("OutsideRows", message, len(outside)))
    require_cells(reading, record.count, len(columns))
    schema = pl.Schema((f"c{index}", pl.String()) for index in range(len(columns)))

    def frames() -> Iterator[pl.DataFrame]:
        writer = _Writer(root, record, columns)
        # A record takes four bytes at least: as many as may stand in memory.
        size = max(_LEAST_BYTES, min(_CHUNK_BYTES, 4 * CELLS_AT_A_TIME // len(columns)))
        for _ in _parse(reading, path, "read", writer, size):
            if writer.rows:
                yield writer.taken(schema)

    spooled = reading.scratch / "records.parquet"
    sink_frames(frames, schema, spooled)
    unique = names.make_unique(list(columns.values()))
    scopes, preferred = [ANYTHING] * len(unique), reading.options.preferred
    source = SpooledTexts(spooled, len(unique))
    table, warnings = write_typed(source, reading.scratch, unique, scopes, preferred, reading.settings)
    reading.books = ImportAudit.of_rows(table.rows, "record")
    return table, warnings


def _tells(kind: _Kind) -> bool:
    """Whether an element has a value of its own."""
    return kind.has_text or bool(kind.attributes)


def _is_of(kind: _Kind | None, others: Collection[_Kind]) -> bool:
    """Whether an element is one of the others, or stands within one."""
    while kind is not None and kind not in others:
        kind = kind.parent
    return kind is not None


# -- workbooks in Excel's XML of 2003 ------------------------------------------------------------------------------


class _Sheets:
    """The sheets of a workbook: how many cells each has, and the cells of one of them."""

    def __init__(self, wanted: int | None = None, allowed: int = 0) -> None:
        self.wanted = wanted
        self.grid = Grid(allowed)
        self.names: list[str] = []
        self.counts: list[int] = []
        self.errors = 0
        self._row: list[str] = []
        self._kind = ""
        self._text: list[str] | None = None
        self._in_comment = False
        self._across = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition(":")[2]
        told = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if name == "Worksheet":
            self.names.append(told.get("Name", ""))
            self.counts.append(0)
        if name == "Comment":
            self._in_comment = True
        if name == "Cell" and self.names:
            self.counts[-1] += 1
        if self.wanted is None or self.wanted != len(self.names) - 1:
            return
        if name == "Row":
            self._row = []
            for _ in range(len(self.grid.rows), _index(told, len(self.grid.rows) + 1, self.grid.allowed)):
                self.grid.append([], False)
        elif name == "Cell":
            place = _index(told, len(self._row) + 1, MAX_COLUMNS)
            self._row += [""] * (place + 1 - len(self._row))
            across = told.get("MergeAcross", "")
            self._across = min(int(across), MAX_COLUMNS) if across.isdecimal() and len(across) < _DIGITS else 0
        elif name == "Data" and not self._in_comment:
            self._kind, self._text = told.get("Type", "String"), []

    def text(self, data: str) -> None:
        """Characters."""
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        """An element ends."""
        name = tag.rpartition(":")[2]
        if name == "Comment":
            self._in_comment = False
        elif name == "Data" and self._text is not None:
            if self._row:
                self.errors += self._kind == "Error"
                self._row[-1] = _cell_text(self._kind, "".join(self._text))
            self._text = None
        elif name == "Cell" and self._row:
            self._row += [""] * self._across
            require_columns(len(self._row))
        elif name == "Row" and self.wanted == len(self.names) - 1:
            while self._row and not self._row[-1]:
                self._row.pop()
            self.grid.append(self._row, False)
            self._row = []


def _index(told: dict[str, str], following: int, most: int) -> int:
    """The place, from 0, of a row or a cell, which may say that some before it are empty.

    :raises TooLarge: if they are too many.
    """
    said = told.get("Index", "")
    if not said.isdecimal():
        return following - 1
    if len(said) > _DIGITS or int(said) > most:
        raise TooLarge(f"the workbook has a cell or a row beyond number {most:,}, which is the limit")
    return max(int(said), following) - 1


def _cell_text(kind: str, text: str) -> str:
    """A cell as text, in the form that the other formats of workbooks have."""
    if kind == "Error":
        return ""
    if kind == "Boolean":
        return {"1": "true", "0": "false"}.get(text.strip(), text)
    if kind != "DateTime":
        return text
    day, _, clock = text.partition("T")
    clock = clock.removesuffix(".000")
    if day in _NO_DAYS:
        return clock
    return day if clock == "00:00:00" else f"{day} {clock}"


def _read_workbook(reading: Reading, path: Path) -> tuple[Table, list[ReadWarning]]:
    """Read a sheet of a workbook in XML, the first that has cells unless the options name another."""
    survey = _Sheets()
    deque(_parse(reading, path, "survey", survey), maxlen=0)
    if not any(survey.counts):
        raise UnreadableFile("the workbook is empty")
    first = next(index for index, count in enumerate(survey.counts) if count)
    labels = names.make_unique(survey.names)
    if reading.options.sheet is None:
        reading.options = reading.options.model_copy(update={"sheet": labels[first]})
    chosen = choose(reading, labels, survey.counts, "the workbook")
    size = path.stat().st_size
    sheet = _Sheets(chosen, max(FREE_DENSE_CELLS, DENSE_CELLS_PER_BYTE * size))
    deque(_parse(reading, path, "read", sheet), maxlen=0)
    if sheet.errors:
        has = plural(sheet.errors, "cell holds an error and is", "cells hold errors and are")
        reading.warn(ReadWarning("ErrorCells", f"{has} missing", sheet.errors))
    grid = sheet.grid
    grid.rows = [[*row, *[""] * (grid.width - len(row))] for row in grid.rows]
    return write_grid(reading, grid, "the sheet")
