"""Rows that are added, and rows that are kept or dropped as a view shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator

from longshore.errors import InvalidRequest, InvalidValue, RowNotFound, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.codegen import patterns
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.table import ROW_NUMBER, Column, Table
from longshore.tables.expressions import learn
from longshore.tables.formats.scalars import fit_value, require_scalar
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import (
    Change,
    Code,
    Operation,
    Parameters,
    Report,
    Scan,
    counted,
    operation,
)
from longshore.tables.operations.facts import Condition, NoFacts
from longshore.tables.patterns import collecting, compile_pattern
from longshore.tables.viewing.conditions import MAX_CONDITION, WHERE
from longshore.tables.viewing.ordering import key, needed, order_query
from longshore.tables.viewing.parameters import FilterType, Selection, ViewParameters, check_condition, resolve

MAX_NEW_ROWS = 10_000
_CHOSEN = "\x00chosen"


class ViewedRowsParameters(Parameters):
    """Which rows: those that a view with this filter, this condition and this search shows."""

    filter_type: FilterType | None = Field(
        None,
        description="invalid, outliers or duplicates, judged by the filter's columns",
        json_schema_extra=shown(
            "Rows that are",
            choices={"invalid": "missing a value", "outliers": "far from the mean", "duplicates": "repeated"},
        ),
    )
    filter_column_indices: list[StrictInt | StrictStr] | None = Field(
        None,
        description="positions of the filter's columns, from 0, or names",
        json_schema_extra=shown("Judged by", control="column-indices"),
    )
    filter_columns: list[StrictStr] | None = Field(
        None,
        description="names of the filter's columns, in place of filterColumnIndices",
        json_schema_extra=shown("Judged by", control="columns"),
    )
    outliers_std_dev: float = Field(
        2.0,
        gt=0,
        description="outliers are so many standard deviations from the mean",
        json_schema_extra=shown("Standard deviations from the mean"),
    )
    outliers_trim_portion: float = Field(
        0.0,
        ge=0,
        lt=0.5,
        description="portion cut from either end before the mean is taken",
        json_schema_extra=shown("Portion cut from either end before"),
    )
    where: StrictStr | None = Field(
        None, max_length=MAX_CONDITION, description=WHERE, json_schema_extra=shown("Condition", control="expression")
    )
    search_query: StrictStr | None = Field(
        None, description="text that one of the search's columns contains", json_schema_extra=shown("Search for")
    )
    search_column_indices: list[StrictInt | StrictStr] | None = Field(
        None,
        description="positions of the columns to search, from 0, or names; all by default",
        json_schema_extra=shown("Search in", control="column-indices"),
    )
    search_columns: list[StrictStr] | None = Field(
        None,
        description="names of the columns to search, in place of searchColumnIndices",
        json_schema_extra=shown("Search in", control="columns"),
    )
    search_is_regex: StrictBool = Field(
        False,
        description="take searchQuery as a regular expression",
        json_schema_extra=shown("As a regular expression"),
    )

    _condition_can_be_read = field_validator("where")(check_condition)

    def select(self, table: Table, facts: Condition) -> Selection:
        """The selection in ``table``, with what its condition has learnt of whole columns.

        :raises InvalidRequest: without filter, condition and search, or for a filter without columns.
        :raises ColumnNotFound: for a column that is not there.
        """
        if self.filter_type is None and self.where is None and not self.search_query:
            raise InvalidRequest("give filterType, where or searchQuery: without them the view shows every row")
        selection = resolve(table, ViewParameters(**self.model_dump()))
        if selection.where is None or "values" not in facts:
            return selection
        return replace(selection, where=replace(selection.where, learnt=tuple(facts["values"])))


class _ByView(Operation[Condition]):
    """Rows chosen by a view."""

    parameters: ViewedRowsParameters
    kept: ClassVar[bool]

    def fit(self, table: Table) -> Condition:
        """The values of whole columns in the condition, in the order in which they stand."""
        where = self.parameters.select(table, {}).where
        if where is None:
            return {}
        compiled = where.compile(lambda column: column.name)
        return {"values": learn(compiled, table.scan(compiled.reads), table.rows)} if compiled.aggregates else {}

    def transform(self, table: Table, facts: Condition) -> Change:
        """Every column, less some rows; which ones is found out while the rows are read.

        :raises InvalidType: for outliers of a column that holds no numbers, or a condition that is none.
        :raises InvalidPattern: for a malformed regular expression.
        """
        selection = self.parameters.select(table, facts)

        def choose(frame: pl.LazyFrame) -> pl.LazyFrame:
            chosen = _shown(frame, selection, table.rows)
            chosen = chosen if self.kept else ~chosen
            beside = pl.LazyFrame({_CHOSEN: chosen})
            return pl.concat([frame, beside], how="horizontal").filter(_CHOSEN)

        return Change(table.columns, rows=choose, rows_read=[column.name for column in needed(selection)])

    def code(self, table: Table, facts: Condition) -> Code:
        """``filter`` with the conditions of the view."""
        selection = self.parameters.select(table, facts)
        parts, where = _where_code(selection)
        conditions = [*_filter_code(selection), *where, *_search_code(selection)]
        condition = " & ".join(f"({each})" for each in conditions) if len(conditions) > 1 else conditions[0]
        if not self.kept:
            condition = f"~({condition}).fill_null(False)"  # a row that cannot be judged stays
        note = "The values of whole columns were learnt from the data." if facts.get("values") else ""
        return Code.of(*parts, f"df = df.filter({condition})", note=note)

    def report(self, before: Table, after: Table, facts: Condition) -> Report:
        """How many rows stayed or went."""
        removed = before.rows - after.rows
        shown = f"Kept {counted(after.rows, 'row')} of" if self.kept else f"Dropped {counted(removed, 'row')} of"
        return Report(f"{shown} {before.rows:,} by {_described(self.parameters)}", {"removed": removed})


def _shown(frame: pl.LazyFrame, selection: Selection, rows: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """For each row whether the view shows it."""
    keyed = frame.select(*(col(column.name).alias(key(column)) for column in needed(selection)), ROW_NUMBER)
    chosen = np.zeros(rows, dtype=np.bool_)
    chosen[collecting(order_query(keyed, selection)).get_column(ROW_NUMBER).to_numpy()] = True
    return chosen


def _filter_code(selection: Selection) -> list[str]:
    """The filter of a view as conditions of a script."""
    if selection.filter_type is None:
        return []
    names = [column.name for column in selection.filter_columns]
    if selection.filter_type == "invalid":
        missing = f"{write.columns(names)}.is_null()"
        return [missing if len(names) == 1 else f"pl.all_horizontal({missing})"]
    if selection.filter_type == "duplicates":
        return [f"pl.len().over({write.names(names)}) > 1"]
    about = f"{write.plain(selection.std_dev)}, {write.plain(selection.trim_portion)}"
    return [f"is_outlier(df.lazy(), {write.column(name)}, {about})" for name in names]


def _where_code(selection: Selection) -> tuple[list[str], list[str]]:
    """The condition of a view in a script: its long parts under names of their own, and the condition itself."""
    if selection.where is None:
        return [], []
    compiled = selection.where.compile(lambda column: column.name, selection.where.learnt)
    return [f"{part} = {text}" for part, text in compiled.parts.items()], [compiled.code]


def _search_code(selection: Selection) -> list[str]:
    """The search of a view as conditions of a script."""
    if not selection.query:
        return []
    pattern = compile_pattern(selection.query) if selection.is_regex else None
    plain = [column.name for column in selection.search_columns if column.dtype == pl.String()]
    texts = [write.columns(plain)] if plain else []
    texts += [write.text_of(column) for column in selection.search_columns if column.dtype != pl.String()]
    query = f".str.contains({write.quote(selection.query)}, literal=True)"
    found = [patterns.found(text, pattern) if pattern is not None else text + query for text in texts]
    return [found[0] if len(selection.search_columns) == 1 else f"pl.any_horizontal({', '.join(found)})"]


def _insert_code(table: Table, rows: Sequence[list[Any] | dict[str, Any]], row_index: int | None) -> Code:
    """:func:`inserting` in a script."""
    place = table.rows if row_index is None else row_index
    listed = [_in_order(table, row, index) for index, row in enumerate(rows)]
    fitted = [(c, [_fit(row[at], c, index) for index, row in enumerate(listed)]) for at, c in enumerate(table.columns)]
    given = ", ".join(
        f"pl.Series({write.quote(column.name)}, {_values_code(values, column)})"
        for column, values in fitted
        if any(value is not None for value in values)
    )
    parts = f"df.slice(0, {place}), new, df.slice({place})" if place < table.rows else "df, new"
    return Code.of(f"new = rows_like(df, {len(rows)}, [{given}])", f"df = pl.concat([{parts}])")


def _values_code(values: list[Any], column: Column) -> str:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        utc = write.type_of(pl.Datetime(dtype.time_unit, "UTC"))
        return f"{write.listed(values)}, {utc}).dt.convert_time_zone({write.quote(dtype.time_zone)}"
    return f"{write.listed(values)}, {write.type_of(dtype)}"


def _described(parameters: ViewedRowsParameters) -> str:
    parts = []
    if parameters.filter_type is not None:
        parts.append(f"the filter {parameters.filter_type}")
    if parameters.where is not None:
        parts.append(f"the condition {shorten(parameters.where, 200)}")
    if parameters.search_query:
        parts.append(f"the search for {parameters.search_query[:60]!r}")
    return " and ".join(parts)


@operation
class KeepRows(_ByView):
    """Keep the rows that a filter, a condition and a search show, and remove all others."""

    name = "keepRows"
    about = About(
        "Keep only the rows shown", "Rows", 3, ("Keep {shownRows}, remove {hiddenRows}",), "filter", Fits(view=True)
    )
    keeps_rows = False
    example: ClassVar[Mapping[str, Any]] = {"searchQuery": "Drama", "searchColumnIndices": [2]}
    ordered = True
    kept = True


@operation
class DropRows(_ByView):
    """Remove the rows that a filter, a condition and a search show."""

    name = "dropRows"
    about = About(
        "Remove the rows shown", "Rows", 4, ("Remove {shownRows}, keep {hiddenRows}",), "filter delete", Fits(view=True)
    )
    keeps_rows = False
    example: ClassVar[Mapping[str, Any]] = {"filterType": "invalid", "filterColumnIndices": [5]}
    ordered = True
    kept = False


class AddRowsParameters(Parameters):
    """The new rows and their place."""

    rows: list[list[Any] | dict[str, Any]] = Field(
        min_length=1,
        max_length=MAX_NEW_ROWS,
        description="each a list with one value for each column, or an object of values by column name, "
        "the others missing; a value is text, a number, true, false or null and has to fit its column",
        json_schema_extra=shown("Rows", control="new-rows"),
    )
    row_index: StrictInt | None = Field(
        None,
        description="number of the first new row, from 0; at the end by default",
        json_schema_extra=shown("Above row", control="row"),
    )


@operation
class AddRows(Operation[NoFacts]):
    """Add rows at the end or in between."""

    name = "addRows"
    about = About("Add rows", "Rows", 7, ("Rows you type or paste",), "new paste append insert")
    keeps_rows = False
    example: ClassVar[Mapping[str, Any]] = {"rows": [{"Title": "Ran", "Released": "1985-05-31", "Country": "Japan"}]}
    ordered = True
    parameters: AddRowsParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column with the new rows in their place.

        :raises InvalidValue: for a value that does not fit its column, or a list of another length.
        :raises ColumnNotFound: for a value under a name that no column has.
        :raises RowNotFound: for a place beyond the table's end.
        """
        return inserting(table, self.parameters.rows, self.parameters.row_index)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """Old and new rows, one below the other."""
        return _insert_code(table, self.parameters.rows, self.parameters.row_index)

    def row_before(self, before: Table, facts: NoFacts, row: int, scan: Scan) -> int | None:
        """The rows below the new ones have moved down."""
        place = before.rows if self.parameters.row_index is None else self.parameters.row_index
        return before_insertion(row, place, len(self.parameters.rows))

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """How many, and where."""
        return told(before, self.parameters.row_index, len(self.parameters.rows))


