"""JSON documents that are no list of records, rewritten as lines with one object each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from longshore.errors import UnreadableFile
from longshore.tables.core.portable import portable
from longshore.tables.reading.limits import require_columns, require_dense

_HINT = "known shapes: [{...}, ...], [[...], ...], {column: [...]}, {column: {row: ...}}, {name: [{...}, ...]}, NDJSON"


def reshape(document: Any, target: Path, size: int) -> list[str] | None:
    """Write the table that ``document`` holds as NDJSON.

    :param size: of the document, in bytes.
    :return: for rows without keys the columns' names, whose indexes are then the keys; else None.
    :raises UnreadableFile: if it holds no table.
    :raises TooLarge: if most of the table is filled up.
    """
    header, records = table_in(document)
    require_columns(len(header or ()))
    cells = 0
    with target.open("w", encoding="utf-8", errors="replace") as file:
        for record in records:
            cells += len(record)
            require_columns(len(record))
            require_dense(cells, size)
            file.write(json.dumps(record, ensure_ascii=False))
            file.write("\n")
    return header


@portable
def table_in(document: Any) -> tuple[list[str] | None, Iterable[dict[str, Any]]]:
    """The records of the table that a JSON document holds, and for rows without keys the columns' names."""
    if isinstance(document, dict):
        return None, _from_object(document)
    if not isinstance(document, list) or not document:
        raise UnreadableFile(f"the JSON holds no table; {_HINT}")
    if all(isinstance(each, list) for each in document):
        return _from_rows(document)
    if all(isinstance(each, dict) for each in document):
        return None, document
    if any(isinstance(each, list | dict) for each in document):
        raise UnreadableFile(f"the JSON array mixes records with other values; {_HINT}")
    return _from_rows([["value"], *([each] for each in document)])


def _from_object(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    values = list(document.values())
    records = [each for each in values if isinstance(each, list) and each and all(isinstance(r, dict) for r in each)]
    if len(records) == 1:
        return records[0]
    if values and all(isinstance(each, list) for each in values):
        return _from_columns(document)
    if values and all(isinstance(each, dict) for each in values):
        return _from_indexed(document)
    if len([each for each in values if isinstance(each, list)]) == 1 and not records:
        name, only = next((key, each) for key, each in document.items() if isinstance(each, list))
        return ({name: each} for each in only)
    if values and not any(isinstance(each, list | dict) for each in values):
        return [document]
    raise UnreadableFile(f"the JSON object holds no single table; {_HINT}")


def _from_columns(document: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    heights = {len(each) for each in document.values()}
    if len(heights) != 1:
        raise UnreadableFile("the columns of the JSON object differ in length")
    return (dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True))


def _from_indexed(document: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As pandas' ``to_json`` writes by default: {"column": {"row label": value}}."""
    labels = dict.fromkeys(label for column in document.values() for label in column)
    return ({name: column.get(label) for name, column in document.items()} for label in labels)


def _from_rows(rows: list[list[Any]]) -> tuple[list[str], Iterable[dict[str, Any]]]:
    """Rows without keys; the first is the header if it is all text."""
    has_header = bool(rows[0]) and all(isinstance(each, str) for each in rows[0])
    width = max(len(row) for row in rows)
    header = rows[0] if has_header else [f"column_{index}" for index in range(width)]
    header = [*header, *[""] * (width - len(header))]
    body = rows[1:] if has_header else rows
    first = {str(index): None for index in range(width)}
    return header, ({**first, **{str(i): value for i, value in enumerate(row)}} for row in body)
