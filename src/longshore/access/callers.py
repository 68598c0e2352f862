"""Who is asking: known from the gate on, in a route, a mounted application or a socket's event alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import has_request_context, request

from longshore.access.scopes import Scope
from longshore.access.tokens import Token
from longshore.settings import Settings

MAX_USER = 200
KEY = "longshore.caller"
"""Where the gate leaves the caller in the WSGI environment."""

Via = Literal["open", "bearer", "cookie", "nobody"]


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    :param user: None when nobody was named.
    :param address: of the client, as far as trusted proxies tell it.
    :param via: how the caller was known: ``open`` when the server asks nobody, ``nobody`` without a token.
    :param login: the login's id, for a browser.
    :param notes: what the audit line of this request says beyond the standard; see :func:`longshore.access.audit.note`.
    """

    user: str | None
    scope: Scope
    address: str = ""
    via: Via = "open"
    token: Token | None = None
    login: str | None = None
    notes: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def rate_key(self) -> str:
        """Whose requests are counted together: a token's, else an address's."""
        return f"token:{self.token.name}" if self.token else f"address:{self.address}"


_acting: ContextVar[Caller | None] = ContextVar("longshore_caller", default=None)


@contextmanager
def acting(caller: Caller) -> Iterator[None]:
    """Within the block, the current caller is this one."""
    before = _acting.set(caller)
    try:
        yield
    finally:
        _acting.reset(before)


def current_caller() -> Caller | None:
    """Who is asking; None outside of a request, and in an application without a gate."""
    return _acting.get()


def current_user(settings: Settings) -> str | None:
    """The user token of whoever is asking, at most 200 characters; None when nobody was named.

    A token's own name where tokens are asked for, else what the header says.
    """
    caller = _acting.get()
    if caller is not None:
        return caller.user
    given = request.headers.get(settings.user_header_name) if has_request_context() else None
    return given[:MAX_USER] if given else None
