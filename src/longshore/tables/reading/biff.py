"""What calamine does not tell of .xls: which cells hold errors, and whether a password protects the workbook."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

import olefile

from longshore.tables.core.portable import portable
from longshore.tables.reading.cells import ERROR_MARK, NO_RESULT
from longshore.tables.reading.mending import DATE_FORMATS, ERROR_NAMES, date_letters

_BOUNDSHEET, _FILEPASS, _BOOLERR, _EOF = 0x85, 0x2F, 0x205, 0x0A
_FORMULAS = (0x06, 0x206, 0x406)
_FORMAT, _STYLE, _NUMBER, _SMALL_NUMBER, _SMALL_NUMBERS = 0x41E, 0xE0, 0x203, 0x27E, 0xBD
_EMPTY_TEXT = 3
"""Among the kinds of values that a formula may have."""
_BROKEN_CONTAINER = (OSError, ValueError, OverflowError, IndexError, RecursionError, struct.error)
"""What olefile raises for one that is damaged: only the first is meant for that."""
_BOFS = (0x809, 0x409, 0x209)


def is_protected(file: IO[bytes]) -> bool:
    """Whether an OLE container holds a workbook that cannot be read without its password; no, if it is damaged."""
    try:
        with olefile.OleFileIO(file) as container:
            if container.exists("EncryptedPackage"):
                return True
            return any(kind == _FILEPASS for kind, _ in _biff_records(_biff_stream(container), 0))
    except _BROKEN_CONTAINER:
        return False


@portable
def xls_errors(file: IO[bytes], sheet: int) -> dict[int, dict[int, str]]:
    """The errors in a sheet: by row and column, both from 0, their names.

    Records are those of [MS-XLS]: an error stands in BoolErr, or as the cached value of a Formula. Where the value of
    each formula is an empty text, the writer knew no results (xlwt does not), and they are marked as missing. Negative
    numbers that are formatted as dates have themselves for a name.

    :param sheet: its index among the workbook's.
    """
    try:
        with olefile.OleFileIO(file) as container:
            stream = _biff_stream(container)
    except _BROKEN_CONTAINER:
        return {}
    places = [struct.unpack_from("<I", body)[0] for kind, body in _biff_records(stream, 0) if kind == _BOUNDSHEET]
    errors: dict[int, dict[int, str]] = {}
    dates = _date_styles(stream)
    formulas, empty = 0, list[tuple[int, int]]()
    if sheet < len(places):
        for kind, body in _biff_records(stream, places[sheet]):
            for row, column, style, number in _numbers(kind, body) if dates else ():
                if number < 0 and style in dates:
                    errors.setdefault(row, {})[column] = f"{number:.15g}"
            code = None
            if kind in _FORMULAS and len(body) >= 14:
                formulas += 1
                if body[12:14] == b"\xff\xff" and body[6] == _EMPTY_TEXT:
                    empty.append(struct.unpack_from("<HH", body))
            if kind == _BOOLERR and len(body) >= 8 and body[7]:
                code = body[6]
            elif kind in _FORMULAS and body[12:14] == b"\xff\xff" and body[6] == 2:
                code = body[8]
            if code is not None:
                row, column = struct.unpack_from("<HH", body)
                errors.setdefault(row, {})[column] = ERROR_NAMES.get(code, f"#ERROR {code}")
    if len(empty) == formulas:
        for row, column in empty:
            errors.setdefault(row, {})[column] = NO_RESULT.removeprefix(ERROR_MARK)
    return errors


def _date_styles(stream: bytes) -> set[int]:
    """The styles that show numbers as dates or times of day, by the numbers that cells have."""
    formats, styles = set(DATE_FORMATS), list[int]()
    for kind, body in _biff_records(stream, 0):
        if kind == _FORMAT and len(body) >= 5:
            number, _, is_wide = struct.unpack_from("<HHB", body)
            code = body[5:].decode("utf-16-le" if is_wide & 1 else "latin-1", "replace")
            (formats.add if date_letters(code) else formats.discard)(number)
        elif kind == _STYLE and len(body) >= 4:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return {index for index, number in enumerate(styles) if number in formats}


def _numbers(kind: int, body: bytes) -> Iterator[tuple[int, int, int, float]]:
    """The numbers in a record of a sheet, each with its row, column and style."""
    if kind in (_NUMBER, *_FORMULAS) and len(body) >= 14 and body[12:14] != b"\xff\xff":
        yield struct.unpack_from("<HHHd", body)
    elif kind == _SMALL_NUMBER and len(body) >= 10:
        row, column, style = struct.unpack_from("<HHH", body)
        yield row, column, style, _small_number(body[6:10])
    elif kind == _SMALL_NUMBERS and len(body) >= 12:
        row, first = struct.unpack_from("<HH", body)
        for index, at in enumerate(range(4, len(body) - 7, 6)):
            yield row, first + index, struct.unpack_from("<H", body, at)[0], _small_number(body[at + 2 : at + 6])


def _small_number(packed: bytes) -> float:
    """The number of 30 bits in an RK: the upper ones of a double, or an integer; either may count hundredths."""
    (bits,) = struct.unpack("<i", packed)
    number: float = bits >> 2 if bits & 2 else struct.unpack("<d", bytes(4) + struct.pack("<i", bits & ~3))[0]
    return number / 100 if bits & 1 else number


def _biff_stream(container: olefile.OleFileIO) -> bytes:
    name = next((each for each in ("Workbook", "Book") if container.exists(each)), None)
    content: bytes = container.openstream(name).read() if name else b""
    return content


def _biff_records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of a substream, each with its kind; without charts in it, which cache cells of their own."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += kind in _BOFS
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + size]
        depth -= kind == _EOF
        if depth <= 0:
            return
        at += 4 + size
