"""The look of text: spaces around it, capitals, parts of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, StrictBool, StrictStr

from longshore.errors import InvalidType, TooLarge
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col, mapped
from longshore.tables.core.dtypes import is_text, text_form
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_names
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.text_groups import MAX_GROUPS, group_code, group_name, group_of, trimmed
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Operation,
    Report,
    SeveralColumns,
    counted,
    operation,
)
from longshore.tables.operations.facts import NoFacts
from longshore.tables.operations.replacing import count_differences
from longshore.tables.patterns import compile_pattern


class _TextOperation(Operation[NoFacts]):
    """Changes text columns cell by cell."""

    parameters: SeveralColumns

    def changed(self, text: pl.Expr) -> pl.Expr:
        """The new texts."""
        raise NotImplementedError

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The columns with their texts changed.

        :raises InvalidType: for a column that is not text.
        """
        columns = [table.columns[index] for index in self.parameters.positions(table)]
        for column in columns:
            if not is_text(column.dtype):
                raise InvalidType(f"column {column.name!r} holds {column.kind} values, not text")
        texts = {column.name: col(column.name).cast(pl.String) for column in columns}
        return Change.of(table, {c.name: self.changed(texts[c.name]).cast(c.dtype) for c in columns})

    def changed_code(self, text: str) -> str:
        """:meth:`changed` in a script."""
        raise NotImplementedError

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The columns with their texts changed."""
        columns = [table.columns[index] for index in self.parameters.positions(table)]
        same = all(column.dtype == pl.String() for column in columns)
        if same:
            return Code.replacing(self.changed_code(write.columns(column.name for column in columns)))
        return Code.replacing(
            *(f"{self.changed_code(write.as_text(c))}.cast({write.type_of(c.dtype)})" for c in columns)
        )

    def told(self, verb: str, before: Table, after: Table) -> Report:
        """How many cells differ now."""
        old = [before.columns[index] for index in self.parameters.positions(before)]
        count = sum(count_differences(before, c, after, after.columns[after.index_of(c.name)]) for c in old)
        names = ", ".join(column.name for column in old)
        return Report(f"{verb} {counted(count, 'cell')} of {names}", {"changedCells": count})


class TrimTextParameters(SeveralColumns):
    """Which columns, and which spaces."""

    ends: Literal["both", "start", "end", "none"] = Field(
        "both",
        description="where spaces are taken off",
        json_schema_extra=shown(
            "At the", choices={"both": "both ends", "start": "start", "end": "end", "none": "none of the ends"}
        ),
    )
    collapse: StrictBool = Field(
        False,
        description="make one space of several inside the text, line breaks too",
        json_schema_extra=shown("Inner blanks too"),
    )


@operation
class TrimText(_TextOperation):
    """Take the spaces off the ends of text."""

    name = "trimText"
    about = About(
        "Trim blanks", "Text", 2, ("In {cells}",), "spaces strip whitespace", Fits(columns="some", kinds=TEXT)
    )
    example: ClassVar[Mapping[str, Any]] = {"columns": ["Title"], "collapse": True}
    parameters: TrimTextParameters

    def changed(self, text: pl.Expr) -> pl.Expr:
        """As Python's ``str.strip``, and ``" ".join(text.split())`` with ``collapse``."""
        return trimmed(text, self.parameters.ends, collapse=self.parameters.collapse)

    def changed_code(self, text: str) -> str:
        """As :meth:`changed`."""
        collapse = ", collapse=True" if self.parameters.collapse else ""
        return f"trimmed({text}, {write.quote(self.parameters.ends)}{collapse})"

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many cells had spaces to lose."""
        return self.told("Trimmed", before, after)


class ChangeCaseParameters(SeveralColumns):
    """Which columns, and how."""

    case: Literal["upper", "lower", "title", "sentence"] = Field(
        description="title: a capital at the start of each word; sentence: one at the start of the text",
        json_schema_extra=shown(
            "Write as",
            choices={
                "title": "A Capital At Each Word",
                "sentence": "A capital at the start",
                "upper": "ALL CAPITALS",
                "lower": "small letters",
            },
            start="title",
        ),
    )


@operation
class ChangeCase(_TextOperation):
    """Write text in capitals, in small letters, or with capitals at the start."""

    name = "changeCase"
    about = About("Change capitals", "Text", 3, ("In {cells}",), "upper lower case", Fits(columns="some", kinds=TEXT))
    example: ClassVar[Mapping[str, Any]] = {"columns": ["Studio"], "case": "title"}
    parameters: ChangeCaseParameters

    def changed(self, text: pl.Expr) -> pl.Expr:
        """As Python's ``str.upper`` and ``str.lower``; see :func:`title` for words."""
        match self.parameters.case:
            case "upper":
                return text.str.to_uppercase()
            case "lower":
                return text.str.to_lowercase()
            case "title":
                return mapped(text, _titles, pl.String())
        return sentence_case(text)

    def changed_code(self, text: str) -> str:
        """As :meth:`changed`."""
        match self.parameters.case:
            case "upper":
                return f"{text}.str.to_uppercase()"
            case "lower":
                return f"{text}.str.to_lowercase()"
            case "title":
                return f"{text}.map_elements(title, return_dtype=pl.String)"
        return f"sentence_case({text})"

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many cells look different now."""
        return self.told(f"Wrote in {self.parameters.case} case", before, after)


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@portable
def sentence_case(text: pl.Expr) -> pl.Expr:
    """Small letters, and a capital where the first letter or digit stands."""
    lower = text.str.to_lowercase()
    before = lower.str.extract(r"^([^\p{L}\p{N}]*)", 1)
    rest = lower.str.strip_prefix(before)
    return before + rest.str.slice(0, 1).str.to_uppercase() + rest.str.slice(1)


@portable
def title(text: str) -> str:
    """Each word with a capital first and small letters after; an apostrophe stands inside a word.

    >>> title("they're o'neill's 3RD film-noir")
    "They're O'neill's 3rd Film-Noir"
    """
    return _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


def _titles(texts: pl.Series) -> pl.Series:
    """The engine's own way for plain ASCII, without apostrophes or letters after digits: there both mean the same."""
    result = texts.str.to_titlecase()
    doubtful = texts.str.contains(r"[^\x00-\x26\x28-\x7f]|[0-9][A-Za-z]").fill_null(False)
    if doubtful.any():
        rows = doubtful.arg_true()
        result = result.scatter(rows, pl.Series([title(text) for text in texts.gather(rows)], dtype=pl.String))
    return result


