"""The row numbers of one view: the first thousand at once, all of them a little later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future

import numpy as np
import polars as pl

from longshore.tables.core.table import ROW_NUMBER
from longshore.tables.patterns import collecting
from longshore.tables.viewing.reading import Rows

HEAD_ROWS = 1_000
"""How many rows the first answer computes at most: the engine ends early or sorts only so many."""


class Order:
    """Computed once, however many ask at the same time; the others wait.

    :param query: makes the query for the row numbers, given how many of the table's rows are looked at and
        how many are wanted (None for all). It may itself compute something.
    :param tries: in how many of the table's rows the head is sought, one after the other until the page
        that is asked for has been found; the last is None, for all.
    :param keep: moves all row numbers to where they may stay (a mapped file) and returns them from there.
    :param executor: completes the view in the background.
    """

    def __init__(
        self,
        query: Callable[[int | None, int | None], pl.LazyFrame],
        tries: Sequence[int | None],
        keep: Callable[[Rows], Rows],
        executor: Executor,
    ) -> None:
        self._query = query
        self._tries = tries
        self._keep = keep
        self._executor = executor
        self._lock = threading.Lock()
        self._head: Rows | None = None
        self._all: Future[Rows] | None = None
        self.missing: dict[str, int] = {}
        """Missing values by column, as far as they have been asked for."""

    def slice(self, first: int, last: int) -> Rows:
        """The numbers of the rows at positions ``first`` to ``last`` (inclusive) of the view, clipped to it."""
        if last < HEAD_ROWS and not self._is_complete():
            head = self._require_head(last)
            if last < len(head):
                return head[first : last + 1]
        return self.all()[first : last + 1]

    def all(self) -> Rows:
        """The numbers of all rows of the view."""
        return self._completion().result()

    def _is_complete(self) -> bool:
        return self._all is not None and self._all.done()

    def complete(self) -> None:
        """See to it that the rest is computed, without waiting."""
        self._completion()

    def _require_head(self, last: int) -> Rows:
        with self._lock:
            if self._head is None:
                self._head = self._find_head(last)
            return self._head

    def _find_head(self, last: int) -> Rows:
        for rows in self._tries:
            head = _numbers(self._query(rows, HEAD_ROWS))
            if last < len(head):
                return head
        if len(head) < HEAD_ROWS:  # these are all
            self._all = Future()
            self._all.set_result(head)
        return head

    def _completion(self) -> Future[Rows]:
        """All row numbers, on their way; one that failed is tried again."""
        with self._lock:
            if self._all is None or (self._all.done() and self._all.exception() is not None):
                self._all = self._executor.submit(self._complete)
            return self._all

    def _complete(self) -> Rows:
        return self._keep(_numbers(self._query(None, None)))


def _numbers(query: pl.LazyFrame) -> Rows:
    return np.ascontiguousarray(collecting(query)[ROW_NUMBER].to_numpy())
