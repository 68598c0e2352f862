"""Which format a file has, whatever its name says, and which reader that calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from longshore.errors import UnreadableFile
from longshore.tables.reading import encodings
from longshore.tables.reading.columnar import read_arrow_file, read_arrow_stream, read_parquet
from longshore.tables.reading.context import Reading
from longshore.tables.reading.delimited import read_delimited
from longshore.tables.reading.documents import read_json
from longshore.tables.reading.packing import unpack_gzip, unpack_zip, what_zip
from longshore.tables.reading.results import ReadWarning
from longshore.tables.reading.sheets import read_sheet
from longshore.tables.table import Table

Reader = Callable[[Reading], tuple[Table, list[ReadWarning]]]

_HEAD_BYTES = 4096
_LAYERS = 2
_READERS: dict[str, Reader] = {
    "delimited": read_delimited,
    "json": read_json,
    "parquet": read_parquet,
    "arrow": read_arrow_file,
    "arrow-stream": read_arrow_stream,
    "xlsx": read_sheet,
    "xls": read_sheet,
    "ods": read_sheet,
}
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow-stream"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_REFUSED = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"FEA1", "a Feather file of version 1, which is no longer written; save it as Feather 2 or Parquet"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"Rar!", "a RAR archive; use zip or gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; use zip or gzip"),
    (b"\xfd7zXZ", "an xz archive; use zip or gzip"),
    (b"BZh", "a bzip2 archive; use zip or gzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; use zip or gzip"),
)
_JSON_NAMES = (".json", ".ndjson", ".jsonl", ".geojson")
KNOWN = "CSV, TSV, JSON, NDJSON, Excel (.xlsx, .xls), .ods, Parquet and Arrow"


def read_format(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Unpack the file if need be, and read what it holds.

    :raises UnreadableFile: if it holds nothing that is known.
    """
    packed: list[str] = []
    kind = identify(reading.path, reading.name)
    while kind in ("gzip", "zip"):
        if len(packed) == _LAYERS:
            raise UnreadableFile("the file is an archive within an archive within an archive; unpack it first")
        packed.append(kind)
        target = reading.scratch / f"unpacked-{len(packed)}"
        inner = (unpack_gzip if kind == "gzip" else unpack_zip)(reading, target)
        # Everything is shared but the place and the name.
        reading.path, reading.name = target, inner
        kind = identify(target, inner)
    reading.settings["format"] = kind
    if packed:
        reading.settings["packed"] = packed
    return _READERS[kind](reading)


def identify(path: Path, name: str) -> str:
    """The format of the file at ``path``, which its user calls ``name``: content goes before extension.

    :raises UnreadableFile: if it is empty or of a sort that is no table.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise UnreadableFile("the file is empty; a table needs at least a header")
    # "\xff\xfe" and the like begin text in UTF-16, not an Arrow stream.
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return what_zip(path) if kind == "zip" else kind
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise UnreadableFile(f"the file is {what}. What can be read: {KNOWN}")
    return _identify_text(head, name)


def has_records_on_lines(beginning: bytes, name: str) -> bool:
    """Whether a file's beginning, up to some line's end, is a file of its format too; it may itself be cut off.

    :raises UnreadableFile: if it is of a sort that is no table.
    """
    head = beginning[:_HEAD_BYTES]
    if any(head.startswith(magic) for magic, _ in (*_MAGIC, *_REFUSED)):
        return False
    return _identify_text(head, name) == "delimited" or head.lstrip().startswith(b"{")


def _identify_text(head: bytes, name: str) -> str:
    marked = encodings.by_marks(head)
    if marked is None and _is_binary(head):
        raise UnreadableFile(f"the file is neither text nor a known binary format. What can be read: {KNOWN}")
    start = head.decode(marked or "utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<table", "<?xml")):
        raise UnreadableFile(f"the file is a web page or XML, whatever its name says. What can be read: {KNOWN}")
    if start.startswith(("{", "[")):
        named = name.lower().endswith(_JSON_NAMES)
        looks = start[1:].lstrip()[:1] in ('"', "{", "[", "}", "]")
        if named or looks:
            return "json"
    return "delimited"


def _is_binary(head: bytes) -> bool:
    """Whether many control characters occur; a few NULs are found in real CSV files."""
    controls = sum(byte < 9 or 14 <= byte < 32 or byte == 127 for byte in head)
    return controls > max(3, 0.04 * len(head))
