"""The first rows of a file as they would be read; nothing is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from longshore.errors import TooLarge
from longshore.tables.core.json_values import to_rows
from longshore.tables.reading import ReadOptions, encodings, read
from longshore.tables.reading.formats import has_records_on_lines

ROWS = 30
COLUMNS = 200


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
        return {
            "columns": [{"name": column.name, "dataType": column.kind} for column in shown],
            "rows": to_rows(head),
            "dataSize": {"rows": table.rows, "columns": table.width} if is_whole else None,
            "warnings": [warning.to_wire() for warning in result.warnings],
            "reading": result.settings,
            "sheets": [] if result.top is None else result.top.sheets,
            "suggestedSkip": result.settings.get("structure", {}).get("above", {}).get("lines", 0),
        }


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
