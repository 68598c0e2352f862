"""Operations on missing values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from longshore.errors import InvalidType, InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.dtypes import is_text, sortable
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.scalars import from_json, literal, to_json
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    OneColumn,
    Operation,
    Report,
    counted,
    operation,
    readable,
)
from longshore.tables.operations.facts import Average, NoFacts


@operation
class EmptyStringToNaN(Operation[NoFacts]):
    """Make empty text missing."""

    name = "emptyStringToNaN"
    about = About(
        "Empty text to missing",
        "Missing",
        6,
        ("Texts of {column} with nothing in them",),
        "blank null",
        Fits(columns="one", kinds=TEXT),
    )
    aliases = ("emptyStringToNan",)
    example: ClassVar[Mapping[str, Any]] = {"column": "Country"}
    parameters: OneColumn

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The column with its empty texts missing; a column that is not text has none."""
        column = self.parameters.find(table)
        if not is_text(column.dtype):
            return Change.nothing(table)
        text = col(column.name)
        return Change.of(table, {column.name: pl.when(text.cast(pl.String) != "").then(text)})

    def code(self, table: Table, facts: NoFacts) -> Code:
        """Only what is not empty stays."""
        column = self.parameters.find(table)
        if not is_text(column.dtype):
            return Code.nothing()
        return Code.replacing(f'pl.when({write.as_text(column)} != "").then({write.column(column.name)})')

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many cells became missing."""
        column, now = self.parameters.find(before), self.parameters.find(after)
        return Report(f"Made {counted(now.missing - column.missing, 'empty cell')} of {column.name} missing")


_COUNT = "\x00count"


class FillWithAverageParameters(OneColumn):
    """Which column, and which average."""

    metric: Literal["mean", "median", "mode"] = Field(
        description="mean and median work on numbers and dates; of several modes the smallest is taken",
        json_schema_extra=shown(
            "Average", choices={"mean": "mean", "median": "median", "mode": "most frequent"}, start="mean"
        ),
    )


@operation
class FillWithAverage(Operation[Average]):
    """Fill a column's missing values with its mean, median or most frequent value."""

    name = "fillWithAverage"
    about = About(
        "Fill missing with an average",
        "Missing",
        1,
        ("{missing} in {columns}",),
        "mean median mode impute empty",
        Fits(columns="one", missing=True),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Rating", "metric": "mean"}
    parameters: FillWithAverageParameters

    def fit(self, table: Table) -> Average:
        """The average, as JSON, and the type that holds it.

        Mean and median as pandas' ``Series.mean`` and ``Series.median``: missing values do not count.
        The mean of dates is a date, rounded down to the day.
        """
        column = self.parameters.find(table)
        if self.parameters.metric != "mode":
            _require_averageable(column)
        average = _average(table, column, self.parameters.metric)
        if average is None:
            raise InvalidValue(f"column {column.name!r} has no values, so there is no {self.parameters.metric}")
        return {"value": to_json(average)}

    def transform(self, table: Table, facts: Average) -> Change:
        """The column with every gap filled; integers become floats only when the average is no integer."""
        column = self.parameters.find(table)
        if column.missing == 0:
            return Change.nothing(table)
        dtype = _filled_type(column, facts)
        value = literal(from_json(facts["value"], dtype), dtype)
        return Change.of(table, {column.name: col(column.name).cast(dtype).fill_null(value)})

    def code(self, table: Table, facts: Average) -> Code:
        """``fill_null`` with the average that was learnt."""
        column = self.parameters.find(table)
        if column.missing == 0:
            return Code.nothing()
        dtype = _filled_type(column, facts)
        values = write.column(column.name) + ("" if dtype == column.dtype else f".cast({write.type_of(dtype)})")
        value = write.filler(from_json(facts["value"], dtype), dtype)
        note = f"The {self.parameters.metric} was learnt from the data."
        return Code.replacing(f"{values}.fill_null({value})", note=note)

    def report(self, before: Table, after: Table, facts: Average) -> Report:
        """How many values were filled, and with what."""
        column = self.parameters.find(before)
        value = facts["value"]
        shown = readable(value) if isinstance(value, int | float) else value
        filled = counted(column.missing, "missing value")
        sentence = f"Filled {filled} in {column.name} with the {self.parameters.metric} ({shown})"
        return Report(sentence, {"value": value, "filled": column.missing})


def _filled_type(column: Column, facts: Average) -> pl.DataType:
    is_fraction = isinstance(facts["value"], float) and not facts["value"].is_integer()
    return pl.Float64() if column.dtype.is_integer() and is_fraction else column.dtype


def _require_averageable(column: Column) -> None:
    if not (column.dtype.is_numeric() or column.dtype.is_temporal()) or column.dtype == pl.Time():
        raise InvalidType(
            f"mean and median need numbers or dates, and column {column.name!r} is {column.kind}; "
            "the metric mode works on it"
        )


def _average(table: Table, column: Column, metric: str) -> Any:
    scan = table.scan([column.name])
    values = col(column.name)
    if metric == "mode":
        # Not Expr.mode(): its order is unspecified, and of several modes the smallest is wanted.
        counted = scan.filter(values.is_not_null()).group_by(sortable(values, column.dtype)).len(_COUNT)
        best = counted.sort(_COUNT, col(column.name), descending=[True, False]).head(1).collect()
        return best.get_column(column.name)[0] if best.height else None
    average = scan.select(values.mean() if metric == "mean" else values.median()).collect().item()
    if isinstance(average, float) and not math.isfinite(average):
        return None  # the column holds infinities; they have no average to fill with
    if column.dtype == pl.Date() and average is not None:
        return average.date() if hasattr(average, "date") else average
    return average
