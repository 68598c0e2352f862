"""A browser's login: a signed cookie that names a token, good as long as the token and its time, until a logout."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from longshore.access.tokens import Token, TokenBook
from longshore.settings import Settings

_REFERENCE_DIGITS = 24
_MAX_COOKIE = 400
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Login:
    """One browser's login.

    :param login_id: 128 random bits.
    """

    token: Token
    login_id: str


class Logins:
    """Makes, reads and ends logins. What was ended is kept beside the other state, for all web servers of it."""

    def __init__(self, settings: Settings, book: TokenBook) -> None:
        self.settings = settings
        self.book = book
        secret = settings.require_internal_secret().encode()
        self._serializer = URLSafeTimedSerializer(
            secret,
            salt="longshore-login",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
            fallback_signers=[{}],  # logins of earlier versions, signed as the library does by itself (SHA-1)
        )
        # Cookies know no ports: two servers on one machine would take each other's away.
        self.cookie_name = f"longshore-{hmac.new(secret, b'cookie name', hashlib.sha256).hexdigest()[:8]}"
        # Over TLS: browsers take a cookie of such a name from this host only, and only encrypted (RFC 6265bis, 4.1.3).
        self.secure_cookie_name = f"__Host-{self.cookie_name}"
        self._folder = settings.root_storage_path / "ended-logins"

    def begin(self, token: Token) -> str:
        """The cookie of a new login."""
        return self._serializer.dumps([secrets.token_urlsafe(16), token.digest[:_REFERENCE_DIGITS]])

    def read(self, cookie: str) -> Login | None:
        """The login of a cookie; None for one that is forged, too old, ended, or whose token is gone."""
        if len(cookie) > _MAX_COOKIE:
            return None
        try:
            login_id, reference = self._serializer.loads(cookie, max_age=int(self.settings.login_seconds))
        except (BadData, ValueError, TypeError):
            return None
        # What is signed is ours; still, no reference may be one that fits every token.
        if not isinstance(reference, str) or len(reference) != _REFERENCE_DIGITS:
            return None
        token = self.book.find(reference)
        return Login(token, login_id) if token is not None and not self.has_ended(login_id) else None

    def end(self, login_id: str) -> None:
        """End a login everywhere, whoever has a copy of its cookie."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path(login_id).touch(mode=0o600)
        self._forget_old()

    def has_ended(self, login_id: str) -> bool:
        """Whether somebody logged out of it."""
        return self._path(login_id).exists()

    def _path(self, login_id: str) -> Path:
        if not _ID.fullmatch(login_id):
            raise ValueError("no id of a login")
        return self._folder / login_id

    def _forget_old(self) -> None:
        """Forget the ends of logins that would be over by now anyway."""
        for path in self._folder.iterdir():
            try:
                if path.stat().st_mtime < time.time() - self.settings.login_seconds:
                    path.unlink()
            except FileNotFoundError:
                continue  # another web server did it at the same moment
