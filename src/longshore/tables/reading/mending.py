"""Workbooks that calamine would not read, or not rightly, as copies that it does read.

Some things stand in its way. It refuses a sheet for an error that it does not know (``#SPILL!``), and tells neither an
error nor a formula without a result from an empty cell, nor a negative number or a day and more from a time of day; it
takes any later element called ``workbookPr`` for the one that names the date system; and in OpenDocument it knows no
duration of a day or more, no tab or line break in a text, and no blanks between elements. A copy has errors, such
formulas, dates and durations as marked texts, no other ``workbookPr`` and no such blanks, tabs and line breaks.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from longshore.tables.core.portable import portable
from longshore.tables.reading.cells import DURATION_MARK, ERROR_MARK, NO_RESULT

_MENDED_PIECE = 1 << 20
_MAX_ROW = 64 << 20
"""Bytes after which the end of a row is no longer waited for."""
_SPREADSHEETS = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_WORKBOOK_PART = re.compile(r"xl/workbook\d*\.xml")
_SAYS_1904 = re.compile(rb"""<(?:[\w.-]+:)?workbookPr\s(?:[^<>]*\s)?date1904=["'](?:1|true|on)["']""")
_ERROR_CELL = re.compile(
    rb"""t=(?:"e"|'e')([^<>]*>\s*"""
    rb"""(?:<(?:[\w.-]+:)?f\b[^<>]*/>|<(?:[\w.-]+:)?f\b[^<>]*>[^<]*</(?:[\w.-]+:)?f>)?\s*<(?:[\w.-]+:)?v\b[^<>]*>)"""
)
"""In .xlsx the cell of an error from its type to the error's name; a formula may stand between."""
_CELL_BEGUN = re.compile(rb"<(?:[\w.-]+:)?c\s(?:[^<>]*\s)?")
"""What stands before the type."""
_NOTHING = (
    rb"""\s*(?P<nothing></(?:[\w.-]+:)?c\s*>"""
    rb"""|<(?:[\w.-]+:)?v\b[^<>]*/>|<(?:[\w.-]+:)?v\b[^<>/]*>\s*</(?:[\w.-]+:)?v\s*>)"""
)
"""What follows the formula of a cell of .xlsx that has no result: no value, or one in which nothing stands."""
_FORMULA_CELL = re.compile(
    rb"""<(?P<prefix>(?:[\w.-]+:)?)c(?P<attributes>(?:\s[^<>]*)?)>\s*"""
    rb"""(?P<formula><(?:[\w.-]+:)?f\b[^<>]*/>|<(?:[\w.-]+:)?f\b[^<>]*>[^<]*</(?:[\w.-]+:)?f\s*>)""" + _NOTHING
)
_CELL_TYPE = re.compile(rb"""\st=(?:"(\w*)"|'(\w*)')""")
_STYLES_PART = "xl/styles.xml"
_STYLES_BYTES = 64 << 20
_FORMAT = re.compile(rb"<(?:[\w.-]+:)?numFmt\s[^<>]*>")
_CELL_STYLES = re.compile(rb"<(?:[\w.-]+:)?cellXfs\b.*?</(?:[\w.-]+:)?cellXfs\s*>", re.DOTALL)
_CELL_STYLE = re.compile(rb"<(?:[\w.-]+:)?xf\b[^<>]*>")
DATE_FORMATS = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)}
_TIME_FORMATS = {18, 19, 20, 21}
"""Those that every spreadsheet knows; 46 is a duration, and 45 and 47 show minutes of any hour."""
_CLOCK_CODE = re.compile(r"h", re.IGNORECASE)
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE_CODE = re.compile(r"[dmyhs]", re.IGNORECASE)
_STYLED = (
    rb"""s=["'](?:%b)["'](?P<after>[^<>]*)>\s*(?P<formula>"""
    rb"""(?:<(?:[\w.-]+:)?f\b[^<>]*/>|<(?:[\w.-]+:)?f\b[^<>]*>[^<]*</(?:[\w.-]+:)?f\s*>)?)"""
    rb"""\s*(?P<begin><(?:[\w.-]+:)?v\b[^<>]*>)\s*(?P<value>%b)(?=\s*<)"""
)
"""A cell of .xlsx that has one of some styles and a value of some form, from the style on."""
_NEGATIVE = rb"-[\d.][^<>]*"
_SOME_DAYS = rb"[1-9]\d{0,2}(?:\.\d+)?"
"""Numbers that are a day or more in a cell that shows but the time: a date of that size would be before 1903."""
_DAY_CODE = re.compile(r"[dy]", re.IGNORECASE)
_ODS_CELL = re.compile(rb"<table:table-cell\b([^<>]*?)(/?)>(\s*<text:p\b[^<>]*>([^<>]*))?")
_ODS_BLANKS = re.compile(rb"\s+(?=</?table:)")
_ODS_BREAK = re.compile(rb"<text:(tab|line-break)\b[^<>]*(?:/>|>\s*</text:(?:tab|line-break)\s*>)")
_ODS_TIME = re.compile(rb'\soffice:time-value="(-?P[\dTDHMS.,]*)"')
_ODS_TIME_OF_DAY = re.compile(rb"PT(?:[01]\d|2[0-3])H[0-5]\dM[0-5]\d(?:[.,]\d+)?S")
_ODS_ERROR = re.compile(rb"#(?:N/A|[A-Z][A-Z0-9/_]*[!?])|Err:\d{3}")
_ODS_RESULT = re.compile(rb'\soffice:(?:(?:[a-z]+-)?value=|value-type="string")')
_ODS_VALUE = re.compile(rb'\s(?:office:(?:value-type|string-value|value|time-value)|calcext:value-type)="[^"]*"')
_XLSB_ERROR, _XLSB_ERROR_FORMULA, _XLSB_TEXT = 3, 11, 6
ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""By the byte that stands for them in .xls and .xlsb."""
_SUSPICIOUS = {
    # Each begins with letters of its own: that is what makes the search quick.
    "xml": (
        re.compile(rb"""t=(?:"e"|'e')"""),
        re.compile(rb"f>" + _NOTHING),
        re.compile(rb"/>" + _NOTHING),
    ),
    "bin": (re.compile(rb"(?s:\x03\x09..\x00\x00|\x0b[\x09-\xff][\x01-\x7f]?..\x00\x00)"),),
    "ods": (
        re.compile(
            rb'"error"|\s</?table:table-(?:row|cell)|>(?:#|Err:)|time-value="(?!PT(?:[01]\d|2[0-3])H[0-5]\dM[0-5]\d(?:[.,]\d+)?S")'
        ),
        re.compile(rb"<text:(?:tab|line-break)\b"),
        re.compile(rb"<table:table-cell(?=[^<>]*\stable:formula=)(?![^<>]*\soffice:(?:[a-z]+-)?value=)[^<>]*>"),
    ),
}
_MAX_SUSPICION = 4096


@portable
def part_name(member: str) -> str:
    """The name of a workbook's part as most writers spell it: some use backslashes, or capitals elsewhere."""
    return member.replace("\\", "/").lower()


