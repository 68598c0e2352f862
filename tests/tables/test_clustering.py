"""Near-duplicates: against the plainest way of finding them, and at their limits."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import ColumnNotFound, InvalidRequest, InvalidType, TooLarge
from longshore.tables.clustering import ClusterParameters, distance, find_clusters, finding, keys
from longshore.tables.core.validation import parse_model
from tables.conftest import MakeTable

EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAMES = st.sampled_from(
    ["Paris", "paris ", "PARÍS", "Pariss", "Rome, Italy", "italy  rome", "Straße", "STRASSE", "日本", ""]
)
METHODS = ["fingerprint", "ngram", "phonetic", "distance"]
ANY = st.text(st.characters(codec="utf-8"), max_size=8) | NAMES


def cluster(make_table: MakeTable, values: list[str | None], **body: Any) -> dict[str, Any]:
    table = make_table(pl.DataFrame({"s": pl.Series(values, dtype=pl.String)}))
    found = find_clusters(table, parse_model(ClusterParameters, {"column": "s", **body}))
    json.dumps(found, allow_nan=False)
    return found


def as_sets(found: dict[str, Any]) -> set[frozenset[str]]:
    return {frozenset(value for value, _ in each["values"]) for each in found["clusters"]}


def groups(values: list[str | None], key: Any) -> set[frozenset[str]]:
    by_key: dict[str, set[str]] = {}
    for value in values:
        if value is not None and key(value):
            by_key.setdefault(key(value), set()).add(value)
    return {frozenset(group) for group in by_key.values() if len(group) > 1}


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)


def plain(value: str) -> str:
    kept = "".join(c for c in value.lower() if c.isalnum() or c == " ")
    return " ".join(kept.split())


@EXAMPLES
@given(values=st.lists(st.none() | ASCII, max_size=20), size=st.integers(1, 4))
def test_keys_of_plain_text_are_those_of_the_description(make_table: MakeTable, values: Any, size: int) -> None:
    found = cluster(make_table, values)
    assert as_sets(found) == groups(values, lambda value: " ".join(sorted(set(plain(value).split()))))

    def grams(value: str) -> str:
        text = plain(value).replace(" ", "")
        return "".join(sorted({text[i : i + size] for i in range(max(1, len(text) - size + 1))}))

    assert as_sets(cluster(make_table, values, method="ngram", size=size)) == groups(values, grams)


@EXAMPLES
@given(
    values=st.lists(st.none() | ANY, max_size=20),
    method=st.sampled_from(METHODS),
)
def test_counts_and_order(make_table: MakeTable, values: list[str | None], method: str) -> None:
    found = cluster(make_table, values, method=method)
    counts = Counter(value for value in values if value is not None)
    assert found["distinct"] == len(counts)
    assert found["clusterCount"] == len(found["clusters"])
    seen: set[str] = set()
    for each in found["clusters"]:
        pairs = dict(each["values"])
        assert len(pairs) == each["valueCount"] >= 2
        assert pairs == {value: counts[value] for value in pairs}
        assert each["rows"] == sum(pairs.values())
        assert pairs[each["suggested"]] == max(pairs.values())
        assert not seen & pairs.keys()
        seen |= pairs.keys()
    rows = [each["rows"] for each in found["clusters"]]
    assert rows == sorted(rows, reverse=True)
    assert (found["rowCount"], found["valueCount"]) == (sum(rows), len(seen))


def edits(one: str, other: str) -> int:
    """Levenshtein's distance, by the book."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


@settings(EXAMPLES, max_examples=400)
@given(
    st.lists(st.text("abc", min_size=1, max_size=9), unique=True, max_size=25),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 0.75, 1.0]),
)
def test_no_near_pair_is_missed(texts: list[str], radius: int, threshold: float) -> None:
    near = distance.neighbours(texts, radius, threshold)
    found = {(i, j) for i, others in enumerate(near) for j in others}
    expected = {
        (i, j)
        for i, one in enumerate(texts)
        for j, other in enumerate(texts)
        if i != j and (far := edits(one, other)) <= radius and far <= (1 - threshold) * max(len(one), len(other)) + 1e-9
    }
    assert found == expected


