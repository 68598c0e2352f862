"""Names and types of files: what a client calls a file, and where that may lie on disk."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import unicodedata
from pathlib import Path

from longshore.errors import InvalidValue, shorten

DEFAULT_TYPE = "application/octet-stream"
MAX_NAME = 255
MAX_SEGMENT_BYTES = 200
MAX_SEGMENTS = 32
MAX_PATH_BYTES = 2000
MAX_ENDING = 20
# Names that Windows takes for devices, whatever their ending: a copy of the folder has to work there too.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE)
# The last one stands where bytes were no UTF-8: different names would look alike.
_FORBIDDEN = frozenset('<>:"|?*\\\ufffd')


class UnsafePath(InvalidValue):
    """A path that is not taken: it could lead out of its folder, or could not be written on every system."""

    status = 422


def clean_name(name: str) -> str:
    """A file's name as a header can carry it: without folders and control characters, at most 255 characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(character for character in last if character.isprintable())
    return shorten(printable, MAX_NAME) or "file"


def clean_type(content_type: str | None) -> str | None:
    """A content type that a header can carry; None for none.

    :raises InvalidValue: for one with characters that do not belong there.
    """
    if content_type is None or not content_type.strip():
        return None
    text = content_type.strip()
    if not text.isascii() or not text.isprintable() or "/" not in text:
        raise InvalidValue(f"content_type: {shorten(text)!r} is none; write it as in text/csv")
    return text


def guess_type(name: str, *, is_text: bool = False) -> str:
    """The content type that a name suggests; text that was given as text is UTF-8."""
    found, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        return {"gzip": "application/gzip"}.get(encoding, DEFAULT_TYPE)
    if found is None:
        return "text/plain; charset=utf-8" if is_text else DEFAULT_TYPE
    return f"{found}; charset=utf-8" if is_text and found.startswith("text/") else found


def safe_segments(path: str) -> list[str]:
    """The parts of a path that a client names, each fit to be a file's name on any system, in Unicode's NFC form.

    :raises UnsafePath: for ``..``, an absolute path, NUL and other control characters, device names, empty parts, parts
        that begin or end with a blank or end with a dot, and anything too long.

    >>> safe_segments("reports/Übersicht 2024.csv")
    ['reports', 'Übersicht 2024.csv']
    """
    segments = unicodedata.normalize("NFC", path).split("/")
    if len(segments) > MAX_SEGMENTS:
        raise UnsafePath(f"a path has at most {MAX_SEGMENTS} parts")
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        raise UnsafePath(f"a path has at most {MAX_PATH_BYTES:,} bytes")
    for segment in segments:
        reason = _why_unsafe(segment)
        if reason:
            raise UnsafePath(f"{shorten(path)!r} cannot be a file's path here: {reason}")
    return segments


def _why_unsafe(segment: str) -> str:
    """Why this is no name for a file or folder; empty when it is one."""
    if segment in ("", ".", ".."):
        return "its parts are names, without '.', '..' or nothing between slashes"
    if any(character in _FORBIDDEN or not character.isprintable() for character in segment):
        return 'control characters, broken UTF-8 and any of < > : " | ? * \\ are not allowed in names'
    if segment != segment.strip() or segment.endswith("."):
        return "names do not begin or end with a blank, nor end with a dot"
    if len(segment.encode("utf-8", "surrogatepass")) > MAX_SEGMENT_BYTES:
        return f"a name has at most {MAX_SEGMENT_BYTES} bytes"
    if _DEVICES.fullmatch(segment):
        return "the name belongs to a device on some systems"
    return ""


def inside(root: Path, path: str) -> Path:
    """Where a client's path lies below ``root``.

    :raises UnsafePath: see :func:`safe_segments`; also when a symbolic link on the way leads out of ``root``.
    """
    target = root.joinpath(*safe_segments(path))
    if not leads_inside(root, target):
        raise UnsafePath(f"{shorten(path)!r} leads out of its folder")
    return target


def leads_inside(root: Path, path: Path) -> bool:
    """Whether a path ends below ``root`` when all links on the way are followed."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links that lead around in a circle
        return False


def safe_name(name: str) -> str:
    """The name under which an uploaded file is kept: as the client called it, where that can be a file's name.

    Folders before it are dropped, characters that some system forbids become ``_``, a name that is too long is cut and
    gets a mark of the whole, so that two long names stay two. Letters of every script stay, in Unicode's NFC form.

    :raises UnsafePath: when nothing is left, and for NUL and the names of devices.

    >>> safe_name("C:\\\\Daten\\\\Übersicht: 2024?.csv"), safe_name("../日本.csv")
    ('Übersicht_ 2024_.csv', '日本.csv')
    """
    if "\0" in name:
        raise UnsafePath("a file's name holds no NUL")
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rpartition("/")[2]
    usable = "".join("_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in last)
    kept = _fit(usable.strip().rstrip(". "))
    if not kept:
        raise UnsafePath(f"{shorten(name)!r} is no name for a file; give it one")
    safe_segments(kept)
    return kept


def _fit(name: str) -> str:
    """The name if it is short enough, else its beginning, a mark of the whole, and its ending."""
    if len(name.encode()) <= MAX_SEGMENT_BYTES:
        return name
    stem, _, ending = name.rpartition(".")
    if not stem or len(ending) > MAX_ENDING:
        stem, tail = name, ""
    else:
        tail = f".{ending}"
    tail = f"~{hashlib.sha256(name.encode()).hexdigest()[:8]}{tail}"
    return stem.encode()[: MAX_SEGMENT_BYTES - len(tail.encode())].decode("utf-8", "ignore") + tail