@portable
def mendable(member: str) -> str | None:
    """How a part of a workbook would be mended, by its name: ``xml``, ``bin`` or ``ods``; None if it need not be."""
    member = part_name(member)
    if member == "content.xml":
        return "ods"
    if member.endswith(".bin"):
        return "bin" if "/worksheets/" in member else None
    return "xml" if member.startswith("xl/") and member.endswith(".xml") else None


class Suspicion:
    """Whether a part that is gone through in pieces may need mending: quick, may err towards yes.

    :param styles: of .xlsx, see :func:`date_styles`.
    """

    def __init__(self, member: str, styles: Styles | None = None) -> None:
        kind = mendable(member)
        self.patterns = () if kind is None else _SUSPICIOUS[kind]
        if kind == "xml" and styles is not None:
            self.patterns += tuple(re.compile(pattern) for pattern in styles.patterns)
        self.rest = b""
        self.found = False

    def look(self, piece: bytes) -> None:
        """Look at the next piece."""
        if self.patterns and not self.found:
            data = self.rest + piece
            self.found = any(pattern.search(data) for pattern in self.patterns)
            self.rest = piece[-_MAX_SUSPICION:]


@portable
def mend(source: zipfile.ZipFile, target: zipfile.ZipFile, members: Iterable[str]) -> None:
    """Put mended parts in the place of those in ``target``, which is open to append and has the same content.

    :param members: the parts to mend.
    """
    styles = date_styles(source)
    for member in members:
        # The old part stays where it is in the file; only the directory forgets it.
        target.filelist.remove(target.NameToInfo.pop(member))
        with source.open(member) as old, target.open(zipfile.ZipInfo(member), "w", force_zip64=True) as new:
            for piece in _mended_pieces(member, old, styles):
                new.write(piece)


