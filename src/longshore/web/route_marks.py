"""What a view takes of a request beside its path and body, said beside its route; read by the request gate.

::

    @routes.post("/file")
    @takes_query("name", "download")
    def make_address() -> Response: ...

A view without a mark takes no query and evaluates no header: what it does not know is refused, not ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

DIGESTS = ("Content-Digest", "Repr-Digest", "Digest", "Content-MD5")
"""Headers with sums of a body: RFC 9530; the two it has taken the place of, RFC 3230 and RFC 1864."""

_QUERY = "longshore_query_words"
_HEADERS = "longshore_headers"


def takes_query(*words: str) -> Callable[[View], View]:
    """Decorator: these words may stand in the query."""
    return _mark(_QUERY, frozenset(words))


def takes_any_query(view: View) -> View:
    """Decorator: the query is data, or read by what the view hands out, so any word may stand there."""
    return _mark(_QUERY, None)(view)


def evaluates(*headers: str) -> Callable[[View], View]:
    """Decorator: a writing view that acts on these headers, which are refused elsewhere."""
    return _mark(_HEADERS, frozenset(name.casefold() for name in headers))


def query_words(view: Callable[..., Any]) -> frozenset[str] | None:
    """The words that a view takes; None for any."""
    found: frozenset[str] | None = getattr(view, _QUERY, frozenset())
    return found


def evaluated_headers(view: Callable[..., Any]) -> frozenset[str]:
    """The headers that a writing view acts on, in lower case."""
    found: frozenset[str] = getattr(view, _HEADERS, frozenset())
    return found


def _mark(name: str, value: Any) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, name, value)
        return view

    return mark
