"""Rows summed up by groups: a new table from an old one, which stays as it is.

::

    genres = aggregate(movies, {"by": ["Genre"], "aggregates": [{"column": "US Gross", "function": "sum"}]}, folder)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
from pydantic import Field, StrictBool, StrictInt, StrictStr

from longshore.errors import InvalidType, NameTaken
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_name
from longshore.tables.core.table import ROW_NUMBER, Column, Table, write_columns
from longshore.tables.core.validation import parse_model
from longshore.tables.operations import OneColumn, Parameters
from longshore.tables.operations.about import About
from longshore.tables.operations.base import counted
from longshore.tables.operations.columns import check_name

Function = Literal[
    "count", "countDistinct", "sum", "mean", "median", "min", "max", "std", "first", "last", "mode"
]  # fmt: skip
FUNCTIONS: tuple[str, ...] = get_args(Function)
MAX_AGGREGATES = 1_000
ROWS_NAME = "rows"
"""What the count of rows is called."""

_SAFE_SUM = 2.0**62
"""A sum of absolute values below this cannot overflow 64 bits, however it was rounded."""
_GROUP = "\x00group"
_VALUE = "\x00value"


class Aggregate(OneColumn):
    """One column of the result: a function of one column's values in each group."""

    function: Function = Field(
        description="count (of values that are not missing), countDistinct, sum, mean, median, min, max, "
        "std (sample deviation), first, last (value that is not missing), mode (smallest of the most frequent)",
        json_schema_extra=shown(
            "Function",
            choices={
                "count": "number of values",
                "countDistinct": "number of different values",
                "sum": "sum",
                "mean": "mean",
                "median": "median",
                "min": "smallest",
                "max": "greatest",
                "std": "standard deviation",
                "first": "first",
                "last": "last",
                "mode": "most frequent",
            },
        ),
    )
    new_name: StrictStr | None = Field(
        None,
        description="name of the result's column; <column>_<function> by default",
        json_schema_extra=shown("New name"),
    )


class AggregateParameters(Parameters):
    """What the groups are, and what to compute in each."""

    by: list[StrictStr | StrictInt] = Field(
        default_factory=list,
        max_length=1_000,
        description="names or positions of the columns whose values make the groups; none for one row in all",
        json_schema_extra=shown("A row for each", "One row in all when none is chosen.", control="columns"),
    )
    aggregates: list[Aggregate] = Field(
        default_factory=list,
        max_length=MAX_AGGREGATES,
        description="what to compute in each group",
        json_schema_extra=shown("Compute", control="measures"),
    )
    count_rows: StrictBool | None = Field(
        None,
        description=f"add the number of each group's rows as {ROWS_NAME!r}; by default when nothing else is asked",
        json_schema_extra=shown("Count the rows of each", start=True),
    )

    def groups(self, table: Table) -> list[Column]:
        """The columns whose values make the groups, each once; raises :class:`ColumnNotFound`."""
        return [table.columns[index] for index in dict.fromkeys(map(table.position_of, self.by))]

    @property
    def counts_rows(self) -> bool:
        """Whether the result has the number of rows."""
        return not self.aggregates if self.count_rows is None else self.count_rows


ABOUT = About(
    "Sum up by groups",
    "Other tables",
    3,
    ("A new table with a row for each {columns}", "A new table; this one stays as it is"),
    "aggregate group by pivot count total average new table",
)
SUMMARY = "Sum the rows up by groups, as a new table; this one stays as it is."
EXAMPLE: Mapping[str, Any] = {"by": ["Genre"], "aggregates": [{"column": "Gross", "function": "sum"}]}


@dataclass(frozen=True)
class _Made:
    """A column of the result."""

    name: str
    expression: pl.Expr


def aggregate(table: Table, parameters: AggregateParameters | Mapping[str, Any], folder: Path) -> Table:
    """A new table with one row for each group, in the order in which the groups appear first.

    Missing is a group of its own. As pandas' ``groupby(dropna=False, sort=False)``: functions pass over missing
    values, the sum of none is 0, a sample deviation of one value is missing.

    :param folder: where the new table's file is written.
    :raises InvalidRequest: for malformed parameters, or when nothing is to be computed.
    :raises ColumnNotFound: for a column that is not there.
    :raises InvalidType: for a function that the column's type does not have.
    :raises NameTaken: when two columns of the result would be called alike.
    """
    asked = parameters if isinstance(parameters, AggregateParameters) else parse_model(AggregateParameters, parameters)
    groups = asked.groups(table)
    made = _columns(table, asked, groups)
    names = [*(column.name for column in groups), *(each.name for each in made)]
    columns, rows = write_columns(folder, _grouped(table, asked, groups, made), names)
    return Table(folder, tuple(columns), rows)


