"""How often each distinct value occurs: exact, and bounded in memory for columns that are all different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl

from longshore.tables.profiling.hashing import SEED, Counts, Hashes, Known, count_hashes, hashed, runs

VALUE = "v"
"""Name of the one column of the frames in here; a user's name would need escaping."""
COUNT = "n"

FEW = 500_000
"""Up to so many distinct values they are grouped as they are (about 140 bytes each for texts)."""
KEYS_AT_ONCE = 100_000
"""Up to so many hashes are looked up one by one; more are joined."""
MODE_VALUES = 1_000
"""Most values that a list of modes shows, the smallest; half of ten million values can be modes."""
SORTED_AT_ONCE = 24_000_000
"""Up to so many numbers are sorted in memory whatever they are; more only where nearly all of them differ."""


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

    :param hashes: ``uint64``, distinct, ascending.
    :param texts: a frame of the one column :data:`VALUE`, every occurrence in it.
    :param known: texts that need no other scan.
    """

    hashes: Hashes
    counts: Counts
    texts: pl.LazyFrame
    known: Known

    def select(self, more_than: int, limit: int) -> tuple[pl.DataFrame, pl.Series]:
        """See :meth:`Tally.select`; one scan finds both, unless all are known."""
        heavy = self.counts > more_than
        found, tied = self._known_heavy(heavy), self._known_tied(more_than, limit)
        return self._look_up(heavy, more_than, limit) if found is None or tied is None else (found, tied)

    def _known_heavy(self, heavy: Any) -> pl.DataFrame | None:
        texts = [self.known.frequent.get(key) for key in self.hashes[heavy].tolist()]
        if any(text is None for text in texts):
            return None
        return pl.DataFrame({VALUE: pl.Series(texts, dtype=pl.String), COUNT: self.counts[heavy]})

    def _known_tied(self, count: int, limit: int) -> pl.Series | None:
        """The smallest texts that occur so often, if enough of them are among the smallest of all."""
        smallest = self.known.smallest
        at = np.searchsorted(self.hashes, hashed(smallest).to_numpy())
        tied = smallest.filter(pl.Series(self.counts[at] == count, dtype=pl.Boolean))
        return tied.head(limit) if self.known.is_complete or len(tied) >= limit else None

    def _look_up(self, heavy: Any, more_than: int, limit: int) -> tuple[pl.DataFrame, pl.Series]:
        keys = pl.DataFrame({"h": self.hashes[heavy], COUNT: self.counts[heavy]})
        texts = self.texts.drop_nulls().with_columns(pl.col(VALUE).hash(seed=SEED).alias("h"))
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


def count_values(frame: pl.LazyFrame, distinct: int) -> Tally:
    """Count the values of ``frame``'s one column :data:`VALUE`.

    :param distinct: about how many distinct values there are; it decides the way, not the result.
    """
    if distinct <= FEW:
        return _count_few(frame)
    if frame.collect_schema()[VALUE] == pl.String():
        return _count_texts(frame)
    values = collected(frame.drop_nulls()).sort()
    starts = (values != values.shift(1)).fill_null(True).arg_true()
    return SortedTally(values.gather(starts), np.diff(starts.to_numpy().astype(np.int64), append=len(values)))


def _count_few(frame: pl.LazyFrame) -> SortedTally:
    grouped = frame.drop_nulls().group_by(VALUE).agg(pl.len().alias(COUNT)).collect(engine="streaming").sort(VALUE)
    return SortedTally(grouped[VALUE], grouped[COUNT].to_numpy().astype(np.int64))


def _count_texts(frame: pl.LazyFrame) -> HashedTally:
    present = frame.drop_nulls()
    hashes, counts, known = count_hashes(lambda: (part[VALUE] for part in batches_of(present)))
    return HashedTally(hashes, counts, frame, known)


def batches_of(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows of ``frame``, a row group at a time; read ahead while one is worked on."""
    return iter(frame.collect_batches(engine="streaming", maintain_order=False))


def count_numbers(frame: pl.LazyFrame, rows: int) -> SortedTally:
    """Count the values of ``frame``'s one column :data:`VALUE` by sorting them.

    :param frame: of numbers or moments that NumPy has a type for; some 30 bytes are needed for each.
    :param rows: how many rows there are.
    """
    dtype = frame.collect_schema()[VALUE]
    physical = frame.select(pl.col(VALUE).to_physical())
    kind = pl.Series([], dtype=physical.collect_schema()[VALUE]).to_numpy().dtype
    values, number = np.empty(rows, kind), 0
    for part in batches_of(physical):
        present = part[VALUE].drop_nulls()
        values[number : number + len(present)] = present.to_numpy()
        number += len(present)
    values = values[:number]
    values.sort()
    distinct, counts = runs(values)
    return SortedTally(pl.Series(distinct).cast(dtype), counts)


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
    least = _least_shown(counts, limit)
    heavy, tied = tally.select(least, limit)
    heavy = heavy.sort([COUNT, VALUE], descending=[True, False])
    tied = tied.head(limit - heavy.height) if least else tied.clear()
    values = pl.concat([heavy[VALUE], tied.rename(VALUE)])
    numbers = heavy[COUNT].to_list() + [least] * len(tied)
    return Ranking(values, numbers, _modes(tally, values, numbers))


def _least_shown(counts: Counts, limit: int) -> int:
    """The ``limit``-th highest count; 0 where there are no more."""
    if len(counts) <= limit:
        return 0
    repeated = counts[counts > 1]  # where most values differ that leaves little to put in order
    return 1 if len(repeated) < limit else int(np.partition(repeated, -limit)[-limit])


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
