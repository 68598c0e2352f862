"""Filling missing values from their neighbours or with a given value, and removing the rows that have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from longshore.errors import InvalidRequest, InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.dtypes import text_form
from longshore.tables.core.forms import shown
from longshore.tables.core.spelling import SYNONYMS
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.scalars import as_text, fit_value, literal, require_scalar
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    OneColumn,
    Operation,
    Parameters,
    Report,
    counted,
    operation,
)
from longshore.tables.operations.facts import Becomes, NoFacts

_TURNED_ROUND = "columnFrom must not lie to the right of columnTo"


class FillDownParameters(Parameters):
    """Which columns, and from which side."""

    column_from: StrictInt | StrictStr = Field(
        description="position of the first column, from 0, or its name",
        json_schema_extra=shown("From column", control="column-index"),
    )
    column_to: StrictInt | StrictStr = Field(
        description="position of the last column, itself included, or its name",
        json_schema_extra=shown("To column", control="column-index", starts_with="last"),
    )
    method: Literal["pad", "bfill"] = Field(
        "pad",
        description="pad takes the last value above a gap, bfill the next one below it",
        json_schema_extra=shown(
            "Fill with",
            choices={"pad": "the value above", "bfill": "the value below"},
            more={SYNONYMS: {"ffill": "pad", "backfill": "bfill"}},
        ),
    )

    @model_validator(mode="after")
    def _in_order(self) -> FillDownParameters:
        if isinstance(self.column_from, int) and isinstance(self.column_to, int) and self.column_from > self.column_to:
            raise ValueError(_TURNED_ROUND)
        return self

    def range(self, table: Table) -> list[Column]:
        """The columns from first to last.

        :raises ColumnNotFound: for one that is not there.
        :raises InvalidRequest: when the first lies to the right of the last.
        """
        first, last = table.position_of(self.column_from), table.position_of(self.column_to)
        if first > last:
            raise InvalidRequest(_TURNED_ROUND)
        return list(table.columns[first : last + 1])


@operation
class FillDown(Operation[NoFacts]):
    """Fill missing values with the last value above them, or the next one below."""

    name = "fillDown"
    about = About(
        "Fill missing from neighbours",
        "Missing",
        4,
        ("{missing} in {columns}",),
        "forward backward above below",
        Fits(columns="some", missing=True),
    )
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"columnFrom": 3, "columnTo": 5, "method": "pad"}
    ordered = True
    parameters: FillDownParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column of the range that has gaps; a gap with no value on that side stays."""
        gappy = [column.name for column in self.parameters.range(table) if column.missing]
        if self.parameters.method == "pad":
            return Change.of(table, {name: col(name).forward_fill() for name in gappy})
        return Change.of(table, {name: col(name).backward_fill() for name in gappy})

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``forward_fill`` or ``backward_fill``."""
        gappy = [column.name for column in self.parameters.range(table) if column.missing]
        if not gappy:
            return Code.nothing()
        fill = "forward_fill" if self.parameters.method == "pad" else "backward_fill"
        return Code.replacing(f"{write.columns(gappy)}.{fill}()")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many cells were filled, and how many had nothing to be filled with."""
        columns = self.parameters.range(before)
        left = sum(column.missing for column in self.parameters.range(after))
        filled = sum(column.missing for column in columns) - left
        where = columns[0].name if len(columns) == 1 else f"{columns[0].name} to {columns[-1].name}"
        side = "last" if self.parameters.method == "pad" else "next"
        rest = f"; {counted(left, 'cell')} had none on that side" if left else ""
        sentence = f"Filled {counted(filled, 'missing value')} in {where} with the {side} value{rest}"
        return Report(sentence, {"filled": filled})


class FillWithCustomValueParameters(OneColumn):
    """Which column, and what to put in its gaps."""

    new_value: Any = Field(
        description="text, a number, true or false; converted to the column's type",
        json_schema_extra=shown("Value", "It has to fit the column’s type.", control="value", may_be_empty=True),
    )
    convert: StrictBool = Field(
        False,
        description="turn the column into text when the value does not fit, instead of refusing",
        json_schema_extra=shown("Turn into text if it does not fit"),
    )


@operation
class FillWithCustomValue(Operation[Becomes]):
    """Fill a column's missing values with a value of your own."""

    name = "fillWithCustomValue"
    about = About(
        "Fill missing with a value",
        "Missing",
        2,
        ("{missing} in {columns}",),
        "constant impute empty",
        Fits(columns="one", missing=True),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Studio", "newValue": "unknown"}
    parameters: FillWithCustomValueParameters

    def fit(self, table: Table) -> Becomes:
        """Whether the column has to become text for the value to fit; without gaps it never has to."""
        column = self.parameters.find(table)
        value = require_scalar(self.parameters.new_value, "newValue")
        try:
            fitted = fit_value(value, column.dtype)
        except InvalidValue:
            if not self.parameters.convert:
                raise
            return {"becomesText": column.missing > 0}
        if fitted is None:
            raise InvalidValue(f"a missing value cannot fill the gaps of column {column.name!r}; give a value")
        return {"becomesText": False}

    def transform(self, table: Table, facts: Becomes) -> Change:
        """The column with every gap filled."""
        column = self.parameters.find(table)
        old = col(column.name)
        if facts["becomesText"]:
            filled = text_form(old, column.dtype).fill_null(pl.lit(as_text(self.parameters.new_value)))
            return Change.of(table, {column.name: filled})
        if column.missing == 0:
            return Change.nothing(table)
        value = literal(fit_value(self.parameters.new_value, column.dtype), column.dtype)
        return Change.of(table, {column.name: old.fill_null(value)})

    def code(self, table: Table, facts: Becomes) -> Code:
        """``fill_null``."""
        column = self.parameters.find(table)
        if facts["becomesText"]:
            value = write.plain(as_text(self.parameters.new_value))
            return Code.replacing(f"{write.text_of(column)}.fill_null({value})")
        if column.missing == 0:
            return Code.nothing()
        value = write.filler(fit_value(self.parameters.new_value, column.dtype), column.dtype)
        return Code.replacing(f"{write.column(column.name)}.fill_null({value})")

    def report(self, before: Table, after: Table, facts: Becomes) -> Report:
        """How many values were filled."""
        column = self.parameters.find(before)
        became = "; the column is text now" if facts["becomesText"] else ""
        filled = counted(column.missing, "missing value")
        return Report(f"Filled {filled} in {column.name} with a custom value{became}", {"filled": column.missing})


@operation
class DeleteRowsWithNA(Operation[NoFacts]):
    """Remove the rows in which a column's value is missing."""

    name = "deleteRowsWithNA"
    about = About(
        "Remove rows where it is missing",
        "Missing",
        3,
        ("{missingRows} of {rows}",),
        "drop empty",
        Fits(columns="one", missing=True),
    )
    keeps_rows = False
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"column": "Minutes"}
    parameters: OneColumn

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column, less the rows."""
        column = self.parameters.find(table)
        if column.missing == 0:
            return Change.nothing(table)
        filled = col(column.name).is_not_null()
        return Change(table.columns, rows=lambda frame: frame.filter(filled), rows_read=[column.name])

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``drop_nulls``."""
        column = self.parameters.find(table)
        if column.missing == 0:
            return Code.nothing()
        return Code.of(f"df = df.drop_nulls({write.names([column.name])})")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many rows went."""
        column = self.parameters.find(before)
        gone = before.rows - after.rows
        return Report(f"Deleted {counted(gone, 'row')} in which {column.name} was missing", {"deleted": gone})
