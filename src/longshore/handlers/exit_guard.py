"""A bulkhead between deployers' code and the server's process: ``sys.exit()`` while a body is sent ends only that body.

The web server takes ``SystemExit`` for a wish to end itself. Views and mounts are caught where they are called; what
they stream is asked for later, piece by piece. After each of them the server's log is put back, if they ended it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from longshore.processes.own_log import put_back


class Body:
    """The pieces of a response, from which no ``SystemExit`` comes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._next = iter(pieces)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._next)
        except SystemExit as ended:
            raise RuntimeError(f"a response called sys.exit({ended.code!r}) while it was sent") from ended
        finally:
            put_back()

    def close(self) -> None:
        """Let the application free what the response holds; for the WSGI server."""
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        finally:
            put_back()


def guard(application: Any) -> Callable[..., Any]:
    """``application``, with each response as a :class:`Body`."""

    def guarded(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            answer = application(environ, start_response)
        finally:
            put_back()
        # The server sends files from kernel to kernel, if it can see that it is one; lists run no code.
        files = environ.get("wsgi.file_wrapper")
        if isinstance(answer, list | tuple) or (isinstance(files, type) and isinstance(answer, files)):
            return answer
        return Body(answer)

    return guarded
