"""XML with records, and workbooks in Excel's XML of 2003."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pandas as pd
import pytest

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, markup
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]
SHOP = """<?xml version="1.0" encoding="UTF-8"?>
<shop xmlns="urn:x" version="2"><name>Corner</name>
 <books>
  <book id="1"><title>A &amp; B</title><price currency="EUR">5.50</price><year>2001</year></book>
  <book id="2" lang="de"><title><![CDATA[<C>]]></title><price currency="USD">7</price><year/>
   <publisher><name>P</name><place code="B">Bonn</place></publisher></book>
 </books></shop>"""


@pytest.mark.parametrize("name", ["t.xml", "t.csv", "t.xls", "whatever"])
def test_the_element_that_repeats_is_a_row(read_bytes: Read, name: str) -> None:
    result = read_bytes(SHOP, name=name)
    assert cells(result) == {
        "id": [1, 2],
        "lang": [None, "de"],
        "title": ["A & B", "<C>"],
        "price.currency": ["EUR", "USD"],
        "price": [5.5, 7.0],
        "year": [2001, None],
        "publisher.name": [None, "P"],
        "publisher.place.code": [None, "B"],
        "publisher.place": [None, "Bonn"],
    }
    assert result.settings["format"] == "xml"
    assert result.settings["sheet"] == "books/book"
    assert result.settings["ledger"]["unit"] == "record"
    assert codes(result) == ["OutsideRows"]
    assert "shop', 'name'" in result.warnings[0].message


def test_what_pandas_writes(read_bytes: Read) -> None:
    frame = pd.DataFrame({"n": [1, 2, 3], "t": ["<x>", None, "é"], "d": ["2001-02-03"] * 3})
    for attributes in (None, ["n", "t", "d"]):
        content = frame.to_xml(index=False, attr_cols=attributes, parser="etree")
        assert cells(read_bytes(content)) == {"n": [1, 2, 3], "t": ["<x>", None, "é"], "d": [date(2001, 2, 3)] * 3}


def test_types_are_those_of_whole_columns(read_bytes: Read) -> None:
    rows = "".join(f"<r><a>{n}</a><b>{n}.5</b><c>00{n}</c></r>" for n in range(20_000))
    result = read_bytes(f"<t>{rows}<r><a>x</a><b>1</b></r></t>")
    assert kinds(result) == {"a": "string", "b": "float", "c": "string"}
    got = cells(result)
    assert got["a"] == [*map(str, range(20_000)), "x"]
    assert got["c"][7] == "007"
    assert got["c"][-1] is None


def test_what_repeats_within_a_record_is_a_list(read_bytes: Read) -> None:
    content = (
        "<t><o><tag>a</tag><tag>b</tag><line n='1'><x>1</x></line></o>"
        "<o><tag>c</tag><line n='2'>t<x>2</x><x>3</x></line><line/></o></t>"
    )
    result = read_bytes(content)
    assert cells(result) == {
        "tag": ['["a", "b"]', '["c"]'],
        "line": ['[{"n": "1", "x": ["1"]}]', '[{"n": "2", "x": ["2", "3"], "": "t"}, null]'],
    }
    assert result.top is not None
    assert result.top.sheets == ["o", "o/line"]
    lines = read_bytes(content, sheet="o/line")
    assert cells(lines) == {"n": [1, 2, None], "line": [None, "t", None], "x": ['["1"]', '["2", "3"]', None]}
    with pytest.raises(InvalidRequest, match="'o', 'o/line'"):
        read_bytes(content, sheet="p")


def test_of_several_elements_that_repeat_the_most_values_are_read(read_bytes: Read) -> None:
    content = "<t><k/><k/><k/><k/><k/><r><a>1</a><b>2</b></r><r><a>3</a><b>4</b></r><r><a>5</a><b>6</b></r></t>"
    result = read_bytes(content)
    assert cells(result) == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert codes(result) == ["OtherTables"]


def test_an_attribute_and_an_element_of_one_name(read_bytes: Read) -> None:
    content = "<t><r a='1'><a>2</a></r><r><a>3</a><l b='4'><b>5</b></l><l/></r></t>"
    assert cells(read_bytes(content)) == {"@a": [1, None], "a": [2, 3], "l": [None, '[{"@b": "4", "b": "5"}, null]']}


def test_a_document_in_which_nothing_repeats(read_bytes: Read) -> None:
    assert cells(read_bytes("<conf a='1'><b>x</b><c><d>2</d></c></conf>", name="c.xml")) == {
        "a": [1],
        "b": ["x"],
        "c.d": [2],
    }
    assert cells(read_bytes("<v><n>1</n><n>2</n></v>")) == {"n": [1, 2]}
    assert cells(read_bytes("<v><n/><n>  </n></v>")) == {"n": [None, None]}


def test_prefixes_and_what_is_said_of_xml_itself(read_bytes: Read) -> None:
    content = (
        '<x:t xmlns:x="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<x:r xsi:type="y"><x:a>1</x:a></x:r><x:r><x:a xsi:nil="true"/></x:r></x:t>'
    )
    assert cells(read_bytes(content)) == {"x:a": [1, None]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-1", "shift_jis", "gb18030"])
def test_encodings(read_bytes: Read, encoding: str) -> None:
    value = "Größe" if encoding in ("cp1252", "iso-8859-1") else "東京"
    said = "utf-8" if encoding.startswith("utf-8") else encoding
    content = f'<?xml version="1.0" encoding="{said}"?><t><r a="{value}"/><r a="x"/></t>'
    assert cells(read_bytes(content.encode(encoding), name="t.xml")) == {"a": [value, "x"]}


def test_an_encoding_that_is_said_and_is_not_so(read_bytes: Read) -> None:
    content = '<?xml version="1.0" encoding="UTF-8"?><t><r a="Größe, Straße"/><r a="Köln"/></t>'.encode("cp1252")
    assert cells(read_bytes(content, name="t.xml")) == {"a": ["Größe, Straße", "Köln"]}


BILLION = "<!DOCTYPE t [<!ENTITY a '0123456789'>" + "".join(
    f"<!ENTITY {after} '{f'&{before};' * 10}'>" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (BILLION + "]><t><r>&i;</r><r/></t>", "entities of its own"),
        ("<!DOCTYPE t [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><t><r>&x;</r><r/></t>", "entities of its own"),
        ("<!DOCTYPE t [<!ENTITY % x SYSTEM 'http://127.0.0.1/x'> %x;]><t><r/><r/></t>", "entities of its own"),
        ("<!DOCTYPE t SYSTEM 'x.dtd'><t><r>&x;</r><r/></t>", "entity &x; that it does not define"),
        ("<t><r>&nbsp;</r><r/></t>", "malformed on line 1: undefined entity"),
        ("<t><r>1</r>\n<r>2</x></t>", "malformed on line 2: mismatched tag"),
        ("<t><r>1</r><r>2</r>", "malformed on line 1: no element found"),
        ("<t><r>1</r><r>2</r></t><t/>", "malformed on line 1: junk"),
        ("<a>" * 300 + "</a>" * 300, "more than 200 elements within each other"),
    ],
)
def test_documents_that_mean_harm_or_are_broken(read_bytes: Read, content: str, match: str) -> None:
    with pytest.raises(UnreadableFile, match=match):
        read_bytes(content, name="t.xml")


def test_what_is_out_of_all_proportion(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_PATHS", 100)
    with pytest.raises(TooLarge, match="more than 100 different"):
        read_bytes("<t>" + "".join(f"<r a{n}='1'/>" for n in range(200)) + "</t>")
    monkeypatch.setattr(markup, "MAX_RECORD", 1000)
    with pytest.raises(TooLarge, match="longer than 1,000 characters"):
        read_bytes(f"<t><r>{'x ' * 800}</r><r/></t>")


def test_pieces_make_no_difference(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cells(read_bytes(SHOP))
    monkeypatch.setattr(markup, "_CHUNK_BYTES", 7)
    monkeypatch.setattr(markup, "_LEAST_BYTES", 7)
    assert cells(read_bytes(SHOP)) == whole


def test_an_image_is_no_table(read_bytes: Read) -> None:
    with pytest.raises(UnreadableFile, match=r"a picture .SVG.*What can be read: CSV"):
        read_bytes('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><path/><path/></svg>', name="t.svg")


def workbook(*sheets: tuple[str, str]) -> str:
    tables = "".join(f'<Worksheet ss:Name="{name}"><Table>{rows}</Table></Worksheet>' for name, rows in sheets)
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f"{tables}</Workbook>"
    )


def row(*values: tuple[str, Any], more: str = "") -> str:
    data = "".join(f'<Cell><Data ss:Type="{kind}">{value}</Data></Cell>' for kind, value in values)
    return f"<Row {more}>{data}</Row>"


def test_a_workbook_in_xml(read_bytes: Read) -> None:
    names = row(*(("String", name) for name in "nsdtmbe"))
    first = row(
        ("Number", 1.5),
        ("String", "007"),
        ("DateTime", "2001-02-03T00:00:00.000"),
        ("DateTime", "1899-12-31T08:30:00.000"),
        ("DateTime", "2001-02-03T04:05:06.500"),
        ("Boolean", 1),
        ("Error", "#N/A"),
    )
    result = read_bytes(workbook(("Empty", ""), ("Data", names + first)), name="t.xls")
    assert cells(result) == {
        "n": [1.5],
        "s": ["007"],
        "d": [date(2001, 2, 3)],
        "t": [time(8, 30)],
        "m": [datetime(2001, 2, 3, 4, 5, 6, 500_000)],  # noqa: DTZ001
        "b": [True],
        "e": [None],
    }
    assert codes(result) == ["ErrorCells"]
    assert result.settings["sheet"] == "Data"
    assert result.top is not None
    assert result.top.sheets == ["Empty", "Data"]


def test_cells_and_rows_that_are_left_out(read_bytes: Read) -> None:
    rows = (
        row(("String", "a"), ("String", "b"), ("String", "c"))
        + '<Row ss:Index="3"><Cell ss:MergeAcross="1"><Data ss:Type="Number">1</Data><Comment><ss:Data>no</ss:Data>'
        '</Comment></Cell><Cell><Data ss:Type="Number">3</Data></Cell></Row>'
        '<Row><Cell ss:Index="2"><Data ss:Type="Number">2</Data></Cell></Row>'
    )
    result = read_bytes(workbook(("One", rows), ("Two", row(("String", "x")) + row(("Number", 9)))), name="t.xml")
    assert cells(result) == {"a": [1, None], "b": [None, 2], "c": [3, None]}
    assert codes(result) == ["BlankLines"]
    assert result.settings["ledger"]["lines"] == 4
    assert cells(read_bytes(workbook(("One", rows), ("Two", row(("String", "x")) + row(("Number", 9)))), sheet=1)) == {
        "x": [9]
    }


def test_a_row_far_down_of_a_workbook(read_bytes: Read) -> None:
    for place in ("999999999", "99999999999999999999"):
        rows = row(("String", "a")) + row(("Number", 1), more=f'ss:Index="{place}"')
        with pytest.raises(TooLarge, match="beyond number"):
            read_bytes(workbook(("One", rows)), name="t.xml")