class InsertRowParameters(Parameters):
    """The new row and its place."""

    row_index: StrictInt = Field(
        description="number of the new row, from 0; the rows from there on move down",
        json_schema_extra=shown("Above row", control="row"),
    )
    values: list[Any] | dict[str, Any] = Field(
        default_factory=dict,
        description="a list with one value for each column, or an object of values by column name; missing by default",
        json_schema_extra=shown("Its values", "What stays empty is missing.", control="record"),
    )


@operation
class InsertRow(Operation[NoFacts]):
    """Insert one row, empty or with values."""

    name = "insertRow"
    about = About("Insert a row", "Rows", 6, ("Above row {row}", "At the end, after {rows}"), "new add")
    keeps_rows = False
    example: ClassVar[Mapping[str, Any]] = {"rowIndex": 1, "values": {"Title": "Ran", "Country": "Japan"}}
    ordered = True
    parameters: InsertRowParameters

    def transform(self, table: Table, facts: NoFacts) -> Change:
        """Every column with the new row in its place; raises as :meth:`AddRows.transform`."""
        return inserting(table, [self.parameters.values], self.parameters.row_index)

    def code(self, table: Table, facts: NoFacts) -> Code:
        """Old and new rows, one below the other."""
        return _insert_code(table, [self.parameters.values], self.parameters.row_index)

    def row_before(self, before: Table, facts: NoFacts, row: int, scan: Scan) -> int | None:
        """The rows below the new one have moved down."""
        return before_insertion(row, self.parameters.row_index, 1)

    def report(self, before: Table, after: Table, facts: NoFacts) -> Report:
        """Where."""
        return told(before, self.parameters.row_index, 1)


