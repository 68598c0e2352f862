"""The one reader of JSON."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import InvalidRequest
from longshore.web.json import MAX_DEPTH, load_kept, read_json, require_answerable

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(ANY)
def test_what_another_writer_wrote_is_read_and_can_be_answered(value):
    text = json.dumps(value)
    assert read_json(text) == read_json(text.encode()) == json.loads(text)
    json.dumps(read_json(text), allow_nan=False).encode()
    require_answerable(value)


REFUSED = [
    (b'{"a": NaN}', "no NaN"),
    (b"[-Infinity]", "no NaN and no Infinity"),
    (b'{"a": 1e999}', "too large"),
    (b'{"a": [-1E+400]}', "too large"),
    (b"1" * 400 + b".5", "too large"),
    (b"1" * 5000, "valid JSON"),
    (b'{"a": "\\ud800"}', "valid JSON"),
    (b'{"\\udc00": 1}', "valid JSON"),
    (b'"\xff"', "valid JSON"),
    (b"[" * 100_000, "deeper than 200"),
    (b"", "valid JSON"),
    (b'{"a": 1} x', "valid JSON"),
    (b"{'a': 1}", "valid JSON"),
    (b'{"a": 1,}', "valid JSON"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[str(text[:16]) for text, _ in REFUSED])
def test_what_no_answer_could_hold_is_refused(text, reason):
    with pytest.raises(InvalidRequest, match=reason):
        read_json(text)


def test_a_byte_order_mark_is_no_part_of_the_document():
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_the_depth_is_the_same_for_both_ways_in():
    read_json(json.dumps(nested(MAX_DEPTH)))
    require_answerable(nested(MAX_DEPTH))
    for check in (
        lambda: read_json(json.dumps(nested(MAX_DEPTH + 2))),
        lambda: require_answerable(nested(MAX_DEPTH + 2)),
    ):
        with pytest.raises(InvalidRequest, match="deeper"):
            check()


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", {"\udfff": 1}, 10**5000], ids="abcde")
def test_what_another_parser_let_through_is_refused(value):
    with pytest.raises(InvalidRequest):
        require_answerable({"a": [value]})


def test_what_an_earlier_version_kept_becomes_missing():
    assert load_kept('{"a": Infinity, "b": NaN, "c": -Infinity, "d": 1.5, "e": 1e999}') == {
        "a": None, "b": None, "c": None, "d": 1.5, "e": None,
    }  # fmt: skip
