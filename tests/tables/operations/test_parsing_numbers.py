"""Numbers as people write them, and what the answer shows for them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidType, InvalidValue
from longshore.tables.core.table import Table, write_columns
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply

EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(values: Sequence[Any] | pl.Series, **body: Any) -> tuple[list[Any], Outcome]:
    series = values if isinstance(values, pl.Series) else pl.Series(values, dtype=pl.String)
    df = pl.DataFrame({"before": pl.Series(range(len(series)), dtype=pl.Int64), "n": series})
    with tempfile.TemporaryDirectory() as name:
        written, rows = write_columns(Path(name), df.lazy(), df.columns)
        table = Table(Path(name), tuple(written), rows)
        outcome = apply(table, require_operation("parseNumbers").parse({"column": "n", **body}))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert (after[column.name].null_count(), after[column.name].dtype) == (column.missing, column.dtype)
        assert after["before"].equals(df["before"])
        return after.to_series(-1).to_list(), outcome


def written(number: Decimal, mark: str, apart: str, before: str, after: str, minus: str) -> str:
    """A number as somebody writes it."""
    text = f"{abs(number):,}" if apart else f"{abs(number)}"
    text = text.replace(",", "\0").replace(".", mark).replace("\0", apart)
    text = f"{before}{text}{after}"
    if number >= 0:
        return text
    return {"before": f"-{text}", "sign": f"\u2212{text}", "after": f"{text}-", "brackets": f"({text})"}[minus]


MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False)
MINUS = st.sampled_from(["before", "sign", "after", "brackets"])
UNITS = st.sampled_from(
    [("", ""), ("€ ", ""), ("$", ""), ("", " EUR"), ("US$ ", ""), ("", " kr"), ("CHF ", ""), ("", "\u00a0zł")]
)


MARKS = st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u202f"), (".", ""), (",", "")])
"""Before the decimals, and between thousands."""
APART = ["", ",", " ", "’", "_"]


@EXAMPLES
@given(st.lists(MONEY, min_size=1, max_size=12), MARKS, UNITS, MINUS)
def test_money_comes_back_from_every_way_of_writing(
    numbers: list[Decimal], marks: tuple[str, str], units: tuple[str, str], minus: str
) -> None:
    texts = [written(number, *marks, *units, minus) for number in numbers]
    found, outcome = run(texts)
    assert found == [float(number) for number in numbers]
    assert outcome.answer["invalidated"] == 0
    assert outcome.answer["decimal"] == {".": "point", ",": "comma"}[marks[0]]
    assert not outcome.answer["ambiguous"]


@EXAMPLES
@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=12), st.sampled_from(APART), MINUS)
def test_whole_numbers_stay_whole(numbers: list[int], apart: str, minus: str) -> None:
    found, outcome = run([written(Decimal(number), ".", apart, "", "", minus) for number in numbers])
    assert found == numbers
    assert outcome.table.columns[1].kind == "int"


@pytest.mark.parametrize(
    ("texts", "expected", "mark", "ambiguous"),
    [
        (["1.234,50", "1.000"], [1234.5, 1000.0], "comma", False),
        (["1,234.50", "1.000"], [1234.5, 1.0], "point", False),
        (["1.000", "2.500"], [1000, 2500], "comma", True),
        (["1,000", "2,500"], [1000, 2500], "point", True),
        (["0,125", "1.000"], [0.125, 1000.0], "comma", False),
        (["12,5", "12,25", "3.5"], [12.5, 12.25, 3.5], "comma", False),
        (["1.234.567", "8"], [1234567, 8], "comma", False),
        (["12,34,567.5"], [1234567.5], "point", False),
        (["5", "7"], [5, 7], "point", False),
    ],
)
def test_the_mark_is_decided_by_all_values(texts: list[str], expected: list[float], mark: str, ambiguous: bool) -> None:
    found, outcome = run(texts)
    assert found == expected
    assert (outcome.answer["decimal"], outcome.answer["ambiguous"]) == (mark, ambiguous)
    assert ("taken for thousands" in outcome.sentence) == ambiguous


def test_a_mark_that_was_said_is_the_only_one() -> None:
    found, outcome = run(["1.000", "1,5", "2.5"], decimal="comma")
    assert found == [1000.0, 1.5, None]
    assert outcome.answer["unread"] == [{"row": 2, "value": "2.5"}]
    found, _ = run(["1.000"], decimal="point")
    assert found == [1.0]


def test_per_cent_becomes_a_fraction_or_stays() -> None:
    found, _ = run(["5 %", "7%", "(12.5 %)", "3\u2030", "0.5"])
    assert found == [0.05, 0.07, -0.125, 0.003, 0.5]
    found, outcome = run(["5 %", "7%"], percent="number")
    assert found == [5, 7]
    assert outcome.table.columns[1].kind == "int"


@pytest.mark.parametrize(
    "text",
    [
        "n/a",
        "-",
        "1.2.3",
        "2024-01-05",
        "12:30",
        "5 EUR 6",
        "--5",
        "(-5)",
        "(5",
        "5)",
        "1,23,45",
        "ABC 123",
        "12 km",
        "1 2",
        "0x1F",
        "",
        "١٢",
    ],
)
def test_what_is_no_number_becomes_missing_and_is_shown(text: str) -> None:
    found, outcome = run(["1", text, "2.5"])
    assert found == [1.0, None, 2.5]
    assert outcome.answer["unread"] == ([{"row": 1, "value": text}] if text else [])


def test_exponents_signs_and_bare_fractions() -> None:
    found, _ = run(["1e-5", "-1.5E3", "+7", ".5", "$-3", "-$4", "Fr. 5", "1e5 USD"])
    assert found == [1e-5, -1500.0, 7.0, 0.5, -3.0, -4.0, 5.0, 100000.0]


def test_digits_beyond_64_bits_are_floats() -> None:
    found, _ = run(["1", "12345678901234567890"])
    assert found == [1.0, 12345678901234567890.0]


def test_a_column_without_any_number_is_refused_and_stays() -> None:
    with pytest.raises(InvalidValue, match="no value of column 'n' is a number, such as"):
        run(["a", None, ""])
    with pytest.raises(InvalidValue, match="decimal comma"):
        run(["1.5"], decimal="comma")
    with pytest.raises(InvalidType, match="numbers already"):
        run(pl.Series([1, 2]))
    with pytest.raises(InvalidType, match="read from text"):
        run(pl.Series([True]))


def test_beside_the_column() -> None:
    found, outcome = run(["€ 5"], inPlace=False)
    assert (found, outcome.table.names) == ([5], ["before", "n", "n_number"])
