"""Scatter charts: points, or how densely they lie where there are many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from longshore.errors import InvalidType
from longshore.tables.charting import style
from longshore.tables.charting.axes import (
    MARGIN,
    Limits,
    Span,
    X,
    Y,
    is_moment,
    is_number,
    placed,
    require_numbers,
    require_one,
)
from longshore.tables.charting.drawing import Drawing
from longshore.tables.charting.fitting import Fit, fit_line
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.table import Column, Table

MOST_POINTS = 5_000
MOST_CELLS = 9_000
"""Cells of all series together; each becomes some 35 bytes of the specification."""


@dataclass(frozen=True)
class Pairs:
    """The x and y columns of a chart.

    :param frames: for each y column the points (:data:`X`, :data:`Y`) that have both.
    """

    x: Column
    ys: list[Column]
    frames: list[pl.LazyFrame]
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
        x_limits = Limits.read(parameters.axis.x, "x", is_temporal=is_moment(x))
        return cls(x, ys, [_points(table, x, y) for y in ys], x_limits, Limits.read(parameters.axis.y, "y"))

    @property
    def window(self) -> pl.Expr:
        """Which points lie within the ends that the client set."""
        return self.x_limits.admits(pl.col(X)) & self.y_limits.admits(pl.col(Y))

    def extents(self) -> list[Extent]:
        """Number and reach of the points in the window, for each series."""
        x, y = pl.col(X).filter(self.window), pl.col(Y).filter(self.window)
        shown = {"low_x": x.min(), "high_x": x.max(), "low_y": y.min(), "high_y": y.max(), "points": x.len()}
        means = {"mean_x": pl.col(X).mean(), "mean_y": pl.col(Y).mean(), "all_points": pl.len()}
        rows = pl.collect_all([frame.select(**shown, **means) for frame in self.frames], engine="streaming")
        return [Extent(**row.row(0, named=True)) for row in rows]

    def spans(self, extents: list[Extent], margin: float = MARGIN) -> tuple[Span, Span]:
        """The shown parts of both axes."""
        x = self.x_limits.over(_least(e.low_x for e in extents), _most(e.high_x for e in extents), margin)
        y = self.y_limits.over(_least(e.low_y for e in extents), _most(e.high_y for e in extents), MARGIN)
        return x, y


@dataclass(frozen=True)
class Extent:
    """Reach and number of one series' points in the window; means and number of all of them."""

    low_x: float | None
    high_x: float | None
    low_y: float | None
    high_y: float | None
    points: int
    mean_x: float | None
    mean_y: float | None
    all_points: int


def _least(values: Any) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: Any) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _points(table: Table, x: Column, y: Column) -> pl.LazyFrame:
    frame = table.scan(dict.fromkeys([x.name, y.name]))
    return frame.select(placed(x).alias(X), placed(y).alias(Y)).drop_nulls()