def before_insertion(row: int, place: int, count: int) -> int | None:
    """Where a row stood before ``count`` rows were put in at ``place``; None for one of those."""
    if row < place:
        return row
    return None if row < place + count else row - count


def told(before: Table, row_index: int | None, count: int) -> Report:
    """What a finished insertion says."""
    place = before.rows if row_index is None else row_index
    where = "at the end" if place == before.rows else f"before row {place:,}"
    return Report(f"Added {counted(count, 'row')} {where}", {"rowIndex": place})


def inserting(table: Table, rows: Sequence[list[Any] | dict[str, Any]], row_index: int | None) -> Change:
    """The plan for ``rows`` to stand from ``row_index`` on."""
    place = table.rows if row_index is None else row_index
    if not 0 <= place <= table.rows:
        raise RowNotFound(f"a new row can stand at 0 to {table.rows}, not at {place}")
    new = _new_rows(table, rows).lazy()

    def insert(frame: pl.LazyFrame) -> pl.LazyFrame:
        old = frame.drop(ROW_NUMBER)
        parts = [old.slice(0, place), new, old.slice(place)] if place < table.rows else [old, new]
        return pl.concat(parts)

    return Change(table.columns, rows=insert)


def _new_rows(table: Table, rows: Sequence[list[Any] | dict[str, Any]]) -> pl.DataFrame:
    listed = [_in_order(table, row, index) for index, row in enumerate(rows)]
    return pl.DataFrame(
        [
            _series(column, [_fit(row[position], column, index) for index, row in enumerate(listed)])
            for position, column in enumerate(table.columns)
        ]
    )


def _in_order(table: Table, row: list[Any] | dict[str, Any], index: int) -> list[Any]:
    if isinstance(row, list):
        if len(row) != table.width:
            raise InvalidValue(
                f"row {index} has {counted(len(row), 'value')}; the table has {counted(table.width, 'column')}"
            )
        return row
    for name in row:
        table.index_of(name)
    return [row.get(name) for name in table.names]


def _fit(value: Any, column: Column, index: int) -> Any:
    scalar = require_scalar(value, f"rows.{index}.{column.name}")
    try:
        return fit_value(scalar, column.dtype)
    except InvalidValue:
        raise InvalidValue(
            f"row {index}: {str(scalar)[:80]!r} does not fit column {column.name!r} of type {column.kind}"
        ) from None


def _series(column: Column, values: list[Any]) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        moments = pl.Series(column.name, values, dtype=pl.Datetime(dtype.time_unit, "UTC"))
        return moments.dt.convert_time_zone(dtype.time_zone)
    return pl.Series(column.name, values, dtype=dtype)
