"""Workbooks cell by cell: numbers to the last bit, errors, durations, the two date systems, passwords."""

# ruff: noqa: DTZ001 - naive moments are what files hold
from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import odf.table
import odf.text
import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet

from longshore.errors import InvalidRequest, UnreadableFile
from longshore.tables.reading import ReadResult
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]

EXTREMES = [
    3.2e-11,
    1 / 3,
    0.1 + 0.2,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    52.52000659999999,
    6.02214076e23,
    -1.5e-10,
]
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def xlsx(
    *rows: Sequence[str], prefix: str = "", properties: str = "", formats: Sequence[str] = (), spaced: bool = False
) -> bytes:
    """A workbook whose cells are the given pieces of XML; ``$`` in them stands for the namespace's prefix."""
    p, main = (f"{prefix}:", _MAIN.replace("xmlns=", f"xmlns:{prefix}=")) if prefix else ("", _MAIN)
    gap = "\n  " if spaced else ""
    body = "".join(f"<{p}row>{gap}{gap.join(row)}{gap}</{p}row>{gap}".replace("$", p) for row in rows)
    custom = "".join(f'<numFmt numFmtId="{200 + i}" formatCode="{code}"/>' for i, code in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in (0, *range(200, 200 + len(formats))))
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{relations}" '
        'xmlns:x15="http://schemas.microsoft.com/office/spreadsheetml/2010/11/main">'
        f'{properties}<sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/styles.xml": f"<styleSheet {_MAIN}><numFmts>{custom}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/worksheets/sheet1.xml": f"<{p}worksheet {main}><{p}sheetData>{gap}{body}</{p}sheetData></{p}worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + content)
    return buffer.getvalue()


def text(value: str) -> str:
    return f'<$c t="str"><$v>{value}</$v></$c>'


def number(value: object, style: int = 0) -> str:
    return f'<$c s="{style}"><$v>{value}</$v></$c>'


def error(name: str, formula: str = "") -> str:
    return f'<$c t="e">{formula}<$v>{name}</$v></$c>'


NAMES = [text("a"), text("b")]


