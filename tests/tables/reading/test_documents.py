"""JSON in the shapes in which tables are found."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, documents, read
from longshore.tables.reading.elements import Lines, Objects
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]
Tiny = Callable[[int], None]

RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
TABLE = {"a": [1, 2], "b": ["x", "y"]}
SHAPES: dict[str, Any] = {
    "records": RECORDS,
    "columns": TABLE,
    "pandas": {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}},
    "wrapped": {"data": RECORDS, "total": 2},
    "rows": [["a", "b"], [1, "x"], [2, "y"]],
    "split": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]},
    "split without labels": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]},
    "counted": {"0": {"a": 1, "b": "x"}, "1": {"a": 2, "b": "y"}},
    "an answer": {"response": {"found": 2, "docs": RECORDS}, "status": "ok"},
}


@pytest.mark.parametrize("document", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["t.json", "unknown"])
def test_shapes(read_bytes: Read, document: Any, indent: int | None, name: str) -> None:
    assert cells(read_bytes(json.dumps(document, indent=indent), name=name)) == TABLE


@pytest.mark.parametrize("name", ["t.ndjson", "t.jsonl", "t.json", "t"])
def test_lines(read_bytes: Read, name: str) -> None:
    assert cells(read_bytes("\n".join(map(json.dumps, RECORDS)), name=name)) == TABLE
    assert cells(read_bytes(json.dumps(RECORDS[0]), name=name)) == {"a": [1], "b": ["x"]}


def test_rows_without_a_header(read_bytes: Read) -> None:
    assert cells(read_bytes("[[1, 2], [3]]", name="t.json")) == {"column_0": [1, 3], "column_1": [2, None]}


@pytest.mark.parametrize("block_bytes", [20_000, 1 << 24])
def test_movies(data: Path, tmp_path: Path, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    result = read(data / "movies.json", tmp_path, name="movies.json")
    records = json.loads((data / "movies.json").read_text())
    got = cells(result)
    assert result.table.names == list(records[0])
    assert {key: kind for key, kind in kinds(result).items() if kind != "string"} == {
        "US Gross": "int",
        "Worldwide Gross": "int",
        "US DVD Sales": "int",
        "Production Budget": "int",
        "Release Date": "date",
        "Running Time min": "int",
        "Rotten Tomatoes Rating": "int",
        "IMDB Rating": "float",
        "IMDB Votes": "int",
    }
    for key, values in got.items():
        wanted = [record[key] for record in records]
        if key == "Title":
            wanted = [None if value is None else str(value) for value in wanted]
        if key == "Release Date":
            values = [f"{day:%b} {day.day:02} {day.year}" for day in values]
            wanted = [f"{m} {int(d):02} {y}" for m, d, y in (value.split() for value in wanted)]
        assert values == wanted, key


def test_flights(data: Path, tmp_path: Path) -> None:
    result = read(data / "flights-2k.json", tmp_path, name="flights-2k.json")
    records = json.loads((data / "flights-2k.json").read_text())
    assert kinds(result) == {
        "date": "datetime", "delay": "int", "distance": "int", "origin": "string", "destination": "string",
    }  # fmt: skip
    got = cells(result)
    assert [f"{moment:%Y/%m/%d %H:%M}" for moment in got["date"]] == [record["date"] for record in records]
    for key in ("delay", "distance", "origin", "destination"):
        assert got[key] == [record[key] for record in records]


@pytest.mark.parametrize("block_bytes", [10, 1 << 20])
def test_types_are_those_of_json(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    records = [
        {"s": "007", "n": "5", "i": 1, "f": 1, "b": True, "m": 1, "d": "2001-01-01", "o": {"k": [1, "é"]}, "e": None},
        {"s": "x", "n": "6", "i": -2, "f": 2.5, "b": False, "m": "one", "d": "2001-01-02", "o": [1.5, None], "e": None},
        {"s": None, "n": "7", "i": None, "f": None, "b": None, "m": True, "d": None, "o": None, "late": 5},
    ]
    result = read_bytes(json.dumps(records, ensure_ascii=False), name="t.json")
    assert kinds(result) == {
        "s": "string", "n": "string", "i": "int", "f": "float", "b": "boolean", "m": "string", "d": "date",
        "o": "string", "e": "string", "late": "int",
    }  # fmt: skip
    got = cells(result)
    assert got["n"] == ["5", "6", "7"]
    assert got["m"] == ["1", "one", "true"]
    assert got["d"] == [date(2001, 1, 1), date(2001, 1, 2), None]
    assert [value and json.loads(value) for value in got["o"]] == [{"k": [1, "é"]}, [1.5, None], None]
    assert got["late"] == [None, None, 5]


def test_floats_stay_floats_and_big_integers_exact(read_bytes: Read) -> None:
    text = """[{"f": 1.0, "u": 18446744073709551615, "h": 123456789012345678901234567890, "g": 1e21},
               {"f": 2.0, "u": 1, "h": 1, "g": 0.5}]"""
    result = read_bytes(text, name="t.json")
    assert kinds(result) == {"f": "float", "u": "int", "h": "string", "g": "float"}
    assert cells(result) == {
        "f": [1.0, 2.0], "u": [2**64 - 1, 1], "h": ["123456789012345678901234567890", "1"], "g": [1e21, 0.5],
    }  # fmt: skip


def test_nan_which_python_writes_is_missing(read_bytes: Read) -> None:
    result = read_bytes('[{"a": NaN, "b": 1}, {"a": 1.5, "b": Infinity}]', name="t.json")
    assert cells(result) == {"a": [None, 1.5], "b": [1.0, float("inf")]}


def test_utf16_and_latin1(read_bytes: Read) -> None:
    text = json.dumps([{"a": "Besançon"}, {"a": "été"}], ensure_ascii=False)
    for encoding in ("utf-16", "utf-8-sig", "latin-1"):
        assert cells(read_bytes(text.encode(encoding), name="t.json")) == {"a": ["Besançon", "été"]}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[{"a": 1}, {"a": 2}', "cut off"),
        ('[{"a": 1} {"a": 2', "cut off"),
        ('[{"a": 1}, 5]', "no records"),
        ('[{"a": }]', "not valid JSON"),
        ("[]", "no table"),
        ("[{}]", "no records with fields"),
        ('{"a": [1, 2], "b": [1]}', "differ in length"),
        ('{"a": ', "not valid JSON"),
        ("[" * 100_000, "deeply|not valid"),
        ('[{"a": 1}] trailing', "follows the end"),
    ],
)
def test_malformed(read_bytes: Read, text: str, match: str) -> None:
    with pytest.raises(UnreadableFile, match=match):
        read_bytes(text, name="t.json")


def test_a_document_that_must_stand_in_memory_is_bounded(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_WHOLE_BYTES", 10)
    with pytest.raises(TooLarge, match="NDJSON"):
        read_bytes('{"a": [1, 2], "b": [3, 4]}', name="t.json")


def test_not_json_after_all(read_bytes: Read) -> None:
    assert cells(read_bytes("a,b\n1,2\n", name="t.json")) == {"a": [1], "b": [2]}
    assert cells(read_bytes("[a],b\n1,2\n", name="t.csv")) == {"[a]": [1], "b": [2]}


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(alphabet='ab"\\{}[],:\n é', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"\\', max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)
RECORD = st.dictionaries(st.sampled_from(["a", "b", 'q"', "{"]), VALUE, min_size=1)


@given(
    records=st.lists(RECORD, min_size=1, max_size=8),
    indent=st.none() | st.integers(0, 2),
    block_bytes=st.integers(1, 300),
)
@settings(max_examples=200, deadline=None)
def test_arrays_split_at_their_elements(records: list[Any], indent: int | None, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        path.write_text(json.dumps(records, indent=indent), encoding="utf-8")
        batches = list(Objects(path, block_bytes).blocks())
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        lines = list(Lines(path, block_bytes).blocks())
    for got in (batches, lines):
        assert [json.loads(line) for batch in got for line in batch.data.split(b"\n") if line.strip()] == records


@pytest.mark.parametrize("name", ["t.json", "t.ndjson"])
def test_half_a_character_is_replaced_and_told(read_bytes: Callable[..., ReadResult], name: str) -> None:
    records = [r'{"a":"x\ud800y","b\udc00":1}', r'{"a":"\ud83d\ude00","b\udc00":2}', r'{"a":"\\ud800","b\udc00":3}']
    content = "\n".join(records) if name == "t.ndjson" else f"[{','.join(records)}]"
    result = read_bytes(content, name=name)
    assert cells(result) == {"a": ["x\ufffdy", "\U0001f600", r"\ud800"], "b\ufffd": [1, 2, 3]}
    assert [(each.code, each.count) for each in result.warnings] == [("LoneSurrogates", 4)]


def test_half_a_character_in_an_object_of_columns(read_bytes: Callable[..., ReadResult]) -> None:
    result = read_bytes(r'{"a":["x\ud800","y"],"b":[1,2]}', name="t.json")
    assert cells(result) == {"a": ["x\ufffd", "y"], "b": [1, 2]}
    assert codes(result) == ["LoneSurrogates"]


def deep(depth: int) -> dict[str, str]:
    """Texts with a value of that depth in a field, by what it is made of."""
    return {"lists": "[" * depth + "]" * depth, "objects": '{"a":' * depth + "1" + "}" * depth}


PYTHONS = ("recursion", "Python", "set_int_max", "maximum")


@pytest.mark.parametrize("kind", ["lists", "objects"])
@pytest.mark.parametrize("depth", [250, 700, 3000, 100_000])
@pytest.mark.parametrize(
    "document", ['[{{"x":{}}}]', '{{"x":{}}}', "[[1], [{}]]", '[{{"s":"]]]]}}}}","x":{}}},{{"x":NaN}}]']
)
def test_a_document_nested_too_deeply_is_refused_in_our_words(
    read_bytes: Read, document: str, kind: str, depth: int
) -> None:
    with pytest.raises(UnreadableFile, match="nested deeper than 200 levels") as caught:
        read_bytes(document.format(deep(depth)[kind]), name="t.json")
    assert not any(word in caught.value.description for word in PYTHONS)


@pytest.mark.parametrize("kind", ["lists", "objects"])
@pytest.mark.parametrize("depth", [250, 700, 3000, 100_000])
def test_a_line_nested_too_deeply_is_set_aside(read_bytes: Read, kind: str, depth: int) -> None:
    found = read_bytes(f'{{"x":1}}\n{{"x":{deep(depth)[kind]}}}\n{{"x":2}}\n', name="t.ndjson")
    assert cells(found) == {"x": [1, 2]}
    assert [w.examples[0]["reason"] for w in found.warnings] == [
        "the line is not valid JSON: it is nested deeper than 200 levels"
    ]


def test_lines_with_many_lists_that_are_not_deep_are_read(read_bytes: Read) -> None:
    points = [[n, n + 1] for n in range(1000)]
    lines = [json.dumps({"id": n, "text": "[{" * 200, "points": points}) for n in range(20)]
    assert cells(read_bytes("\n".join(lines), name="t.ndjson"))["id"] == list(range(20))


@pytest.mark.parametrize("name", ["t.json", "t.ndjson"])
def test_a_number_of_too_many_digits_is_told_in_our_words(read_bytes: Read, name: str) -> None:
    record = '{"a":' + "9" * 5000 + "}"
    text = f'[{record},\n{{"a":NaN}}]' if name == "t.json" else f'{record}\n{{"a":1}}\n{{"a":NaN}}'
    try:
        told = str([each.examples for each in read_bytes(text, name=name).warnings])
    except UnreadableFile as error:
        told = error.description
    assert "too many digits" in told
    assert not any(word in told for word in PYTHONS)


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, 1.0, 2.0]}, index=["p", "q", "r"])


@pytest.mark.parametrize("orient", ["split", "index", "records", "columns", "values", "table"])
def test_what_pandas_writes(read_bytes: Read, orient: str) -> None:
    table = {name: FRAME[name].astype(object).where(FRAME[name].notna(), None).to_list() for name in FRAME}
    labels = {"split": "index", "index": "key", "table": "index"}
    expected = {labels[orient]: ["p", "q", "r"], **table} if orient in labels else table
    got = cells(read_bytes(FRAME.to_json(orient=orient), name="t.json"))
    assert list(got.values()) == list(expected.values())
    if orient != "values":
        assert list(got) == list(expected)


KEYED: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "people": (
        {"ann": {"age": 3, "city": "x"}, "bob": {"age": 4, "city": "y"}},
        {"key": ["ann", "bob"], "age": [3, 4], "city": ["x", "y"]},
    ),
    "more records than fields": (
        {"x": {"a": 1, "b": 2}, "y": {"a": 3, "b": 4}, "z": {"b": 6}},
        {"key": ["x", "y", "z"], "a": [1, 3, None], "b": [2, 4, 6]},
    ),
    "a field that is called key": (
        {"p": {"key": 1, "b": "x"}, "q": {"key": 2, "b": "y"}},
        {"key_": ["p", "q"], "key": [1, 2], "b": ["x", "y"]},
    ),
    "columns with labels": (
        {"n": {"p": 1, "q": 2, "r": 3}, "t": {"p": "x", "q": "y", "r": "z"}},
        {"n": [1, 2, 3], "t": ["x", "y", "z"]},
    ),
    "columns of numbers": ({"n": {"p": 1, "q": 2, "r": 3}, "m": {"p": 4}}, {"n": [1, 2, 3], "m": [4, None, None]}),
}


@pytest.mark.parametrize("case", KEYED)
def test_objects_in_an_object(read_bytes: Read, case: str) -> None:
    document, expected = KEYED[case]
    assert cells(read_bytes(json.dumps(document), name="t.json")) == expected


def test_several_tables_in_one_document(read_bytes: Read) -> None:
    document = {"data": {"orders": [{"n": 1}, {"n": 2}], "people": [{"p": "x"}], "empty": [], "total": 3}}
    content = json.dumps(document)
    result = read_bytes(content, name="t.json")
    assert cells(result) == {"n": [1, 2]}
    assert codes(result) == ["OtherTables"]
    assert result.top is not None
    assert result.top.sheets == ["orders", "people"]
    for sheet in ("people", 1, "1"):
        assert cells(read_bytes(content, name="t.json", sheet=sheet)) == {"p": ["x"]}
    with pytest.raises(InvalidRequest, match="'orders', 'people'"):
        read_bytes(content, name="t.json", sheet="empty")


def feature(geometry: Any, /, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


GEOMETRIES = [
    ({"type": "Point", "coordinates": [10.5, -1]}, "POINT (10.5 -1)"),
    ({"type": "Point", "coordinates": [1, 2, 3.25]}, "POINT Z (1 2 3.25)"),
    ({"type": "LineString", "coordinates": [[0, 0], [1, 1e-7]]}, "LINESTRING (0 0, 1 1e-07)"),
    ({"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]}, "MULTIPOINT (0 0, 1 1)"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}, "POLYGON ((0 0, 1 0, 0 0))"),
    ({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [0, 0]]]]}, "MULTIPOLYGON (((0 0, 1 0, 0 0)))"),
    ({"type": "Polygon", "coordinates": []}, "POLYGON EMPTY"),
    (
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
        "GEOMETRYCOLLECTION (POINT (1 2))",
    ),
    (None, None),
    ({"type": "Point", "coordinates": ["x", 2]}, '{"type":"Point","coordinates":["x",2]}'),
]


@pytest.mark.parametrize(("geometry", "expected"), GEOMETRIES)
def test_geojson(read_bytes: Read, geometry: Any, expected: str | None) -> None:
    features = [{**feature(geometry, name="a", n=1), "id": 7}, feature(None, name="b", when="2001-02-03")]
    document = {"type": "FeatureCollection", "features": features, "crs": {"type": "name"}}
    got = cells(read_bytes(json.dumps(document), name="t.geojson"))
    if isinstance(got["geometry"][0], str) and got["geometry"][0].startswith("{"):
        got["geometry"][0] = json.dumps(json.loads(got["geometry"][0]), separators=(",", ":"))
    assert got == {
        "name": ["a", "b"],
        "n": [1, None],
        "id": [7, None],
        "geometry": [expected, None],
        "when": [None, date(2001, 2, 3)],
    }


def test_a_property_that_is_called_geometry(read_bytes: Read) -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    features = [feature(point, geometry="mine"), feature(point, geometry="x")]
    document = {"type": "FeatureCollection", "features": features}
    assert cells(read_bytes(json.dumps(document))) == {"geometry": ["mine", "x"], "geometry_": ["POINT (1 2)"] * 2}
