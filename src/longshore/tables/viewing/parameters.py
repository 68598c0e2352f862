"""What a read asks for: the contract's view parameters, and the same resolved against a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, StrictInt, StrictStr, field_validator
from pydantic.alias_generators import to_camel

from longshore.errors import InvalidRequest, LongshoreError
from longshore.tables.core.spelling import Spelt
from longshore.tables.core.table import Column, Table
from longshore.tables.core.validation import parse_model
from longshore.tables.viewing.conditions import (
    MAX_CONDITION,
    WHERE,
    Condition,
    parse_condition,
    read_condition,
)

FilterType = Literal["invalid", "outliers", "duplicates"]


def check_condition(text: str | None) -> str | None:
    """A condition that reads as an expression, see :func:`~.conditions.parse_condition`; blank is none.

    :raises ValueError: with the place and a hint.
    """
    if text is None or not text.strip():
        return None
    try:
        parse_condition(text)
    except LongshoreError as error:
        raise ValueError(error.description) from None
    return text


class ViewParameters(Spelt):
    """Filter, condition, search and sort; on the wire in camel case, unknown fields are refused.

    Columns are given by index or, where that reads better, by name (``filterColumns`` beside
    ``filterColumnIndices``); names win. A search without columns looks at all of them; an empty
    query is no search.

    >>> ViewParameters.read({"sortColumnIndex": 2, "sortAscending": False}).sort_column_index
    2
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )

    filter_type: FilterType | None = None
    filter_column_indices: list[StrictInt | StrictStr] | None = None
    filter_columns: list[str] | None = None
    outliers_std_dev: float = Field(2.0, gt=0, description="standard deviations from the mean")
    outliers_trim_portion: float = Field(0.0, ge=0, lt=0.5, description="cut from either end before the mean is taken")
    where: str | None = Field(None, max_length=MAX_CONDITION, description=WHERE)
    search_query: str | None = None
    search_column_indices: list[StrictInt | StrictStr] | None = None
    search_columns: list[str] | None = None
    search_is_regex: bool = False
    sort_column_index: int | None = None
    sort_column: str | None = None
    sort_ascending: bool = True

    _condition_can_be_read = field_validator("where")(check_condition)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """The parameters in a request's fields.

        :raises InvalidRequest: naming the field that is absent, of the wrong JSON type or out of range.
        """
        return parse_model(cls, fields)

    def unsorted(self) -> Self:
        """The same rows, in the table's order."""
        return self.model_copy(update={"sort_column": None, "sort_column_index": None})


class PageParameters(ViewParameters):
    """A view and the window of it: both ends inclusive, counted from 0, clipped to what exists."""

    row_index_from: int = Field(description="first row of the page, from 0; rows count in the view's order")
    row_index_to: int = Field(description="last row of the page, inclusive; past the end it is clipped")
    column_index_from: StrictInt | StrictStr = Field(description="first column of the page, from 0, or its name")
    column_index_to: StrictInt | StrictStr = Field(
        description="last column of the page, inclusive, or its name; past the end it is clipped"
    )

    @property
    def rows(self) -> tuple[int, int]:
        """First and last row of the window."""
        return max(self.row_index_from, 0), self.row_index_to

    def columns(self, table: Table) -> tuple[int, int]:
        """First and last column of the window; raises :class:`ColumnNotFound` for a name."""
        ends = (self.column_index_from, self.column_index_to)
        first, last = (table.index_of(end) if isinstance(end, str) else end for end in ends)
        return max(first, 0), last


@dataclass(frozen=True)
class Selection:
    """View parameters resolved against a table: equal selections of equal column files have equal rows."""

    filter_type: FilterType | None
    filter_columns: tuple[Column, ...]
    std_dev: float
    trim_portion: float
    where: Condition | None
    query: str
    search_columns: tuple[Column, ...]
    is_regex: bool
    sort_column: Column | None
    ascending: bool

    @property
    def has_all_rows(self) -> bool:
        """Whether it takes every row, in whatever order."""
        return self.filter_type is None and self.where is None and not self.query

    @property
    def is_whole_table(self) -> bool:
        """Whether it takes every row, in the table's order."""
        return self.has_all_rows and self.sort_column is None

    @property
    def key(self) -> tuple[Any, ...]:
        """What the answer depends on; columns count by their files, so renaming one changes nothing."""
        return (
            self.filter_type,
            *(_files(columns) for columns in (self.filter_columns, self.search_columns)),
            self.std_dev,
            self.trim_portion,
            None if self.where is None else self.where.key,
            self.query,
            self.is_regex,
            _files([self.sort_column] if self.sort_column else []),
            self.ascending,
        )


def _files(columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    return tuple((column.file, column.source) for column in columns)


def resolve(table: Table, parameters: ViewParameters) -> Selection:
    """The columns that ``parameters`` mean in ``table``, each once.

    :raises ColumnNotFound: for an index or a name that the table has not.
    :raises InvalidRequest: for a filter without columns, or a search with an empty list of them.
    :raises InvalidType, InvalidValue, InvalidPattern, TooLarge: for a condition, see :func:`~.read_condition`.
    """
    filtering = parameters.filter_type is not None
    outliers = parameters.filter_type == "outliers"
    query = parameters.search_query or ""
    return Selection(
        filter_type=parameters.filter_type,
        filter_columns=_filter_columns(table, parameters) if filtering else (),
        std_dev=parameters.outliers_std_dev if outliers else 0.0,
        trim_portion=parameters.outliers_trim_portion if outliers else 0.0,
        where=None if parameters.where is None else read_condition(parameters.where, table),
        query=query,
        search_columns=_search_columns(table, parameters) if query else (),
        is_regex=parameters.search_is_regex and bool(query),
        sort_column=_sort_column(table, parameters),
        ascending=parameters.sort_ascending,
    )


def _pick(table: Table, indices: list[int | str] | None, names: list[str] | None) -> tuple[Column, ...] | None:
    given: Sequence[int | str] | None = indices if names is None else names
    if given is None:
        return None
    return tuple(table.columns[index] for index in dict.fromkeys(map(table.position_of, given)))


def _filter_columns(table: Table, parameters: ViewParameters) -> tuple[Column, ...]:
    columns = _pick(table, parameters.filter_column_indices, parameters.filter_columns)
    if not columns:
        raise InvalidRequest(f"the filter {parameters.filter_type!r} needs columns: give filterColumnIndices")
    return columns


def _search_columns(table: Table, parameters: ViewParameters) -> tuple[Column, ...]:
    columns = _pick(table, parameters.search_column_indices, parameters.search_columns)
    if columns is None:
        return table.columns
    if not columns:
        raise InvalidRequest("searchColumnIndices is empty: name the columns to search, or leave it out to search all")
    return columns


def _sort_column(table: Table, parameters: ViewParameters) -> Column | None:
    if parameters.sort_column is not None:
        return table.require_column(table.index_of(parameters.sort_column))
    if parameters.sort_column_index is not None:
        return table.require_column(parameters.sort_column_index)
    return None
