"""What an operation is, and the registry that every interface is made from.

Declaring one is one class::

    @operation
    class UpperCase(Operation):
        \"\"\"Write a text column in capitals.\"\"\"

        name = "upperCase"
            about = About("Capitals", "Text", 9, ("In {cells}",), fits=Fits(columns="one", kinds=TEXT))
        example = {"columnIndex": 0}
        parameters: OneColumn

        def transform(self, table, facts):
            column = self.parameters.find(table)
            return Change.of(table, {column.name: col(column.name).str.to_uppercase()})

Socket.IO, REST, OpenAPI, the Python client and the documentation follow from the registry.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Generic, cast, get_args, get_type_hints

import polars as pl
from pydantic import ConfigDict, Field, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypeVar

from longshore.errors import IllegalOperation, InvalidRequest, shorten
from longshore.tables.codegen.literals import Code as Code
from longshore.tables.core.forms import shown
from longshore.tables.core.spelling import Spelt
from longshore.tables.core.table import ROW_NUMBER, Column, Table
from longshore.tables.core.validation import parse_model
from longshore.tables.operations.about import About
from longshore.tables.operations.facts import Facts as Facts
from longshore.tables.operations.facts import NoFacts

Declared = TypeVar("Declared", bound="type[Operation]")

F = TypeVar("F", bound=Mapping[str, Any], default=Any)
"""What an operation learns, one of :mod:`longshore.tables.operations.facts`."""

_DIGITS = 6
_MIN_PLAIN, _MAX_PLAIN = 1e-4, 1e15
"""Numbers beyond these are written with an exponent: their zeros would say nothing."""

Scan = Callable[[Sequence[str] | None], pl.LazyFrame]
"""Opens the named columns of a table, all of them for None."""


class Parameters(Spelt):
    """Base of an operation's parameters: strict JSON types, camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class OneColumn(Parameters):
    """Names one column, by its index or by its name."""

    column_index: StrictInt | None = Field(
        None, description="position of the column, from 0", json_schema_extra=shown("Column", control="column-index")
    )
    column: StrictStr | None = Field(
        None,
        description="name of the column, in place of columnIndex",
        json_schema_extra=shown("Column", control="column", required=True),
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> OneColumn:
        if (self.column_index is None) == (self.column is None):
            raise ValueError("name the column by columnIndex or by column, one of them")
        return self

    def position(self, table: Table) -> int:
        """The column's index in ``table``; raises :class:`ColumnNotFound`."""
        if self.column is not None:
            return table.index_of(self.column)
        assert self.column_index is not None  # noqa: S101 - the validator saw to it
        table.require_column(self.column_index)
        return self.column_index

    def find(self, table: Table) -> Column:
        """The column itself; raises :class:`ColumnNotFound`."""
        return table.columns[self.position(table)]


class SeveralColumns(Parameters):
    """Names at least one column, by index or by name."""

    column_indices: list[StrictInt | StrictStr] | None = Field(
        None,
        min_length=1,
        description="positions of the columns, from 0, or names",
        json_schema_extra=shown("Columns", control="column-indices"),
    )
    columns: list[StrictStr] | None = Field(
        None,
        min_length=1,
        description="names of the columns, in place of columnIndices",
        json_schema_extra=shown("Columns", control="columns", required=True),
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> SeveralColumns:
        if (self.column_indices is None) == (self.columns is None):
            raise ValueError("name the columns by columnIndices or by columns, one of them")
        return self

    def positions(self, table: Table) -> list[int]:
        """The columns' indices in ascending order, each once; raises :class:`ColumnNotFound`."""
        given: Sequence[int | str] = self.columns or self.column_indices or ()
        return sorted({table.position_of(each) for each in given})


@dataclass(frozen=True, slots=True)
class Computed:
    """A column to be computed: its name in the new table, the expression over the old table's names, what it reads."""

    name: str
    expression: pl.Expr
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """The new table as a plan: which columns stand where, and which rows stay.

    :param columns: kept columns (renamed, moved or doubled at will) and computed ones, in the new order. A column
        that is computed for another number of rows says what it does with them in ``rows``.
    :param rows: leaves out, adds or reorders rows: takes the whole old table, with the row numbers beside as
        :data:`~longshore.tables.core.table.ROW_NUMBER`, and gives the rows of the new one; None keeps them as they are.
        All columns are then written anew, since the files of a table have the same rows.
    :param beside: brings columns beside the old ones from elsewhere, which the computed ones then read; every row
        stays as it is and where it is, so that the kept columns are not written anew.
    :param rows_read: the columns that ``rows`` looks at, so that others need not be read to follow a row; None if it
        may be any.
    :param shared: what several computed columns have in common, by a name that no user's column can have (with a
        NUL): computed once, and read by the columns' expressions. The engine finds such parts by itself only
        when it does not stream.
    """

    columns: Sequence[Column | Computed]
    rows: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    beside: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    rows_read: Sequence[str] | None = None
    shared: Mapping[str, pl.Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table, replaced: Mapping[str, pl.Expr]) -> Change:
        """``table`` with some columns computed anew from their own old values."""
        return cls([Computed(c.name, replaced[c.name], (c.name,)) if c.name in replaced else c for c in table.columns])

    @classmethod
    def nothing(cls, table: Table) -> Change:
        """``table`` as it is: a step that found nothing to do."""
        return cls(table.columns)


@dataclass(frozen=True)
class Report:
    """What a finished operation tells people and programs.

    :param sentence: a line for the history.
    :param answer: fields beside ``changed`` in the answer, such as ``invalidated``.
    """

    sentence: str
    answer: dict[str, Any] = field(default_factory=dict)


def counted(number: int, noun: str) -> str:
    """A number with its noun, as people write them.

    >>> counted(1, "row"), counted(12345, "row")
    ('1 row', '12,345 rows')
    """
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def readable(number: float) -> str:
    """A number of the data as people write it: six digits that count, thousands apart, no exponent if it can be.

    >>> readable(44002085.4), readable(98.40000001), readable(-1234.5), readable(7)
    ('44,002,100', '98.4', '-1,234.5', '7')
    >>> readable(0.00012345678), readable(2.5e-9), readable(6.02214076e23)
    ('0.000123457', '2.5e-09', '6.02214e+23')
    """
    size = abs(number)
    if not math.isfinite(number) or (size != 0 and not _MIN_PLAIN <= size < _MAX_PLAIN):
        return f"{number:.6g}"
    if isinstance(number, int):
        return f"{number:,}"
    digits = _DIGITS - 1 - (math.floor(math.log10(size)) if size else 0)
    text = f"{round(number, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@cache
def _parameters_of(operation: type[Operation]) -> type[Parameters]:
    """To read an operation's annotations takes longer than to parse its parameters, which a history does many times."""
    model: type[Parameters] = get_type_hints(operation)["parameters"]
    return model


class Operation(ABC, Generic[F]):
    """A named, parametrised change of a table.

    ``fit`` learns what it needs from the data, ``transform`` plans the new columns from those facts alone.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    about: ClassVar[About]
    example: ClassVar[Mapping[str, Any]]
    ordered: ClassVar[bool] = False
    """Whether the result depends on the order of the rows, so that it cannot run partition by partition."""
    opaque: ClassVar[bool] = False
    """Whether nobody can tell which old cell became which new one; ``transform`` is then not called to find out."""
    keeps_rows: ClassVar[bool] = True
    """Whether every row has the number afterwards that it had before."""
    any_kind: ClassVar[bool] = False
    """Whether it does the same to columns of every kind, so that another kind is no reason against it in a recipe."""
    always_learns: ClassVar[bool] = False
    """Whether its facts are never taken from a recipe: they are the work itself, or tell of another table."""

    parameters: Parameters

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters

    @classmethod
    def parameters_model(cls) -> type[Parameters]:
        """The pydantic model that the class's ``parameters`` annotation names."""
        return _parameters_of(cls)

    @classmethod
    def facts_shape(cls) -> type:
        """The shape of what it learns, as the class's base names it."""
        shapes = (get_args(base) for base in getattr(cls, "__orig_bases__", ()))
        return next((shape[0] for shape in shapes if shape and isinstance(shape[0], type)), NoFacts)

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Operation:
        """The operation with parameters read from a request's body.

        :raises InvalidRequest: naming the field at fault and what it should be.
        """
        return cls(parse_model(cls.parameters_model(), body))

    def recorded(self) -> dict[str, Any]:
        """The parameters as JSON, as a history keeps them; :meth:`parse` reads them back."""
        return self.parameters.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def renames(self, table: Table) -> dict[str, str]:
        """Old names of columns by the new ones that it gives them; raises :class:`ColumnNotFound`."""
        return {}

    def fit(self, table: Table) -> F:
        """What must be learnt from the data, as JSON; stands in the history beside the parameters."""
        return cast("F", {})

    @abstractmethod
    def transform(self, table: Table, facts: F) -> Change:
        """The new table as a plan; reads no data."""

    def code(self, table: Table, facts: F) -> Code:
        """The same as a step of a script: statements that take the Polars frame ``df`` to the next ``df``.

        Names and values enter them only through the functions of :mod:`longshore.tables.codegen.literals`; helpers are
        functions marked ``@portable``, called by their names. Reads no data.

        :param table: the table before the step.
        :raises IllegalOperation: for an operation that no script can carry out.
        """
        raise IllegalOperation(f"{self.name} cannot be exported as a script")

    def row_before(self, before: Table, facts: F, row: int, scan: Scan) -> int | None:
        """Where the row that now has number ``row`` stood in ``before``; None for one that the operation made.

        By default the plan is carried out again, on the row numbers and the columns that it looks at. To be
        overridden where ``rows`` loses the row numbers, or where the answer can be had for less.

        :param scan: opens the named columns of ``before``, all of them for None.
        :raises IllegalOperation: when the plan's rows carry no row numbers.
        """
        change = self.transform(before, facts)
        if change.rows is None:
            return row
        read = change.rows_read
        if read is not None:
            # Without any column there would be no rows to number.
            read = list(dict.fromkeys(read)) or before.names[:1]
        moved = change.rows(scan(read).with_row_index(ROW_NUMBER))
        if ROW_NUMBER not in moved.collect_schema():
            raise IllegalOperation(f"{self.name} does not tell which row is which")
        found: int | None = moved.select(ROW_NUMBER).slice(row, 1).collect().item()
        return found

    @abstractmethod
    def report(self, before: Table, after: Table, facts: F) -> Report:
        """What happened, in words and numbers."""


_registry: dict[str, type[Operation]] = {}
_closed = False


def operation(declared: Declared) -> Declared:
    """Class decorator: put an operation into the registry under its name and its aliases.

    :raises ValueError: for a name that is taken, or a class without example or docstring.
    :raises RuntimeError: once the registry was read by a running server.
    """
    if _closed:
        raise RuntimeError(f"{declared.name}: operations are declared before the server starts")
    if not declared.summary():
        raise ValueError(f"{declared.name}: an operation needs a docstring; its first line is shown to users")
    declared.parse(declared.example)
    if not hasattr(declared, "about"):
        declared.about = About.of_name(declared.name)
    for name in (declared.name, *declared.aliases):
        if name in _registry:
            raise ValueError(
                f"two operations are called {name}: {_registry[name].__qualname__}, {declared.__qualname__}"
            )
        _registry[name] = declared
    return declared


def close_registry() -> None:
    """Refuse further declarations: what clients were told is now all there is."""
    global _closed
    _closed = True


def all_operations() -> list[type[Operation]]:
    """Every operation once: by heading, and the most used first, whatever was imported first."""
    return sorted(set(_registry.values()), key=lambda each: each.about.order)


def find_operation(name: str) -> type[Operation] | None:
    """The operation of this name or alias, if there is one."""
    return _registry.get(name)


def require_operation(name: str) -> type[Operation]:
    """The operation of this name or alias.

    :raises InvalidRequest: for an unknown one, with the nearest name as a hint.
    """
    found = _registry.get(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, _registry, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidRequest(f"unknown operation {shorten(name)!r}{hint}")
    return found


def refuse_all_columns_gone(columns: Sequence[object]) -> None:
    """:raises IllegalOperation: when a change would leave a table without columns."""
    if not columns:
        raise IllegalOperation("a table keeps at least one column")
