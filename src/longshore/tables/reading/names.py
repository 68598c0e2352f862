"""Names of columns: every table has unique, non-empty ones."""

from __future__ import annotations

from collections.abc import Sequence


def make_unique(raw: Sequence[str | None]) -> list[str]:
    """The names of a header as the table bears them.

    BOMs and NULs go, and so do spaces around; an empty name becomes ``column_<index from 0>``;
    a repeated name gets ``.1``, ``.2`` and so on, as in pandas.

    >>> make_unique(["a", "a", "", "a.1", "a"])
    ['a', 'a.1', 'column_2', 'a.1.1', 'a.2']
    """
    taken: set[str] = set()
    repeats: dict[str, int] = {}
    names = []
    for index, name in enumerate(raw):
        wanted = _clean(name) or f"column_{index}"
        unique = wanted
        while unique in taken:
            repeats[wanted] = repeats.get(wanted, 0) + 1
            unique = f"{wanted}.{repeats[wanted]}"
        taken.add(unique)
        names.append(unique)
    return names


def number(width: int) -> list[str]:
    """Names for a table without a header: ``column_0``, ``column_1`` and so on."""
    return [f"column_{index}" for index in range(width)]


def _clean(name: str | None) -> str:
    return "" if name is None else name.replace("\ufeff", "").replace("\x00", "").strip()
