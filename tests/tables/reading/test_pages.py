"""Tables in web pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, pages
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]


def page(*rows: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body><table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table></body></html>"


HEADER = "<th>a</th><th>b</th>"


@pytest.mark.parametrize("name", ["t.html", "t.xls", "t.csv", "whatever"])
def test_a_page_of_pandas_is_read_under_any_name(read_bytes: Read, name: str) -> None:
    frame = pd.DataFrame({"n": [1, 2], "x": [0.1, None], "t": ["<a> & b", "é"], "d": ["2001-02-03", "2001-02-04"]})
    result = read_bytes(frame.to_html(index=False, na_rep=""), name=name)
    assert cells(result) == {
        "n": [1, 2],
        "x": [0.1, None],
        "t": ["<a> & b", "é"],
        "d": [date(2001, 2, 3), date(2001, 2, 4)],
    }
    assert result.settings["format"] == "html"
    assert codes(result) == []


def test_several_rows_of_names_are_joined(read_bytes: Read) -> None:
    columns = pd.MultiIndex.from_tuples([("2020", "in"), ("2020", "out"), ("2021", "in")])
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=columns)
    result = read_bytes(frame.to_html(index=False))
    assert cells(result) == {"2020 / in": [1, 4], "2020 / out": [2, 5], "2021 / in": [3, 6]}
    assert result.settings["ledger"]["header"] == 2
    rowspan = "<thead><tr><th rowspan=2>k<th colspan=2>v<tr><th>x<th>y</thead><tr><td>1<td>2<td>3"
    assert cells(read_bytes(f"<table>{rowspan}</table>")) == {"k": [1], "v / x": [2], "v / y": [3]}


def test_a_title_over_the_whole_width_is_no_name(read_bytes: Read) -> None:
    result = read_bytes(page("<th colspan=2>Report", HEADER, "<td>1<td>2"))
    assert cells(result) == {"a": [1], "b": [2]}
    assert codes(result) == ["TitleLines"]
    told = result.settings["ledger"]
    assert (told["lines"], told["skipped"], told["header"], told["rows"]) == (3, 1, 1, 1)


SPANS: dict[str, tuple[list[str], dict[str, list[Any]]]] = {
    "columns": ([HEADER, "<td colspan=2>1", "<td>2<td>3"], {"a": [1, 2], "b": [1, 3]}),
    "rows": ([HEADER, "<td rowspan=2>1<td>x", "<td>y", "<td>2<td>z"], {"a": [1, 1, 2], "b": ["x", "y", "z"]}),
    "rows at the end": ([HEADER, "<td>x<td rowspan=2>1", "<td>y"], {"a": ["x", "y"], "b": [1, 1]}),
    "both": ([HEADER, "<td rowspan=2 colspan=2>1", "", "<td>2<td>3"], {"a": [1, 1, 2], "b": [1, 1, 3]}),
    "to the end": ([HEADER, "<td rowspan=0>1<td>x", "<td>y"], {"a": [1, 1], "b": ["x", "y"]}),
    "beyond the end": ([HEADER, "<td rowspan=99>1<td>x", "<td>y"], {"a": [1, 1], "b": ["x", "y"]}),
    "nonsense": ([HEADER, '<td rowspan="-3" colspan=x>1<td colspan=0>x'], {"a": [1], "b": ["x"]}),
    "beside each other": (
        ["<th>a<th>b<th>c", "<td rowspan=3>1<td rowspan=2>2<td>3", "<td>4", "<td>5<td>6"],
        {"a": [1, 1, 1], "b": [2, 2, 5], "c": [3, 4, 6]},
    ),
}


@pytest.mark.parametrize("case", SPANS)
def test_a_cell_that_spans_several_stands_in_each(read_bytes: Read, case: str) -> None:
    rows, expected = SPANS[case]
    assert cells(read_bytes(page(*rows))) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x &amp; y &lt;z&gt; &eacute;&#8364;&#x20AC;", "x & y <z> é€€"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("  much \n\t room  ", "much room"),
        ("&nbsp;x&nbsp;", "x"),
        ("1&nbsp;234", "1\xa0234"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<b>bo</b>ld <a href=x>link</a>", "bold link"),
        ("x<script>y()</script><style>z</style><!-- w -->", "x"),
        ("x<table><tr><td>inner</table>", "x"),
        ("007", "007"),
    ],
)
def test_the_text_of_a_cell(read_bytes: Read, cell: str, expected: str) -> None:
    assert cells(read_bytes(page(HEADER, f"<td>{cell}</td><td>1</td>", "<td>other</td><td>2</td>")))["a"][0] == expected


def test_tags_that_nobody_closed(read_bytes: Read) -> None:
    assert cells(read_bytes("<table><tr><th>a<th>b<tr><td>1<td>2<tr><td>3<td>4")) == {"a": [1, 3], "b": [2, 4]}


def test_nested_tables_are_not_mixed(read_bytes: Read) -> None:
    inner = "<table id=data><tr><th>a<th>b<tr><td>1<td>2<tr><td>3<td>4</table>"
    outer = f"<table><caption>Layout</caption><tr><td>menu<td>{inner}<tr><td>left<td>right</table>"
    result = read_bytes(outer)
    assert cells(result) == {"a": [1, 3], "b": [2, 4]}
    assert codes(result) == ["OtherTables"]
    assert result.top is not None
    assert result.top.sheets == ["Layout", "data"]
    assert result.settings["sheet"] == "data"
    for sheet in ("Layout", 0, "0"):
        other = read_bytes(outer, sheet=sheet, header_included=False)
        assert cells(other) == {"column_0": ["menu", "left"], "column_1": [None, "right"]}


def test_a_table_that_is_not_there(read_bytes: Read) -> None:
    content = page("<td>1") + page("<td>2")
    with pytest.raises(InvalidRequest, match="'table 1', 'table 2'"):
        read_bytes(content, sheet="table 3")


def test_rows_are_accounted_for(read_bytes: Read) -> None:
    result = read_bytes(page("", HEADER, "<td>1<td>x", "<td><td>", "<td>2", "<td>3<td>y"), name="t.xls")
    assert cells(result) == {"a": [1, 2, 3], "b": ["x", None, "y"]}
    assert codes(result) == ["ShortLines", "BlankLines"]
    told = result.settings["ledger"]
    assert (told["lines"], told["blank"], told["header"], told["rows"], told["filled"]) == (6, 2, 1, 3, 1)
    origin = result.table.origin
    assert origin is not None
    assert [origin.line_of(result.table.folder, row) for row in range(3)] == [3, 5, 6]
    odd = result.set_aside
    assert odd is not None
    assert odd.scan().select("line", "row", "code", "raw").collect().rows() == [(5, 1, "TooFewFields", "2")]


def test_rows_that_are_skipped_and_no_header(read_bytes: Read) -> None:
    content = page("<td>Report", "<td>x<td>y", "<td>1<td>2")
    assert cells(read_bytes(content, initial_skip=1)) == {"x": [1], "y": [2]}
    plain = page("<td>1<td>2", "<td>3<td>4")
    assert cells(read_bytes(plain, header_included=False)) == {"column_0": [1, 3], "column_1": [2, 4]}
    with pytest.raises(UnreadableFile, match="empty, or nothing is left"):
        read_bytes(content, initial_skip=3)


def test_what_stands_at_the_foot_comes_last(read_bytes: Read) -> None:
    content = "<table><thead><tr><th>a</thead><tfoot><tr><td>9</tfoot><tbody><tr><td>1</tbody></table>"
    assert cells(read_bytes(content)) == {"a": [1, 9]}


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("cp1251", '<meta charset="windows-1251">'),
        ("cp1251", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
        ("gb18030", "<meta charset=gb2312>"),
        ("utf-8", "<meta charset=utf-8>"),
        ("utf-8", "<meta charset=of-no-such-name>"),
        ("utf-16", ""),
        ("utf-8-sig", "<meta charset=windows-1251>"),
    ],
)
def test_encodings(read_bytes: Read, encoding: str, said: str) -> None:
    content = page("<th>город<th>n", "<td>Москва<td>1", head=said).encode(encoding)
    assert cells(read_bytes(content, name="t.xls")) == {"город": ["Москва"], "n": [1]}


def test_an_encoding_that_is_said_and_is_not_so(read_bytes: Read) -> None:
    said = '<meta charset="utf-8">'
    content = page("<th>Straße<th>n", "<td>Köln<td>1", "<td>München, Größe<td>2", head=said).encode("cp1252")
    assert cells(read_bytes(content)) == {"Straße": ["Köln", "München, Größe"], "n": [1, 2]}
    latin = page("<th>preis<th>n", "<td>5 €<td>1", head="<meta charset=iso-8859-1>").encode("cp1252")
    assert cells(read_bytes(latin, types="text"))["preis"] == ["5 €"]


def test_types_are_those_of_whole_columns(read_bytes: Read) -> None:
    rows = [f"<td>{n}<td>{n}.5<td>2001-01-{n % 28 + 1:02}" for n in range(300)]
    result = read_bytes(page("<th>n<th>x<th>d", *rows, "<td>none<td>1<td>2001-01-01"))
    assert kinds(result) == {"n": "string", "x": "float", "d": "date"}


def test_spans_that_make_too_many_cells(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="more than 50,000 columns"):
        read_bytes(page("<td colspan=1000>x" * 60))
    monkeypatch.setattr(pages, "FREE_DENSE_CELLS", 10_000)
    with pytest.raises(TooLarge, match="most of which span several"):
        read_bytes(page(*["<td colspan=1000>x"] * 20))
    assert read_bytes(page(*["<td>1<td>2"] * 2000)).table.rows == 2000
    with pytest.raises(TooLarge, match="most of which span several"):
        read_bytes(page(f"<td colspan=1000 rowspan=9>{'x' * 1000}", *["<td>y"] * 9))


def test_a_page_that_is_too_large_for_memory(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 1000)
    with pytest.raises(TooLarge, match="at most 1,000 bytes"):
        read_bytes(page(*["<td>1<td>2"] * 200))


@pytest.mark.parametrize("content", ["<!DOCTYPE html><table>", "<p>Try again</p>\n", "<h1>502 Bad Gateway</h1>\n<hr>"])
def test_a_page_without_a_table(read_bytes: Read, content: str) -> None:
    with pytest.raises(UnreadableFile, match="a web page without a table"):
        read_bytes(content, name="t.csv")


@pytest.mark.parametrize("name", ["t.html", "t.xls", "t"])
def test_a_page_that_begins_with_a_heading(read_bytes: Read, name: str) -> None:
    for begin in ("<h1>Report</h1>\n", "<!-- made -->\n<h2>Report</h2>"):
        content = f"{begin}<table><tr><th>a<th>b<tr><td>1<td>2</table>"
        assert cells(read_bytes(content, name=name)) == {"a": [1], "b": [2]}


def test_elements_deep_within_each_other(read_bytes: Read) -> None:
    table = "<table><tr><th>a<th>b<tr><td>1<td>2</table>"
    assert read_bytes("<html>" + "<div>" * 3000 + table, name="t.html").table.rows == 1
    assert read_bytes("<html>" + "<div></div>" * 9000 + table, name="t.html").table.rows == 1
    with pytest.raises(TooLarge, match="more than 4,000 elements within each other"):
        read_bytes("<html>" + "<div>" * 9000 + table + "</div>" * 9000, name="t.html")
