"""Workbooks: .xlsx, .xls and .ods through calamine.

The sheet is loaded twice, as text and with the types that calamine sees. Where the types lose nothing they are
kept; calamine silently takes words such as "N/A" for missing, so a column where it lost some is decided as text.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import fastexcel
import numpy as np
import polars as pl

from longshore.errors import InvalidRequest, UnreadableFile, shorten
from longshore.tables.reading import names
from longshore.tables.reading.context import Reading
from longshore.tables.reading.ledger import Books, Ledger
from longshore.tables.reading.packing import require_bounded
from longshore.tables.reading.plans import ANYTHING, CALENDAR, NUMBERS, Numbers, Plan
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.scripting.portable import portable
from longshore.tables.table import Table

# calamine logs a line for every empty column.
logging.getLogger("fastexcel").setLevel(logging.ERROR)

_FIRST_DAY = date(1900, 1, 1)
"""Excel counts days from here; a time alone stands on a day before."""


def read_sheet(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read one sheet, the first unless the options name another.

    Cells have types of their own; a column of one sort keeps it, a mixed one is read as text and decided as a CSV's.

    :raises UnreadableFile: if the workbook is damaged or the sheet empty.
    :raises InvalidRequest: if there is no such sheet.
    """
    if reading.settings["format"] in ("xlsx", "ods"):
        require_bounded(reading)
    total = reading.path.stat().st_size
    reading.report("read", 0, total, 0)
    texts, typed, sheet, above = _load(reading)
    reading.settings.update(sheet=sheet, header=reading.options.header_included, skip=reading.options.initial_skip)
    columns = names.make_unique(texts.row(0)) if reading.options.header_included else names.number(texts.width)
    body = texts.slice(1) if reading.options.header_included else texts
    reading.books = _open_books(reading, above, texts.height - body.height)
    source = _SheetSource(*_without_blank(reading, body, typed))
    order = reading.options.date_order
    table, warnings = write_typed(source, reading.scratch, columns, source.scopes, order, reading.settings)
    if source.from_types:
        reading.settings["cells"] = [columns[index] for index in source.from_types]
    reading.report("read", total, total, table.rows)
    return table, warnings


@dataclass
class _SheetSource:
    """A sheet in memory as one batch of text, see :class:`longshore.tables.reading.typed.TextSource`.

    :param texts: every cell as text.
    :param typed: the same cells as calamine types them.
    """

    texts: pl.DataFrame
    typed: pl.DataFrame | None

    def __post_init__(self) -> None:
        self.from_types: list[int] = []
        settled = [self._settle(index) for index in range(self.texts.width)]
        self.batch = pl.DataFrame([series.alias(f"c{i}") for i, (series, _) in enumerate(settled)])
        self.scopes = [scope for _, scope in settled]

    def _settle(self, index: int) -> tuple[pl.Series, tuple[Plan, ...]]:
        """The column's text, and the plans that may read it."""
        text = self.texts.to_series(index)
        if self.typed is None:
            return text, ANYTHING
        typed = self.typed.to_series(index)
        if typed.null_count() != text.null_count():
            return text, ANYTHING
        if typed.dtype == pl.Float64:
            return text, (*NUMBERS[:2], Numbers())
        if isinstance(typed.dtype, pl.Datetime):
            self.from_types.append(index)
            return dates_as_written(typed), CALENDAR
        return text, ANYTHING

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        yield self.batch

    def sample(self) -> Sample:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        return Sample(self.batch, True, self.batch.height)

    def may_mislead(self) -> bool:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        return False


@portable
def dates_as_written(moments: pl.Series) -> pl.Series:
    """Text of a column of dates: days alone where every time is midnight, times alone where no day is meant."""
    clock = moments.dt.time()
    if (moments.dt.date() < _FIRST_DAY).all() and moments.len() > moments.null_count():
        return clock.dt.to_string("%H:%M:%S%.f")
    if (clock == time(0)).all():
        return moments.dt.to_string("%Y-%m-%d")
    return moments.dt.to_string("%Y-%m-%d %H:%M:%S%.f")


def _open_books(reading: Reading, blank: int, header: int) -> Books:
    """The books from the top of the sheet to the header."""
    skipped = reading.options.initial_skip
    return Books(Ledger("row", skipped + blank + header, skipped, header, blank))


