"""Every line of a file is accounted for: counted once, kept with its text where it was not read whole, found again."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import UnreadableFile
from longshore.tables.core.table import Table
from longshore.tables.reading import ReadOptions, ReadResult, context, ledger, read
from longshore.tables.reading.quarantine import list_set_aside
from longshore.tables.reading.quotes import Marks, make_regular, record_starts
from tables.reading.conftest import cells, codes

Read = Callable[..., ReadResult]
Tiny = Callable[[int], None]

BLOCKS = st.integers(1, 64) | st.just(1 << 20)
WIDTH = 3


@dataclass
class Told:
    """What a reading should tell: counts, the odd records as (line, row, code, raw), the line of each row."""

    counts: dict[str, int]
    odd: list[tuple[int, int | None, str, str]]
    lines: list[int]


def read_text(text: str, name: str, block_bytes: int, **options: Any) -> Told:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "BLOCK_BYTES", block_bytes)
        path = Path(place) / name
        path.write_bytes(text.encode())
        return told(read(path, Path(place) / "columns", name=name, options=ReadOptions(**options)))


def every_one(table: Table) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    while (page := list_set_aside(table, len(records)))[1]:
        records += page[1]
    assert len(records) == page[0]
    return records


def told(result: ReadResult) -> Told:
    table = result.table
    assert table.origin is not None
    counts = {key: value for key, value in result.settings["ledger"].items() if key not in ("unit", "kept")}
    odd = [(r["line"], r["row"], r["code"], r["raw"]) for r in every_one(table)]
    lines = [table.origin.line_of(table.folder, row) for row in range(table.rows)]
    return Told(counts, odd, lines)  # type: ignore[arg-type]


def expected_of_csv(text: str, newline: str, skip: int, spaced: bool) -> Told:
    """As Python's csv module sees it, which counts lines itself.

    :param spaced: whether a quote opens after blanks, too.
    """
    lines = text.split(newline)
    if not lines[-1]:
        lines.pop()
    reader = csv.reader(io.StringIO(text.split(newline, skip)[skip], newline=""), skipinitialspace=spaced)
    counts = dict.fromkeys(("blank", "rows", "filled", "cut", "mended", "setAside", "continued", "header"), 0)
    odd, stands_on, end = [], [], 0
    for record in reader:
        line, end = end + 1, reader.line_num
        counts["continued"] += end - line
        if not record:
            counts["blank"] += 1
        elif not counts["header"]:
            counts["header"] = 1
        else:
            if len(record) != WIDTH:
                code, count = ("TooFewFields", "filled") if len(record) < WIDTH else ("TooManyFields", "cut")
                counts[count] += 1
                raw = newline.join(lines[skip + line - 1 : skip + end])
                odd.append((skip + line, counts["rows"], code, raw))
            counts["rows"] += 1
            stands_on.append(skip + line)
    return Told({**counts, "skipped": skip, "lines": len(lines)}, odd, stands_on)  # type: ignore[arg-type]


@given(
    above=st.lists(st.sampled_from(["report", "of 2020", "", 'a "title"']), max_size=3),
    before=st.integers(0, 2),
    body=st.text(alphabet='ab1,,"\n\n é', max_size=80),
    after=st.integers(0, 3),
    newline=st.sampled_from(["\n", "\r\n"]),
    block_bytes=BLOCKS,
)
@settings(max_examples=500, deadline=None)
def test_every_line_of_a_messy_text_is_accounted_for(
    above: list[str], before: int, body: str, after: int, newline: str, block_bytes: int
) -> None:
    body = "\n".join([*above, *[""] * before, "x,y,z", "1,2,3", body]) + "\n" * after
    text = body.replace("\n", newline)
    got = read_text(text, "t.csv", block_bytes, delimiter=",", initial_skip=len(above), structure="asItStands")
    if any(code == "UnclosedQuote" for _, _, code, _ in got.odd):
        return
    # The whole text decides whether a quote after a blank opens a field; either way is then followed throughout.
    ways = [False, True] if re.search('(?:^|,) +"', body, re.MULTILINE) else [False]
    if any(is_open(body, len(above), spaced) for spaced in ways):
        return
    assert got in [expected_of_csv(text, newline, len(above), spaced) for spaced in ways]


def is_open(text: str, skip: int, spaced: bool) -> bool:
    """Whether the csv module finds a quote that nothing closes: it then swallows a line put behind it all."""
    rest = io.StringIO(text.split("\n", skip)[skip] + "\nEND", newline="")
    *_, last = csv.reader(rest, skipinitialspace=spaced)
    return last != ["END"]


@given(data=st.text(alphabet='ab,"\n\r', min_size=1, max_size=60), newline=st.sampled_from([b"\n", b"\r"]))
@settings(max_examples=500, deadline=None)
def test_records_are_found_in_the_text_as_it_was(data: str, newline: bytes) -> None:
    marks = Marks(b",", b'"', newline)
    text = data.encode()
    starts = record_starts(text, marks).tolist()
    pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    assert b"".join(pieces) == text
    regular, used = make_regular(text, marks, True)
    assert used == len(text)
    alone = [make_regular(piece, marks, True)[0].removesuffix(newline) for piece in pieces]
    assert newline.join(alone) == regular.removesuffix(newline)


LINES = st.sampled_from(
    ['{"a": 1}', '{"a": "x", "b": [2]}', ' {"b": null}', "", "  ", "[1]", "5", "null", '{"a": ', "}", '{"a": NaN}', "x"]
)


@given(body=st.lists(LINES, max_size=20), final=st.booleans(), block_bytes=BLOCKS)
@settings(max_examples=300, deadline=None)
def test_every_line_of_ndjson_is_accounted_for(body: list[str], final: bool, block_bytes: int) -> None:
    texts = ['{"a": 2}', '{"a": 3}', *body]
    got = read_text("\n".join(texts) + "\n" * final, "t.ndjson", block_bytes)
    if not final and not texts[-1]:
        texts.pop()
    wanted = dict.fromkeys(got.counts, 0) | {"lines": len(texts)}
    lines, bad = [], []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            wanted["blank"] += 1
        elif is_record(text):
            lines.append(number)
        else:
            bad.append((number, None, text))
    assert got.counts == wanted | {"rows": len(lines), "setAside": len(bad)}
    assert got.lines == lines
    assert [(line, row, raw) for line, row, _, raw in got.odd] == bad


def is_record(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def test_a_json_file_of_lines_survives_its_bad_lines(read_bytes: Read) -> None:
    result = read_bytes('{"a": 1}\n[1]\n{"a": \n{"a": 2}\n{"a": "cut o', name="t.json")
    assert cells(result) == {"a": [1, 2]}
    (warning,) = result.warnings
    assert (warning.code, warning.count) == ("SetAsideLines", 3)
    assert [(each["line"], each["code"]) for each in warning.examples] == [
        (2, "NotAnObject"), (3, "InvalidJson"), (5, "InvalidJson"),
    ]  # fmt: skip
    assert [each[3] for each in told(result).odd] == ["[1]", '{"a":', '{"a": "cut o'] or told(result).odd[1][3] == (
        '{"a": '
    )


@pytest.mark.parametrize("name", ["t.ndjson", "t.jsonl"])
def test_ndjson_may_begin_with_a_bad_line(read_bytes: Read, name: str) -> None:
    result = read_bytes('{"a": 1\n{"a": 2}\n', name=name)
    assert (cells(result), result.ledger.set_aside) == ({"a": [2]}, 1)


def test_a_file_of_bad_lines_only_is_no_table(read_bytes: Read) -> None:
    with pytest.raises(UnreadableFile, match="no records"):
        read_bytes('{}\n[1]\n{"a"\n', name="t.ndjson")


def test_a_quote_that_nothing_closes_is_kept_as_mended(read_bytes: Read) -> None:
    result = read_bytes('a,b\n1,x\n2,"y\n3,z\n')
    found = told(result)
    assert (found.counts["mended"], found.odd) == (1, [(3, 1, "UnclosedQuote", '2,"y')])
    assert found.lines == [2, 3, 4]


def test_bytes_that_are_no_text_are_kept_as_mended(read_bytes: Read) -> None:
    good = "naïve,café\n" * 10
    result = read_bytes(b"a,b\n" + good.encode() + b"x\xff,1\n" + good.encode() + b"\xfe\n")
    found = told(result)
    assert codes(result) == ["InvalidBytes", "ShortLines"]
    assert [(line, code) for line, _, code, _ in found.odd] == [(12, "InvalidBytes"), (23, "TooFewFields")]
    assert (found.counts["mended"], found.counts["filled"]) == (1, 1)
    assert found.odd[0][3] == "x\ufffd,1"


def test_blank_rows_of_a_sheet_are_counted_and_rows_found_again(read_bytes: Read) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for place, row in {2: ["a", "b"], 3: [1, "x"], 6: [2, "y"], 7: [3, None]}.items():
            sheet.write_row(place, 0, row)
    result = read_bytes(buffer.getvalue(), name="t.xlsx")
    assert cells(result) == {"a": [1, 2, 3], "b": ["x", "y", None]}
    found = told(result)
    assert (found.counts["lines"], found.counts["blank"], found.lines) == (8, 4, [4, 7, 8])
    skipping = told(read_bytes(buffer.getvalue(), name="t.xlsx", initial_skip=1))
    assert (skipping.counts["skipped"], skipping.counts["blank"], skipping.lines) == (1, 3, [4, 7, 8])


def test_records_of_a_json_array_have_numbers(read_bytes: Read) -> None:
    result = read_bytes('[{"a": 1},\n\n{"a": 2}]', name="t.json")
    assert (result.ledger.unit, told(result).lines) == ("record", [1, 2])


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_sample_still_knows_its_lines(read_bytes: Read, share: float) -> None:
    lines = ["k,n", *("" if n % 7 == 0 else f"{n},x" if n % 5 else f"{n}" for n in range(1, 301))]
    result = read_bytes("\n".join(lines), sample_size=share, seed=3)
    whole = read_bytes("\n".join(lines))
    found = told(result)
    assert found.counts == told(whole).counts, "the ledger is about the file"
    assert found.lines == [n + 1 for n in cells(result)["k"]]
    numbers = cells(result)["k"]
    for line, row, _, raw in found.odd:
        assert row == (numbers.index(int(raw)) if int(raw) in numbers else None)
        assert lines[line - 1] == raw
    assert len(found.odd) == len(told(whole).odd)


def test_what_is_kept_is_bounded(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_RECORDS", 5)
    result = read_bytes("a,b\n" + "1\n" * 100)
    assert (result.ledger.filled, result.settings["ledger"]["kept"]) == (100, 5)
    assert [line for line, *_ in told(result).odd] == [2, 3, 4, 5, 6]
    monkeypatch.setattr(ledger, "MAX_RECORDS", 100)
    monkeypatch.setattr(ledger, "MAX_BYTES", 7000)
    long = read_bytes("a,b\n" + f"{'é' * 3000}\n" * 100)
    assert [(len(raw), code) for _, _, code, raw in told(long).odd] == [(2000, "TooFewFields")] * 2
    assert [each["cut"] for each in every_one(long.table)] == [True, True]


def test_beyond_the_last_anchor_no_line_is_known(
    read_bytes: Read, monkeypatch: pytest.MonkeyPatch, tiny_blocks: Tiny
) -> None:
    tiny_blocks(40)
    monkeypatch.setattr(ledger, "MAX_ANCHORS", 5)
    lines = told(read_bytes("a,b\n" + '"x\ny",1\n' * 50)).lines
    known = [line for line in lines if line is not None]
    assert known == [2 + 2 * row for row in range(len(known))]
    assert 0 < len(known) < 50
    assert set(lines[len(known) :]) == {None}


def test_a_clean_file_keeps_nothing_beside_its_columns(read_bytes: Read) -> None:
    result = read_bytes('a,b\n1,"x"\n2,y\n')
    assert result.table.kept_files == result.table.files
    assert result.set_aside is None
    assert told(result).lines == [2, 3]


def test_a_table_carries_its_origin_in_its_record(read_bytes: Read) -> None:
    result = read_bytes("a,b\n1\n\n2,3\n", sample_size=0.5, seed=1)
    record = json.loads(json.dumps(result.table.to_record()))
    again = Table.from_record(result.table.folder, record)
    assert again == result.table
    assert Table.files_in(record) == again.kept_files
    del record["origin"]
    assert Table.from_record(result.table.folder, record).origin is None
