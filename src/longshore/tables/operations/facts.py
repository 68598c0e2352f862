"""What operations learn from the data: JSON objects of a declared shape, which histories and recipes keep.

The shape is checked where facts come from outside, in a recipe that keeps them; within the engine the types alone see
to it. Keys are those of the JSON, since histories of years ago hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # the one of Python 3.11 hides from pydantic what is not required

from longshore.errors import InvalidValue, TooLarge
from longshore.tables.formats.dates import FamilyFacts

Facts = dict[str, Any]
"""Facts of whatever operation, as a history keeps them."""

Dtype = str
"""A type, as :func:`longshore.tables.core.dtypes.encode` names it."""

MAX_PARTS = 1_000
"""Columns that a split makes at most."""


class NoFacts(TypedDict):
    """Nothing has to be learnt."""


class Range(TypedDict):
    """The smallest and the greatest value; None of a column without values."""

    min: float | None
    max: float | None


class Spread(TypedDict):
    """Mean and deviation of the values divided by ``scale``."""

    mean: float | None
    deviation: float
    scale: float


class Intervals(TypedDict):
    """Edges of intervals, one label fewer, and whether the lowest edge itself is in."""

    edges: list[float]
    labels: list[str]
    includeLowest: bool


class Average(TypedDict):
    """What fills the gaps, as JSON."""

    value: Any


class Becomes(TypedDict):
    """Whether the column has to become text."""

    becomesText: bool


class NewType(TypedDict):
    """The type that holds the values afterwards."""

    dtype: Dtype


class DistinctValues(TypedDict):
    """The distinct values in order, as JSON, and their type."""

    dtype: Dtype
    values: list[Any]


class DateFormat(TypedDict):
    """The format that a whole column follows, where one had to be found."""

    dates: NotRequired[FamilyFacts]


class DatesFound(TypedDict):
    """The formats to be tried in turn, what they make, and what speaks for them."""

    formats: list[str]
    dtype: Dtype
    order: str
    ambiguous: bool
    evidence: list[dict[str, Any]]


class NumbersFound(TypedDict):
    """The decimal marks to be tried in turn, what they make, and what speaks for them."""

    decimals: list[str]
    dtype: Dtype
    ambiguous: bool
    evidence: list[dict[str, Any]]


class Parts(TypedDict):
    """Into how many columns texts are split."""

    parts: Annotated[int, Field(ge=1, le=MAX_PARTS)]


class WholeColumns(TypedDict):
    """The values of functions of whole columns, in the order in which they stand in an expression."""

    values: list[Any]


class Condition(TypedDict):
    """:class:`WholeColumns`, where a condition has such functions."""

    values: NotRequired[list[Any]]


class OtherTable(TypedDict):
    """The other table, enough to explain the step and to find the same version again.

    :param types: of the columns that are read; older histories do not tell them.
    """

    name: str
    rows: int
    columns: int
    version: NotRequired[int | None]
    types: NotRequired[dict[str, Dtype]]


class Read(TypedDict):
    """What was read of another table."""

    other: OtherTable


class Appended(Read):
    """Which columns both tables have, and the types in which their values stand together."""

    types: dict[str, Dtype]
    onlyHere: list[str]
    onlyThere: list[str]
    typesDiffer: list[dict[str, str]]


class Matches(TypedDict):
    """How many rows of two tables match, by their keys."""

    matched: int
    unmatched: int
    otherUnmatched: int
    duplicateKeys: int
    rowsAfter: int


class Joined(Read, Matches):
    """:class:`Matches`, and of an outer join the types of the keys."""

    rowsBefore: int
    keyTypes: NotRequired[list[Dtype]]
    typesDiffer: NotRequired[list[dict[str, str]]]


@cache
def _adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def require_shape(shape: type, facts: Mapping[str, Any]) -> None:
    """Whether facts from outside have the declared shape. What they say is their maker's business.

    :raises InvalidValue: if not.
    """
    try:
        _adapter(shape).validate_python(dict(facts), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "less_than_equal":
            raise TooLarge(f"{place} is at most {first['ctx']['le']:,}") from error
        raise InvalidValue(
            f"the facts that the recipe keeps for this step are not of its form ({place}); learn them instead"
        ) from error
