"""What a caller may do, and what a route needs: by its method, unless it says otherwise where it is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

SAFE_METHODS = frozenset({"GET", "HEAD"})
_DECLARED = "__longshore_scopes__"
_EMBEDDABLE = "__longshore_embeddable__"
_ANY = ""


class Scope(IntEnum):
    """Each includes those before it."""

    PUBLIC = 0
    """Needs no token: nothing to protect, or the address itself is the secret."""
    READ = 1
    WRITE = 2
    ADMIN = 3
    """Details of the machine, queues, what belongs to others."""

    @property
    def word(self) -> str:
        """As it is written in a token's line."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Scope:
        """The scope that tokens can have.

        :raises ValueError: for another word; its message says which there are.
        """
        grantable = {scope.word: scope for scope in cls if scope is not cls.PUBLIC}
        if word not in grantable:
            raise ValueError(f"{word!r} is no scope; there are {', '.join(grantable)}")
        return grantable[word]


def requires(scope: Scope | None = None, **by_method: Scope) -> Callable[[View], View]:
    """Decorator: the scope that a view needs, where its method says something else.

    ``@requires(Scope.READ)`` for a POST that changes nothing, ``@requires(HEAD=Scope.PUBLIC)`` for one method.
    """
    declared: dict[str, Scope] = dict(by_method) if scope is None else {**by_method, _ANY: scope}

    def mark(view: View) -> View:
        setattr(view, _DECLARED, declared)
        return view

    return mark


def needed_scope(view: Callable[..., Any] | None, method: str) -> Scope:
    """The scope for a request: what the view declares, else READ for GET and HEAD and WRITE for the others.

    :param view: None for an address that is not a route, such as one of a mounted application.
    """
    if method == "OPTIONS":
        return Scope.PUBLIC  # a browser asks in this way before it may show a token; the answer holds no data
    declared: Mapping[str, Scope] = getattr(view, _DECLARED, {})
    found = declared.get(method, declared.get(_ANY))
    if found is not None:
        return found
    return Scope.READ if method in SAFE_METHODS else Scope.WRITE


def embeddable(view: View) -> View:
    """Decorator: pages of other sites may show what this view answers, as a picture or a film; for public links."""
    setattr(view, _EMBEDDABLE, True)
    return view


def is_embeddable(view: Callable[..., Any] | None) -> bool:
    """Whether pages of other sites may show what a view answers."""
    return bool(getattr(view, _EMBEDDABLE, False))


class EventScopes:
    """The scope that each Socket.IO event needs: WRITE, unless it is known to read.

    :param reads: names of the events that change nothing.
    """

    def __init__(self, reads: Iterable[str] = ()) -> None:
        self._reads = frozenset(reads)

    def needed_scope(self, event: str) -> Scope:
        """The scope for an event."""
        return Scope.READ if event in self._reads else Scope.WRITE
