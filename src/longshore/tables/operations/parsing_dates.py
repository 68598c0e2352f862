"""Text, or numbers that count time, as dates: decided for the whole column, with the evidence shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, StrictBool, StrictStr, model_validator

from longshore.errors import InvalidType
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_name
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.date_inference import (
    Decision,
    decide,
    evidence_for,
    in_letters,
    read_all,
    read_all_code,
    style_of,
)
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Operation,
    Report,
    operation,
)
from longshore.tables.operations.facts import DatesFound
from longshore.tables.operations.misfits import find_misfits, said_of_misfits

MAX_FORMATS = 50


class ParseDatesParameters(OneColumn):
    """Which column, and what is known of how its dates are written."""

    order: Literal["auto", "dayFirst", "monthFirst", "yearFirst"] = Field(
        "auto",
        description="which comes first in dates such as 1/2/2020; auto decides it from all values",
        json_schema_extra=shown(
            "In dates such as 1/2/2020",
            choices={
                "auto": "decide from the values",
                "dayFirst": "day first",
                "monthFirst": "month first",
                "yearFirst": "year first",
            },
        ),
    )
    formats: list[StrictStr] | None = Field(
        None,
        min_length=1,
        max_length=MAX_FORMATS,
        description="how the dates are written, in strptime's letters, such as %d/%m/%Y, tried in turn; epoch:s, "
        "epoch:ms and epoch:us count since 1970; found by itself when absent",
        json_schema_extra=shown(
            "Formats",
            "One to a line, tried in turn. Found from the values when nothing is given.",
            control="lines",
            help_on="dates and epochs",
        ),
    )
    in_place: StrictBool = Field(
        True,
        description="false: keep the column and put the dates into a new one to its right",
        json_schema_extra=shown("Replace the column"),
    )

    @model_validator(mode="after")
    def _one_way(self) -> ParseDatesParameters:
        if self.formats is not None and self.order != "auto":
            raise ValueError("formats: give order or formats, one of them")
        return self


@operation
class ParseDates(Operation[DatesFound]):
    """Read text, or numbers that count time since 1970, as dates or datetimes, decided for the whole column.

    The answer's ``evidence`` lists the formats that were found, how many values each reads, and how many of these
    only its order of day and month can read. Where all values fit both orders, the day is taken to come first, and
    ``ambiguous`` says so. Values that fit no format become missing; ``unread`` shows the first of them. Offsets are
    applied: the result is in UTC. Names of months are English.
    """

    name = "parseDates"
    about = About(
        "Read as dates",
        "Numbers and dates",
        2,
        ("{column}, now {kind}",),
        "time datetime timestamp epoch",
        Fits(columns="one", kinds=(*TEXT, "int")),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Votes", "formats": ["epoch:s"], "inPlace": False}
    parameters: ParseDatesParameters

    def fit(self, table: Table) -> DatesFound:
        """The formats to be tried in turn, what they make, and what speaks for them."""
        column = require_dates_written(self.parameters.find(table))
        frame = table.scan([column.name])
        if self.parameters.formats is not None:
            styles = tuple(style_of(text) for text in dict.fromkeys(self.parameters.formats))
            decision = Decision(styles, None, False, evidence_for(frame, column.name, styles))
        else:
            order = None if self.parameters.order == "auto" else self.parameters.order
            decision = decide(frame, column.name, order, numbers=column.dtype.is_integer())
        return {
            "formats": [style.text for style in decision.styles],
            "dtype": dtypes.encode(decision.target),
            "order": decision.order or "",
            "ambiguous": decision.ambiguous,
            "evidence": [each.to_wire() for each in decision.evidence],
        }

    def transform(self, table: Table, facts: DatesFound) -> Change:
        """The column as dates, or a new one beside it."""
        column = require_dates_written(self.parameters.find(table))
        styles = [style_of(text) for text in facts["formats"]]
        values, numbers = col(column.name), column.dtype.is_integer()
        dates = read_all(values, styles, dtypes.decode(facts["dtype"]), numbers=numbers)
        if self.parameters.in_place:
            return Change.of(table, {column.name: dates})
        at = self.parameters.position(table) + 1
        made = Computed(free_name(f"{column.name}_date", set(table.names)), dates, (column.name,))
        return Change([*table.columns[:at], made, *table.columns[at:]])

    def code(self, table: Table, facts: DatesFound) -> Code:
        """The formats that were found or given, tried in turn."""
        column, position = self.parameters.find(table), self.parameters.position(table)
        styles = [style_of(text) for text in facts["formats"]]
        target, numbers = dtypes.decode(facts["dtype"]), column.dtype.is_integer()
        text, made = read_all_code(column.name, styles, target, numbers=numbers)
        note = "" if self.parameters.formats is not None else "The formats of the dates were found in the data."
        name = column.name if self.parameters.in_place else free_name(f"{column.name}_date", set(table.names))
        made = f"{made}.alias({write.quote(name)})"
        if self.parameters.in_place:
            return Code.of(text, f"df = df.with_columns({made})", note=note)
        return Code.of(text, f"df = insert_columns(df, {position + 1}, df.select({made}))", note=note)

    def report(self, before: Table, after: Table, facts: DatesFound) -> Report:
        """The formats and their evidence, and which values fit none."""
        column = self.parameters.find(before)
        made = after.columns[self.parameters.position(before) + (0 if self.parameters.in_place else 1)]
        misfits = find_misfits(before, column, after, made)
        written = ", ".join(map(in_letters, facts["formats"][:3])) + (
            " and others" if len(facts["formats"]) > 3 else ""
        )
        sentence = f"Read {column.name} as {dtypes.in_words(made.kind)}, written {written}"
        if facts["ambiguous"]:
            sentence += "; day or month could come first in every value, and the day was taken"
        sentence += said_of_misfits(misfits)
        answer = {
            "dateFormats": facts["formats"],
            "order": facts["order"] or None,
            "ambiguous": facts["ambiguous"],
            "evidence": facts["evidence"],
            "invalidated": misfits["count"],
            "unread": misfits["first"],
        }
        return Report(sentence, answer)


def require_dates_written(column: Column) -> Column:
    """``column`` itself when it is text or whole numbers.

    :raises InvalidType: if not.
    """
    if dtypes.is_text(column.dtype) or column.dtype.is_integer():
        return column
    if isinstance(column.dtype, pl.Date | pl.Datetime):
        raise InvalidType(f"column {column.name!r} holds {column.kind}s already")
    raise InvalidType(
        f"column {column.name!r} holds {column.kind} values; dates are read from text or whole numbers, "
        "so convert it to one of these first"
    )
