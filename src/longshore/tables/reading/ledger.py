"""The books of a reading: what became of every record of the file, where its rows stood, and what was set aside.

Every record is one of: skipped before the header, the header, blank, a row, or set aside as no row. A row was read
whole, mended (read whole after a repair), filled or cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from longshore.tables.core.origin import Draw, Origin, Unit
from longshore.tables.core.table import PARQUET, new_file_name, placing
from longshore.tables.reading.quarantine import FIELDS
from longshore.tables.reading.quotes import Positions

MAX_RECORDS = 100_000
"""Records that are kept with their text; those beyond are only counted."""
MAX_BYTES = 16 << 20
"""Bytes of text that are kept in all."""
RAW_LIMIT = 2_000
"""Characters of a record's text that are kept."""
MAX_ANCHORS = 1_000_000
"""Places at which the distance of row and line changes; rows beyond the last one have no line."""
_RAW_BYTES = RAW_LIMIT * 4


@dataclass
class Ledger:
    """Counts of what became of a file's records; with ``continued`` they add up to its ``lines``.

    :param lines: physical lines of a text; records of a JSON document; rows of a sheet or of a typed file.
    :param skipped: lines before the header that were to be skipped.
    :param blank: lines on which nothing stands, wherever they are.
    :param rows: records that are rows of the table, before any sampling; among them those ``filled``, ``cut``
        and ``mended``.
    :param set_aside: records that are no rows.
    :param continued: lines that go on with a record that began on an earlier one.
    """

    unit: Unit = "row"
    lines: int = 0
    skipped: int = 0
    header: int = 0
    blank: int = 0
    rows: int = 0
    filled: int = 0
    cut: int = 0
    mended: int = 0
    set_aside: int = 0
    continued: int = 0

    @property
    def odd(self) -> int:
        """Records that were not read whole without repair."""
        return self.filled + self.cut + self.mended + self.set_aside

    def to_wire(self, kept: int) -> dict[str, str | int]:
        """As JSON, with how many records were kept with their text."""
        return {
            "unit": self.unit,
            "lines": self.lines,
            "skipped": self.skipped,
            "header": self.header,
            "blank": self.blank,
            "rows": self.rows,
            "filled": self.filled,
            "cut": self.cut,
            "mended": self.mended,
            "setAside": self.set_aside,
            "continued": self.continued,
            "kept": kept,
        }


class Rejected(NamedTuple):
    """A record that was not read whole.

    :param line: its number, from 1, in the file; of a record over several lines the first.
    :param row: its number in the table, None if it became no row.
    :param code: for programs, ``reason`` for people.
    :param raw: its text, at most :data:`RAW_LIMIT` characters, without the line end.
    :param cut: whether the text was longer.
    """

    line: int
    row: int | None
    code: str
    reason: str
    raw: str
    cut: bool


@dataclass
class Asides:
    """The records that were not read whole, as many as there is room for."""

    records: list[Rejected] = field(default_factory=list)
    size: int = 0

    @property
    def room(self) -> int:
        """How many more may be kept."""
        return MAX_RECORDS - len(self.records) if self.size < MAX_BYTES else 0

    def add(self, line: int, row: int | None, code: str, reason: str, raw: bytes, is_cut: bool = False) -> None:
        """Keep a record, unless there is no room; ``is_cut`` says that its text was longer."""
        if not self.room:
            return
        kept = raw[:_RAW_BYTES]
        text = kept.decode("utf-8", "replace").rstrip("\r\n")
        cut = is_cut or len(raw) > _RAW_BYTES or len(text) > RAW_LIMIT
        self.size += len(kept)
        self.records.append(Rejected(line, row, code, reason, text[:RAW_LIMIT], cut))

    def write(self, folder: Path, draw: Draw | None) -> str | None:
        """Write the records to a new file in ``folder``, rows numbered as the sample has them; None without any."""
        if not self.records:
            return None
        columns: dict[str, Sequence[Any]] = dict(zip(FIELDS, zip(*self.records, strict=True), strict=True))
        if draw is not None:
            columns["row"] = draw.places(columns["row"])
        return _write(pl.DataFrame(columns, schema=FIELDS).sort("line", maintain_order=True), folder)


