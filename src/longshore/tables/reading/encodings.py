"""In which encoding a text stands, and its translation into UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from charset_normalizer import from_bytes

from longshore.errors import InvalidRequest, shorten

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY = [
    "cp1252",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
    "cp1251",
    "koi8_r",
    "cp1250",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "cp874",
    "iso8859_2",
    "iso8859_15",
    "cp850",
    "cp437",
    "cp866",
    "mac_roman",
]
_STRANGE_BYTES = 64 << 10
"""How much text around bytes that are not ASCII is shown to the detector."""
_CHUNK_BYTES = 4 << 20
_REPLACEMENT = "\ufffd"


def by_marks(head: bytes) -> str | None:
    """The encoding that a byte order mark, or the zeros of UTF-16, give away."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    even, odd = head[0:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if half >= 2 and odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if half >= 2 and even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def detect(sample: bytes) -> str:
    """The likeliest 8-bit or East Asian encoding of lines that are not ASCII (nor UTF-8).

    Where charset-normalizer finds several equally likely, the one in wider use is meant: it puts cp1250 first
    for most French, Spanish and Swedish.
    """
    matches = from_bytes(sample, cp_isolation=list(_LIKELY), threshold=0.6)
    best = matches.best()
    if best is None:
        return "cp1252"
    tied = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    possible = {name for match in tied for name in match.could_be_from_charset}
    return next((name for name in _LIKELY if name in possible), best.encoding)


def is_mostly_utf8(sample: bytes) -> bool:
    """Whether a few bad bytes stand in what is UTF-8 otherwise."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if character > "\x7f") - bad
    return good >= 4 * bad


def strange_lines(path: Path, around: int) -> bytes:
    """Lines with bytes beyond ASCII, from the head of the file and from ``around`` an offset on, up to 64 KiB."""
    found: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for start in (0, max(0, around - _STRANGE_BYTES)):
            file.seek(start)
            for line in file.read(_CHUNK_BYTES).splitlines():
                if size < _STRANGE_BYTES and not line.isascii():
                    found.append(line[:2000])
                    size += len(found[-1])
    return b"\n".join(found)


def require_encoding(name: str) -> str:
    """Python's name of an encoding that the user named.

    :raises InvalidRequest: if there is no such text encoding.
    """
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise InvalidRequest(
            f"there is no encoding called {shorten(name)!r}; try utf-8, cp1252, latin-1, shift_jis or utf-16"
        ) from None


def translate(source: Path, target: Path, encoding: str, progress: Callable[[int, int, int], None]) -> int:
    """Write ``source`` as UTF-8; what cannot be decoded becomes U+FFFD.

    :return: how many places could not be decoded (those that held a U+FFFD before count too).
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    total = source.stat().st_size
    bad = done = 0
    with source.open("rb") as read, target.open("wb") as write:
        while chunk := read.read(_CHUNK_BYTES):
            text = decoder.decode(chunk)
            bad += text.count(_REPLACEMENT)
            write.write(_storable(text))
            done += len(chunk)
            progress(done, total, 0)
        text = decoder.decode(b"", final=True)
        bad += text.count(_REPLACEMENT)
        write.write(_storable(text))
    return bad


def _storable(text: str) -> bytes:
    return text.encode("utf-8", "replace")
