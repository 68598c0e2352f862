"""Zip files: what they are, and how far a workbook, which is one, may reach."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.core.portable import portable
from longshore.tables.reading.context import Reading
from longshore.tables.reading.limits import (
    FREE_SPAN_CELLS,
    MAX_BLANKS,
    MAX_CELL_BYTES,
    SPAN_PER_BYTE,
    require_unpacked,
)
from longshore.tables.reading.mending import Styles, Suspicion, date_styles, mendable, part_name
from longshore.tables.reading.prefetch import prefetch
from longshore.tables.reading.quotes import Bytes, Positions
from longshore.tables.reading.streams import CHUNK_BYTES

SHEET_CELLS = 60_000_000
"""Cells, empty ones included, that a sheet may span: about 2 GB in memory."""
_REFERENCE = b' r="'
_LETTERS, _DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
_MAX_LETTERS, _MAX_DIGITS = 3, 7
_QUOTE = 34
_MAX_REFERENCE = 16
_BLANKS = re.compile(rb"""text:c=["'](\d{1,20})["']""")
_MAX_BLANK = 40
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError)


def what_zip(path: Path) -> str:
    """What a zip file is: ``xlsx``, ``ods`` or a plain ``zip``.

    :raises UnreadableFile: if its directory is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {part_name(member) for member in archive.namelist()}
            if "[content_types].xml" in members and any(member.startswith("xl/") for member in members):
                return "xlsx"
            if "mimetype" in members and "content.xml" in members:
                return "ods"
    except (*BROKEN, ValueError) as error:
        raise UnreadableFile("the zip (or Excel) file is cut off or damaged; upload it again") from error
    return "zip"


def require_bounded(reading: Reading) -> list[str]:
    """Unpack a workbook for nothing but its size, before anything else reads it.

    :return: the parts in which something may stand that must be mended, see :mod:`longshore.tables.reading.mending`.
    :raises TooLarge: over the reading's limit.
    :raises UnreadableFile: if it is damaged.
    """
    unpacked = 0
    suspects: list[str] = []
    try:
        with zipfile.ZipFile(reading.path) as archive:
            styles: Styles | None = None
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise protected()
                sheet = part_name(member.filename).startswith("xl/worksheets/")
                if sheet and styles is None:
                    styles = date_styles(archive)
                with archive.open(member) as packed:
                    extent, suspicion = _Extent(), Suspicion(member.filename, styles if sheet else None)
                    texts = _Texts() if mendable(member.filename) in ("xml", "ods") else None
                    for chunk in prefetch(iter(partial(packed.read, CHUNK_BYTES), b"")):
                        unpacked += len(chunk)
                        require_unpacked(reading, unpacked)
                        if sheet:
                            extent.include(chunk)
                        if texts is not None:
                            texts.include(chunk)
                        suspicion.look(chunk)
                extent.require_filled()
                if suspicion.found:
                    suspects.append(member.filename)
    except BROKEN as error:
        raise UnreadableFile("the workbook is cut off or damaged; save and upload it again") from error
    return suspects


class _Texts:
    """How long the texts of a workbook's part become, which is gone through in pieces."""

    def __init__(self) -> None:
        self.run = 0
        self.blanks = 0
        self.rest = b""

    def include(self, chunk: bytes) -> None:
        """Look at the next piece of XML.

        :raises TooLarge: if a text is longer than that of a cell may be.
        """
        first = chunk.find(b"<")
        self.run += len(chunk) if first < 0 else first
        data = self.rest + chunk
        self.rest = chunk[-_MAX_BLANK:]
        if b"text:c=" in data:  # of .ods: <text:s text:c="2000"/> stands for as many blanks
            self.blanks += sum(int(count) for count in _BLANKS.findall(data))
        if self.run > MAX_CELL_BYTES or self.blanks > MAX_BLANKS:
            raise TooLarge(
                f"a cell of the workbook holds more than {MAX_CELL_BYTES:,} characters, or nothing but blanks; save"
                " the table as CSV or Parquet"
            )
        if first >= 0:
            self.run = len(chunk) - chunk.rfind(b"<")


def protected() -> UnreadableFile:
    """The sentence about a workbook that only its password opens."""
    return UnreadableFile("the workbook is protected by a password; save it without one and upload it again")


class _Extent:
    """How far a sheet of .xlsx reaches: calamine keeps every cell up to the last row and column, empty or not."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self.columns = 1
        self.rest = b""

    def include(self, chunk: bytes) -> None:
        """Look at the next piece of the sheet's XML.

        :raises TooLarge: if the cells seen span too many.
        """
        self.bytes += len(chunk)
        data = self.rest + chunk
        self.rest = data[-_MAX_REFERENCE:]
        columns, rows = references(data)
        self.columns = max(self.columns, int(columns.max(initial=0)))
        self.rows = max(self.rows, int(rows.max(initial=0)))
        if self.rows * self.columns > SHEET_CELLS:
            raise TooLarge(f"the sheet spans more than {SHEET_CELLS:,} cells; save it as CSV or Parquet")

    def require_filled(self) -> None:
        """Refuse a sheet of whose cells hardly any is there: the others would take memory and time for nothing.

        :raises TooLarge: if the cells are too far apart.
        """
        span = self.rows * self.columns
        if span > max(FREE_SPAN_CELLS, SPAN_PER_BYTE * self.bytes):
            raise TooLarge(
                f"the sheet spans {span:,} cells from the first to the last, of which hardly any is filled; clear what"
                " stands far from the table, or save that as CSV"
            )


def references(data: bytes) -> tuple[Positions, Positions]:
    """The columns and the rows, from 1, of all cells that say where they stand in a piece of a sheet's XML.

    >>> [numbers.tolist() for numbers in references(b'<c r="A1"/><c r="AB12" s="1"/><row r="7">')]
    [[1, 28], [1, 12]]
    """
    # There are millions, which are not made objects of Python.
    view = np.frombuffer(data + bytes(_MAX_REFERENCE), np.uint8)
    size = len(data)
    found = np.ones(size, np.bool_)
    for offset, character in enumerate(_REFERENCE):
        found &= view[offset : offset + size] == character
    at = np.flatnonzero(found) + len(_REFERENCE)
    columns, letters = _number_at(view, at, _LETTERS, 1, _MAX_LETTERS)
    rows, digits = _number_at(view, at + letters, _DIGITS, 0, _MAX_DIGITS)
    is_cell = (letters > 0) & (digits > 0) & (view[at + letters + digits] == _QUOTE)
    return columns[is_cell], rows[is_cell]


def _number_at(view: Bytes, at: Positions, characters: bytes, first: int, most: int) -> tuple[Positions, Positions]:
    """The numbers that are written at some places, and how many characters each takes, at most ``most``.

    :param characters: the figures, of which the ``first`` stands for that number.
    """
    figures = np.full(256, -1, np.int64)
    figures[list(characters)] = np.arange(first, first + len(characters))
    numbers, lengths = np.zeros(at.size, np.int64), np.zeros(at.size, np.int64)
    for _ in range(most):
        figure = figures[view[at + lengths]]
        is_figure = figure >= 0
        numbers = np.where(is_figure, numbers * len(characters) + figure, numbers)
        lengths += is_figure
    return numbers, lengths


@portable
def unzip(packed: bytes) -> bytes:
    """The only file of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (member,) = (each for each in archive.infolist() if not each.is_dir() and not is_clutter(each.filename))
        return archive.read(member)


def is_clutter(name: str) -> bool:
    """What macOS and Windows add to archives."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db", "desktop.ini") or path.name.startswith("._")
    )
