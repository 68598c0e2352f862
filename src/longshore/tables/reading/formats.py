"""Which format a file has, whatever its name says, and which reader that calls."""

from __future__ import annotations

import codecs
import re
import tarfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat

from longshore.errors import UnreadableFile, shorten
from longshore.tables.core.table import Table
from longshore.tables.reading import encodings
from longshore.tables.reading.archives import ARCHIVES, base_name, choose_member, open_archive, tables_among
from longshore.tables.reading.columnar import read_arrow_file, read_arrow_stream, read_avro, read_parquet
from longshore.tables.reading.context import Reading
from longshore.tables.reading.databases import read_sqlite
from longshore.tables.reading.delimited import read_delimited
from longshore.tables.reading.dialects import NO_DELIMITER, sample_records, sniff_marks
from longshore.tables.reading.documents import read_json
from longshore.tables.reading.markup import read_xml
from longshore.tables.reading.packing import what_zip
from longshore.tables.reading.pages import read_page
from longshore.tables.reading.results import ReadWarning, SheetTop
from longshore.tables.reading.sheets import read_sheet
from longshore.tables.reading.statistics_files import STATISTICS, read_statistics
from longshore.tables.reading.streams import STREAMS, copy, unpack_stream
from longshore.tables.reading.together import read_together

Reader = Callable[[Reading], tuple[Table, list[ReadWarning]]]

_HEAD_BYTES = 4096
_LAYERS = 2
_TAR_NULS = 50
"""In a header of tar at least: fields are filled up."""
_READERS: dict[str, Reader] = {
    "delimited": read_delimited,
    "json": read_json,
    "parquet": read_parquet,
    "arrow": read_arrow_file,
    "arrow-stream": read_arrow_stream,
    "avro": read_avro,
    "xlsx": read_sheet,
    "xls": read_sheet,
    "ods": read_sheet,
    "html": read_page,
    "xml": read_xml,
    "sqlite": read_sqlite,
    **dict.fromkeys(STATISTICS, read_statistics),
}
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"Obj\x01", "avro"),
    (b"\xff\xff\xff\xff", "arrow-stream"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"$FL2@(#)", "sav"),
    (b"$FL3@(#)", "sav"),
    (b"<stata_dta>", "dta"),
    (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00", "sas7bdat"),
    (b"HEADER RECORD*******LIB", "xport"),
    *((b"BZh%d" % level + block, "bzip2") for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90")),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    *((bytes([first]) + b"\x2a\x4d\x18", "zstd") for first in range(0x50, 0x60)),
)
_OLD_STATA = re.compile(rb"[\x66-\x69\x6c-\x73][\x01\x02]\x01\x00")
"""Of the releases 102 to 115: the release, the order of bytes, the sort of file, and a filler."""
_PORTABLE_BYTES = 600
"""Within which a portable file of SPSS says that it is one."""
_REFUSED = (
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document, of a word processor"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"FEA1", "a Feather file of version 1, which is no longer written; save it as Feather 2 or Parquet"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x00\x01\x00\x00Standard ", "an Access database; export the table as CSV or a workbook"),
    (b"Rar!", "a RAR archive; use zip, tar or 7-Zip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; use zip or tar"),
    (b"\x1f\x9d", "packed by compress (.Z), which is no longer used; use gzip or xz"),
)
_PAGES = ("<!doctype html", "<html", "<head", "<body", "<table")
_MARKUP = ("<!doctype", "<?xml", "<!--")
_FIRST_ELEMENT = re.compile(r"<([a-z_][\w.-]*)(?![\w.-]*:)")
_PAGE_ELEMENTS = frozenset(
    {"html", "head", "body", "table", "meta", "link", "style", "script", "title", "div", "p", "center", "font", "form"}
)
_ELEMENTS_OF_PAGES = _PAGE_ELEMENTS | set(
    re.split(
        " ",
        "h1 h2 h3 h4 h5 h6 span br hr ul ol dl pre section article main header nav img iframe noscript base thead tbody"
        " tr td th caption b i u a strong em small",
    )
)
"""Those that may begin a page, too, and that other documents have in other meanings."""
_MARKUP_KINDS = {
    "svg": "a picture (SVG)",
    "mht": "a web page with its pictures in one file (.mht); save it as a web page alone",
}
_ELEMENT = re.compile(
    r"<(?:meta|link|base|script|style|title|table|thead|tbody|tr|t[dh]|div|span|p|h[1-6]|br|hr|[uod]l|pre|center|font|form"
    r"|section|article|main|header|nav|img|iframe|noscript)(?:\s[^<>]*)?/?>(?:[^\S\r\n]*[^\s<,;|]|\s*<)",
    re.IGNORECASE,
)
"""An element of HTML with text beside it, or another element."""
_MARKED_CELL = re.compile(r"[^\r\n]*</?\w+>[^\S\r\n]*[,;|\t]")
_ARCHIVED_PAGE = re.compile(
    r"(?=[\w-]+:)(?=(?:.*\n)*?mime-version:)(?:.*\n)*?content-type:\s*(?:multipart/related|text/html)", re.IGNORECASE
)
"""The fields of a web page with its pictures in one file (.mht)."""
_TAG = re.compile(r"<[A-Za-z_][\w:.-]*[\s/>]")
_MARKUP_NAMES = (".xml", ".html", ".htm", ".xhtml", ".svg", ".kml", ".gpx")
_BINARY_NAMES = (
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".arrow", ".feather", ".ipc"),
    *(".zip", ".gz", ".bz2", ".xz", ".zst", ".tar", ".tgz"),
)
_TABLE_NAMES = (".csv", ".tsv", ".tab", ".psv")
_JSON_NAMES = (".json", ".ndjson", ".jsonl", ".geojson")
KNOWN = (
    "CSV, TSV, JSON, NDJSON, Excel (.xlsx, .xlsb, .xls), .ods, Parquet, Arrow, Avro, SQLite, SPSS, Stata, SAS, XML and"
    " web pages with tables; also packed by gzip, bzip2, xz, Zstandard, zip or tar"
)
_NEITHER = f"the file is neither text nor a known binary format. What can be read: {KNOWN}"


