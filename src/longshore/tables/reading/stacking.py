"""Many short columns read as one long one: each call of the engine takes its time, however few values it gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from longshore.tables.reading.plans import Dates, Floats, Integers, Numbers, Plan

_VALUE_BY_VALUE = (Integers, Floats, Numbers, Dates)
"""Plans that read each value for itself, and doubt many values where they doubt some of them."""
_SHORT = 20_000
"""Values from which on a call costs little beside what it does."""
_FEW = 8


def read_stacked(columns: Sequence[tuple[pl.Series, Plan | None]]) -> dict[int, pl.Series]:
    """Columns of text, each with its plan, read the quick way.

    :return: by position, those of which all is read beyond doubt; none that are long, or few with the same plan.
    """
    groups: dict[Plan, list[int]] = {}
    for index, (text, plan) in enumerate(columns):
        if plan is not None and type(plan) in _VALUE_BY_VALUE and len(text) < _SHORT:
            groups.setdefault(plan, []).append(index)
    read: dict[int, pl.Series] = {}
    for plan, group in groups.items():
        read.update(_read(plan, [(index, columns[index][0]) for index in group]))
    return read


def _read(plan: Plan, texts: list[tuple[int, pl.Series]]) -> Iterator[tuple[int, pl.Series]]:
    """Columns by one plan; where all together raise doubts the halves of them are tried, and so on."""
    if len(texts) < _FEW:
        return
    # In one piece, or each slice would be looked for among all pieces.
    values = _read_all(plan, pl.concat([text.alias("text") for _, text in texts]).rechunk())
    if values is None:
        yield from _read(plan, texts[: len(texts) // 2])
        yield from _read(plan, texts[len(texts) // 2 :])
        return
    start = 0
    for index, text in texts:
        yield index, values.slice(start, len(text)).alias(text.name)
        start += len(text)


def _read_all(plan: Plan, text: pl.Series) -> pl.Series | None:
    """Typed values of ``text``, or None if some of them are not read, or not beyond doubt."""
    both = text.to_frame().select("text", plan.quick(pl.col("text")).alias("values"))
    values = both.get_column("values")
    if values.null_count() != text.null_count():
        return None
    doubt = plan.suspicious(pl.col("text"), pl.col("values"))
    return None if doubt is not None and both.select(doubt).item() else values
