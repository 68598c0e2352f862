"""Correlation matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from longshore.errors import InvalidType
from longshore.tables.charting import style
from longshore.tables.charting.axes import is_number, require_numbers
from longshore.tables.charting.batches import Batches
from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.parameters import MAX_CORRELATED, VisualizeParameters
from longshore.tables.core.table import Column, Table

MIN_LEFT = 1e-3
"""With a smaller share of a sum of squares left, the sums are made again, about the means."""
_COLOURS = ("#B35806", "#F1A340", "#FEE0B6", "#F7F7F7", "#D1E5F0", "#67A9CF", "#2166AC")
"""From -1 over 0 to 1; orange and blue are told apart with every kind of colour vision (ColorBrewer)."""


def correlate(table: Table, columns: list[Column]) -> list[list[float | None]]:
    """Pearson's r of every pair, each over the rows that have both, as pandas' ``DataFrame.corr``.

    None below two common rows and for constant columns. Sums of products come from matrix products over batches.
    """
    batches = Batches(table, columns)
    with np.errstate(over="ignore", invalid="ignore"):  # the largest floats have no sum and no squares
        sums = _sum(batches, len(columns), Guess(len(columns)).apply)
        if not _are_precise(*sums):
            means, widths = _standards(batches, len(columns))
            sums = _sum(batches, len(columns), lambda values: (values - means) / widths)
    return _coefficients(*sums)


def _sum(batches: Batches, columns: int, standardise: Callable[[Any], Any]) -> Any:
    sums = np.zeros((6, columns, columns))
    for batch in batches:
        sums += _products(standardise(np.stack(batch)))
    return sums


def _are_precise(n: Any, x: Any, y: Any, xx: Any, yy: Any, xy: Any) -> bool:
    """Whether subtracting the means from the sums of squares costs at most some three digits of sixteen."""
    lost = (xx - x * x / np.maximum(n, 1.0) < MIN_LEFT * xx) | (yy - y * y / np.maximum(n, 1.0) < MIN_LEFT * yy)
    return bool(np.isfinite(xx + yy + xy).all() and not lost.any())


class Guess:
    """Centres and widths of columns from the first batch that has values of them, which saves a scan."""

    def __init__(self, columns: int) -> None:
        self._means, self._widths = np.zeros((columns, 1)), np.zeros((columns, 1))

    def apply(self, values: Any) -> Any:
        """The standardised values, columns x rows."""
        for index in np.flatnonzero(self._widths == 0.0):
            present = values[index][~np.isnan(values[index])]
            if len(present):
                mean, width = present.mean(), present.max() - present.min()
                self._means[index] = mean if np.isfinite(mean) else 0.0
                self._widths[index] = width if 0 < width < np.inf else 1.0
        return (values - self._means) * (1.0 / np.where(self._widths, self._widths, 1.0))


def _standards(batches: Batches, columns: int) -> tuple[Any, Any]:
    """Means and widths of the columns, each upright, to keep the sums small; any values would do."""
    sums, numbers = np.zeros(columns), np.zeros(columns)
    lows, highs = np.full(columns, np.inf), np.full(columns, -np.inf)
    for batch in batches:
        for index, values in enumerate(batch):
            present = values[~missing] if (missing := np.isnan(values)).any() else values
            sums[index] += present.sum()
            numbers[index] += len(present)
            lows[index] = present.min(initial=lows[index])
            highs[index] = present.max(initial=highs[index])
    means, widths = sums / np.maximum(numbers, 1.0), highs - lows
    means, widths = np.where(np.isfinite(means), means, 0.0), np.where(np.isfinite(widths) & (widths > 0), widths, 1.0)
    return means[:, None], widths[:, None]


def _products(values: Any) -> Any:
    """Sums over the rows that have both columns of a pair: their number, x, y, x squared, y squared, x times y.

    :param values: columns x rows.
    """
    present = values == values
    mask = present.astype(np.float64)
    if not present.all():
        values = np.where(present, values, 0.0)
    x, xx = values @ mask.T, (values * values) @ mask.T
    return np.stack([mask @ mask.T, x, x.T, xx, xx.T, values @ values.T])


def _coefficients(n: Any, x: Any, y: Any, xx: Any, yy: Any, xy: Any) -> list[list[float | None]]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread_x, spread_y = xx - x * x / n, yy - y * y / n
        found = (xy - x * y / n) / (np.sqrt(spread_x) * np.sqrt(spread_y))
    # What is left of a constant column's spread are rounding errors.
    known = (n > 1) & (spread_x > 1e-12 * xx) & (spread_y > 1e-12 * yy) & np.isfinite(found)
    clipped = np.clip(np.where(known, found, 0.0), -1.0, 1.0)
    return [[float(r) if k else None for r, k in zip(*row, strict=True)] for row in zip(clipped, known, strict=True)]


def draw_correlation(table: Table, parameters: VisualizeParameters) -> Drawing:
    """All number columns, or those that are named, against each other."""
    indices: Sequence[int | str] | None = parameters.column_indices
    if indices is None:
        indices = [column.name for column in table.columns if is_number(column)][:MAX_CORRELATED]
        if not indices:
            raise InvalidType("a correlation needs numbers, but no column of this table holds any")
    columns = require_numbers(table, indices, "columnIndices", MAX_CORRELATED)
    found = correlate(table, columns)
    names = style.labels([column.name for column in columns])
    rows = [
        {"a": a, "b": b, "r": None if r is None else round(r, 4)}
        for b, line in zip(names, found, strict=True)
        for a, r in zip(names, line, strict=True)
    ]
    data = style.Datasets()
    spec = style.finish(
        _heat(data, rows, names), data, "Correlation", "Pearson's r over the rows that have both values"
    )
    wire = {"columns": [column.name for column in columns], "r": found}
    return Drawing(spec, {"x": None, "y": None}, {"correlation": wire})


def _heat(data: style.Datasets, rows: list[dict[str, Any]], names: list[str]) -> Any:
    import altair as alt

    size = 18 if len(names) <= 8 else 15 if len(names) <= 16 else 10
    axis: dict[str, Any] = {
        "title": None,
        "grid": False,
        "ticks": False,
        "domain": False,
        "labelFontSize": min(size, 16),
    }
    scale = alt.Scale(domain=[-1, 1], range=list(_COLOURS), interpolate="rgb")
    base = alt.Chart(data.named(rows)).encode(
        x=alt.X("a:N", sort=names, axis=alt.Axis(labelAngle=-40, labelLimit=220, labelOverlap=False, **axis)),
        y=alt.Y("b:N", sort=names, axis=alt.Axis(labelOverlap=False, **axis)),
    )
    legend = alt.Legend(title="r", orient="right", direction="vertical", gradientLength=300)
    # Where there is no coefficient the ground shows.
    ground = base.mark_rect(color="#DDDDDD", stroke="white", strokeWidth=2).transform_filter("!isValid(datum.r)")
    cells = ground + base.mark_rect(stroke="white", strokeWidth=2).transform_filter("isValid(datum.r)").encode(
        color=alt.Color("r:Q", scale=scale, legend=legend)
    )
    if len(names) > 24:
        return cells
    strong = alt.condition("abs(datum.r) > 0.75", alt.value("white"), alt.value("#222222"))
    text = base.mark_text(fontSize=size).encode(text=alt.Text("r:Q", format=".2f"), color=strong)
    return cells + text.transform_filter("isValid(datum.r)")
