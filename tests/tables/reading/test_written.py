"""Values as people write them: decimal commas, money, per cent, months by name, lengths of time."""

# ruff: noqa: DTZ001 - naive moments are what files hold

import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.tables.reading import ReadOptions, delimited, read
from longshore.tables.reading.results import ReadResult
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]


def column(read: Read, values: list[str], **options: object) -> ReadResult:
    """A column ``x`` beside one of words."""
    rows = "".join(f'"{value}",word\n' for value in values)
    return read(f"x,other\n{rows}", **options)


@pytest.mark.parametrize(
    ("values", "kind", "got"),
    [
        (["1,5", "2,25"], "float", [1.5, 2.25]),
        (["1.234,50", "7"], "float", [1234.5, 7.0]),
        (["1,234.50", "7"], "float", [1234.5, 7.0]),
        (["1,234,567", "12"], "int", [1_234_567, 12]),
        (["1 234,5", "-7,0"], "float", [1234.5, -7.0]),
        (["1'234", "12'345'678"], "int", [1234, 12_345_678]),
        (["2 145 906", "522 250", "987"], "int", [2_145_906, 522_250, 987]),
        (["12.345.678", "1.234.567"], "int", [12_345_678, 1_234_567]),
        (["12,34,567", "7"], "int", [1_234_567, 7]),
        (["$5", "$1,234.00", "-$7.50"], "float", [5.0, 1234.0, -7.5]),
        (["5 €", "12 €"], "int", [5, 12]),
        (["EUR 5", "7"], "int", [5, 7]),
        (["12.3 %", "7 %"], "float", [0.123, 0.07]),
        (["5 ‰", "12,5 ‰"], "float", [0.005, 0.0125]),
        (["(5)", "7", "(1,000.5)"], "float", [-5.0, 7.0, -1000.5]),
        (["5-", "7"], "int", [-5, 7]),
        (["\u22125", "7"], "int", [-5, 7]),
        (["$5", "", "n/a"], "int", [5, None, None]),
        (["7", ".", "#REF!"], "int", [7, None, None]),
    ],
)
def test_numbers_that_can_be_read_in_one_way(read_bytes: Read, values: list[str], kind: str, got: list[object]) -> None:
    result = column(read_bytes, values)
    assert (kinds(result)["x"], cells(result)["x"]) == (kind, got)
    assert column(read_bytes, values, types="text").settings.get("numbers") is None


@pytest.mark.parametrize(
    "values",
    [
        ["1,234", "5,678"],  # either mark
        ["$5", "5 €"],
        ["5 %", "7"],
        ["5 %", "7 ‰"],
        ["0170 123 456", "0171 123 456"],
        ["555 123 456", "555 123 457"],  # all of one length
        ["(1)", "(2)"],
        ["170 123 456", "30 123 456"],
        ["+49 170 123 456", "+49 30 123 456 789"],
        ["+1 555 123", "987"],
        ["192.168.100.101", "192.168.100.102"],
        ["12 34 567", "7"],
        ["1.234,50", "1,234.50"],
        ["+491511234567", "$5"],
        ["1_000", "2"],
        ["1,2,3", "4,5,6"],
        ["$5", "five"],
        ["5 Ft", "6 Ft"],
        ["12.34.5678", "$5"],
        ["$123456789012345.67", "$1"],
        ["007,5", "1,5"],
    ],
)
def test_what_may_mean_something_else_stays_text(read_bytes: Read, values: list[str]) -> None:
    assert cells(column(read_bytes, values))["x"] == values


def test_numbers_that_fit_both_marks_are_told_and_can_be_decided(read_bytes: Read) -> None:
    values = ["1,234", "5,678"]
    (warning,) = column(read_bytes, values).warnings
    assert (warning.code, warning.column) == ("AmbiguousNumbers", "x")
    for mark, got in (("point", [1234, 5678]), (".", [1234, 5678]), ("comma", [1.234, 5.678]), (",", [1.234, 5.678])):
        assert cells(column(read_bytes, values, decimal=mark))["x"] == got


def test_the_other_columns_of_a_file_decide(read_bytes: Read) -> None:
    mixed = read_bytes("a;b;c;d\n1.234;3,5;x;1.000\n5.678;4,25;y;0.5\n")
    assert cells(mixed) == {"a": [1.234, 5.678], "b": [3.5, 4.25], "c": ["x", "y"], "d": [1.0, 0.5]}
    assert cells(read_bytes("a;b\n1.234;3,5\n5.678;4,25\n")) == {"a": [1234, 5678], "b": [3.5, 4.25]}
    assert cells(read_bytes('a,b\n"1,234",0.5\n"5,678",2.25\n')) == {"a": [1234, 5678], "b": [0.5, 2.25]}


