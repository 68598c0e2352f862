"""Makes the benchmarks' table: 9 columns of the kinds people have, written as CSV in blocks of a million rows.

python benchmarks/make_table.py 10000000 /tmp/ten-million.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

WORDS = np.array(["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel india", "juliet", "kilo"])
BLOCK_ROWS = 1_000_000


def block(generator: np.random.Generator, first: int, rows: int) -> pl.DataFrame:
    """``rows`` rows from number ``first`` on: int, date, text, digits with leading zeros, floats with gaps, boolean."""
    days = generator.integers(0, 3650, rows).astype("timedelta64[D]")
    frame = pl.DataFrame(
        {
            "id": np.arange(first, first + rows),
            "date": np.datetime64("2015-01-01") + days,
            "name": generator.choice(WORDS, rows),
            "code": generator.integers(0, 99_999, rows),
            "price": np.round(generator.gamma(2.0, 50.0, rows), 2),
            "x": np.round(generator.normal(0, 1000, rows), 4),
            "y": np.round(generator.normal(0, 1, rows), 6),
            "flag": generator.random(rows) < 0.5,
            "note": generator.choice(WORDS, rows),
        }
    )
    return frame.with_columns(
        pl.col("code").cast(pl.String).str.zfill(5),
        (pl.col("note") + " " + pl.col("name") + " no. " + pl.col("id").cast(pl.String)).alias("note"),
        pl.when(pl.col("id") % 17 == 0).then(None).otherwise(pl.col("price")).alias("price"),
    )


def make(rows: int, path: Path) -> None:
    """Write the table; the same for the same number of rows."""
    generator = np.random.default_rng(1)
    with path.open("wb") as file:
        for first in range(0, rows, BLOCK_ROWS):
            part = block(generator, first, min(BLOCK_ROWS, rows - first))
            part.write_csv(file, include_header=first == 0)


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