def _without_blank(
    reading: Reading, texts: pl.DataFrame, typed: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows in which anything stands; those without are counted in a warning."""
    is_row = filled_rows(texts).to_numpy() if texts.width > 1 else np.ones(texts.height, np.bool_)
    count = texts.height - int(np.count_nonzero(is_row))
    ledger = reading.books.ledger
    reading.books.lines.add(0, np.flatnonzero(is_row) + ledger.lines + 1)
    ledger.lines += texts.height
    ledger.blank += count
    ledger.rows = texts.height - count
    if not count:
        return texts, typed
    message = f"{plural(count, 'blank row was', 'blank rows were')} skipped"
    reading.warn(ReadWarning("BlankLines", message, count))
    kept = pl.Series(is_row)
    return texts.filter(kept), None if typed is None else typed.filter(kept)


@portable
def filled_rows(texts: pl.DataFrame) -> pl.Series:
    """In which rows anything stands."""
    return texts.select(pl.any_horizontal(pl.all().is_not_null())).to_series()


def _load(reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame | None, str, int]:
    """The sheet's cells as text (from the header on), the cells below the header with types, its name, and
    how many blank rows stand above.

    :raises UnreadableFile: if the workbook is damaged or the sheet is empty.
    :raises InvalidRequest: if there is no such sheet.
    """
    try:
        workbook = fastexcel.read_excel(reading.path)
        sheet = _require_sheet(workbook, reading.options.sheet)
        skip = reading.options.initial_skip
        # Without 0 calamine would leave out blank rows at the top, and rows would lose their numbers.
        texts = sheet_cells(workbook, sheet, skip_rows=skip, dtypes="string")
        filled = filled_rows(texts).arg_max() if texts.width else None
        if filled is None or texts.is_empty():
            raise UnreadableFile(f"the sheet {shorten(sheet)!r} is empty; the workbook has {_listed(workbook)}")
        texts = texts.slice(filled)
        below = 1 if reading.options.header_included else 0
        typed = None
        if texts.height > below:
            typed = sheet_cells(workbook, sheet, skip_rows=skip + filled + below, schema_sample_rows=None)
        if filled:
            reading.settings["emptyRows"] = filled
    except fastexcel.FastExcelError as error:
        raise UnreadableFile("the workbook is damaged, encrypted, or of a version that is not supported") from error
    except pl.exceptions.PanicException as error:
        raise UnreadableFile("the workbook is damaged") from error
    if typed is not None and typed.shape != (texts.height - below, texts.width):
        typed = None
    return texts, typed, sheet, filled


@portable
def sheet_cells(workbook: Any, sheet: str, **settings: Any) -> pl.DataFrame:
    """A sheet's cells from its top on, with the settings of fastexcel's ``load_sheet``."""
    loaded = workbook.load_sheet(sheet, header_row=None, skip_whitespace_tail_rows=True, **settings)
    frame: pl.DataFrame = loaded.to_polars()
    return frame


def filled_counts(workbook: Any, sheet: str, rows: int) -> list[int]:
    """How many cells are filled in each of a sheet's first rows."""
    texts = sheet_cells(workbook, sheet, skip_rows=0, n_rows=rows, dtypes="string")
    return [sum(value is not None for value in row) for row in texts.iter_rows()]


def _require_sheet(workbook: Any, wanted: str | int | None) -> str:
    sheets: list[str] = workbook.sheet_names
    if not sheets:
        raise UnreadableFile("the workbook has no sheets")
    if wanted is None:
        return sheets[0]
    if isinstance(wanted, str) and wanted in sheets:
        return wanted
    # A form sends numbers as text.
    index = int(wanted) if isinstance(wanted, int) or wanted.isdecimal() else -1
    if 0 <= index < len(sheets):
        return sheets[index]
    raise InvalidRequest(f"there is no sheet {shorten(str(wanted))!r}; the workbook has {_listed(workbook)}")


def _listed(workbook: Any) -> str:
    sheets = workbook.sheet_names
    names_ = ", ".join(repr(shorten(sheet, 40)) for sheet in sheets[:10])
    return f"the sheets {names_}" + (", ..." if len(sheets) > 10 else "")