@dataclass
class LineMap:
    """From rows to lines: only where their distance changes is it written down."""

    rows: list[Positions] = field(default_factory=list)
    lines: list[Positions] = field(default_factory=list)
    count: int = 0
    distance: int | None = None
    known_rows: int | None = None

    def run(self, row: int, line: int) -> None:
        """Rows from ``row`` on stand on lines from ``line`` on, one on each."""
        self.add(row, np.array([line], np.int64))

    def add(self, row: int, lines: Positions) -> None:
        """Rows from ``row`` on stand on ``lines``."""
        if not lines.size or self.known_rows is not None:
            return
        numbers = np.arange(row, row + lines.size, dtype=np.int64)
        distances = lines - numbers
        before = distances[0] - 1 if self.distance is None else self.distance
        turns = np.flatnonzero(np.diff(distances, prepend=before))
        if self.count + turns.size > MAX_ANCHORS:
            self.known_rows = row
            return
        self.distance = int(distances[-1])
        if turns.size:
            self.rows.append(numbers[turns])
            self.lines.append(lines[turns])
            self.count += turns.size

    def extend(self, other: LineMap, row: int) -> None:
        """Rows from ``row`` on stand where those of ``other`` do, in another file: the lines are those of that one."""
        if other.known_rows is not None and self.known_rows is None:
            self.known_rows = row + other.known_rows
        elif self.known_rows is None and self.count + other.count > MAX_ANCHORS:
            self.known_rows = row
        if other.count and (self.known_rows is None or self.known_rows > row):
            self.rows += [rows + row for rows in other.rows]
            self.lines += other.lines
            self.count += other.count
            self.distance = int(self.lines[-1][-1] - self.rows[-1][-1])

    @property
    def first_line(self) -> int | None:
        """The line of the first row."""
        return int(self.lines[0][0]) if self.lines else None

    def write(self, folder: Path) -> str | None:
        """Write the anchors to a new file in ``folder``; None where one distance holds for all rows."""
        if self.count < 2:
            return None
        return _write(pl.DataFrame({"row": np.concatenate(self.rows), "line": np.concatenate(self.lines)}), folder)


@dataclass
class ImportAudit:
    """All that a reader of a format writes down about a file."""

    ledger: Ledger = field(default_factory=Ledger)
    asides: Asides = field(default_factory=Asides)
    lines: LineMap = field(default_factory=LineMap)

    def close(self, folder: Path, draw: Draw | None) -> Origin:
        """Write what must be kept into ``folder``.

        :param draw: how the rows of the table were drawn from those of the file.
        """
        return Origin(
            unit=self.ledger.unit,
            first_line=self.lines.first_line,
            lines_file=self.lines.write(folder),
            known_rows=self.lines.known_rows,
            aside_file=self.asides.write(folder, draw),
            draw=draw,
        )

    def extend(self, other: ImportAudit, name: str) -> None:
        """Below these books those of another file, called ``name``, whose lines keep their numbers."""
        row, ledger = self.ledger.rows, self.ledger
        self.lines.extend(other.lines, row)
        for record in other.asides.records:
            place = None if record.row is None else row + record.row
            reason = f"in {name}: {record.reason}"
            self.asides.add(record.line, place, record.code, reason, record.raw.encode(), record.cut)
        for count in fields(Ledger):
            if count.name != "unit":
                setattr(ledger, count.name, getattr(ledger, count.name) + getattr(other.ledger, count.name))

    @classmethod
    def of_rows(cls, rows: int, unit: Unit) -> ImportAudit:
        """Of a file that consists of its rows."""
        books = cls(Ledger(unit=unit, lines=rows, rows=rows))
        if rows:
            books.lines.run(0, 1)
        return books


def _write(frame: pl.DataFrame, folder: Path) -> str:
    file = new_file_name()
    with placing(folder / file) as partial:
        frame.lazy().sink_parquet(partial, **PARQUET)
    return file