@portable
def mended_workbook(content: bytes) -> bytes:
    """A workbook's content; of a zipped one with all its parts mended."""
    if not content.startswith(b"PK"):
        return content
    copy = io.BytesIO(content)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(copy, "a") as target:
        members = [member for member in source.namelist() if mendable(member)]
        mend(source, target, members)
    return copy.getvalue()


@portable
@dataclass(frozen=True)
class Styles:
    """The styles of a workbook of .xlsx that show numbers as dates or times, by the numbers that cells have.

    :param times: those of ``dates`` that show nothing but the time.
    """

    dates: tuple[bytes, ...] = ()
    times: tuple[bytes, ...] = ()

    @property
    def patterns(self) -> list[bytes]:
        """Of cells that are shown as a date and hold none: negative numbers, and times of a day or more."""
        wanted = ((self.dates, _NEGATIVE), (self.times, _SOME_DAYS))
        return [_STYLED % (b"|".join(styles), value) for styles, value in wanted if styles]


@portable
def date_styles(content: zipfile.ZipFile) -> Styles:
    """The styles of a workbook with which dates and times of day are shown; durations have others."""
    part = next((member for member in content.namelist() if part_name(member) == _STYLES_PART), None)
    if part is None:
        return Styles()
    with content.open(part) as file:
        listed = file.read(_STYLES_BYTES)
    dates, times = set(DATE_FORMATS), set(_TIME_FORMATS)
    for found in _FORMAT.findall(listed):
        number, code = _attribute(found, b"numFmtId"), _attribute(found, b"formatCode")
        if not number.isdigit():
            continue
        shown = date_letters(html.unescape(code.decode("utf-8", "replace")))
        if shown:
            dates.add(int(number))
            if _CLOCK_CODE.search(shown) and not _DAY_CODE.search(shown):
                times.add(int(number))
    section = _CELL_STYLES.search(listed)
    formats = [_attribute(found, b"numFmtId") for found in _CELL_STYLE.findall(section[0] if section else b"")]
    numbered = [(b"%d" % index, int(number)) for index, number in enumerate(formats) if number.isdigit()]
    dated, timed = ([style for style, number in numbered if number in wanted] for wanted in (dates, times))
    return Styles(tuple(dated), tuple(timed))


def date_letters(code: str) -> str:
    """What stands for days and times in a cell's format, with all that is no text; nothing for numbers and durations.

    >>> date_letters('[$-409]d "of" mmm'), date_letters("[h]:mm"), date_letters("0.00;[Red]-0.00")
    ('d  mmm', '', '')
    """
    plain = _NO_CODE.sub("", code)
    shown = re.sub(r"\[[^\]]*\]", "", plain)
    return shown if _DATE_CODE.search(shown) and not _ELAPSED.search(plain) else ""


