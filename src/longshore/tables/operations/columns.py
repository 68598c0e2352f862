"""Operations on columns as wholes: they move records about and touch no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, StrictStr

from longshore.errors import InvalidValue, NameTaken
from longshore.tables.codegen import literals as write
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import MAX_NAME
from longshore.tables.core.table import Table
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    OneColumn,
    Operation,
    Report,
    SeveralColumns,
    operation,
    refuse_all_columns_gone,
)
from longshore.tables.operations.facts import NoFacts


def check_name(name: str) -> str:
    """``name`` itself when a column may be called so.

    :raises InvalidValue: for an empty or an endless one, or one with a NUL.
    """
    if not name.strip():
        raise InvalidValue("a column's name cannot be empty")
    if len(name) > MAX_NAME:
        raise InvalidValue(f"a column's name has at most {MAX_NAME} characters")
    if "\x00" in name:
        raise InvalidValue("a column's name cannot hold a NUL character")
    return name


class RenameColumnParameters(OneColumn):
    """Which column, and what it shall be called."""

    new_name: StrictStr = Field(
        description="the new name; no other column may have it",
        json_schema_extra=shown("New name", "No other column may have it."),
    )


@operation
class RenameColumn(Operation[NoFacts]):
    """Give a column another name."""

    name = "renameColumn"
    about = About("Rename column", "Columns", 2, ("{column} gets another name",), "name header", Fits(columns="one"))
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"column": "Minutes", "newName": "Running time"}
    parameters: RenameColumnParameters

    def renames(self, table: Table) -> dict[str, str]:
        """The one column."""
        return {self.parameters.new_name: self.parameters.find(table).name}

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Keep every column; one under its new name."""
        index = self.parameters.position(table)
        new_name = check_name(self.parameters.new_name)
        if table.has(new_name) and table.index_of(new_name) != index:
            raise NameTaken(f"another column is called {new_name!r} already")
        columns = list(table.columns)
        columns[index] = replace(columns[index], name=new_name)
        return Change(columns)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``rename``."""
        old, new = write.quote(self.parameters.find(table).name), write.quote(self.parameters.new_name)
        return Code.of(f"df = df.rename({{{old}: {new}}})")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """Old and new name."""
        old = self.parameters.find(before).name
        return Report(f"Renamed {old} to {self.parameters.new_name}")


@operation
class DeleteColumns(Operation[NoFacts]):
    """Remove columns."""

    name = "deleteColumns"
    about = About("Remove columns", "Columns", 4, ("{columns}, {widthLeft} stay",), "delete drop", Fits(columns="some"))
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"columnIndices": [4, 7]}
    parameters: SeveralColumns

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Keep the columns that are not named."""
        gone = set(self.parameters.positions(table))
        kept = [column for index, column in enumerate(table.columns) if index not in gone]
        refuse_all_columns_gone(kept)
        return Change(kept)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``drop``."""
        names = [table.names[index] for index in self.parameters.positions(table)]
        return Code.of(f"df = df.drop({write.names(names)})")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The removed columns by name."""
        names = [before.columns[index].name for index in self.parameters.positions(before)]
        return Report(f"Deleted {_listed(names)}")


def _listed(names: list[str], most: int = 5) -> str:
    """Names in a row as people write them, the rest counted."""
    if len(names) == 1:
        return f"column {names[0]}"
    shown = ", ".join(names[:most])
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{len(names):,} columns: {shown}{rest}"