def written(columns: Mapping[str, Sequence[Any]], **options: Any) -> bytes:
    """As xlsxwriter writes it: numbers with 17 digits where they take them."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    sheet = book.add_worksheet()
    for index, (name, values) in enumerate(columns.items()):
        sheet.write_string(0, index, name)
        for row, value in enumerate(values, 1):
            if isinstance(value, tuple):
                sheet.write(row, index, value[0], book.add_format({"num_format": value[1]}))
            else:
                sheet.write(row, index, value)
    book.close()
    return buffer.getvalue()


def ods(*rows: Sequence[tuple[dict[str, str], str]]) -> bytes:
    """Cells as their attributes and the text that they show."""
    document = OpenDocumentSpreadsheet()
    table = odf.table.Table(name="One")
    document.spreadsheet.addElement(table)
    for row in rows:
        line = odf.table.TableRow()
        table.addElement(line)
        for attributes, shown in row:
            cell = odf.table.TableCell(**attributes)
            cell.addElement(odf.text.P(text=shown))
            line.addElement(cell)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def ods_text(value: str) -> tuple[dict[str, str], str]:
    return {"valuetype": "string"}, value


def xls(*rows: Sequence[Any]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("One")
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if isinstance(value, tuple):
                sheet.write(row, column, value[0], xlwt.easyxf(num_format_str=value[1]))
            else:
                sheet.write(row, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# -- numbers -------------------------------------------------------------------------------------------------------


def extremes_as(kind: str) -> bytes:
    if kind == "ods":
        values = [[({"valuetype": "float", "value": repr(value)}, "?")] for value in EXTREMES]
        return ods([ods_text("n")], *values)
    if kind == "xls":
        return xls(["n"], *([value] for value in EXTREMES))
    return xlsx([text("n")], *([number(repr(value))] for value in EXTREMES))


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_numbers_are_the_doubles_of_the_file(read_bytes: Read, kind: str) -> None:
    assert cells(read_bytes(extremes_as(kind), name=f"t.{kind}")) == {"n": EXTREMES}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_any_double_survives(read_bytes: Read, values: list[float]) -> None:
    result = read_bytes(xlsx([text("n")], *([number(repr(value))] for value in values)), name="t.xlsx")
    assert cells(result)["n"] == values


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_any_double_beside_text_is_written_so_that_it_reads_back(read_bytes: Read, values: list[float]) -> None:
    result = read_bytes(xlsx([text("n")], [text("x")], *([number(repr(value))] for value in values)), name="t.xlsx")
    assert [float(value) for value in cells(result)["n"][1:]] == values


def test_numbers_beside_text_are_short(read_bytes: Read) -> None:
    values = [1, 2.5, 3.2e-11, 0.1, 1234567890123456, 1 / 3]
    result = read_bytes(xlsx([text("n")], [text("x")], *([number(repr(value))] for value in values)), name="t.xlsx")
    assert cells(result)["n"] == ["x", "1", "2.5", "3.2e-11", "0.1", "1234567890123456", "0.3333333333333333"]


def test_whole_numbers_are_integers(read_bytes: Read) -> None:
    result = read_bytes(written({"n": [1, 2.0, -(2**53)]}), name="t.xlsx")
    assert (kinds(result), cells(result)) == ({"n": "int"}, {"n": [1, 2, -(2**53)]})


# -- errors --------------------------------------------------------------------------------------------------------

ERRORS = [
    "#N/A",
    "#DIV/0!",
    "#NAME?",
    "#SPILL!",
    "#GETTING_DATA",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#UNKNOWN!",
    "#FOO!",
]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_a_missing_cell(read_bytes: Read, name: str) -> None:
    result = read_bytes(xlsx(NAMES, [number(1), error(name)], [number(2), number(3.5)]), name="t.xlsx")
    assert cells(result) == {"a": [1, 2], "b": [None, 3.5]}


def test_a_row_of_errors_stays(read_bytes: Read) -> None:
    rows = [[number(1), number(2)], [error("#DIV/0!"), error("#SPILL!")], [number(3), number(4)]]
    result = read_bytes(xlsx(NAMES, *rows), name="t.xlsx")
    assert cells(result) == {"a": [1, None, 3], "b": [2, None, 4]}


def test_errors_are_counted_by_kind(read_bytes: Read) -> None:
    rows = [[error("#N/A"), number(1)], [error("#DIV/0!"), error("#N/A")]]
    (warning,) = read_bytes(xlsx(NAMES, *rows), name="t.xlsx").warnings
    assert (warning.code, warning.count) == ("ErrorCells", 3)
    assert warning.message == "3 cells hold errors and are missing: 2 #N/A, 1 #DIV/0!"
    assert warning.examples == [
        {"value": "#N/A", "count": 2, "line": 2},
        {"value": "#DIV/0!", "count": 1, "line": 3},
    ]


def test_the_name_of_an_error_is_text_where_it_is_text(read_bytes: Read) -> None:
    result = read_bytes(xlsx(NAMES, [number(1), text("#DIV/0!")]), name="t.xlsx")
    assert (cells(result)["b"], codes(result)) == (["#DIV/0!"], [])


def test_an_error_in_the_header_is_no_name(read_bytes: Read) -> None:
    result = read_bytes(xlsx([text("a"), error("#REF!")], [number(1), number(2)]), name="t.xlsx")
    assert (cells(result), codes(result)) == ({"a": [1], "column_1": [2]}, ["ErrorCells"])


@pytest.mark.parametrize("formula", ["<$f>1/0</$f>", '<$f t="shared" si="0"/>', '<$f ca="1"> 1 &lt; 0 </$f>\n'])
def test_errors_of_formulas(read_bytes: Read, formula: str) -> None:
    result = read_bytes(xlsx(NAMES, [number(1), error("#CALC!", formula)]), name="t.xlsx")
    assert (cells(result), codes(result)) == ({"a": [1], "b": [None]}, ["ErrorCells"])


def test_errors_in_a_workbook_with_prefixes_and_line_breaks(read_bytes: Read) -> None:
    content = xlsx(NAMES, [error("#SPILL!"), error("#SPILL!")], [number(1), number(2)], prefix="x", spaced=True)
    assert cells(read_bytes(content, name="t.xlsx")) == {"a": [None, 1], "b": [None, 2]}


def test_errors_far_down_a_large_sheet(read_bytes: Read) -> None:
    rows = [[number(i), error("#SPILL!") if i % 1000 == 999 else number(i)] for i in range(30_000)]
    result = read_bytes(xlsx(NAMES, *rows), name="t.xlsx")
    assert cells(result)["b"] == [None if i % 1000 == 999 else i for i in range(30_000)]
    assert result.warnings[0].count == 30


def test_errors_of_xls(read_bytes: Read) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("One")
    for column, name in enumerate("ab"):
        sheet.write(0, column + 1, name)
        sheet.row(1).set_cell_error(column + 1, 0x07 if column else 0x2A)
        sheet.write(2, column + 1, column)
    buffer = io.BytesIO()
    book.save(buffer)
    result = read_bytes(buffer.getvalue(), name="t.xls")
    assert cells(result) == {"a": [None, 0], "b": [None, 1]}
    assert result.warnings[0].examples == [
        {"value": "#DIV/0!", "count": 1, "line": 2},
        {"value": "#N/A", "count": 1, "line": 2},
    ]


def test_errors_of_ods(read_bytes: Read) -> None:
    failed = ({"valuetype": "string", "stringvalue": "", "formula": "of:=1/0"}, "#DIV/0!")
    other = ({"valuetype": "float", "value": "0", "formula": "of:=XX(1)"}, "Err:508")
    result = read_bytes(ods([ods_text("a"), ods_text("b")], [failed, other]), name="t.ods")
    assert cells(result) == {"a": [None], "b": [None]}
    assert result.warnings[0].message == "2 cells hold errors and are missing: 1 #DIV/0!, 1 Err:508"


# -- formulas without a result -------------------------------------------------------------------------------------


def unsaved(kind: str, *rows: Sequence[Any]) -> bytes:
    """A workbook as a library writes it that does not calculate: texts with ``=`` are formulas."""
    if kind == "openpyxl":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()
    if kind == "xls":
        formula = [[xlwt.Formula(cell[1:]) if str(cell).startswith("=") else cell for cell in row] for row in rows]
        return xls(*formula)
    if kind == "ods":
        document = OpenDocumentSpreadsheet()
        table = odf.table.Table(name="One")
        document.spreadsheet.addElement(table)
        for row in rows:
            line = odf.table.TableRow()
            table.addElement(line)
            for cell in row:
                if str(cell).startswith("="):
                    line.addElement(odf.table.TableCell(formula=f"of:{cell}"))
                else:
                    numeric = {"valuetype": "float", "value": str(cell)}
                    added = odf.table.TableCell(**(numeric if isinstance(cell, int) else {"valuetype": "string"}))
                    added.addElement(odf.text.P(text=str(cell)))
                    line.addElement(added)
        buffer = io.BytesIO()
        document.save(buffer)
        return buffer.getvalue()
    empty = {"none": "", "closed": "<$v/>", "open": "<$v></$v>"}[kind]

    def part(cell: Any) -> str:
        if isinstance(cell, int):
            return number(cell)
        return f"<$c><$f>{cell[1:]}</$f>{empty}</$c>" if cell.startswith("=") else text(cell)

    return xlsx(*([part(cell) for cell in row] for row in rows), prefix="x" if kind == "closed" else "")


UNSAVED = pytest.mark.parametrize("kind", ["openpyxl", "none", "closed", "open", "xls", "ods"])


@UNSAVED
def test_a_row_of_formulas_without_result_stays(read_bytes: Read, kind: str) -> None:
    content = unsaved(kind, ["a", "b"], [1, 2], ["=1+1", "=A2*2"], [3, 4], ["=1+1", "=SUM(B2:B4)"])
    result = read_bytes(content, name="t.xls" if kind == "xls" else "t.ods" if kind == "ods" else "t.xlsx")
    assert cells(result) == {"a": [1, None, 3, None], "b": [2, None, 4, None]}
    assert codes(result) == ["FormulasWithoutResult"]
    assert result.warnings[0].count == 4
    assert result.warnings[0].examples == [{"line": 3}]


@UNSAVED
def test_a_sheet_of_formulas_without_result_keeps_its_rows(read_bytes: Read, kind: str) -> None:
    content = unsaved(kind, ["a", "b"], ["=1+1", "=1+2"], ["=1+3", "=1+4"])
    result = read_bytes(content, name="t.xls" if kind == "xls" else "t.ods" if kind == "ods" else "t.xlsx")
    assert cells(result) == {"a": [None, None], "b": [None, None]}


def test_shared_formulas_without_result(read_bytes: Read) -> None:
    follower = '<$c r="A3"><$f t="shared" si="0"/></$c>'
    first = '<$c r="A2"><$f t="shared" ref="A2:A3" si="0">1+1</$f></$c>'
    result = read_bytes(xlsx(NAMES, [first, number(1)], [follower], [number(5), number(6)]), name="t.xlsx")
    assert cells(result) == {"a": [None, None, 5], "b": [1, None, 6]}
    assert result.warnings[0].count == 2


def test_an_empty_text_is_a_result(read_bytes: Read) -> None:
    empty = '<$c t="str"><$f>""</$f><$v></$v></$c>'
    result = read_bytes(xlsx(NAMES, [empty, number(1)], [text("x"), number(2)]), name="t.xlsx")
    assert cells(result) == {"a": [None, "x"], "b": [1, 2]}
    assert not result.warnings


def test_formulas_with_results_are_read_beside_those_without(read_bytes: Read) -> None:
    known = "<$c><$f>1+1</$f><$v>2</$v></$c>"
    result = read_bytes(xlsx(NAMES, [known, "<$c><$f>1+2</$f></$c>"], [known, known]), name="t.xlsx")
    assert cells(result) == {"a": [2, 2], "b": [None, 2]}
    assert result.warnings[0].message == (
        "1 formula has no result in the file and is missing; open the file in a spreadsheet program, save it and upload"
        " it again"
    )


def record(kind: int, body: bytes) -> bytes:
    """A record of .xlsb."""
    number_ = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number_ + bytes([len(body)]) + body


def xlsb(*rows: Sequence[tuple[int, bytes]]) -> bytes:
    """A workbook of records: of each cell its kind and what follows column and style."""

    def wide(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    part = record(0x81, b"") + record(0x94, struct.pack("<IIII", 0, len(rows) - 1, 0, 1)) + record(0x91, b"")
    for index, row in enumerate(rows):
        part += record(0, struct.pack("<IIHBBBI", index, 0, 300, 0, 0, 0, 0))
        part += b"".join(record(kind, struct.pack("<II", column, 0) + body) for column, (kind, body) in enumerate(row))
    sheets = record(0x8F, b"") + record(0x9C, struct.pack("<II", 0, 1) + wide("rId1") + wide("One")) + record(0x90, b"")
    parts = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.bin": record(0x83, b"") + sheets + record(0x84, b""),
        "xl/_rels/workbook.bin.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
        ).encode(),
        "xl/worksheets/sheet1.bin": part + record(0x92, b"") + record(0x82, b""),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def xlsb_text(value: str) -> tuple[int, bytes]:
    return 6, struct.pack("<I", len(value)) + value.encode("utf-16-le")


def xlsb_number(value: float) -> tuple[int, bytes]:
    return 5, struct.pack("<d", value)


def test_numbers_of_xlsb(read_bytes: Read) -> None:
    content = xlsb([xlsb_text("n")], *([xlsb_number(value)] for value in EXTREMES))
    assert cells(read_bytes(content, name="t.xlsb")) == {"n": EXTREMES}


@pytest.mark.parametrize("cell", [(3, b"\x07"), (11, b"\x07\x00\x00\x00\x00\x00\x00"), (3, b"\x63")])
def test_errors_of_xlsb(read_bytes: Read, cell: tuple[int, bytes]) -> None:
    content = xlsb([xlsb_text("a"), xlsb_text("b")], [cell, cell], [xlsb_number(1), xlsb_number(2)])
    result = read_bytes(content, name="t.xlsb")
    assert cells(result) == {"a": [None, 1], "b": [None, 2]}
    assert result.warnings[0].count == 2


# -- dates, times and durations ------------------------------------------------------------------------------------

DAYS = [(42506, date(2020, 5, 17)), (42736, date(2021, 1, 2)), (1, date(1904, 1, 2))]
OTHER = '<extLst><ext><x15:workbookPr chartTrackingRefBase="1"/></ext></extLst>'
ASIDE = '<extLst><ext><x15:workbookPr chartTrackingRefBase="1"></x15:workbookPr></ext></extLst>'


@pytest.mark.parametrize("more", ["", OTHER, ASIDE])
@pytest.mark.parametrize("said", ["1", "true"])
def test_dates_counted_from_1904(read_bytes: Read, more: str, said: str) -> None:
    rows = [[number(serial, 1), number(serial + 0.5, 2)] for serial, _ in DAYS]
    content = xlsx(
        NAMES, *rows, properties=f'<workbookPr date1904="{said}"/>{more}', formats=["yyyy\\-mm\\-dd", "d/m/yy h:mm"]
    )
    noon = [datetime.combine(day, time(12)) for _, day in DAYS]
    assert cells(read_bytes(content, name="t.xlsx")) == {"a": [day for _, day in DAYS], "b": noon}


def test_dates_counted_from_1900_whatever_follows(read_bytes: Read) -> None:
    content = xlsx([text("a")], [number(43968, 1)], properties=f"<workbookPr/>{OTHER}", formats=["yyyy\\-mm\\-dd"])
    assert cells(read_bytes(content, name="t.xlsx")) == {"a": [date(2020, 5, 17)]}


def test_times_and_durations_do_not_depend_on_the_date_system(read_bytes: Read) -> None:
    content = xlsx(
        NAMES,
        [number(0.0625, 1), number(1.25, 2)],
        properties=f'<workbookPr date1904="1"/>{OTHER}',
        formats=["h:mm", "[h]:mm"],
    )
    assert cells(read_bytes(content, name="t.xlsx")) == {"a": [time(1, 30)], "b": [timedelta(hours=30)]}


@pytest.mark.parametrize("form", ["[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[s]", "[h]:mm:ss.000"])
def test_durations(read_bytes: Read, form: str) -> None:
    lengths = [timedelta(hours=30), timedelta(minutes=90), timedelta(0), -timedelta(hours=1), timedelta(days=4000)]
    rows = [[number(repr(length / timedelta(days=1)), 1)] for length in lengths]
    result = read_bytes(xlsx([text("a")], *rows, formats=[form]), name="t.xlsx")
    assert (kinds(result), cells(result)) == ({"a": "duration"}, {"a": lengths})


def test_fractions_of_a_second(read_bytes: Read) -> None:
    rows = [[number(repr(1.5 / 86400), 1), number(repr(43968 + 1.25 / 86400), 2)]]
    result = read_bytes(xlsx(NAMES, *rows, formats=["[h]:mm:ss.00", "yyyy-mm-dd hh:mm:ss.00"]), name="t.xlsx")
    assert cells(result) == {"a": [timedelta(seconds=1.5)], "b": [datetime(2020, 5, 17, 0, 0, 1, 250_000)]}


FORMS = ["yyyy\\-mm\\-dd", "h:mm", "[h]:mm", "yyyy\\-mm\\-dd h:mm"]
DAY, TIME, DURATION, MOMENT = number(43968, 1), number(0.0625, 2), number(1.25, 3), number(43968.5, 4)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ((DAY, DURATION), ["2020-05-17", "30:00:00"]),
        ((TIME, MOMENT), ["01:30:00", "2020-05-17 12:00:00"]),
        ((TIME, DAY, DURATION), ["01:30:00", "2020-05-17", "30:00:00"]),
        ((number(1.5), DURATION), ["1.5", "30:00:00"]),
        ((DAY, number(5)), ["2020-05-17", "5"]),
        ((DAY, text("unknown"), DAY), ["2020-05-17", "unknown", "2020-05-17"]),
        ((DAY, '<$c t="b"><$v>1</$v></$c>'), ["2020-05-17", "true"]),
        ((DURATION, text("n/a")), [timedelta(hours=30), None]),
        ((DURATION, text("soon")), ["30:00:00", "soon"]),
        ((DURATION, error("#N/A")), [timedelta(hours=30), None]),
        ((DAY, error("#N/A")), [date(2020, 5, 17), None]),
        ((DAY, MOMENT), [datetime(2020, 5, 17), datetime(2020, 5, 17, 12)]),
    ],
)
def test_columns_of_several_sorts(read_bytes: Read, column: Sequence[str], expected: list[Any]) -> None:
    rows = [[text("x"), cell] for cell in column]
    assert cells(read_bytes(xlsx(NAMES, *rows, formats=FORMS), name="t.xlsx"))["b"] == expected


def test_durations_of_xls(read_bytes: Read) -> None:
    content = xls(["a", "b"], [(1.25, "[h]:mm"), (0.0625, "h:mm")], [(0.5, "[h]:mm"), (0.5, "h:mm")])
    assert cells(read_bytes(content, name="t.xls")) == {
        "a": [timedelta(hours=30), timedelta(hours=12)],
        "b": [time(1, 30), time(12)],
    }


def test_durations_of_ods(read_bytes: Read) -> None:
    lengths = ["PT30H00M00S", "PT01H30M00S", "-PT01H30M00S", "P1DT2H", "PT00H00M01.5S"]
    rows = [[({"valuetype": "time", "timevalue": each}, each)] for each in lengths]
    result = read_bytes(ods([ods_text("a")], *rows), name="t.ods")
    assert cells(result)["a"] == [timedelta(hours=each) for each in (30, 1.5, -1.5, 26, 1.5 / 3600)]


def test_times_of_day_of_ods(read_bytes: Read) -> None:
    rows = [[({"valuetype": "time", "timevalue": each}, each)] for each in ("PT13H45M10S", "PT1H30M", "PT0S")]
    assert cells(read_bytes(ods([ods_text("a")], *rows), name="t.ods"))["a"] == [time(13, 45, 10), time(1, 30), time(0)]


def test_a_text_that_begins_like_a_duration_stays_text(read_bytes: Read) -> None:
    long = {"valuetype": "time", "timevalue": "PT30H00M00S"}
    content = ods([ods_text("a"), ods_text("b")], [ods_text("PT30H of it"), (long, "30:00")])
    assert cells(read_bytes(content, name="t.ods")) == {"a": ["PT30H of it"], "b": [timedelta(hours=30)]}


def test_ods_with_blanks_between_its_elements(read_bytes: Read) -> None:
    plain = ods([ods_text("a"), ods_text("b")], [({"valuetype": "float", "value": "1"}, "1"), ods_text("x y")])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(buffer, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(member, content.replace(b"<table:", b"\n  <table:") if member == "content.xml" else content)
    assert cells(read_bytes(buffer.getvalue(), name="t.ods")) == {"a": [1], "b": ["x y"]}


def test_tabs_and_line_breaks_of_ods(read_bytes: Read) -> None:
    plain = ods([ods_text("a"), ods_text("b")], [ods_text("x|y"), ods_text("x^y")])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(buffer, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            if member == "content.xml":
                content = content.replace(b"|", b"<text:tab/>").replace(b"^", b"<text:line-break></text:line-break>")
            target.writestr(member, content)
    assert cells(read_bytes(buffer.getvalue(), name="t.ods")) == {"a": ["x\ty"], "b": ["x\ny"]}


def test_the_date_0_is_no_day(read_bytes: Read) -> None:
    rows = [[text("x"), number(43968, 1)], [text("y"), number(0, 1)], [text("z"), text("N/A")]]
    result = read_bytes(xlsx(NAMES, *rows, formats=["yyyy\\-mm\\-dd"]), name="t.xlsx")
    assert cells(result)["b"] == [date(2020, 5, 17), None, None]
    assert [(each.code, each.count) for each in result.warnings] == [("ZeroDates", 1), ("MissingTokens", 1)]


def test_the_date_0_is_the_first_of_1904(read_bytes: Read) -> None:
    rows = [[text("x"), number(42506, 1)], [text("y"), number(0, 1)]]
    properties = f'<workbookPr date1904="1"/>{OTHER}'
    result = read_bytes(xlsx(NAMES, *rows, formats=["yyyy\\-mm\\-dd"], properties=properties), name="t.xlsx")
    assert (cells(result)["b"], result.warnings) == ([date(2020, 5, 17), date(1904, 1, 1)], [])


def test_midnight_among_times_is_a_time(read_bytes: Read) -> None:
    rows = [[text("x"), number(0, 2)], [text("y"), number(0.0625, 2)]]
    assert cells(read_bytes(xlsx(NAMES, *rows, formats=FORMS), name="t.xlsx"))["b"] == [time(0), time(1, 30)]


NEGATIVE = pytest.mark.parametrize("value", ["-3", "-1.25", "-0.25"])


@NEGATIVE
@pytest.mark.parametrize(("style", "kind", "value_"), [(1, 43968, date(2020, 5, 17)), (2, 0.0625, time(1, 30))])
def test_a_negative_number_is_no_date_and_no_time(
    read_bytes: Read, value: str, style: int, kind: float, value_: Any
) -> None:
    rows = [[text("x"), number(kind, style)], [text("y"), number(value, style)]]
    result = read_bytes(xlsx(NAMES, *rows, formats=FORMS), name="t.xlsx")
    assert cells(result)["b"] == [value_, None]
    assert [(each.code, each.examples) for each in result.warnings] == [
        ("NegativeDates", [{"value": value, "line": 3}])
    ]


@NEGATIVE
def test_a_negative_number_is_no_date_of_xls(read_bytes: Read, value: str) -> None:
    rows = [
        ("x", (43968, "yyyy-mm-dd"), -1.5, (-0.25, "[h]:mm")),
        ("y", (float(value), "yyyy-mm-dd"), -3, (1, "[h]:mm")),
    ]
    result = read_bytes(xls(["a", "b", "c", "d"], *rows), name="t.xls")
    assert cells(result)["b"] == [date(2020, 5, 17), None]
    assert cells(result)["c"] == [-1.5, -3]
    assert cells(result)["d"] == [-timedelta(hours=6), timedelta(days=1)]
    assert codes(result) == ["NegativeDates"]


def test_negative_numbers_and_durations_stay(read_bytes: Read) -> None:
    rows = [[number(-3), number(-0.25, 3)], [number(-1.25, 1), number(1, 3)]]
    result = read_bytes(xlsx(NAMES, *rows, formats=["0.00;[Red]-0.00", "d", "[h]:mm"]), name="t.xlsx")
    assert cells(result) == {"a": [-3, -1.25], "b": [-timedelta(hours=6), timedelta(days=1)]}


@pytest.mark.parametrize("form", ["h:mm:ss", "hh:mm", "h:mm AM/PM"])
def test_times_of_a_day_or_more_are_durations(read_bytes: Read, form: str) -> None:
    rows = [[text("x"), number(0.25, 1)], [text("y"), number(1.25, 1)], [text("z"), number(2, 1)]]
    result = read_bytes(xlsx(NAMES, *rows, formats=[form]), name="t.xlsx")
    assert cells(result)["b"] == [timedelta(hours=6), timedelta(hours=30), timedelta(hours=48)]


def test_moments_that_show_but_the_time_stay_moments(read_bytes: Read) -> None:
    rows = [[text("x"), number(43968.25, 1)], [text("y"), number(43969.5, 1)]]
    result = read_bytes(xlsx(NAMES, *rows, formats=["h:mm"]), name="t.xlsx")
    assert cells(result)["b"] == [datetime(2020, 5, 17, 6), datetime(2020, 5, 18, 12)]


# -- what cannot be read -------------------------------------------------------------------------------------------


def ole(*streams: str) -> bytes:
    """A container with empty streams of these names, as far as a reader of its directory sees."""
    sector = 512
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16))
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * 4 * 108
    table = struct.pack("<III", 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFE) + b"\xff" * (sector - 12)
    entries = b""
    for index, name in enumerate(("Root Entry", *streams)):
        wide = name.encode("utf-16-le") + b"\0\0"
        child = 1 if index == 0 and streams else 0xFFFFFFFF
        right = index + 1 if 0 < index < len(streams) else 0xFFFFFFFF
        entries += wide.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(wide), 5 if index == 0 else 2, 1, 0xFFFFFFFF, right, child
        )
        entries += bytes(36) + struct.pack("<II4x", 0xFFFFFFFE, 0)
    return bytes(header) + table + entries.ljust(sector, b"\0") + bytes(4096)


def test_a_password_has_its_own_sentence(read_bytes: Read) -> None:
    with pytest.raises(UnreadableFile, match="protected by a password"):
        read_bytes(ole("EncryptedPackage", "EncryptionInfo"), name="t.xlsx")


def test_a_password_of_xls(read_bytes: Read) -> None:
    content = xls(["a"], [1])
    place = content.index(struct.pack("<HH", 0x809, 16)) + 20
    # The second record of the workbook says that what follows is encrypted.
    protected = content[:place] + struct.pack("<H", 0x2F) + content[place + 2 :]
    with pytest.raises(UnreadableFile, match="protected by a password"):
        read_bytes(protected, name="t.xls")


def test_a_password_of_ods(read_bytes: Read) -> None:
    buffer = io.BytesIO(ods([ods_text("a")]))
    with zipfile.ZipFile(buffer) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["META-INF/manifest.xml"] = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile, match="protected by a password"):
        read_bytes(packed.getvalue(), name="t.ods")


def test_a_sheet_that_is_a_chart(read_bytes: Read) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("Picture", 0)
    book["Sheet"].append(["a"])
    book["Sheet"].append([1])
    buffer = io.BytesIO()
    book.save(buffer)
    assert cells(read_bytes(buffer.getvalue(), name="t.xlsx")) == {"a": [1]}
    with pytest.raises(InvalidRequest, match="chart"):
        read_bytes(buffer.getvalue(), name="t.xlsx", sheet="Picture")


def test_the_content_tells_the_format_whatever_the_name(tmp_path: Any, read_bytes: Read) -> None:
    for content in (xls(["a"], [0.1]), ods([ods_text("a")], [({"valuetype": "float", "value": "0.1"}, "?")])):
        assert cells(read_bytes(content, name="t.xlsx")) == {"a": [0.1]}


@pytest.mark.parametrize("days", ["1e10", "-1e300"])
def test_a_number_that_is_too_large_for_its_duration_is_named(read_bytes: Read, days: str) -> None:
    with pytest.raises(UnreadableFile, match="too large for one"):
        read_bytes(xlsx([text("a")], [number(days, 1)], formats=["[h]:mm"]), name="t.xlsx")


def test_infinity_is_a_number(read_bytes: Read) -> None:
    """A number beyond doubles, as some writers round the greatest one."""
    content = xlsx([text("a")], [number("1.797693134862316E+308")], [number(0.5)])
    assert cells(read_bytes(content, name="t.xlsx")) == {"a": [math.inf, 0.5]}


# -- several tables on one sheet -----------------------------------------------------------------------------------

SEVERAL: list[list[Any]] = [
    ["Sales"],
    ["month", "sales"],
    ["Jan", 5],
    ["Feb", 6],
    ["Mar", 7],
    [],
    ["Staff"],
    [],
    ["", "city", "staff", "since"],
    ["", "Rome", 3, 2001],
    ["", "Bonn", 4, 2002],
    ["", "Oslo", 5, (40000, "yyyy-mm-dd")],
]


def test_the_table_with_the_most_values_of_a_sheet(read_bytes: Read) -> None:
    result = read_bytes(xls(*SEVERAL), name="t.xls")
    assert (result.settings["sheet"], result.settings["table"]) == ("One", "One: Staff")
    assert cells(result)["city"] == ["Rome", "Bonn", "Oslo"]
    assert kinds(result) == {"city": "string", "staff": "int", "since": "string"}
    assert "OtherTables" in codes(result)
    assert result.top is not None
    assert result.top.sheets == ["One", "One: Sales", "One: Staff"]
    assert (result.ledger.lines, result.ledger.skipped, result.ledger.rows) == (12, 8, 3)


def test_another_table_of_a_sheet(read_bytes: Read) -> None:
    result = read_bytes(xls(*SEVERAL), name="t.xls", sheet="One: Sales")
    assert cells(result) == {"month": ["Jan", "Feb", "Mar"], "sales": [5, 6, 7]}
    assert (result.ledger.lines, result.ledger.skipped, result.ledger.rows) == (12, 8, 3)
    with pytest.raises(InvalidRequest, match="there is no table 'Profit' on the sheet 'One'; it has 'One: Sales'"):
        read_bytes(xls(*SEVERAL), name="t.xls", sheet="One: Profit")
    with pytest.raises(InvalidRequest, match="there is no table 'x' on the sheet 'One'; it has one"):
        read_bytes(xls(["a", "b"], [1, 2]), name="t.xls", sheet="One: x")


def test_a_sheet_with_blank_rows_and_headings_is_one_table(read_bytes: Read) -> None:
    content = xls(["region", "n", "m"], ["North"], ["Rome", 3, 4], [], ["South"], ["Oslo", 5, 6], ["Bonn", 7, 8])
    result = read_bytes(content, name="t.xls")
    assert "table" not in result.settings
    assert cells(result)["region"] == ["North", "Rome", "South", "Oslo", "Bonn"]


# -- sheets about the workbook -------------------------------------------------------------------------------------


def sheets(**content: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in content.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


TABLE: list[list[Any]] = [["a", "b"], [1, 2], [3, 4]]
PROSE: list[list[Any]] = [
    ["This workbook holds figures of the ministry."],
    [],
    ["Write to us if something is wrong with it."],
]


@pytest.mark.parametrize("about", [{"Read me": [["x", "y"], [1, 2]]}, {"Sheet1": PROSE}, {"Contents": [["Data"]]}])
def test_a_sheet_about_the_workbook_is_not_read_where_another_holds_a_table(
    read_bytes: Read, about: dict[str, list[list[Any]]]
) -> None:
    result = read_bytes(sheets(**about, Data=TABLE), name="t.xlsx")
    assert (result.settings["sheet"], cells(result)) == ("Data", {"a": [1, 3], "b": [2, 4]})
    assert codes(result) == ["OtherSheets"]
    assert read_bytes(sheets(**about, Data=TABLE), name="t.xlsx", sheet=0).settings["sheet"] == next(iter(about))
    alone = read_bytes(sheets(**about, Empty=[]), name="t.xlsx")
    assert alone.settings["sheet"] == next(iter(about))


@pytest.mark.parametrize("first", [TABLE, [["name"], ["Ann"], ["Bob"]], [["n"], [1]]])
def test_the_first_sheet_is_read_where_it_may_be_meant(read_bytes: Read, first: list[list[Any]]) -> None:
    assert read_bytes(sheets(One=first, Two=TABLE), name="t.xlsx").settings["sheet"] == "One"
