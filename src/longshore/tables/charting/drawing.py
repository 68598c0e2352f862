"""From a request to a chart."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from longshore.tables.charting.definition import Drawing
from longshore.tables.charting.parameters import VisualizeParameters
from longshore.tables.core.table import Table

Draw = Callable[[Table, VisualizeParameters], Drawing]


def visualize(table: Table, parameters: VisualizeParameters) -> dict[str, Any]:
    """Draw a chart of the table: the contract's ``visualize``.

    :return: ``type``, ``axis`` as used (numbers; ISO moments on a date axis; None for an axis of categories) and
        either ``image`` (base64 of a PNG of at least 1000 x 800 pixels) or ``spec`` (Vega-Lite). A scatter chart adds
        ``fits``, see :class:`~.fitting.Fit`. Under 1 MB whatever the table's size.
    :raises InvalidRequest: when the type misses a setting, or a window's end is of the wrong kind.
    :raises ColumnNotFound: for an index without a column.
    :raises InvalidType: for a column whose type the chart cannot show.
    :raises TimedOut, Unavailable: when the process that makes pictures is too slow or dies.
    """
    drawing = _find(parameters)(table, parameters)
    answer = {"type": parameters.type, "axis": drawing.axis, **drawing.extra}
    if parameters.format == "vega-lite":
        return {**answer, "spec": drawing.spec}
    from longshore.tables.charting.pictures import render

    return {**answer, "image": base64.b64encode(render(drawing.spec)).decode("ascii")}


def _find(parameters: VisualizeParameters) -> Draw:
    from longshore.tables.charting import bars, boxes, correlation, lines, scatter

    draws: dict[str, Draw] = {
        "histogram": bars.draw_histogram,
        "frequency": bars.draw_frequencies,
        "scatter": scatter.draw_scatter,
        "line": lines.draw_line,
        "date": lines.draw_series,
        "box": boxes.draw_boxes,
        "correlation": correlation.draw_correlation,
    }
    return draws[parameters.type]
