"""Delimited files as they are found: names, marks, line ends, ragged lines."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from longshore.errors import InvalidRequest, UnreadableFile
from longshore.tables.reading import ReadOptions, ReadResult, read
from tables.reading.conftest import cells, codes, kinds

Read = Callable[..., ReadResult]
Tiny = Callable[[int], None]


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("airports.csv", {"latitude": "float", "longitude": "float"}),
        (
            "birdstrikes.csv",
            {
                "Flight Date": "date",
                "Cost Other": "int",
                "Cost Repair": "int",
                "Cost Total $": "int",
                "Speed IAS in knots": "int",
            },
        ),
        (
            "seattle-weather.csv",
            {"date": "date", "precipitation": "float", "temp_max": "float", "temp_min": "float", "wind": "float"},
        ),
        ("co2-concentration.csv", {"Date": "date", "CO2": "float", "adjusted CO2": "float"}),
        ("unemployment.tsv", {"id": "int", "rate": "float"}),
    ],
)
@pytest.mark.parametrize("block_bytes", [1 << 24, 20_000])
def test_real_tables(
    data: Path, tmp_path: Path, name: str, types: dict[str, str], tiny_blocks: Tiny, block_bytes: int
) -> None:
    tiny_blocks(block_bytes)
    result = read(data / name, tmp_path, name=name)
    with (data / name).open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, delimiter="\t" if name.endswith("tsv") else ",")
    assert result.table.names == header
    assert {key: kind for key, kind in kinds(result).items() if kind != "string"} == types
    assert (result.table.rows, result.warnings) == (len(rows), [])
    convert = {"int": int, "float": float, "date": str, "string": str}
    got = cells(result)
    for index, key in enumerate(header):
        wanted = [convert[kinds(result)[key]](row[index]) if row[index] else None for row in rows]
        assert [str(value) if kinds(result)[key] == "date" else value for value in got[key]] == wanted


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":"])
def test_delimiters_are_sniffed(read_bytes: Read, delimiter: str) -> None:
    rows = [["name", "age", "note"], ["Ann", "31", "x y"], ["Bob", "27", "z"], ["Cy", "5", "a-b"]]
    result = read_bytes("\n".join(delimiter.join(row) for row in rows))
    assert result.settings["delimiter"] == delimiter
    assert cells(result)["age"] == [31, 27, 5]


def test_a_delimiter_within_quotes_does_not_count(read_bytes: Read) -> None:
    result = read_bytes('a;b\n"x,y,z";1\n"u,v,w";2\n')
    assert cells(result) == {"a": ["x,y,z", "u,v,w"], "b": [1, 2]}


def test_decimal_commas_do_not_win(read_bytes: Read) -> None:
    assert cells(read_bytes("a;b\n1,5;2,5\n3,5;4,5\n")) == {"a": [1.5, 3.5], "b": [2.5, 4.5]}


@pytest.mark.parametrize("spelling", ["\t", "\\t", "tab"])
def test_a_delimiter_can_be_given(read_bytes: Read, spelling: str) -> None:
    assert read_bytes("a,b\tc\n1,2\t3\n", delimiter=spelling).table.names == ["a,b", "c"]


def test_single_quotes(read_bytes: Read) -> None:
    assert cells(read_bytes("a,b\n'x,y',1\n'z',2\n")) == {"a": ["x,y", "z"], "b": [1, 2]}


def test_apostrophes_are_no_quotes(read_bytes: Read) -> None:
    assert cells(read_bytes("a,b\n'tis,1\nO'Neil,2\n"))["a"] == ["'tis", "O'Neil"]


def test_one_column(read_bytes: Read) -> None:
    result = read_bytes("n\n1\n\n3\n")
    assert cells(result) == {"n": [1, None, 3]}
    assert result.warnings == []


def test_a_comma_in_the_only_column_cuts_nothing(read_bytes: Read) -> None:
    result = read_bytes("name\nSmith, John\nDoe\nRoe, Jane, Dr\n")
    assert cells(result) == {"name": ["Smith, John", "Doe", "Roe, Jane, Dr"]}
    assert (result.warnings, result.settings["delimiter"]) == ([], None)


def test_names_are_made_unique(read_bytes: Read) -> None:
    assert read_bytes("a,a,,a, b \x00,\n1,2,3,4,5,6\n").table.names == ["a", "a.1", "column_2", "a.2", "b", "column_5"]


def test_without_a_header(read_bytes: Read) -> None:
    result = read_bytes("1,x\n2,y\n", header_included=False)
    assert cells(result) == {"column_0": [1, 2], "column_1": ["x", "y"]}


def test_lines_before_the_header_can_be_skipped(read_bytes: Read) -> None:
    result = read_bytes('Report "of 2020\n\na,b\n1\n', initial_skip=2)
    assert cells(result) == {"a": [1], "b": [None]}
    assert result.warnings[0].examples[0]["line"] == 4
    with pytest.raises(UnreadableFile, match="skipping 9 lines"):
        read_bytes("a,b\n1,2\n", initial_skip=9)


@pytest.mark.parametrize("content", ["", "\n\n", "\r\n \n".replace(" ", ""), "\x1a"])
def test_nothing_to_read(read_bytes: Read, content: str) -> None:
    with pytest.raises(UnreadableFile, match="needs at least a header"):
        read_bytes(content)


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n", "\ufeffa,b\n"])
def test_only_a_header(read_bytes: Read, content: str) -> None:
    result = read_bytes(content)
    assert (result.table.rows, kinds(result)) == (0, {"a": "string", "b": "string"})


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
def test_ragged_lines_are_mended_and_counted(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    lines = ["a,b,c", "1,2,3", "4,5", "", '6,"x\ny",8,9', "7,8,9,,10", "11", "1,2,,"]
    result = read_bytes("\n".join(lines))
    assert cells(result) == {
        "a": [1, 4, 6, 7, 11, 1],
        "b": ["2", "5", "x\ny", "8", None, "2"],
        "c": [3, None, 8, 9, None, None],
    }
    short, long, blank = result.warnings
    assert (short.code, short.count) == ("ShortLines", 2)
    assert short.examples == [
        {"line": 3, "content": "4,5", "fields": 2},
        {"line": 8, "content": "11", "fields": 1},
    ]
    assert (long.code, long.count, [each["line"] for each in long.examples]) == ("LongLines", 3, [5, 7, 9])
    assert (blank.code, blank.count) == ("BlankLines", 1)
    assert result.ledger.lines == 9
    assert short.to_wire()["code"] == "ShortLines"


def test_only_ten_examples_of_at_most_200_characters(read_bytes: Read, tiny_blocks: Tiny) -> None:
    tiny_blocks(2000)
    result = read_bytes("a,b\n" + f"{'é' * 300}\n" * 25)
    (warning,) = result.warnings
    assert (warning.count, len(warning.examples)) == (25, 10)
    assert [each["line"] for each in warning.examples] == list(range(2, 12))
    assert {len(each["content"]) for each in warning.examples} == {200}


def test_a_short_line_and_a_long_one_do_not_cancel_out(read_bytes: Read) -> None:
    result = read_bytes("a,b\n1,2\n3\n4,,,\n")
    assert codes(result) == ["ShortLines", "LongLines"]


def test_empty_last_cells_are_not_short_lines(read_bytes: Read) -> None:
    result = read_bytes("a,b\n1,\n,\n3,4\n")
    assert (result.warnings, cells(result)) == ([], {"a": [1, None, 3], "b": [None, None, 4]})


def test_a_delimiter_at_the_end_of_every_line(read_bytes: Read) -> None:
    assert read_bytes("a,b\n1,2,\n3,4,\n").warnings == []
    assert read_bytes("a,b,\n1,2,\n3,4,\n").table.names == ["a", "b", "column_2"]


def test_a_header_that_is_too_narrow_for_all_lines(read_bytes: Read) -> None:
    result = read_bytes("a,b\n" + "1,2,3\n" * 20)
    assert result.table.names == ["a", "b", "column_2"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "end", "\x1a"])
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_line_ends(read_bytes: Read, tiny_blocks: Tiny, newline: str, end: str, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    content = newline.join(["a,b", '1,"x', 'y"', "2,", "3,z"]) + (newline if end == "end" else end)
    assert cells(read_bytes(content)) == {"a": [1, 2, 3], "b": [f"x{newline}y", None, "z"]}


@pytest.mark.parametrize("block_bytes", [1, 15, 1 << 20])
def test_stray_quotes_are_characters(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    content = 'a,b\n5" pipe,1\n"6"" pipe",2\nsay "hi",3\n"x"y,4\n"",5\n,6\n'
    assert cells(read_bytes(content)) == {
        "a": ['5" pipe', '6" pipe', 'say "hi"', "xy", "", None],
        "b": [1, 2, 3, 4, 5, 6],
    }


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_quote_that_nothing_closes_swallows_nothing(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    result = read_bytes('a,b\n1,x\n2,"y\n3,z\n')
    assert cells(result) == {"a": [1, 2, 3], "b": ["x", '"y', "z"]}
    assert [(w.code, w.count, w.examples) for w in result.warnings] == [("UnclosedQuote", 1, [{"line": 3}])]


def test_nuls_in_cells_stay(read_bytes: Read) -> None:
    assert cells(read_bytes("a,b\nx\x00y,1\n"))["a"] == ["x\x00y"]


def test_a_cell_of_ten_megabytes(read_bytes: Read, tiny_blocks: Tiny) -> None:
    tiny_blocks(1 << 20)
    big = 'word, "quoted"\n' * 700_000
    written = big.replace('"', '""')
    result = read_bytes(f'a,b\n1,x\n2,"{written}"\n3,y\n')
    assert cells(result)["b"] == ["x", big, "y"]
    assert result.table.rows == 3


def test_ten_thousand_columns(read_bytes: Read) -> None:
    width = 10_000
    header = ",".join(f"n{i}" for i in range(width))
    rows = "\n".join(",".join([str(k), "x", "1.5", "2001-01-01"] * (width // 4)) for k in range(5))
    result = read_bytes(f"{header}\n{rows}\n")
    assert (result.table.width, result.table.rows) == (width, 5)
    assert [column.kind for column in result.table.columns[:4]] == ["int", "string", "float", "date"]


def test_thousands_of_columns_with_a_late_failure(read_bytes: Read, tiny_blocks: Tiny) -> None:
    tiny_blocks(50_000)
    rows = ["1," * 499 + "2"] * 300 + ["x," * 250 + "1.5," * 249 + "3"]
    result = read_bytes(",".join(f"n{i}" for i in range(500)) + "\n" + "\n".join(rows))
    assert [column.kind for column in result.table.columns] == ["string"] * 250 + ["float"] * 249 + ["int"]


def test_settings_tell_what_was_used(read_bytes: Read) -> None:
    result = read_bytes("x\na;b\n1;2\n", initial_skip=1)
    ledger = result.settings.pop("ledger")
    assert (ledger["unit"], ledger["lines"], ledger["skipped"]) == ("line", 3, 1)
    assert result.settings == {
        "format": "delimited", "encoding": "utf-8", "delimiter": ";", "quote": '"', "header": True, "skip": 1,
    }  # fmt: skip


def test_progress_ends_at_the_end(tmp_path: Path, data: Path) -> None:
    told: list[tuple[str, int, int, int]] = []
    read(data / "airports.csv", tmp_path, name="airports.csv", progress=lambda *args: told.append(args))
    phase, done, total, rows = told[-1]
    assert (phase, done, rows) == ("read", total, 3376)


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": '"'},
        {"delimiter": "," * 9},
        {"delimiter": "ab"},
        {"delimiter": "§"},
        {"initialSkip": -1},
        {"sampleSize": 0},
        {"sampleSize": 101},
    ],
)
def test_impossible_options(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ReadOptions.model_validate(options)


def test_options_of_existing_clients() -> None:
    options = ReadOptions.model_validate(
        {"initialSkip": "2", "sampleSize": "30", "seed": "", "headerIncluded": "false", "sheet": ""}
    )
    assert (options.initial_skip, options.sample_size, options.header_included, options.seed) == (2, 0.3, False, None)


def test_an_unknown_encoding(read_bytes: Read) -> None:
    with pytest.raises(InvalidRequest, match="no encoding called 'klingon'"):
        read_bytes("a,b\n1,2\n", encoding="klingon")


def test_the_first_pass_keeps_good_columns_in_one_file(read_bytes: Read, tiny_blocks: Tiny) -> None:
    tiny_blocks(1000)
    result = read_bytes("a,b,c\n" + "1,2,x\n" * 1000 + "1,y,x\n")
    assert len(result.table.files) == 1 or len(result.table.files) == 2
    assert result.table.columns[0].dtype == pl.Int64()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("header", ["a{0}b{0}c\n", ""])
def test_commas_in_numbers_delimit_nothing(read_bytes: Read, delimiter: str, header: str) -> None:
    rows = [[f"{number},{number % 90 + 10}" for number in range(at, at + 3)] for at in range(0, 60, 3)]
    text = header.format(delimiter) + "".join(delimiter.join(row) + "\n" for row in rows)
    result = read_bytes(text)
    assert result.settings["delimiter"] == delimiter
    assert next(iter(cells(result).values())) == [float(row[0].replace(",", ".")) for row in rows]
    assert result.settings["header"] == bool(header)
