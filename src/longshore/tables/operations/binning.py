"""Sorting numbers into intervals, as ``pandas.cut`` and ``pandas.qcut`` do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, StrictInt, StrictStr

from longshore.errors import InvalidValue, TooLarge, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col, mapped
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import NUMBERS, About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, counted, operation
from longshore.tables.operations.facts import Intervals
from longshore.tables.operations.scaling import extremes, require_numbers

MAX_BINS = 1_000
"""Intervals that a column may be sorted into."""
PRECISION = 3
"""Digits that labels show, more only where neighbouring edges would look the same; pandas' default."""

Number = int | float
Edges = npt.NDArray[np.float64] | npt.NDArray[np.int64]


class DiscretizeParameters(OneColumn):
    """Which column, and how its intervals are chosen."""

    cut_mode: Literal["discretization", "quantiling"] = Field(
        description="discretization makes intervals of equal width, quantiling intervals with equally many values",
        json_schema_extra=shown(
            "Intervals",
            choices={"discretization": "of equal width", "quantiling": "of equal count"},
            start="discretization",
        ),
    )
    number_of_bins: StrictInt | StrictStr = Field(
        description="how many intervals; or their edges (for quantiling: quantiles from 0 to 1), separated by commas, "
        "such as 0,10,20",
        json_schema_extra=shown("How many", "Or their edges, such as 0,10,20.", start=5),
    )

    def bins(self) -> int | list[Number]:
        """The number of intervals, or the edges or quantiles that were given.

        :raises InvalidValue: for text that is neither, fewer than one interval or decreasing edges.
        :raises TooLarge: for too many.
        """
        given = self.number_of_bins
        if isinstance(given, int):
            return _refuse_count(given)
        numbers = [_number(text) for text in given.split(",")]
        if len(numbers) == 1:
            return _refuse_count(numbers[0])
        _refuse_count(len(numbers) - 1)
        if any(right < left for left, right in pairwise(numbers)):
            raise InvalidValue("numberOfBins: edges must not decrease")
        if self.cut_mode == "quantiling" and (numbers[0] < 0 or numbers[-1] > 1):
            raise InvalidValue("numberOfBins: quantiles lie between 0 and 1")
        return numbers


