"""The rows of another table, below those of this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import polars as pl
from pydantic import Field, StrictBool

from longshore.errors import InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import About
from longshore.tables.operations.base import Change, Code, Computed, Report, Scan, counted, operation
from longshore.tables.operations.facts import Appended
from longshore.tables.operations.meeting import become, become_code, meet
from longshore.tables.operations.table_operand import BinaryOperation, OtherParameters

_SHOWN = 5


class AppendFileParameters(OtherParameters):
    """Which table, and what becomes of its own columns."""

    new_columns: StrictBool = Field(
        True,
        description="add the columns that only the other dataset has, at the right; false leaves them out",
        json_schema_extra=shown("Add the columns that only the other table has"),
    )


@operation
class AppendFile(BinaryOperation[Appended]):
    """Append the rows of another dataset below; columns are matched by their names."""

    name = "appendFile"
    about = About(
        "Append another table",
        "Other tables",
        2,
        ("Its rows below the {rows} of this one",),
        "union concatenate stack below rows",
    )
    keeps_rows = False
    always_learns = True
    example: ClassVar[Mapping[str, Any]] = {
        "otherSessionID": "fedcba9876543210fedcba98765432",
        "newColumns": True,
    }
    ordered = True
    parameters: AppendFileParameters

    def fit(self, table: Table) -> Appended:
        """Which columns both have, and the types in which their values stand together.

        :raises InvalidValue: when no column of the other table would be taken.
        """
        there = self.other.table
        only_there = [name for name in there.names if not table.has(name)]
        if len(only_there) == there.width and not self.parameters.new_columns:
            raise InvalidValue("the two tables have no column name in common; rename columns first, or add new ones")
        shared = [column for column in table.columns if there.has(column.name)]
        met = [meet(table, column, there, there.columns[there.index_of(column.name)]) for column in shared]
        return {
            "other": self.about_other(there.columns),
            "types": {each.here.name: dtypes.encode(each.dtype) for each in met},
            "onlyHere": [name for name in table.names if not there.has(name)],
            "onlyThere": only_there,
            "typesDiffer": [each.to_wire() for each in met if each.differs],
        }

    def transform(self, table: Table, facts: Appended) -> Change:
        """Every column with the other table's values below; missing where that has no such column."""
        there = self.other.table
        types = {name: dtypes.decode(dtype) for name, dtype in facts["types"].items()}
        added = [there.columns[there.index_of(name)] for name in facts["onlyThere"]]
        added = added if self.parameters.new_columns else []
        wanted = [(c.name, types.get(c.name, c.dtype)) for c in [*table.columns, *added]]

        def append(frame: pl.LazyFrame) -> pl.LazyFrame:
            above, below = _shaped(frame, table, wanted), _shaped(there.scan(), there, wanted)
            return pl.concat([above, below])

        same = {c.name for c in table.columns if types.get(c.name, c.dtype) == c.dtype}
        kept: list[Column | Computed] = [c if c.name in same else _computed(c.name) for c in table.columns]
        return Change([*kept, *(_computed(column.name) for column in added)], rows=append)

    def code(self, table: Table, facts: Appended) -> Code:
        """One below the other, columns matched by their names, once their types are alike."""
        there = self.as_recorded(table, facts).other.table
        wanted = self.parameters.new_columns
        read = [column for column in there.columns if wanted or column.name not in facts["onlyThere"]]
        types = {name: dtypes.decode(dtype) for name, dtype in facts["types"].items()}
        opened, files = self.reading_code(read, facts)
        return Code.of(
            opened,
            *_become_code("df", table.columns, types),
            *_become_code("other", read, types),
            'df = pl.concat([df, other], how="diagonal")',
            arguments=files,
        )

    def row_before(self, before: Table, facts: Appended, row: int, scan: Scan) -> int | None:
        """The table's own rows come first; the others stood in the other table."""
        return row if row < before.rows else None

    def report(self, before: Table, after: Table, facts: Appended) -> Report:
        """How many rows came, and where the tables differed."""
        sentence = f"Appended {counted(after.rows - before.rows, 'row')} of {self.other_name}"
        parts = []
        if after.width > before.width:
            parts.append(f"{counted(after.width - before.width, 'column')} added")
        elif facts["onlyThere"]:
            parts.append(f"{counted(len(facts['onlyThere']), 'column')} of it left out")
        if facts["onlyHere"]:
            parts.append(f"{counted(len(facts['onlyHere']), 'column')} missing there")
        if facts["typesDiffer"]:
            parts.append(f"types brought together: {_listed(facts['typesDiffer'])}")
        answer = {name: facts[name] for name in ("onlyHere", "onlyThere", "typesDiffer")}
        return Report("; ".join([sentence, *parts]), {"added": after.rows - before.rows, **answer})


def _become_code(frame: str, columns: Iterable[Column], types: Mapping[str, pl.DataType]) -> list[str]:
    """A statement that gives the columns their common types, if any needs another."""
    made = [
        f"{become_code(write.column(c.name), c.dtype, types[c.name])}.alias({write.quote(c.name)})"
        for c in columns
        if types.get(c.name, c.dtype) != c.dtype
    ]
    return [f"{frame} = {frame}.with_columns({', '.join(made)})"] if made else []


def _computed(name: str) -> Computed:
    return Computed(name, col(name), (name,))


def _shaped(frame: pl.LazyFrame, table: Table, wanted: Sequence[tuple[str, pl.DataType]]) -> pl.LazyFrame:
    """The table's rows with the wanted columns in their types, missing where it has none."""
    return frame.select(
        become(col(name), table.columns[table.index_of(name)].dtype, dtype).alias(name)
        if table.has(name)
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in wanted
    )


def _listed(differences: Sequence[Mapping[str, Any]]) -> str:
    words = [tuple(dtypes.in_words(each[which]) for which in ("here", "there", "became")) for each in differences]
    shown = [
        f"{each['column']} ({here} and {there} to {became})"
        for each, (here, there, became) in zip(differences, words, strict=True)
    ]
    more = f" and {len(shown) - _SHOWN:,} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
