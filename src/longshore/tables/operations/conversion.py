"""Changing a column's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field, StrictStr

from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.casting import convert, convert_code, refuse_nonsense, require_target
from longshore.tables.formats.dates import find_family, from_facts, read_family, to_facts
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, counted, operation
from longshore.tables.operations.facts import DateFormat

_TYPES = {
    "int": "whole number",
    "float": "number",
    "string": "text",
    "datetime": "date and time",
    "date": "date",
    "time": "time",
    "boolean": "yes or no",
    "category": "category",
}
"""The types to choose from, and what they are called."""


class ChangeColumnDataTypeParameters(OneColumn):
    """Which column, and the type it shall have."""

    new_data_type: StrictStr = Field(
        description="int, float, string, datetime, date, time, boolean or category; also with a size, as int32, and as "
        "numpy spells them: <i4, U10, f, M8[D]",
        json_schema_extra=shown(
            "New type", control="type", choices=_TYPES, start="string", more={"examples": list(_TYPES)}
        ),
    )
    date_format: StrictStr | None = Field(
        None,
        description="how dates are written, in strptime's letters, such as %d/%m/%Y; found by itself when absent",
        json_schema_extra=shown(
            "How dates are written",
            "Found from the values when nothing is given.",
            help_on="dates",
            when={"newDataType": ["date", "datetime", "time"]},
        ),
    )


@operation
class ChangeColumnDataType(Operation[DateFormat]):
    """Convert a column to another type; values that cannot convert become missing and are counted."""

    name = "changeColumnDataType"
    about = About(
        "Change type", "Columns", 1, ("{column}, now {kind}",), "convert cast number text date", Fits(columns="one")
    )
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"column": "Votes", "newDataType": "float"}
    parameters: ChangeColumnDataTypeParameters

    def fit(self, table: Table) -> DateFormat:
        """The date format that the whole column follows, where one has to be found."""
        column = self.parameters.find(table)
        target = require_target(self.parameters.new_data_type)
        refuse_nonsense(column, target, self.parameters.date_format)
        if not (target.is_temporal() and dtypes.is_text(column.dtype)):
            return {}
        if self.parameters.date_format is not None:
            return {}
        return {"dates": to_facts(find_family(table.scan([column.name]), column.name, target))}

    def transform(self, table: Table, facts: DateFormat) -> Change:
        """The column converted value by value."""
        column = self.parameters.find(table)
        target = require_target(self.parameters.new_data_type)
        if column.dtype == target:
            return Change.nothing(table)
        values = col(column.name)
        if "dates" in facts:
            stripped = values.cast(pl.String).str.strip_chars()
            return Change.of(table, {column.name: read_family(stripped, from_facts(facts["dates"]), target)})
        return Change.of(table, {column.name: convert(values, column.dtype, target, self.parameters.date_format)})

    def code(self, table: Table, facts: DateFormat) -> Code:
        """One conversion; those with rules of their own are helpers."""
        column = self.parameters.find(table)
        target = require_target(self.parameters.new_data_type)
        if column.dtype == target:
            return Code.nothing()
        if "dates" in facts:
            family = from_facts(facts["dates"])
            shape = "None" if family.shape is None else write.raw(family.shape)
            about = f"{write.listed(family.formats)}, {write.quote(family.target)}, {shape}, {write.type_of(target)}"
            return Code.replacing(
                f"read_dates({write.as_text(column)}.str.strip_chars(), {about})",
                note="The formats of the dates were found in the data.",
            )
        return Code.replacing(
            convert_code(write.column(column.name), column.dtype, target, self.parameters.date_format)
        )

    def report(self, before: Table, after: Table, facts: DateFormat) -> Report:
        """How many values did not convert."""
        column, now = self.parameters.find(before), self.parameters.find(after)
        lost = now.missing - column.missing
        did = f"Changed {column.name} from {dtypes.in_words(column.kind)} to {dtypes.in_words(now.kind)}"
        cut = _count_cut(before, column, after, now)
        clauses = [f"; {counted(lost, 'value')} did not fit and became missing"] if lost else []
        if cut:
            clauses.append(f"; {counted(cut, 'value')} lost {_name_cut(now.dtype)}")
        sentence = "".join([did, *clauses])
        answer: dict[str, Any] = {"invalidated": lost, "cut": cut}
        if "dates" in facts:
            answer["dateFormat"] = facts["dates"]["formats"][0]
        return Report(sentence, answer)


def _count_cut(before: Table, column: Column, after: Table, now: Column) -> int:
    """Values that converted and lost something: a fraction, a time of day, digits that the type has no room for."""
    old, new = col("old"), col("new")
    if dtypes.is_text(column.dtype) and now.dtype.is_integer():
        was, back = old.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False), new.cast(pl.Float64)
    elif _may_cut(column.dtype, now.dtype):
        was, back = old, new.cast(column.dtype, strict=False)
    else:
        return 0
    pairs = pl.concat(
        [
            before.scan([column.name]).select(col(column.name).alias("old")),
            after.scan([now.name]).select(col(now.name).alias("new")),
        ],
        how="horizontal",
    )
    return int(pairs.select((was.ne_missing(back) & was.is_not_null() & new.is_not_null()).sum()).collect().item())


def _name_cut(target: pl.DataType) -> str:
    if target == pl.Date():
        return "the time of day"
    return "the fraction" if target.is_integer() else "the last digits"


def _may_cut(source: pl.DataType, target: pl.DataType) -> bool:
    are_numbers = source.is_numeric() and target.is_numeric() and source != target
    return are_numbers or (isinstance(source, pl.Datetime) and target == pl.Date())
