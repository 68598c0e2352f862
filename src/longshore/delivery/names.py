"""Names and types of files: what a client calls a file, and where that may lie on disk."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from pathlib import Path

from longshore.errors import InvalidValue, shorten

DEFAULT_TYPE = "application/octet-stream"
LONGEST_NAME = 255
LONGEST_SEGMENT_BYTES = 200
MOST_SEGMENTS = 32
# Names that Windows takes for devices, whatever their ending: a copy of the folder has to work there too.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE)
_FORBIDDEN = frozenset('<>:"|?*\\')


class UnsafePath(InvalidValue):
    """A path that is not taken: it could lead out of its folder, or could not be written on every system."""

    status = 422


def clean_name(name: str) -> str:
    """A file's name as a header can carry it: without folders and control characters, at most 255 characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(character for character in last if character.isprintable())
    return shorten(printable, LONGEST_NAME) or "file"


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
    if len(segments) > MOST_SEGMENTS:
        raise UnsafePath(f"a path has at most {MOST_SEGMENTS} parts")
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
        return 'control characters and any of < > : " | ? * \\ are not allowed in names'
    if segment != segment.strip() or segment.endswith("."):
        return "names do not begin or end with a blank, nor end with a dot"
    if len(segment.encode("utf-8", "surrogatepass")) > LONGEST_SEGMENT_BYTES:
        return f"a name has at most {LONGEST_SEGMENT_BYTES} bytes"
    if _DEVICES.fullmatch(segment):
        return "the name belongs to a device on some systems"
    return ""


def inside(root: Path, path: str) -> Path:
    """Where a client's path lies below ``root``.

    :raises UnsafePath: see :func:`safe_segments`; also when a symbolic link on the way leads out of ``root``.
    """
    target = root.joinpath(*safe_segments(path))
    if not target.resolve().is_relative_to(root.resolve()):
        raise UnsafePath(f"{shorten(path)!r} leads out of its folder")
    return target
