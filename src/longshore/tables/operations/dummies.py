"""Indicator columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field, StrictBool

from longshore.errors import TooLarge
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_names
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Operation,
    Report,
    counted,
    operation,
    refuse_all_columns_gone,
)
from longshore.tables.operations.facts import DistinctValues

MAX_VALUES = 1_000
"""Distinct values, and so new columns, that a column may have."""


class GenerateDummiesParameters(OneColumn):
    """Which column, and whether it stays."""

    inplace: StrictBool = Field(
        False, description="remove the column itself", json_schema_extra=shown("Remove the original column")
    )


@operation
class GenerateDummies(Operation[DistinctValues]):
    """Make a column of 0 and 1 for each distinct value of a column, to its right.

    As ``pandas.get_dummies``: a missing value is 0 in all of them.
    """

    name = "generateDummies"
    about = About(
        "One column per value",
        "Columns",
        8,
        ("A column of 0 and 1 for each value of {column}",),
        "dummies one-hot encode 0 1",
        Fits(columns="one"),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Country", "inplace": False}
    parameters: GenerateDummiesParameters

    def fit(self, table: Table) -> DistinctValues:
        """The distinct values in order: numbers and dates by size, text by code points."""
        column = self.parameters.find(table)
        values = col(column.name).cast(_comparable(column.dtype))
        distinct = table.scan([column.name]).select(values).drop_nulls().unique().head(MAX_VALUES + 1)
        found = distinct.collect().to_series().sort()
        if len(found) > MAX_VALUES:
            raise TooLarge(
                f"column {column.name!r} has more than {MAX_VALUES:,} distinct values; each would become a column"
            )
        return {"dtype": dtypes.encode(found.dtype), "values": _to_json(found)}

    def transform(self, table: Table, facts: DistinctValues) -> Change:
        """The new columns beside the old one, or in its place."""
        at = self.parameters.position(table)
        column = table.columns[at]
        values = _from_json(facts["values"], dtypes.decode(facts["dtype"]))
        texts = pl.select(dtypes.text_form(pl.lit(values), values.dtype)).to_series().to_list()
        kept = [] if self.parameters.inplace else [column]
        taken = {name for name in table.names if name != column.name or kept}
        names = free_names([f"{column.name}_{text}" for text in texts], taken)
        made = [
            Computed(name, equal.cast(pl.Int64), (column.name,))
            for name, equal in zip(names, _expressions(values, column), strict=True)
        ]
        columns: list[Column | Computed] = [*table.columns[:at], *kept, *made, *table.columns[at + 1 :]]
        refuse_all_columns_gone(columns)
        return Change(columns)

    def code(self, table: Table, facts: DistinctValues) -> Code:
        """A column for each of the values that were learnt."""
        at = self.parameters.position(table)
        column = table.columns[at]
        made = [each.name for each in self.transform(table, facts).columns if isinstance(each, Computed)]
        found = _from_json(facts["values"], dtypes.decode(facts["dtype"]))
        wanted = _comparable(column.dtype)
        values = _literals(found if found.dtype == wanted else _converted(found, wanted))
        own, lines = write.as_text(column), []
        if None in values:
            pairs = zip(made, values, strict=True)
            new = [f"{_indicator_code(own, value)}.alias({write.quote(name)})" for name, value in pairs]
            lines.append(f"dummies = df.select({', '.join(new)})")
        elif made:
            named = ", ".join(f"{write.quote(name)}: {value}" for name, value in zip(made, values, strict=True))
            one = f"{own}.eq_missing(value).cast(pl.Int64).alias(name)"
            lines += [f"values = {{{named}}}", f"dummies = df.select({one} for name, value in values.items())"]
        if made:
            lines.append(f"df = insert_columns(df, {at + 1}, dummies)")
        if self.parameters.inplace:
            lines.append(f"df = df.drop({write.names([column.name])})")
        return Code.of(*lines, note="The values were learnt from the data.")

    def report(self, before: Table, after: Table, facts: DistinctValues) -> Report:
        """How many columns came."""
        at, count = self.parameters.position(before), len(facts["values"])
        first = at if self.parameters.inplace else at + 1
        place = "in place of" if self.parameters.inplace else "beside"
        sentence = f"Made {counted(count, '0/1 column')} {place} {before.names[at]}"
        return Report(sentence, {"newColumns": after.names[first : first + count]})


def _comparable(dtype: pl.DataType) -> pl.DataType:
    # Categories sort by their codes; people mean the text.
    return pl.String() if dtypes.is_text(dtype) else dtype


def _physical(dtype: pl.DataType) -> pl.DataType:
    """The type whose Python values are exact and JSON: dates as counts of their unit, decimals as text."""
    if dtype == pl.Date():
        return pl.Int32()
    if dtype.is_temporal():
        return pl.Int64()
    return pl.String() if dtype.is_decimal() or dtype == pl.Binary() else dtype


def _to_json(values: pl.Series) -> list[Any]:
    if values.dtype == pl.Binary():
        values = values.bin.encode("hex")
    plain = values.cast(_physical(values.dtype)).to_list()
    return [str(value) if isinstance(value, float) and not math.isfinite(value) else value for value in plain]


def _from_json(values: list[Any], dtype: pl.DataType) -> pl.Series:
    if dtype.is_float():
        values = [float(value) for value in values]
    series = pl.Series(values, dtype=_physical(dtype))
    return series.str.decode("hex") if dtype == pl.Binary() else series.cast(dtype)


def _expressions(values: pl.Series, column: Column) -> list[pl.Expr]:
    """For each value, whether a row of ``column`` equals it; never missing.

    Facts that were learnt from another table may be of another type: what ``column`` cannot hold equals nothing.
    """
    wanted = _comparable(column.dtype)
    if wanted != values.dtype:
        values = _converted(values, wanted)
    own, physical = col(column.name).cast(wanted), _physical(wanted)
    if wanted == pl.Binary():
        return [own.eq_missing(pl.lit(value)) for value in values.to_list()]
    # A condition on the rows, since a literal alone would make a single one.
    nowhere = own.is_null() & own.is_not_null()
    return [
        nowhere if value is None else own.eq_missing(pl.lit(value, dtype=physical).cast(wanted))
        for value in values.cast(physical).to_list()
    ]


def _converted(values: pl.Series, wanted: pl.DataType) -> pl.Series:
    if wanted == pl.String():
        return pl.select(dtypes.text_form(pl.lit(values), values.dtype)).to_series()
    try:
        return values.cast(wanted, strict=False)
    except pl.exceptions.PolarsError:  # no value of the one type is one of the other
        return pl.Series([None] * len(values), dtype=wanted)


def _literals(values: pl.Series) -> list[str | None]:
    """The values of a script's comparisons; None where nothing equals it."""
    dtype = values.dtype
    if dtype == pl.Binary():
        return [write.plain(value) for value in values]
    if dtype in (pl.Int64(), pl.Float64(), pl.String(), pl.Boolean(), pl.Date()):
        return [None if value is None else write.plain(value) for value in values]
    physical = _physical(dtype)
    return [
        None
        if value is None
        else f"pl.lit({write.plain(value)}, {write.type_of(physical)}).cast({write.type_of(dtype)})"
        for value in values.cast(physical)
    ]


def _indicator_code(own: str, value: str | None) -> str:
    return "pl.repeat(0, pl.len(), dtype=pl.Int64)" if value is None else f"{own}.eq_missing({value}).cast(pl.Int64)"
