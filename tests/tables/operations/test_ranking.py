"""The row at one place of a sorted table is the one that sorting puts there."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.tables.core.table import ROW_NUMBER
from longshore.tables.operations import ranking, require_operation
from longshore.tables.operations.ranking import row_at
from tables.conftest import MakeTable

KEYS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans()), max_size=2, unique_by=lambda key: key[0])
VALUES = st.none() | st.integers(0, 4)


@given(
    rows=st.lists(st.tuples(VALUES, st.none() | st.sampled_from(["", "x", "é", "xy"])), min_size=1, max_size=60),
    keys=KEYS,
    at_once=st.integers(0, 10),
    margin=st.sampled_from([0.0, 0.1, 1.0]),
    sample=st.integers(2, 10),
)
@settings(max_examples=300, deadline=None)
def test_as_a_stable_sort_has_it(
    rows: list[tuple[Any, Any]], keys: list[tuple[str, bool]], at_once: int, margin: float, sample: int
) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String}, orient="row").with_row_index(ROW_NUMBER)
    wanted = frame
    if keys:
        descending = [not ascending for _, ascending in keys]
        wanted = frame.sort([name for name, _ in keys], descending=descending, nulls_last=True, maintain_order=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "SORTED_AT_ONCE", at_once)
        patch.setattr(ranking, "_MARGIN", margin)
        patch.setattr(ranking, "_SAMPLE", sample)
        got = [row_at(frame.lazy(), keys, place) for place in range(frame.height)]
    assert got == wanted.get_column(ROW_NUMBER).to_list()


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None, True, False],
        [date(2020, 1, 2), None, date(2019, 1, 1), date(2020, 1, 2), date(2021, 1, 1)],
        [0.5, -1.5, None, 0.5, 7.0],
        pl.Series(["b", "a", None, "b", "c"], dtype=pl.Categorical),
    ],
    ids=["boolean", "date", "float", "category"],
)
@pytest.mark.parametrize("ascending", [True, False])
def test_every_kind_of_column(
    make_table: MakeTable, monkeypatch: pytest.MonkeyPatch, values: Any, ascending: bool
) -> None:
    monkeypatch.setattr(ranking, "SORTED_AT_ONCE", 0)
    table = make_table(pl.DataFrame({"k": values, "row": range(5)}))
    sort = require_operation("sortRows").parse({"sortBy": [{"column": "k", "ascending": ascending}, {"column": "k"}]})
    rows = sort.transform(table, {}).rows
    assert rows is not None
    wanted = rows(table.scan()).collect().get_column("row").to_list()
    assert [sort.row_before(table, {}, row, table.scan) for row in range(5)] == wanted
