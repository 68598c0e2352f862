"""Histograms, and the most frequent values or words."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from longshore.errors import InvalidType
from longshore.tables import dtypes
from longshore.tables.charting import style
from longshore.tables.charting.axes import Limits, Span, placed, require_numbers, require_one
from longshore.tables.charting.drawing import Drawing
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.profiling.analysis import count
from longshore.tables.profiling.tally import rank
from longshore.tables.profiling.words import word_tally
from longshore.tables.table import Column, Table
from longshore.tables.viewing.json_ready import to_values

SEPARATE_BARS = 100
"""Up to so many bars have a gap between them."""


def draw_histogram(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Number columns in bins of equal width, as :func:`numpy.histogram` counts them; several lie over each other."""
    indices = parameters.column_indices or ([parameters.column_index] if parameters.column_index is not None else None)
    columns = require_numbers(table, indices, "columnIndices")
    limits = Limits.read(parameters.axis.x, "x")
    counts_limits = Limits.read(parameters.axis.y, "y")
    frame = table.scan([c.name for c in columns]).select(placed(c).alias(str(i)) for i, c in enumerate(columns))
    span = limits.over(*_extent(frame, len(columns), limits))
    bins = parameters.number_of_bins
    counts = _count(frame, len(columns), span, bins)
    edges = np.linspace(span.low, span.high, bins + 1).tolist()
    names = style.labels([column.name for column in columns])
    rows = [
        {"s": name, "a": edges[at], "b": edges[at + 1], "n": number}
        for name, numbers in zip(names, counts, strict=True)
        for at, number in enumerate(numbers)
        if number
    ]
    highest = max((row["n"] for row in rows), default=0)
    counts_span = counts_limits.over(0.0, float(highest) * 1.04 or 1.0)
    return Drawing(
        style.finish(_bars(rows, names, span, counts_span, bins), f"Distribution of {style.listed(names)}"),
        {"x": span.to_wire(), "y": counts_span.to_wire()},
    )


def _extent(frame: pl.LazyFrame, width: int, limits: Limits) -> tuple[float | None, float | None]:
    values = [pl.col(str(index)) for index in range(width)]
    shown = [value.filter(limits.admits(value)) for value in values]
    row = frame.select(
        pl.min_horizontal(v.min() for v in shown).alias("low"), high=pl.max_horizontal(v.max() for v in shown)
    )
    low, high = row.collect(engine="streaming").row(0)
    return low, high


def _count(frame: pl.LazyFrame, width: int, span: Span, bins: int) -> list[list[int]]:
    queries = []
    for index in range(width):
        values = pl.col(str(index))
        step = (span.high / 2 - span.low / 2) / bins * 2
        at = span.bin_of(values, bins)
        # As numpy does: a division may round to the wrong side of an edge.
        at = at - (values < span.low + at * step).cast(pl.Int64)
        at = at + ((values >= span.low + (at + 1) * step) & (at < bins - 1)).cast(pl.Int64)
        queries.append(frame.filter(span.contains(values)).group_by(at.clip(0, bins - 1).alias("i")).agg(pl.len()))
    counts = []
    for found in pl.collect_all(queries, engine="streaming"):
        numbers = [0] * bins
        for at_bin, number in found.iter_rows():
            numbers[at_bin] = number
        counts.append(numbers)
    return counts


def _bars(rows: list[dict[str, Any]], names: list[str], span: Span, counts: Span, bins: int) -> Any:
    import altair as alt

    gap: dict[str, Any] = {"stroke": "white", "strokeWidth": 1} if bins <= SEPARATE_BARS else {}
    opacity = 0.9 if len(names) == 1 else 0.5
    chart = alt.Chart(style.data(rows)).mark_rect(clip=True, opacity=opacity, **gap)
    return chart.encode(
        x=style.x_axis("a", span, style.listed(names)),
        x2="b:Q",
        y=style.y_axis("n", counts, "Number of rows"),
        y2=alt.datum(max(0.0, counts.low)),
        color=style.color(names),
    )


def draw_frequencies(table: Table, parameters: VisualizeParameters) -> Drawing:
    """The most frequent values of a column, or words of a text column."""
    column = table.require_column(require_one(parameters.column_index, "columnIndex"))
    if parameters.use_words and not dtypes.is_text(column.dtype):
        raise InvalidType(f"only text has words, but column {column.name!r} holds {column.kind} values")
    limits = Limits.read(parameters.axis.x, "x")
    shown, counts = _most_frequent(table, column, parameters)
    span = limits.over(0.0, max(counts, default=0) * 1.02 or 1.0)
    rows = [{"v": name, "n": number} for name, number in zip(style.labels(shown), counts, strict=True)]
    what = "words" if parameters.use_words else "values"
    title = f"Most frequent {what} of {style.label(column.name)}"
    return Drawing(style.finish(_ranked(rows, span, style.label(column.name)), title), {"x": span.to_wire(), "y": None})


def _most_frequent(table: Table, column: Column, parameters: VisualizeParameters) -> tuple[list[str], list[int]]:
    counted = count(table, column)
    tally = counted.tally
    if parameters.use_words:
        tally = word_tally(counted.frame, tally, counted.facts.size_bytes)
    ranking = rank(tally, parameters.cutoff)
    values = to_values(ranking.values)
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values], ranking.counts


def _ranked(rows: list[dict[str, Any]], span: Span, title: str) -> Any:
    import altair as alt

    size = 16 if len(rows) <= 30 else 13
    axis = alt.Axis(title=title, labelFontSize=size, ticks=False, grid=False, labelOverlap=False)
    scale = alt.Scale(paddingInner=0.2, paddingOuter=0.2)
    chart = alt.Chart(style.data(rows)).mark_bar(clip=True, color=style.PALETTE[0], opacity=0.9)
    return chart.encode(
        x=style.x_axis("n", span, "Number of occurrences"),
        x2=alt.datum(max(0.0, span.low)),
        y=alt.Y("v:N", sort=None, axis=axis, scale=scale),
    )
