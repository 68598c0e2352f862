"""Whether values are few and plain enough to be given to Python's C encoder at once.

It makes one text of all that it is given, so what it is given has to be small, however it is nested and shared; and it
writes some keys and circles without asking.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from longshore.jobs.results.plain import Kind, fields, kind_of

MAX_DEPTH = 200
"""Lists in lists; parsers of other languages stop at 64 to 512, and what contains itself has no end."""
PORTION_BYTES = 2**20
"""Memory of the Python objects that the C encoder is given at once; their text has up to six times as much."""
VALUE_BYTES = 32
"""Of memory for a number, or for the beginnings of anything else."""
NESTED = frozenset({Kind.LIST, Kind.DICT, Kind.RECORD, Kind.ARRAY})

_ONE_BY_ONE = frozenset({Kind.OPAQUE, Kind.REFUSED})
_MEASURED = NESTED | {Kind.TEXT}


def weigh(level: list[Any], depth: int) -> int | None:
    """About the memory of these values with all that they contain; None if it is too much, too deep, or not plain.

    It looks at the values, then at what they contain, and so on, with functions that loop in C: one step in Python
    for each value would take longer than writing it.
    """
    weight = VALUE_BYTES * len(level)
    while weight <= PORTION_BYTES and depth <= MAX_DEPTH:
        kinds = {type_: kind_of(type_) for type_ in set(map(type, level))}
        found = set(kinds.values())
        if found & _ONE_BY_ONE:
            return None
        groups = {kind: _of_kind(level, kind, kinds) for kind in found & _MEASURED}
        weight += sum(map(len, groups.get(Kind.TEXT, ())))
        if not found & NESTED:
            break
        dicts = groups.get(Kind.DICT, []) + [fields(record) for record in groups.get(Kind.RECORD, ())]
        lists = groups.get(Kind.LIST, [])
        weight += VALUE_BYTES * (sum(map(len, dicts)) + sum(map(len, lists)))
        # An array's items are no further level, but its own dimensions are.
        weight += sum(VALUE_BYTES * array.size for array in groups.get(Kind.ARRAY, ()))
        if weight > PORTION_BYTES or any(depth + array.ndim > MAX_DEPTH for array in groups.get(Kind.ARRAY, ())):
            return None
        if dicts:
            weight_of_keys = _weigh_keys(dicts)
            if weight_of_keys is None:
                return None
            weight += weight_of_keys
        level = [*chain.from_iterable(each.values() for each in dicts), *chain.from_iterable(lists)]
        depth += 1
        if not level:
            break
    return weight if weight <= PORTION_BYTES and depth <= MAX_DEPTH else None


def _of_kind(level: list[Any], kind: Kind, kinds: dict[type, Kind]) -> list[Any]:
    if len(set(kinds.values())) == 1:
        return level
    types = [type_ for type_, its in kinds.items() if its is kind]
    if len(types) == 1:
        (wanted,) = types
        return [each for each in level if type(each) is wanted]
    return [each for each in level if kinds[type(each)] is kind]


def _weigh_keys(dicts: list[dict[Any, Any]]) -> int | None:
    """At most how many characters all keys have; None if they are not text, which has to be made of them with care."""
    # Members of one list mostly have the same keys.
    distinct = set(chain.from_iterable(dicts))
    if set(map(type, distinct)) <= {str}:
        return max(map(len, distinct), default=0) * sum(map(len, dicts))
    # Not ``distinct``: True and 1 are the same there. Whole numbers alone cannot become the same text.
    return 0 if set(map(type, chain.from_iterable(dicts))) == {int} else None
