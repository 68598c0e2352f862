"""Delimited texts as one table; a column tells of which file each row is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from longshore.errors import LongshoreError, shorten
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.archives import Member, base_name
from longshore.tables.reading.context import Reading
from longshore.tables.reading.delimited import DelimitedSource
from longshore.tables.reading.differing import appended_warnings, require_same
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import require_cells, require_columns
from longshore.tables.reading.results import ReadWarning, SheetTop
from longshore.tables.reading.scopes import ANYTHING, as_asked
from longshore.tables.reading.streams import copy
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

FILE_COLUMN = "file"
_PEEK_BYTES = 256 << 10
_SAMPLE_BYTES = 64 << 20
"""Of text in memory, from which the types are guessed."""
MAX_WARNINGS = 50


def peek_names(reading: Reading, members: Sequence[Member]) -> list[list[str] | None]:
    """The columns that the beginnings of some texts name; None where one cannot be read."""
    return [_peek(reading, member, number) for number, member in enumerate(members)]


def _peek(reading: Reading, member: Member, number: int) -> list[str] | None:
    target = reading.scratch / f"peek-{number}"
    with member.open() as file:
        target.write_bytes(file.read(_PEEK_BYTES))
    part = part_of(reading, target, member.name, reading.scratch / f"peeking-{number}")
    try:
        return read_as_utf8(part, lambda path: DelimitedSource.open(part, path).names)
    except LongshoreError:
        return None
    finally:
        target.unlink()


def read_appended(reading: Reading, members: Sequence[Member]) -> tuple[Table, list[ReadWarning]]:
    """Read delimited texts as one table, below each other, with a first column of their names.

    :raises DifferentColumns: if their columns are not the same after all, unless they may differ.
    :raises UnreadableFile: if one of them is no such text.
    :raises TooLarge: over the reading's limits.
    """
    together = _Together(reading)
    unpacked = 0
    for number, member in enumerate(members):
        target = reading.scratch / f"member-{number}"
        with member.open() as file:
            unpacked = copy(reading, file, target, unpacked)
        together.add(target, member.name)
    listed = [member.name for member in members]
    reading.top = SheetTop(listed)
    reading.books = together.books
    reading.settings.update(
        format="delimited",
        files=listed,
        header=together.parts[0][1].has_header,
        skip=reading.options.initial_skip,
    )
    for warning in together.told():
        reading.warn(warning)
    columns = names.make_unique([FILE_COLUMN, *together.names])
    require_columns(len(columns))
    scopes = as_asked(reading.options.types, columns, [(), *([ANYTHING] * len(together.names))])
    preferred = reading.options.preferred
    return write_typed(together, reading.scratch, columns, scopes, preferred, reading.settings)


def part_of(reading: Reading, path: Path, name: str, scratch: Path) -> Reading:
    """The reading of one of the files, which keeps its warnings and settings to itself."""
    scratch.mkdir()
    part = replace(
        reading,
        path=path,
        name=base_name(name),
        scratch=scratch,
        progress=None,
        warnings=[],
        settings={"format": "delimited"},
        books=ImportAudit(),
        replaced=0,
    )
    part.size = reading.size  # against which limits are measured
    return part


@dataclass
class _Together:
    """Several texts as batches of text, see :class:`longshore.tables.reading.typed.TextSource`."""

    reading: Reading
    books: ImportAudit = field(default_factory=lambda: ImportAudit(Ledger("line")))
    names: list[str] = field(default_factory=list)
    parts: list[tuple[str, DelimitedSource]] = field(default_factory=list)
    warnings: list[ReadWarning] = field(default_factory=list)

    def add(self, path: Path, name: str) -> None:
        """Take another text, which is gone through once: then its encoding is certain, and what is odd is known.

        :raises DifferentColumns: if its columns are not those of the others, unless they may differ.
        """
        part = part_of(self.reading, path, name, path.with_name(f"{path.name}-scratch"))
        source = read_as_utf8(part, lambda readable: self._gone_through(part, readable))
        if self.parts and self.reading.options.append != "all":
            first, before = self.parts[0]
            require_same([(first, before.names), (name, source.names)])
        known = set(self.names)
        self.names += [column for column in source.names if column not in known]
        self.parts.append((name, source))
        self.books.extend(source.books, name)
        odd = (*part.warnings, *source.notes, *source.odd.warnings(), *source.unclosed_warnings())
        self.warnings += [replace(each, message=f"{shorten(name, 60)}: {each.message}") for each in odd]

    def _gone_through(self, part: Reading, path: Path) -> DelimitedSource:
        source = DelimitedSource.open(part, path)
        rows = self.books.ledger.rows
        for frame in source.frames():
            rows += frame.height
            require_cells(self.reading, rows, frame.width + 1)
            self.reading.report("survey", rows, rows + 1, rows)
        source.close_books()
        return source

    def told(self) -> Iterator[ReadWarning]:
        """What was done, and what was odd about the texts."""
        files = [(name, source.names) for name, source in self.parts]
        return appended_warnings(files, FILE_COLUMN, self.warnings, MAX_WARNINGS)

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        rows, total = 0, self.books.ledger.rows
        for name, source in self.parts:
            for frame in source.frames():
                rows += frame.height
                self.reading.report("read", rows, total, rows)
                yield self._named(frame, name, source)

    def _named(self, frame: pl.DataFrame, name: str, source: DelimitedSource) -> pl.DataFrame:
        """Columns in the order of the first text's, after that of the text's own name."""
        places = {column: f"c{index}" for index, column in enumerate(source.names)}
        wanted = [
            (pl.col(places[column]) if column in places else pl.lit(None, pl.String)).alias(f"c{index}")
            for index, column in enumerate(self.names, start=1)
        ]
        return frame.select(pl.lit(name, pl.String).alias("c0"), *wanted)

    def sample(self) -> Sample:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        certain, doubtful, complete, size = [], [], True, 0
        for name, source in self.parts:
            if size > _SAMPLE_BYTES:
                complete = False
                break
            sample = source.sample()
            complete &= sample.complete
            rows = self._named(sample.rows, name, source)
            size += int(rows.estimated_size())
            certain.append(rows.head(sample.certain))
            doubtful.append(rows.slice(sample.certain))
        return Sample(pl.concat([*certain, *doubtful]), complete, sum(each.height for each in certain))

    def may_mislead(self) -> bool:
        """See :class:`longshore.tables.reading.typed.TextSource`."""
        return any(source.may_mislead() for _, source in self.parts)
