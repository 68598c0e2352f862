"""Sums of a body that its sender announces in a header: a body that has another one is not kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path

from flask import Request

from longshore.errors import InvalidRequest, InvalidValue, shorten
from longshore.storage.files import file_digest
from longshore.web.route_marks import DIGESTS

_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512", "sha": "sha1", "md5": "md5"}
_PAIR = re.compile(r"\s*([A-Za-z0-9-]+)=:?([A-Za-z0-9+/]+={0,2}):?\s*")


class DigestMismatch(InvalidValue):
    """The bytes are not those that their sender summed up."""

    status = 400


def check_digests(asked: Request, path: Path) -> None:
    """Compare a body that has arrived with the sums in its headers, if there are any.

    :raises DigestMismatch: when one differs.
    :raises InvalidRequest: for a header that cannot be read, or names only algorithms that are not known here.
    """
    for header in DIGESTS:
        if header in asked.headers:
            for algorithm, wanted in _read(header, asked.headers[header]):
                if file_digest(path, algorithm) != wanted:
                    raise DigestMismatch(f"{header}: the bytes that arrived have another sum, so nothing was kept")


def _read(header: str, text: str) -> list[tuple[str, str]]:
    """Algorithms that are known, each with the sum in hexadecimal."""
    found = []
    for part in [f"md5={text.strip()}"] if header == "Content-MD5" else text.split(","):
        match = _PAIR.fullmatch(part)
        try:
            value = base64.b64decode(match[2], validate=True).hex() if match else ""
        except binascii.Error:
            match = None
        if match is None:
            raise InvalidRequest(f"{header}: {shorten(part.strip())!r} is no sum, such as sha-256=:...: in base64")
        algorithm = _ALGORITHMS.get(match[1].lower())
        if algorithm is not None and hashlib.new(algorithm, usedforsecurity=False).digest_size * 2 == len(value):
            found.append((algorithm, value))
    if not found:
        raise InvalidRequest(f"{header}: give a sum of one of {', '.join(_ALGORITHMS)}")
    return found
