"""What an operation needs that reads a second table: its name among the parameters, and the table handed in.

The engine knows nothing of sessions. An operation names the other table by a text; whoever carries it out hands in a
function that finds the table of that name::

    history.apply("join", others={"cities": cities}, otherSessionID="cities", keys=[{"column": "city"}])

On a server the text is a session id, and in a recipe the name of a source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import Field, StrictStr
from typing_extensions import TypeVar

from longshore.errors import IllegalOperation, SessionNotFound, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.codegen.literals import Argument
from longshore.tables.core import dtypes
from longshore.tables.core.forms import shown
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.base import Operation, Parameters
from longshore.tables.operations.facts import Facts, OtherTable, Read

ITSELF: Final = "itself"
"""Names the table that the operation changes, as it is before the operation."""
OTHER_FIELD: Final = "otherSessionID"
"""The parameter that names the other table, as it is written on the wire."""


@dataclass(frozen=True)
class TableOperand:
    """A second table, as an operation finds it.

    :param name: for people: sentences and recipes call the table so.
    :param version: which version of it this is, where versions are counted.
    """

    table: Table
    name: str
    version: int | None = None


FindOther = Callable[[str, int | None], TableOperand]
"""Finds a table by the text that names it, and the version that a step used when it was first carried out, if it was.

It raises :class:`SessionNotFound` for what is not there (any more).
"""


def among(others: Mapping[str, Table]) -> FindOther:
    """Finds tables in a mapping, which knows no versions."""

    def find(named: str, _version: int | None) -> TableOperand:
        table = others.get(named)
        if table is None:
            raise missing_source(named)
        return TableOperand(table, named)

    return find


no_others: FindOther = among({})
"""Finds nothing."""


def missing_source(named: str) -> SessionNotFound:
    """The error for a name under which no table was handed in."""
    return SessionNotFound(
        f"{OTHER_FIELD}: there is no other table called {shorten(named)!r} here; say in sources which one it is"
    )


R = TypeVar("R", bound=Read, default=Any)


class OtherParameters(Parameters):
    """Names the other table."""

    other_session_id: StrictStr = Field(
        alias=OTHER_FIELD,
        min_length=1,
        max_length=500,
        description=f'session id of the other dataset; its own, or "{ITSELF}", stands for this one as it is now',
        json_schema_extra=shown("The other table", control="session"),
    )


class BinaryOperation(Operation[R]):
    """An operation that reads a second table; it is given that by :meth:`reading` before it is carried out."""

    parameters: OtherParameters
    _other: TableOperand | None = None

    def reading(self, other: TableOperand) -> Self:
        """The same operation with the other table at hand."""
        bound = copy(self)
        bound._other = other
        return bound

    @property
    def other(self) -> TableOperand:
        """The other table.

        :raises SessionNotFound: when none was handed in.
        """
        if self._other is None:
            raise missing_source(self.parameters.other_session_id)
        return self._other

    @property
    def is_with_itself(self) -> bool:
        """Whether both tables are the same one."""
        return self.parameters.other_session_id == ITSELF

    @property
    def other_name(self) -> str:
        """What sentences call the other table."""
        return ITSELF if self.is_with_itself else self.other.name

    def about_other(self, read: Iterable[Column]) -> OtherTable:
        """What a history keeps of the other table: enough to explain the step, and to find the same version again.

        :param read: the columns that the step reads; their types let a script read them from an exported file.
        """
        table = self.other.table
        told: OtherTable = {"name": self.other_name, "rows": table.rows, "columns": table.width}
        if self.is_with_itself:
            return told
        return {**told, "version": self.other.version, "types": {c.name: dtypes.encode(c.dtype) for c in read}}

    def as_recorded(self, table: Table, facts: R) -> Self:
        """The same operation with the columns of the other table that it reads, but without their data.

        :raises IllegalOperation: when the facts are of a time when they did not tell the types.
        """
        if self._other is not None:
            return self
        if self.is_with_itself:
            return self.reading(TableOperand(table, ITSELF))
        types = facts["other"].get("types")
        if types is None:
            raise IllegalOperation(
                f"the history does not tell the types of {facts['other']['name']}, which {self.name} read; "
                "undo the step and do it again to export it"
            )
        columns = tuple(Column(name, dtypes.decode(dtype), "", name, 0) for name, dtype in types.items())
        return self.reading(TableOperand(Table(table.folder, columns, 0), facts["other"]["name"]))

    def reading_code(self, read: Iterable[Column], facts: R) -> tuple[str, list[Argument]]:
        """The statement that puts the other table's columns into ``other``, and the file that it asks for."""
        if self.is_with_itself:
            return f"other = df.select({write.names(c.name for c in read)})", []
        types = ", ".join(f"{write.quote(c.name)}: {write.type_of(c.dtype)}" for c in read)
        name = shorten(str(facts["other"]["name"]))
        about = f"the dataset {name} as it was for this step, exported as Parquet or CSV"
        return f"other = read_export(other_file, {{{types}}})", [Argument("other_file", about)]


def bind(operation: Operation, table: Table, find: FindOther, facts: Facts | None = None) -> Operation:
    """``operation``, with the other table at hand if it needs one.

    :param table: what the operation is about to change.
    :param facts: of an earlier run, which say the version of the other table that it used.
    :raises SessionNotFound: when ``find`` does.
    """
    if not isinstance(operation, BinaryOperation):
        return operation
    if operation.is_with_itself:
        return operation.reading(TableOperand(table, ITSELF))
    return operation.reading(find(operation.parameters.other_session_id, _version_in(facts)))


def _version_in(facts: Facts | None) -> int | None:
    told = (facts or {}).get("other")
    version = told.get("version") if isinstance(told, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None
