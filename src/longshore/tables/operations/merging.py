"""Different spellings of one value made the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from longshore.errors import InvalidType, InvalidValue, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.scalars import as_text, fit_value
from longshore.tables.operations.about import TEXT, About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, counted, operation
from longshore.tables.operations.facts import NoFacts
from longshore.tables.operations.replacing import count_differences, replace_whole, whole_code

MAX_VALUES = 100_000
"""Values that one step may merge."""

Value = StrictStr | StrictBool | StrictInt | StrictFloat


class Merge(BaseModel):
    """Values, and the one that takes their place."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    values: list[Value] = Field(
        alias="from", min_length=1, description="the values to be replaced", json_schema_extra=shown("From")
    )
    to: Value | None = Field(description="what takes their place; null makes missing", json_schema_extra=shown("To"))


class MergeValuesParameters(OneColumn):
    """Which column, and which of its values become one."""

    merges: list[Merge] = Field(
        min_length=1,
        description='objects with "from", a list of values, and "to", the one that takes their place, such as the '
        "clusters that `cluster` found; no value stands in two of them",
        json_schema_extra=shown("Groups of values", control="merges"),
    )

    @model_validator(mode="after")
    def _each_once(self) -> MergeValuesParameters:
        seen: dict[str | None, int] = {}
        for number, merge in enumerate(self.merges):
            for value in merge.values:
                if seen.setdefault(as_text(value), number) != number:
                    raise ValueError(f"merges: the value {shorten(str(value))!r} stands in two of them")
        if len(seen) > MAX_VALUES:
            raise ValueError(f"merges: at most {MAX_VALUES:,} values are merged in one step")
        return self


@operation
class MergeValues(Operation[NoFacts]):
    """Replace groups of values by one each, all at once: nothing is replaced twice.

    A column that is not text keeps its type; the values are then read as it.
    """

    name = "mergeValues"
    about = About(
        "Merge values",
        "Text",
        6,
        ("In {cells}",),
        "cluster spelling same replace several",
        Fits(columns="one", kinds=TEXT),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "column": "Studio",
        "merges": [{"from": ["universal", "UNIVERSAL"], "to": "Universal"}, {"from": ["ufa"], "to": "UFA"}],
    }
    parameters: MergeValuesParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """The column with its values replaced.

        :raises InvalidType: for a value that the column's type cannot hold.
        """
        column = self.parameters.find(table)
        final = self._final(column)
        dtype: pl.DataType = pl.String() if dtypes.is_text(column.dtype) else column.dtype
        values = col(column.name).cast(dtype) if dtype != column.dtype else col(column.name)
        return Change.of(table, {column.name: replace_whole(values, final, dtype).cast(column.dtype)})

    def code(self, table: Table, facts: NoFacts) -> Code:
        """``replace``."""
        column = self.parameters.find(table)
        dtype: pl.DataType = pl.String() if dtypes.is_text(column.dtype) else column.dtype
        replaced = whole_code(write.as_text(column), self._final(column), dtype)
        replaced += "" if dtype == column.dtype else f".cast({write.type_of(column.dtype)})"
        return Code.replacing(f"{replaced}.alias({write.quote(column.name)})" if "pl.when(" in replaced else replaced)

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """In how many rows something else stands now."""
        old, new = self.parameters.find(before), self.parameters.find(after)
        count = count_differences(before, old, after, new)
        groups = counted(len(self.parameters.merges), "group")
        return Report(
            f"Merged {groups} of values of {old.name}: {counted(count, 'row')} changed", {"changedRows": count}
        )

    def _final(self, column: Column) -> dict[Any, Any]:
        """What each value becomes, as values of the column."""
        final: dict[Any, Any] = {}
        for merge in self.parameters.merges:
            put = _fitted(merge.to, column)
            for value in merge.values:
                found = _fitted(value, column)
                if found is not None and final.setdefault(found, put) != put:
                    raise InvalidType(
                        f"{shorten(str(value))!r} stands in two merges: "
                        f"as a value of type {column.kind} it equals another one"
                    )
        return final


def _fitted(value: Any, column: Column) -> Any:
    """``value`` as the column holds it.

    :raises InvalidType: when it cannot.
    """
    try:
        return fit_value(value, column.dtype)
    except InvalidValue:
        raise InvalidType(
            f"{shorten(str(value))!r} is no value of column {column.name!r}, which holds {column.kind} values; "
            "convert it to text first"
        ) from None
