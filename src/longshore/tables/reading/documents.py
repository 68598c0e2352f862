"""JSON in the shapes in which tables are found, and NDJSON; big files stream.

Every shape becomes blocks of lines with one object each. A first pass surveys keys and kinds over the whole file,
a second reads all values as text, typed like any other column but only as far as JSON's own types allow: strings
that look like numbers stay text, strings that are dates become dates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading import names
from longshore.tables.reading.context import Reading
from longshore.tables.reading.elements import Elements, Lines, Objects
from longshore.tables.reading.plans import CALENDAR, NUMBERS, Booleans, Numbers, Plan
from longshore.tables.reading.prefetch import prefetch
from longshore.tables.reading.records import NotUtf8
from longshore.tables.reading.reshaping import reshape
from longshore.tables.reading.results import ReadWarning
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.reading.utf8 import read_as_utf8
from longshore.tables.scripting.portable import portable
from longshore.tables.table import Table

_WHOLE_BYTES = 256 << 20
"""JSON documents that are no array of records must stand in memory; larger ones are refused."""
_SAMPLE_ROWS = 10_000
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
    shape = find_shape(path)
    header = None
    if shape not in ("lines", "array"):
        target = reading.scratch / "reshaped"
        header = reshape(_load(path), target)
        path, shape_read = target, "lines"
    else:
        shape_read = shape
    elements: Elements = (Lines if shape_read == "lines" else Objects)(path, reading.block_bytes)
    source = JsonSource(reading, elements)
    source.survey()
    if not source.kinds:
        raise UnreadableFile("the JSON file holds no records with fields")
    keys = list(source.kinds)
    labels = keys if header is None else [header[int(key)] for key in keys]
    reading.settings["shape"] = shape
    columns = names.make_unique(labels)
    if columns != keys:
        reading.settings["keys"] = keys
    order = reading.options.date_order
    written = write_typed(source, reading.scratch, columns, source.scopes, order, reading.settings)
    if source.slow:
        reading.settings["repairs"] = ["numbers"]
    return written


def find_shape(path: Path) -> str:
    """``lines``, ``array`` (of objects) or ``document`` (anything else).

    :raises UnreadableFile: if the text cannot be JSON.
    """
    with path.open("rb") as file:
        head = file.read(1 << 20).removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"["):
            return "array" if head[1:].lstrip().startswith(b"{") else "document"
        line, _, rest = head.partition(b"\n")
        if not rest.strip() and not file.read(1):
            return "document"
    try:
        record = json.loads(line)
    except ValueError:
        # One document over several lines, or several objects of several lines each.
        return "document"
    except RecursionError:
        raise UnreadableFile("the JSON is nested too deeply") from None
    return "lines" if isinstance(record, dict) else "document"


def _load(path: Path) -> Any:
    if path.stat().st_size > _WHOLE_BYTES:
        raise TooLarge(
            f"a JSON document of this shape can have at most {_WHOLE_BYTES:,} bytes; an array of records"
            " [{...}, {...}] or NDJSON can be larger"
        )
    try:
        return json.loads(path.read_bytes())
    except UnicodeDecodeError as error:
        raise NotUtf8(error.start) from None
    except ValueError as error:
        raise UnreadableFile(f"the file is not valid JSON: {error}") from error
    except RecursionError:
        raise UnreadableFile("the JSON is nested too deeply") from None


@dataclass
class JsonSource:
    """Objects as batches of text, see :class:`longshore.tables.reading.typed.TextSource`."""

    reading: Reading
    elements: Elements

    def __post_init__(self) -> None:
        self.kinds: dict[str, set[str]] = {}
        self.blocks = 0
        self.slow = False

    @property
    def scopes(self) -> list[tuple[Plan, ...]]:
        """Per column, the plans that JSON's own types allow."""
        return [_SCOPES.get(frozenset(kinds), ()) for kinds in self.kinds.values()]

    def survey(self) -> None:
        """Find all keys, in the order of their first appearance, and the kinds of their values."""
        for block in prefetch(self.elements.blocks()):
            self.blocks += 1
            for key, kinds in survey_block(block.data, block.line).items():
                self.kinds.setdefault(key, set()).update(kinds)
            self.reading.report("survey", block.end, self.elements.size, 0)

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        rows = 0
        for block in prefetch(self.elements.blocks()):
            frame = self._frame(block.data)
            rows += frame.height
            self.reading.report("read", block.end, self.elements.size, rows)
            yield frame

    def _frame(self, data: bytes) -> pl.DataFrame:
        keys = list(self.kinds)
        try:
            frame = pl.read_ndjson(data, schema=dict.fromkeys(keys, pl.String()))
        except pl.exceptions.PolarsError:
            # NaN, numbers beyond floats: Python reads what Polars refuses. The survey has checked the syntax.
            frame = read_records(data, keys)
            self.slow = True
        frame.columns = [f"c{index}" for index in range(len(keys))]
        return frame

    def sample(self) -> Sample:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        frame = self._frame(next(self.elements.blocks()).data)
        complete = self.blocks == 1 and frame.height <= _SAMPLE_ROWS
        head = frame.head(_SAMPLE_ROWS)
        return Sample(head, complete, head.height)

    def may_mislead(self) -> bool:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        return False


def survey_block(data: bytes, line: int) -> dict[str, set[str]]:
    """Keys and kinds of the objects in ``data``, one a line.

    :raises UnreadableFile: naming the line, if one is no JSON object.
    """
    try:
        schema = pl.read_ndjson(data, infer_schema_length=None).schema
    except pl.exceptions.PolarsError:
        return _survey_slowly(data, line)
    return {key: _kind_of(dtype) for key, dtype in schema.items()}


def _kind_of(dtype: pl.DataType) -> set[str]:
    if dtype == pl.Null():
        return set()
    if dtype.is_integer():
        return {"int"}
    if dtype.is_float():
        return {"float"}
    if dtype == pl.Boolean():
        return {"bool"}
    return {"nested"} if dtype.is_nested() else {"text"}


def _survey_slowly(data: bytes, line: int) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for number, text in enumerate(data.split(b"\n"), line):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(f"record {number} is not valid JSON: {error}") from error
        if not isinstance(record, dict):
            raise UnreadableFile(f"record {number} is not a JSON object; every line or element must be one")
        for key, value in record.items():
            kind = _PYTHON_KINDS.get(type(value))
            kinds.setdefault(key, set()).update(() if kind is None else (kind,))
    return kinds


_PYTHON_KINDS = {int: "int", float: "float", bool: "bool", str: "text", list: "nested", dict: "nested"}


@portable
def read_records(lines: bytes, keys: Sequence[str]) -> pl.DataFrame:
    """JSON objects, one a line, as columns of text; also with numbers that Polars refuses, such as NaN."""
    records = [json.loads(line) for line in lines.splitlines() if line.strip()]
    frame = pl.DataFrame({key: [as_text(record.get(key)) for record in records] for key in keys}, strict=False)
    return frame.cast(pl.String)


def as_text(value: Any) -> str | None:
    """A JSON value as text; NaN, which JSON does not know, is missing."""
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
