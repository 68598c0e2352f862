"""Fewer points that draw the same line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from longshore.tables.charting.axes import Floats, Indices, Span

FEW_RUNS = 64
"""Below so many runs in a batch each is looked at alone."""

Point = tuple[float, float]


class Everything:
    """Keeps each point."""

    def __init__(self) -> None:
        self._points: list[Point] = []

    def add(self, x: Floats, y: Floats) -> None:
        """Take in points."""
        self._points += zip(x.tolist(), y.tolist(), strict=True)

    def found(self) -> Iterator[Point]:
        """The points that were kept."""
        return iter(self._points)


class Thinning:
    """First, lowest, highest and last point of every column of pixels (Jugel et al., M4, VLDB 2014).

    Of equal ones the first row stays. Points come in batches; most of a batch beat none of those that are kept
    already, which takes two gathers and comparisons a point, and only the rest is put in order.

    :param span: of x; the points must lie within.
    :param columns: number of pixel columns.
    """

    def __init__(self, span: Span, columns: int) -> None:
        self._span = span
        self._columns = columns
        self._kept = [Least(columns) for _ in range(4)]

    def add(self, x: Floats, y: Floats) -> None:
        """Take in points."""
        if not len(x):
            return
        at, x, y = _extremes(self._span.bin_of(x, self._columns), x, y)
        first, lowest, highest, last = self._kept
        first.add(at, x, x, y)
        lowest.add(at, y, x, y)
        highest.add(at, -y, x, y)
        last.add(at, -x, x, y)

    def found(self) -> Iterator[Point]:
        """The points that were kept, some of them more than once."""
        for kept in self._kept:
            yield from kept.found()


def _extremes(at: Indices, x: Floats, y: Floats) -> tuple[Indices, Floats, Floats]:
    """Where x is in order, a pixel column's points stand together: only the extremes of each such run; else all."""
    ends = np.flatnonzero(at[1:] != at[:-1]) + 1
    if len(ends) >= FEW_RUNS:
        return at, x, y
    chosen: list[int] = []
    for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(at)], strict=True):
        a, b = x[start:end], y[start:end]
        chosen += [start + int(place) for place in (a.argmin(), b.argmin(), b.argmax(), a.argmax())]
    return at[chosen], x[chosen], y[chosen]


class Least:
    """In each of several groups the point with the smallest key."""

    def __init__(self, groups: int) -> None:
        self._keys = np.full(groups, np.inf)
        self._x, self._y = np.zeros(groups), np.zeros(groups)

    def add(self, at: Indices, keys: Floats, x: Floats, y: Floats) -> None:
        """Take in points.

        :param at: the group of each.
        """
        beats = keys < self._keys[at]
        if not beats.any():
            return
        better = np.flatnonzero(beats)
        winners = _winners(at[better], keys[better])
        chosen = better[winners]
        groups = at[chosen]
        self._keys[groups], self._x[groups], self._y[groups] = keys[chosen], x[chosen], y[chosen]

    def found(self) -> Iterator[Point]:
        """The points of the groups that have any."""
        filled = np.isfinite(self._keys)
        return zip(self._x[filled].tolist(), self._y[filled].tolist(), strict=True)


def _winners(at: Indices, keys: Floats) -> Indices:
    """Where the smallest key of each group stands, the first of equal ones."""
    order = np.lexsort((keys, at))  # stable
    return order[np.flatnonzero(np.diff(at[order], prepend=-1))]
