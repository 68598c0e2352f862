"""Which of several tables of a file is read: the one that was asked for, else the largest; and what is told of that."""

from __future__ import annotations

from collections.abc import Sequence

from longshore.errors import InvalidRequest, shorten
from longshore.tables.reading.context import Reading
from longshore.tables.reading.results import ReadWarning, SheetTop

_LISTED = 10


def find(wanted: str | int, names: Sequence[str]) -> int | None:
    """The index of what was asked for by its name, or by its index from 0; None if there is no such thing."""
    if isinstance(wanted, str) and wanted in names:
        return list(names).index(wanted)
    # A form sends numbers as text.
    index = int(wanted) if isinstance(wanted, int) or wanted.isdecimal() else -1
    return index if 0 <= index < len(names) else None


def listed(names: Sequence[str]) -> str:
    """The first of some names.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    shown = ", ".join(repr(shorten(name, 40)) for name in names[:_LISTED])
    return shown + (", ..." if len(names) > _LISTED else "")


def require(wanted: str | int, names: Sequence[str], where: str) -> int:
    """:func:`find` for what must be there.

    :param where: in what it is sought, such as ``the archive``.
    :raises InvalidRequest: if there is no such thing.
    """
    index = find(wanted, names)
    if index is None:
        raise InvalidRequest(f"there is no table {shorten(str(wanted))!r} in {where}; it has {listed(names)}")
    return index


def largest(sizes: Sequence[int]) -> int:
    """The index of the largest, of equal ones the first."""
    return max(range(len(sizes)), key=lambda each: (sizes[each], -each))


def choose(reading: Reading, names: Sequence[str], sizes: Sequence[int], where: str) -> int:
    """The index of the table to read; it goes into the settings, and a warning tells of the others.

    :param names: of all tables, different ones.
    :param sizes: of the tables; the largest is read by default, of equal ones the first.
    :param where: the whole, such as ``the archive``.
    :raises InvalidRequest: if the options ask for one that is not there.
    """
    reading.top = SheetTop(list(names))
    wanted = reading.options.sheet
    if wanted is not None:
        index = require(wanted, names, where)
    else:
        index = largest(sizes)
        tell_of_others(reading, names, index, where)
    reading.settings["sheet"] = names[index]
    return index


def tell_of_others(reading: Reading, names: Sequence[str], chosen: int, where: str) -> None:
    """Warn that there are more tables than the one that is read."""
    if len(names) > 1:
        others = [name for index, name in enumerate(names) if index != chosen]
        message = (
            f"{where} has {len(names):,} tables; the largest, {shorten(names[chosen], 60)!r}, was read. The option"
            f" sheet reads another: {listed(others)}"
        )
        reading.warn(ReadWarning("OtherTables", message, len(others)))
