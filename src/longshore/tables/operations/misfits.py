"""Values that a conversion could not read: how many, and the first of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from longshore.errors import shorten
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import ROW_NUMBER, Column, Table
from longshore.tables.formats.dates import stripped
from longshore.tables.operations.base import counted

MISFITS_SHOWN = 5


def find_misfits(before: Table, column: Column, after: Table, made: Column) -> dict[str, Any]:
    """The values of ``column`` that were there and not blank and are missing in ``made``.

    :return: ``count``, and the ``first`` of them with their rows.
    """
    if made.missing == column.missing:
        return {"count": 0, "first": []}
    pair = pl.concat(
        [
            before.scan([column.name]).select(stripped(col(column.name)).alias("text")),
            after.scan([made.name]).select(col(made.name).is_null().alias("lost")),
        ],
        how="horizontal",
    ).with_row_index(ROW_NUMBER)
    lost = pair.filter(pl.col("lost") & pl.col("text").is_not_null())
    count, rows, texts = lost.select(
        pl.len(),
        pl.col(ROW_NUMBER).head(MISFITS_SHOWN).implode(),
        pl.col("text").head(MISFITS_SHOWN).implode().alias("texts"),
    ).collect().row(0)  # fmt: skip
    first = [{"row": row, "value": shorten(text, 100)} for row, text in zip(rows, texts, strict=True)]
    return {"count": count, "first": first}


def said_of_misfits(misfits: dict[str, Any]) -> str:
    """What a sentence says of them; nothing when there are none."""
    return f"; {counted(misfits['count'], 'value')} did not fit and became missing" if misfits["count"] else ""
