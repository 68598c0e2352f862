"""Operations on single cells and on rows by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field, StrictBool, StrictInt

from longshore.errors import InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.dtypes import text_form
from longshore.tables.core.forms import shown
from longshore.tables.core.table import ROW_NUMBER, Table
from longshore.tables.formats.scalars import as_text, fit_value, literal, require_scalar
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Operation,
    Parameters,
    Report,
    counted,
    operation,
)
from longshore.tables.operations.facts import Becomes, NoFacts


class NewCellValueParameters(OneColumn):
    """Which cell, and what it shall hold."""

    row_index: StrictInt = Field(
        description="number of the row, as `data` gave it", json_schema_extra=shown("Row", control="row")
    )
    new_value: Any = Field(
        description="text, a number, true, false, or null for missing; converted to the column's type",
        json_schema_extra=shown("Value", "It has to fit the column’s type.", control="value", may_be_empty=True),
    )
    convert: StrictBool = Field(
        False,
        description="turn the column into text when the value does not fit, instead of refusing",
        json_schema_extra=shown("Turn into text if it does not fit"),
    )


@operation
class NewCellValue(Operation[Becomes]):
    """Write a value into one cell."""

    name = "newCellValue"
    about = About(
        "Write into one cell", "Rows", 8, ("{column} of row {row}",), "edit value", Fits(columns="one", rows="one")
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Minutes", "rowIndex": 4, "newValue": 128}
    parameters: NewCellValueParameters

    def fit(self, table: Table) -> Becomes:
        """Whether the column has to become text for the value to fit."""
        column = self.parameters.find(table)
        value = require_scalar(self.parameters.new_value, "newValue")
        try:
            fit_value(value, column.dtype)
        except InvalidValue:
            if not self.parameters.convert:
                raise
            return {"becomesText": True}
        return {"becomesText": False}

    def transform(self, table: Table, facts: Becomes) -> Change:
        """The column with one value replaced; needs row numbers, so the row is found by counting."""
        column = self.parameters.find(table)
        row = table.require_row(self.parameters.row_index)
        old = col(column.name)
        if facts["becomesText"]:
            new = pl.lit(as_text(self.parameters.new_value), dtype=pl.String)
            old = text_form(old, column.dtype)
        else:
            new = literal(fit_value(self.parameters.new_value, column.dtype), column.dtype)
        changed = pl.when(pl.col(ROW_NUMBER) == row).then(new).otherwise(old)
        computed = Computed(column.name, changed, (column.name, ROW_NUMBER))
        return Change([computed if kept is column else kept for kept in table.columns])

    def code(self, table: Table, facts: Becomes) -> Code:
        """The column with one value replaced."""
        column = self.parameters.find(table)
        if facts["becomesText"]:
            new, old = write.value(as_text(self.parameters.new_value), pl.String()), write.text_of(column)
        else:
            new = write.value(fit_value(self.parameters.new_value, column.dtype), column.dtype)
            old = write.column(column.name)
        row = f"pl.int_range(pl.len()) == {self.parameters.row_index}"
        return Code.replacing(f"pl.when({row}).then({new}).otherwise({old}).alias({write.quote(column.name)})")

    def report(self, before: Table, after: Table, facts: Becomes) -> Report:
        """The cell's place."""
        column = self.parameters.find(before)
        became = "; the column is text now" if facts["becomesText"] else ""
        return Report(f"Set row {self.parameters.row_index:,} of {column.name}{became}")


class DeleteRowsParameters(Parameters):
    """Which rows."""

    row_indices: Annotated[list[StrictInt], Field(min_length=1)] = Field(
        description="numbers of the rows, as `data` gave them", json_schema_extra=shown("Rows", control="rows")
    )


@operation
class DeleteRows(Operation[NoFacts]):
    """Remove rows by their numbers; the rows below move up."""

    name = "deleteRows"
    about = About("Remove selected rows", "Rows", 5, ("{selectedRows}",), "drop", Fits(rows="some"))
    keeps_rows = False
    example: ClassVar[Mapping[str, Any]] = {"rowIndices": [3, 5]}
    parameters: DeleteRowsParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column, less the rows."""
        for row in self.parameters.row_indices:
            table.require_row(row)
        gone = pl.Series("gone", sorted(set(self.parameters.row_indices)), dtype=pl.get_index_type())
        kept = ~pl.col(ROW_NUMBER).is_in(gone.implode())
        return Change(table.columns, rows=lambda frame: frame.filter(kept), rows_read=())

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The rows filtered by their numbers."""
        rows = write.listed(sorted(set(self.parameters.row_indices)))
        return Code.of(f"df = df.filter(~pl.int_range(pl.len()).is_in({rows}))")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many rows went."""
        return Report(f"Deleted {counted(before.rows - after.rows, 'row')}")