def _attribute(tag: bytes, name: bytes) -> bytes:
    found = re.search(rb"\s" + name + rb"""=(?:"([^"]*)"|'([^']*)')""", tag)
    return (found[1] or found[2] or b"") if found else b""


def counts_from_1904(content: zipfile.ZipFile) -> bool:
    """Whether the first day of a workbook's dates is that of 1904."""
    parts = [member for member in content.namelist() if _WORKBOOK_PART.fullmatch(part_name(member))]
    return any(_SAYS_1904.search(content.read(part)) for part in parts)


def is_misleading(member: str, content: zipfile.ZipFile) -> bool:
    """Whether a part is a workbook's list of sheets, counts from 1904, and has an element that calamine confuses."""
    if _WORKBOOK_PART.fullmatch(part_name(member)) is None:
        return False
    listed = content.read(member)
    return _own_workbook_only(listed) != listed


def _mended_pieces(member: str, part: IO[bytes], styles: Styles) -> Iterator[bytes]:
    kind = mendable(member)
    begun = rb"<(?P<prefix>(?:[\w.-]+:)?)c(?P<before>\s(?:[^<>]*\s)?)"
    undated = [re.compile(begun + pattern) for pattern in styles.patterns]
    if _WORKBOOK_PART.fullmatch(part_name(member)):
        yield _own_workbook_only(part.read())
    elif kind == "bin":
        yield from _without_xlsb_errors(part)
    else:
        for rows in _whole_rows(part):
            if kind == "ods":
                broken = _ODS_BREAK.sub(_break, _ODS_BLANKS.sub(b"", rows))
                yield _ODS_CELL.sub(_marked_ods_cell, broken)
            else:
                mended = _FORMULA_CELL.sub(_marked_formula, _without_xlsx_errors(rows))
                for pattern in undated:
                    mended = pattern.sub(_marked_number, mended)
                yield mended


def _without_xlsx_errors(rows: bytes) -> bytes:
    out, kept = [], 0
    # Errors are few: their types are sought, and then the cells around them.
    for found in _ERROR_CELL.finditer(rows):
        if _CELL_BEGUN.fullmatch(rows, rows.rfind(b"<", 0, found.start()), found.start()):
            out += [rows[kept : found.start()], b't="str"', found[1], _reference(ERROR_MARK)]
            kept = found.end()
    return b"".join([*out, rows[kept:]])


def _marked_formula(cell: re.Match[bytes]) -> bytes:
    """A cell with a formula and no result; an empty text is one."""
    prefix, attributes, nothing = cell.group("prefix", "attributes", "nothing")
    has_value = not nothing.startswith(b"</")
    kind = _CELL_TYPE.search(attributes)
    if has_value and kind is not None and (kind[1] or kind[2]) == b"str":
        return cell[0]
    kept = _CELL_TYPE.sub(b"", attributes)
    value = b"<%bv>%b</%bv>" % (prefix, _reference(NO_RESULT), prefix)
    return b'<%bc%b t="str">%b%b%b' % (prefix, kept, cell["formula"], value, b"" if has_value else nothing)


def _marked_number(cell: re.Match[bytes]) -> bytes:
    """A cell that is shown as a date or a time and is none: a negative number as an error, days as a duration."""
    prefix, before, after, formula, begin, value = cell.group("prefix", "before", "after", "formula", "begin", "value")
    kind = _CELL_TYPE.search(before + after)
    if kind is not None and (kind[1] or kind[2]) != b"n":
        return cell[0]
    kept = _CELL_TYPE.sub(b"", before) + _CELL_TYPE.sub(b"", after)
    if value.startswith(b"-"):
        marked = _reference(ERROR_MARK) + value
    else:
        marked = _reference(DURATION_MARK) + b"PT%.3fS" % (float(value) * 86_400)
    return b'<%bc%b t="str">%b%b%b' % (prefix, kept, formula, begin, marked)


