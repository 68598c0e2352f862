"""Ranges of bytes against an independent reference: sets of positions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.web.byte_ranges import RangeNotSatisfiable, Span, covers, overlap, requested, union

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda p: (min(p), max(p))), max_size=8)


def positions(some: list[Span]) -> set[int]:
    return {at for start, end in some for at in range(start, end)}


@given(spans)
def test_a_union_has_the_same_bytes_in_order_and_with_gaps_between(some: list[Span]) -> None:
    merged = union(some)
    assert positions(merged) == positions(some)
    assert all(start < end for start, end in merged)
    assert all(before[1] < after[0] for before, after in pairwise(merged))


@given(spans, st.integers(0, 40))
def test_a_file_is_covered_when_no_byte_of_it_is_missing(some: list[Span], size: int) -> None:
    within = [(min(a, size), min(b, size)) for a, b in some]
    assert covers(within, size) == (positions(within) == set(range(size)))


@given(spans, spans)
def test_spans_overlap_when_they_share_a_byte(some: list[Span], others: list[Span]) -> None:
    assert overlap(some, others) == bool(positions(some) & positions(others))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-", [(0, 100)]),
        ("bytes=90-200", [(90, 100)]),
        ("bytes=-1", [(99, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("Bytes = 5-6 , 8-9", [(5, 7), (8, 10)]),
        ("bytes=5-9,0-6", [(0, 10)]),
        ("bytes=0-1,200-300", [(0, 2)]),
        ("bytes=99999999999999999-,3-4", [(3, 5)]),
    ],
)
def test_ranges_are_read_as_the_rfc_has_them(header: str, expected: list[Span]) -> None:
    assert requested(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2;3", "items=0-1", "bytes=--1",
     "bytes=1-2-3", "bytes=0x1-2", "bytes=" + ",".join(["0-0"] * 17), "bytes=" + "9" * 30 + "-"],
)  # fmt: skip
def test_what_is_no_range_asks_for_the_whole_file(header: str | None) -> None:
    assert requested(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=200-300,400-"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested(header, 100)


def test_no_range_of_an_empty_file_can_be_satisfied() -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested("bytes=0-", 0)
    assert requested(None, 0) is None
