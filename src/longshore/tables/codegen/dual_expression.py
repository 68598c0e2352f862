"""Expressions of Polars that know how they are written: what the engine computes and what a script says are one thing.

A builder writes ``px.when(a != 0).then(a / b)`` as it would with ``pl``; every name, call and sign is carried out and
written down at once. So no function of the language has a second meaning in scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import PORTABLE


class DualExpr:
    """A value with the Python text that makes it; see the module.

    :param made: an expression of Polars, or what stands on the way to one, such as the name space ``.str``.
    :param atomic: whether the text needs no parentheses beside a sign or before a dot.
    """

    __slots__ = ("atomic", "made", "text")

    def __init__(self, made: Any, text: str, *, atomic: bool = True) -> None:
        self.made, self.text, self.atomic = made, text, atomic

    @property
    def inside(self) -> str:
        """The text as it stands before a dot or beside a sign."""
        return self.text if self.atomic else f"({self.text})"

    def __getattr__(self, name: str) -> DualExpr:
        return DualExpr(getattr(self.made, name), f"{self.inside}.{name}")

    def __call__(self, *values: Any, **named: Any) -> DualExpr:
        """The result of the call; ``values`` may be written ones, literals, types and portable functions."""
        listed = [_one(value) for value in values]
        options = {name: _one(value) for name, value in named.items()}
        made = self.made(*(each.made for each in listed), **{name: each.made for name, each in options.items()})
        inside = [*(each.text for each in listed), *(f"{name}={each.text}" for name, each in options.items())]
        return DualExpr(made, f"{self.inside}({', '.join(inside)})")

    def _beside(self, sign: str, other: Any, compute: Callable[[Any, Any], Any]) -> DualExpr:
        right = _one(other)
        return DualExpr(compute(self.made, right.made), f"{self.inside} {sign} {right.inside}", atomic=False)

    def __add__(self, other: Any) -> DualExpr:
        return self._beside("+", other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> DualExpr:
        return self._beside("-", other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> DualExpr:
        return self._beside("*", other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> DualExpr:
        return self._beside("/", other, lambda a, b: a / b)

    def __floordiv__(self, other: Any) -> DualExpr:
        return self._beside("//", other, lambda a, b: a // b)

    def __mod__(self, other: Any) -> DualExpr:
        return self._beside("%", other, lambda a, b: a % b)

    def __and__(self, other: Any) -> DualExpr:
        return self._beside("&", other, lambda a, b: a & b)

    def __or__(self, other: Any) -> DualExpr:
        return self._beside("|", other, lambda a, b: a | b)

    def __lt__(self, other: Any) -> DualExpr:
        return self._beside("<", other, lambda a, b: a < b)

    def __le__(self, other: Any) -> DualExpr:
        return self._beside("<=", other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> DualExpr:
        return self._beside(">", other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> DualExpr:
        return self._beside(">=", other, lambda a, b: a >= b)

    def __eq__(self, other: object) -> DualExpr:  # type: ignore[override]
        return self._beside("==", other, lambda a, b: a == b)

    def __ne__(self, other: object) -> DualExpr:  # type: ignore[override]
        return self._beside("!=", other, lambda a, b: a != b)

    def __invert__(self) -> DualExpr:
        return DualExpr(~self.made, f"~{self.inside}", atomic=False)

    __hash__ = None  # type: ignore[assignment]


px = DualExpr(pl, "pl")
"""Polars, as builders use it."""


def _one(value: Any) -> DualExpr:
    """What stands between the parentheses of a call."""
    if isinstance(value, DualExpr):
        return value
    if isinstance(value, pl.DataType):
        return DualExpr(value, write.type_of(value))
    if isinstance(value, type) and issubclass(value, pl.DataType):
        return DualExpr(value, f"pl.{value.__name__}")
    if isinstance(value, list | tuple):
        each = [_one(one) for one in value]
        return DualExpr([one.made for one in each], f"[{', '.join(one.text for one in each)}]")
    if callable(value):
        return DualExpr(value, _portable(value))
    return DualExpr(value, write.plain(value), atomic=not (isinstance(value, int | float) and value < 0))


def _portable(function: Callable[..., Any]) -> str:
    """:raises ValueError: for a function that cannot go into a script."""
    if PORTABLE.get(function.__name__) is not function:
        raise ValueError(f"{function.__name__} is not portable")
    return function.__name__


def call(function: Callable[..., pl.Expr], *values: Any, **named: Any) -> DualExpr:
    """A call of a portable function."""
    return DualExpr(function, _portable(function))(*values, **named)


def by_name(name: str) -> DualExpr:
    """A column of the table."""
    return DualExpr(col(name), write.column(name))


def lit(value: Any, dtype: pl.DataType) -> DualExpr:
    """A value of exactly this type."""
    made = pl.lit(value, dtype=dtype)
    if value is None and dtype == pl.Null():
        return DualExpr(made, "pl.lit(None)")
    if dtype == pl.Int64() and value is not None:
        return DualExpr(made, f"pl.lit({write.plain(value)}, pl.Int64)")
    return DualExpr(made, write.value(value, dtype))


def coalesce(several: Iterable[DualExpr]) -> DualExpr:
    """The first value that is not missing."""
    return px.coalesce(*several)
