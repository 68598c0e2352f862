"""What an operation would do to some rows, and to how many in all, without keeping anything.

The operation is fitted and planned as it would be for good; the plan then runs as a query whose result is not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import polars as pl
from pydantic import Field, JsonValue, StrictInt, StrictStr

from longshore.errors import IllegalOperation
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import ROW_NUMBER, Table
from longshore.tables.operations.base import Change, Computed, Facts, Parameters, require_operation
from longshore.tables.operations.table_operand import FindOther, bind, no_others

MAX_ROWS = 500


class PreviewParameters(Parameters):
    """Which operation, and which rows to show it on."""

    preview: StrictStr = Field(description="name of the operation")
    parameters: dict[str, JsonValue] = Field(description="its parameters, as they would be sent")
    row_indices: list[Annotated[StrictInt, Field(ge=0, lt=2**32 - 1)]] = Field(
        max_length=MAX_ROWS,
        description="numbers of the rows to show, as `data` gave them",
        json_schema_extra={"x-control": "rows"},
    )


@dataclass(frozen=True)
class Retyped:
    """A column that gets another type."""

    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """The effect of an operation.

    :param columns: names of the columns afterwards, in order.
    :param new: those of them that did not exist before.
    :param removed: names of columns that would go.
    :param rows: number of rows afterwards.
    :param changed_cells: cells of all rows that would get another value; None when rows come, go or move, or when
        there are only new columns.
    :param lost_cells: those of the changed cells that hold a value now and would be missing; None as above.
    :param retyped: columns that would get another type, each with the names of both; none when rows come, go or move.
    :param index: those of the rows asked for that stay, by their number before.
    :param touched: names of new columns and of those that get other values.
    :param data: for each row of ``index`` the values of the ``touched`` columns.
    :param facts: what it learnt from the data, such as a mean, or how many rows of a join match.
    """

    columns: list[str]
    new: list[str]
    removed: list[str]
    rows: int
    changed_cells: int | None
    lost_cells: int | None
    retyped: list[Retyped]
    index: list[int]
    touched: list[str]
    data: list[list[Any]]
    facts: Facts


def preview(table: Table, parameters: PreviewParameters, find: FindOther = no_others) -> Preview:
    """The effect of an operation on ``table``, which stays as it is.

    :param find: finds the table of an operation that reads a second one.
    :raises InvalidRequest: for an unknown operation or malformed parameters.
    :raises SessionNotFound: for a second table that is not there.
    :raises IllegalOperation: for one that can only be seen by running it.
    """
    operation = require_operation(parameters.preview).parse(parameters.parameters)
    if operation.opaque:
        raise IllegalOperation("code has no preview; apply it, and undo if it is not what you meant")
    operation = bind(operation, table, find)
    facts = operation.fit(table)
    change = operation.transform(table, facts)
    old = set(table.names)
    names = [column.name for column in change.columns]
    touched = [c for c in change.columns if isinstance(c, Computed) or c.name not in old]
    frame = _planned(table, change)
    # A plan that makes rows has no numbers for them, and one that loses the numbers cannot be shown row by row.
    traced = ROW_NUMBER in frame.collect_schema()
    shown = _shown(frame, [column.name for column in touched], parameters.row_indices) if traced else None
    changed, lost = _count_changed(table, change) if change.rows is None else (None, None)
    return Preview(
        columns=names,
        new=[name for name in names if name not in old],
        removed=[name for name in table.names if name not in set(names)],
        rows=table.rows if change.rows is None else frame.select(pl.len()).collect(engine="streaming").item(),
        changed_cells=changed,
        lost_cells=lost,
        retyped=_retyped(table, frame) if change.rows is None else [],
        index=shown[ROW_NUMBER].to_list() if shown is not None else list(parameters.row_indices),
        touched=[column.name for column in touched] if shown is not None else [],
        data=_rows(shown) if shown is not None else [],
        facts=facts,
    )


def _planned(table: Table, change: Change) -> pl.LazyFrame:
    """The new columns under their names, with the old number of each row where the plan carries it along."""
    numbered = table.scan().with_row_index(ROW_NUMBER)
    moved = numbered if change.rows is None else change.rows(numbered)
    moved = moved if change.beside is None else change.beside(moved)
    numbers = [pl.col(ROW_NUMBER)] if ROW_NUMBER in moved.collect_schema() else []
    old = {(column.file, column.source): column.name for column in table.columns}
    return moved.with_columns(**change.shared).select(
        *numbers,
        *(
            (c.expression if isinstance(c, Computed) else pl.col(old[c.file, c.source])).alias(c.name)
            for c in change.columns
        ),
    )


def _shown(frame: pl.LazyFrame, names: Sequence[str], rows: Sequence[int]) -> pl.DataFrame:
    wanted = pl.Series(list(rows), dtype=pl.get_index_type())
    return (
        frame.select(ROW_NUMBER, *names).filter(pl.col(ROW_NUMBER).is_in(wanted.implode())).collect(engine="streaming")
    )


def _rows(shown: pl.DataFrame) -> list[list[Any]]:
    values = [to_values(shown[name]) for name in shown.columns if name != ROW_NUMBER]
    return [list(row) for row in zip(*values, strict=True)] if values else [[] for _ in range(shown.height)]


def _retyped(table: Table, frame: pl.LazyFrame) -> list[Retyped]:
    after = {name: dtypes.kind(dtype) for name, dtype in frame.collect_schema().items()}
    return [
        Retyped(column.name, column.kind, after[column.name])
        for column in table.columns
        if after.get(column.name, column.kind) != column.kind
    ]


def _count_changed(table: Table, change: Change) -> tuple[int, int] | tuple[None, None]:
    """Cells of existing columns that would get another value, and those of them that would lose theirs.

    Of a column of another type only cells count that lose a value, or get one.
    """
    numbered = table.scan().with_row_index(ROW_NUMBER)
    frame = (numbered if change.beside is None else change.beside(numbered)).with_columns(**change.shared)
    counts = []
    for position, column in enumerate(change.columns):
        if not isinstance(column, Computed) or not table.has(column.name):
            continue
        before = col(column.name)
        same_type = (
            frame.select(column.expression.alias("c")).collect_schema()["c"] == frame.collect_schema()[column.name]
        )
        differs = before.ne_missing(column.expression) if same_type else before.is_null() != column.expression.is_null()
        loses = before.is_not_null() & column.expression.is_null()
        counts += [differs.sum().alias(f"n{position}"), loses.sum().alias(f"l{position}")]
    if not counts:
        return None, None
    found = frame.select(counts).collect(engine="streaming").row(0)
    return int(sum(found[0::2])), int(sum(found[1::2]))
