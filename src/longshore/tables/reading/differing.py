"""How the columns of several files differ, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from longshore.errors import UnreadableFile, shorten
from longshore.tables.reading.choosing import listed
from longshore.tables.reading.results import ReadWarning, plural

_TOLD = 5
"""Of the files that differ."""


class DifferentColumns(UnreadableFile):
    """Files that were to become one table have different columns."""


def require_same(files: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Refuse files that do not have the columns of the first, in whatever order.

    :param files: their names and their columns.
    :raises DifferentColumns: with the difference of each of the first few.
    """
    if not files:
        return
    first, columns = files[0]
    differing = [(name, found) for name, found in files[1:] if sorted(found) != sorted(columns)]
    if differing:
        told = "; ".join(_difference(name, found, columns) for name, found in differing[:_TOLD])
        more = f"; and {len(differing) - _TOLD:,} more files differ" if len(differing) > _TOLD else ""
        raise DifferentColumns(
            f"not all of the {len(files):,} files have the columns of {shorten(first, 60)!r}: {told}{more}. Send each"
            " by itself, or with append=all, which leaves missing what a file does not have"
        )


def _difference(name: str, found: Sequence[str], expected: Sequence[str]) -> str:
    """What a file lacks and what it has beside the others.

    >>> _difference("b.csv", ["x", "z"], ["x", "y"])
    "'b.csv' has no 'y', and 'z' besides"
    """
    lacks = [column for column in expected if column not in found]
    besides = [column for column in found if column not in expected]
    parts = [f"no {listed(lacks)}"] if lacks else []
    parts += [f"{listed(besides)} besides"] if besides else []
    return f"{shorten(name, 60)!r} has {', and '.join(parts)}"


def appended_warnings(
    files: Sequence[tuple[str, Sequence[str]]], column: str, odd: Sequence[ReadWarning], most: int
) -> Iterator[ReadWarning]:
    """What was done with several files, how their columns differ, and what was odd about them.

    :param files: their names and their columns.
    :param column: that tells of which file a row is.
    :param most: so many of ``odd`` are told.
    """
    count = plural(len(files), "file", "files")
    everywhere = set.intersection(*(set(columns) for _, columns in files))
    partly = list(dict.fromkeys(each for _, columns in files for each in columns if each not in everywhere))
    same = "" if partly else " have the same columns and"
    message = (
        f"the {count}{same} were put below each other; the column {column!r} says from which a row is. The option sheet"
        " reads one of them alone"
    )
    yield ReadWarning("AppendedFiles", message, len(files))
    if partly:
        examples = [
            {"column": shorten(each, 60), "files": [name for name, columns in files if each not in columns][:_TOLD]}
            for each in partly[:_TOLD]
        ]
        has = plural(len(partly), "column is", "columns are")
        message = f"{has} not in every file and missing in the rows of the others: {listed(partly)}"
        yield ReadWarning("DifferentColumns", message, len(partly), examples)
    yield from odd[:most]
    if len(odd) > most:
        left = len(odd) - most
        yield ReadWarning("MoreWarnings", f"{plural(left, 'warning', 'warnings')} more about the files", left)
