"""Files that clients have stored, as they are sent to others: none may act in this server's name in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

from flask import Request, Response

from longshore.delivery.names import guess_type
from longshore.delivery.trees import NoSuchFile
from longshore.web.file_responses import Content, respond

PASSIVE = frozenset(
    {
        "application/json",
        "application/pdf",
        "text/csv",
        "text/markdown",
        "text/plain",
        "text/tab-separated-values",
    }
)
PASSIVE_KINDS = ("audio/", "image/", "video/")
ACTIVE_IMAGES = "+xml"
SANDBOX = {"Content-Security-Policy": "sandbox"}


def is_passive(content_type: str) -> bool:
    """Whether a browser may show it: a type that runs no script in this server's name.

    >>> is_passive("text/plain; charset=utf-8"), is_passive("image/svg+xml"), is_passive("text/html")
    (True, False, False)
    """
    plain = content_type.partition(";")[0].strip().lower()
    return plain in PASSIVE or (plain.startswith(PASSIVE_KINDS) and not plain.endswith(ACTIVE_IMAGES))


def etag_of(about: os.stat_result) -> str:
    """Strong validator of a file that is only ever replaced, never written into."""
    return f"{about.st_mtime_ns:x}-{about.st_size:x}-{about.st_ino:x}"


def find_etag(path: Path) -> str | None:
    """The validator of the file at ``path``; None when there is none."""
    found = find_regular(path)
    return None if found is None else etag_of(found)


def find_regular(path: Path) -> os.stat_result | None:
    """What the system tells of the regular file at ``path``; None when there is none."""
    try:
        return path.stat() if path.is_file() else None
    except OSError:
        return None


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, opened; raises NoSuchFile when there is none."""
    if not path.is_file():  # a folder, or a pipe, whose opening would wait
        raise NoSuchFile.now()
    try:
        return path.open("rb", buffering=0)
    except OSError:
        if path.is_file():
            raise
        raise NoSuchFile.now() from None


def open_stored(path: Path, **about: Any) -> Content:
    """A stored file, opened: what is told of it stays true when it is replaced meanwhile.

    :param about: more fields of the content.
    :raises NoSuchFile: when there is none.
    """
    file = open_regular(path)
    found = os.fstat(file.fileno())
    content_type = guess_type(path.name)
    return Content(
        path=path,
        file=file,
        size=found.st_size,
        etag=etag_of(found),
        modified=found.st_mtime,
        content_type=content_type,
        name=path.name,
        download=not is_passive(content_type),
        # A sandbox would keep a browser from showing a PDF, which runs nothing in a page's name anyway.
        headers={} if content_type == "application/pdf" else SANDBOX,
        **about,
    )


def send_stored(request: Request, path: Path, handed_over: dict[str, str]) -> Response:
    """Answer a GET or HEAD for a stored file; raises NoSuchFile."""
    return respond(request, open_stored(path, handed_over=handed_over))
