"""The order of columns and of rows, and rows that say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col, cols
from longshore.tables.core.dtypes import is_text, sortable
from longshore.tables.core.forms import shown
from longshore.tables.core.table import ROW_NUMBER, Column, Table
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    OneColumn,
    Operation,
    Parameters,
    Report,
    Scan,
    counted,
    operation,
)
from longshore.tables.operations.facts import NoFacts
from longshore.tables.operations.ranking import row_at


class MoveColumnParameters(OneColumn):
    """Which column, and where it shall stand."""

    to_index: StrictInt = Field(
        description="position of the column afterwards, from 0; the others make room",
        json_schema_extra=shown("New position", control="place", start=0),
    )


@operation
class MoveColumn(Operation[NoFacts]):
    """Put a column in another place; no data is written."""

    name = "moveColumn"
    about = About(
        "Move column", "Columns", 6, ("{column} is column {place} of {width}",), "order position", Fits(columns="one")
    )
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"column": "Rating", "toIndex": 1}
    parameters: MoveColumnParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The same columns in another order."""
        column = self.parameters.find(table)
        table.require_column(self.parameters.to_index)
        others = [kept for kept in table.columns if kept is not column]
        return Change([*others[: self.parameters.to_index], column, *others[self.parameters.to_index :]])

    def code(self, table: Table, facts: NoFacts) -> Code:
        """Taken out and put in again."""
        name = write.quote(self.parameters.find(table).name)
        return Code.of(f"moved = df.drop_in_place({name})", f"df = df.insert_column({self.parameters.to_index}, moved)")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The new place, counted from 1 as people do."""
        return Report(f"Moved {self.parameters.find(before).name} to place {self.parameters.to_index + 1:,}")


class SortKey(OneColumn):
    """A column to sort by, and the direction."""

    ascending: StrictBool = Field(
        True,
        description="smallest first; missing values come last either way",
        json_schema_extra=shown("Smallest first"),
    )


class SortRowsParameters(Parameters):
    """What to sort by."""

    sort_by: list[SortKey] = Field(
        min_length=1,
        description="columns, the first one first; the next ones decide where values are equal",
        json_schema_extra=shown("Sort by", control="sort"),
    )


@operation
class SortRows(Operation[NoFacts]):
    """Sort the rows for good; rows that are equal keep their order, missing values come last."""

    name = "sortRows"
    about = About("Sort for good", "Rows", 2, ("{rows} by {column}", "All {rows}, as steps see them"), "order")
    keeps_rows = False
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {
        "sortBy": [{"column": "Country"}, {"column": "Released", "ascending": False}]
    }
    ordered = True
    parameters: SortRowsParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column, its rows in order. As pandas' ``sort_values(kind="stable")``."""
        columns = [key.find(table) for key in self.parameters.sort_by]
        keys = [sortable(col(column.name), column.dtype) for column in columns]
        descending = [not key.ascending for key in self.parameters.sort_by]

        def sort(frame: pl.LazyFrame) -> pl.LazyFrame:
            return frame.sort(keys, descending=descending, nulls_last=True, maintain_order=True)

        return Change(table.columns, rows=sort, rows_read=[column.name for column in columns])

    def row_before(self, before: Table, facts: NoFacts, row: int, scan: Scan) -> int | None:
        """Found without sorting the whole table."""
        columns = {key.find(before).name: key.find(before) for key in self.parameters.sort_by}
        keys: dict[str, bool] = {}
        for key in self.parameters.sort_by:
            keys.setdefault(key.find(before).name, key.ascending)
        comparable = [_comparable(column).alias(name) for name, column in columns.items()]
        return row_at(scan([*columns]).select(comparable).with_row_index(ROW_NUMBER), [*keys.items()], row)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``sort`` with the same rules for ties and missing values."""
        columns = [key.find(table) for key in self.parameters.sort_by]
        plain = all(column.dtype == pl.String() or not is_text(column.dtype) for column in columns)
        by = write.names(column.name for column in columns)
        keys = by if plain else ", ".join(write.as_text(column) for column in columns)
        descending = write.listed(not key.ascending for key in self.parameters.sort_by)
        return Code.of(f"df = df.sort({keys}, descending={descending}, nulls_last=True, maintain_order=True)")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The columns and their directions."""
        by = [f"{key.find(before).name}{'' if key.ascending else ' (descending)'}" for key in self.parameters.sort_by]
        return Report(f"Sorted the rows by {', '.join(by)}")


def _comparable(column: Column) -> pl.Expr:
    """The column's values so that they can be compared with one of them, in the order of the sort."""
    key = sortable(col(column.name), column.dtype)
    return key.cast(pl.UInt8) if column.dtype == pl.Boolean() else key


class DeduplicateParameters(Parameters):
    """Which columns count, and which of equal rows stays."""

    column_indices: list[StrictInt | StrictStr] | None = Field(
        None,
        min_length=1,
        description="positions of the columns that are compared, from 0, or names; all by default",
        json_schema_extra=shown("Compare", control="column-indices"),
    )
    columns: list[StrictStr] | None = Field(
        None,
        min_length=1,
        description="names of the columns, in place of columnIndices",
        json_schema_extra=shown("Compare", "All columns when none is chosen.", control="columns"),
    )
    keep: Literal["first", "last"] = Field(
        "first",
        description="which of several equal rows stays",
        json_schema_extra=shown("Keep the", choices={"first": "first", "last": "last"}),
    )

    @model_validator(mode="after")
    def _at_most_one(self) -> DeduplicateParameters:
        if self.column_indices is not None and self.columns is not None:
            raise ValueError("name the columns by columnIndices or by columns, not by both")
        return self

    def names(self, table: Table) -> list[str]:
        """The compared columns' names, each once; raises :class:`ColumnNotFound`."""
        given: Sequence[int | str] | None = self.columns or self.column_indices
        if given is None:
            return table.names
        return list(dict.fromkeys(table.require_column(each).name for each in given))


@operation
class Deduplicate(Operation[NoFacts]):
    """Remove rows that repeat another one, in all columns or in some; missing equals missing."""

    name = "deduplicate"
    about = About(
        "Remove repeated rows",
        "Rows",
        1,
        ("Rows that agree in {columns}", "Rows that agree in all columns"),
        "duplicates unique distinct",
    )
    keeps_rows = False
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"columns": ["Title", "Released"], "keep": "first"}
    ordered = True
    parameters: DeduplicateParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column, its first or last row of each kind, in the table's order. As pandas' ``drop_duplicates``."""
        names, keep = self.parameters.names(table), self.parameters.keep

        def distinct(frame: pl.LazyFrame) -> pl.LazyFrame:
            return frame.unique(cols(names), keep=keep, maintain_order=True)

        return Change(table.columns, rows=distinct, rows_read=names)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``unique`` in the table's order."""
        names, keep = self.parameters.names(table), write.quote(self.parameters.keep)
        subset = "" if len(names) == table.width else f"[{write.names(names)}], "
        return Code.of(f"df = df.unique({subset}keep={keep}, maintain_order=True)")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many rows went."""
        removed = before.rows - after.rows
        names = self.parameters.names(before)
        where = "" if len(names) == before.width else f" (compared by {', '.join(names)})"
        return Report(f"Removed {counted(removed, 'duplicate row')}{where}", {"removed": removed})
