"""In which encoding a text stands, and its translation into UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from longshore.errors import InvalidRequest, shorten
from longshore.tables.reading.guessing import BETWEEN_WORDS, Guess, guess

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRANGE_BYTES = 64 << 10
"""How much text around bytes that are not ASCII is weighed."""
_BEGINNING_BYTES = 256 << 10
"""What is certainly seen of a file when its beginning alone is looked at."""
_WORD_BYTES = 2000
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


def is_mostly_utf8(sample: bytes) -> bool:
    """Whether a few bad bytes stand in what is UTF-8 otherwise."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if character > "\x7f") - bad
    return good >= 4 * bad


def detect(path: Path, around: int) -> Guess | None:
    """The likeliest encoding of a file that is not UTF-8, as shows at an offset; None for UTF-8 with a few bad bytes.

    The file's beginning decides where it is not UTF-8, so that who looks at the beginning sees what is imported.
    """
    words = _strange_words(path, 0, _BEGINNING_BYTES)
    if not any("\ufffd" in word.decode("utf-8", "replace") for word in words):
        words += _strange_words(path, max(0, around - _STRANGE_BYTES), _CHUNK_BYTES)
    sample = b"\n".join(words)
    return None if is_mostly_utf8(sample) else guess(sample)


def _strange_words(path: Path, start: int, length: int) -> list[bytes]:
    """Words with bytes beyond ASCII, up to 64 KiB, of the whole lines in a part of a file."""
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read(length).splitlines()
        is_cut = file.read(1) != b""
    if start > 0 and len(lines) > 1:
        del lines[0]
    if is_cut and len(lines) > 1:
        del lines[-1]
    found: list[bytes] = []
    size = 0
    for word in (word for line in lines if not line.isascii() for word in BETWEEN_WORDS.split(line)):
        if size < _STRANGE_BYTES and not word.isascii():
            found.append(word[:_WORD_BYTES])
            size += len(found[-1])
    return found


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
