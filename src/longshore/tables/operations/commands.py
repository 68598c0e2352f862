"""Code of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, StrictStr

from longshore.tables import sandbox
from longshore.tables.codegen import literals as write
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_names
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations.about import About
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    Operation,
    Parameters,
    Report,
    counted,
    operation,
)
from longshore.tables.operations.facts import NoFacts

MAX_COMMAND = 100_000


class ExecuteCommandParameters(Parameters):
    """The code."""

    command: StrictStr = Field(
        min_length=1,
        max_length=MAX_COMMAND,
        description="Python text; finds the table as the pandas DataFrame `df`, pandas as `pd` and NumPy as `np`",
        json_schema_extra=shown(
            "Python",
            "The table is the pandas DataFrame df; pandas is pd, NumPy np. What df is at the end becomes the table.",
            control="code",
        ),
    )


@operation
class ExecuteCommand(Operation[NoFacts]):
    """Run Python code on the table; what `df` is at its end becomes the table."""

    name = "executeCommand"
    about = About("Run Python code", "Other tables", 4, ("On all {rows}",), "pandas script command")
    keeps_rows = False
    always_learns = True
    example: ClassVar[Mapping[str, Any]] = {"command": "df['Hours'] = df['Minutes'] / 60"}
    ordered = True
    opaque = True
    parameters: ExecuteCommandParameters

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters)
        self._told: dict[str, Any] = {"printed": "", "warnings": []}

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Run the code; unlike other operations it cannot be planned without reading the data.

        :raises Disabled: where the server does not run code; a replay needs its leave as well.
        :raises InvalidValue: when the code fails, with its line.
        :raises TimedOut, TooLarge: over a limit.
        """
        result = sandbox.run(table, self.parameters.command)
        self._told = {"printed": result.printed, "warnings": result.warnings}
        names = free_names([column.name or f"column_{i}" for i, column in enumerate(result.columns)], set())
        if result.rows != table.rows:
            computed = [
                Computed(n, c.values, ()) for n, c in zip(names, result.columns, strict=True) if c.values is not None
            ]
            return Change(computed, rows=lambda _: result.frame)
        made = {name: c.values for name, c in zip(names, result.columns, strict=True) if c.values is not None}
        frame = result.frame.select(values.alias(f"c{i}") for i, values in enumerate(made.values()))
        written = iter(write_columns(table.folder, frame, list(made))[0] if made else ())
        return Change(
            [
                next(written) if column.kept is None else replace(table.columns[column.kept], name=name)
                for name, column in zip(names, result.columns, strict=True)
            ]
        )

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The code as it was written, in a process without walls: whoever runs the script trusts it."""
        lines = self.parameters.command.splitlines(keepends=True)
        return Code.of(
            f"command = ({' '.join(map(write.quote, lines))})",
            "df = run_command(df, command)",
            note="Python code that a user of the dataset wrote. Read it before you run it: nothing confines it here.",
        )

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """What has changed, and what the code printed."""
        differences = ", ".join(_differences(before, after)) or "nothing changed"
        return Report(f"Ran Python code: {differences}", self._told)


def _differences(before: Table, after: Table) -> Iterator[str]:
    rows = after.rows - before.rows
    if rows:
        yield f"{counted(abs(rows), 'row')} {'more' if rows > 0 else 'fewer'}"
    added = sum(not before.has(name) for name in after.names)
    removed = sum(not after.has(name) for name in before.names)
    old = {column.name: (column.file, column.source) for column in before.columns}
    changed = sum((c.file, c.source) != old.get(c.name) for c in after.columns) - added
    if added:
        yield f"{counted(added, 'column')} added"
    if removed:
        yield f"{counted(removed, 'column')} removed"
    if changed and not rows:
        yield f"{counted(changed, 'column')} changed"
