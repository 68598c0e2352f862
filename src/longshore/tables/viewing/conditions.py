"""Which rows a view shows, by an expression: ``where``, in the language of the operation ``derive``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from longshore.errors import InvalidType, shorten
from longshore.tables.core import dtypes
from longshore.tables.core.table import Column, Table
from longshore.tables.expressions import Compiled, compile_expression, learn, parse
from longshore.tables.expressions.ast import Call, Name, walk
from longshore.tables.expressions.lexer import LONGEST
from longshore.tables.expressions.operands import BOOLEAN

WHERE = (
    "a condition in the language of the operation derive, such as \"Net Price\" > 100 AND country IN ('FI', 'SE'); "
    "rows for which it is missing are not shown"
)
"""What people are told of the parameter."""
MAX_CONDITION = LONGEST

parse_condition = lru_cache(256)(parse)


@dataclass(frozen=True)
class Condition:
    """A condition for the rows of one table.

    :param table: of the columns that it reads, at least one; errors have been found when it was made.
    :param learnt: the values of the whole columns (``AVG`` and the like) in it; None to learn them from the rows.
    """

    text: str
    table: Table
    learnt: tuple[Any, ...] | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that decide."""
        return self.table.columns

    @property
    def has_patterns(self) -> bool:
        """Whether regular expressions stand in it, which are slow to try."""
        return any(isinstance(node, Call) and "regexp" in node.function for node in walk(parse_condition(self.text)))

    @property
    def key(self) -> tuple[Any, ...]:
        """What the answer depends on: the text, with the columns' files in place of their names."""
        files = {column.name: (column.file, column.source) for column in self.columns}
        names = [node for node in walk(parse_condition(self.text)) if isinstance(node, Name)]
        pieces: list[Any] = []
        end = 0
        for name in sorted(names, key=lambda node: node.span.start):
            pieces += [self.text[end : name.span.start], files[name.name]]
            end = name.span.end
        return (*pieces, self.text[end:], *files.values(), self.learnt)

    def compile(self, named: Callable[[Column], str], learnt: Sequence[Any] | None = None) -> Compiled:
        """The condition over columns that go by other names.

        :param named: a column's name in the frame that is looked through.
        """
        names = {column.name: named(column) for column in self.columns}
        return compile_expression(parse_condition(self.text), self.text, self.table, learnt, names)

    def over(self, frame: pl.LazyFrame, named: Callable[[Column], str]) -> pl.Expr:
        """The condition for the rows of ``frame``, which holds every row of the table if values are to be learnt."""
        compiled = self.compile(named, self.learnt)
        if compiled.aggregates and self.learnt is None:
            compiled = self.compile(named, learn(compiled, frame, self.table.rows))
        return compiled.expr


def read_condition(text: str, table: Table) -> Condition:
    """``text`` as a condition for the rows of ``table``.

    :raises InvalidRequest: for what is no expression, with the place.
    :raises ColumnNotFound: for a name that no column has.
    :raises InvalidType: for an expression that is not true or false, or an operand of the wrong type.
    :raises InvalidValue, InvalidPattern, TooLarge: as the expressions do.
    """
    names = dict.fromkeys(node.name for node in walk(parse_condition(text)) if isinstance(node, Name))
    # One that reads no column still stands in every row of the first.
    columns = tuple(table.columns[table.index_of(name)] for name in names) or table.columns[:1]
    return _checked(text, table.with_columns(columns))


@lru_cache(256)
def _checked(text: str, table: Table) -> Condition:
    """Pages of one view ask for the same condition again and again."""
    condition = Condition(text, table)
    found = condition.compile(lambda column: column.name).dtype
    if found != BOOLEAN:
        raise InvalidType(
            f"where: {shorten(text, 80)} is {dtypes.kind(found)}, and a condition is true or false for each row; "
            "compare it with something, as in price > 100"
        )
    return condition
