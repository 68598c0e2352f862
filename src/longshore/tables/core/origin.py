"""What is known of the file that a table was read from, for as long as its history lasts.

A table carries its origin along through every operation. It leads from a row of the table *as imported* back to its
line in the file, and to the records that could not be read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Unit = Literal["line", "record", "row"]
"""What is numbered: physical lines of a text, elements of a JSON document, rows of a sheet or of a typed file."""

_BLOCK_ROWS = 1_000_000


def draw_masks(rows: int, kept: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Which of the rows to keep, ``kept`` of them with equal chances, in blocks so that memory stays small.

    How many of a block are kept is hypergeometric, as if they had been drawn from all rows at once.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(abs(seed))))
    left = kept
    for start in range(0, rows, _BLOCK_ROWS):
        size = min(_BLOCK_ROWS, rows - start)
        after = rows - start - size
        share = left if after == 0 else int(generator.hypergeometric(size, after, left))
        mask = np.zeros(size, np.bool_)
        mask[generator.permutation(size)[:share]] = True
        left -= share
        yield mask


@dataclass(frozen=True)
class Draw:
    """A random sample of rows: exact in size, in the file's order, the same whenever it is drawn again.

    :param rows: rows to draw from.
    :param kept: rows that are drawn, each with equal chances.
    :param seed: decides which.
    """

    rows: int
    kept: int
    seed: int

    def masks(self) -> Iterator[npt.NDArray[np.bool_]]:
        """Which rows are drawn, in blocks; see :func:`draw_masks`."""
        return draw_masks(self.rows, self.kept, self.seed)

    def source_row(self, row: int) -> int:
        """The number before the sampling of the sample's ``row``: draws again, 15 ms per million rows."""
        start = 0
        for mask in self.masks():
            here = int(np.count_nonzero(mask))
            if row < here:
                return start + int(np.flatnonzero(mask)[row])
            row, start = row - here, start + mask.size
        raise IndexError(row)

    def places(self, rows: Sequence[int | None]) -> list[int | None]:
        """The numbers in the sample of some rows of the file; None for those that were not drawn."""
        found: dict[int, int] = {}
        wanted = np.unique(np.array([row for row in rows if row is not None], dtype=np.int64))
        start = drawn = 0
        for mask in self.masks():
            here = wanted[(wanted >= start) & (wanted < start + mask.size)] - start
            ranks = np.cumsum(mask) - 1 + drawn
            kept = here[mask[here]]
            found.update(zip((kept + start).tolist(), ranks[kept].tolist(), strict=True))
            start, drawn = start + mask.size, drawn + int(np.count_nonzero(mask))
        return [None if row is None else found.get(row) for row in rows]


@dataclass(frozen=True)
class Origin:
    """Where the rows of an imported table stood in their file. File names are inside the table's folder.

    :param first_line: number, from 1, of the first row's line; None for a table without rows.
    :param lines_file: where row and line do not keep their distance: a Parquet file of the ``row`` and ``line`` from
        which on each distance holds.
    :param known_rows: rows from this number on have a line that was not written down; None when all are known.
    :param aside_file: Parquet file of the records that were not read whole, None if there are none.
    :param draw: how the table's rows were drawn from those of the file, None if all were kept.
    """

    unit: Unit = "row"
    first_line: int | None = None
    lines_file: str | None = None
    known_rows: int | None = None
    aside_file: str | None = None
    draw: Draw | None = None

    @property
    def files(self) -> set[str]:
        """The files that must stay while the history does."""
        return {file for file in (self.lines_file, self.aside_file) if file is not None}

    def line_of(self, folder: Path, row: int) -> int | None:
        """Number, from 1, of the line (record, sheet row) from which the imported table's ``row`` was read.

        A record over several lines counts by its first one. None where it was not written down.
        """
        row = self.draw.source_row(row) if self.draw is not None else row
        if self.first_line is None or (self.known_rows is not None and row >= self.known_rows):
            return None
        if self.lines_file is None:
            return self.first_line + row
        anchors = pl.scan_parquet(folder / self.lines_file, glob=False)
        start, line = anchors.filter(pl.col("row") <= row).last().collect().row(0)
        return int(line + row - start)

    def to_record(self) -> dict[str, Any]:
        """As JSON; :meth:`from_record` reads it."""
        return {**vars(self), "draw": vars(self.draw) if self.draw is not None else None}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Origin:
        """What :meth:`to_record` described."""
        draw = record["draw"]
        return cls(**{**record, "draw": Draw(**draw) if draw is not None else None})
