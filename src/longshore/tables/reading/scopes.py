"""Which plans may be tried on a column: all of them, or those of the type that its format or its uploader says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Literal

import polars as pl

from longshore.errors import InvalidRequest
from longshore.tables.formats.date_families import FAMILIES
from longshore.tables.reading.plans import Booleans, Clocks, Dates, Floats, Integers, Plan
from longshore.tables.reading.written import MARKS, Durations, NamedMonths, WrittenNumbers

_OPPOSITES = {"dayFirst": "monthFirst", "monthFirst": "dayFirst", "point": "comma", "comma": "point"}

NUMBERS: tuple[Plan, ...] = (Integers(pl.Int64()), Integers(pl.UInt64()), Floats())
CALENDAR: tuple[Plan, ...] = tuple(Dates(family) for family in FAMILIES)
CLOCKS: tuple[Plan, ...] = (Clocks(),)
WRITTEN: tuple[Plan, ...] = tuple(WrittenNumbers(mark, dtype) for dtype in (pl.Int64(), pl.Float64()) for mark in MARKS)
SPELT: tuple[Plan, ...] = tuple(
    NamedMonths(layout, target) for target in ("date", "datetime") for layout in ("dayFirst", "nameFirst")
)
ANYTHING: tuple[Plan, ...] = (Booleans(), *NUMBERS, *CALENDAR, *WRITTEN, *SPELT, Durations())


_ASKED: dict[str, tuple[Plan, ...]] = {
    "text": (),
    "int": (*NUMBERS[:2], *WRITTEN[:2]),
    "float": (*NUMBERS[2:], *WRITTEN[2:]),
    "boolean": (Booleans(),),
    "date": tuple(plan for plan in (*CALENDAR, *SPELT) if plan.dtype == pl.Date()),
    "datetime": tuple(plan for plan in (*CALENDAR, *SPELT) if isinstance(plan.dtype, pl.Datetime)),
}


def as_asked(
    types: Literal["text"] | Mapping[str, str] | None, names: Sequence[str], found: Sequence[tuple[Plan, ...]]
) -> list[tuple[Plan, ...]]:
    """The plans for each column: those that were ``found``, or those of the type that its uploader asks for.

    :raises InvalidRequest: for a column that the file has not.
    """
    if types is None:
        return list(found)
    if types == "text":
        return [()] * len(names)
    missing = [name for name in types if name not in names]
    if missing:
        known = ", ".join(repr(name) for name in names[:10])
        raise InvalidRequest(f"types speaks of the column {missing[0]!r}, which the file has not; it has {known}")
    return [_ASKED[types[name]] if name in types else scope for name, scope in zip(names, found, strict=True)]


def plans_for(scope: tuple[Plan, ...], preferred: Set[str]) -> tuple[Plan, ...]:
    """``scope`` with the plans of the preferred readings before their rivals.

    Where a comma stands before decimals, ``1.234`` is a thousand: such plans come before that of usual decimals.
    """
    if not preferred:
        return scope
    against = {_OPPOSITES[reading] for reading in preferred}
    plans = sorted(scope, key=lambda plan: plan.reading in against)
    if "comma" not in preferred:
        return tuple(plans)
    commas = [plan for plan in plans if plan.reading == "comma"]
    others = [plan for plan in plans if plan.reading != "comma"]
    at = next((place for place, plan in enumerate(others) if isinstance(plan, Floats)), len(others))
    return (*others[:at], *commas, *others[at:])
