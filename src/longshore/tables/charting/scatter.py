"""Scatter charts: points, or how densely they lie where there are many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from longshore.errors import InvalidType
from longshore.tables.charting import style
from longshore.tables.charting.axes import (
    MARGIN,
    Floats,
    Indices,
    Limits,
    Span,
    is_moment,
    is_number,
    is_zoned,
    require_numbers,
    require_one,
)
from longshore.tables.charting.batches import Batches, among, paired
from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.fitting import Fit, fit_line
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.core.table import Column, Table

MAX_POINTS = 5_000
MAX_CELLS = 9_000
"""Cells of all series together; each becomes some 35 bytes of the specification."""


@dataclass(frozen=True)
class Pairs:
    """The x and y columns of a chart.

    :param batches: the x column and then each y column.
    """

    x: Column
    ys: list[Column]
    batches: Batches
    x_limits: Limits
    y_limits: Limits

    @classmethod
    def read(cls, table: Table, parameters: VisualizeParameters) -> Pairs:
        """What the parameters name.

        :raises InvalidRequest, ColumnNotFound, InvalidType: see :func:`~.drawing.visualize`.
        """
        x = table.require_column(require_one(parameters.x_column_index, "xColumnIndex"))
        if not (is_number(x) or is_moment(x)):
            raise InvalidType(f"the x axis needs numbers or dates, but column {x.name!r} holds {x.kind} values")
        ys = require_numbers(table, parameters.y_column_indices, "yColumnIndices")
        x_limits = Limits.read(parameters.axis.x, "x", is_temporal=is_moment(x), is_zoned=is_zoned(x))
        return cls(x, ys, Batches(table, [x, *ys]), x_limits, Limits.read(parameters.axis.y, "y"))

    def points(self) -> Iterator[tuple[int, Floats, Floats]]:
        """The points that have both, batch by batch: number of the series, x, y."""
        for x, *ys in self.batches:
            for series, y in enumerate(ys):
                yield series, *paired(x, y)

    def in_window(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The points within the ends that the client set."""
        if not (self.x_limits.is_set or self.y_limits.is_set):
            return x, y
        return among(self.x_limits.admits(x) & self.y_limits.admits(y), x, y)

    def extents(self) -> list[Extent]:
        """Number and reach of the points in the window, for each series."""
        extents = [Extent() for _ in self.ys]
        with np.errstate(over="ignore", invalid="ignore"):  # the largest floats have no sum
            for series, x, y in self.points():
                extents[series].add(x, y)
                extents[series].reach(*self.in_window(x, y))
        return extents

    def spans(self, extents: list[Extent], margin: float = MARGIN) -> tuple[Span, Span]:
        """The shown parts of both axes."""
        shown = [extent for extent in extents if extent.points]
        x = self.x_limits.over(*_ends([end for e in shown for end in (e.low_x, e.high_x)]), margin)
        y = self.y_limits.over(*_ends([end for e in shown for end in (e.low_y, e.high_y)]), MARGIN)
        return x, y


@dataclass
class Extent:
    """Reach and number of one series' points in the window; sums and number of all of them."""

    low_x: float = math.inf
    high_x: float = -math.inf
    low_y: float = math.inf
    high_y: float = -math.inf
    points: int = 0
    sum_x: float = 0.0
    sum_y: float = 0.0
    all_points: int = 0

    def add(self, x: Floats, y: Floats) -> None:
        """Take in points for the sums."""
        self.sum_x += float(x.sum())
        self.sum_y += float(y.sum())
        self.all_points += len(x)

    def reach(self, x: Floats, y: Floats) -> None:
        """Take in points of the window."""
        if not len(x):
            return
        self.low_x, self.high_x = min(self.low_x, float(x.min())), max(self.high_x, float(x.max()))
        self.low_y, self.high_y = min(self.low_y, float(y.min())), max(self.high_y, float(y.max()))
        self.points += len(x)

    @property
    def means(self) -> tuple[float, float]:
        """Of x and y of all points; 0 without any."""
        number = self.all_points or 1
        return self.sum_x / number, self.sum_y / number


def _ends(values: list[float]) -> tuple[float | None, float | None]:
    return min(values, default=None), max(values, default=None)


