"""Batches of JSON objects: what is known of them must be so, however they are written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from longshore.errors import LongshoreError
from longshore.tables.reading import context, documents, ndjson_validation, read
from longshore.tables.reading.ndjson_validation import read_known

KINDS = {"a": {"int"}, "b": {"text"}}


def known(*lines: str, kinds: dict[str, set[str]] = KINDS) -> list[dict[str, Any]] | None:
    frame = read_known("\n".join(lines).encode(), kinds)
    return None if frame is None else frame.to_dicts()


def test_records_like_those_before_are_read_with_their_types() -> None:
    lines = ['{"a":1,"b":"x"}', '{"b":"y","a":2}', '{"a": null, "b": "é"}', '{"b":"z"}']
    assert known(*lines) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": None, "b": "é"}, {"a": None, "b": "z"}]
    frame = read_known(b'{"x":1,"y":true,"z":null}\n', {"x": {"int", "float"}, "y": {"bool"}, "z": set()})
    assert frame is not None
    assert frame.schema == {"x": pl.Float64(), "y": pl.Boolean(), "z": pl.Null()}


@pytest.mark.parametrize(
    "line",
    [
        '{"a":1,"b":"x","c":3}',
        '{"a":1,"c":"x"}',
        '{"a":1,"c":null}',
        '{"b":"x","a" :1,"c":2}',
        '{"a"\t:1,"b":"x","c":2}',
        '{"a":1,"b":{"c":2}}',
        '{"a":1,"b":"x","\\"":2}',
        '{"a":1,"b":"x","":2}',
        '{"a":1.5,"b":"x"}',
        '{"a":true,"b":"x"}',
        '{"a":"1","b":"x"}',
        '{"a":18446744073709551616,"b":"x"}',
        '{"a":1,"b":"x"',
        '[{"a":1,"b":"x"}]',
        "{}{}",
        "7",
    ],
)
def test_what_is_new_or_no_object_is_not_known(line: str) -> None:
    assert known('{"a":1,"b":"x"}', line, '{"a":1,"b":null}', '{"a":null,"b":":"}') is None


def test_a_value_where_none_has_been_is_new() -> None:
    assert known('{"a":null}', kinds={"a": set()}) == [{"a": None}]
    assert known('{"a":"x"}', kinds={"a": set()}) is None


def test_a_key_that_looks_like_what_stands_between_texts_is_not_counted() -> None:
    kinds: dict[str, set[str]] = {"x": {"text"}, ",": {"int"}}
    # A comma between quotes, the second of which stands before a colon, as often as the key is there.
    assert known('{"x":"",":q":1}', '{"x":"p",",":1}', kinds=kinds) is None


KEYS = st.sampled_from(["a", "b", "c", ",", ":", "a:", 'q"', "\\", "}", " d", "é"])
VALUES = st.sampled_from(
    [None, 0, 7, -3, 2**53 + 1, 2**64, 1.5, -0.0, 1e300, True, False, "", "x", ":", '":', ' "b" :', "\\", '\\":', "{",
     "}", "2024-01-02", "NA", "\n", " y", "null", [], [1, {"a": 2}], {"a": 1}]
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=12)


def outcome(content: bytes, name: str, block_bytes: int) -> Any:
    """All that reading gives, or its error; columns in any order, which among new ones of a block is the engine's."""
    with tempfile.TemporaryDirectory() as folder, patch.object(context, "BLOCK_BYTES", block_bytes):
        source = Path(folder, "source")
        source.write_bytes(content)
        try:
            result = read(source, Path(folder, "columns"), name=name)
        except LongshoreError as error:
            return type(error), str(error)
        frame = result.table.scan().collect()
        columns = {each.name: (frame[each.name].to_list(), each.dtype, each.missing) for each in result.table.columns}
        warnings = sorted(json.dumps(warning.to_wire(), sort_keys=True) for warning in result.warnings)
        lists = {name: sorted(result.settings.get(name, [])) for name in ("keys", "missing")}
        told = result.settings | lists
        return columns, told, warnings


@settings(max_examples=150, deadline=None)
@given(
    records=RECORDS,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), (",", "\t:")]),
    form=st.sampled_from(["lines", "array"]),
    ascii_only=st.booleans(),
    broken=st.booleans(),
    block_bytes=st.sampled_from([1, 40, 100, 1 << 24]),
)
@example([{"a": 1, "b": "x"}] * 3 + [{"a": 1, "c": None}], (",", ":"), "lines", True, False, 40)
@example([{"a": 2.5}] * 3 + [{"a": 2**53 + 1}] * 2, (",", ":"), "array", True, False, 30)
def test_a_look_at_what_is_known_changes_nothing(
    records: list[Any], separators: tuple[str, str], form: str, ascii_only: bool, broken: bool, block_bytes: int
) -> None:
    lines = [json.dumps(record, separators=separators, ensure_ascii=ascii_only) for record in records]
    if broken:
        lines.insert(len(lines) // 2, '{"a":')
    content = "\n".join(lines) if form == "lines" else f"[{','.join(lines)}]"
    name = "t.ndjson" if form == "lines" else "t.json"
    with patch.object(ndjson_validation, "FIRST_LINES", 1):
        quickly = outcome(content.encode(), name, block_bytes)
    with (
        patch.object(documents, "read_known", return_value=None),
        patch.object(documents, "read_as", return_value=None),
    ):
        assert quickly == outcome(content.encode(), name, block_bytes)
