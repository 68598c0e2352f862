"""What a reading gives back: the table, what was strange about the file, and the settings that were used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from longshore.tables.core.table import Table
from longshore.tables.reading.ledger import Ledger
from longshore.tables.reading.quarantine import set_aside

EXAMPLES = 10
"""How many offending lines of each sort a warning shows."""
CONTENT_LIMIT = 200
"""Characters of an offending line that a warning shows."""

Progress = Callable[[str, int, int, int], None]
"""Called with the phase's name, the bytes done, the bytes in all and the rows done."""


@dataclass(frozen=True)
class ReadWarning:
    """Something that the reader did to the file and that its owner should know.

    :param code: a word for programs, such as ``ShortLines``.
    :param message: a sentence for a person.
    :param count: how many times it happened.
    :param examples: the first few, such as ``{"line": 17, "content": "a;b", "fields": 2}``.
    :param column: the name of the column concerned.
    """

    code: str
    message: str
    count: int | None = None
    examples: list[dict[str, Any]] = field(default_factory=list)
    column: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """As JSON; what does not apply is left out."""
        wire: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.count is not None:
            wire["count"] = self.count
        if self.examples:
            wire["examples"] = self.examples
        if self.column is not None:
            wire["column"] = self.column
        return wire


@dataclass(frozen=True)
class SheetTop:
    """What a look at a workbook needs to know besides.

    :param sheets: the names of all sheets, in their order.
    """

    sheets: list[str]


@dataclass(frozen=True)
class ReadResult:
    """A file that was read.

    :param settings: what was used (format, encoding, delimiter, quote, header, skip, seed, sheet ...).
    :param source_rows: rows of the file, before any sampling.
    :param ledger: what became of every line, see ``docs/reading.md``; also under ``ledger`` of the settings.
    :param top: of a workbook.
    """

    table: Table
    warnings: list[ReadWarning]
    settings: dict[str, Any]
    source_rows: int
    ledger: Ledger
    top: SheetTop | None = None

    @property
    def set_aside(self) -> Table | None:
        """The records that were not read whole, with the columns of
        :class:`longshore.tables.reading.ledger.Rejected`; None without any."""
        return set_aside(self.table)


def cut(content: bytes | str) -> str:
    """A line as a warning shows it: at most :data:`CONTENT_LIMIT` characters, without its line end."""
    text = content[: CONTENT_LIMIT * 4].decode("utf-8", "replace") if isinstance(content, bytes) else content
    text = text.rstrip("\r\n")
    return text if len(text) <= CONTENT_LIMIT else text[: CONTENT_LIMIT - 1] + "…"


def plural(count: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> plural(1, "line", "lines"), plural(2500, "line", "lines")
    ('1 line', '2,500 lines')
    """
    return f"{count:,} {one if count == 1 else many}"
