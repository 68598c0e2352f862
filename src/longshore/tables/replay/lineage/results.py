"""What is told of a cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from longshore.tables.core.origin import Unit

What = Literal["changed", "renamed", "copied", "moved", "rowAdded", "columnMade", "unknown"]
"""What a step did to a cell: changed its value (or its type), renamed its column, made this copy of it, gave its
row another number, made its row or its column; or nobody can tell."""


@dataclass(frozen=True)
class Place:
    """A cell at one moment.

    :param value: as JSON has it, as in a page of the table.
    :param kind: of the column.
    """

    value: Any
    kind: str
    column: str
    row: int

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {"value": self.value, "dataType": self.kind, "column": self.column, "rowIndex": self.row}


@dataclass(frozen=True)
class Original:
    """A cell as it was imported.

    :param line: number, from 1, of the line (record, sheet row) in the file; None where it is not known.
    :param unit: what ``line`` counts; None where nothing is known of the file.
    """

    place: Place
    line: int | None
    unit: Unit | None

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.place.to_wire(), "line": self.line, "unit": self.unit}


@dataclass(frozen=True)
class StepOfCell:
    """A step that did something to a cell.

    :param number: the version that it made; of a step that was done again without a dropped one, the first such.
    :param before: None for a step that made the cell, or when nobody can tell.
    :param reads: for a column that was computed: the cells of the same row that it was computed from.
    :param note: why the cell cannot be followed further back.
    """

    number: int
    operation: str
    sentence: str
    what: tuple[What, ...]
    before: Place | None
    after: Place
    reads: tuple[Place, ...] = field(default=())
    note: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        wire: dict[str, Any] = {
            "version": self.number,
            "operation": self.operation,
            "sentence": self.sentence,
            "what": list(self.what),
            "before": self.before.to_wire() if self.before is not None else None,
            "after": self.after.to_wire(),
        }
        if self.reads:
            wire["reads"] = [place.to_wire() for place in self.reads]
        return wire if self.note is None else wire | {"note": self.note}


@dataclass(frozen=True)
class Explanation:
    """Everything that led to a cell, oldest step first.

    :param original: None when a step made the cell's row or its column, or nobody can tell: the first of ``steps``.
    """

    now: Place
    original: Original | None
    steps: tuple[StepOfCell, ...]

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **self.now.to_wire(),
            "original": self.original.to_wire() if self.original is not None else None,
            "steps": [step.to_wire() for step in self.steps],
        }