def describe(table: Table, parameters: AggregateParameters, name: str) -> str:
    """What was done, for the new table's history.

    :param name: of the table that was aggregated.
    """
    groups = [column.name for column in parameters.groups(table)]
    by = f" by {', '.join(groups)}" if groups else " into one row"
    return f"Aggregated {counted(table.rows, 'row')} of {name}{by}"


def _grouped(table: Table, asked: AggregateParameters, groups: Sequence[Column], made: Sequence[_Made]) -> pl.LazyFrame:
    values = {_value(i): col(each.find(table).name) for i, each in enumerate(asked.aggregates)}
    computed = [each.expression.alias(f"{_VALUE}s{i}") for i, each in enumerate(made)]
    needed = dict.fromkeys([*(column.name for column in groups), *(each.find(table).name for each in asked.aggregates)])
    frame = table.scan(needed or table.names[:1]).with_row_index(ROW_NUMBER)
    keys = {f"{_GROUP}{i}": col(column.name) for i, column in enumerate(groups)}
    frame = frame.select(ROW_NUMBER, **keys, **values)
    if not groups:
        return frame.select(computed)
    # Groups are found in any order and brought into that of their first rows: so nothing but the result is sorted.
    grouped = frame.group_by(list(keys)).agg(*computed, pl.col(ROW_NUMBER).min())
    return grouped.sort(ROW_NUMBER).drop(ROW_NUMBER)


def _value(number: int) -> str:
    return f"{_VALUE}{number}"


def _columns(table: Table, asked: AggregateParameters, groups: Sequence[Column]) -> list[_Made]:
    """The computed columns of the result under names that differ."""
    taken = {column.name for column in groups}
    given = [check_name(each.new_name) for each in asked.aggregates if each.new_name is not None]
    for name in given:
        if name in taken:
            raise NameTaken(f"two columns of the result would be called {name!r}")
        taken.add(name)
    made = []
    if asked.counts_rows:
        made.append(_Made(free_name(ROWS_NAME, taken), pl.len().cast(pl.Int64)))
        taken.add(made[0].name)
    for number, each in enumerate(asked.aggregates):
        column = each.find(table)
        name = each.new_name or free_name(f"{column.name}_{each.function}", taken)
        taken.add(name)
        made.append(_Made(name, _expression(table, column, each.function, pl.col(_value(number)))))
    return made


def _expression(table: Table, column: Column, function: Function, values: pl.Expr) -> pl.Expr:
    if function in _NUMERIC and not _has(function, column.dtype):
        raise InvalidType(
            f"{function} needs numbers{_AND_DATES.get(function, '')}, and column {column.name!r} is of type "
            f"{column.kind}; change its type first, or use count, min, max, first, last or mode"
        )
    if function == "sum":
        return _sum(table, column, values)
    if dtypes.is_text(column.dtype) and function in ("min", "max", "mode"):
        values = values.cast(pl.String)
    if column.dtype == pl.Boolean() and function in _NUMERIC:
        values = values.cast(pl.Int64)
    return _EXPRESSIONS[function](values)


_NUMERIC = ("sum", "mean", "median", "std")
_AND_DATES = {"mean": " or dates", "median": " or dates", "sum": " or durations"}

_EXPRESSIONS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "count": lambda values: values.count().cast(pl.Int64),
    "countDistinct": lambda values: values.drop_nulls().n_unique().cast(pl.Int64),
    "mean": lambda values: values.mean(),
    "median": lambda values: values.median(),
    "min": lambda values: values.min(),
    "max": lambda values: values.max(),
    "std": lambda values: values.std(ddof=1),
    "first": lambda values: values.drop_nulls().first(),
    "last": lambda values: values.drop_nulls().last(),
    "mode": lambda values: values.drop_nulls().mode().min(),
}


def _has(function: Function, dtype: pl.DataType) -> bool:
    if dtype.is_numeric() or dtype == pl.Boolean():
        return True
    if function == "sum":
        return isinstance(dtype, pl.Duration)
    return function in ("mean", "median") and isinstance(dtype, pl.Date | pl.Datetime | pl.Duration)


def _sum(table: Table, column: Column, values: pl.Expr) -> pl.Expr:
    """The sum; of integers as a float where it could overflow 64 bits."""
    if not (column.dtype.is_integer() or column.dtype == pl.Boolean()):
        return values.sum()
    most = table.scan([column.name]).select(col(column.name).cast(pl.Float64).abs().sum())
    fits = most.collect(engine="streaming").item() < _SAFE_SUM
    return values.cast(pl.Int64 if fits else pl.Float64).sum()
