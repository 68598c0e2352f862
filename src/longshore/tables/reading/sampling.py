"""A random sample of a table's rows: exact in size, in the file's order, repeatable by its seed."""

from __future__ import annotations

import secrets

import polars as pl

from longshore.tables.core.origin import Draw, draw_masks
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Table, write_columns
from longshore.tables.reading.context import Reading

_MASK = "\x00kept"


def sample_table(reading: Reading, table: Table, proportion: float) -> tuple[Table, Draw | None]:
    """A table of ``round(proportion * rows)`` rows, and how they were drawn. The seed goes into the settings.

    The whole file has been read before: so the sample is exact, and types are decided over all rows.

    :return: the same table and None where all rows are kept.
    """
    seed = reading.options.seed if reading.options.seed is not None else secrets.randbelow(2**32)
    reading.settings.update(sampleSize=proportion, seed=seed)
    draw = Draw(table.rows, round(proportion * table.rows), seed)
    if draw.kept == table.rows:
        return table, None
    parts = [table.scan(), sample_mask(draw.rows, draw.kept, draw.seed).alias(_MASK).to_frame().lazy()]
    sample = pl.concat(parts, how="horizontal").filter(pl.col(_MASK)).drop(_MASK)
    columns, rows = write_columns(table.folder, sample, table.names)
    reading.report("sample", 1, 1, rows)
    return table.with_columns(columns, rows), draw


@portable
def sample_mask(rows: int, kept: int, seed: int) -> pl.Series:
    """Which of the rows to keep, ``kept`` of them with equal chances."""
    return pl.concat([pl.Series([], dtype=pl.Boolean), *map(pl.Series, draw_masks(rows, kept, seed))])
