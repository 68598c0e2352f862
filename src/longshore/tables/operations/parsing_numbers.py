"""Text as numbers: currencies, per cent and thousands taken off, the decimal mark decided for the whole column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, StrictBool

from longshore.errors import InvalidType
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_name
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.dates import stripped
from longshore.tables.formats.number_inference import decide, read_numbers
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import Change, Code, Computed, OneColumn, Operation, Report, operation
from longshore.tables.operations.facts import NumbersFound
from longshore.tables.operations.misfits import find_misfits, said_of_misfits


class ParseNumbersParameters(OneColumn):
    """Which column, and what is known of how its numbers are written."""

    decimal: Literal["auto", "point", "comma"] = Field(
        "auto",
        description="what stands before the decimals, as in 1,234.5 or 1.234,5; auto decides it from all values",
        json_schema_extra=shown(
            "Before the decimals stands",
            choices={
                "auto": "decide from the values",
                "point": "a point, as in 1,234.5",
                "comma": "a comma, as in 1.234,5",
            },
        ),
    )
    percent: Literal["fraction", "number"] = Field(
        "fraction",
        description="what 5 % becomes: the fraction 0.05, or the number 5",
        json_schema_extra=shown(
            "Per cent becomes", choices={"fraction": "a fraction: 5 % is 0.05", "number": "a number: 5 % is 5"}
        ),
    )
    in_place: StrictBool = Field(
        True,
        description="false: keep the column and put the numbers into a new one to its right",
        json_schema_extra=shown("Replace the column"),
    )


@operation
class ParseNumbers(Operation[NumbersFound]):
    """Read text as numbers, whatever currencies, percent signs and thousands stand in it, decided for the whole column.

    Currencies are taken off, not converted; brackets and a minus at either end make a number negative. The answer's
    ``evidence`` tells for each decimal mark how many values it reads, and how many only it can read. Where no value
    decides, three digits behind a lone mark are taken for thousands, and ``ambiguous`` says so. Values that are no
    numbers become missing; ``unread`` shows the first of them.
    """

    name = "parseNumbers"
    about = About(
        "Read as numbers",
        "Numbers and dates",
        1,
        ("{column}, now {kind}",),
        "currency percent thousands decimal comma money convert",
        Fits(columns="one", kinds=TEXT),
    )
    example: ClassVar[Mapping[str, Any]] = {"column": "Gross"}
    parameters: ParseNumbersParameters

    def fit(self, table: Table) -> NumbersFound:
        """The decimal marks to be tried in turn, what they make, and what speaks for them."""
        column = require_text(self.parameters.find(table))
        wanted = None if self.parameters.decimal == "auto" else self.parameters.decimal
        decision = decide(table.scan([column.name]), column.name, wanted, divide_percent=self._divides)
        return {
            "decimals": list(decision.marks),
            "dtype": dtypes.encode(decision.target),
            "ambiguous": decision.ambiguous,
            "evidence": list(decision.evidence),
        }

    @property
    def _divides(self) -> bool:
        return self.parameters.percent == "fraction"

    def transform(self, table: Table, facts: NumbersFound) -> Change:
        """The column as numbers, or a new one beside it."""
        column = require_text(self.parameters.find(table))
        target = dtypes.decode(facts["dtype"])
        # Integers have no percentages among them: nothing is divided, and they stay integers.
        divides = self._divides and target.is_float()
        numbers = read_numbers(stripped(col(column.name)), facts["decimals"], target, divides)
        if self.parameters.in_place:
            return Change.of(table, {column.name: numbers})
        at = self.parameters.position(table) + 1
        made = Computed(self._made_name(table), numbers, (column.name,))
        return Change([*table.columns[:at], made, *table.columns[at:]])

    def _made_name(self, table: Table) -> str:
        return free_name(f"{self.parameters.find(table).name}_number", set(table.names))

    def code(self, table: Table, facts: NumbersFound) -> Code:
        """The decimal marks that were found or given, tried in turn."""
        column, position = self.parameters.find(table), self.parameters.position(table)
        target = dtypes.decode(facts["dtype"])
        about = f"{write.listed(facts['decimals'])}, {write.type_of(target)}, {self._divides and target.is_float()}"
        read = f"read_numbers(stripped({write.column(column.name)}), {about})"
        note = "" if self.parameters.decimal != "auto" else "The decimal mark was found in the data."
        if self.parameters.in_place:
            return Code.replacing(read, note=note)
        made = f"{read}.alias({write.quote(self._made_name(table))})"
        return Code.of(f"df = insert_columns(df, {position + 1}, df.select({made}))", note=note)

    def report(self, before: Table, after: Table, facts: NumbersFound) -> Report:
        """The decimal mark and its evidence, and which values are no numbers."""
        column = self.parameters.find(before)
        made = after.columns[self.parameters.position(before) + (0 if self.parameters.in_place else 1)]
        misfits = find_misfits(before, column, after, made)
        sentence = f"Read {column.name} as numbers"
        if made.dtype.is_float():
            sentence += f" with a decimal {facts['decimals'][0]}"
        if facts["ambiguous"]:
            sentence += "; their marks could stand before decimals as well, and were taken for thousands"
        answer = {
            "decimal": facts["decimals"][0],
            "ambiguous": facts["ambiguous"],
            "evidence": facts["evidence"],
            "invalidated": misfits["count"],
            "unread": misfits["first"],
        }
        return Report(sentence + said_of_misfits(misfits), answer)


def require_text(column: Column) -> Column:
    """``column`` itself when it is text.

    :raises InvalidType: if not.
    """
    if dtypes.is_text(column.dtype):
        return column
    if column.dtype.is_numeric():
        raise InvalidType(f"column {column.name!r} holds numbers already")
    raise InvalidType(f"column {column.name!r} holds {column.kind} values; numbers are read from text")
