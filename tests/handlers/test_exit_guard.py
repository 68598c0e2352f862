"""The bulkhead around what deployers' code streams."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.wsgi import FileWrapper

from longshore.handlers.exit_guard import guard


class Pieces:
    """A response that remembers its end."""

    def __init__(self, *pieces: Any) -> None:
        self.pieces = pieces
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if piece is None:
                sys.exit(3)
            yield piece

    def close(self) -> None:
        self.closed = True


def test_the_pieces_pass_and_the_application_is_told_of_the_end() -> None:
    pieces = Pieces(b"one", b"two")
    body = guard(lambda *_: pieces)({}, None)
    assert list(body) == [b"one", b"two"]
    body.close()
    assert pieces.closed


def test_an_exit_becomes_an_error_of_the_request() -> None:
    body = guard(lambda *_: Pieces(b"one", None))({}, None)
    assert next(body) == b"one"
    with pytest.raises(RuntimeError, match=r"sys\.exit\(3\) while it was sent"):
        next(body)


def test_files_and_lists_stay_what_they_are() -> None:
    file = FileWrapper(io.BytesIO(b"x"))
    for answer in (file, [b"x"]):
        assert guard(lambda *_, answer=answer: answer)({"wsgi.file_wrapper": FileWrapper}, None) is answer
