"""Unpacking gzip and zip, bounded by the bytes that really come out."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from longshore.errors import TooLarge, UnreadableFile, shorten
from longshore.tables.reading.context import Reading
from longshore.tables.scripting.portable import portable

_CHUNK_BYTES = 1 << 20
SHEET_CELLS = 60_000_000
"""Cells, empty ones included, that a sheet may span: about 2 GB in memory."""
_REFERENCE = re.compile(rb' r="([A-Z]{1,3})(\d{1,7})"')
_LONGEST_REFERENCE = 16
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError)


def unpack_gzip(reading: Reading, target: Path) -> str:
    """Unpack into ``target``.

    :return: the name without its ``.gz``.
    :raises UnreadableFile: if the file is cut off or damaged.
    :raises TooLarge: over the reading's limit.
    """
    try:
        with gzip.open(reading.path) as packed:
            _copy(reading, packed, target)
    except _BROKEN as error:
        raise UnreadableFile("the gzip file is cut off or damaged; compress or upload it again") from error
    name = reading.name
    return name[:-3] if name.lower().endswith(".gz") else name


def what_zip(path: Path) -> str:
    """What a zip file is: ``xlsx``, ``ods`` or a plain ``zip``.

    :raises UnreadableFile: if its directory is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            if "[Content_Types].xml" in members and any(member.startswith("xl/") for member in members):
                return "xlsx"
            if "mimetype" in members and "content.xml" in members:
                return "ods"
    except (*_BROKEN, ValueError) as error:
        raise UnreadableFile("the zip (or Excel) file is cut off or damaged; upload it again") from error
    return "zip"


def unpack_zip(reading: Reading, target: Path) -> str:
    """Unpack the only file of an archive into ``target``; names inside the archive are never used as paths.

    :return: the file's name.
    :raises UnreadableFile: if there is not exactly one, or it is encrypted or damaged.
    :raises TooLarge: over the reading's limit.
    """
    try:
        with zipfile.ZipFile(reading.path) as archive:
            member = _only_member(archive)
            with archive.open(member) as packed:
                _copy(reading, packed, target)
    except _BROKEN as error:
        raise UnreadableFile("the zip file is cut off, damaged, or compressed in an unknown way") from error
    return PurePosixPath(member.filename).name


def require_bounded(reading: Reading) -> None:
    """Unpack a workbook for nothing but its size, before anything else reads it.

    :raises TooLarge: over the reading's limit.
    :raises UnreadableFile: if it is damaged.
    """
    left = reading.unpacked_limit
    try:
        with zipfile.ZipFile(reading.path) as archive:
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise UnreadableFile("the workbook is encrypted; save it without a password")
                sheet = member.filename.startswith("xl/worksheets/")
                with archive.open(member) as packed:
                    extent = _Extent()
                    while chunk := packed.read(_CHUNK_BYTES):
                        left -= len(chunk)
                        if left < 0:
                            raise _too_large(reading)
                        if sheet:
                            extent.include(chunk)
    except _BROKEN as error:
        raise UnreadableFile("the workbook is cut off or damaged; save and upload it again") from error


class _Extent:
    """How far a sheet of .xlsx reaches: calamine keeps every cell up to the last row and column, empty or not."""

    def __init__(self) -> None:
        self.rows = 0
        self.column = b"A"
        self.rest = b""

    def include(self, chunk: bytes) -> None:
        """Look at the next piece of the sheet's XML.

        :raises TooLarge: if the cells seen span too many.
        """
        data = self.rest + chunk
        self.rest = data[-_LONGEST_REFERENCE:]
        found = _REFERENCE.findall(data)
        if not found:
            return
        columns = {column for column, _ in found}
        self.column = max(self.column, *columns, key=lambda letters: (len(letters), letters))
        self.rows = max(self.rows, int(max((row for _, row in found), key=lambda row: (len(row), row))))
        if self.rows * _column_number(self.column) > SHEET_CELLS:
            raise TooLarge(f"the sheet spans more than {SHEET_CELLS:,} cells; save it as CSV or Parquet")


def _column_number(letters: bytes) -> int:
    """A spreadsheet's column as a number: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member.filename)]
    if len(members) != 1:
        what = "no file" if not members else f"{len(members)} files"
        names = ", ".join(shorten(member.filename, 40) for member in members[:5])
        hint = f" ({names}{', ...' if len(members) > 5 else ''})" if members else ""
        raise UnreadableFile(f"the zip archive holds {what}{hint}; it must hold exactly one table")
    if members[0].flag_bits & 1:
        raise UnreadableFile("the zip archive is encrypted; pack it without a password")
    return members[0]


@portable
def unzip(packed: bytes) -> bytes:
    """The only file of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (member,) = (each for each in archive.infolist() if not each.is_dir() and not _is_clutter(each.filename))
        return archive.read(member)


def _is_clutter(name: str) -> bool:
    """What macOS and Windows add to archives."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db", "desktop.ini") or path.name.startswith("._")
    )


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _copy(reading: Reading, packed: _Source, target: Path) -> None:
    done = 0
    with target.open("wb") as unpacked:
        while chunk := packed.read(_CHUNK_BYTES):
            done += len(chunk)
            if done > reading.unpacked_limit:
                raise _too_large(reading)
            unpacked.write(chunk)
            # What is still to come is not known: the declared size may lie.
            reading.report("unpack", done, max(done + 1, reading.path.stat().st_size), 0)


def _too_large(reading: Reading) -> TooLarge:
    return TooLarge(f"the file unpacks to more than {reading.unpacked_limit:,} bytes, which is the limit")
