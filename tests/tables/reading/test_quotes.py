"""Quotes that are written in other ways than RFC 4180 has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.tables.reading import ReadResult
from tables.reading.conftest import cells

Read = Callable[..., ReadResult]
Tiny = Callable[[int], None]


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_blanks_before_a_quote(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int, delimiter: str) -> None:
    tiny_blocks(block_bytes)
    lines = [["id", " note", " more"], ["1", ' "x, y; z"', '  "a ""b"", c"'], ["2", ' "q, "', " plain"]]
    text = "\n".join(delimiter.join(line) for line in lines)
    assert cells(read_bytes(text)) == {"id": [1, 2], "note": ["x, y; z", "q, "], "more": ['a "b", c', " plain"]}


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_blanks_before_a_quote_and_line_breaks_within(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    result = read_bytes('id, note\n1, "x\ny, z"\n2, "p, q"\n 3, "r"\n')
    assert cells(result) == {"id": [1, 2, 3], "note": ["x\ny, z", "p, q", "r"]}


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_quotes_escaped_by_backslashes(read_bytes: Read, tiny_blocks: Tiny, block_bytes: int) -> None:
    tiny_blocks(block_bytes)
    text = 'id,note\n1,"say \\"hi, you\\" now"\n2,"back\\\\slash, \\n"\n3,"ends \\\\"\n4,plain\\\\text\n5,"\\"x\\""\n'
    assert cells(read_bytes(text))["note"] == [
        'say "hi, you" now',
        "back\\slash, \\n",
        "ends \\",
        "plain\\\\text",
        '"x"',
    ]


def test_a_backslash_before_a_closing_quote_is_a_character(read_bytes: Read) -> None:
    text = 'folder,n\n"C:\\temp\\",1\n"D:\\",2\n"E:\\a, b\\",3\n'
    assert cells(read_bytes(text)) == {"folder": ["C:\\temp\\", "D:\\", "E:\\a, b\\"], "n": [1, 2, 3]}


def test_a_quoted_word_after_a_blank_is_a_word(read_bytes: Read) -> None:
    result = read_bytes('id;name\n1; "ESSO" Papale\n2; "x" y\n3;z\n')
    assert cells(result)["name"] == [' "ESSO" Papale', ' "x" y', "z"]


def test_blanks_before_quotes_and_backslashes_within(read_bytes: Read) -> None:
    assert cells(read_bytes('id, note\n1, "a \\"b\\", c"\n2, "d"\n'))["note"] == ['a "b", c', "d"]


def test_a_stray_quote_among_escaped_ones(read_bytes: Read, tiny_blocks: Tiny) -> None:
    """What is not regular is read record by record, by the same rules."""
    tiny_blocks(30)
    text = 'id,note\n1,"say \\"hi, you\\""\n2,5" pipe\n3,"a \\\\\\" b, c"\n4,"x"\n'
    assert cells(read_bytes(text))["note"] == ['say "hi, you"', '5" pipe', 'a \\" b, c', "x"]


FIELDS = st.text(st.sampled_from('ab ,;"\\\n'), max_size=8)
ROWS = st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8)
EXAMPLES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def quoted(rows: list[tuple[str, str]], **dialect: object) -> str:
    buffer = io.StringIO()
    # The first record leaves no doubt about the dialect.
    certain = [("h", "k"), ('u, "v"', 'w, "x"')]
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n", **dialect).writerows([*certain, *rows])  # type: ignore[arg-type]
    return buffer.getvalue()


@EXAMPLES
@given(rows=ROWS)
def test_any_text_that_python_escapes(read_bytes: Read, rows: list[tuple[str, str]]) -> None:
    result = read_bytes(quoted(rows, doublequote=False, escapechar="\\"), delimiter=",")
    assert [tuple(row) for row in result.table.scan().collect().rows()][1:] == rows


@EXAMPLES
@given(rows=ROWS)
def test_any_text_that_python_doubles(read_bytes: Read, rows: list[tuple[str, str]]) -> None:
    assert [tuple(row) for row in read_bytes(quoted(rows), delimiter=",").table.scan().collect().rows()][1:] == rows
