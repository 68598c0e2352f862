"""What a file may grow to while it is read: small ones can stand for tables that no machine holds.

The reader of each format looks at these as it goes, before it makes what is too much.
"""

from __future__ import annotations

from longshore.errors import TooLarge
from longshore.tables.reading.context import Reading

MAX_COLUMNS = 50_000
"""Reading, keeping and showing takes about a quarter of a millisecond for each."""
CELLS_AT_A_TIME = 4_000_000
"""Of text that stand in memory at once, empty ones included: 16 bytes each and what stands in them."""
FREE_CELLS = 50_000_000
"""So many any file may have, however small it is."""
CELLS_PER_BYTE = 100
"""Beyond that, for each byte of the file as it was sent: a cell of text takes one, a packed one seldom less than a
twentieth."""
FREE_DENSE_CELLS = 5_000_000
"""Cells of a JSON document that is no list of records, those included that are filled up because others have more."""
DENSE_CELLS_PER_BYTE = 10
"""Beyond that, for each byte of the document."""
FREE_UNPACKED_BYTES = 10**9
"""So many bytes any packed file may unpack to."""
UNPACKED_PER_BYTE = 500
"""Beyond that, for each byte that is packed: text that tells something seldom shrinks to less than a fiftieth."""
FREE_SPAN_CELLS = 25_000_000
"""Cells, empty ones included, that a sheet may span however little stands in it."""
SPAN_PER_BYTE = 50
"""Beyond that, for each byte of the sheet: a cell that is there takes twenty bytes at least."""
MAX_BLANKS = 100_000_000
"""Of a spreadsheet whose format counts blanks instead of writing them."""
MAX_CELL_BYTES = 10_000_000
"""Of one cell of a workbook, in its XML; spreadsheet programs write at most some ten thousand characters."""


def require_columns(count: int) -> None:
    """:raises TooLarge: for more columns than a table may have."""
    if count > MAX_COLUMNS:
        raise TooLarge(
            f"the table has more than {MAX_COLUMNS:,} columns, which is the limit; turn columns into rows, or leave"
            " some out"
        )


def require_unpacked(reading: Reading, unpacked_bytes: int) -> None:
    """:raises TooLarge: for a packed file that grows beyond the limit, or out of all proportion."""
    if unpacked_bytes > reading.unpacked_limit:
        raise TooLarge(f"the file unpacks to more than {reading.unpacked_limit:,} bytes, which is the limit")
    allowed = max(FREE_UNPACKED_BYTES, UNPACKED_PER_BYTE * reading.size)
    if unpacked_bytes > allowed:
        raise TooLarge(
            f"the file of {reading.size:,} bytes unpacks to more than {allowed:,}, nearly all of it repeated; send it"
            " unpacked, or in parts"
        )


def require_dense(cells: int, size: int) -> None:
    """:raises TooLarge: for a JSON document of ``size`` bytes of whose table hardly any cell is there."""
    if cells > max(FREE_DENSE_CELLS, DENSE_CELLS_PER_BYTE * size):
        raise TooLarge(
            f"the JSON document makes a table of more than {cells - 1:,} cells, of which hardly any is filled; send it"
            " as records [{...}, {...}] or NDJSON"
        )


def require_cells(reading: Reading, rows: int, columns: int) -> None:
    """:raises TooLarge: for a table that is out of all proportion to its file.

    :param rows: those that are known of so far.
    """
    cells = rows * columns
    if cells > reading.unpacked_limit:
        raise TooLarge(f"the file holds more than {reading.unpacked_limit:,} values, which is the limit")
    allowed = max(FREE_CELLS, CELLS_PER_BYTE * reading.size)
    if cells > allowed:
        raise TooLarge(
            f"the file of {reading.size:,} bytes holds more than {allowed:,} cells, nearly all of them empty or"
            " repeated; leave out what is empty, or send it in parts"
        )