def test_the_rest_of_a_file_decides(
    read_bytes: Read, tiny_blocks: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_blocks(200)
    monkeypatch.setattr(delimited, "_HEAD_BYTES", 500)  # of the sample; the slices have no quotes
    rows = "".join(f'"1,{number:03}",w\n' for number in range(900))
    point, comma = read_bytes(f'x,o\n{rows}"1,234,567",w\n'), read_bytes(f'x,o\n{rows}"0,5",w\n')
    assert cells(point)["x"] == [*(1000 + number for number in range(900)), 1_234_567]
    assert cells(comma)["x"] == [*(float(f"1.{number:03}") for number in range(900)), 0.5]
    assert codes(read_bytes(f"x,o\n{rows}")) == ["AmbiguousNumbers"]
    assert cells(read_bytes(f'x,o\n{rows}"1,234,567",w\nfive,w\n'))["x"][-1] == "five"


def test_what_was_done_is_told(read_bytes: Read) -> None:
    result = column(read_bytes, ["1.234,50 €", "7 €"])
    assert result.settings["numbers"] == {"x": {"decimal": "comma", "currency": "€"}}
    (warning,) = result.warnings
    assert (warning.code, warning.column) == ("WrittenNumbers", "x")
    assert "a comma stands before the decimals, € was taken off" in warning.message


STYLES = [
    ("{:,}", lambda text: text),
    ("{:,}", lambda text: text.translate(str.maketrans(",.", ".,"))),
    ("{:,}", lambda text: text.translate(str.maketrans(",.", "\u202f,"))),
    ("{:,}", lambda text: "CHF " + text.replace(",", "'")),
    ("{:,}", lambda text: f"({text[1:]} $)" if text[0] == "-" else f"{text} $"),
]


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=20),
    st.integers(0, len(STYLES) - 1),
)
def test_any_numbers_in_any_style_come_back(numbers: list[Decimal], style: int) -> None:
    form, write = STYLES[style]
    values = [*numbers, Decimal("1234567.25"), Decimal("0.50")]
    rows = "".join(f'"{write(form.format(value))}",word\n' for value in values)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "table.csv"
        source.write_text(f"x,other\n{rows}")
        result = read(source, Path(folder) / "columns", options=ReadOptions(), name="table.csv")
        assert cells(result)["x"] == [float(value) for value in values]


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (["3. März 2020", "14. Mai 2021"], [date(2020, 3, 3), date(2021, 5, 14)]),
        (["3 mars 2020", "1er août 2021"], [date(2020, 3, 3), date(2021, 8, 1)]),
        (["5 de mayo de 2021", "12 enero 2020"], [date(2021, 5, 5), date(2020, 1, 12)]),
        (["5 maja 2021", "12 października 2020"], [date(2021, 5, 5), date(2020, 10, 12)]),
        (["Mon, 4 May 2020", "Tuesday, 5 May 2020"], [date(2020, 5, 4), date(2020, 5, 5)]),
        (["May 3rd, 2020", "June 1st, 2021"], [date(2020, 5, 3), date(2021, 6, 1)]),
        (["3 août 2020", "4 aout 2020"], [date(2020, 8, 3), date(2020, 8, 4)]),
        (["5 мая 2021", "12 января 2020"], [date(2021, 5, 5), date(2020, 1, 12)]),
        (["5. Mai 2021 14:30", "6. Juni 2021"], [datetime(2021, 5, 5, 14, 30), datetime(2021, 6, 6)]),
        (["5 listopada 2021", "6 maja 2021"], [date(2021, 11, 5), date(2021, 5, 6)]),  # Polish by the other
        (["05-Mär-21", "06-Okt-63"], [date(2021, 3, 5), date(1963, 10, 6)]),
    ],
)
def test_months_by_name(read_bytes: Read, values: list[str], got: list[object]) -> None:
    assert cells(column(read_bytes, values))["x"] == got


@pytest.mark.parametrize(
    "values",
    [
        ["5 listopada 2021"],  # October in Croatian, November in Polish
        ["31. Februar 2020", "1. März 2020"],
        ["3. März 2020", "4. Foo 2020"],
        ["3. März 2020", "soon"],
        ["Batch 12 mai 2020"],
        ["5. März 2020", "6 de mayo de 2020"],
    ],
)
def test_what_is_no_date_in_one_language_stays_text(read_bytes: Read, values: list[str]) -> None:
    assert cells(column(read_bytes, values))["x"] == values


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (["30:15:00", "1:00:00"], [timedelta(hours=30, minutes=15), timedelta(hours=1)]),
        (["PT1H30M", "P1DT0.25S"], [timedelta(hours=1, minutes=30), timedelta(days=1, milliseconds=250)]),
        (["2h 15min", "3 h"], [timedelta(hours=2, minutes=15), timedelta(hours=3)]),
        (["-1:00:00", "99:59:59.5"], [-timedelta(hours=1), timedelta(hours=99, minutes=59, seconds=59.5)]),
        (["3 days", "1 day, 4 hours"], [timedelta(days=3), timedelta(days=1, hours=4)]),
    ],
)
def test_lengths_of_time(read_bytes: Read, values: list[str], got: list[timedelta]) -> None:
    result = column(read_bytes, values)
    assert (cells(result)["x"], result.settings["durations"]) == (got, ["x"])


@pytest.mark.parametrize("values", [["15 m", "7 m"], ["90s", "80s"], ["P1M"], ["1h", "2:00:00"], ["30:61:00"], ["P"]])
def test_what_is_no_length_of_time_stays_text(read_bytes: Read, values: list[str]) -> None:
    assert cells(column(read_bytes, values))["x"] == values


def test_clocks_within_a_day_are_times(read_bytes: Read) -> None:
    assert kinds(column(read_bytes, ["1:00:00", "2:00:00"]))["x"] == "time"
