"""Rescaling numbers linearly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from longshore.errors import InvalidType, InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.spelling import NAMES
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import NUMBERS, About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, operation, readable
from longshore.tables.operations.facts import Range, Spread

_MODERATE = 2.0**300
"""Numbers up to this, and not below its reciprocal, can be squared and summed up without overflow."""


class NormalizeParameters(OneColumn):
    """Which column, and between which numbers it shall lie."""

    range_from: float = Field(
        0.0,
        description="what the smallest value becomes; `rangeStart` is understood as well",
        json_schema_extra=shown("Smallest becomes", more={NAMES: ["rangeStart", "range_start"]}),
    )
    range_to: float = Field(
        1.0,
        description="what the greatest value becomes; `rangeEnd` is understood as well",
        json_schema_extra=shown("Greatest becomes", more={NAMES: ["rangeEnd", "range_end"]}),
    )


@operation
class Normalize(Operation[Range]):
    """Rescale a column's numbers linearly, so that they lie between two given ones."""

    name = "normalize"
    about = About(
        "Rescale to a range",
        "Numbers and dates",
        3,
        ("The {values} of {column}, to lie from 0 to 1 or as you say",),
        "normalise min max scale",
        Fits(columns="one", kinds=NUMBERS),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Votes", "rangeFrom": 0, "rangeTo": 1}
    parameters: NormalizeParameters

    def fit(self, table: Table) -> Range:
        """The smallest and the greatest value."""
        column = require_numbers(self.parameters.find(table))
        if self.parameters.range_from >= self.parameters.range_to:
            raise InvalidValue("rangeFrom must be less than rangeTo")
        low, high = extremes(table, column)
        return {"min": low, "max": high}

    def transform(self, table: Table, facts: Range) -> Change:
        """The column rescaled; one without two different values is left alone."""
        column = require_numbers(self.parameters.find(table))
        low, high = facts["min"], facts["max"]
        if low is None or high is None or low == high:
            return Change.nothing(table)
        scale = _scale(low, high)
        values, low, high = col(column.name).cast(pl.Float64) / scale, float(low) / scale, float(high) / scale
        share = (values - low) / (high - low)
        # Not `from + share * (to - from)`: with a narrow range far from 0 that loses digits.
        rescaled = (1 - share) * self.parameters.range_from + share * self.parameters.range_to
        # The engine divides by multiplying with the reciprocal, so that the greatest share may be 1 less a rounding.
        met = pl.when(values == high).then(pl.lit(self.parameters.range_to)).otherwise(rescaled)
        return Change.of(table, {column.name: met.cast(fractional(column.dtype))})

    def code(self, table: Table, facts: Range) -> Code:
        """The same arithmetic in the same order, so that the last digit agrees."""
        column = self.parameters.find(table)
        low, high = facts["min"], facts["max"]
        if low is None or high is None or low == high:
            return Code.nothing()
        scale = _scale(low, high)
        low, high = float(low) / scale, float(high) / scale
        values = f"{write.column(column.name)}.cast(pl.Float64)" + ("" if scale == 1 else f" / {write.plain(scale)}")
        first, last = _term(self.parameters.range_from), _term(self.parameters.range_to)
        shifted = "values" if low == 0 else f"(values - {_term(low)})"
        # What a number from 0 to 1 becomes on the scale from 0 to 1 needs no arithmetic.
        is_share = (self.parameters.range_from, self.parameters.range_to) == (0, 1)
        rescaled = "share" if is_share else f"(1 - share) * {first} + share * {last}"
        return Code.of(
            f"values = {values}",
            f"share = {shifted} / {_term(high - low)}",
            f"met = pl.when(values == {write.plain(high)}).then({last}).otherwise({rescaled}).fill_nan(None)",
            f"df = df.with_columns(met{_cast(column)}.alias({write.quote(column.name)}))",
            note="The least and the greatest value were learnt from the data.",
        )

    def report(self, before: Table, after: Table, facts: Range) -> Report:
        """Old and new range."""
        column = self.parameters.find(before)
        low, high = facts["min"], facts["max"]
        answer = {"min": low, "max": high}
        if low is None or high is None or low == high:
            return Report(f"Left {column.name} alone: {_sameness(low)}", answer)
        new = f"{readable(self.parameters.range_from)} to {readable(self.parameters.range_to)}"
        return Report(f"Rescaled {column.name} from {readable(low)} to {readable(high)} into {new}", answer)


@operation
class Standardize(Operation[Spread]):
    """Shift and rescale a column's numbers to mean 0 and sample standard deviation 1."""

    name = "standardize"
    about = About(
        "Standardize to mean 0",
        "Numbers and dates",
        4,
        ("The {values} of {column}, to mean 0 and deviation 1",),
        "z-score mean deviation",
        Fits(columns="one", kinds=NUMBERS),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Votes"}
    parameters: OneColumn

    def fit(self, table: Table) -> Spread:
        """Mean and sample standard deviation of the values divided by ``scale``, a power of two.

        The scale is 1 unless the numbers are so great or small that their squares would leave a float's range.
        A deviation of 0 says that there are no two different values.
        """
        column = require_numbers(self.parameters.find(table))
        low, high = extremes(table, column)
        constant: Spread = {"mean": low, "deviation": 0.0, "scale": 1.0}
        if low is None or high is None or low == high:
            return constant
        scale = _scale(low, high)
        scaled = col(column.name).cast(pl.Float64) / scale
        found = table.scan([column.name]).select(mean=scaled.mean(), deviation=scaled.std()).collect()
        mean, deviation = found.row(0)
        return {"mean": mean, "deviation": deviation, "scale": scale} if deviation > 0 else constant

    def transform(self, table: Table, facts: Spread) -> Change:
        """The column shifted and rescaled; one without two different values is left alone."""
        column = require_numbers(self.parameters.find(table))
        mean = facts["mean"]
        if mean is None or facts["deviation"] == 0:
            return Change.nothing(table)
        values = col(column.name).cast(pl.Float64) / facts["scale"]
        shifted = (values - mean) / facts["deviation"]
        return Change.of(table, {column.name: shifted.cast(fractional(column.dtype))})

    def code(self, table: Table, facts: Spread) -> Code:
        """The same arithmetic in the same order, so that the last digit agrees."""
        column = self.parameters.find(table)
        mean = facts["mean"]
        if mean is None or facts["deviation"] == 0:
            return Code.nothing()
        scale = "" if facts["scale"] == 1 else f" / {write.plain(facts['scale'])}"
        values = f"{write.column(column.name)}.cast(pl.Float64){scale}"
        shifted = f"(({values} - {_term(mean)}) / {write.plain(facts['deviation'])}).fill_nan(None)"
        return Code.replacing(
            f"{shifted}{_cast(column)}",
            note="Mean and standard deviation were learnt from the data.",
        )

    def report(self, before: Table, after: Table, facts: Spread) -> Report:
        """Mean and deviation before."""
        column = self.parameters.find(before)
        if facts["mean"] is None or facts["deviation"] == 0:
            return Report(f"Left {column.name} alone: {_sameness(facts['mean'])}")
        mean, deviation = facts["mean"] * facts["scale"], facts["deviation"] * facts["scale"]
        was = f"mean {readable(mean)}, standard deviation {readable(deviation)}"
        sentence = f"Standardized {column.name}: {was} before"
        return Report(sentence, {"mean": mean, "std": deviation if math.isfinite(deviation) else None})


def require_numbers(column: Column) -> Column:
    """``column`` itself when it holds numbers.

    :raises InvalidType: otherwise.
    """
    if not column.dtype.is_numeric():
        raise InvalidType(f"this works on numbers, and column {column.name!r} is {column.kind}")
    return column


def extremes(table: Table, column: Column) -> tuple[int | float | None, int | float | None]:
    """The smallest and the greatest number of a column, None both where it has no values.

    :raises InvalidValue: if one of them is infinite.
    """
    values = col(column.name)
    if column.dtype.is_decimal() or column.dtype == pl.Float32():
        values = values.cast(pl.Float64)
    low, high = table.scan([column.name]).select(low=values.min(), high=values.max()).collect().row(0)
    if low is not None and not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidValue(f"column {column.name!r} holds infinite numbers, which have no place on a scale")
    return low, high


def _scale(low: float, high: float) -> float:
    """A power of two to divide by, so that differences and squares of the numbers stay in a float's range; mostly 1."""
    greatest = max(abs(float(low)), abs(float(high)))
    if 1 / _MODERATE <= greatest <= _MODERATE:
        return 1.0
    # Its reciprocal must be a float too, hence not beyond 1,000.
    return math.ldexp(1.0, max(-1000, min(1000, math.frexp(greatest)[1])))


def fractional(dtype: pl.DataType) -> pl.DataType:
    """The type for results with fractions: a float stays as it is, other numbers become ``Float64``."""
    return dtype if dtype.is_float() else pl.Float64()


def _term(number: float) -> str:
    """A number as an operand: a negative one in parentheses."""
    return f"({write.plain(number)})" if number < 0 else write.plain(number)


def _cast(column: Column) -> str:
    return ".cast(pl.Float32)" if column.dtype == pl.Float32() else ""


def _sameness(value: float | None) -> str:
    return "it has no values" if value is None else f"all its values are {readable(value)}"
