"""Which row stands at one place of a sorted table, found without sorting all of it.

A sample of the first key's values shows between which two of them the place lies; only the rows between them are
sorted. By a column of ten million floats that takes 0.6 s, where the sort takes 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from longshore.tables.core.column_expressions import col, cols
from longshore.tables.core.table import ROW_NUMBER

SORTED_AT_ONCE = 200_000
"""Rows that are few enough to sort them all."""
_SAMPLE = 20_000
_MARGIN = 0.02
"""How far, as a portion of the rows, the place may lie from where the sample has it."""


def row_at(frame: pl.LazyFrame, keys: Sequence[tuple[str, bool]], place: int) -> int:
    """The row number of the row that a stable sort puts at ``place``; missing values come last either way.

    :param frame: the keys' columns, and the row numbers as ``ROW_NUMBER``, in their order.
    :param keys: the keys' names and whether each ascends, the first one first.
    """
    rows = int(frame.select(pl.len()).collect().item())
    if not keys:
        return int(frame.select(ROW_NUMBER).slice(place, 1).collect().item())
    if rows <= SORTED_AT_ONCE:
        return _sorted(frame, keys, place)
    (name, ascending), *others = keys
    key = col(name)
    missing = int(frame.select(key.null_count()).collect().item())
    if place >= rows - missing:
        return row_at(frame.filter(key.is_null()), others, place - (rows - missing))
    filled = frame.filter(key.is_not_null())
    first, last = _around(filled, name, ascending, place, rows - missing)
    before, within = (key < first, key <= last) if ascending else (key > first, key >= last)
    above, upto = (
        filled.select(before.sum().alias("above"), within.sum().alias("upto")).collect(engine="streaming").row(0)
    )
    if not above <= place < upto:
        return _sorted(filled, keys, place)
    band = filled.filter(within & ~before)
    if first == last:
        return row_at(band, others, place - above)
    return _sorted(band, keys, place - above)


def _sorted(frame: pl.LazyFrame, keys: Sequence[tuple[str, bool]], place: int) -> int:
    by, descending = cols(name for name, _ in keys), [not ascending for _, ascending in keys]
    # Not a slice of the lazy frame: the engine would look for the first rows up to there, which takes far longer.
    ordered = frame.collect(engine="streaming").sort(by, descending=descending, nulls_last=True, maintain_order=True)
    return int(ordered.get_column(ROW_NUMBER)[place])


def _around(frame: pl.LazyFrame, name: str, ascending: bool, place: int, rows: int) -> tuple[Any, Any]:
    """Two values between which the value at ``place`` probably lies, in the order of the sort."""
    step = max(1, rows // _SAMPLE)
    sample = frame.select(col(name)).gather_every(step).collect(engine="streaming").to_series()
    sample = sample.sort(descending=not ascending)
    share = place / rows
    first = max(0, int((share - _MARGIN) * len(sample)))
    last = min(len(sample) - 1, int((share + _MARGIN) * len(sample)))
    return sample[first], sample[last]
