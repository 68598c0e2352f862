"""Totals and notes in a table's last rows: they stay and are told, or are left out where their user says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Any

from longshore.tables.core.json_values import to_rows
from longshore.tables.core.table import Table
from longshore.tables.reading.results import ReadWarning, cut, plural

_MOST, _BESIDE = 10, 20
_FEWEST_ROWS, _PAIR = 3, 2
_COLUMNS = 200
_TOTAL = re.compile(
    r"(?:grand[ -]?|sub[ -]?)?totals?\b|sum(?:me|ma)?\b|(?:gesamt|insgesamt|zwischen)\w*|som(?:me|a)\b|suma\b|totaux\b"
    r"|average\b|mean\b|durchschnitt\b|moyenne\b|promedio\b",
    re.IGNORECASE,
)


def footer_warnings(table: Table) -> list[ReadWarning]:
    """What the last rows look like, if not like rows: totals, or notes in a single cell."""
    names = [column.name for column in table.columns[:_COLUMNS]]
    if len(names) < _PAIR or table.rows < _FEWEST_ROWS:
        return []
    shown = to_rows(table.scan(names).tail(_MOST + _BESIDE).collect())
    totals, notes = find_footers(shown)
    first = table.rows - len(shown)
    warnings = []
    for code, found, one, several in (
        ("TotalRows", totals, "looks like a total", "look like totals"),
        ("NoteRows", notes, "looks like a note", "look like notes"),
    ):
        if found:
            examples: list[dict[str, Any]] = [{"row": first + at, "content": cut(_text(shown[at]))} for at in found]
            does, were = (one, "it was") if len(found) == 1 else (several, "they were")
            message = (
                f"{plural(len(found), 'row', 'rows')} at the end {does}, such as {examples[0]['content'][:60]!r};"
                f" {were} kept, and can be left out"
            )
            warnings.append(ReadWarning(code, message, len(found), examples))
    return warnings


def find_footers(rows: Sequence[Sequence[object]]) -> tuple[list[int], list[int]]:
    """The numbers of totals and of notes at the end of some rows.

    A total has a word for it in its first cell that is filled, beside numbers. A note is a single cell, where the rows
    above have three at least.

    >>> find_footers([["a", 1, 2], ["b", 3, 4], ["c", 5, 6], ["Total", 9, 12], ["Source: us", None, None]])
    ([3], [4])
    """
    totals: list[int] = []
    notes: list[int] = []
    counts = [sum(cell is not None and cell != "" for cell in row) for row in rows]
    at = len(rows) - 1
    while at >= max(_PAIR, len(rows) - _MOST):
        filled = [cell for cell in rows[at] if cell is not None and cell != ""]
        if len(filled) > 1 and isinstance(filled[0], str) and _TOTAL.match(filled[0].strip()):
            totals.insert(0, at)
        elif len(filled) == 1 and isinstance(filled[0], str) and median(counts[max(0, at - _BESIDE) : at]) > _PAIR:
            notes.insert(0, at)
        elif filled:
            break
        at -= 1
    # A column of words such as "Average" is none of totals.
    above = [row[0] for row in rows[: at + 1] if isinstance(row[0], str)]
    return ([] if any(_TOTAL.match(cell.strip()) for cell in above) else totals), notes


def footer_begin(rows: Sequence[Sequence[object]]) -> int:
    """The number of the first of the totals and notes at the end of some rows; how many rows there are without any."""
    totals, notes = find_footers(rows)
    return min([*totals, *notes], default=len(rows))


def _text(row: Sequence[object]) -> str:
    return ", ".join(str(cell) for cell in row if cell is not None and cell != "")