def _reference(characters: str) -> bytes:
    """Characters as XML in any encoding has them."""
    return "".join(f"&#x{ord(character):X};" for character in characters).encode()


def _whole_rows(part: IO[bytes]) -> Iterator[bytes]:
    """A part in pieces that end where a row ends."""
    rest = b""
    while piece := part.read(_MENDED_PIECE):
        data = rest + piece
        end = data.rfind(b"row>") + 4
        if end < 4 and len(data) < _MAX_ROW:
            rest = data
            continue
        end = end if end >= 4 else len(data)
        yield data[:end]
        rest = data[end:]
    yield rest


def _own_workbook_only(content: bytes) -> bytes:
    """The list of sheets, where it counts from 1904 without elements of other namespaces called ``workbookPr``."""
    parser = expat.ParserCreate(namespace_separator="}")
    strange: list[int] = []
    counts_from_1904: list[bool] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition("}")
        if local == "workbookPr" and namespace in _SPREADSHEETS:
            counts_from_1904.append(attributes.get("date1904") in ("1", "true", "on"))
        elif local == "workbookPr":
            strange.append(parser.CurrentByteIndex)

    parser.StartElementHandler = begin
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return content
    if not any(counts_from_1904):
        return content
    found = (re.match(rb"<([\w.-]+:workbookPr)\b", content[place : place + 100]) for place in strange)
    for tag in {match[1] for match in found if match}:
        content = re.sub(rb"(</?)" + re.escape(tag) + rb"\b", rb"\1" + tag + rb"Aside", content)
    return content


def _break(element: re.Match[bytes]) -> bytes:
    return _reference("\t" if element[1] == b"tab" else "\n")


def _marked_ods_cell(cell: re.Match[bytes]) -> bytes:
    attributes, closed, paragraph, text = cell.groups()
    duration = _ODS_TIME.search(attributes)
    if duration is not None:
        if _ODS_TIME_OF_DAY.fullmatch(duration[1]):
            return cell[0]
        value = _reference(DURATION_MARK) + duration[1]
    elif b'calcext:value-type="error"' in attributes or (
        b" table:formula=" in attributes and text is not None and _ODS_ERROR.fullmatch(text)
    ):
        value = _reference(ERROR_MARK) + (text or b"")
    elif b" table:formula=" in attributes and not text and not _ODS_RESULT.search(attributes):
        value = _reference(NO_RESULT)
    else:
        return cell[0]
    kept = _ODS_VALUE.sub(b"", attributes)
    typed = b' office:value-type="string" office:string-value="' + value + b'"'
    return b"<table:table-cell" + typed + kept + closed + b">" + (paragraph or b"")


def _without_xlsb_errors(part: IO[bytes]) -> Iterator[bytes]:
    """The records of a sheet; those of errors as records of text."""
    data, at = part.read(_MENDED_PIECE), 0
    out: list[bytes] = []
    kept = 0
    while True:
        if len(data) - at < _MENDED_PIECE // 2 and (more := part.read(_MENDED_PIECE)):
            yield b"".join([*out, data[kept:at]])
            out, data, at, kept = [], data[at:] + more, 0, 0
        if at + 2 > len(data):
            break
        start = at
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | data[at] << 7
            at += 1
        size = shift = 0
        while at < len(data) and shift < 28:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        while at + size > len(data) and (more := part.read(max(_MENDED_PIECE, size))):
            data += more
        if kind in (_XLSB_ERROR, _XLSB_ERROR_FORMULA) and size >= 9:
            name = ERROR_NAMES.get(data[at + 8], f"#ERROR {data[at + 8]}")
            text = (ERROR_MARK + name).encode("utf-16-le")
            body = data[at : at + 8] + (len(text) // 2).to_bytes(4, "little") + text
            out += [data[kept:start], bytes([_XLSB_TEXT, len(body)]), body]
            kept = at + size
        at += size
    yield b"".join([*out, data[kept:]])
