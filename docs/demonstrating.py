"""Runs each operation's example on the sample table, so that the documentation shows what really happens."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from longshore.samples import FILMS, LATER_FILMS, STUDIOS
from longshore.tables import sandbox
from longshore.tables.core.json_values import to_rows
from longshore.tables.core.table import Table
from longshore.tables.operations import BinaryOperation, Operation, TableOperand
from longshore.tables.reading import ReadOptions, read
from longshore.tables.replay.apply import Outcome, apply

MISSING = "·"
OTHERS = {"join": STUDIOS, "appendFile": LATER_FILMS}
"""Files of the tables that examples read beside the sample table."""


class Demonstration:
    """The sample table in a folder of its own; use it as a context manager."""

    def __enter__(self) -> Demonstration:
        self._folder = tempfile.TemporaryDirectory()
        self.table = self._read(FILMS)
        sandbox.configure(sandbox.Limits())
        return self

    def __exit__(self, *_: object) -> None:
        sandbox.configure(None)
        self._folder.cleanup()

    def _read(self, path: Path) -> Table:
        # Money stays text here, so that parseNumbers has something to do.
        options = ReadOptions(types={"Gross": "text"}) if path == FILMS else ReadOptions()
        return read(path, Path(self._folder.name), options=options).table

    def table_lines(self) -> list[str]:
        """The sample table in Markdown."""
        return markdown(self.table, range(self.table.width))

    def carry_out(self, declared: type[Operation]) -> Outcome:
        """What the operation's example does to the sample table."""
        operation = declared.parse(declared.example)
        if isinstance(operation, BinaryOperation):
            path = OTHERS[declared.name]
            operation = operation.reading(TableOperand(self._read(path), path.name))
        return apply(self.table, operation)

    def outcome_lines(self, declared: type[Operation]) -> list[str]:
        """The sentence for the history, and the columns that the example touched, or the whole table."""
        outcome = self.carry_out(declared)
        other = OTHERS.get(declared.name)
        read_beside = [] if other is None else ["With this one:", "", *self._other_lines(other), ""]
        touched = outcome.changed["columns"]
        shown = sorted({0, *touched}) if 0 < len(touched) < outcome.table.width else range(outcome.table.width)
        return [*read_beside, f"> {outcome.sentence}", "", *markdown(outcome.table, shown, before=self.table)]

    def _other_lines(self, path: Path) -> list[str]:
        table = self._read(path)
        return markdown(table, range(table.width))


def markdown(table: Table, columns: Iterable[int], before: Table | None = None) -> list[str]:
    """Some columns of a table in Markdown; values that are not those of ``before`` are marked."""
    shown = [table.columns[index] for index in columns]
    cells = [_column(table, column.name, before) for column in shown]
    return [
        _row(f"{column.name} *{column.kind}*" for column in shown),
        "|" + " --- |" * len(shown),
        *map(_row, zip(*cells, strict=True)),
    ]


def _column(table: Table, name: str, before: Table | None) -> list[str]:
    values = _values(table, name)
    if before is None or before.rows != table.rows:
        return [_cell(value) for value in values]
    old = _values(before, name) if before.has(name) else [None] * table.rows
    return [_cell(now, is_new=now != then) for now, then in zip(values, old, strict=True)]


def _values(table: Table, name: str) -> list[Any]:
    return [row[0] for row in to_rows(table.scan([name]).collect())]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any, is_new: bool = False) -> str:
    if value is None:
        return MISSING
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if not text or text != text.strip():
        return f'`"{text}"`'
    text = re.sub(r"([\\|*_`<\[])", r"\\\1", text)
    return f"**{text}**" if is_new else text