def test_distance_puts_values_to_the_most_frequent_neighbour(make_table: MakeTable) -> None:
    values = ["barcelona"] * 5 + ["barcelone", "barcelon", "barcelonna", "madrid", "madrit", "x", "y", None]
    found = cluster(make_table, values, method="distance")
    assert [each["suggested"] for each in found["clusters"]] == ["barcelona", "madrid"]
    assert found["clusters"][0]["valueCount"] == 4
    assert cluster(make_table, values, method="distance", threshold=0.95)["clusterCount"] == 0


def test_accents_scripts_and_sounds(make_table: MakeTable) -> None:
    assert as_sets(cluster(make_table, ["Łódź", "lodz", "LÓDZ!", "Ærø", "aero"])) == {
        frozenset({"Łódź", "lodz", "LÓDZ!"}), frozenset({"Ærø", "aero"}),
    }  # fmt: skip
    assert as_sets(cluster(make_table, ["東京", "東 京"], method="ngram")) == {frozenset({"東京", "東 京"})}
    sounds = cluster(make_table, ["Smith", "Smyth", "Route 1", "Route 2", "日本", "中国"], method="phonetic")
    assert as_sets(sounds) == {frozenset({"Smith", "Smyth"})}


@given(st.text(max_size=30))
def test_no_text_breaks_a_key(text: str) -> None:
    series = pl.Series([text], dtype=pl.String)
    for made in (keys.fingerprint(series), keys.ngrams(series, 3), keys.phonetic(series)):
        assert made.null_count() == 0
    shown = series.to_frame("t").select(keys.plain(pl.col("t"))).item()
    assert not re.search(r"\s\s|^\s|\s$", shown)
    assert not any(unicodedata.category(c) == "Mn" for c in shown)


def test_limits_are_told(make_table: MakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [f"{name}{mark}" for name in "abc" for mark in ("", "!", "?")] + ["a", "x" * 2000]
    found = cluster(make_table, values, limit=1)
    assert (len(found["clusters"]), found["clusterCount"], found["rowCount"]) == (1, 3, 10)
    assert found["clusters"][0]["suggested"] == "a"
    assert found["tooLong"] == 1
    monkeypatch.setattr(finding, "MAX_VALUES_EACH", 2)
    assert [len(each["values"]) for each in cluster(make_table, values)["clusters"]] == [2, 2, 2]
    monkeypatch.setattr(finding, "MAX_VALUES_SHOWN", 5)
    assert len(cluster(make_table, values)["clusters"]) == 2
    monkeypatch.setattr(finding, "MAX_DISTINCT", 5)
    with pytest.raises(TooLarge, match="at most 5"):
        cluster(make_table, values)
    monkeypatch.setattr(distance, "MAX_COMPARISONS", 3)
    with pytest.raises(TooLarge, match="smaller radius"):
        cluster(make_table, [f"customer {n}" for n in range(20)], method="distance")


def test_progress_ends_at_the_whole(make_table: MakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_CHUNK", 10)
    monkeypatch.setattr(distance, "_STEP", 10)
    table = make_table(pl.DataFrame({"s": [f"{n:07d}" for n in range(25)]}))
    for method in METHODS:
        seen: list[tuple[int, int]] = []
        find_clusters(table, ClusterParameters(column="s", method=method), lambda *at, seen=seen: seen.append(at))
        assert seen[0] == (0, 25)
        assert seen[-1] == (25, 25)
        assert seen == sorted(seen)
        assert method == "fingerprint" or len(seen) > 2


def test_what_cannot_be_clustered(make_table: MakeTable) -> None:
    table = make_table(pl.DataFrame({"n": [1], "c": pl.Series(["a"], dtype=pl.Categorical)}))
    with pytest.raises(InvalidType, match="int"):
        find_clusters(table, ClusterParameters(column="n"))
    with pytest.raises(ColumnNotFound):
        find_clusters(table, ClusterParameters(column="x"))
    assert find_clusters(table, ClusterParameters(column="c"))["clusters"] == []
    for body in ({"method": "magic"}, {"size": 0}, {"radius": 99}, {"threshold": 2}, {"limit": 0}, {"column": None}):
        with pytest.raises(InvalidRequest):
            parse_model(ClusterParameters, {"column": "n", **body})
    for values in ([], [None, None], [""], ["a"]):
        assert cluster(make_table, values)["clusterCount"] == 0
