"""Carrying an operation out: fit, transform, write only the touched columns, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import ROW_NUMBER, Column, Table, write_columns
from longshore.tables.operations.base import Change, Computed, Facts, Operation


@dataclass(frozen=True)
class Outcome:
    """A finished operation: the new table and what to tell about it."""

    table: Table
    facts: Facts
    sentence: str
    changed: dict[str, Any]
    answer: dict[str, Any]


def apply(table: Table, operation: Operation, facts: Facts | None = None) -> Outcome:
    """Carry ``operation`` out on ``table``, which stays as it is.

    :param facts: what an earlier run learnt, to be used again; learnt from ``table`` when None.
    :raises LongshoreError: and then no file is left behind.
    """
    learnt = operation.fit(table) if facts is None else facts
    after = carry_out(table, operation.transform(table, learnt))
    report = operation.report(table, after, learnt)
    return Outcome(after, learnt, report.sentence, what_changed(table, after), report.answer)


def carry_out(table: Table, change: Change) -> Table:
    """The table that ``change`` plans; columns it keeps share their files with the old one."""
    if change.rows is not None:
        return _rewrite(table, change)
    computed = [column for column in change.columns if isinstance(column, Computed)]
    if not computed:
        return table.with_columns([c for c in change.columns if isinstance(c, Column)])
    read = dict.fromkeys(name for column in computed for name in column.reads)
    frame = table.scan(name for name in read if name != ROW_NUMBER)
    if ROW_NUMBER in read:
        frame = frame.with_row_index(ROW_NUMBER)
    if change.beside is not None:
        frame = change.beside(frame)
    frame = frame.with_columns(**change.shared)
    # Positional aliases: a computed column may bear the name of one it reads.
    frame = frame.select(column.expression.alias(f"c{i}") for i, column in enumerate(computed))
    written, _ = write_columns(table.folder, frame, [column.name for column in computed])
    made = iter(written)
    return table.with_columns([next(made) if isinstance(column, Computed) else column for column in change.columns])


def _rewrite(table: Table, change: Change) -> Table:
    """One new file with all columns: files of one table have the same rows."""
    frame = laid_out(table, change, table.scan())
    written, count = write_columns(table.folder, frame, [column.name for column in change.columns])
    return table.with_columns(written, count)


def laid_out(table: Table, change: Change, frame: pl.LazyFrame) -> pl.LazyFrame:
    """All columns of the table that ``change`` plans, as c0, c1 and so on; nothing is computed yet.

    :param frame: the columns of the old ``table``.
    """
    numbered = frame.with_row_index(ROW_NUMBER)
    moved = numbered if change.rows is None else change.rows(numbered)
    moved = moved if change.beside is None else change.beside(moved)
    return moved.with_columns(**change.shared).select(
        (column.expression if isinstance(column, Computed) else _in_old_table(table, column)).alias(f"c{i}")
        for i, column in enumerate(change.columns)
    )


def _in_old_table(table: Table, column: Column) -> pl.Expr:
    """A kept column under the name that it had in the old table, whatever it is called now."""
    old = next(c for c in table.columns if (c.file, c.source) == (column.file, column.source))
    return col(old.name)


def what_changed(before: Table, after: Table) -> dict[str, Any]:
    """The difference of two tables: new or changed columns by index, removed ones by name, rows gained or lost."""
    old = {column.name: column for column in before.columns}
    rows_changed = after.rows != before.rows
    changed = [
        index
        for index, column in enumerate(after.columns)
        if not rows_changed and not _is_same(column, old.get(column.name))
    ]
    removed = [column.name for column in before.columns if not after.has(column.name)]
    return {"columns": changed, "removedColumns": removed, "rows": after.rows - before.rows}


def _is_same(column: Column, old: Column | None) -> bool:
    return old is not None and replace(column, missing=0) == replace(old, missing=0)
