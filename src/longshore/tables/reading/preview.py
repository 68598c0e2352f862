"""The first rows of a file as they would be read; nothing is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from longshore.errors import TooLarge
from longshore.tables.core.json_values import to_rows
from longshore.tables.reading import ReadOptions, ReadResult, encodings, read
from longshore.tables.reading.formats import has_records_on_lines
from longshore.tables.reading.headers import lines_above

ROWS = 30
COLUMNS = 200
BEGINNING_BYTES = 20_000
"""Of a text, in which what stands above the table is sought."""


def look(
    path: Path, folder: Path, *, name: str, options: ReadOptions, max_unpacked_bytes: int, is_whole: bool = True
) -> dict[str, Any]:
    """Read a file and tell of it: the columns with their types, the first rows, warnings, and a workbook's sheets.

    :param folder: for what is written meanwhile; empty again afterwards.
    :param is_whole: whether it is the file and not only its beginning; a beginning loses its last, cut line.
    :raises LongshoreError: as :func:`longshore.tables.reading.read`.
    :raises TooLarge: for the beginning of a file that tells nothing by itself.
    """
    if not is_whole:
        cut_to_lines(path, name)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        result = read(path, Path(scratch), name=name, options=options, max_unpacked_bytes=max_unpacked_bytes)
        table = result.table
        shown = table.columns[:COLUMNS]
        head = table.scan([column.name for column in shown]).head(ROWS).collect()
        found = {
            "columns": [{"name": column.name, "dataType": column.kind} for column in shown],
            "rows": to_rows(head),
            "dataSize": {"rows": table.rows, "columns": table.width} if is_whole else None,
            "warnings": [warning.to_wire() for warning in result.warnings],
            "reading": result.settings,
            "sheets": [],
            "suggestedSkip": 0,
        }
    return found | _of_workbook(result) | _of_text(path, result.settings)


def cut_to_lines(path: Path, name: str) -> None:
    """Take the last line away from the beginning of a file.

    :raises TooLarge: when there is no line but that, or the format is none of lines.
    """
    content = path.read_bytes()
    marked = encodings.by_marks(content) or ""
    newline = "\n".encode(marked) if marked in ("utf-16-le", "utf-16-be") else b"\n"
    end = content.rfind(newline) + len(newline)
    if end < len(newline) or not has_records_on_lines(content, name):
        raise TooLarge("the file is too large to be looked at before its import")
    path.write_bytes(content[:end])


def _of_text(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """How many lines seem to stand above the columns' names of a delimited text that is not packed."""
    if settings["format"] != "delimited" or "packed" in settings:
        return {}
    with path.open("rb") as file:
        text = file.read(BEGINNING_BYTES).decode(settings["encoding"], "replace")
    return {"suggestedSkip": lines_above(text.lstrip("\ufeff").encode())}


def _of_workbook(result: ReadResult) -> dict[str, Any]:
    """The sheets or tables, and how many rows seem to stand above the columns' names in the one that was read."""
    if result.top is None:
        return {}
    return {"sheets": result.top.sheets, "suggestedSkip": rows_above(result.top.filled)}


def rows_above(filled: list[int]) -> int:
    """How many rows seem to stand above the columns' names: titles and notes fill fewer cells than names do.

    >>> rows_above([1, 0, 1, 6, 6, 5]), rows_above([6, 6, 2]), rows_above([1, 1, 1])
    (3, 0, 0)
    """
    widest = max(filled, default=0)
    return next((row for row, count in enumerate(filled) if count >= 2 and count >= 0.8 * widest), 0)
