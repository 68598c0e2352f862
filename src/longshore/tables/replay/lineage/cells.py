"""Follows a cell back through a history, one step at a time.

A column whose file a step left alone is the same column with the same rows, whatever the step was: most steps are
passed so, without looking at any data. Otherwise the step's plan is made again from what it had learnt: it says from
which columns a column was computed, and where its rows came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from longshore.tables.core.table import ROW_NUMBER, Column, Table
from longshore.tables.operations.base import Computed
from longshore.tables.replay.drop_step import Made
from longshore.tables.replay.lineage.results import Explanation, Original, Place, StepOfCell, What
from longshore.tables.replay.lineage.stages import Stage, Unknown, attempt, stages_of

MAX_MOVES = 50
"""Steps that move rows which are followed: each may cost a look at whole columns."""
MAX_READS = 20
"""Cells that are shown of those from which a new column was computed."""


@dataclass(frozen=True)
class Link:
    """Where a cell was before a step.

    :param row: its row then, ``column`` the position of its column then; None where there was none.
    :param made: what of it the step made.
    :param computed: whether its value may have changed.
    :param reads: columns then from which a new one was computed.
    """

    row: int | None
    column: int | None
    made: Literal["rowAdded", "columnMade"] | None = None
    computed: bool = False
    reads: tuple[str, ...] = ()


def explain(made: Sequence[Made], row: int, column: int) -> Explanation:
    """What led to the cell at ``row`` and ``column`` of the last table of ``made``.

    :param made: a history from its import to the step in question.
    :raises RowNotFound: when there is no such row.
    :raises ColumnNotFound: when there is no such column.
    """
    stage = stages_of(made)
    stage.table.require_row(row)
    stage.table.require_column(column)
    now = here = stage.read(row, column)
    steps: list[StepOfCell] = []
    moves = 0
    while (before := stage.before) is not None:
        try:
            link = _link(stage, before, here, column)
            moves += not _is_same(link, here, column) and stage.moves_rows
            _require_few(moves)
            there, step = _told(stage, before, here, link)
        except Unknown as reason:
            there, step = None, _step(stage, ("unknown",), None, here, note=str(reason))
        if step is not None:
            steps.append(step)
        if there is None or link.column is None:
            return Explanation(now, None, tuple(reversed(steps)))
        stage, here, column = before, there, link.column
    return Explanation(now, _original(stage.table, here), tuple(reversed(steps)))


def _require_few(moves: int) -> None:
    if moves > MAX_MOVES:
        raise Unknown(f"{MAX_MOVES} later steps that move rows were followed, and no more are")


def _is_same(link: Link, here: Place, column: int) -> bool:
    return (link.row, link.column, link.computed) == (here.row, column, False)


def _original(table: Table, here: Place) -> Original:
    origin = table.origin
    if origin is None:
        return Original(here, None, None)
    return Original(here, origin.line_of(table.folder, here.row), origin.unit)


# -- one step back -------------------------------------------------------------------------------------------------


def _link(stage: Stage, before: Stage, here: Place, index: int) -> Link:
    """Where a cell was before the step of ``stage``; raises :class:`Unknown`."""
    column = stage.table.columns[index]
    kept = _find_kept(before.table, column, stage.table)
    if kept is not None:
        return Link(here.row, kept)
    operation = stage.operation
    try:
        row = attempt(operation.row_before, before.table, stage.facts, here.row, before.scan)
    except Unknown:
        if before.table.has(column.name):
            raise
        return Link(None, None, "columnMade")
    if row is None:
        return Link(None, None, "rowAdded")
    return _planned(stage, before, row, index)


def _planned(stage: Stage, before: Stage, row: int, index: int) -> Link:
    """Where the column was, as the step's plan says."""
    name = stage.table.columns[index].name
    reads: tuple[str, ...] = (name,)
    try:
        planned = stage.plan.columns[index]
    except Unknown:
        pass  # the operation could tell where the row was without its plan; a column then goes by its name
    else:
        if isinstance(planned, Computed):
            reads = planned.reads
        elif (kept := _find_kept(before.table, planned, stage.table)) is not None:
            return Link(row, kept)
    if before.table.has(name) and name in reads:
        return Link(row, before.table.index_of(name), computed=True)
    there = tuple(read for read in reads if read != ROW_NUMBER and before.table.has(read))
    return Link(row, None, "columnMade", reads=there)


def _find_kept(before: Table, column: Column, after: Table) -> int | None:
    """The position before of the column with the same data; of several copies the one of that name, or now without."""
    same = [i for i, c in enumerate(before.columns) if (c.file, c.source) == (column.file, column.source)]
    named = [i for i in same if before.columns[i].name == column.name]
    renamed = [i for i in same if not after.has(before.columns[i].name)]
    return next(iter([*named, *renamed, *same]), None)


def _told(stage: Stage, before: Stage, here: Place, link: Link) -> tuple[Place | None, StepOfCell | None]:
    """The cell before the step, None if the step made it; and what the step did to it, None for nothing."""
    if link.made is not None:
        indices = [before.table.index_of(name) for name in link.reads[:MAX_READS]] if link.row is not None else []
        reads = tuple(before.read(link.row, index) for index in indices)  # type: ignore[arg-type]
        return None, _step(stage, (link.made,), None, here, reads=reads)
    assert link.row is not None  # noqa: S101 - what was not made was there
    assert link.column is not None  # noqa: S101 - as above
    if link.computed:
        there = before.read(link.row, link.column)
    else:
        there = replace(here, row=link.row, column=before.table.columns[link.column].name)
    what: list[What] = []
    if (there.value, there.kind) != (here.value, here.kind):
        what.append("changed")
    if there.column != here.column:
        what.append("copied" if stage.table.has(there.column) else "renamed")
    if there.row != here.row:
        what.append("moved")
    return there, _step(stage, tuple(what), there, here) if what else None


def _step(stage: Stage, what: tuple[What, ...], before: Place | None, after: Place, **more: object) -> StepOfCell:
    return StepOfCell(stage.number, stage.name, stage.sentence, what, before, after, **more)  # type: ignore[arg-type]
