"""JSON documents that are no list of records, rewritten as lines with one object each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from longshore.errors import UnreadableFile
from longshore.tables.core.portable import portable
from longshore.tables.reading.limits import require_columns, require_dense

_HINT = (
    "known shapes: [{...}, ...], [[...], ...], {column: [...]}, {column: {row: ...}}, {key: {...}}, {name: [{...},"
    " ...]}, GeoJSON, NDJSON"
)


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
    document = unwrapped(document)
    if isinstance(document, dict):
        if _is_split(document):
            return _from_split(document)
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


def unwrapped(document: Any) -> Any:
    """What stands in objects that hold nothing but another object, as answers of services do around their records."""
    inner = document
    while isinstance(inner, dict):
        within = [each for each in inner.values() if isinstance(each, list | dict)]
        if any(map(is_records, within)):
            return inner
        if len(within) != 1:
            break
        inner = within[0]
    return document


def is_records(value: Any) -> bool:
    """Whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def tables_of(document: Any) -> dict[str, list[Any]]:
    """The lists of records in an object, by their names, if it holds several."""
    inner = unwrapped(document)
    if not isinstance(inner, dict):
        return {}
    found = {name: value for name, value in inner.items() if is_records(value)}
    return found if len(found) > 1 else {}


def _is_split(document: dict[str, Any]) -> bool:
    """Whether an object is what pandas writes as ``split``: the columns' names, the rows' labels, the rows."""
    columns, data = document.get("columns"), document.get("data")
    if not (isinstance(columns, list) and isinstance(data, list) and document.keys() <= {"columns", "index", "data"}):
        return False
    labels = document.get("index", data)
    same = isinstance(labels, list) and len(labels) == len(data)
    return same and all(isinstance(row, list) and len(row) == len(columns) for row in data)


def _from_split(document: dict[str, Any]) -> tuple[list[str], Iterable[dict[str, Any]]]:
    rows, labels = document["data"], document.get("index", [])
    header = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in document["columns"]]
    if labels and labels != list(range(len(rows))):
        header, rows = ["index", *header], [[label, *row] for label, row in zip(labels, rows, strict=True)]
    return header, ({str(i): value for i, value in enumerate(row)} for row in rows)


def _from_object(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if document.get("type") == "FeatureCollection" and is_records(document.get("features")):
        return (_from_feature(feature) for feature in document["features"])
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


def _from_indexed(document: dict[str, dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """As pandas' ``to_json`` writes by default: {"column": {"row label": value}}; or records by a key of each."""
    if _is_keyed(document):
        return _from_keyed(document)
    labels = dict.fromkeys(label for column in document.values() for label in column)
    return ({name: column.get(label) for name, column in document.items()} for label in labels)


def _is_keyed(document: dict[str, dict[str, Any]]) -> bool:
    """Whether the objects in an object are records and not columns: then it is their fields that have one type each.

    Where that does not tell, there are more records than fields.
    """
    inner = dict.fromkeys(label for each in document.values() for label in each)
    counted = [str(number) for number in range(len(inner))]
    if list(inner) == counted:
        return False
    mixed_objects = sum(len(_kinds_of(each.values())) > 1 for each in document.values())
    by_label: dict[str, set[str]] = {}
    for each in document.values():
        for label, value in each.items():
            by_label.setdefault(label, set()).update(_kinds_of([value]))
    mixed_labels = sum(len(kinds) > 1 for kinds in by_label.values())
    if bool(mixed_objects) != bool(mixed_labels):
        return bool(mixed_objects)
    return len(document) > len(inner)


def _kinds_of(values: Iterable[Any]) -> set[str]:
    """The sorts of some values; whole numbers and fractions are one."""
    found = {type(value).__name__ for value in values if value is not None}
    return {"number" if kind in ("int", "float", "Decimal") else kind for kind in found}


def _from_keyed(document: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Records by a key of each, which becomes a first field unless it only counts them."""
    if list(document) == [str(number) for number in range(len(document))]:
        return iter(document.values())
    name = "key"
    while any(name in record for record in document.values()):
        name += "_"
    return ({name: key, **record} for key, record in document.items())


def _from_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """A feature of GeoJSON: its properties, and its geometry as well-known text."""
    properties = feature.get("properties")
    record = dict(properties) if isinstance(properties, dict) else {}
    for name, value in (("id", feature.get("id")), ("geometry", as_wkt(feature.get("geometry")))):
        while name in record:
            name += "_"
        if name[:2] != "id" or value is not None:
            record[name] = value
    return record


def as_wkt(geometry: Any) -> Any:
    """A geometry of GeoJSON (RFC 7946) as well-known text; what is none stays as it is.

    >>> as_wkt({"type": "Polygon", "coordinates": [[[0, 0], [1, 0.5], [0, 1], [0, 0]]]})
    'POLYGON ((0 0, 1 0.5, 0 1, 0 0))'
    >>> as_wkt({"type": "Point", "coordinates": [1, 2, 3]}), as_wkt({"type": "MultiPoint", "coordinates": []})
    ('POINT Z (1 2 3)', 'MULTIPOINT EMPTY')
    """
    depths = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
    if not isinstance(geometry, dict):
        return geometry
    kind, places = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        parts = [as_wkt(each) for each in geometry["geometries"]]
        if not all(isinstance(part, str) for part in parts):
            return geometry
        return f"GEOMETRYCOLLECTION ({', '.join(parts)})" if parts else "GEOMETRYCOLLECTION EMPTY"
    if kind not in depths or not isinstance(places, list):
        return geometry
    if not places:
        return f"{kind.upper()} EMPTY"
    sizes: set[int] = set()
    text = _wkt_places(places, depths[kind], sizes)
    if text is None or len(sizes) != 1 or not sizes <= {2, 3}:
        return geometry
    return f"{kind.upper()}{' Z' if sizes == {3} else ''} {text if depths[kind] else f'({text})'}"


def _wkt_places(places: Any, depth: int, sizes: set[int]) -> str | None:
    """Coordinates as well-known text, None if they are none; how many numbers a position has goes into ``sizes``."""
    if not isinstance(places, list):
        return None
    if depth == 0:
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in places):
            return None
        sizes.add(len(places))
        return " ".join(json.dumps(each) for each in places)
    parts = [_wkt_places(each, depth - 1, sizes) for each in places]
    if any(part is None for part in parts):
        return None
    return f"({', '.join(part for part in parts if part is not None)})"


def _from_rows(rows: list[list[Any]]) -> tuple[list[str], Iterable[dict[str, Any]]]:
    """Rows without keys; the first is the header if it is all text."""
    has_header = bool(rows[0]) and all(isinstance(each, str) for each in rows[0])
    width = max(len(row) for row in rows)
    header = rows[0] if has_header else [f"column_{index}" for index in range(width)]
    header = [*header, *[""] * (width - len(header))]
    body = rows[1:] if has_header else rows
    first = {str(index): None for index in range(width)}
    return header, ({**first, **{str(i): value for i, value in enumerate(row)}} for row in body)
