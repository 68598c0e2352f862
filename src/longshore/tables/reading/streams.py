"""Unpacking files that are packed as one stream: gzip, bzip2, xz and Zstandard, bounded by what really comes out."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Protocol

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading.context import Reading
from longshore.tables.reading.limits import require_unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 16
"""Read at a time: what follows a stream is copied, and a file may consist of many short ones."""
_XZ_MEMORY = 256 << 20
"""Of the dictionary; the strongest setting of xz itself takes 65 MB."""
_ZSTD_WINDOW = 27
"""As a power of 2, as the program has it; files that were made with --long=31 take more."""
_ENDINGS = re.compile(r"\.(?:gz|bz2|xz|lzma|zst|zstd)$", re.IGNORECASE)
_TAR_ENDINGS = re.compile(r"\.t(?:gz|az|bz2?|b2|xz|lz|zst)$", re.IGNORECASE)
_DAMAGE = (zlib.error, EOFError, gzip.BadGzipFile, lzma.LZMAError, zstd.ZstdError)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, none at the end."""
        ...


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _of_zstd() -> _Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW})


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
    "zstd": _of_zstd,
}
STREAMS = ("gzip", *_DECOMPRESSORS)


def unpack_stream(reading: Reading, kind: str, target: Path) -> str:
    """Unpack a file that is packed as a whole into ``target``.

    :return: its name without the ending that says how it is packed.
    :raises UnreadableFile: if it is cut off or damaged.
    :raises TooLarge: over the reading's limit, or if unpacking it takes too much memory.
    """
    try:
        if kind == "gzip":
            with gzip.open(reading.path) as packed:
                copy(reading, packed, target)
        else:
            with _Unpacked(reading.path, _DECOMPRESSORS[kind]) as unpacked:
                copy(reading, unpacked, target)
    except _DAMAGE as error:
        said = str(error).lower()
        if "memory usage limit" in said or "too much memory" in said:
            message = f"unpacking the {kind} file takes too much memory; pack it with the usual settings"
            raise TooLarge(message) from error
        raise UnreadableFile(f"the {kind} file is cut off or damaged; compress or upload it again") from error
    return _TAR_ENDINGS.sub(".tar", _ENDINGS.sub("", reading.name))


class _Unpacked:
    """The content of a file of one or several packed streams, in pieces that are no larger than what is asked for."""

    def __init__(self, path: Path, make: Callable[[], _Decompressor]) -> None:
        self._file = path.open("rb")
        self._pieces = self._unpack(make)

    def __enter__(self) -> _Unpacked:
        return self

    def __exit__(self, *_: object) -> None:
        self._pieces.close()
        self._file.close()

    def read(self, size: int, /) -> bytes:
        """The next piece, of at most :data:`CHUNK_BYTES`; none at the end."""
        return next(self._pieces, b"")

    def _unpack(self, make: Callable[[], _Decompressor]) -> Generator[bytes, None, None]:
        data = self._file.read(_PACKED_BYTES)
        while data:
            decompressor = make()
            while not decompressor.eof:
                if decompressor.needs_input and not data:
                    data = self._file.read(_PACKED_BYTES)
                    if not data:
                        raise EOFError
                piece = self._decompressed(decompressor, data)
                data = b""
                if piece:
                    yield piece
            # Streams may follow one another, and NULs fill up to a block.
            data = decompressor.unused_data.lstrip(b"\0")
            while not data and (more := self._file.read(_PACKED_BYTES)):
                data = more.lstrip(b"\0")

    @staticmethod
    def _decompressed(decompressor: _Decompressor, data: bytes) -> bytes:
        try:
            return decompressor.decompress(data, CHUNK_BYTES)
        except (OSError, ValueError) as error:  # so bz2 says that data are damaged
            raise EOFError from error


def copy(reading: Reading, packed: Readable, target: Path, before: int = 0) -> int:
    """Write what is unpacked to ``target``.

    :param before: bytes that came out of the same archive before.
    :return: bytes in all.
    :raises TooLarge: over the reading's limit.
    """
    done = before
    with target.open("wb") as unpacked:
        while chunk := packed.read(CHUNK_BYTES):
            done += len(chunk)
            require_unpacked(reading, done)
            unpacked.write(chunk)
            # What is still to come is not known: the declared size may lie.
            reading.report("unpack", done, max(done + 1, reading.path.stat().st_size), 0)
    return done