def read_format(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Unpack the file if need be, and read what it holds.

    :raises UnreadableFile: if it holds nothing that is known.
    """
    packed: list[str] = []
    top: SheetTop | None = None
    kind = identify(reading.path, reading.name)
    while kind in STREAMS or kind in ARCHIVES:
        packed.append(kind)
        if _layers(packed) > _LAYERS:
            raise UnreadableFile("the file is an archive within an archive within an archive; unpack it first")
        reading.settings["packed"] = packed
        target = reading.scratch / f"unpacked-{len(packed)}"
        if kind in STREAMS:
            inner = unpack_stream(reading, kind, target)
        else:
            with open_archive(reading.path, kind) as members:
                tables, formats = tables_among(reading, members, _kind_in_archive)
                together = read_together(reading, tables, formats, _read_one)
                if together is not None:
                    return together
                member = choose_member(reading, members, tables)
                top = reading.top
                with member.open() as file:
                    copy(reading, file, target)
                inner = base_name(member.name)
        # Everything is shared but the place and the name.
        reading.path, reading.name = target, inner
        kind = identify(target, inner)
    reading.settings["format"] = kind
    read = _READERS[kind](reading)
    reading.top = top or reading.top
    return read


def _read_one(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read one of several files, which may be packed as a whole.

    :raises UnreadableFile: if it holds nothing that is known, or several files in turn.
    """
    kind = identify(reading.path, reading.name)
    if kind in STREAMS:
        target = reading.scratch / "unpacked"
        reading.name = unpack_stream(reading, kind, target)
        reading.path = target
        kind = identify(target, reading.name)
    if kind not in _READERS:
        raise UnreadableFile(f"{shorten(reading.name)!r} is packed within what is packed; unpack it first")
    reading.settings["format"] = kind
    return _READERS[kind](reading)


def _layers(packed: list[str]) -> int:
    """How many archives stand one within the other; one that is packed as a whole, such as .tar.gz, is one."""
    return sum(not (each in ARCHIVES and outer in STREAMS) for outer, each in pairwise(["", *packed]))


def _kind_in_archive(head: bytes, name: str) -> str | None:
    """The format of one of several files, as far as its beginning tells it; ``text`` for one without columns."""
    try:
        kind = _by_magic(head) or _identify_text(head, name)
    except UnreadableFile:
        return None
    is_plain = (
        kind == "delimited" and not name.endswith(_TABLE_NAMES) and not _has_columns(head, encodings.by_marks(head))
    )
    return "text" if is_plain else kind


def identify(path: Path, name: str) -> str:
    """The format of the file at ``path``, which its user calls ``name``: content goes before extension.

    :raises UnreadableFile: if it is empty or of a sort that is no table.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise UnreadableFile("the file is empty; a table needs at least a header")
    kind = _by_magic(head)
    if kind is None:
        return _identify_text(head, name)
    return what_zip(path) if kind == "zip" else kind


def _by_magic(head: bytes) -> str | None:
    """The format of a file that begins as no text does.

    :raises UnreadableFile: if it is of a sort that is no table.
    """
    # "\xff\xfe" and the like begin text in UTF-16, not an Arrow stream.
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise UnreadableFile(f"the file is {what}. What can be read: {KNOWN}")
    if _OLD_STATA.match(head):
        return "dta"
    if b"SPSSPORT" in head[:_PORTABLE_BYTES]:
        return "por"
    if head[8:12] == b"DUCK":
        raise UnreadableFile(f"the file is a DuckDB database; export the table as Parquet. What can be read: {KNOWN}")
    return "tar" if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    """Whether the first block is the header of a tar archive, whose checksum is right."""
    if head.count(b"\0", 0, tarfile.BLOCKSIZE) < _TAR_NULS:
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def has_records_on_lines(beginning: bytes, name: str) -> bool:
    """Whether a file's beginning, up to some line's end, is a file of its format too; it may itself be cut off.

    :raises UnreadableFile: if it is of a sort that is no table.
    """
    head = beginning[:_HEAD_BYTES]
    if any(head.startswith(magic) for magic, _ in _REFUSED) or _by_magic(head) is not None:
        return False
    return _identify_text(head, name) == "delimited" or head.lstrip().startswith(b"{")


def _identify_text(head: bytes, name: str) -> str:
    marked = encodings.by_marks(head)
    if marked is None and _is_binary(head):
        raise UnreadableFile(_NEITHER)
    text = head.decode(marked or "utf-8", "replace").lstrip("\ufeff \t\r\n")
    markup = _markup_of(text, name.lower())
    if markup in _READERS:
        return markup
    if markup:
        raise UnreadableFile(f"the file is {_MARKUP_KINDS[markup]}. What can be read: {KNOWN}")
    if name.lower().endswith(_BINARY_NAMES) and not _has_columns(head, marked):
        raise UnreadableFile(_NEITHER)
    if text.startswith(("{", "[")):
        named = name.lower().endswith(_JSON_NAMES)
        looks = text[1:].lstrip()[:1] in ('"', "{", "[", "}", "]")
        if named or looks:
            return "json"
    return "delimited"


def _is_binary(head: bytes) -> bool:
    """Whether many control characters occur; a few NULs are found in real CSV files, in text of some encoding."""
    controls = sum(byte < 9 or 14 <= byte < 32 or byte == 127 for byte in head)
    return controls > (max(3, 0.04 * len(head)) if _is_utf8(head) else 0.01 * len(head))


def _is_utf8(head: bytes) -> bool:
    """Whether it may be the beginning of a text in UTF-8; its last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _markup_of(text: str, name: str) -> str:
    """``html`` for HTML or a fragment of it, ``xml`` for XML of any vocabulary, going by the beginning; else nothing.

    Some elements that close, one within the other, are XML; a table has cells with tags at most.
    """
    if _ARCHIVED_PAGE.match(text):
        return "mht"
    lower = text.lower()
    if lower.startswith(_PAGES):
        return "html"
    if lower.startswith(_MARKUP) or (text.startswith("<") and name.endswith(_MARKUP_NAMES)):
        begins = _FIRST_ELEMENT.search(lower)
        if begins is None:
            return "html" if name.endswith((".html", ".htm")) else "xml"
        elements = _PAGE_ELEMENTS if name.endswith(".xml") else _ELEMENTS_OF_PAGES
        return begins[1] if begins[1] == "svg" else "html" if begins[1] in elements else "xml"
    if _ELEMENT.match(text) and not _MARKED_CELL.match(text):
        return "html"
    if _TAG.match(text) is None:
        return ""
    parser = expat.ParserCreate()
    closed: list[str] = []
    parser.EndElementHandler = closed.append
    try:
        parser.Parse(text.encode("utf-8", "replace"), False)
    except expat.ExpatError:
        return ""
    return "xml" if closed else ""


def _has_columns(head: bytes, marked: str | None) -> bool:
    """Whether a text has lines with several fields, as exports have that are called ``.xls`` for Excel's sake."""
    text = head.decode(marked or "utf-8", "replace").lstrip("\ufeff").encode()
    marks = sniff_marks(text, len(head) < _HEAD_BYTES)
    return marks.delimiter != NO_DELIMITER and len(sample_records(marks, text, True, 2)) > 1
