"""A tree as an expression of the engine: names become columns, calls what they mean, aggregates values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from longshore.errors import InvalidRequest, InvalidType, InvalidValue
from longshore.tables.codegen.dual_expression import DualExpr, by_name, call, coalesce, lit, px
from longshore.tables.core import dtypes
from longshore.tables.core.table import Column, Table
from longshore.tables.expressions import date_functions, text_functions  # noqa: F401 - they declare their functions
from longshore.tables.expressions.ast import Call, Case, Cast, Interval, Literal, Name, Node, children, walk
from longshore.tables.expressions.functions import find_operator
from longshore.tables.expressions.operands import (
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    NOTHING,
    TEXT,
    WHOLE,
    Operand,
    as_type,
    decimal,
    in_calendar,
    mismatch,
    of_column,
    of_value,
    printed,
    require_number,
)
from longshore.tables.expressions.operators import chosen, shift
from longshore.tables.formats.casting import convert, convert_code
from longshore.tables.formats.date_families import FAMILIES, Family
from longshore.tables.formats.dates import read_dates
from longshore.tables.formats.scalars import from_json, to_json

_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(["int", "integer", "bigint", "int64"], WHOLE),
    **dict.fromkeys(["float", "double", "real", "number", "decimal", "numeric", "float64"], DECIMAL),
    **dict.fromkeys(["text", "string", "str", "varchar", "char"], TEXT),
    **dict.fromkeys(["bool", "boolean"], BOOLEAN),
    "date": DATE,
    **dict.fromkeys(["timestamp", "datetime"], DATETIME),
    "time": pl.Time(),
}
_ISO = tuple(family for family in FAMILIES if family.formats[0].startswith("%Y-%m-%d") and family.target != "zoned")
_NUMBERS_ONLY = frozenset({"avg", "sum", "median", "stddev"})
AGGREGATES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "avg": pl.Expr.mean,
    "sum": pl.Expr.sum,
    "median": pl.Expr.median,
    "stddev": pl.Expr.std,
    "min": pl.Expr.min,
    "max": pl.Expr.max,
    "count": pl.Expr.count,
}
"""What is learnt from a whole column: one value that stands in every row."""
MAX_PART = 100
"""Characters of a script; a longer part of an expression gets a name."""


@dataclass(frozen=True)
class Aggregate:
    """A value to be learnt from the data.

    :param expr: computes it over all rows; None for the number of rows.
    """

    expr: pl.Expr | None
    dtype: pl.DataType


@dataclass
class _Compiler:
    """Makes operands of one expression's parts.

    :param learnt: the values of the aggregates in the order in which they stand; None while they are not known.
    :param names: what columns are called in the frame, where that is not their name.
    """

    text: str
    table: Table
    learnt: Sequence[Any] | None
    names: Mapping[str, str]
    aggregates: list[Aggregate] = field(default_factory=list)
    inside: bool = False
    parts: dict[str, str] = field(default_factory=dict)

    def operand(self, node: Node) -> Operand:
        """A part of another one."""
        found = self.whole(node)
        written = self.text[node.span.start : node.span.end]
        return Operand(self.named(found.expr), found.dtype, written, found.size, found.constant)

    def named(self, expr: DualExpr) -> DualExpr:
        """A long part under a name of its own: parts may stand in others several times."""
        if len(expr.text) <= MAX_PART or self.inside:
            return expr
        name = f"part_{len(self.parts) + 1}"
        self.parts[name] = expr.text
        return DualExpr(expr.made, name)

    def whole(self, node: Node) -> Operand:
        if isinstance(node, Literal):
            if isinstance(node.value, Interval):
                raise InvalidValue("an INTERVAL is added to a date or taken from one, as in day + INTERVAL '1 month'")
            return of_value(node.value, "")
        if isinstance(node, Name):
            column = self.column(node)
            return of_column(replace(column, name=self.standing(column.name)))
        if isinstance(node, Cast):
            return self.cast(node)
        if isinstance(node, Case):
            return self.case(node)
        return self.call(node)

    def column(self, name: Name) -> Column:
        return self.table.columns[self.table.index_of(name.name)]

    def standing(self, name: str) -> str:
        return self.names.get(name, name)

    def call(self, node: Call) -> Operand:
        if node.function in AGGREGATES and len(node.operands) <= 1:
            return self.aggregate(node)
        last = node.operands[-1] if node.operands else None
        if node.function in "+-" and isinstance(last, Literal) and isinstance(last.value, Interval):
            return shift(node.function, self.operand(node.operands[0]), last.value)
        build = find_operator(node.function, len(node.operands))
        return build(*[self.operand(each) for each in node.operands])

    def case(self, node: Case) -> Operand:
        branches = [(self.operand(condition), self.operand(value)) for condition, value in node.branches]
        return chosen(branches, None if node.otherwise is None else self.operand(node.otherwise))

    def cast(self, node: Cast) -> Operand:
        target = _TYPES.get(node.target)
        if target is None:
            raise InvalidType(
                f"no type {node.target!r} in expressions; use int, float, text, boolean, date or timestamp"
            )
        return cast(self.operand(node.operand), target, node.target)

    def aggregate(self, node: Call) -> Operand:
        if self.inside:
            raise InvalidRequest(f"{node.function.upper()} cannot stand inside another function of a whole column")
        if not node.operands:
            if node.function != "count":
                raise InvalidRequest(f"{node.function.upper()} needs a column, as in {node.function.upper()}(price)")
            return self.value_of(Aggregate(None, WHOLE))
        self.inside = True
        operand = self.operand(node.operands[0])
        self.inside = False
        return self.value_of(_aggregate(node.function, operand))

    def value_of(self, aggregate: Aggregate) -> Operand:
        self.aggregates.append(aggregate)
        if self.learnt is None:
            return Operand(lit(None, aggregate.dtype), aggregate.dtype, "")
        value = from_json(self.learnt[len(self.aggregates) - 1], aggregate.dtype)
        return Operand(lit(value, aggregate.dtype), aggregate.dtype, "")


def _aggregate(name: str, operand: Operand) -> Aggregate:
    compute = AGGREGATES[name]
    if name == "count":
        return Aggregate(operand.expr.made.count().cast(pl.Int64), WHOLE)
    if name not in _NUMBERS_ONLY:
        dtype = TEXT if operand.dtype == NOTHING else operand.dtype
        return Aggregate(compute(as_type(operand, dtype).expr.made), dtype)
    number = require_number(operand, name.upper())
    if name == "sum" and number.dtype == WHOLE:
        return Aggregate(number.expr.made.cast(pl.Int128).sum().cast(pl.Int64, strict=False), WHOLE)
    return Aggregate(compute(decimal(number).made), DECIMAL)


def cast(operand: Operand, target: pl.DataType, name: str) -> Operand:
    """An operand as another type; what cannot convert is missing, as in ``changeColumnDataType``.

    Text is read as dates in ISO 8601.

    :raises InvalidType: between numbers and dates, and the like.
    """
    source = operand.dtype
    if source in (target, NOTHING):
        return as_type(operand, target)
    if target == TEXT:
        return printed(operand)
    if source == TEXT and target in (DATE, DATETIME):
        stripped = operand.expr.str.strip_chars()
        return operand.now(coalesce(_read_family(stripped, family, target) for family in _ISO), target)
    allowed = source == TEXT or ((operand.is_number or source == BOOLEAN) and target in (WHOLE, DECIMAL, BOOLEAN))
    if operand.is_moment and target in (DATE, DATETIME, pl.Time()):
        moment = in_calendar(operand)
        if target == DATETIME:
            return as_type(moment, DATETIME)
        if target == pl.Time() and moment.dtype == DATE:
            moment = as_type(moment, DATETIME)
        return moment.now(moment.expr.dt.date() if target == DATE else moment.expr.cast(target, strict=False), target)
    if not allowed:
        hint = "; YEAR(...) and DATE_DIFF(...) make numbers of dates" if operand.is_moment else ""
        raise mismatch(operand, f"a conversion to {name}", "something that turns into it", hint)
    about = (source, target, "%H:%M:%S" if target == pl.Time() else None)
    code = convert_code(operand.expr.inside, *about)
    converted = DualExpr(convert(operand.expr.made, *about), code, atomic=False)
    return operand.now(converted.fill_nan(None) if target == DECIMAL else converted, target)


def _read_family(text: DualExpr, family: Family, target: pl.DataType) -> DualExpr:
    return call(read_dates, text, family.formats, family.target, family.shape, target)


@dataclass(frozen=True)
class Compiled:
    """An expression for one table.

    :param dtype: of the new column; one that a table can keep.
    :param reads: the columns that it needs, at least one.
    :param code: ``expr`` as it is written in a script, in which the long ``parts`` stand under names of their own.
    """

    expr: pl.Expr
    code: str
    parts: dict[str, str]
    dtype: pl.DataType
    reads: tuple[str, ...]
    aggregates: tuple[Aggregate, ...]


def compile_expression(
    tree: Node,
    text: str,
    table: Table,
    learnt: Sequence[Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> Compiled:
    """``tree`` for the columns of ``table``.

    :param text: what it was read from, for error messages.
    :param learnt: the values of its aggregates, see :func:`learn`.
    :param names: what the table's columns are called in the frame that the expression is for, if not by their names.
    :raises ColumnNotFound: for a name that no column has.
    :raises InvalidType: where a function does not take what it is given.
    :raises InvalidValue: for an operand that must be written out and is not, or is out of its range.
    :raises InvalidRequest: for an unknown function, or a wrong number of operands.
    :raises TooLarge: when texts could grow beyond bounds.
    """
    compiler = _Compiler(text, table, learnt, names or {})
    found = compiler.whole(tree)
    read = dict.fromkeys(compiler.column(node).name for node in walk(tree) if isinstance(node, Name))
    whole = as_type(found, TEXT) if found.dtype == NOTHING else found
    reads = tuple(read) or (table.names[0],)
    # A value that depends on no row still stands in every one.
    expr = whole.expr
    if not _varies(tree):
        expr = px.when(by_name(compiler.standing(reads[0])).is_null()).then(expr).otherwise(expr)
    dtypes.encode(whole.dtype)
    return Compiled(expr.made, expr.inside, compiler.parts, whole.dtype, reads, tuple(compiler.aggregates))


def _varies(node: Node) -> bool:
    """Whether a part reads a column other than as an aggregate of all rows."""
    if isinstance(node, Name):
        return True
    if isinstance(node, Call) and node.function in AGGREGATES and len(node.operands) <= 1:
        return False
    return any(_varies(child) for child in children(node))


def learn(compiled: Compiled, frame: pl.LazyFrame, rows: int) -> list[Any]:
    """The values of an expression's aggregates as JSON, from one scan; None for those of no values.

    :param frame: all rows of the columns that the expression reads, and how many rows there are.
    """
    wanted = {str(i): each.expr for i, each in enumerate(compiled.aggregates) if each.expr is not None}
    found: dict[str, Any] = {}
    if wanted:
        finite = [
            (expr.cast(DECIMAL) if compiled.aggregates[int(name)].dtype == DECIMAL else expr).alias(name)
            for name, expr in wanted.items()
        ]
        learnt = frame.select(finite).collect(engine="streaming")
        found = {name: _value_in(learnt[name]) for name in learnt.columns}
    values = [found[str(i)] if each.expr is not None else rows for i, each in enumerate(compiled.aggregates)]
    return [to_json(_as_fact(value)) for value in values]


def _value_in(series: pl.Series) -> Any:
    """The only value of a column.

    :raises InvalidValue: for a date that Python cannot hold, which expressions can reach.
    """
    is_date = isinstance(series.dtype, pl.Date | pl.Datetime)
    if is_date and not -719_162 <= (series.cast(pl.Date).to_physical().item() or 0) <= 2_932_896:
        raise InvalidValue("the expression computes a date outside of the years 1 to 9999 for the whole column")
    return series.item()


def _as_fact(value: Any) -> Any:
    """JSON has no infinity."""
    return None if isinstance(value, float) and not abs(value) < float("inf") else value
