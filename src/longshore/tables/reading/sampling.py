"""A random sample of a table's rows: exact in size, in the file's order, repeatable by its seed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import numpy as np
import polars as pl

from longshore.tables.reading.context import Reading
from longshore.tables.scripting.portable import portable
from longshore.tables.table import Table, write_columns

_BLOCK_ROWS = 1_000_000
_MASK = "\x00kept"


def sample_table(reading: Reading, table: Table, proportion: float) -> Table:
    """A table of ``round(proportion * rows)`` rows. The seed goes into the settings.

    The whole file has been read before: so the sample is exact, and types are decided over all rows.
    """
    seed = reading.options.seed if reading.options.seed is not None else secrets.randbelow(2**32)
    reading.settings.update(sampleSize=proportion, seed=seed)
    kept = round(proportion * table.rows)
    if kept == table.rows:
        return table
    parts = [table.scan(), sample_mask(table.rows, kept, seed).alias(_MASK).to_frame().lazy()]
    sample = pl.concat(parts, how="horizontal").filter(pl.col(_MASK)).drop(_MASK)
    columns, rows = write_columns(table.folder, sample, table.names)
    reading.report("sample", 1, 1, rows)
    return table.with_columns(columns, rows)


@portable
def sample_mask(rows: int, kept: int, seed: int) -> pl.Series:
    """Which of the rows to keep, ``kept`` of them with equal chances."""
    return pl.concat([pl.Series([], dtype=pl.Boolean), *_masks(rows, kept, seed)])


def _masks(rows: int, kept: int, seed: int) -> Iterator[pl.Series]:
    """Which rows to keep, ``kept`` of them with equal chances, in blocks so that memory stays small.

    How many of a block are kept is hypergeometric, as if they had been drawn from all rows at once.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(abs(seed))))
    for start in range(0, rows, _BLOCK_ROWS):
        size = min(_BLOCK_ROWS, rows - start)
        after = rows - start - size
        share = kept if after == 0 else int(generator.hypergeometric(size, after, kept))
        mask = np.zeros(size, np.bool_)
        mask[generator.permutation(size)[:share]] = True
        kept -= share
        yield pl.Series(mask)
