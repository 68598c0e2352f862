"""Filling missing values from the values on both sides, as pandas' ``Series.interpolate`` does.

The methods that join neighbouring values run inside the engine; curves come from SciPy, in this process
and over the whole column at once. SciPy is imported at the first curve: an idle worker does not pay for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, StrictInt, model_validator

from longshore.errors import InvalidType, InvalidValue, TooLarge
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col, mapped
from longshore.tables.core.forms import shown
from longshore.tables.core.portable import portable
from longshore.tables.core.spelling import SYNONYMS
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import NUMBERS, About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, counted, operation
from longshore.tables.operations.facts import NoFacts
from longshore.tables.operations.scaling import fractional

Method = Literal[
    "linear", "nearest", "zero", "slinear", "quadratic", "cubic", "polynomial", "spline", "pchip", "akima",
    "barycentric", "krogh", "piecewise_polynomial", "from_derivatives", "cubicspline", "pad",
]  # fmt: skip

_METHODS = {
    "linear": "a straight line between neighbours",
    "nearest": "the nearest value",
    "zero": "the last value",
    "pad": "the last value, to the end",
    "quadratic": "a curve of second degree",
    "cubic": "a curve of third degree",
    "polynomial": "a curve of a degree that you choose",
    "spline": "one smooth curve of a degree that you choose",
    "pchip": "a curve that never overshoots",
    "akima": "a curve that hardly overshoots",
    "cubicspline": "a smooth curve of third degree",
    "slinear": "straight lines, within the values only",
    "piecewise_polynomial": "straight lines, as piecewise polynomials",
    "from_derivatives": "straight lines, as polynomials from derivatives",
    "barycentric": "one curve through all values (barycentric)",
    "krogh": "one curve through all values (Krogh)",
}
"""What the methods are called."""
_STRAIGHT = {"slinear", "piecewise_polynomial", "from_derivatives"}
"""Without derivatives, the last two are straight lines between neighbours too."""
_JOINING = {"linear", "nearest", "zero", "pad", *_STRAIGHT}
_MIN_VALUES = {**dict.fromkeys(_STRAIGHT, 2), "quadratic": 3, "cubic": 4, "pchip": 2, "akima": 2, "cubicspline": 2}
_MAX_VALUES = {
    # Work grows with the square of the values. One polynomial through more points than this means nothing anyway;
    # a smoothing spline of 10,000 restless values took 18 s.
    "barycentric": 1_000,
    "krogh": 1_000,
    "spline": 10_000,
}
_HIGHEST_ORDER = {"polynomial": 10, "spline": 5}
_LOWEST_ORDER = {"polynomial": 0, "spline": 1}
_CHUNK_GAPS = 10_000

Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats], Any]


class InterpolateParameters(OneColumn):
    """Which column, and how the curve between the values runs."""

    method: Method = Field(
        "linear",
        description="linear joins neighbours by a straight line, nearest and zero copy the nearest or the last "
        "value, pad the last one also below it; the others draw curves. time, values and index are linear, since rows "
        "count as equally far apart",
        json_schema_extra=shown(
            "Method",
            choices=_METHODS,
            more={SYNONYMS: {"time": "linear", "values": "linear", "index": "linear", "ffill": "pad"}},
        ),
    )
    order: StrictInt | None = Field(
        None,
        description="degree of the pieces, for the methods polynomial (0 to 10) and spline (1 to 5)",
        json_schema_extra=shown("Degree", start=2, when={"method": ["polynomial", "spline"]}),
    )

    @model_validator(mode="after")
    def _order_where_needed(self) -> InterpolateParameters:
        if self.method in _HIGHEST_ORDER:
            low, high = _LOWEST_ORDER[self.method], _HIGHEST_ORDER[self.method]
            if self.order is None or not low <= self.order <= high:
                raise ValueError(f"the method {self.method} needs an order from {low} to {high}")
        return self

    @property
    def least_values(self) -> int:
        """How many values the method needs to draw a curve."""
        if self.method in _HIGHEST_ORDER:
            return (self.order or 0) + 1
        return _MIN_VALUES.get(self.method, 1)


@operation
class Interpolate(Operation[NoFacts]):
    """Fill missing values from the values around them, along a line or a curve.

    Rows count as equally far apart. Gaps above the first value stay, as in pandas with its defaults; those
    below the last one are filled by the methods that pandas fills them with: ``linear`` and ``pad`` repeat the last
    value; ``spline``, ``pchip``, ``barycentric``, ``krogh`` and ``cubicspline`` follow their curve; the others
    leave them. Integers become floats, unless the method copies values (``nearest``, ``zero``, ``pad``).

    Dates work with the methods that join neighbours (pandas: with ``linear`` only). What falls between two
    dates is rounded down to the day, as datetimes are to their unit.
    """

    name = "interpolate"
    about = About(
        "Interpolate missing values",
        "Missing",
        5,
        ("{missing} in {columns}",),
        "line spline curve",
        Fits(columns="one", kinds=NUMBERS, missing=True),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Minutes", "method": "linear"}
    ordered = True
    parameters: InterpolateParameters

    def fit(self, table: Table) -> NoFacts:
        """Nothing: each gap is filled from the rows around it. Refuses what could not be computed."""
        self._refuse(table, self.parameters.find(table))
        return {}

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The column with its gaps filled; one without values or without gaps is left alone."""
        column = self.parameters.find(table)
        self._refuse(table, column)
        if column.missing in (0, table.rows):
            return Change.nothing(table)
        if self.parameters.method in _JOINING:
            return Change.of(table, {column.name: _joined(column, self.parameters.method)})
        fill = partial(_fill_curve, method=self.parameters.method, order=self.parameters.order)
        values = col(column.name).cast(pl.Float64)
        filled = mapped(values, fill, pl.Float64(), elementwise=False).cast(fractional(column.dtype))
        return Change.of(table, {column.name: filled})

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The neighbours joined by Polars; a curve by SciPy."""
        column, method = self.parameters.find(table), self.parameters.method
        if column.missing in (0, table.rows):
            return Code.nothing()
        values, into = write.column(column.name), write.type_of(fractional(column.dtype))
        if method in _STRAIGHT | {"linear"} and column.dtype.is_numeric():
            line = f"{values}.cast(pl.Float64).interpolate()"
            line += "" if fractional(column.dtype) == pl.Float64() else f".cast({into})"
            return Code.replacing(line + (".forward_fill()" if method == "linear" else "") + ".fill_nan(None)")
        if method in _JOINING:
            what = write.quote(method)
            return Code.replacing(f"join_neighbours({values}, {what}, {write.type_of(column.dtype)})")
        curve = f"{write.quote(method)}, {write.plain(self.parameters.order)}"
        fill = f"map_batches(lambda values: fill_along_curve(values, {curve}), return_dtype=pl.Float64)"
        line = f"{values}.cast(pl.Float64).{fill}.fill_nan(None)"
        return Code.replacing(line + ("" if fractional(column.dtype) == pl.Float64() else f".cast({into})"))

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many cells were filled, and how many had nothing to be filled from."""
        column, now = self.parameters.find(before), self.parameters.find(after)
        filled = column.missing - now.missing
        rest = f"; {counted(now.missing, 'cell')} at the ends stayed missing" if now.missing else ""
        sentence = f"Filled {counted(filled, 'missing value')} in {column.name} by {self.parameters.method} "
        return Report(f"{sentence}interpolation{rest}", {"filled": filled})

    def _refuse(self, table: Table, column: Column) -> None:
        method = self.parameters.method
        is_date = column.dtype.is_temporal() and column.dtype != pl.Time()
        if not (column.dtype.is_numeric() or is_date):
            raise InvalidType(f"interpolation needs numbers or dates, and column {column.name!r} is {column.kind}")
        if is_date and method not in _JOINING:
            usable = ", ".join(sorted(_JOINING))
            raise InvalidType(f"column {column.name!r} holds {column.kind}s; they interpolate with {usable}")
        if column.missing in (0, table.rows):
            return
        known = table.rows - column.missing
        if known < self.parameters.least_values:
            needed = counted(self.parameters.least_values, "value")
            raise InvalidValue(f"the method {method} needs {needed}, and column {column.name!r} has {known:,}")
        if known > _MAX_VALUES.get(method, known):
            raise TooLarge(
                f"the method {method} works on at most {_MAX_VALUES[method]:,} values, and column {column.name!r} "
                f"has {known:,}; cubic, pchip and akima have no such limit"
            )


