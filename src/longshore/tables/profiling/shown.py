"""Counting a column in the rows that a view shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from longshore.tables.core.table import Column, Table
from longshore.tables.profiling.analysis import Counted, count_frame, values_of

ROWS_IN_MEMORY = 2_000_000
"""Up to so many rows are read once and kept for all that is counted in them."""
_SHOWN = "\x00shown"


@dataclass(frozen=True)
class Shown:
    """The rows of a view.

    :param key: equal for views of equal rows.
    :param numbers: of the rows, in any order, each once.
    """

    key: str
    numbers: np.ndarray[Any, np.dtype[np.unsignedinteger]]


def count_shown(table: Table, column: Column, shown: Shown) -> Counted:
    """As :func:`~.analysis.count`, of some of the rows."""
    chosen = np.zeros(table.rows, dtype=np.bool_)
    chosen[shown.numbers] = True
    beside = pl.LazyFrame({_SHOWN: chosen})
    frame = pl.concat([table.scan([column.name]), beside], how="horizontal").filter(_SHOWN).drop(_SHOWN)
    values, rows = values_of(frame, column), len(shown.numbers)
    if rows <= ROWS_IN_MEMORY:
        values = values.collect(engine="streaming").lazy()
    counted = count_frame(values, column, rows)
    return replace(counted, column=replace(column, missing=rows - int(counted.tally.counts.sum())))
