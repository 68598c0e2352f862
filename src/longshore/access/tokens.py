"""The tokens: made once, kept as hashes, compared without telling by the time how near a guess was."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

from longshore.access.scopes import Scope
from longshore.errors import SettingsError
from longshore.settings import Settings

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
HOW_TO_MAKE = "`longshore token make NAME --scope write` makes one"
_TOKEN = re.compile(r"ls_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Token:
    """What is kept of a token.

    :param name: the user that it stands for.
    :param digest: SHA-256 in hexadecimal digits.
    """

    name: str
    scope: Scope
    digest: str = field(repr=False)

    @property
    def line(self) -> str:
        """As it stands in ``AUTH_TOKENS``."""
        return f"{self.name}:{self.scope.word}:{self.digest}"


def make_token(name: str, scope: Scope) -> tuple[str, Token]:
    """A new token, and what is kept of it.

    :raises SettingsError: for a name that cannot stand in a line.
    """
    shown = f"ls_{secrets.token_urlsafe(32)}"
    return shown, parse_token(f"{name}:{scope.word}:{_digest(shown)}")


def parse_token(line: str) -> Token:
    """A token's line ``name:scope:hash``.

    :raises SettingsError: saying what is wrong with it, without the hash.
    """
    name, _, rest = line.strip().partition(":")
    word, _, digest = rest.partition(":")
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"AUTH_TOKENS cannot be used: {name[:64]!r} is no name; use 1 to 64 letters, digits and . _ @ -"
        )
    try:
        scope = Scope.named(word)
    except ValueError as error:
        raise SettingsError(f"AUTH_TOKENS cannot be used: the token {name}: {error}") from None
    if not _DIGEST.fullmatch(digest):
        raise SettingsError(
            f"AUTH_TOKENS cannot be used: the token {name} has no hash of 64 hexadecimal digits; {HOW_TO_MAKE}"
        )
    return Token(name, scope, digest)


def tokens_are_on(settings: Settings) -> bool:
    """Whether callers have to show a token."""
    return settings.auth_tokens is not None


class TokenBook:
    """The tokens that are good now. Safe for threads; a file is read again when it has changed.

    :param source: lines separated by commas, or ``@`` and the path of a file with a line each.
    :raises SettingsError: for a line that is none, a file that cannot be read, or no token at all.
    """

    def __init__(self, source: str) -> None:
        self._path = Path(source[1:]).expanduser() if source.startswith("@") else None
        self._state = self._stamp()
        self._tokens = _parse(source.replace(",", "\n")) if self._path is None else _read(self._path)
        self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        if not self._tokens:
            raise SettingsError(f"AUTH_TOKENS cannot be used: it holds no token; {HOW_TO_MAKE}")

    @classmethod
    def of(cls, settings: Settings) -> TokenBook | None:
        """The tokens that the settings name; None when nobody needs one.

        :raises SettingsError: when they cannot be used.
        """
        return cls(settings.auth_tokens.get_secret_value()) if settings.auth_tokens is not None else None

    def match(self, shown: str) -> Token | None:
        """The token that was shown, if it is one of these."""
        # Only what `make_token` gives is looked at, so a guessable word is never a token, whatever its hash.
        digest = _digest(shown) if _TOKEN.fullmatch(shown) else ""
        found = None
        for token in self._current():  # all of them, so that the time does not tell which one was near
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def knows(self, token: Token) -> bool:
        """Whether a token is still good, with the same scope."""
        return token in self._current()

    def find(self, reference: str) -> Token | None:
        """The token whose hash begins with ``reference``, which a signed cookie holds."""
        return next((token for token in self._current() if token.digest.startswith(reference)), None)

    def _current(self) -> tuple[Token, ...]:
        if self._path is not None and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
            self._look_again(self._path)
        return self._tokens

    def _look_again(self, path: Path) -> None:
        state = self._stamp()
        if state == self._state:
            return
        self._state = state
        try:
            self._tokens = _read(path)
        except SettingsError as error:
            # Half of a file that is being written would lock people out, or let in whom the rest would not.
            logger.error("the tokens stay as they were: %s", error)  # noqa: TRY400 - the reason is all there is

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found is not None else None


def _digest(token: str) -> str:
    # One round of SHA-256 is enough: slow hashes protect passwords, which can be guessed; a token is 256 random bits.
    return hashlib.sha256(token.encode()).hexdigest()


def _read(path: Path) -> tuple[Token, ...]:
    try:
        text = path.read_text()
        mode = path.stat().st_mode
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"AUTH_TOKENS=@{path} cannot be used: {reason}") from None
    if mode & stat.S_IWOTH:
        raise SettingsError(f"AUTH_TOKENS=@{path} cannot be used: everyone on this machine may write to it")
    return _parse(text)


def _parse(text: str) -> tuple[Token, ...]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(parse_token(line) for line in lines if line)
