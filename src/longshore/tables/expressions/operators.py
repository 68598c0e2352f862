"""What the operators mean. Missing operands make missing results, but for AND and OR where the other one decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from longshore.errors import InvalidValue
from longshore.tables.codegen.dual_expression import DualExpr, call, lit, px
from longshore.tables.core.portable import portable
from longshore.tables.expressions.ast import Interval
from longshore.tables.expressions.operands import (
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    NOTHING,
    TEXT,
    WHOLE,
    Operand,
    added,
    as_moment,
    as_type,
    decimal,
    finite,
    in_calendar,
    mismatch,
    printed,
    require_condition,
    require_moment,
    require_number,
    require_text,
    text_constant,
    together,
    widest,
)

_SPECIAL = frozenset("\\.+*?()|[]{}^$#&-~")
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MAX_SPAN_MICROSECONDS = 10_000 * 366 * 86_400 * 1_000_000


def arithmetic(sign: str, left: Operand, right: Operand) -> Operand:
    """``+ - *`` of numbers, and differences of dates.

    Whole numbers stay whole; a result that 64 bits cannot hold is missing.

    :raises InvalidType: for anything else.
    """
    if sign in "+-" and (left.is_moment or right.is_moment or isinstance(right.dtype, pl.Duration)):
        return _moments(sign, left, right)
    one, other = require_number(left, sign), require_number(right, sign)
    if one.dtype == other.dtype == WHOLE:
        return left.now(_exactly(sign, one.expr, other.expr), WHOLE)
    return left.now(finite(_apply(sign, decimal(one), decimal(other))), DECIMAL)


def _apply(sign: str, one: DualExpr, other: DualExpr) -> DualExpr:
    return one + other if sign == "+" else one - other if sign == "-" else one * other


def _exactly(sign: str, one: DualExpr, other: DualExpr) -> DualExpr:
    # Int64 would wrap around. In 128 bits, every such result has room; costs a tenth more (10 M rows).
    return _apply(sign, one.cast(pl.Int128), other.cast(pl.Int128)).cast(pl.Int64, strict=False)


def _moments(sign: str, left: Operand, right: Operand) -> Operand:
    if isinstance(right.dtype, pl.Duration) and (left.is_moment or left.dtype == NOTHING):
        start = as_type(require_moment(left, sign), DATETIME)
        span = right.expr.to_physical()
        inside = px.when(span.is_between(-_MAX_SPAN_MICROSECONDS, _MAX_SPAN_MICROSECONDS)).then(right.expr)
        return in_calendar(left.now(_apply(sign, start.expr, inside), DATETIME))
    if sign == "-" and (as_moment(left).is_moment and as_moment(right).is_moment):
        both, _ = together([require_moment(left, sign), require_moment(right, sign)], sign)
        return left.now(both[0].expr - both[1].expr, pl.Duration("us"))
    odd = right if left.is_moment else left
    hint = "; add to a date with INTERVAL '1 day'" if odd.is_number else ""
    raise mismatch(odd, f"{sign} with a date", "an interval" if sign == "+" else "an interval or a date", hint)


def shift(sign: str, moment: Operand, interval: Interval) -> Operand:
    """A date some units later or earlier; a day that a month has not becomes its last.

    :raises InvalidType: for what is no date.
    """
    start = require_moment(moment, f"{sign} INTERVAL")
    timed = interval.unit in ("hour", "minute", "second")
    if timed and start.dtype == DATE:
        start = as_type(start, DATETIME)
    letters = {"year": "y", "quarter": "q", "month": "mo", "week": "w", "day": "d", "hour": "h", "minute": "m"}
    number = interval.number if sign == "+" else -interval.number
    offset = f"{number}{letters.get(interval.unit, 's')}"
    return in_calendar(start.now(start.expr.dt.offset_by(offset), start.dtype))


def divide(left: Operand, right: Operand) -> Operand:
    """A decimal number; missing where the divisor is 0."""
    one, other = decimal(require_number(left, "/")), decimal(require_number(right, "/"))
    return left.now(finite(px.when(other != 0).then(one / other)), DECIMAL)


def remainder(left: Operand, right: Operand) -> Operand:
    """What a division leaves, with the sign of the dividend, as C's ``fmod``; missing where the divisor is 0."""
    one, other = require_number(left, "%"), require_number(right, "%")
    if not one.dtype == other.dtype == WHOLE:
        # The engine's own is off where the quotient has more digits than a decimal number.
        pair = px.struct(decimal(one).alias("a"), decimal(other).alias("b"))
        return left.now(finite(pair.map_batches(remainders_of, return_dtype=DECIMAL, is_elementwise=True)), DECIMAL)
    return left.now(call(whole_remainder, one.expr, other.expr), WHOLE)