def draw_scatter(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Each y column against x with its least-squares line, which goes through all points, not only those shown."""
    pairs = Pairs.read(table, parameters)
    extents = pairs.extents()
    x, y = pairs.spans(extents)
    dense = sum(extent.points for extent in extents) > MAX_POINTS
    grid = max(10, math.isqrt(MAX_CELLS // len(pairs.ys) * 2 // 3))
    cells = (grid * 3 // 2, grid)
    shown, sums = _count(pairs, extents, x, y, cells) if dense else _collect(pairs, extents)
    fits = [_fit(extent, found) for extent, found in zip(extents, sums, strict=True)]
    names = _names(pairs.ys, fits)
    draw = _density if dense else _dots
    data = style.Datasets()
    chart = draw(data, shown, names, x, y, pairs, cells) + _fitted(data, names, fits, x, pairs, y)
    title = f"{style.listed([c.name for c in pairs.ys])} against {style.label(pairs.x.name)}"
    wire = [{"column": c.name, **(fit.to_wire() if fit else {})} for c, fit in zip(pairs.ys, fits, strict=True)]
    return Drawing(style.finish(chart, data, title), {"x": x.to_wire(), "y": y.to_wire()}, {"fits": wire})


Row = tuple[Any, ...]
Sums = np.ndarray[tuple[int], np.dtype[np.float64]]


def _count(
    pairs: Pairs, extents: list[Extent], x: Span, y: Span, cells: tuple[int, int]
) -> tuple[list[list[Row]], list[Sums]]:
    """For each series the cells that hold points, as (column, row, number), and its sums of products."""
    counts = np.zeros((len(extents), cells[0] * cells[1]), np.int64)
    sums = [np.zeros(3) for _ in extents]
    for series, a, b in pairs.points():
        sums[series] += _products(a, b, extents[series])
        a, b = pairs.in_window(a, b)
        a, b = among(x.contains(a) & y.contains(b), a, b)
        flat = x.bin_of(a, cells[0]) * cells[1] + y.bin_of(b, cells[1])
        counts[series] += np.bincount(flat, minlength=counts.shape[1])
    return [_filled(numbers, cells[1]) for numbers in counts], sums


def _filled(counts: Indices, rows: int) -> list[Row]:
    filled = np.flatnonzero(counts)
    return list(zip((filled // rows).tolist(), (filled % rows).tolist(), counts[filled].tolist(), strict=True))


def _collect(pairs: Pairs, extents: list[Extent]) -> tuple[list[list[Row]], list[Sums]]:
    """For each series its points, as (x, y), and its sums of products."""
    shown: list[list[Row]] = [[] for _ in extents]
    sums = [np.zeros(3) for _ in extents]
    for series, x, y in pairs.points():
        sums[series] += _products(x, y, extents[series])
        x, y = pairs.in_window(x, y)
        shown[series] += zip(x.tolist(), y.tolist(), strict=True)
    return shown, sums


def _products(x: Floats, y: Floats, extent: Extent) -> Sums:
    mean_x, mean_y = extent.means
    with np.errstate(over="ignore", invalid="ignore"):  # the largest floats have no squares
        dx, dy = x - mean_x, y - mean_y
        return np.array([(dx * dx).sum(), (dx * dy).sum(), (dy * dy).sum()])


def _fit(extent: Extent, sums: Sums) -> Fit | None:
    return fit_line(extent.all_points, *extent.means, *sums.tolist())


def _names(columns: list[Column], fits: list[Fit | None]) -> list[str]:
    names = style.labels([column.name for column in columns])
    return [f"{name}  ({fit.describe()})" if fit else name for name, fit in zip(names, fits, strict=True)]


def _dots(
    data: style.Datasets,
    shown: list[list[Row]],
    names: list[str],
    x: Span,
    y: Span,
    pairs: Pairs,
    _cells: tuple[int, int],
) -> Any:
    import altair as alt

    rows = [{"s": s, "x": a, "y": b} for s, points in zip(names, shown, strict=True) for a, b in points]
    size, opacity = (90, 0.75) if len(rows) <= 500 else (40, 0.5)
    chart = alt.Chart(data.named(rows)).mark_circle(clip=True, size=size, opacity=opacity)
    return chart.encode(
        x=style.x_axis("x", x, style.label(pairs.x.name)),
        y=style.y_axis("y", y, style.listed([c.name for c in pairs.ys])),
        color=style.color(names, always=True),
    )


def _density(
    data: style.Datasets,
    shown: list[list[Row]],
    names: list[str],
    x: Span,
    y: Span,
    pairs: Pairs,
    cells: tuple[int, int],
) -> Any:
    import altair as alt

    rows = [{"s": s, "i": i, "j": j, "n": n} for s, filled in zip(names, shown, strict=True) for i, j, n in filled]
    most = max((row["n"] for row in rows), default=1)
    scale = alt.Scale(type="log", domain=[1, max(most, 2)], range=[0.12, 1])
    chart = alt.Chart(data.named(rows)).mark_rect(clip=True)
    for field, place, span, number in (("x", "i", x, cells[0]), ("y", "j", y, cells[1])):
        step = (span.high - span.low) / number
        chart = chart.transform_calculate(
            **{
                f"{field}1": f"{span.low!r} + datum.{place} * {step!r}",
                f"{field}2": f"{span.low!r} + (datum.{place} + 1) * {step!r}",
            }
        )
    return chart.encode(
        x=style.x_axis("x1", x, style.label(pairs.x.name)),
        x2="x2",
        y=style.y_axis("y1", y, style.listed([c.name for c in pairs.ys])),
        y2="y2",
        color=style.color(names, always=True),
        opacity=alt.Opacity("n:Q", scale=scale, legend=alt.Legend(title="Points per cell", format="~s", columns=8)),
    )


def _fitted(data: style.Datasets, names: list[str], fits: list[Fit | None], x: Span, pairs: Pairs, y: Span) -> Any:
    import altair as alt

    rows = [
        {"s": name, "x": at, "y": fit.at(at)}
        for name, fit in zip(names, fits, strict=True)
        if fit is not None
        for at in x.domain
    ]
    single = len(names) == 1
    own: dict[str, Any] = {"color": style.PALETTE[1]} if single else {}
    chart = alt.Chart(data.named(rows)).mark_line(clip=True, strokeWidth=3, **own)
    encoded = chart.encode(
        x=style.x_axis("x", x, style.label(pairs.x.name)),
        y=style.y_axis("y", y, style.listed([c.name for c in pairs.ys])),
    )
    return encoded.encode(detail="s:N") if single else encoded.encode(color=style.color(names, always=True))
