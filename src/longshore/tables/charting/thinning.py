"""Fewer points that draw the same line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from longshore.tables.charting.axes import Floats, Indices, Span

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
        at = self._span.bin_of(x, self._columns)
        first, lowest, highest, last = self._kept
        first.add(at, x, x, y)
        lowest.add(at, y, x, y)
        highest.add(at, -y, x, y)
        last.add(at, -x, x, y)

    def found(self) -> Iterator[Point]:
        """The points that were kept, some of them more than once."""
        for kept in self._kept:
            yield from kept.found()


class Least:
    """In each of several groups the point with the smallest key."""

    def __init__(self, groups: int) -> None:
        self._keys = np.full(groups, np.inf)
        self._x, self._y = np.zeros(groups), np.zeros(groups)

    def add(self, at: Indices, keys: Floats, x: Floats, y: Floats) -> None:
        """Take in points.

        :param at: the group of each.
        """
        better = np.flatnonzero(keys < self._keys[at])
        if not len(better):
            return
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
    # Where x is in order a group's points stand together: each run is reduced to its least before any sorting.
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    least = np.repeat(np.minimum.reduceat(keys, starts), np.diff(starts, append=len(at)))
    places = np.flatnonzero(keys == least)
    order = places[np.lexsort((keys[places], at[places]))]  # stable
    return order[np.flatnonzero(np.diff(at[order], prepend=-1))]
