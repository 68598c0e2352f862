"""How far a workbook reaches, found in its XML without a look at each cell by Python."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from longshore.tables.reading.packing import references

REFERENCE = re.compile(rb' r="([A-Z]{1,3})(\d{1,7})"')
PIECES = st.sampled_from(
    [
        ' r="',
        "r=",
        '"',
        '5"',
        "A",
        "Z",
        "XFD",
        "AAAA",
        "1",
        "0",
        "1048576",
        "12345678",
        '/><c r="',
        " ",
        "\0",
        "a",
        "[",
        "@",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_references_are_those_that_an_expression_finds(xml: str) -> None:
    found = REFERENCE.findall(xml.encode())
    columns, rows = references(xml.encode())
    assert rows.tolist() == [int(row) for _, row in found]
    assert columns.tolist() == [sum(26**i * (c - 64) for i, c in enumerate(reversed(letters))) for letters, _ in found]
