"""SQLite databases: one table of them, exactly as it stands there.

The file is opened as one that nobody changes. Only tables that hold their rows themselves are read: views, triggers and
virtual tables are never run. SQLite has types per value, so a column of values of one sort has their type, texts become
dates where all of them are, and a column of several sorts is text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from longshore.errors import UnreadableFile
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.choosing import choose, listed
from longshore.tables.reading.context import Reading
from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.limits import require_cells, require_columns, require_unpacked
from longshore.tables.reading.plans import Numbers, Plan
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.scopes import CALENDAR, NUMBERS
from longshore.tables.reading.typed import SpooledTexts, sink_frames, write_typed

_BATCH_ROWS, _BATCH_CELLS = 20_000, 200_000
_BATCH_BYTES, _FEW_ROWS = 32 << 20, 16
_MAX_VALUE = 16 << 20
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_SCOPES: dict[frozenset[type], tuple[Plan, ...]] = {
    frozenset({int}): NUMBERS[:2],
    frozenset({float}): (Numbers(),),
    frozenset({int, float}): (Numbers(),),
    frozenset({str}): CALENDAR,
}
_WAL = 2


def read_sqlite(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read a table of an SQLite database, the one with the most values unless the options name another.

    :raises UnreadableFile: if the file is damaged or has no table.
    :raises InvalidRequest: if there is no such table.
    :raises TooLarge: beyond the limits of columns and cells.
    """
    with _opened(reading.path) as connection:
        columns = {table: _columns(connection, table) for table in _tables(connection)}
        if not columns:
            raise UnreadableFile("the SQLite database has no table that holds rows; views are not read")
        counts = [_count(connection, table) * len(found) for table, found in columns.items()]
        tables = list(columns)
        table = tables[choose(reading, tables, counts, "the SQLite database")]
        require_columns(len(columns[table]))
        content = _Content(reading, connection, table, columns[table])
        spooled = reading.scratch / "rows.parquet"
        sink_frames(content.frames, content.schema, spooled)
    _tell(reading, content)
    unique = names.make_unique(columns[table])
    scopes = [_SCOPES.get(frozenset(kinds), ()) for kinds in content.kinds]
    source, preferred = SpooledTexts(spooled, len(unique)), reading.options.preferred
    written, warnings = write_typed(source, reading.scratch, unique, scopes, preferred, reading.settings)
    reading.books = ImportAudit.of_rows(written.rows, "row")
    return written, warnings


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can do nothing but read what stands in the file."""
    try:
        # Immutable: no journal beside it is looked for, and nothing is locked or written.
        address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        # The engine asks for the rows from a thread of its own, while this one waits.
        opened = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        with closing(opened) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "mmap_size = 0"):
                connection.execute(f"PRAGMA {pragma}")
            yield connection
    except sqlite3.DataError as error:
        raise UnreadableFile(f"the SQLite database has a value of more than {_MAX_VALUE:,} bytes") from error
    except sqlite3.Error as error:
        raise UnreadableFile("the SQLite database is damaged, or of a version that is not supported") from error


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables with rows of their own; a virtual one has none, whatever its record says."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY rowid")
    kinds = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')"
    )
    own = {str(name) for (name,) in kinds.fetchall()}
    tables = [str(name) for (name,) in found.fetchall()]
    return [name for name in tables if name in own and not name.lower().startswith("sqlite_")]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    found = connection.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
    return [str(name) for name, hidden in found if hidden != 1]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


class _Content:
    """The rows of a table as text, with the sorts of values that each column has."""

    def __init__(self, reading: Reading, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
        self.reading = reading
        self.connection = connection
        self.table = table
        self.columns = columns
        self.kinds: list[set[type]] = [set() for _ in columns]
        self.schema = pl.Schema((f"c{index}", pl.String()) for index in range(len(columns)))
        self.replaced = self.size = 0

    def frames(self) -> Iterator[pl.DataFrame]:
        """Batches in the order of the file."""
        self.connection.set_authorizer(_authorize)
        self.connection.text_factory = self._decoded
        wanted = ", ".join(map(_quoted, self.columns))
        cursor = self.connection.execute(f"SELECT {wanted} FROM {_quoted(self.table)}")  # noqa: S608
        width, rows = len(self.columns), 0
        while batch := self._batch(cursor, max(1, min(_BATCH_ROWS, _BATCH_CELLS // width))):
            rows += len(batch)
            require_cells(self.reading, rows, width)
            self.reading.report("read", rows, rows + 1, rows)
            cells = zip(zip(*batch, strict=True), self.kinds, strict=True)
            yield pl.DataFrame([_texts(values, kinds) for values, kinds in cells], schema=self.schema)

    def _batch(self, cursor: sqlite3.Cursor, rows: int) -> list[tuple[Any, ...]]:
        """The next rows, fewer where they are long: a small file can make up long values."""
        batch: list[tuple[Any, ...]] = []
        size = 0
        while len(batch) < rows and size < _BATCH_BYTES and (some := cursor.fetchmany(_FEW_ROWS)):
            batch += some
            size += sum(len(value) for row in some for value in row if isinstance(value, str | bytes))
        self.size += size
        require_unpacked(self.reading, self.size)
        return batch

    def _decoded(self, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            self.replaced += 1
            return value.decode("utf-8", "replace")


def _texts(values: Sequence[Any], kinds: set[type]) -> pl.Series:
    """Some values of a column as text: numbers as they read back, bytes in hexadecimal."""
    found = set(map(type, values)) - {type(None)}
    kinds |= found
    match [*found]:
        case []:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
        case [only] if only is str:
            return pl.Series(values, dtype=pl.String)
        case [only] if only is int:
            return pl.Series(values, dtype=pl.Int64).cast(pl.String)
        case [only] if only is float:
            return pl.Series(values, dtype=pl.Float64).cast(pl.String)
    return pl.Series([_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.hex() if isinstance(value, bytes) else repr(value)


def _tell(reading: Reading, content: _Content) -> None:
    """What is not as one would think."""
    blobs = [name for name, kinds in zip(content.columns, content.kinds, strict=True) if bytes in kinds]
    if blobs:
        has = plural(len(blobs), "column holds", "columns hold")
        message = f"{has} bytes that are no text, which were written in hexadecimal: {listed(blobs)}"
        reading.warn(ReadWarning("BytesAsText", message, len(blobs)))
    if content.replaced:
        has = plural(content.replaced, "text has", "texts have")
        message = f"{has} bytes that are not valid UTF-8; a replacement character (U+FFFD) stands there"
        reading.warn(ReadWarning("InvalidBytes", message, content.replaced))
    with reading.path.open("rb") as file:
        mode = file.read(20)[18:]
    if _WAL in mode:
        message = (
            "the database keeps what is new in a file beside it (-wal), which was not sent; that is not in the table"
        )
        reading.warn(ReadWarning("WithoutJournal", message))
