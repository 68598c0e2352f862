"""The functions of expressions: each declared once, with what it takes; what is not declared here does not exist."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from longshore.errors import InvalidRequest, shorten
from longshore.tables.codegen.dual_expression import DualExpr, call, coalesce, px
from longshore.tables.core.portable import portable
from longshore.tables.expressions.operands import (
    DECIMAL,
    WHOLE,
    Operand,
    decimal,
    finite,
    require_number,
    together,
    whole_constant,
    widest,
)
from longshore.tables.expressions.operators import OPERATORS, chosen, compare, divide, remainder, whole_quotient

Builder = Callable[..., Operand]


@dataclass(frozen=True)
class Function:
    """A declared function.

    :param usage: its operands as people write them, such as ``ROUND(number[, digits])``.
    :param least: number of operands that it needs; ``most`` None for any number.
    """

    name: str
    usage: str
    summary: str
    build: Builder
    least: int
    most: int | None


FUNCTIONS: dict[str, Function] = {}
"""Every function by its name in small letters."""

MAX_DIGITS = 15


def function(usage: str, *aliases: str, least: int = 1, most: int | None = 1) -> Callable[[Builder], Builder]:
    """Declare a function; the builder gets an operand for each argument.

    :param aliases: other names for it.
    """

    def declare(build: Builder) -> Builder:
        name = usage.partition("(")[0]
        summary = (build.__doc__ or "").partition("\n")[0]
        for spelling in (name, *aliases):
            FUNCTIONS[spelling.lower()] = Function(name, usage, summary, build, least, most)
        return build

    return declare


def describe_functions() -> list[Any]:
    """Every function once, for forms that help to write an expression: how it is written, and what it gives."""
    return [{"usage": each.usage, "summary": each.summary} for each in dict.fromkeys(FUNCTIONS.values())]


def find_operator(name: str, number: int) -> Builder:
    """What an operator or a function of so many operands means.

    :raises InvalidRequest: for an unknown one, with the nearest name, or for a wrong number of operands.
    """
    if name in OPERATORS:
        return OPERATORS[name]
    found = FUNCTIONS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, FUNCTIONS, n=1)
        hint = f"; did you mean {near[0].upper()}?" if near else ""
        raise InvalidRequest(f"there is no function {shorten(name.upper(), 40)!r} in expressions{hint}")
    if number < found.least or (found.most is not None and number > found.most):
        raise InvalidRequest(f"{found.name} is used as {found.usage}; here it has {number} operands")
    return found.build


# -- numbers -------------------------------------------------------------------------------------------------------


def _number(name: str, operand: Operand, compute: Callable[[DualExpr], DualExpr]) -> Operand:
    """A decimal number that ``compute`` makes; what is no number is missing."""
    return operand.now(finite(compute(decimal(require_number(operand, name)))), DECIMAL)


@function("ABS(number)")
def _absolute(operand: Operand) -> Operand:
    """The number without its sign."""
    number = require_number(operand, "ABS")
    if number.dtype == DECIMAL:
        return number.now(number.expr.abs(), DECIMAL)
    return number.now(number.expr.cast(pl.Int128).abs().cast(pl.Int64, strict=False), WHOLE)


@function("SIGN(number)")
def _sign(operand: Operand) -> Operand:
    """-1, 0 or 1."""
    number = require_number(operand, "SIGN")
    return number.now(number.expr.sign().cast(pl.Int64), WHOLE)


@function("ROUND(number[, digits])", most=2)
def _round(operand: Operand, digits: Operand | None = None) -> Operand:
    """Rounded to 0 to 15 digits behind the point, halves away from zero."""
    number = require_number(operand, "ROUND")
    places = 0 if digits is None else whole_constant(digits, "ROUND", 0, MAX_DIGITS)
    if number.dtype == WHOLE:
        return number
    return number.now(finite(number.expr.round(places, mode="half_away_from_zero")), DECIMAL)


@function("FLOOR(number)")
def _floor(operand: Operand) -> Operand:
    """The next whole number below."""
    number = require_number(operand, "FLOOR")
    return number if number.dtype == WHOLE else _number("FLOOR", operand, lambda x: x.floor())


@function("CEIL(number)", "CEILING")
def _ceil(operand: Operand) -> Operand:
    """The next whole number above."""
    number = require_number(operand, "CEIL")
    return number if number.dtype == WHOLE else _number("CEIL", operand, lambda x: x.ceil())


@function("SQRT(number)")
def _root(operand: Operand) -> Operand:
    """The square root; missing below 0."""
    return _number("SQRT", operand, lambda x: x.sqrt())


@function("EXP(number)")
def _exponential(operand: Operand) -> Operand:
    """e to the power of the number."""
    return _number("EXP", operand, lambda x: x.exp())


@function("LN(number)", "LOG")
def _logarithm(operand: Operand) -> Operand:
    """The natural logarithm; missing for 0 and below."""
    return _number("LN", operand, lambda x: px.when(x > 0).then(x.log(math.e)))


@function("LOG10(number)")
def _decadic(operand: Operand) -> Operand:
    """The logarithm to the base of 10; missing for 0 and below."""
    return _number("LOG10", operand, lambda x: px.when(x > 0).then(x.log10()))


@function("POWER(number, exponent)", "POW", least=2, most=2)
def _power(base: Operand, exponent: Operand) -> Operand:
    """The number to a power, as a decimal number."""
    power = decimal(require_number(exponent, "POWER"))
    return _number("POWER", base, lambda x: x.pow(power))


@function("MOD(number, divisor)", least=2, most=2)
def _modulo(one: Operand, other: Operand) -> Operand:
    """What a division leaves, with the sign of the number; as %."""
    return remainder(one, other)


@function("DIV(number, divisor)", least=2, most=2)
def _whole_quotient(one: Operand, other: Operand) -> Operand:
    """The whole part of a quotient; missing where the divisor is 0."""
    if one.dtype == other.dtype == WHOLE:
        return one.now(call(whole_quotient, one.expr, other.expr), WHOLE)
    quotient = divide(one, other)
    return quotient.now(quotient.expr.truncate(), DECIMAL)


@function("GREATEST(value, ...)", most=None)
def _greatest(*operands: Operand) -> Operand:
    """The greatest of several values of one type; missing ones are left out."""
    return _extreme("GREATEST", operands)


@function("LEAST(value, ...)", most=None)
def _least(*operands: Operand) -> Operand:
    """The least of several values of one type; missing ones are left out."""
    return _extreme("LEAST", operands)


def _extreme(name: str, operands: tuple[Operand, ...]) -> Operand:
    same, dtype = together(operands, name)
    best = same[0]
    for each in same[1:]:
        taken = call(greater if name == "GREATEST" else lesser, each.expr, best.expr)
        best = each.now(taken, dtype, widest([best, each]))
    return best


@portable
def greater(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The greater of two values, of which one may be missing."""
    return pl.when((one > other) | other.is_null()).then(one).otherwise(other)


@portable
def lesser(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The lesser of two values, of which one may be missing."""
    return pl.when((one < other) | other.is_null()).then(one).otherwise(other)


# -- choosing ------------------------------------------------------------------------------------------------------


@function("COALESCE(value, ...)", "IFNULL", most=None)
def _coalesce(*operands: Operand) -> Operand:
    """The first value that is not missing."""
    same, dtype = together(operands, "COALESCE")
    return same[0].now(coalesce(each.expr for each in same), dtype, widest(same))


@function("NULLIF(value, unwanted)", least=2, most=2)
def _null_if(value: Operand, unwanted: Operand) -> Operand:
    """The value, but missing where it equals the other one."""
    same = compare("=", value, unwanted).expr
    return value.now(px.when(same.fill_null(value=False)).then(None).otherwise(value.expr), value.dtype)


@function("IF(condition, value, otherwise)", least=3, most=3)
def _if(condition: Operand, value: Operand, otherwise: Operand) -> Operand:
    """One of two values, as a condition holds or not."""
    return chosen([(condition, value)], otherwise)
