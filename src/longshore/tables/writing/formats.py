"""The registry of formats, and those that the engine writes itself."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import IO

import polars as pl

from longshore.errors import InvalidRequest, shorten
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table
from longshore.tables.viewing.reading import Rows
from longshore.tables.writing import xlsx
from longshore.tables.writing.channel import streamed
from longshore.tables.writing.source import rows_frame


@dataclass(frozen=True)
class Export:
    """What is to be written: a table, which of its rows (None for all), and how."""

    table: Table
    rows: Rows | None
    escape_formulas: bool


@dataclass(frozen=True)
class Format:
    """A kind of file.

    :param write: the file's bytes; raises :class:`~longshore.errors.TooLarge` before it returns, if ever.
    """

    name: str
    suffix: str
    media_type: str
    description: str
    write: Callable[[Export], Iterator[bytes]]


FORMATS: dict[str, Format] = {}


def declare(name: str, suffix: str, media_type: str, description: str) -> Callable[[Write], Write]:
    """Register a writer; refuses a name that is taken."""

    def register(write: Write) -> Write:
        if name in FORMATS:
            raise ValueError(f"two formats are called {name}")
        FORMATS[name] = Format(name, suffix, media_type, description, write)
        return write

    return register


Write = Callable[[Export], Iterator[bytes]]


def require_format(name: str) -> Format:
    """The format called ``name``.

    :raises InvalidRequest: if there is none.
    """
    found = FORMATS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(FORMATS)}"
        raise InvalidRequest(f"no format {shorten(name)!r}{hint}")
    return found


def stream(
    table: Table, format_name: str, *, rows: Rows | None = None, escape_formulas: bool = False
) -> Iterator[bytes]:
    """The table as a file, in chunks of about 1 MB made while they are asked for.

    Memory and disk stay flat (only ``xlsx`` is made in a temporary file first). Closing the generator
    stops the work and removes what it made.

    :param rows: row numbers in the order wanted, as :meth:`Views.rows_of` gives them; None for all.
    :param escape_formulas: CSV only: put ``'`` before texts that a spreadsheet would run as a formula.
    :raises InvalidRequest: for an unknown format.
    :raises TooLarge: if the format cannot hold the rows; raised here, not by the generator.
    """
    return require_format(format_name).write(Export(table, rows, escape_formulas))


@declare("csv", ".csv", "text/csv", "comma-separated text, UTF-8; missing values are empty, empty texts are quoted")
def write_csv(export: Export) -> Iterator[bytes]:
    """CSV (RFC 4180 with ``\\n`` as line end); floats with the digits that read back the same."""

    def produce(file: IO[bytes], stop: Event) -> None:
        file.write(_header(export))
        cells = [_csv_cell(column, export.escape_formulas) for column in export.table.columns]
        # An empty line would be skipped by most readers, and the row lost with it.
        missing = '""' if len(cells) == 1 else ""
        rows_frame(export.table, export.rows, stop).select(cells).sink_csv(
            file, include_header=False, null_value=missing
        )

    return streamed(produce)


def _header(export: Export) -> bytes:
    line = io.StringIO()
    names = [_escape(name) if export.escape_formulas else name for name in export.table.names]
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue().encode()


_FORMULA = r"^[=+\-@\t\r]"


def _escape(text: str) -> str:
    return f"'{text}" if re.match(_FORMULA, text) else text


def _csv_cell(column: Column, escape_formulas: bool) -> pl.Expr:
    if escape_formulas and dtypes.is_text(column.dtype):
        text = col(column.name).cast(pl.String)
        return pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).alias(column.name)
    return _plain(column)


def _plain(column: Column) -> pl.Expr:
    """Dates, durations and bytes as text; the engine writes everything else as it should be."""
    value = col(column.name)
    if column.dtype.is_temporal() or column.dtype == pl.Binary():
        return dtypes.text_form(value, column.dtype).alias(column.name)
    return value


@declare("ndjson", ".ndjson", "application/x-ndjson", "one JSON object a line")
def write_ndjson(export: Export) -> Iterator[bytes]:
    """A JSON object a line; numbers as they are, missing and non-finite numbers null, dates ISO 8601."""
    return streamed(partial(_sink_ndjson, export))


def _sink_ndjson(export: Export, file: IO[bytes], stop: Event) -> None:
    rows_frame(export.table, export.rows, stop).select(map(_plain, export.table.columns)).sink_ndjson(file)


@declare("json", ".json", "application/json", "a JSON array of records")
def write_json(export: Export) -> Iterator[bytes]:
    """One JSON array of objects: the lines of :func:`write_ndjson` with commas between them."""
    yield b"["
    last = b""
    for chunk in write_ndjson(export):
        # Line ends inside texts are escaped, so each one here ends a record.
        joined = last + chunk.replace(b"\n", b",\n")
        yield joined[:-2]
        last = joined[-2:]
    yield last.removesuffix(b",\n") + b"]"


@declare("parquet", ".parquet", "application/vnd.apache.parquet", "Apache Parquet; keeps every column's type")
def write_parquet(export: Export) -> Iterator[bytes]:
    """Parquet, zstd, with the users' column names and the dtypes as they are."""
    return streamed(lambda file, stop: rows_frame(export.table, export.rows, stop).sink_parquet(file))


@declare(
    "arrow", ".arrow", "application/vnd.apache.arrow.file", "Apache Arrow IPC (Feather); keeps every column's type"
)
def write_arrow(export: Export) -> Iterator[bytes]:
    """An Arrow IPC file, uncompressed, that every Arrow version reads."""

    def produce(file: IO[bytes], stop: Event) -> None:
        rows_frame(export.table, export.rows, stop).sink_ipc(file, compat_level=pl.CompatLevel.oldest())

    return streamed(produce)


@declare(
    "xlsx",
    ".xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "Excel workbook; up to 1,048,575 rows and 16,384 columns",
)
def write_xlsx(export: Export) -> Iterator[bytes]:
    """An Excel workbook, see :mod:`.xlsx`."""
    xlsx.check_limits(export.table, export.rows)
    return xlsx.write(export.table, export.rows)


_KNOWN_SUFFIX = re.compile(
    r"\.(csv|tsv|tab|txt|json|jsonl|ndjson|xlsx?|xlsm|ods|parquet|arrow|feather|ipc|gz|zip)$", re.IGNORECASE
)
_MAX_NAME = 120


def suggest_name(original_name: str, format_name: str) -> str:
    """A name for the download: the uploaded file's base name with the format's suffix.

    Folders, control and formatting characters are dropped, letters of all scripts stay.

    >>> suggest_name("C:\\\\data\\\\日本.csv.gz", "json")
    '日本.json'

    :raises InvalidRequest: for an unknown format.
    """
    return (base_name(original_name) or "table") + require_format(format_name).suffix


def base_name(original_name: str) -> str:
    """A file's name without folders, endings that are known, and characters that no name should have; may be "".

    >>> base_name("/data/movies.csv.gz")
    'movies'
    """
    base = re.split(r"[/\\]", original_name)[-1]
    base = "".join(character for character in base if unicodedata.category(character) not in _UNSAFE)
    base = base.replace('"', "'").strip()
    while (shorter := _KNOWN_SUFFIX.sub("", base)) != base:
        base = shorter
    return base[:_MAX_NAME].strip(". ")


_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
