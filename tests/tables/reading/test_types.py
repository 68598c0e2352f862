"""Types are decided over whole columns, and never lose a value in silence."""

# ruff: noqa: DTZ001 - naive moments are what files hold
from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.tables.reading import ReadResult, delimited
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]


def column(read: Read, values: list[str], **options: object) -> tuple[str, list[object]]:
    result = read("a,x\n" + "".join(f"k,{value}\n" for value in values), **options)
    return kinds(result)["x"], cells(result)["x"]


@pytest.mark.parametrize(
    ("values", "kind", "got"),
    [
        (["1", "-2", "+3"], "int", [1, -2, 3]),
        (["1", " 2 ", "3"], "int", [1, 2, 3]),
        (["1", "2.5", "1e3", ".5", "5."], "float", [1.0, 2.5, 1000.0, 0.5, 5.0]),
        (["0.5", "-0.25", "0"], "float", [0.5, -0.25, 0.0]),
        (["true", "False", "TRUE", "tRuE"], "boolean", [True, False, True, True]),
        (["1", "", "3"], "int", [1, None, 3]),
        (["", "", ""], "string", [None, None, None]),
        (["a", "", '""'], "string", ["a", None, ""]),
        (["1", '""', '"2"'], "int", [1, None, 2]),
        (["inf", "1.5", "-Infinity"], "float", [float("inf"), 1.5, float("-inf")]),
    ],
)
def test_numbers_and_booleans(read_bytes: Read, values: list[str], kind: str, got: list[object]) -> None:
    assert column(read_bytes, values) == (kind, got)


@pytest.mark.parametrize(
    "values",
    [
        ["00123", "12"],
        ["12", "00123"],
        ["-01", "5"],
        ["+4915112345678", "+4915112345679"],
        ["1_000", "2"],
        ["0x1F", "0x20"],
        ["123456789012345678901234567890", "1"],
        ["123456789012345678901234567890", "1.5"],
        ["01.5", "2.5"],
        ["1e999", "2.5"],
        ["true", "1"],
        ["yes", "no"],
        ["1", "one"],
        ["2001-01-01", "5"],
        ["2001-02-30", "2001-02-01"],
        ["24:00", "12:00"],
        ["1.2.30", "1.3.40"],
        ["1/1/1", "2/2/2"],
        ["2001-01-01T00:00:00Z", "2001-01-01T00:00:00"],
    ],
)
def test_what_only_resembles_a_type_stays_text_as_it_is(read_bytes: Read, values: list[str]) -> None:
    quoted = [f'"{value}"' for value in values]
    assert column(read_bytes, quoted) == ("string", values)


def test_integers_beyond_63_bits_are_unsigned(read_bytes: Read) -> None:
    result = read_bytes("x,y\n18446744073709551615,1\n1,2\n")
    assert result.table.columns[0].dtype == pl.UInt64()
    assert cells(result)["x"] == [2**64 - 1, 1]


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (["2001-01-10", "2001-1-1"], [date(2001, 1, 10), date(2001, 1, 1)]),
        (["2001/01/10", "2001/12/31"], [date(2001, 1, 10), date(2001, 12, 31)]),
        (["Jun 12 1998", "October 1 1999"], [date(1998, 6, 12), date(1999, 10, 1)]),
        (["12-Jun-98", "1-Jul-05"], [date(1998, 6, 12), date(2005, 7, 1)]),
        (["12 June 1998", "1 Jul 2005"], [date(1998, 6, 12), date(2005, 7, 1)]),
        (['"June 12, 1998"', '"Jul 1, 2005"'], [date(1998, 6, 12), date(2005, 7, 1)]),
        (["31.12.1999", "1.2.2000"], [date(1999, 12, 31), date(2000, 2, 1)]),
        (["31/12/1999", "1/2/2000"], [date(1999, 12, 31), date(2000, 2, 1)]),
        (["12/31/1999", "1/2/2000"], [date(1999, 12, 31), date(2000, 1, 2)]),
        (["1/2/2000", "12/31/99"], None),
        (["1/8/90", "1/13/90"], [date(1990, 1, 8), date(1990, 1, 13)]),
        (["5/5/2000", "6/6/2000"], [date(2000, 5, 5), date(2000, 6, 6)]),
    ],
)
def test_dates(read_bytes: Read, values: list[str], got: list[date] | None) -> None:
    kind, read = column(read_bytes, values)
    assert (kind, read) == (("date", got) if got else ("string", values))


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (
            ["2001-01-10 18:20:01", "2001-01-10T18:20:01.5"],
            [datetime(2001, 1, 10, 18, 20, 1), datetime(2001, 1, 10, 18, 20, 1, 500000)],
        ),
        (["2001-01-10 18:20", "2001-01-10"], [datetime(2001, 1, 10, 18, 20), datetime(2001, 1, 10)]),
        (["1/8/90 0:00", "1/13/90 13:05"], [datetime(1990, 1, 8), datetime(1990, 1, 13, 13, 5)]),
        (["2001/01/10 18:20", "2001/01/10 08:47"], [datetime(2001, 1, 10, 18, 20), datetime(2001, 1, 10, 8, 47)]),
        (["1/13/1990 1:02:03 PM", "1/8/1990 11:00 AM"], [datetime(1990, 1, 13, 13, 2, 3), datetime(1990, 1, 8, 11)]),
        (["31.12.1999 23:59", "1.1.2000 0:00"], [datetime(1999, 12, 31, 23, 59), datetime(2000, 1, 1)]),
    ],
)
def test_datetimes(read_bytes: Read, values: list[str], got: list[datetime]) -> None:
    assert column(read_bytes, values) == ("datetime", got)


