"""Statistics of columns that were asked for before."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

from longshore.tables.core import dtypes
from longshore.tables.core.table import Column, Table

NOMINAL_BYTES = 500
"""What an entry counts for beside its text."""

Key = tuple[str, str, str, str, int, str]


class StatisticsCache:
    """What :func:`~.columns.summarize` found of column files, for many threads; the least recently used goes first.

    A column file never changes, so an answer is kept by its folder, its name and the column inside it: renaming,
    moving, undo and redo find it again, and after a step only the columns that it wrote are counted. It is kept in
    memory as JSON, some 2 kB a column (at most some 100), so that whoever is given an answer may change it.

    :param limit_bytes: of all answers together; 0 keeps none.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._answers: OrderedDict[Key, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, table: Table, column: Column, view: str = "") -> dict[str, Any] | None:
        """What is kept of a column; None if nothing is.

        :param view: tells the rows of a view from those of another one; empty for all rows.
        """
        key = _key(table, column, view)
        with self._lock:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            text = self._answers[key]
        found: dict[str, Any] = json.loads(text)
        return found

    def put(self, table: Table, column: Column, found: dict[str, Any], view: str = "") -> None:
        """Keep what was found of a column."""
        key, text = _key(table, column, view), json.dumps(found)
        with self._lock:
            self._size_bytes -= _size(self._answers.pop(key, None))
            self._answers[key] = text
            self._size_bytes += _size(text)
            while self._size_bytes > self._limit_bytes:
                self._size_bytes -= _size(self._answers.popitem(last=False)[1])

    @property
    def size_bytes(self) -> int:
        """What the answers take together."""
        with self._lock:
            return self._size_bytes


def _key(table: Table, column: Column, view: str) -> Key:
    return str(table.folder), column.file, column.source, str(dtypes.encode(column.dtype)), table.rows, view


def _size(text: str | None) -> int:
    return NOMINAL_BYTES + len(text) if text is not None else 0  # JSON without anything but ASCII
