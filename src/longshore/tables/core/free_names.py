"""Names for columns that an operation makes."""

from __future__ import annotations

from collections.abc import Container

MAX_NAME = 1024
"""Characters of the longest column name that people may give."""


def free_name(wanted: str, taken: Container[str]) -> str:
    """``wanted``, or with ``.1``, ``.2`` and so on behind it where that is taken, as the reader names duplicates.

    A name made from data is cut to the longest that people may give, and loses NULs.

    >>> free_name("city_0", {"city", "city_0", "city_0.1"})
    'city_0.2'
    """
    cleaned = wanted.replace("\x00", "")[:MAX_NAME]
    name, number = cleaned, 0
    while name in taken:
        number += 1
        suffix = f".{number}"
        name = cleaned[: MAX_NAME - len(suffix)] + suffix
    return name


def free_names(wanted: list[str], taken: set[str]) -> list[str]:
    """A free name for each in turn, different from each other."""
    taken, names = set(taken), []
    for name in wanted:
        names.append(free_name(name, taken))
        taken.add(names[-1])
    return names
