"""The tables that a history went through, those included that a dropped step left no files of.

After a step was dropped, the later ones were done again, and only the last of the new tables was kept. The tables in
between are laid out here as plans, and of them only what is asked for is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ParamSpec, TypeVar

import polars as pl

from longshore.errors import LongshoreError
from longshore.tables.core.column_expressions import cols
from longshore.tables.core.json_values import to_values
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.base import Change, Computed, Facts, Operation, require_operation
from longshore.tables.replay.apply import laid_out
from longshore.tables.replay.drop_step import Made, with_tables
from longshore.tables.replay.lineage.results import Place

P = ParamSpec("P")
T = TypeVar("T")

UNPLANNABLE = (LongshoreError, LookupError, TypeError, ValueError, AttributeError, OSError, pl.exceptions.PolarsError)
"""What a plan raises that cannot be made again: its other table is gone, its facts are of an older version."""


class Unknown(Exception):
    """Nobody can tell; the text says why."""


@dataclass
class Stage:
    """A table of the history, and the step that led to it from the stage before.

    :param table: None where no files are left of it.
    """

    number: int
    name: str
    sentence: str
    parameters: dict[str, Any]
    facts: Facts
    kept: Table | None
    before: Stage | None
    _plan: Change | None = field(default=None, init=False)

    @cached_property
    def operation(self) -> Operation:
        """The operation as it was asked for; raises :class:`Unknown`."""
        found = attempt(lambda: require_operation(self.name).parse(self.parameters))
        if found.opaque:
            raise Unknown("code was run; cells before and after it cannot be told apart")
        return found

    @property
    def plan(self) -> Change:
        """What the step did, planned again from what it had learnt; raises :class:`Unknown`."""
        if self._plan is None:
            assert self.before is not None  # noqa: S101 - the import has no plan, and nobody asks for one
            self._plan = attempt(self.operation.transform, self.before.table, self.facts)
        return self._plan

    @property
    def moves_rows(self) -> bool:
        """Whether rows may have another number since this step."""
        try:
            return self.plan.rows is not None
        except Unknown:
            return True

    @cached_property
    def table(self) -> Table:
        """The table; without files its columns have names and types, but no count of missing values."""
        return self.kept if self.kept is not None else self._laid_out[0]

    def scan(self, names: Sequence[str] | None) -> pl.LazyFrame:
        """The named columns of the table, all of them for None; raises :class:`Unknown`."""
        if self.kept is not None:
            return self.kept.scan(names)
        frame = self._laid_out[1]
        return frame if names is None else frame.select(cols(names))

    def read(self, row: int, index: int) -> Place:
        """One cell; raises :class:`Unknown`."""
        column = self.table.columns[index]
        values = attempt(lambda: self.scan([column.name]).slice(row, 1).collect().to_series())
        return Place(to_values(values)[0], column.kind, column.name, row)

    @cached_property
    def _laid_out(self) -> tuple[Table, pl.LazyFrame]:
        """The table that the plan leads to, and its columns; nothing is written."""
        assert self.before is not None  # noqa: S101 - the import's table is always kept
        before, change = self.before.table, self.plan
        names = [column.name for column in change.columns]
        plain = attempt(laid_out, before, change, self.before.scan(None))
        frame = plain.select(pl.col(f"c{i}").alias(name) for i, name in enumerate(names))
        dtypes = attempt(lambda: frame.collect_schema().dtypes())
        planned = zip(change.columns, dtypes, strict=True)
        columns = [self._column(i, column, dtype) for i, (column, dtype) in enumerate(planned)]
        rows = before.rows if change.rows is None else attempt(lambda: frame.select(pl.len()).collect().item())
        return before.with_columns(columns, rows), frame

    def _column(self, index: int, planned: Column | Computed, dtype: pl.DataType) -> Column:
        """A column as later plans see it; of one without a count of missing values, all might be missing."""
        if isinstance(planned, Column) and self.plan.rows is None:
            return planned
        return Column(planned.name, dtype, f"\x00{self.number}", f"c{index}", -1)


def attempt(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What the function returns.

    :raises Unknown: in place of what it raises over a plan that cannot be made or computed again.
    """
    try:
        return function(*arguments, **named)
    except UNPLANNABLE as error:
        why = error.description if isinstance(error, LongshoreError) else "its plan cannot be made again"
        raise Unknown(f"the step cannot be followed: {why}") from error


def stages_of(made: Sequence[Made]) -> Stage:
    """The last stage of a history, linked to those before it."""
    first = made[0]
    stage = Stage(first.number, first.operation, first.sentence, first.parameters, first.facts, first.table, None)
    for each, table in with_tables(made):
        step = each.step
        stage = Stage(each.number, step.operation, step.sentence, step.parameters, step.facts, table, stage)
    return replace(stage, kept=made[-1].table)
