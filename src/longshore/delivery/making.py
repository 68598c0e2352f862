"""Files that are made when their link is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Made:
    """A file as it is made.

    :param pieces: its bytes; ``close()`` is called when the client goes away, if there is such a method.
    :param size: bytes, when known before.
    """

    name: str
    content_type: str
    pieces: Iterator[bytes]
    size: int | None = None


Maker = Callable[[dict[str, Any]], Made]
"""Makes a file from what its link wrote down about it."""
