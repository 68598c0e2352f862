"""Files of any format, such as workbooks of twelve months, as one table: each is read by itself first.

A column has the type that all files agree on. Whole numbers and fractions agree where no digit is lost, days and
moments do; what agrees on nothing becomes text.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from longshore.errors import TooLarge, shorten
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table, write_columns
from longshore.tables.reading import names
from longshore.tables.reading.appending import FILE_COLUMN, MAX_WARNINGS, part_of
from longshore.tables.reading.archives import Member
from longshore.tables.reading.context import Reading
from longshore.tables.reading.differing import appended_warnings, require_same
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import require_cells, require_columns
from longshore.tables.reading.results import ReadWarning, SheetTop
from longshore.tables.reading.streams import copy

MAX_GATHERED = 1000
"""Each of them is open while the table is written."""
_EXACT = 2**53
"""Up to which a float tells all whole numbers apart."""
_MAX_DAYS = 36_000_000
"""From 1970 on, that can be told as a moment in microseconds."""
_MOMENT = pl.Datetime("us")


def read_gathered(
    reading: Reading,
    members: Sequence[Member],
    read_one: Callable[[Reading], tuple[Table, list[ReadWarning]]],
) -> tuple[Table, list[ReadWarning]]:
    """Read files as one table, below each other, with a first column of their names.

    :raises DifferentColumns: if their columns are not the same, unless they may differ.
    :raises UnreadableFile: if one of them cannot be read.
    :raises TooLarge: over the reading's limits, or for too many files.
    """
    if len(members) > MAX_GATHERED:
        raise TooLarge(f"more than {MAX_GATHERED:,} files can be put together only where all are delimited text")
    gathered = _Gathered(reading)
    folder = reading.scratch / "gathered"
    folder.mkdir()
    try:
        unpacked = 0
        for number, member in enumerate(members):
            target = folder / f"{number}"
            with member.open() as file:
                unpacked = copy(reading, file, target, unpacked)
            part = part_of(reading, target, member.name, folder / f"{number}-scratch")
            part.settings.clear()
            gathered.add(member.name, part, *read_one(part))
            target.unlink()
        columns, rows = write_columns(reading.scratch, gathered.frame(), gathered.columns)
    finally:
        shutil.rmtree(folder)
    reading.top = SheetTop([member.name for member in members])
    reading.books = gathered.books
    formats = gathered.formats
    reading.settings.update(format=formats.pop() if len(formats) == 1 else "several", files=reading.top.sheets)
    for warning in (*gathered.told(), *gathered.mixed):
        reading.warn(warning)
    return Table(reading.scratch, tuple(columns), rows), []


@dataclass
class _Gathered:
    """Tables that are to stand below each other.

    :param names: of all their columns, in the order in which they come.
    :param mixed: what became text because the files do not agree.
    """

    reading: Reading
    books: ImportAudit = field(default_factory=lambda: ImportAudit(Ledger("row")))
    names: list[str] = field(default_factory=list)
    tables: list[tuple[str, Table]] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)
    odd: list[ReadWarning] = field(default_factory=list)
    mixed: list[ReadWarning] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, that of the file first."""
        return names.make_unique([FILE_COLUMN, *self.names])

    def add(self, name: str, part: Reading, table: Table, warnings: Sequence[ReadWarning]) -> None:
        """Take the next table.

        :raises DifferentColumns: see :func:`read_gathered`.
        :raises TooLarge: if there are too many columns or cells.
        """
        if self.tables and self.reading.options.append != "all":
            first, before = self.tables[0]
            require_same([(first, before.names), (name, table.names)])
        known = set(self.names)
        self.names += [column for column in table.names if column not in known]
        self.tables.append((name, table))
        require_columns(len(self.names) + 1)
        self.formats.add(part.settings["format"])
        if len(self.tables) == 1:
            self.books.ledger.unit = part.books.ledger.unit
        self.books.extend(part.books, name)
        rows = self.books.ledger.rows
        require_cells(self.reading, rows, len(self.names) + 1)
        self.reading.report("read", rows, rows + 1, rows)
        odd = (*part.warnings, *warnings)
        self.odd += [replace(each, message=f"{shorten(name, 60)}: {each.message}") for each in odd]
        # What reading has spooled is needed no more.
        for entry in part.scratch.iterdir():
            if entry.name not in table.files:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()

    def told(self) -> Iterator[ReadWarning]:
        """What was done, and what was odd about the files."""
        files = [(name, table.names) for name, table in self.tables]
        return appended_warnings(files, FILE_COLUMN, self.odd, MAX_WARNINGS)

    def frame(self) -> pl.LazyFrame:
        """All rows."""
        common = [self._common(name) for name in self.names]
        return pl.concat([self._named(name, table, common) for name, table in self.tables])

    def _named(self, file: str, table: Table, common: Sequence[pl.DataType]) -> pl.LazyFrame:
        wanted = [
            _as(col(name), table.require_column(name).dtype, dtype) if table.has(name) else pl.lit(None, dtype)
            for name, dtype in zip(self.names, common, strict=True)
        ]
        # Under numbers: a column may itself be called as that of the file is.
        numbered = [each.alias(f"c{index}") for index, each in enumerate([pl.lit(file, pl.String), *wanted])]
        return table.scan().select(numbered)

    def _common(self, name: str) -> pl.DataType:
        """The type of a column that all tables can have."""
        found = [(table, table.require_column(name)) for _, table in self.tables if table.has(name)]
        said = [(table, column) for table, column in found if column.missing < table.rows] or found[:1]
        types = {column.dtype for _, column in said}
        if len(types) == 1:
            return types.pop()
        if all(map(dtypes.is_text, types)):
            return pl.String()
        if all(dtype.is_integer() for dtype in types):
            return pl.Int128() if types & {pl.UInt64(), pl.Int128()} else pl.Int64()
        if all(dtype.is_integer() or dtype.is_float() for dtype in types) and _are_exact(said):
            return pl.Float64()
        if types == {pl.Date(), _MOMENT} and _are_near(said):
            return _MOMENT
        kinds = " and ".join(sorted({dtypes.in_words(column.kind) for _, column in said}))
        message = f"the column {shorten(name)!r} is {kinds} in different files, and text in all of them together"
        self.mixed.append(ReadWarning("DifferentTypes", message, column=name))
        return pl.String()


def _as(expression: pl.Expr, dtype: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if dtype == wanted:
        return expression
    return dtypes.text_form(expression, dtype) if wanted == pl.String() else expression.cast(wanted)


def _are_exact(found: Sequence[tuple[Table, Column]]) -> bool:
    """Whether all whole numbers among some columns can be floats."""
    whole = [(table, column.name) for table, column in found if column.dtype.is_integer()]
    return all(
        max(abs(each) for each in table.scan([name]).select(low=pl.all().min(), high=pl.all().max()).collect().row(0))
        <= _EXACT
        for table, name in whole
    )


def _are_near(found: Sequence[tuple[Table, Column]]) -> bool:
    """Whether all days among some columns can be moments; of those far away the engine knows no year."""
    days = [(table, column.name) for table, column in found if column.dtype == pl.Date()]
    return all(
        table.scan([name]).select(pl.all().cast(pl.Int64).abs().max()).collect().item() < _MAX_DAYS
        for table, name in days
    )
