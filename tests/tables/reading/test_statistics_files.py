"""Files of SPSS, Stata and SAS, written by pandas and by ReadStat."""

# ruff: noqa: DTZ001 - naive moments are what files hold
from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading import ReadResult, limits, statistics_files
from longshore.tables.reading.statistics_files import _moment
from tables.reading.conftest import cells, codes, kinds, read_damaged

Read = Callable[..., ReadResult]
Write = Callable[..., bytes]
KINDS = ("sav", "zsav", "por", "dta", "xpt")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table as a file of a kind, by ReadStat."""

    def run(kind: str, columns: dict[str, list[Any]], **more: Any) -> bytes:
        path = tmp_path / f"made.{kind}"
        frame = pd.DataFrame(
            {name: pd.Series(values, dtype=object if any(values) else float) for name, values in columns.items()}
        )
        if kind == "zsav":
            more["compress"] = True
        name = {"zsav": "sav", "xpt": "xport"}.get(kind, kind)
        getattr(pyreadstat, f"write_{name}")(frame.infer_objects(), str(path), **more)
        return path.read_bytes()

    return run


COLUMNS: dict[str, list[Any]] = {
    "WHOLE": [1.0, -2.0, None],
    "REAL": [0.1, None, 1e10],
    "WORDS": ["a", "", "b c"],
    "DAY": [date(2001, 2, 3), None, date(1965, 1, 1)],
    "MOMENT": [datetime(2001, 2, 3, 4, 5, 6), None, datetime(1960, 1, 1)],
    "CLOCK": [time(4, 5, 6), None, time(0)],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["t.csv", "t"])
def test_values_dates_and_what_is_missing(read_bytes: Read, write: Write, kind: str, name: str) -> None:
    result = read_bytes(write(kind, COLUMNS), name=name)
    assert cells(result) == {**COLUMNS, "WORDS": ["a", None, "b c"]}
    assert list(kinds(result).values()) == ["int", "float", "string", "date", "datetime", "time"]
    assert result.settings["ledger"]["unit"] == "row"
    assert codes(result) == []


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta"])
def test_values_become_their_labels_if_each_has_one(read_bytes: Read, write: Write, kind: str) -> None:
    content = write(
        kind,
        {"all": [1.0, 2.0, None], "some": [1.0, 2.0, 3.0], "same": [1.0, 2.0, 3.0], "none": [None, None, None]},
        variable_value_labels={
            "all": {1: "yes", 2: "no", 3: "never used"},
            "some": {1: "one"},
            "same": {1: "x", 2: "x", 3: "z"},
            "none": {1: "one"},
        },
        column_labels={"all": "Do you agree?"},
    )
    result = read_bytes(content)
    assert cells(result) == {
        "all": ["yes", "no", None],
        "some": [1, 2, 3],
        "same": [1, 2, 3],
        "none": [None, None, None],
    }
    assert codes(result) == ["ValueLabels", "ValueCodes"]
    assert result.settings["labels"] == {"all": "Do you agree?"}
    assert result.settings["valueLabels"]["some"] == {"1": "one"}


def test_labels_of_texts_and_values_that_mean_missing(read_bytes: Read, write: Write) -> None:
    content = write(
        "sav",
        {"t": ["m", "f", ""], "n": [1.0, 99.0, 2.0]},
        variable_value_labels={"t": {"m": "male", "f": "female"}, "n": {1: "one", 2: "two", 99: "refused"}},
        missing_ranges={"n": [99]},
    )
    assert cells(read_bytes(content)) == {"t": ["male", "female", None], "n": ["one", None, "two"]}


def test_what_pandas_writes_for_stata(read_bytes: Read) -> None:
    frame = pd.DataFrame(
        {
            "small": pd.Series([1, 2], dtype="int8"),
            "large": pd.Series([2**31 - 1 - 100, -5], dtype="int32"),
            "single": pd.Series([0.1, 2.5], dtype="float32"),
            "twofold": [0.1, None],
            "when": [datetime(2001, 2, 3, 4, 5, 6), datetime(1960, 1, 1)],
            "day": [datetime(2001, 2, 3), datetime(1900, 1, 1)],
            "sort": pd.Categorical(["low", "high"], categories=["low", "high"]),
            "text": ["é" * 300, "x"],
        }
    )
    for version in (114, 117, 118, 119):
        buffer = io.BytesIO()
        written = frame if version > 117 else frame.assign(text=["e" * 200, "x"])
        written.to_stata(
            buffer,
            write_index=False,
            version=version,
            convert_dates={"when": "tc", "day": "td"},
            variable_labels={"small": "A label"},
        )
        result = read_bytes(buffer.getvalue(), name="t.dta")
        got = cells(result)
        assert got["small"] == [1, 2]
        assert got["large"] == [2**31 - 101, -5]
        assert got["single"] == [pytest.approx(0.1, rel=1e-6), 2.5]
        assert got["twofold"] == [0.1, None]
        assert got["when"] == [datetime(2001, 2, 3, 4, 5, 6), datetime(1960, 1, 1)]
        assert got["day"] == [date(2001, 2, 3), date(1900, 1, 1)]
        assert got["sort"] == ["low", "high"]
        assert got["text"] == written["text"].to_list()
        assert result.settings["labels"] == {"small": "A label"}


def test_durations_and_fractions_of_a_second(read_bytes: Read, write: Write) -> None:
    formats = {"long": "TIME8", "days": "DTIME12", "fine": "DATETIME23.3", "half": "DATE11"}
    content = write(
        "sav",
        {
            "long": [30 * 3600.0, 60.0],
            "days": [2 * 86400.0, 1.0],
            "fine": [13200552306.25, 0.0],
            "half": [13200537600.0, 13200552306.0],
        },
        variable_format=formats,
    )
    assert cells(read_bytes(content)) == {
        "long": [timedelta(hours=30), timedelta(minutes=1)],
        "days": [timedelta(days=2), timedelta(seconds=1)],
        "fine": [datetime(2001, 2, 3, 4, 5, 6, 250_000), datetime(1582, 10, 14)],
        "half": [datetime(2001, 2, 3), datetime(2001, 2, 3, 4, 5, 6)],
    }


def test_numbers_that_are_no_dates_stay_numbers(read_bytes: Read, write: Write) -> None:
    content = write("sav", {"d": [1e15, 0.0]}, variable_format={"d": "DATE11"})
    result = read_bytes(content)
    assert cells(result) == {"d": [1e15, 0.0]}
    assert codes(result) == ["ImpossibleDates"]


FORMATS = [
    ("sav", "EDATE10", ("date", 1.0)),
    ("sav", "DTIME15.2", ("time", 1.0)),
    ("sav", "MONTH9", ("", 0.0)),
    ("por", "DATETIME20", ("datetime", 1.0)),
    ("sas7bdat", "E8601DA10", ("date", 86400.0)),
    ("sas7bdat", "MMDDYY8.", ("date", 86400.0)),
    ("sas7bdat", "YEAR4", ("date", 86400.0)),
    ("sas7bdat", "DTDATE9", ("datetime", 1.0)),
    ("xport", "TIME8", ("time", 1.0)),
    ("sas7bdat", "BEST12", ("", 0.0)),
    ("sas7bdat", "COMMA8.2", ("", 0.0)),
    ("dta", "%td", ("date", 86400.0)),
    ("dta", "%d", ("date", 86400.0)),
    ("dta", "%-tdD_m_Y", ("date", 86400.0)),
    ("dta", "%tc", ("datetime", 0.001)),
    ("dta", "%tcDD/NN/CCYY_HH:MM", ("datetime", 0.001)),
    ("dta", "%tcHH:MM:SS", ("time", 0.001)),
    ("dta", "%tm", ("", 0.0)),
    ("dta", "%9.0g", ("", 0.0)),
]


@pytest.mark.parametrize(("kind", "said", "expected"), FORMATS)
def test_what_a_format_shows(kind: str, said: str, expected: tuple[str, float]) -> None:
    assert _moment(kind, said) == expected


def test_pieces_make_no_difference(read_bytes: Read, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    many = {name: values * 50 for name, values in COLUMNS.items()}
    for kind in KINDS:
        content = write(kind, many)
        monkeypatch.setattr(statistics_files, "_CHUNK_CELLS", 10**6)
        whole = cells(read_bytes(content))
        for size in (6, 42, 150 * 6):
            monkeypatch.setattr(statistics_files, "_CHUNK_CELLS", size)
            assert cells(read_bytes(content)) == whole


def test_no_rows(read_bytes: Read, write: Write) -> None:
    for kind in ("sav", "dta"):
        result = read_bytes(write(kind, {"a": [], "b": []}))
        assert (result.table.rows, result.table.names) == (0, ["a", "b"])


def test_limits(read_bytes: Read, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write("zsav", {"a": ["x" * 200] * 5000, "b": [1.0] * 5000})
    with pytest.raises(TooLarge, match="unpacks to more than 100,000 bytes"):
        read_bytes(content, limit=100_000)
    monkeypatch.setattr(limits, "FREE_CELLS", 100)
    monkeypatch.setattr(limits, "CELLS_PER_BYTE", 0)
    with pytest.raises(TooLarge, match="nearly all of them empty or repeated"):
        read_bytes(content)
    monkeypatch.setattr(limits, "MAX_COLUMNS", 1)
    with pytest.raises(TooLarge, match="more than 1 columns"):
        read_bytes(content)


def test_another_encoding(read_bytes: Read) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"t": ["Größe"]}).to_stata(buffer, write_index=False, version=114)
    content = buffer.getvalue().replace("Größe".encode("latin-1"), "Größe".encode("cp1252"))
    assert cells(read_bytes(content)) == {"t": ["Größe"]}
    greek = content.replace("Größe".encode("cp1252"), "Δέλτα".encode("cp1253"))
    assert cells(read_bytes(greek, encoding="cp1253")) == {"t": ["Δέλτα"]}


SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011") + bytes(2000)


@pytest.mark.parametrize(
    "content", [b"$FL2@(#)" + bytes(300), b"<stata_dta>" + b"x" * 300, SAS, b"$FL3@(#)" + b"x" * 20]
)
def test_files_that_are_damaged(read_bytes: Read, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="file is cut off, damaged, encrypted"):
        read_bytes(content)


@pytest.mark.parametrize("kind", ["sav", "dta", "xpt", "zsav"])
def test_a_file_that_is_cut_off(read_bytes: Read, write: Write, kind: str) -> None:
    content = write(kind, {name: values * 400 for name, values in COLUMNS.items()})
    with pytest.raises(UnreadableFile, match="cut off"):
        read_bytes(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("kind", ["sav", "dta", "xpt"])
@pytest.mark.parametrize("seed", range(8))
def test_damage_gives_a_clear_error_or_a_table(read_bytes: Read, write: Write, kind: str, seed: int) -> None:
    content = write(kind, COLUMNS)
    read_damaged(read_bytes, content, 12, (1, 5, 50), seed)