@portable
def whole_remainder(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """What a division of whole numbers leaves, with the sign of the dividend; missing where the divisor is 0."""
    # Polars' own has the divisor's sign; and of Int64's least value and -1 there is none in 64 bits.
    a, b = one.cast(pl.Int128), other.cast(pl.Int128)
    left_over = a % b
    signed = pl.when((left_over != 0) & ((a < 0) != (b < 0))).then(left_over - b).otherwise(left_over)
    return pl.when(b != 0).then(signed).cast(pl.Int64, strict=False)


@portable
def whole_quotient(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The whole part of a quotient of whole numbers; missing where the divisor is 0."""
    # Exact: what is left over has the sign of the number, so the rest divides evenly.
    a, b = one.cast(pl.Int128), other.cast(pl.Int128)
    quotient = (a - whole_remainder(one, other).cast(pl.Int128)) // b
    return pl.when(b != 0).then(quotient).cast(pl.Int64, strict=False)


@portable
def remainders_of(pair: pl.Series) -> pl.Series:
    """What divisions of decimal numbers leave; fields ``a`` and ``b``."""
    a, b = (pair.struct.field(name).to_numpy() for name in "ab")  # missing is NaN there, and stays so
    with np.errstate(invalid="ignore"):
        return pl.Series(np.fmod(a, b))


def negative(operand: Operand) -> Operand:
    """A number with the other sign."""
    return arithmetic("-", Operand(lit(0, WHOLE), WHOLE, "0"), require_number(operand, "-"))


def positive(operand: Operand) -> Operand:
    """A number as it is."""
    return require_number(operand, "+")


def compare(sign: str, left: Operand, right: Operand) -> Operand:
    """Values of one type; text by code points. Text that is written out is read as a date beside dates.

    :raises InvalidType: for values of different types.
    """
    (one, other), _ = together([left, right], sign)
    a, b = one.expr, other.expr
    if not a.made.meta.root_names():
        # Where nothing but NULL stands on the right of a single value, the engine gives a single NULL for all rows.
        a, b, sign = b, a, _MIRRORED[sign]
    found = {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return left.now(found, BOOLEAN)


def between(value: Operand, low: Operand, high: Operand) -> Operand:
    """From ``low`` to ``high``, both included."""
    return logic("and", compare(">=", value, low), compare("<=", value, high))


def member(value: Operand, *members: Operand) -> Operand:
    """Equal to any of some values that are written out; where NULL is among them, missing instead of false.

    :raises InvalidValue: for a member that is computed.
    """
    if not members or any(each.constant is None for each in members):
        raise InvalidValue("IN needs a list of values that are written out; compare with = and OR otherwise")
    known = [each for each in members if each.dtype != NOTHING]
    (first, *rest), dtype = together([value, *known], "IN")
    if dtype == NOTHING:
        return value.now(lit(None, BOOLEAN), BOOLEAN)
    listed = pl.select(each.expr.made.alias(str(i)) for i, each in enumerate(rest)).row(0) if rest else ()
    found = first.expr.is_in(px.Series(listed, dtype=dtype).implode())
    if len(known) < len(members):
        found = px.when(found).then(True)
    return value.now(found, BOOLEAN)


def logic(word: str, left: Operand, right: Operand) -> Operand:
    """Both or either: false and missing is false, true or missing is true."""
    one, other = (require_condition(each, word.upper()).expr for each in (left, right))
    return left.now(one & other if word == "and" else one | other, BOOLEAN)


def negation(operand: Operand) -> Operand:
    """The contrary; missing stays missing."""
    return operand.now(~require_condition(operand, "NOT").expr, BOOLEAN)


def is_null(operand: Operand) -> Operand:
    """Whether a value is missing."""
    return operand.now(operand.expr.is_null(), BOOLEAN)


def is_not_null(operand: Operand) -> Operand:
    """Whether there is a value."""
    return operand.now(operand.expr.is_not_null(), BOOLEAN)


def joined(left: Operand, right: Operand) -> Operand:
    """The texts one after the other; numbers and dates as they print."""
    one, other = printed(left), printed(right)
    return left.now(one.expr + other.expr, TEXT, added([one, other]))


def like(text: Operand, pattern: Operand, *, any_case: bool = False) -> Operand:
    """Whether the whole text fits a pattern in which ``%`` is anything and ``_`` any character.

    :raises InvalidType: for what is no text.
    :raises InvalidValue: for a pattern that is not written out.
    """
    word = "ILIKE" if any_case else "LIKE"
    wanted = text_constant(pattern, word, "a pattern")
    translated = "".join({"%": ".*", "_": "."}.get(c, "\\" + c if c in _SPECIAL else c) for c in wanted)
    regex = rf"(?s{'i' if any_case else ''})\A{translated}\z"
    return text.now(require_text(text, word).expr.str.contains(regex), BOOLEAN)


def chosen(branches: Sequence[tuple[Operand, Operand]], otherwise: Operand | None) -> Operand:
    """The value of the first condition that holds; missing where none does and there is no other value.

    :raises InvalidType: for values of different types, or a condition that is none.
    """
    values = [value for _, value in branches] + ([otherwise] if otherwise is not None else [])
    same, dtype = together(values, "CASE")
    last = same[len(branches)].expr if otherwise is not None else lit(None, dtype)
    chain = px
    for (condition, _), value in zip(branches, same, strict=False):
        chain = chain.when(require_condition(condition, "WHEN").expr).then(value.expr)
    return values[0].now(chain.otherwise(last), dtype, widest(same))


OPERATORS: dict[str, Callable[..., Operand]] = {
    "+": lambda a, b: arithmetic("+", a, b),
    "-": lambda a, b: arithmetic("-", a, b),
    "*": lambda a, b: arithmetic("*", a, b),
    "/": divide,
    "%": remainder,
    "negative": negative,
    "positive": positive,
    "||": joined,
    "=": lambda a, b: compare("=", a, b),
    "<>": lambda a, b: compare("<>", a, b),
    "<": lambda a, b: compare("<", a, b),
    "<=": lambda a, b: compare("<=", a, b),
    ">": lambda a, b: compare(">", a, b),
    ">=": lambda a, b: compare(">=", a, b),
    "and": lambda a, b: logic("and", a, b),
    "or": lambda a, b: logic("or", a, b),
    "not": negation,
    "is null": is_null,
    "is not null": is_not_null,
    "in": member,
    "between": between,
    "like": like,
    "ilike": lambda text, pattern: like(text, pattern, any_case=True),
}
"""What the grammar's signs and words mean; functions are in :mod:`.functions`."""