@operation
class Discretize(Operation[Intervals]):
    """Replace numbers by the interval they fall into, of equal widths or with equally many values.

    Intervals are open on the left and closed on the right, and labelled as pandas writes them. Values outside
    all intervals become missing. The lowest of equal widths begins 0.1 % of the range below the least value.
    """

    name = "discretize"
    about = About(
        "Put into intervals",
        "Numbers and dates",
        5,
        ("The {values} of {column} become ranges",),
        "bins cut quantile",
        Fits(columns="one", kinds=NUMBERS),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Minutes", "cutMode": "discretization", "numberOfBins": 3}
    parameters: DiscretizeParameters

    def fit(self, table: Table) -> Intervals:
        """The edges, the labels of the intervals between them, and whether the lowest edge itself is in."""
        column = require_numbers(self.parameters.find(table))
        bins = self.parameters.bins()
        is_quantiling = self.parameters.cut_mode == "quantiling"
        if is_quantiling:
            edges = _quantiles(table, column, bins)
        elif isinstance(bins, int):
            edges = _equal_widths(table, column, bins)
        else:
            edges = np.array(bins)
        if len(edges) > 2 and len(set(edges.tolist())) < len(edges):
            hint = "; many values are the same, so try fewer" if is_quantiling else ""
            raise InvalidValue(f"some of the edges of column {column.name!r} are the same{hint}")
        labels = interval_labels(edges, include_lowest=is_quantiling)
        return {"edges": edges.tolist(), "labels": labels, "includeLowest": is_quantiling}

    def transform(self, table: Table, facts: Intervals) -> Change:
        """The labels in place of the numbers."""
        column = require_numbers(self.parameters.find(table))
        values = col(column.name)
        if not (column.dtype == pl.Int64() or column.dtype == pl.Float64()):
            values = values.cast(pl.Float64)
        label = partial(
            _label, edges=np.array(facts["edges"]), labels=facts["labels"], include_lowest=facts["includeLowest"]
        )
        labelled = mapped(values, label, pl.String())
        return Change.of(table, {column.name: labelled})

    def code(self, table: Table, facts: Intervals) -> Code:
        """``bin_intervals`` at the inner edges; what lies outside of the outer ones is missing."""
        column = self.parameters.find(table)
        edges, labels, values = facts["edges"], facts["labels"], write.column(column.name)
        if not (column.dtype == pl.Int64() or column.dtype == pl.Float64()):
            values += ".cast(pl.Float64)"
        closed = '"both"' if facts["includeLowest"] else '"right"'
        inside = f"{values}.is_between({write.plain(edges[0])}, {write.plain(edges[-1])}, closed={closed})"
        label = f"pl.lit({write.plain(labels[0])})"
        if len(labels) > 1:
            inner = f"{write.listed(edges[1:-1])}, labels={write.listed(labels)}, right_closed=True"
            label = f"{values}.bin_intervals({inner}).cast(pl.String)"
        return Code.replacing(
            f"pl.when({inside}).then({label}).alias({write.quote(column.name)})",
            note="The edges were learnt from the data." if "," not in str(self.parameters.number_of_bins) else "",
        )

    def report(self, before: Table, after: Table, facts: Intervals) -> Report:
        """How many intervals there are, and how many values lie outside."""
        column, now = self.parameters.find(before), self.parameters.find(after)
        outside = now.missing - column.missing
        rest = f"; {counted(outside, 'value')} outside of them became missing" if outside else ""
        sentence = f"Sorted {column.name} into {counted(len(facts['labels']), 'interval')}{rest}"
        return Report(sentence, {"labels": facts["labels"], "invalidated": outside})


def _number(text: str) -> Number:
    """A whole number where it is written as one and fits 64 bits: pandas labels whole edges without fractions."""
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidValue(f"numberOfBins: {shorten(text.strip())!r} is not a number")
    return int(text) if abs(number) < 2**63 and text.strip().lstrip("+-").isdigit() else number


def _refuse_count(count: Number) -> int:
    if not isinstance(count, int) or count < 1:
        raise InvalidValue("numberOfBins: give a whole number from 1, or at least two edges separated by commas")
    if count > MAX_BINS:
        raise TooLarge(f"numberOfBins: at most {MAX_BINS:,} intervals")
    return count


def _equal_widths(table: Table, column: Column, bins: int) -> Edges:
    """Edges of as many equal intervals, as ``pandas.cut`` places them."""
    low, high = extremes(table, column)
    if low is None or high is None:
        raise InvalidValue(f"column {column.name!r} has no values to cut")
    if not math.isfinite(float(high) - float(low)):
        raise InvalidValue(f"the values of column {column.name!r} are too far apart to cut")
    if low == high:
        low -= 0.001 * abs(low) if low != 0 else 0.001
        high += 0.001 * abs(high) if high != 0 else 0.001
        return np.linspace(low, high, bins + 1)
    edges = np.linspace(low, high, bins + 1)
    edges[0] -= (high - low) * 0.001
    return edges


def _quantiles(table: Table, column: Column, bins: int | Sequence[Number]) -> Edges:
    """The values at the quantiles, linear between neighbours; to the last bit what ``Series.quantile`` gives.

    A rounding otherwise would put values that lie on an edge into the next interval.
    """
    known = table.rows - column.missing
    if known == 0:
        raise InvalidValue(f"column {column.name!r} has no values to cut")
    if isinstance(bins, int):
        shares = np.linspace(0, 1, bins + 1)
        # As pandas.qcut: a share that was rounded down would miss the value it stands for.
        shares = np.where(bins * shares != np.arange(bins + 1), np.nextafter(shares, 1), shares)
    else:
        shares = np.asarray(bins, dtype=np.float64)
    places = (known - 1) * shares
    below = np.clip(np.floor(places), 0, known - 1)
    above = np.minimum(below + 1, known - 1)
    share = places - below
    ordered = col(column.name).cast(pl.Float64).drop_nulls().sort()
    wanted = [ordered.gather(pl.Series(at.astype(np.int64))).alias(name) for name, at in (("a", below), ("b", above))]
    found = table.scan([column.name]).select(wanted).collect()
    a, b = found["a"].to_numpy(), found["b"].to_numpy()
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InvalidValue(f"column {column.name!r} holds infinite numbers at an edge")
    with np.errstate(over="ignore", invalid="ignore"):
        step = b - a
        edges: Edges = np.where(share >= 0.5, b - step * (1 - share), a + step * share)
    if not np.isfinite(edges).all():
        raise InvalidValue(f"the values of column {column.name!r} are too far apart to cut")
    return edges


def interval_labels(edges: Edges, *, include_lowest: bool) -> list[str]:
    """Labels of the intervals between neighbouring edges, as pandas' ``IntervalIndex`` writes them.

    >>> interval_labels(np.array([0, 10, 20]), include_lowest=False)
    ['(0, 10]', '(10, 20]']
    >>> interval_labels(np.array([1.0, 2.5, 1000.12345]), include_lowest=True)
    ['(0.999, 2.5]', '(2.5, 1000.123]']

    :param include_lowest: the lowest interval holds its left edge too, which is shown a little lower.
    :raises InvalidValue: for edges that cannot be told apart when written.
    """
    precision = next((p for p in range(PRECISION, 20) if len(set(_rounded(edges, p))) == len(set(edges))), PRECISION)
    breaks = _rounded(edges, precision)
    if include_lowest:
        breaks[0] = breaks[0] - 10 ** (-precision)
    labels = [f"({left}, {right}]" for left, right in pairwise(breaks)]
    if not np.isfinite(breaks).all() or len(set(labels)) < len(labels):
        raise InvalidValue("the edges of the intervals are too close to 0 or to each other for labels")
    return labels


def _rounded(edges: Edges, precision: int) -> list[Any]:
    """Each edge with so many decimals; below 1, so many digits after the leading zeros."""
    rounded = []
    for edge in edges:
        fraction, whole = np.modf(edge)
        digits = precision
        if whole == 0 and fraction != 0:
            digits = -int(np.floor(np.log10(abs(fraction)))) - 1 + precision
        with np.errstate(all="ignore"):  # around() multiplies by a power of ten
            rounded.append(np.around(edge, digits))
    return rounded


def _label(values: pl.Series, edges: Edges, labels: Sequence[str], *, include_lowest: bool) -> pl.Series:
    numbers = values.to_numpy()
    places = np.searchsorted(edges, numbers, side="left")  # NaN, which stands for missing, sorts behind the last edge
    if include_lowest:
        places[numbers == edges[0]] = 1
    outside = [None]
    texts = pl.Series(values.name, [*outside, *labels, *outside], dtype=pl.String)
    return texts.gather(pl.Series(places))
