"""Values merged: on random tables against a dictionary."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidRequest, InvalidType
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply

EXAMPLES = settings(max_examples=200, deadline=None)
TEXTS = st.sampled_from(["", "a", "A", "ä", "ä", "日本", "b "])


def run(values: pl.Series, merges: list[dict[str, Any]]) -> tuple[pl.Series, Outcome]:
    df = pl.DataFrame({"before": pl.Series(range(len(values)), dtype=pl.Int64), "v": values})
    with tempfile.TemporaryDirectory() as name:
        written, rows = write_columns(Path(name), df.lazy(), df.columns)
        outcome = apply(
            Table(Path(name), tuple(written), rows),
            require_operation("mergeValues").parse({"column": "v", "merges": merges}),
        )
        after = outcome.table.scan().collect()
        assert after["before"].equals(df["before"])
        assert after["v"].dtype == values.dtype
        assert outcome.table.columns[1].missing == after["v"].null_count()
        return after["v"], outcome


@st.composite
def disjoint(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
    known = draw(st.lists(values, unique=True, min_size=1, max_size=6))
    cut = draw(st.integers(1, len(known)))
    groups = [group for group in (known[:cut], known[cut:]) if group]
    return [{"from": group, "to": draw(st.none() | values)} for group in groups]


@EXAMPLES
@given(st.lists(st.none() | TEXTS, max_size=12), disjoint(TEXTS), st.sampled_from([pl.String(), pl.Categorical()]))
def test_text(values: list[str | None], merges: list[dict[str, Any]], dtype: pl.DataType) -> None:
    after, outcome = run(pl.Series(values, dtype=dtype), merges)
    final = {value: merge["to"] for merge in merges for value in merge["from"]}
    expected = [final.get(value, value) if value is not None else None for value in values]
    assert after.to_list() == expected
    assert outcome.answer == {"changedRows": sum(a != b for a, b in zip(values, expected, strict=True))}
    assert outcome.facts == {}


@EXAMPLES
@given(st.lists(st.none() | st.integers(0, 5), max_size=12), disjoint(st.integers(0, 5)), st.booleans())
def test_numbers_by_themselves_or_by_their_text(values: Any, merges: list[dict[str, Any]], as_text: bool) -> None:
    final = {value: merge["to"] for merge in merges for value in merge["from"]}
    if as_text:
        written = {None: None} | {number: str(number) for number in range(6)}
        merges = [{"from": [written[v] for v in m["from"]], "to": written[m["to"]]} for m in merges]
    after, _ = run(pl.Series(values, dtype=pl.Int64), merges)
    assert after.to_list() == [final.get(value, value) if value is not None else None for value in values]


@pytest.mark.parametrize(
    ("values", "merge", "expected"),
    [
        (pl.Series([1.5, 2.0]), {"from": ["1.5"], "to": 2}, [2.0, 2.0]),
        (pl.Series([dt.date(2020, 1, 1)]), {"from": ["2020-01-01"], "to": "2021-01-01"}, [dt.date(2021, 1, 1)]),
        (pl.Series([True, False]), {"from": ["yes"], "to": False}, [False, False]),
        (pl.Series([Decimal("1.20")], dtype=pl.Decimal(10, 2)), {"from": ["1.2"], "to": "3.5"}, [Decimal("3.50")]),
    ],
)
def test_other_types(values: pl.Series, merge: dict[str, Any], expected: list[Any]) -> None:
    assert run(values, [merge])[0].to_list() == expected


def test_nothing_is_replaced_twice() -> None:
    swapped, _ = run(pl.Series(["a", "b", "c"]), [{"from": ["a"], "to": "b"}, {"from": ["b"], "to": "a"}])
    assert swapped.to_list() == ["b", "a", "c"]


@pytest.mark.parametrize(
    "merges",
    [
        [],
        [{"from": [], "to": "a"}],
        [{"from": ["a"]}],
        [{"to": "a"}],
        [{"from": ["a", None], "to": "b"}],
        [{"from": "a", "to": "b"}],
        [{"from": [["a"]], "to": "b"}],
        [{"from": ["a"], "to": {}}],
        [{"from": ["a", "b"], "to": "x"}, {"from": ["b"], "to": "y"}],
        [{"from": ["1"], "to": "x"}, {"from": [1], "to": "y"}],
        "a",
    ],
)
def test_malformed_merges(merges: Any) -> None:
    with pytest.raises(InvalidRequest, match="merges"):
        run(pl.Series(["a"]), merges)


@pytest.mark.parametrize(
    "merges",
    [
        [{"from": ["x"], "to": 1}],
        [{"from": [1], "to": "x"}],
        [{"from": [1.5], "to": 1}],
        [{"from": ["1"], "to": 2}, {"from": ["1.0"], "to": 3}],
    ],
)
def test_values_that_a_column_of_numbers_cannot_hold(merges: Any) -> None:
    with pytest.raises(InvalidType):
        run(pl.Series([1, 2]), merges)
    with pytest.raises(InvalidType):
        run(pl.Series([dt.timedelta(1)]), merges)
