"""A new column computed from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, StrictInt, StrictStr, field_validator

from longshore.errors import ColumnNotFound, LongshoreError, NameTaken, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Table
from longshore.tables.expressions import Compiled, compile_expression, describe_functions, learn, parse
from longshore.tables.expressions.lexer import LONGEST
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
from longshore.tables.operations.columns import check_name
from longshore.tables.operations.facts import WholeColumns


class DeriveParameters(Parameters):
    """What to compute, and where it goes."""

    expression: StrictStr = Field(
        min_length=1,
        max_length=LONGEST,
        description='what to compute from the other columns of a row, in SQL\'s spelling, such as "Net Price" * 1.19 '
        "or CASE WHEN votes > AVG(votes) THEN 'many' ELSE 'few' END; names with spaces stand between double quotes",
        json_schema_extra=shown(
            "Expression",
            "Names with blanks stand between double quotes, text between single ones.",
            control="expression",
            more={"x-functions": describe_functions()},
        ),
    )
    new_name: StrictStr = Field(
        "derived",
        description="name of the new column; no other column may have it",
        json_schema_extra=shown("New name", "No other column may have it."),
    )
    insert_index: StrictInt | None = Field(
        None,
        description="position of the new column, from 0 to the number of columns; at the end when absent",
        json_schema_extra=shown("Place", control="place"),
    )

    @field_validator("expression")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        try:
            parse(text)
        except LongshoreError as error:
            raise ValueError(error.description) from None
        return text


@operation
class Derive(Operation[WholeColumns]):
    """Compute a new column from the others, row by row, with an expression in SQL's spelling.

    ``AVG``, ``MIN``, ``MAX``, ``SUM``, ``COUNT``, ``MEDIAN`` and ``STDDEV`` are learnt from the whole table and then
    stand in every row as that value.
    """

    name = "derive"
    about = About(
        "Compute a column",
        "Columns",
        3,
        ("A new column from {columns} and others", "A new column, computed from the {width} there are"),
        "formula expression calculate new sql",
    )
    example: ClassVar[Mapping[str, Any]] = {"expression": "ROUND(Rating - AVG(Rating), 1)", "newName": "above_average"}
    parameters: DeriveParameters

    def fit(self, table: Table) -> WholeColumns:
        """The values of the functions of whole columns, in the order in which they stand."""
        compiled = self._compile(table)
        return {"values": learn(compiled, table.scan(compiled.reads), table.rows)}

    def transform(self, table: Table, facts: WholeColumns) -> Change:
        """Every column, and the new one among them."""
        name = check_name(self.parameters.new_name)
        at = table.width if self.parameters.insert_index is None else self.parameters.insert_index
        if table.has(name):
            raise NameTaken(f"another column is called {name!r} already")
        if not 0 <= at <= table.width:
            raise ColumnNotFound(f"no place at index {at}; a column can be inserted at 0 to {table.width}")
        compiled = self._compile(table, facts["values"])
        made = Computed(name, compiled.expr, compiled.reads)
        return Change([*table.columns[:at], made, *table.columns[at:]])

    def code(self, table: Table, facts: WholeColumns) -> Code:
        """The expression as the engine computes it; long parts of it stand under names of their own."""
        name = self.parameters.new_name
        compiled = self._compile(table, facts["values"])
        made = f"{compiled.code}.alias({write.quote(name)})"
        at = table.width if self.parameters.insert_index is None else self.parameters.insert_index
        where = "df = df.with_columns({})" if at == table.width else f"df = insert_columns(df, {at}, df.select({{}}))"
        note = "The values of whole columns were learnt from the data." if facts["values"] else ""
        return Code.of(*(f"{part} = {text}" for part, text in compiled.parts.items()), where.format(made), note=note)

    def report(self, before: Table, after: Table, facts: WholeColumns) -> Report:
        """The new column's type, and how many of its values are missing."""
        made = after.columns[after.index_of(self.parameters.new_name)]
        rest = f"; {counted(made.missing, 'value')} of it missing" if made.missing else ""
        sentence = f"Computed {made.name} as {shorten(self.parameters.expression, 200)}{rest}"
        return Report(sentence, {"newColumn": made.name, "dataType": made.kind, "missing": made.missing})

    def _compile(self, table: Table, learnt: list[Any] | None = None) -> Compiled:
        text = self.parameters.expression
        return compile_expression(parse(text), text, table, learnt)
