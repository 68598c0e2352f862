"""Box plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.charting import style
from longshore.tables.charting.axes import FARTHEST, MARGIN, Limits, Span, require_numbers
from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.core.table import Column, Table
from longshore.tables.profiling.analysis import count
from longshore.tables.profiling.tally import SortedTally

OUTLIERS = 200
"""Distinct outliers drawn for each box at most, evenly chosen, the farthest among them."""
REACH = 1.5


@dataclass(frozen=True)
class Box:
    """Tukey's five numbers: the whiskers end at the farthest values within 1.5 times the box's height."""

    low: float
    first: float
    median: float
    third: float
    high: float
    outliers: list[float]


def measure(table: Table, column: Column) -> Box | None:
    """The box of a number column; None without values."""
    tally = count(table, column).tally
    assert isinstance(tally, SortedTally)  # noqa: S101 - only texts are hashed
    floats = tally.values.cast(pl.Float64)
    drawn = floats.abs() <= FARTHEST
    tally = SortedTally(floats.filter(drawn), tally.counts[drawn.to_numpy()])
    if not tally.total:
        return None
    first, median, third = (float(tally.quantile(portion)) for portion in (0.25, 0.5, 0.75))
    values = tally.values.to_numpy()
    reach = REACH * (third - first)
    inside = (values >= first - reach) & (values <= third + reach)
    whiskers = values[inside] if inside.any() else values
    outside = values[~inside]
    chosen = outside[np.unique(np.linspace(0, len(outside) - 1, min(OUTLIERS, len(outside))).astype(int))]
    # A quartile between two values may lie beyond every value within reach.
    low, high = min(float(whiskers[0]), first), max(float(whiskers[-1]), third)
    return Box(low, first, median, third, high, chosen.tolist())


def draw_boxes(table: Table, parameters: VisualizeParameters) -> Drawing:
    """One box for each number column."""
    columns = require_numbers(table, parameters.column_indices, "columnIndices")
    limits = Limits.read(parameters.axis.y, "y")
    boxes = [measure(table, column) for column in columns]
    ends = [end for box in boxes if box for end in (box.low, box.high, *box.outliers)]
    span = limits.over(min(ends, default=None), max(ends, default=None), MARGIN)
    names = style.labels([column.name for column in columns])
    found = [(name, box) for name, box in zip(names, boxes, strict=True) if box]
    data = style.Datasets()
    title = f"Spread of {style.listed([column.name for column in columns])}"
    return Drawing(style.finish(_layers(data, found, names, span), data, title), {"x": None, "y": span.to_wire()})


def _layers(data: style.Datasets, boxes: list[tuple[str, Box]], names: list[str], span: Span) -> Any:
    import altair as alt

    fields = ("low", "first", "median", "third", "high")
    rows = [{"s": name, **{field: getattr(box, field) for field in fields}} for name, box in boxes]
    points = [{"s": name, "y": value} for name, box in boxes for value in box.outliers]
    axis = alt.Axis(title=None, labelAngle=0 if len(names) <= 4 else -30, labelLimit=220, grid=False)
    x = alt.X("s:N", sort=None, scale=alt.Scale(domain=names, paddingInner=0.4, paddingOuter=0.3), axis=axis)
    title = names[0] if len(names) == 1 else "Value"
    base = alt.Chart(data.named(rows)).encode(x=x, color=_one_colour(names))
    size = max(20, 500 // (len(names) + 1))

    def up(field: str) -> Any:
        return style.y_axis(field, span, title)

    return alt.layer(
        base.mark_rule(clip=True, strokeWidth=2).encode(y=up("low"), y2="high:Q"),
        base.mark_tick(clip=True, thickness=2, size=size // 2).encode(y=up("low")),
        base.mark_tick(clip=True, thickness=2, size=size // 2).encode(y=up("high")),
        base.mark_bar(clip=True, size=size, opacity=1).encode(y=up("first"), y2="third:Q"),
        base.mark_tick(clip=True, thickness=4, size=size, color="white").encode(
            y=up("median"), color=alt.value("white")
        ),
        alt.Chart(data.named(points))
        .mark_point(clip=True, size=45, opacity=0.6, strokeWidth=1.5)
        .encode(x=x, y=up("y"), color=_one_colour(names)),
    )


def _one_colour(names: list[str]) -> Any:
    import altair as alt

    return alt.Color("s:N", scale=alt.Scale(domain=names, range=list(style.PALETTE[: len(names)])), legend=None)