def _joined(column: Column, method: str) -> pl.Expr:
    """The gaps filled from the values next to them."""
    return join_neighbours(col(column.name), method, column.dtype)


@portable
def join_neighbours(values: pl.Expr, method: str, dtype: pl.DataType) -> pl.Expr:
    """Gaps filled from the values next to them: by the last one, the nearest, or a straight line."""
    above, below = values.forward_fill(), values.backward_fill()
    if method == "pad":
        return above
    if method == "zero":
        return pl.when(below.is_not_null()).then(above)
    if method == "nearest":
        row = pl.int_range(pl.len())
        at_value = pl.when(values.is_not_null()).then(row)
        is_above_nearer = row - at_value.forward_fill() <= at_value.backward_fill() - row
        filled = pl.when(is_above_nearer).then(above).when(above.is_not_null() & below.is_not_null()).then(below)
        return pl.coalesce(values, filled)
    if dtype.is_temporal():
        moments = values.to_physical().cast(pl.Float64).interpolate().floor().cast(pl.Int64)
        physical = pl.Int32 if dtype == pl.Date() else pl.Int64
        # The known values as they are: the way through floats would round nanoseconds.
        line = pl.coalesce(values, moments.cast(physical).cast(dtype))
    else:
        line = values.cast(pl.Float64).interpolate().cast(dtype if dtype.is_float() else pl.Float64())
    return line.forward_fill() if method == "linear" else line


