"""Several files as one table: those of an archive, and files that are sent together.

What each file is called stands in a first column. Delimited texts are typed over the values of all of them, see
:mod:`longshore.tables.reading.appending`; files of other formats are read each by itself, see
:mod:`longshore.tables.reading.gathering`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from longshore.errors import UnreadableFile
from longshore.tables.core.table import Table
from longshore.tables.reading.appending import peek_names, read_appended
from longshore.tables.reading.archives import Member
from longshore.tables.reading.context import Reading
from longshore.tables.reading.differing import DifferentColumns, require_same
from longshore.tables.reading.gathering import read_gathered
from longshore.tables.reading.results import ReadWarning


def read_together(
    reading: Reading,
    members: Sequence[Member],
    formats: set[str],
    read_one: Callable[[Reading], tuple[Table, list[ReadWarning]]],
) -> tuple[Table, list[ReadWarning]] | None:
    """Read several files as one table where that is asked for, or where nothing is and all have the same columns.

    :param formats: those of the files, as their beginnings tell.
    :param read_one: reads one that is no archive.
    :return: None if one of them is to be read alone.
    :raises UnreadableFile: if one of them cannot be read, or their columns are not the same, where they have to be put
        together.
    :raises TooLarge: over the reading's limits.
    """
    options = reading.options
    if len(members) < 2 or options.sheet is not None or options.append == "none":
        return None
    is_free = options.append is None
    if formats != {"delimited"}:
        if is_free and len(formats) > 1:
            return None
        try:
            return read_gathered(reading, members, read_one)
        except UnreadableFile:
            if is_free:
                return None
            raise
    try:
        if options.append != "all":
            peeked = peek_names(reading, members)
            if is_free and not all(peeked):
                return None  # such as a text that is cut within a quote: it is no such table beyond doubt
            require_same([(member.name, found) for member, found in zip(members, peeked, strict=True) if found])
        return read_appended(reading, members)
    except DifferentColumns:
        if is_free:
            return None
        raise
