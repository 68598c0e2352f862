"""Delimited text, cell by cell as Python's csv module sees it, whatever the size of the blocks."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.tables.reading import ReadOptions
from longshore.tables.reading.context import Reading
from longshore.tables.reading.delimited import DelimitedSource

BLOCKS = st.integers(1, 64) | st.just(1 << 20)


def read_cells(text: str, delimiter: str, block_bytes: int) -> tuple[DelimitedSource, list[tuple[str | None, ...]]]:
    """The source after it was gone through, and its rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(text.encode())
        options = ReadOptions(delimiter=delimiter, structure="asItStands")
        reading = Reading(path, "t.csv", Path(folder), options, None, 10**9, block_bytes=block_bytes)
        source = DelimitedSource.open(reading, path)
        frames = list(source.frames())
        return source, [row for frame in frames for row in frame.iter_rows()]


def expected_cells(text: str, source: DelimitedSource, spaced: bool = True) -> list[tuple[str, ...]]:
    """As Python reads it, with the marks and the width of the source."""
    marks = source.records.marks
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=marks.delimiter.decode(),
        quotechar=(marks.quote or b'"').decode(),
        skipinitialspace=spaced and marks.spaced,
    )
    records = list(reader)
    while records and not records[0]:
        records.pop(0)
    width = len(source.names)
    body = [record for record in records[1:] if record or width == 1]
    return [tuple((record + [""] * width)[:width]) for record in body]


def blanked(rows: list[tuple[str | None, ...]]) -> list[tuple[str, ...]]:
    return [tuple(cell or "" for cell in row) for row in rows]


@given(
    body=st.text(alphabet="ab1,\"\n\r ;'é", max_size=60),
    block_bytes=BLOCKS,
)
@settings(max_examples=400, deadline=None)
def test_any_text_reads_as_the_csv_module_reads_it(body: str, block_bytes: int) -> None:
    text = "x,y,z\n" + body.rstrip("\r\n")
    if "\n" not in text[:-1]:
        return
    source, rows = read_cells(text, ",", block_bytes)
    if source.unclosed:
        return
    got, wanted = blanked(rows), expected_cells(text, source)
    if source.records.marks.spaced:
        # Python leaves out the blanks before other fields as well.
        got, wanted = ([tuple(cell.lstrip(" ") for cell in row) for row in each] for each in (got, wanted))
    assert got == wanted


CELL = st.text(alphabet='ab1,;\t|"\n\r é日-', max_size=8)


@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    block_bytes=BLOCKS,
)
@settings(max_examples=300, deadline=None)
def test_what_the_csv_module_writes_comes_back(
    rows: list[list[str]], delimiter: str, quoting: int, newline: str, block_bytes: int
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(
        [["x", "y", "z"], *rows]
    )
    source, got = read_cells(written.getvalue(), delimiter, block_bytes)
    assert not source.unclosed
    # The module's writer leaves line ends other than its own unquoted, so its reader is the judge.
    assert blanked(got) == expected_cells(written.getvalue(), source, spaced=False)


@given(values=st.lists(st.sampled_from(["", '""', "a", '"b"', '"c\nd"']), min_size=1, max_size=12), block_bytes=BLOCKS)
@settings(max_examples=100, deadline=None)
def test_a_quoted_empty_cell_is_text_and_an_unquoted_one_is_missing(values: list[str], block_bytes: int) -> None:
    text = "x,y\n" + "".join(f"{value},1\n" for value in values)
    _, got = read_cells(text, ",", block_bytes)
    meaning = {"": None, '""': "", '"b"': "b", '"c\nd"': "c\nd"}
    assert [row[0] for row in got] == [meaning.get(value, value) for value in values]


@given(body=st.text(alphabet='a"', max_size=12), sizes=st.tuples(BLOCKS, BLOCKS))
@settings(max_examples=200, deadline=None)
def test_stray_quotes_do_not_depend_on_the_blocks(body: str, sizes: tuple[int, int]) -> None:
    text = f'x,y\n1,{body}\n5" pipe,6\n'
    (one, rows), (other, others) = (read_cells(text, ",", size) for size in sizes)
    assert bool(one.unclosed) == bool(other.unclosed)
    assert one.unclosed or rows == others
