"""Histograms, and the most frequent values or words."""

from __future__ import annotations

from typing import Any

import numpy as np

from longshore.errors import InvalidType
from longshore.tables.charting import style
from longshore.tables.charting.axes import Floats, Indices, Limits, Span, require_numbers, require_one
from longshore.tables.charting.batches import Batches
from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.parameters import MAX_SHOWN, VisualizeParameters
from longshore.tables.core import dtypes
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table
from longshore.tables.profiling.analysis import count
from longshore.tables.profiling.tally import rank
from longshore.tables.profiling.words import word_tally

SEPARATE_BARS = 100
"""Up to so many bars have a gap between them."""


def draw_histogram(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Number columns in bins of equal width, as :func:`numpy.histogram` counts them; several lie over each other."""
    indices = parameters.column_indices or ([parameters.column_index] if parameters.column_index is not None else None)
    columns = require_numbers(table, indices, "columnIndices")
    limits = Limits.read(parameters.axis.x, "x")
    counts_limits = Limits.read(parameters.axis.y, "y")
    batches = Batches(table, columns)
    span = limits.over(*_extent(batches, limits))
    bins = parameters.number_of_bins
    counts = _count(batches, len(columns), span, bins)
    edges = np.linspace(span.low, span.high, bins + 1).tolist()
    names = style.labels([column.name for column in columns])
    rows = [
        {"s": name, "a": edges[at], "b": edges[at + 1], "n": number}
        for name, numbers in zip(names, counts, strict=True)
        for at, number in enumerate(numbers)
        if number
    ]
    data = style.Datasets()
    highest = max((row["n"] for row in rows), default=0)
    counts_span = counts_limits.over(0.0, float(highest) * 1.04 or 1.0)
    return Drawing(
        style.finish(_bars(data, rows, names, span, counts_span, bins), data, f"Distribution of {style.listed(names)}"),
        {"x": span.to_wire(), "y": counts_span.to_wire()},
    )


def _extent(batches: Batches, limits: Limits) -> tuple[float | None, float | None]:
    lows, highs = [], []
    for batch in batches:
        for values in batch:
            shown = values[limits.admits(values)] if limits.is_set else values
            if len(shown):
                lows.append(np.fmin.reduce(shown))
                highs.append(np.fmax.reduce(shown))
    low, high = (np.fmin.reduce(lows), np.fmax.reduce(highs)) if lows else (np.nan, np.nan)
    return (None, None) if np.isnan(low) else (float(low), float(high))


def _count(batches: Batches, width: int, span: Span, bins: int) -> list[list[int]]:
    counts = np.zeros((width, bins), np.int64)
    for batch in batches:
        for index, values in enumerate(batch):
            inside = span.contains(values)
            counts[index] += np.bincount(_bins(values if inside.all() else values[inside], span, bins), minlength=bins)
    found: list[list[int]] = counts.tolist()
    return found


def _bins(values: Floats, span: Span, bins: int) -> Indices:
    """The bin of each value, as numpy has it: a division may round to the wrong side of an edge."""
    step = (span.high / 2 - span.low / 2) / bins * 2
    at = span.bin_of(values, bins)
    at -= values < span.low + at * step
    at += (values >= span.low + (at + 1) * step) & (at < bins - 1)
    return at.clip(0, bins - 1)


def _bars(
    data: style.Datasets, rows: list[dict[str, Any]], names: list[str], span: Span, counts: Span, bins: int
) -> Any:
    import altair as alt

    gap: dict[str, Any] = {"stroke": "white", "strokeWidth": 1} if bins <= SEPARATE_BARS else {}
    opacity = 0.9 if len(names) == 1 else 0.5
    chart = alt.Chart(data.named(rows)).mark_rect(clip=True, opacity=opacity, **gap)
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
    data = style.Datasets()
    title = f"Most frequent {what} of {style.label(column.name)}"
    return Drawing(
        style.finish(_ranked(data, rows, span, style.label(column.name)), data, title), {"x": span.to_wire(), "y": None}
    )


def _most_frequent(table: Table, column: Column, parameters: VisualizeParameters) -> tuple[list[str], list[int]]:
    counted = count(table, column)
    tally = counted.tally
    if parameters.use_words:
        tally = word_tally(counted.frame, tally)
    ranking = rank(tally, min(parameters.cutoff, MAX_SHOWN))
    values = to_values(ranking.values)
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values], ranking.counts


def _ranked(data: style.Datasets, rows: list[dict[str, Any]], span: Span, title: str) -> Any:
    import altair as alt

    size = 16 if len(rows) <= 30 else 13
    axis = alt.Axis(title=title, labelFontSize=size, ticks=False, grid=False, labelOverlap=False)
    scale = alt.Scale(paddingInner=0.2, paddingOuter=0.2)
    chart = alt.Chart(data.named(rows)).mark_bar(clip=True, color=style.PALETTE[0], opacity=0.9)
    return chart.encode(
        x=style.x_axis("n", span, "Number of occurrences"),
        x2=alt.datum(max(0.0, span.low)),
        y=alt.Y("v:N", sort=None, axis=axis, scale=scale),
    )