def test_offsets_become_utc(read_bytes: Read) -> None:
    kind, got = column(
        read_bytes,
        ["2001-01-10T18:20:01Z", "2001-01-10 18:20:01.5+02:00", "2001-01-10T18:20+0200", "2001-01-10 18:20:01 UTC"],
    )
    assert kind == "datetime"
    assert got == [
        datetime(2001, 1, 10, 18, 20, 1, tzinfo=UTC),
        datetime(2001, 1, 10, 16, 20, 1, 500000, tzinfo=UTC),
        datetime(2001, 1, 10, 16, 20, tzinfo=UTC),
        datetime(2001, 1, 10, 18, 20, 1, tzinfo=UTC),
    ]


def test_times(read_bytes: Read) -> None:
    assert column(read_bytes, ["18:20:01", "8:20", "1:02:03.5"]) == (
        "time",
        [time(18, 20, 1), time(8, 20), time(1, 2, 3, 500000)],
    )


def test_dates_that_fit_both_orders_stay_text_with_a_warning(read_bytes: Read) -> None:
    result = read_bytes("x,y\n3/4/2001,1\n5/6/2001,2\n")
    assert kinds(result)["x"] == "string"
    assert codes(result) == ["AmbiguousDates"]
    assert "dateOrder" in result.warnings[0].message
    assert result.warnings[0].column == "x"


@pytest.mark.parametrize(("order", "month"), [("dayFirst", 4), ("monthFirst", 3), ("dmy", 4), ("mdy", 3)])
def test_the_wanted_order_decides(read_bytes: Read, order: str, month: int) -> None:
    result = read_bytes("x,y\n3/4/2001,1\n", date_order=order)
    assert cells(result)["x"][0].month == month
    assert not result.warnings


def test_the_wanted_order_gives_way_where_only_the_other_fits(read_bytes: Read) -> None:
    assert cells(read_bytes("x,y\n1/31/2001,1\n", date_order="dmy"))["x"] == [date(2001, 1, 31)]


