"""Making columns out of a column's parts, one column out of several, and a column twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import polars as pl
from pydantic import Field, StrictBool, StrictInt, StrictStr

from longshore.errors import ColumnNotFound, NameTaken, TooLarge
from longshore.tables.codegen import literals as write
from longshore.tables.codegen import patterns
from longshore.tables.core.column_expressions import col
from longshore.tables.core.dtypes import text_form
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_name, free_names
from longshore.tables.core.spelling import NAMES
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Operation,
    Parameters,
    Report,
    counted,
    operation,
)
from longshore.tables.operations.columns import check_name
from longshore.tables.operations.facts import MAX_PARTS, NoFacts, Parts
from longshore.tables.patterns import collecting, compile_pattern

_MARK = "\ufdd0\ufdd1"
"""Two code points that are no characters: takes the place of a pattern's matches. They differ, so that a
mark never overlaps another; a text that holds it is split there too."""
_PARTS = "\x00parts"


class SplitColumnParameters(OneColumn):
    """Which column, and where to cut."""

    delimiter: StrictStr = Field(
        min_length=1,
        description="the text, or the pattern when regex, between two parts",
        json_schema_extra=shown("Cut at", start=" ", help_on="patterns", help_when="regex"),
    )
    regex: StrictBool = Field(
        False,
        description="take the delimiter as a regular expression; what its groups capture goes with it",
        json_schema_extra=shown("As regular expression"),
    )


@operation
class SplitColumn(Operation[Parts]):
    """Split a column's text at a delimiter into new columns to its right.

    The parts are those of Python's ``str.split``, or of ``re.split`` less the groups. The column itself stays;
    empty parts are missing, and so are all parts of a missing value. Numbers and dates are split as they print.
    """

    name = "splitColumn"
    about = About(
        "Split column",
        "Text",
        4,
        ("{column} into a column for each part",),
        "separate delimiter parts",
        Fits(columns="one", kinds=TEXT),
    )
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"column": "Genres", "delimiter": ", ", "regex": False}
    parameters: SplitColumnParameters

    def fit(self, table: Table) -> Parts:
        """The greatest number of parts; at least one."""
        column = self.parameters.find(table)
        text, delimiter = self._cut(column)
        cuts = text.str.count_matches(delimiter, literal=True).max()
        parts = int(collecting(table.scan([column.name]).select(cuts)).item() or 0) + 1
        if parts > MAX_PARTS:
            raise TooLarge(
                f"a value of {column.name!r} has {parts:,} parts; a split makes at most {MAX_PARTS:,} columns"
            )
        return {"parts": parts}

    def transform(self, table: Table, facts: Parts) -> Change:
        """The new columns; where a value has more parts than were learnt, the last holds the rest as it is."""
        at, parts = self.parameters.position(table), facts["parts"]
        column = table.columns[at]
        text, delimiter = self._cut(column)
        names = free_names([f"{column.name}_{number}" for number in range(parts)], set(table.names))
        made = []
        for number, name in enumerate(names):
            part = pl.col(_PARTS).struct.field(f"field_{number}")
            made.append(Computed(name, pl.when(part != "").then(part), (column.name,)))
        columns: list[Column | Computed] = [*table.columns[: at + 1], *made, *table.columns[at + 1 :]]
        return Change(columns, shared={_PARTS: text.str.splitn(delimiter, parts)})

    def code(self, table: Table, facts: Parts) -> Code:
        """``splitn`` at the delimiter, or at a mark that takes the place of a pattern's matches."""
        at, parts = self.parameters.position(table), facts["parts"]
        text, delimiter = write.text_of(table.columns[at]), self.parameters.delimiter
        if self.parameters.regex:
            text, delimiter = patterns.replaced(text, compile_pattern(delimiter), _MARK), _MARK
        names = [each.name for each in self.transform(table, facts).columns if isinstance(each, Computed)]
        return Code.of(
            f'parts = df.select({text}.str.splitn({write.quote(delimiter)}, {parts}).alias("parts")).unnest("parts")',
            f"parts.columns = {write.listed(names)}",
            f'df = insert_columns(df, {at + 1}, parts.select(pl.when(pl.all() != "").then(pl.all())))',
            note="The number of parts was learnt from the data.",
        )

    def report(self, before: Table, after: Table, facts: Parts) -> Report:
        """How many columns came, and their names."""
        at, parts = self.parameters.position(before), facts["parts"]
        names = after.names[at + 1 : at + 1 + parts]
        what = names[0] if parts == 1 else f"{names[0]} to {names[-1]}"
        sentence = f"Split {before.columns[at].name} into {counted(parts, 'column')}: {what}"
        return Report(sentence, {"newColumns": names})

    def _cut(self, column: Column) -> tuple[pl.Expr, str]:
        """The column's text, and the literal delimiter to split it at."""
        text = text_form(col(column.name), column.dtype).cast(pl.String)
        if not self.parameters.regex:
            return text, self.parameters.delimiter
        return compile_pattern(self.parameters.delimiter).replace(text, _MARK), _MARK


