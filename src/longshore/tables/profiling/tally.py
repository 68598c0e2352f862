"""How often each distinct value occurs: exact, and bounded in memory for columns that are all different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl

VALUE = "v"
"""Name of the one column of the frames in here; a user's name would need escaping."""
COUNT = "n"

FEW = 500_000
"""Up to so many distinct values they are grouped as they are (about 140 bytes each for texts)."""
HASHES_AT_ONCE = 16_000_000
"""So many hashes are sorted together (three times 8 bytes each); more are taken in several scans, by ranges."""
KEYS_AT_ONCE = 100_000
"""Up to so many hashes are looked up one by one; more are joined."""
MODE_VALUES = 1_000
"""Most values that a list of modes shows, the smallest; half of ten million values can be modes."""

Counts = np.ndarray[tuple[int], np.dtype[np.int32 | np.int64]]


class Tally(Protocol):
    """The distinct values of a column, missing ones apart, and how often each occurs."""

    @property
    def counts(self) -> Counts:
        """How often, in no particular order."""

    def select(self, more_than: int, limit: int) -> tuple[pl.DataFrame, pl.Series]:
        """The values that occur ``more_than`` so often, and of those that occur just so often the ``limit`` smallest.

        :return: values :data:`VALUE` with :data:`COUNT` in any order; the others ascending.
        """


@dataclass(frozen=True)
class SortedTally:
    """Distinct values, ascending, with their counts beside."""

    values: pl.Series
    counts: Counts

    def select(self, more_than: int, limit: int) -> tuple[pl.DataFrame, pl.Series]:
        """See :meth:`Tally.select`."""
        heavy = np.flatnonzero(self.counts > more_than)
        found = pl.DataFrame({VALUE: self.values.gather(heavy), COUNT: self.counts[heavy]})
        return found, self.values.gather(np.flatnonzero(self.counts == more_than)[:limit])

    @cached_property
    def ends(self) -> Counts:
        """Number of values up to and with each distinct one."""
        return np.cumsum(self.counts, dtype=np.int64)

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def at_rank(self, rank: int) -> Any:
        """The value at position ``rank`` (from 0) of all values in order."""
        return self.values[int(np.searchsorted(self.ends, rank, side="right"))]

    def quantile(self, portion: float) -> Any:
        """The quantile by linear interpolation (Hyndman and Fan's type 7, pandas' default); None without values.

        Numbers give a float, moments give a moment.
        """
        if not self.total:
            return None
        position = portion * (self.total - 1)
        rank = int(position)
        low, high = self.at_rank(rank), self.at_rank(min(rank + 1, self.total - 1))
        if position == rank or low == high:  # infinities have no difference
            return low
        return low + (high - low) * (position - rank)


@dataclass(frozen=True)
class HashedTally:
    """Hashes of texts with their counts; the few texts that are shown are looked up in another scan.

    Two texts share a 64-bit hash with a chance of 3 in a million among ten million texts.

    :param hashes: ``uint64``, distinct.
    :param texts: a frame of the one column :data:`VALUE`, every occurrence in it.
    """

    hashes: Any
    counts: Counts
    texts: pl.LazyFrame

    def select(self, more_than: int, limit: int) -> tuple[pl.DataFrame, pl.Series]:
        """See :meth:`Tally.select`; one scan finds both."""
        heavy = self.counts > more_than
        keys = pl.DataFrame({"h": self.hashes[heavy], COUNT: self.counts[heavy]})
        texts = self.texts.drop_nulls().with_columns(_hash().alias("h"))
        named = texts.filter(pl.col("h").is_in(keys["h"].implode())).unique()
        tied = self._occurrences(texts, more_than).select(VALUE).sort(VALUE).head(limit * more_than)
        found, occurrences = pl.collect_all([named, tied], engine="streaming")
        values = occurrences[VALUE].unique(maintain_order=True).head(limit)
        return found.join(keys, on="h").select(VALUE, COUNT), values

    def _occurrences(self, texts: pl.LazyFrame, count: int) -> pl.LazyFrame:
        """The texts that occur ``count`` times, each time; the smaller side of the tally says which they are."""
        tied = self.counts == count
        if int(tied.sum()) <= KEYS_AT_ONCE:
            return texts.filter(pl.col("h").is_in(pl.Series(self.hashes[tied]).implode()))
        others = self.hashes[~tied]
        if not len(others):
            return texts
        if len(others) <= KEYS_AT_ONCE:
            return texts.filter(~pl.col("h").is_in(pl.Series(others).implode()))
        return texts.join(pl.LazyFrame({"h": self.hashes[tied]}), on="h", how="semi")


