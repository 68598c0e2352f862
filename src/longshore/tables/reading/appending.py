"""Delimited texts of the same columns, from one archive, as one table; a column tells of which file each row is."""

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
from longshore.tables.reading.delimited import DelimitedSource, blank_after
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import require_cells, require_columns
from longshore.tables.reading.results import ReadWarning, SheetTop, plural
from longshore.tables.reading.scopes import ANYTHING, as_asked
from longshore.tables.reading.streams import copy
from longshore.tables.reading.typed import Sample, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

FILE_COLUMN = "file"
_PEEK_BYTES = 256 << 10
_SAMPLE_BYTES = 64 << 20
"""Of text in memory, from which the types are guessed."""
_MAX_WARNINGS = 50


def have_same_columns(reading: Reading, members: Sequence[Member]) -> bool:
    """Whether the beginnings of some texts name the same columns, in whatever order."""
    first: list[str] | None = None
    for number, member in enumerate(members):
        target = reading.scratch / f"peek-{number}"
        with member.open() as file:
            target.write_bytes(file.read(_PEEK_BYTES))
        part = _part_of(reading, target, member.name, reading.scratch / f"peeking-{number}")
        try:
            found = read_as_utf8(part, lambda path, part=part: DelimitedSource.open(part, path).names)  # type: ignore[misc]
        except LongshoreError:
            return False  # such as a text that is cut within a quote: it is no such table beyond doubt
        finally:
            target.unlink()
        if first is None:
            first = sorted(found)
        if sorted(found) != first:
            return False
    return True


def read_appended(reading: Reading, members: Sequence[Member]) -> tuple[Table, list[ReadWarning]] | None:
    """Read delimited texts as one table, below each other, with a first column of their names.

    :return: None if their columns are not the same after all.
    :raises UnreadableFile: if one of them is no such text.
    :raises TooLarge: over the reading's limits.
    """
    together = _Together(reading)
    unpacked = 0
    for number, member in enumerate(members):
        target = reading.scratch / f"member-{number}"
        with member.open() as file:
            unpacked = copy(reading, file, target, unpacked)
        if not together.add(target, member.name):
            return None
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


def _part_of(reading: Reading, path: Path, name: str, scratch: Path) -> Reading:
    """The reading of one of the texts, which keeps its warnings and settings to itself."""
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

    def add(self, path: Path, name: str) -> bool:
        """Take another text, which is gone through once: then its encoding is certain, and what is odd is known.

        :return: whether its columns are those of the others.
        """
        part = _part_of(self.reading, path, name, path.with_name(f"{path.name}-scratch"))
        source = read_as_utf8(part, lambda readable: self._gone_through(part, readable))
        self.names = self.names or source.names
        if sorted(source.names) != sorted(self.names):
            return False
        self.parts.append((name, source))
        self.books.extend(source.books, name)
        odd = (*part.warnings, *source.notes, *source.odd.warnings(), *source.unclosed_warnings())
        self.warnings += [replace(each, message=f"{shorten(name, 60)}: {each.message}") for each in odd]
        return True

    def _gone_through(self, part: Reading, path: Path) -> DelimitedSource:
        source = DelimitedSource.open(part, path)
        rows = self.books.ledger.rows
        for frame in source.frames():
            rows += frame.height
            require_cells(self.reading, rows, frame.width + 1)
            self.reading.report("survey", rows, rows + 1, rows)
        ledger, trailing = source.books.ledger, blank_after(path, source.records.end)
        ledger.blank += trailing
        ledger.lines += trailing
        return source

    def told(self) -> Iterator[ReadWarning]:
        """What was done, and what was odd about the texts."""
        has = plural(len(self.parts), "file", "files")
        message = (
            f"the {has} of the archive have the same columns and were put below each other; the column {FILE_COLUMN!r}"
            " says from which a row is. The option sheet reads one of them alone"
        )
        yield ReadWarning("AppendedFiles", message, len(self.parts))
        yield from self.warnings[:_MAX_WARNINGS]
        left = len(self.warnings) - _MAX_WARNINGS
        if left > 0:
            yield ReadWarning("MoreWarnings", f"{plural(left, 'warning', 'warnings')} more about the files", left)

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
        wanted = [pl.col(places[column]).alias(f"c{index}") for index, column in enumerate(self.names, start=1)]
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