def _fill_curve(values: pl.Series, method: str, order: int | None) -> pl.Series:
    """:func:`fill_along_curve`, with SciPy's errors as sentences."""
    try:
        return fill_along_curve(values, method, order)
    except (ValueError, np.linalg.LinAlgError) as error:
        if "finite" in str(error):
            raise InvalidValue(f"the method {method} cannot draw a curve through infinite numbers") from None
        raise InvalidValue(f"the method {method} finds no curve through these values") from None


@portable
def fill_along_curve(values: pl.Series, method: str, order: int | None) -> pl.Series:
    """A float column with the gaps below its first value filled along a curve through the values."""
    is_known = values.is_not_null()
    known = is_known.arg_true().to_numpy().astype(np.float64)
    if len(known) in (0, len(values)):
        return values
    gaps = (~is_known).arg_true()
    gaps = gaps.filter(gaps > int(known[0]))
    # Both overflow and a smoothing spline that could not smooth more are left as they are, as in pandas.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        curve = _curve(method, order, known, values.drop_nulls().to_numpy().astype(np.float64))
        rows = gaps.to_numpy().astype(np.float64)
        pieces = [np.asarray(curve(rows[at : at + _CHUNK_GAPS])) for at in range(0, len(rows), _CHUNK_GAPS)]
    return values.scatter(gaps, np.concatenate(pieces)) if pieces else values


def _curve(method: str, order: int | None, known: Floats, values: Floats) -> Curve:
    """SciPy's function from row numbers to values that pandas uses for ``method``."""
    from scipy import interpolate

    if method == "spline":
        spline: Curve = interpolate.UnivariateSpline(known, values, k=order)
        return spline
    if method in ("quadratic", "cubic", "polynomial"):
        kind = order if method == "polynomial" else method
        pieces: Curve = interpolate.interp1d(known, values, kind=kind, bounds_error=False)
        return pieces
    classes = {
        "pchip": interpolate.PchipInterpolator,
        "akima": interpolate.Akima1DInterpolator,
        "cubicspline": interpolate.CubicSpline,
        # Its points are shuffled against overflow; a fixed seed makes the same table give the same table.
        "barycentric": partial(interpolate.BarycentricInterpolator, rng=0),
        "krogh": interpolate.KroghInterpolator,
    }
    found: Curve = classes[method](known, values)
    return found
