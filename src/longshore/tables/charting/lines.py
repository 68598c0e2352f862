"""Line charts and time series, thinned out to what the pixels can show."""

from __future__ import annotations

from typing import Any

from longshore.errors import InvalidType
from longshore.tables.charting import style
from longshore.tables.charting.axes import Span, is_moment, require_one
from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.charting.scatter import Extent, Pairs
from longshore.tables.charting.thinning import Everything, Thinning
from longshore.tables.core.table import Table

MAX_POINTS = 12_000
"""Points of all series together; four in a column of pixels draw the same line as all of them."""
COLUMNS_OF_PIXELS = style.WIDTH


def draw_series(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Number columns over a date column."""
    column = table.require_column(require_one(parameters.x_column_index, "xColumnIndex"))
    if not is_moment(column):
        raise InvalidType(f"a time series needs dates along x, but column {column.name!r} holds {column.kind} values")
    return draw_line(table, parameters)


def draw_line(table: Table, parameters: VisualizeParameters) -> Drawing:
    """Number columns over a number or date column, in the order of x."""
    pairs = Pairs.read(table, parameters)
    extents = pairs.extents()
    x, y = pairs.spans(extents, margin=0.0)
    shown = _thinned(pairs, extents, x)
    names = style.labels([column.name for column in pairs.ys])
    rows = [{"s": s, "x": a, "y": b} for s, points in zip(names, shown, strict=True) for a, b in points]
    data = style.Datasets()
    title = f"{style.listed([c.name for c in pairs.ys])} over {style.label(pairs.x.name)}"
    return Drawing(
        style.finish(_lines(data, rows, names, x, y, pairs), data, title), {"x": x.to_wire(), "y": y.to_wire()}
    )


def _thinned(pairs: Pairs, extents: list[Extent], x: Span) -> list[list[tuple[float, float]]]:
    """The points of each series in the order of x: all where they are few, else four in a column of pixels."""
    most = MAX_POINTS // len(extents)
    kept = [Everything() if e.points <= most else Thinning(x, min(COLUMNS_OF_PIXELS, most // 4)) for e in extents]
    for series, across, up in pairs.points():
        kept[series].add(*pairs.in_window(across, up))
    return [sorted(set(points.found())) for points in kept]


def _lines(data: style.Datasets, rows: list[dict[str, Any]], names: list[str], x: Span, y: Span, pairs: Pairs) -> Any:
    import altair as alt

    width = 2.5 if len(rows) <= 2_000 else 1.2
    few: dict[str, Any] = {"point": alt.OverlayMarkDef(size=50)} if len(rows) <= 60 else {}
    chart = alt.Chart(data.named(rows)).mark_line(clip=True, strokeWidth=width, strokeJoin="round", **few)
    return chart.encode(
        x=style.x_axis("x", x, style.label(pairs.x.name)),
        y=style.y_axis("y", y, style.listed([c.name for c in pairs.ys])),
        color=style.color(names),
    )
