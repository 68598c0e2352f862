"""What a chart consists of, whichever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Drawing:
    """A finished chart.

    :param spec: Vega-Lite, with the aggregated data inside.
    :param axis: the shown part of both axes, as the answer gives it.
    :param extra: more fields of the answer, such as the fitted lines.
    """

    spec: dict[str, Any]
    axis: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)
