"""One reading under way: its inputs, its scratch folder, and what it has to tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.results import Progress, ReadWarning, SheetTop

BLOCK_BYTES = 8 << 20
"""Bytes of a text file that are parsed at a time: large enough for Polars, small enough for the memory of a worker."""
_REPORT_SECONDS = 0.1


@dataclass
class Reading:
    """What every reader of a format gets, and where it leaves warnings and settings.

    :param scratch: where temporary files and the new column files are written; what the table needs is moved out
        at the end, and the rest removed.
    :param size: of the file as it was sent, in bytes.
    :param unpacked_limit: bytes that compressed content may grow to.
    :param books: what became of every record, once the format's reader is done.
    :param replaced: places where U+FFFD stands for bytes that were no text.
    :param top: of the workbook, if it is one.
    """

    path: Path
    name: str
    scratch: Path
    options: ReadOptions
    progress: Progress | None
    unpacked_limit: int
    block_bytes: int = field(default_factory=lambda: BLOCK_BYTES)
    warnings: list[ReadWarning] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    books: ImportAudit = field(default_factory=ImportAudit)
    replaced: int = 0
    size: int = 0
    top: SheetTop | None = None
    _reported: float = 0.0

    def __post_init__(self) -> None:
        self.size = self.path.stat().st_size

    def warn(self, warning: ReadWarning) -> None:
        """Keep a warning for the result."""
        self.warnings.append(warning)

    def report(self, phase: str, done_bytes: int, total_bytes: int, rows: int) -> None:
        """Tell the progress, at most ten times a second; the end of a phase is always told."""
        if self.progress is None:
            return
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS or done_bytes >= total_bytes:
            self._reported = now
            self.progress(phase, min(done_bytes, total_bytes), total_bytes, rows)

    def reporter(self, phase: str) -> Callable[[int, int, int], None]:
        """:meth:`report` for one phase."""
        return lambda done, total, rows: self.report(phase, done, total, rows)