@pytest.mark.parametrize("token", ["NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "-"])
@pytest.mark.parametrize(
    ("value", "kind"), [("1", "int"), ("1.5", "float"), ("true", "boolean"), ("2001-01-01", "date")]
)
def test_tokens_are_missing_among_values(read_bytes: Read, token: str, value: str, kind: str) -> None:
    result = read_bytes(f"x,y\n{value},1\n{token},2\n{token},3\n")
    assert kinds(result)["x"] == kind
    assert result.table.columns[0].missing == 2
    (warning,) = result.warnings
    assert (warning.code, warning.count, warning.column) == ("MissingTokens", 2, "x")
    assert warning.examples == [{"value": token, "count": 2}]


def test_tokens_in_text_stay(read_bytes: Read) -> None:
    assert column(read_bytes, ["None", "Minor", "NA"]) == ("string", ["None", "Minor", "NA"])


ODD = {
    "text": ("7", "oops", "string"),
    "float": ("7", "2.5", "float"),
    "unsigned": ("7", str(2**64 - 1), "int"),
    "zero": ("7", "007", "string"),
    "token": ("7", "NA", "int"),
    "spaces": ("7", " 8 ", "int"),
    "datetime": ("2001-01-01", "2001-01-01 10:00", "datetime"),
    "first value": ("", "5", "int"),
    "first text": ("", "five", "string"),
    "order": ("3/4/2001", "31/4/2001", "string"),
    "order told": ("3/4/2001", "31/5/2001", "date"),
    "quoted empty": ("", '""', "string"),
    "boolean": ("true", "TrUe", "boolean"),
}


@pytest.mark.parametrize(("usual", "odd", "kind"), ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("place", [0, 1234, -1])
def test_one_odd_value_anywhere_decides(
    read_bytes: Read,
    monkeypatch: pytest.MonkeyPatch,
    usual: str,
    odd: str,
    kind: str,
    place: int,
    tiny_blocks: Callable[[int], None],
) -> None:
    monkeypatch.setattr(delimited, "_HEAD_BYTES", 1000)
    monkeypatch.setattr(delimited, "_SLICES", 2)
    monkeypatch.setattr(delimited, "_SLICE_BYTES", 100)
    tiny_blocks(5000)
    values = [usual] * 3000
    values[place] = odd
    result = read_bytes("k,x,z\n" + "".join(f"{i},{value},1.5\n" for i, value in enumerate(values)))
    assert kinds(result) == {"k": "int", "x": kind, "z": "float"}
    got = cells(result)
    assert got["k"] == list(range(3000))
    if kind == "string":
        wanted = [None if value == "" else value.replace('""', "") for value in values]
        assert got["x"] == wanted


def test_a_guess_that_quoted_line_ends_misled_is_put_right(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell holds text that looks like rows; the slices of the sample land within it."""
    monkeypatch.setattr(delimited, "_HEAD_BYTES", 200)
    rows = "".join(f"{i},2\n" for i in range(60))
    cell = "word,word\n" * 2000
    result = read_bytes(f'x,y\n{rows}5,"{cell}"\n{rows}')
    assert kinds(result) == {"x": "int", "y": "string"}
    assert cells(result)["y"][60] == cell


NUMBER = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
)


@given(values=st.lists(NUMBER, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_are_those_of_pandas(read_bytes: Read, values: list[str]) -> None:
    text = "k,x\n" + "".join(f"a,{value}\n" for value in values)
    result = read_bytes(text)
    reference = pd.read_csv(io.StringIO(text))["x"]
    if kinds(result)["x"] == "string":
        assert any(
            (len(value.lstrip("-")) > 18 and value.lstrip("-").isdigit()) or (value.startswith("-0") and value != "-0")
            for value in values
        )
        return
    assert [float(value) for value in cells(result)["x"]] == [float(value) for value in reference]


@pytest.mark.parametrize(
    ("written", "days"),
    [
        (["25/11/63", "29/10/63"], [date(1963, 11, 25), date(1963, 10, 29)]),
        (["31-12-29", "30-12-30"], [date(2029, 12, 31), date(1930, 12, 30)]),
        (["29.02.64", "01.03.00"], [date(1964, 2, 29), date(2000, 3, 1)]),
        (["13 Jan 45", "14 Jan 05"], [date(1945, 1, 13), date(2005, 1, 14)]),
    ],
)
def test_two_digit_years_are_of_the_past_and_said_to_be(read_bytes: Read, written: list[str], days: list[date]) -> None:
    result = read_bytes("a,d\n" + "".join(f"1,{each}\n" for each in written))
    assert cells(result)["d"] == days
    assert [(each.code, each.column, each.count) for each in result.warnings] == [("TwoDigitYears", "d", 2)]


def test_two_digit_years_with_a_clock(read_bytes: Read) -> None:
    result = read_bytes("a,d\n1,25/11/63 10:30\n2,26/11/05 11:00\n")
    assert cells(result)["d"] == [datetime(1963, 11, 25, 10, 30), datetime(2005, 11, 26, 11)]


@pytest.mark.parametrize("token", ["NA", "N/A", "null", "-"])
def test_a_column_of_one_token_alone_is_missing(read_bytes: Read, token: str) -> None:
    result = read_bytes(f"a,b\n1,{token}\n2,\n3, {token}\n")
    assert cells(result)["b"] == [None, None, None]
    assert [(each.code, each.column, each.count) for each in result.warnings] == [("MissingTokens", "b", 2)]


def test_a_column_of_tokens_with_one_word_at_its_end_is_text(
    read_bytes: Read, tiny_blocks: Callable[[int], None]
) -> None:
    tiny_blocks(50)
    rows = "".join(f"{i},NA\n" for i in range(100))
    assert cells(read_bytes(f"a,b\n{rows}100,word\n"))["b"] == ["NA"] * 100 + ["word"]
    assert cells(read_bytes(f"a,b\n{rows}100,7\n"))["b"] == [None] * 100 + [7]


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.ndjson"])
def test_integers_that_a_float_would_change_are_text(read_bytes: Callable[..., ReadResult], name: str) -> None:
    values = ["12345678901234567", "0.5", "12345678901234568", "-9007199254740993"]
    assert cells(read_bytes(numbers_as(name, values), name=name)) == {"id": values}


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.ndjson"])
def test_large_numbers_that_keep_their_digits_are_floats(read_bytes: Callable[..., ReadResult], name: str) -> None:
    values = ["9007199254740994", "0.5", "1.152921504606847e18", "6.02214076e23", "1152921504606846976"]
    assert cells(read_bytes(numbers_as(name, values), name=name)) == {"id": [float(value) for value in values]}


def numbers_as(name: str, values: list[str]) -> str:
    """One column of numbers as they are written."""
    if name.endswith(".csv"):
        return "\n".join(["id", *values])
    records = [f'{{"id": {value}}}' for value in values]
    return f"[{','.join(records)}]" if name.endswith(".json") else "\n".join(records)
