"""Columns as expressions, by names that come from anywhere.

The engine takes some names for patterns: ``pl.col("*")`` is every column, ``pl.col("^a.*$")`` all that begin with an a;
so it does where it takes names as text, as in ``frame.sort("*")``. Users call their columns so too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl
import polars.selectors as cs


def col(name: str) -> pl.Expr:
    """The column of exactly this name.

    >>> pl.DataFrame({"*": [1], "a": [2]}).select(col("*")).columns
    ['*']
    """
    return cs.by_name(name).as_expr() if is_pattern(name) else pl.col(name)


def cols(names: Iterable[str]) -> list[pl.Expr]:
    """The columns of exactly these names, where the engine takes names or expressions."""
    return [col(name) for name in names]


def mapped(
    values: pl.Expr, function: Callable[[pl.Series], pl.Series], dtype: pl.DataType, *, elementwise: bool = True
) -> pl.Expr:
    """What a function of Python makes of a column, batch by batch, as a column ``values``.

    The engine finds a series again by its name when a method of it is called, and some names would be patterns.
    """
    return values.alias("values").map_batches(function, return_dtype=dtype, is_elementwise=elementwise)


def is_pattern(name: str) -> bool:
    """Whether the engine would take the name for a pattern."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))
