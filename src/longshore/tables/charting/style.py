"""How charts look: colours, type, grid, the scales of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from longshore.errors import shorten
from longshore.tables.charting.axes import Span

if TYPE_CHECKING:
    import altair as alt

PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    "#332288", "#882255", "#999933", "#44AA99", "#AA4499", "#555555",
)  # fmt: skip
"""Told apart with every kind of colour vision: Okabe and Ito's set of 2008 without yellow, then Paul Tol's muted."""

WIDTH, HEIGHT = 1000, 800
MAX_NAME = 80
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_INK, _QUIET = "#222222", "#5A5A5A"


def label(name: str, limit: int = MAX_NAME) -> str:
    """A name on one line, not too long; a blank one is named so.

    >>> label("two\\nlines"), label(" ")
    ('two lines', '(blank)')
    """
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in name).split())
    return shorten(line, limit) or "(blank)"


def labels(names: Sequence[str]) -> list[str]:
    """Labels of different names, made different again where shortening made them equal."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        text, number = label(name), 1
        while text in taken:
            number += 1
            text = f"{label(name)} ({number})"
        taken.add(text)
        found.append(text)
    return found


def listed(names: Sequence[str]) -> str:
    """Names in a title; the rest of a long list as a number.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    shown = [label(name, 40) for name in names]
    if len(shown) <= 4:
        return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return f"{', '.join(shown[:3])} and {len(shown) - 3} more"


def x_axis(field: str, span: Span, title: str, **options: Any) -> alt.X:
    """Position along x, over exactly the shown part."""
    import altair as alt

    return alt.X(f"{field}:{_kind(span)}", scale=_scale(span), axis=alt.Axis(title=title, **_ticks(span)), **options)


def y_axis(field: str, span: Span, title: str, **options: Any) -> alt.Y:
    """Position along y, over exactly the shown part."""
    import altair as alt

    return alt.Y(f"{field}:{_kind(span)}", scale=_scale(span), axis=alt.Axis(title=title, **_ticks(span)), **options)


def _kind(span: Span) -> str:
    return "T" if span.is_temporal else "Q"


def _scale(span: Span) -> alt.Scale:
    import altair as alt

    kind: dict[str, Any] = {"type": "utc"} if span.is_temporal else {}
    return alt.Scale(domain=span.domain, nice=False, zero=False, clamp=False, **kind)


def _ticks(span: Span) -> dict[str, Any]:
    if span.is_temporal:
        return {"tickCount": 8}
    return {"tickCount": 10, **_format(span)}


def _format(span: Span) -> dict[str, str]:
    largest, width = max(abs(span.low), abs(span.high)), abs(span.high - span.low)
    if largest >= 1e7 and width > largest * 1e-3:
        # The format's own G, for 10 to the 9, is read by few; an axis's own format would write 0 as 0G beside it.
        written = "replace(format(datum.value, '~s'), 'G', 'B')"
        return {"labelExpr": written} if largest < 1e15 else {"format": "~e"}
    return {"format": "~e"} if 0 < largest < 1e-4 else {}


def color(names: Sequence[str], *, always: bool = False) -> Any:
    """One colour for each series, with a legend where there are several."""
    import altair as alt

    scale = alt.Scale(domain=list(names), range=list(PALETTE[: len(names)]))
    legend = alt.Legend(title=None) if always or len(names) > 1 else None
    return alt.Color("s:N", scale=scale, legend=legend)


class Datasets(dict[str, list[dict[str, Any]]]):
    """The rows inside a specification, by name.

    Charts only name theirs, and :func:`finish` puts them in: Altair copies a chart's rows with every call and
    checks each against the schema, 0.6 s for nine thousand.
    """

    def named(self, rows: list[dict[str, Any]]) -> alt.NamedData:
        """Keep ``rows``, for a chart that has them under this name."""
        import altair as alt

        name = f"data-{len(self)}"
        self[name] = rows
        return alt.NamedData(name=name)


def finish(chart: Any, datasets: Datasets, title: str, subtitle: str | None = None) -> dict[str, Any]:
    """The specification of a chart in the house's style, checked against Vega-Lite's schema."""
    import altair as alt

    heading = alt.TitleParams(text=title, subtitle=subtitle or alt.Undefined)
    styled = (
        chart.properties(width=WIDTH, height=HEIGHT, title=heading, background="white", padding=20)
        .configure(font=_FONT)
        .configure_title(
            fontSize=24, fontWeight=600, color=_INK, anchor="start", offset=18, limit=WIDTH,
            subtitleFontSize=16, subtitleColor=_QUIET, subtitlePadding=8,
        )
        .configure_axis(
            labelFontSize=16, titleFontSize=18, titleFontWeight="normal", labelColor=_QUIET, titleColor=_INK,
            titlePadding=14, labelPadding=6, labelLimit=260, titleLimit=WIDTH, gridColor="#E8E8E8",
            domainColor="#B0B0B0", tickColor="#B0B0B0", labelOverlap="greedy", labelFlush=False,
        )
        .configure_legend(
            labelFontSize=16, labelLimit=620, orient="top", direction="horizontal", columns=3, symbolSize=160,
            symbolOpacity=1, titleFontSize=16, titleFontWeight="normal", offset=12, labelColor=_INK,
        )
        .configure_view(stroke=None)
    )  # fmt: skip
    return {**styled.to_dict(), "datasets": dict(datasets)}
