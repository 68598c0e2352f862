"""Strategies that many tests of tables draw from."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st


@cache
def cells(values: st.SearchStrategy[Any], rows: int) -> st.SearchStrategy[list[Any]]:
    """A column of ``values``, some of them missing.

    Kept, since a table of seven columns took longer to describe anew for each example than to draw.

    :param values: a constant of the test's file; each one and number of rows is kept.
    """
    return st.lists(st.none() | values, min_size=rows, max_size=rows)