class ExtractParameters(OneColumn):
    """Which column, and what to look for."""

    pattern: StrictStr = Field(
        min_length=1,
        description="regular expression in Python's syntax; each of its groups makes a column, the whole match without",
        json_schema_extra=shown("Pattern", help_on="patterns"),
    )


@operation
class Extract(Operation[NoFacts]):
    r"""Take parts out of text into new columns: the groups of a regular expression's first match.

    A named group, as in ``(?P<year>\d{4})``, gives its name; others are called ``<column>_1`` and so on. Where
    nothing matches, or a group is empty, the new value is missing.
    """

    name = "extract"
    about = About(
        "Extract with a pattern",
        "Text",
        5,
        ("Parts of {column} into new columns",),
        "regex part capture",
        Fits(columns="one", kinds=TEXT),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "column": "Genres",
        "pattern": r"(?P<First>[\w-]+)(?:, (?P<Second>[\w-]+))?",
    }
    parameters: ExtractParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The table with the new columns to the right of the old one, which stays.

        :raises InvalidPattern: for a malformed pattern.
        :raises TooLarge: for too many groups.
        """
        column = self.parameters.find(table)
        pattern = compile_pattern(self.parameters.pattern)
        if pattern.compiled.groups > MAX_GROUPS:
            raise TooLarge(f"the pattern has {pattern.compiled.groups} groups; at most {MAX_GROUPS} become columns")
        text = text_form(col(column.name), column.dtype).cast(pl.String)
        groups = range(1, pattern.compiled.groups + 1) if pattern.compiled.groups else [0]
        wanted = [group_name(pattern, group) or f"{column.name}_{group or 1}" for group in groups]
        new = [
            Computed(name, group_of(text, pattern, group), (column.name,))
            for name, group in zip(free_names(wanted, set(table.names)), groups, strict=True)
        ]
        place = self.parameters.position(table) + 1
        return Change([*table.columns[:place], *new, *table.columns[place:]])

    def code(self, table: Table, facts: NoFacts) -> Code:
        """The groups of the first match, as ``re.search`` finds it."""
        place = self.parameters.position(table) + 1
        column, pattern = table.columns[place - 1], compile_pattern(self.parameters.pattern)
        names = [each.name for each in self.transform(table, facts).columns if isinstance(each, Computed)]
        first = 1 if pattern.compiled.groups else 0
        text = write.text_of(column)
        made = ", ".join(
            f"{group_code(text, pattern, group)}.alias({write.quote(name)})"
            for group, name in enumerate(names, start=first)
        )
        return Code.of(f"found = df.select({made})", f"df = insert_columns(df, {place}, found)")

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """The new columns, and in how many rows each found something."""
        place = self.parameters.position(before) + 1
        new: tuple[Column, ...] = after.columns[place : place + after.width - before.width]
        found = {column.name: after.rows - column.missing for column in new}
        told = ", ".join(f"{name} ({counted(count, 'value')})" for name, count in found.items())
        return Report(f"Extracted from {self.parameters.find(before).name}: {told}", {"found": found})
