"""Reading files: a file of any format becomes a table in column files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from longshore.errors import StorageFull, is_disk_full
from longshore.storage.files import sync
from longshore.tables.reading.context import Reading
from longshore.tables.reading.footers import footer_warnings
from longshore.tables.reading.formats import read_format
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.results import Progress, ReadResult, ReadWarning
from longshore.tables.reading.sampling import sample_table

__all__ = ["Progress", "ReadOptions", "ReadResult", "ReadWarning", "read"]

_DEFAULTS = ReadOptions()
_WITH_FOOTERS = ("delimited", "xlsx", "xlsb", "xls", "ods", "html")
"""Formats that people write reports in."""


def read(
    path: Path,
    folder: Path,
    *,
    name: str | None = None,
    options: ReadOptions = _DEFAULTS,
    progress: Progress | None = None,
    max_unpacked_bytes: int = 10_000_000_000,
) -> ReadResult:
    """Read the file at ``path`` into column files in ``folder``.

    :param name: the user's name of the file, whose extension tells the format; never used as a path.
    :param progress: called at most about ten times a second.
    :param max_unpacked_bytes: what compressed content may grow to.
    :raises UnreadableFile: if the file is empty, broken, or in no format that is known.
    :raises InvalidRequest: if an option does not fit the file, such as the name of a sheet.
    :raises TooLarge: if it unpacks to more than ``max_unpacked_bytes``.
    :raises StorageFull: if the disk has no room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".reading-", dir=folder) as scratch:
        reading = Reading(path, name or path.name, Path(scratch), options, progress, max_unpacked_bytes)
        try:
            table, warnings = read_format(reading)
            if reading.settings.get("format") in _WITH_FOOTERS:
                warnings += footer_warnings(table)
            rows, draw = table.rows, None
            if options.sample_size is not None:
                table, draw = sample_table(reading, table, options.sample_size)
            table = replace(table, origin=reading.books.close(Path(scratch), draw))
        except OSError as error:
            if is_disk_full(error):
                raise StorageFull.now() from error
            raise
        # Only what the finished table needs leaves the scratch folder; the rest goes with it.
        for file in table.kept_files:
            (table.folder / file).replace(folder / file)
        sync(folder)
        sync(folder.parent)
    books = reading.books
    settings = {**reading.settings, "ledger": books.ledger.to_wire(len(books.asides.records))}
    table = replace(table, folder=folder)
    return ReadResult(table, [*reading.warnings, *warnings], settings, rows, books.ledger, reading.top)
