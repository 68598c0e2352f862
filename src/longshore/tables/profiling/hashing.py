"""Counting texts by their 64-bit hashes, batch by batch, in memory that is bounded by the hashes alone.

A batch is sorted on its own first: most repetitions end there, and so one hash a batch and distinct text remains. What
remains is sorted together at the end, 0.1 s for ten million where grouping them takes four. Where there are more
hashes than :data:`HASHES_AT_ONCE`, a share of them is counted in each of several scans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

HASHES_AT_ONCE = 12_000_000
"""So many hashes are kept for sorting (three times 8 bytes each); more are taken in several scans, by ranges."""
KNOWN_FREQUENT = 2_000
"""So many texts that stood often in a batch are remembered, so that the most frequent need not be looked up."""
KNOWN_SMALLEST = 1_000
"""So many of the smallest texts are remembered: of ten million that occur once only the smallest are shown."""
FREQUENT_IN_BATCH = 64
MAX_BITS = 12
SEED = 7

Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]
Counts = np.ndarray[tuple[int], np.dtype[np.int32 | np.int64]]
Scan = Callable[[], Iterable[pl.Series]]
"""Starts a scan that gives the texts, none of them missing, batch by batch."""


def hashed(texts: pl.Series) -> pl.Series:
    """``uint64``; two of ten million texts share a hash with a chance of 3 in a million."""
    return texts.hash(seed=SEED)


def runs(ordered: Any) -> tuple[Any, Counts]:
    """The distinct ones of ascending values, and how often each occurs.

    >>> [part.tolist() for part in runs(np.array([3, 3, 5]))]
    [[3, 5], [2, 1]]
    """
    if not len(ordered):
        return ordered, np.zeros(0, np.int32)
    kind: type[np.int32 | np.int64] = np.int32 if len(ordered) < 2**31 else np.int64
    is_first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    if is_first.all():
        return ordered, np.ones(len(ordered), kind)
    distinct, starts = ordered[is_first], np.flatnonzero(is_first)
    counts: Counts = np.full(len(starts), len(ordered) - starts[-1], kind)
    np.subtract(starts[1:], starts[:-1], out=counts[:-1], casting="same_kind")
    return distinct, counts


@dataclass
class Known:
    """Texts that are remembered while hashes are counted.

    :param frequent: texts by hash.
    :param smallest: distinct, ascending.
    :param is_complete: whether ``smallest`` are all there are.
    """

    frequent: dict[int, str] = field(default_factory=dict)
    smallest: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    is_complete: bool = True

    def add(self, texts: pl.Series, hashes: pl.Series, often: Hashes) -> None:
        """Take in a batch.

        :param often: the hashes that are frequent in it.
        """
        if len(self.frequent) < KNOWN_FREQUENT:
            self._remember(texts, hashes, [key for key in often.tolist() if key not in self.frequent])
        small = texts if self.is_complete else texts.filter(texts < self.smallest[-1])
        if len(small):
            merged = pl.concat([self.smallest, small.rename(self.smallest.name)]).unique().sort()
            self.is_complete = self.is_complete and len(merged) <= KNOWN_SMALLEST
            self.smallest = merged.head(KNOWN_SMALLEST)

    def _remember(self, texts: pl.Series, hashes: pl.Series, keys: list[int]) -> None:
        if keys:
            found = hashes.is_in(pl.Series(keys, dtype=pl.UInt64).implode())
            self.frequent.update(zip(hashes.filter(found).to_list(), texts.filter(found).to_list(), strict=True))


class _Share:
    """The hashes of one scan: those that begin with certain bits."""

    def __init__(self, part: int, bits: int) -> None:
        self.part = part
        self.bits = bits
        self._once: list[Hashes] = []
        self._number = 0
        self._more: list[tuple[Hashes, Counts]] = []

    def add(self, distinct: Hashes, counts: Counts) -> None:
        """Take in the distinct hashes of a batch, and how often each occurs in it."""
        if self.bits:
            inside = self._inside(distinct)
            distinct, counts = distinct[inside], counts[inside]
        self._keep(distinct, counts)
        while self._number > HASHES_AT_ONCE and self.part == 0 and self.bits < MAX_BITS:
            self._keep(*self._taken())
            if self._number > HASHES_AT_ONCE // 2:
                self._halve()

    def _keep(self, distinct: Hashes, counts: Counts) -> None:
        repeated = counts > 1
        if repeated.any():
            self._more.append((distinct[repeated], counts[repeated] - 1))
        self._once.append(distinct)
        self._number += len(distinct)

    def _halve(self) -> None:
        self.bits += 1
        self._once = [hashes[self._inside(hashes)] for hashes in self._once]
        self._number = sum(map(len, self._once))
        inside = [self._inside(hashes) for hashes, _ in self._more]
        self._more = [(hashes[i], counts[i]) for (hashes, counts), i in zip(self._more, inside, strict=True)]

    def _inside(self, hashes: Hashes) -> Any:
        return hashes >> np.uint64(64 - self.bits) == self.part

    def _taken(self) -> tuple[Hashes, Counts]:
        """What was taken in, ascending; nothing is left."""
        kept = np.concatenate([*self._once, np.zeros(0, np.uint64)])
        self._once, self._number = [], 0
        kept.sort()
        distinct, counts = runs(kept)
        if self._more:
            repeated = np.concatenate([hashes for hashes, _ in self._more])
            times = np.concatenate([times for _, times in self._more])
            self._more = []
            order = np.argsort(repeated)
            repeated, lengths = runs(repeated[order])
            sums = np.add.reduceat(times[order], np.cumsum(lengths) - lengths)
            counts[np.searchsorted(distinct, repeated)] += sums.astype(counts.dtype)
        return distinct, counts

    def result(self) -> tuple[Hashes, Counts]:
        """The distinct hashes, ascending, with their counts."""
        return self._taken()


def count_hashes(scan: Scan) -> tuple[Hashes, Counts, Known]:
    """Count the texts of a scan; there are more scans where there are too many hashes for one.

    :return: the distinct hashes, ascending; how often each occurs; what was remembered.
    """
    known = Known()
    share = _Share(0, 0)
    for texts in scan():
        hashes = hashed(texts)
        distinct, counts = runs(np.sort(hashes.to_numpy()))
        known.add(texts, hashes, _often(distinct, counts))
        share.add(distinct, counts)
    bits, results = share.bits, [share.result()]
    for part in range(1, 2**bits):
        share = _Share(part, bits)
        for texts in scan():
            share.add(*runs(np.sort(hashed(texts).to_numpy())))
        results.append(share.result())
    return np.concatenate([r[0] for r in results]), np.concatenate([r[1] for r in results]), known


def _often(distinct: Hashes, counts: Counts) -> Hashes:
    repeated = np.flatnonzero(counts > 1)
    if len(repeated) > FREQUENT_IN_BATCH:
        repeated = repeated[np.argpartition(counts[repeated], -FREQUENT_IN_BATCH)[-FREQUENT_IN_BATCH:]]
    return distinct[repeated]
