"""Who sent a request, by the token, the cookie or the header that it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug.http import dump_cookie, parse_cookie

from longshore.access.audit import AuditLog, outcome_of
from longshore.access.callers import MAX_USER, Caller
from longshore.access.logins import Logins
from longshore.access.scopes import Scope
from longshore.access.throttling import Guesses
from longshore.access.tokens import Token, TokenBook
from longshore.errors import Forbidden, Unauthorized
from longshore.settings import Settings

_BEARER = "bearer "


class Identities:
    """Knows callers.

    :ivar book: the tokens; None when nobody needs one.
    :ivar logins: the browsers' logins; None in the same case.
    """

    def __init__(self, settings: Settings, audit: AuditLog) -> None:
        self.book = TokenBook.of(settings)
        self.logins = Logins(settings, self.book) if self.book is not None else None
        self._guesses = Guesses(settings) if self.book is not None else None
        self._audit = audit
        self._header = f"HTTP_{settings.user_header_name.upper().replace('-', '_')}"

    def identify(self, environ: dict[str, Any], *, from_proxy: bool) -> Caller:
        """The caller of a request. What proved it is taken out of ``environ``, and the user's name is put in.

        So nothing behind the gate, an echo or a mounted application, ever sees a token, or a name that is not true.

        :param from_proxy: whether a trusted proxy sent it, whose word on the user's name is taken.
        :raises Unauthorized: for a token that is not known.
        :raises TooManyRequests: when too many of those came from this address.
        """
        address, named = environ.get("REMOTE_ADDR", ""), environ.get(self._header, "")[:MAX_USER] or None
        if self.book is None:
            return Caller(named, Scope.ADMIN, address)
        caller = self._by_token(environ, address) or self._by_cookie(environ, address)
        if caller is None:
            caller = Caller(None, Scope.PUBLIC, address, via="nobody")
        if from_proxy and named is not None:
            return replace(caller, user=named)
        environ.pop(self._header, None)
        if caller.user is not None:
            environ[self._header] = caller.user
        return caller

    def require(self, shown: str, address: str) -> Token:
        """The token that was shown.

        :raises Unauthorized: when it is not known.
        :raises TooManyRequests: when too many of those came from this address.
        """
        if self.book is None or self._guesses is None:
            raise Unauthorized("this server asks nobody for a token")
        token = self.book.match(shown.strip())
        if token is not None:
            return token
        self._guesses.spend(address)
        # Beyond the limit nothing is written: a flood of guesses must not fill the disk.
        self._audit.write(Caller(None, Scope.PUBLIC, address), "token", "", outcome_of(Unauthorized.status))
        raise Unauthorized("this token is not known; it may have been withdrawn, or a part of it is missing")

    def is_still(self, caller: Caller) -> bool:
        """Whether what let a caller in still would: the token is there, and the login was not ended."""
        if self.book is None or self.logins is None:
            return True
        if caller.token is None or not self.book.knows(caller.token):
            return False
        return caller.login is None or not self.logins.has_ended(caller.login)

    def _by_token(self, environ: dict[str, Any], address: str) -> Caller | None:
        shown = environ.get("HTTP_AUTHORIZATION", "")
        if shown[: len(_BEARER)].lower() != _BEARER:
            return None
        del environ["HTTP_AUTHORIZATION"]
        token = self.require(shown[len(_BEARER) :], address)
        return Caller(token.name, token.scope, address, "bearer", token)

    def _by_cookie(self, environ: dict[str, Any], address: str) -> Caller | None:
        header = environ.get("HTTP_COOKIE", "")
        if self.logins is None or self.logins.cookie_name not in header:
            return None
        cookies = parse_cookie(header)
        # Whichever it is: some proxies call the scheme of a socket by another name than that of a page.
        shown = [cookies.pop(name, "") for name in (self.logins.secure_cookie_name, self.logins.cookie_name)]
        login = next(filter(None, map(self.logins.read, shown)), None)
        environ["HTTP_COOKIE"] = "; ".join(
            dump_cookie(name, value, path=None) for name, value in cookies.items(multi=True)
        )
        if login is None:
            return None
        return Caller(login.token.name, login.token.scope, address, "cookie", login.token, login.login_id)


def require_scope(caller: Caller, needed: Scope) -> None:
    """See that a caller may do what needs a scope.

    :raises Unauthorized: for somebody without a token.
    :raises Forbidden: for a token with less.
    """
    if caller.scope >= needed:
        return
    if caller.scope is Scope.PUBLIC:
        raise Unauthorized(
            "this server asks for a token: send it as `Authorization: Bearer ...`, or log in at /login in a browser"
        )
    raise Forbidden(f"this needs the scope {needed.word}; the token {caller.user} has {caller.scope.word}")