class CombineColumnsParameters(Parameters):
    """Which columns, what stands between them, and where the result goes."""

    columns_to_combine: list[StrictInt | StrictStr] = Field(
        min_length=2,
        description="positions or names of at least two different columns, in the order in which they are put together",
        json_schema_extra=shown("Columns, in this order", control="column-indices"),
    )
    separator: StrictStr = Field(
        alias="seperator",
        description="text between two parts; `separator` is understood as well",
        json_schema_extra=shown("Put between", start=" ", may_be_empty=True, more={NAMES: ["separator"]}),
    )
    new_name: StrictStr = Field(
        "merged_column",
        description="name of the new column; no other column may have it",
        json_schema_extra=shown("New name", "No other column may have it."),
    )
    insert_index: StrictInt = Field(
        0,
        description="position of the new column, from 0 to the number of columns",
        json_schema_extra=shown("Place", control="place"),
    )

    def find(self, table: Table) -> list[Column]:
        """The columns in the given order; raises :class:`ColumnNotFound`."""
        return [table.require_column(each) for each in self.columns_to_combine]


@operation
class CombineColumns(Operation[NoFacts]):
    """Put the texts of several columns together in a new one.

    Missing parts are skipped together with their separator; where all are missing, so is the result.
    """

    name = "combineColumns"
    about = About(
        "Combine columns", "Columns", 7, ("{names}",), "concatenate join text together", Fits(columns="several")
    )
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {
        "columnsToCombine": [0, 7],
        "seperator": " / ",
        "newName": "Film",
        "insertIndex": 0,
    }
    parameters: CombineColumnsParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column, and the new one among them."""
        sources = self.parameters.find(table)
        if len(set(sources)) < 2:
            raise ColumnNotFound("name at least two different columns to combine")
        name, at = check_name(self.parameters.new_name), self.parameters.insert_index
        if table.has(name):
            raise NameTaken(f"another column is called {name!r} already")
        if not 0 <= at <= table.width:
            raise ColumnNotFound(f"no place at index {at}; a column can be inserted at 0 to {table.width}")
        texts = [text_form(col(column.name), column.dtype).cast(pl.String) for column in sources]
        together = pl.concat_str(texts, separator=self.parameters.separator, ignore_nulls=True)
        is_any = pl.any_horizontal(col(column.name).is_not_null() for column in sources)
        reads = tuple(dict.fromkeys(column.name for column in sources))
        made = Computed(name, pl.when(is_any).then(together), reads)
        return Change([*table.columns[:at], made, *table.columns[at:]])

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``concat_str`` where any part is there."""
        sources, separator = self.parameters.find(table), write.quote(self.parameters.separator)
        texts = ", ".join(write.text_of(column) for column in sources)
        together = f"pl.concat_str({texts}, separator={separator}, ignore_nulls=True)"
        names = write.columns(dict.fromkeys(column.name for column in sources))
        known = f"pl.any_horizontal({names}.is_not_null())"
        new = f"pl.when({known}).then({together}).alias({write.quote(self.parameters.new_name)})"
        return Code.of(f"df = insert_columns(df, {self.parameters.insert_index}, df.select({new}))")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The columns that were put together."""
        names = [column.name for column in self.parameters.find(before)]
        what = ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5:,} more"
        return Report(f"Combined {counted(len(names), 'column')} into {self.parameters.new_name}: {what}")


@operation
class InsertDuplicateColumn(Operation[NoFacts]):
    """Insert a copy of a column to its right; the two share their data until one changes."""

    name = "insertDuplicateColumn"
    about = About("Duplicate column", "Columns", 5, ("A copy beside {column}",), "copy", Fits(columns="one"))
    any_kind = True
    example: ClassVar[Mapping[str, Any]] = {"columnIndex": 0}
    parameters: OneColumn

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column; the one twice. Nothing is computed."""
        at = self.parameters.position(table)
        column = table.columns[at]
        copy = replace(column, name=free_name(f"{column.name}_copy", set(table.names)))
        return Change([*table.columns[: at + 1], copy, *table.columns[at + 1 :]])

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The column under another name."""
        at = self.parameters.position(table)
        old, new = table.names[at], self.transform(table, facts).columns[at + 1].name
        return Code.of(f"df = df.insert_column({at + 1}, df[{write.quote(old)}].alias({write.quote(new)}))")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The copy's name."""
        at = self.parameters.position(before)
        copy = after.names[at + 1]
        return Report(f"Copied {before.names[at]} as {copy}", {"newColumn": copy})