def count_values(frame: pl.LazyFrame, distinct: int, rows: int) -> Tally:
    """Count the values of ``frame``'s one column :data:`VALUE`.

    :param distinct: about how many distinct values there are; it decides the way, not the result.
    :param rows: how many rows there are.
    """
    if distinct <= FEW:
        return _count_few(frame)
    if frame.collect_schema()[VALUE] == pl.String():
        parts = 1 + rows // HASHES_AT_ONCE
        return _sort_hashes(frame, parts)
    values = collected(frame.drop_nulls()).sort()
    starts = (values != values.shift(1)).fill_null(True).arg_true()
    return SortedTally(values.gather(starts), np.diff(starts.to_numpy().astype(np.int64), append=len(values)))


def _count_few(frame: pl.LazyFrame) -> SortedTally:
    grouped = frame.drop_nulls().group_by(VALUE).agg(pl.len().alias(COUNT)).collect(engine="streaming").sort(VALUE)
    return SortedTally(grouped[VALUE], grouped[COUNT].to_numpy().astype(np.int64))


def count_hashes(
    texts: pl.LazyFrame, parts: int, others: Sequence[pl.LazyFrame] = ()
) -> tuple[HashedTally, list[pl.DataFrame]]:
    """Group texts by their hashes, in ``parts`` scans that each take a share of the hashes.

    :param others: queries that begin like ``texts``; the first scan answers them too.
    """
    hashed = texts.drop_nulls().select(_hash())
    answers: list[pl.DataFrame] = []
    hashes, counts = [], []
    for part in range(parts):
        share = hashed.filter(pl.col(VALUE) % parts == part) if parts > 1 else hashed
        grouped = share.group_by(VALUE).agg(pl.len().alias(COUNT))
        found, *rest = pl.collect_all([grouped, *(others if part == 0 else ())], engine="streaming")
        answers += rest
        hashes.append(found[VALUE].to_numpy())
        counts.append(found[COUNT].to_numpy().astype(np.int32))
    return HashedTally(np.concatenate(hashes), np.concatenate(counts), texts), answers


def _sort_hashes(texts: pl.LazyFrame, parts: int) -> HashedTally:
    """The same where nearly all texts differ: sorting takes a third of the time of grouping."""
    hashed = texts.drop_nulls().select(_hash())
    kept, counts = [], []
    for part in range(parts):
        share = hashed.filter(pl.col(VALUE) % parts == part) if parts > 1 else hashed
        hashes = collected(share).sort().to_numpy()
        starts = np.flatnonzero(hashes[1:] != hashes[:-1]) + 1
        starts = np.concatenate([[0], starts]) if len(hashes) else starts
        kept.append(hashes[starts])
        counts.append(np.diff(starts, append=len(hashes)).astype(np.int32))
    return HashedTally(np.concatenate(kept), np.concatenate(counts), texts)


def _hash() -> pl.Expr:
    return pl.col(VALUE).hash(seed=7)


def collected(frame: pl.LazyFrame) -> pl.Series:
    """The one column of ``frame``."""
    return frame.collect(engine="streaming").to_series()


@dataclass(frozen=True)
class Ranking:
    """The most frequent values.

    :param values: by falling counts, equal ones in the order of the values.
    :param modes: all that share the highest count (at most :data:`MODE_VALUES`); None without values and when all
        of several values are equally frequent.
    """

    values: pl.Series
    counts: list[int]
    modes: pl.Series | None

    @property
    def highest(self) -> int | None:
        """How often a mode occurs; None without values."""
        return self.counts[0] if self.counts else None


def rank(tally: Tally, limit: int) -> Ranking:
    """The ``limit`` most frequent values and the modes."""
    counts = tally.counts
    least = int(np.partition(counts, len(counts) - limit)[len(counts) - limit]) if len(counts) > limit else 0
    heavy, tied = tally.select(least, limit)
    heavy = heavy.sort([COUNT, VALUE], descending=[True, False])
    tied = tied.head(limit - heavy.height) if least else tied.clear()
    values = pl.concat([heavy[VALUE], tied.rename(VALUE)])
    numbers = heavy[COUNT].to_list() + [least] * len(tied)
    return Ranking(values, numbers, _modes(tally, values, numbers))


def _modes(tally: Tally, values: pl.Series, numbers: list[int]) -> pl.Series | None:
    if not numbers:
        return None
    highest = numbers[0]
    sharing = int((tally.counts == highest).sum())
    if sharing == len(tally.counts) > 1:
        return None
    if sharing <= len(values):
        return values.head(sharing)
    return tally.select(highest, MODE_VALUES)[1]
