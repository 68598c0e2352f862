"""What an Avro file unpacks to, found before anything else reads it: its blocks are gone through for their sizes alone.

The format is that of object container files in the specification of Apache Avro.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading.context import Reading
from longshore.tables.reading.limits import require_cells, require_unpacked

_MAGIC, _SYNC_BYTES = 4, 16
_MAX_BLOCK = 256 << 20
"""Bytes of a block as it is packed."""
_MAX_TEXT = 64 << 20
_PIECE = 1 << 20
_CONTINUES = 0x80


def require_bounded_avro(reading: Reading) -> None:
    """Look at the size of each block.

    :raises TooLarge: if the file unpacks to more than is allowed, or says that it has too many rows.
    :raises UnreadableFile: if it is cut off or damaged.
    """
    try:
        with reading.path.open("rb") as file:
            file.seek(_MAGIC)
            codec = _codec(file)
            file.seek(_SYNC_BYTES, 1)
            rows = unpacked = 0
            while file.tell() < reading.path.stat().st_size:
                rows += max(0, _long(file))
                require_cells(reading, rows, 1)
                block = _bytes(file, _MAX_BLOCK)
                unpacked = _unpacked(reading, codec, block, unpacked)
                file.seek(_SYNC_BYTES, 1)
    except (EOFError, zlib.error) as error:
        raise UnreadableFile("the Avro file is cut off, damaged, or uses a feature that is not supported") from error


def _codec(file: BinaryIO) -> bytes:
    """How the blocks are packed, by the file's metadata."""
    codec = b"null"
    while count := _long(file):
        if count < 0:
            _long(file)  # the bytes of the pairs that follow
        for _ in range(abs(count)):
            name, value = _bytes(file, _MAX_TEXT), _bytes(file, _MAX_TEXT)
            codec = value if name == b"avro.codec" else codec
    return codec


def _unpacked(reading: Reading, codec: bytes, block: bytes, before: int) -> int:
    """Bytes that came out up to the end of a block."""
    if codec == b"deflate":
        inflating, rest, done = zlib.decompressobj(-zlib.MAX_WBITS), block, before
        while rest and not inflating.eof:
            done += len(inflating.decompress(rest, _PIECE))
            require_unpacked(reading, done)
            rest = inflating.unconsumed_tail
        return done
    done = before + (_snappy_length(block) if codec == b"snappy" else len(block))
    require_unpacked(reading, done)
    return done


def _snappy_length(block: bytes) -> int:
    """What a block of snappy says that it unpacks to, in seven bits of each byte."""
    length = 0
    for place, byte in enumerate(block[:5]):
        length |= (byte & ~_CONTINUES) << 7 * place
        if byte < _CONTINUES:
            return length
    raise EOFError


def _long(file: BinaryIO) -> int:
    """A whole number in zigzag, seven bits in each byte.

    :raises EOFError: if it is none.
    """
    number = 0
    for place in range(10):
        byte = file.read(1)
        if not byte:
            raise EOFError
        number |= (byte[0] & ~_CONTINUES) << 7 * place
        if byte[0] < _CONTINUES:
            return (number >> 1) ^ -(number & 1)
    raise EOFError


def _bytes(file: BinaryIO, most: int) -> bytes:
    """Bytes with their length before them.

    :raises EOFError: if they are fewer.
    :raises TooLarge: if they are more than ``most``.
    """
    length = _long(file)
    if length > most:
        raise TooLarge(f"the Avro file has a block of more than {most:,} bytes, which is the limit")
    content = file.read(max(0, length))
    if length < 0 or len(content) < length:
        raise EOFError
    return content