def draw_scatter(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Each y column against x with its least-squares line, which goes through all points, not only those shown."""
    pairs = Pairs.read(table, parameters)
    extents = pairs.extents()
    x, y = pairs.spans(extents)
    dense = sum(extent.points for extent in extents) > MOST_POINTS
    grid = max(10, math.isqrt(MOST_CELLS // len(pairs.ys) * 2 // 3))
    cells = (grid * 3 // 2, grid)
    shown = [_cells(pairs, frame, x, y, cells) if dense else frame.filter(pairs.window) for frame in pairs.frames]
    sums = [_sums(frame, extent) for frame, extent in zip(pairs.frames, extents, strict=True)]
    found = pl.collect_all([*shown, *sums], engine="streaming")
    fits = [_fit(extent, row.row(0)) for extent, row in zip(extents, found[len(shown) :], strict=True)]
    names = _names(pairs.ys, fits)
    draw = _density if dense else _dots
    chart = draw(found[: len(shown)], names, x, y, pairs, cells) + _fitted(names, fits, x, pairs, y)
    title = f"{style.listed([c.name for c in pairs.ys])} against {style.label(pairs.x.name)}"
    wire = [{"column": c.name, **(fit.to_wire() if fit else {})} for c, fit in zip(pairs.ys, fits, strict=True)]
    return Drawing(style.finish(chart, title), {"x": x.to_wire(), "y": y.to_wire()}, {"fits": wire})


def _cells(pairs: Pairs, frame: pl.LazyFrame, x: Span, y: Span, cells: tuple[int, int]) -> pl.LazyFrame:
    places = [x.bin_of(pl.col(X), cells[0]).alias("i"), y.bin_of(pl.col(Y), cells[1]).alias("j")]
    inside = frame.filter(pairs.window & x.contains(pl.col(X)) & y.contains(pl.col(Y)))
    return inside.group_by(places).agg(pl.len().alias("n"))


def _sums(frame: pl.LazyFrame, extent: Extent) -> pl.LazyFrame:
    x, y = pl.col(X) - (extent.mean_x or 0.0), pl.col(Y) - (extent.mean_y or 0.0)
    return frame.select((x * x).sum().alias("xx"), (x * y).sum().alias("xy"), (y * y).sum().alias("yy"))


def _fit(extent: Extent, sums: tuple[float, float, float]) -> Fit | None:
    if extent.mean_x is None or extent.mean_y is None:
        return None
    return fit_line(extent.all_points, extent.mean_x, extent.mean_y, *sums)


def _names(columns: list[Column], fits: list[Fit | None]) -> list[str]:
    names = style.labels([column.name for column in columns])
    return [f"{name}  ({fit.describe()})" if fit else name for name, fit in zip(names, fits, strict=True)]


def _dots(frames: list[pl.DataFrame], names: list[str], x: Span, y: Span, pairs: Pairs, _cells: tuple[int, int]) -> Any:
    import altair as alt

    rows = [{"s": s, "x": a, "y": b} for s, frame in zip(names, frames, strict=True) for a, b in frame.iter_rows()]
    size, opacity = (90, 0.75) if len(rows) <= 500 else (40, 0.5)
    chart = alt.Chart(style.data(rows)).mark_circle(clip=True, size=size, opacity=opacity)
    return chart.encode(
        x=style.x_axis("x", x, style.label(pairs.x.name)),
        y=style.y_axis("y", y, style.listed([c.name for c in pairs.ys])),
        color=style.color(names, always=True),
    )


def _density(
    frames: list[pl.DataFrame], names: list[str], x: Span, y: Span, pairs: Pairs, cells: tuple[int, int]
) -> Any:
    import altair as alt

    rows = [
        {"s": s, "i": i, "j": j, "n": n}
        for s, frame in zip(names, frames, strict=True)
        for i, j, n in frame.iter_rows()
    ]
    most = max((row["n"] for row in rows), default=1)
    scale = alt.Scale(type="log", domain=[1, max(most, 2)], range=[0.12, 1])
    chart = alt.Chart(style.data(rows)).mark_rect(clip=True)
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


def _fitted(names: list[str], fits: list[Fit | None], x: Span, pairs: Pairs, y: Span) -> Any:
    import altair as alt

    rows = [
        {"s": name, "x": at, "y": fit.at(at)}
        for name, fit in zip(names, fits, strict=True)
        if fit is not None
        for at in x.domain
    ]
    single = len(names) == 1
    own: dict[str, Any] = {"color": style.PALETTE[1]} if single else {}
    chart = alt.Chart(style.data(rows)).mark_line(clip=True, strokeWidth=3, **own)
    encoded = chart.encode(
        x=style.x_axis("x", x, style.label(pairs.x.name)),
        y=style.y_axis("y", y, style.listed([c.name for c in pairs.ys])),
    )
    return encoded.encode(detail="s:N") if single else encoded.encode(color=style.color(names, always=True))
