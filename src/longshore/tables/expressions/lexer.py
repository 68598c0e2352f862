"""The words of an expression. What is none of them is refused: comments, parameters, brackets, semicolons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from longshore.errors import InvalidRequest, shorten
from longshore.tables.expressions.ast import Span

LONGEST = 5_000
"""Characters of the longest expression."""

TokenKind = Literal["word", "name", "text", "number", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>"(?:[^"]|"")*")
    |(?P<text>'(?:[^']|'')*')
    |(?P<word>[^\W\d]\w*)
    |(?P<sign>::|\|\||<=|>=|<>|!=|==|[-+*/%=<>(),])""",
    re.VERBOSE,
)
_HINTS = {
    '"': "a column's name ends with a double quote, which is doubled inside it",
    "'": "text ends with a single quote, which is doubled inside it",
    "`": 'put column names between double quotes, as in "Release Date"',
    "[": 'put column names between double quotes, as in "Release Date"',
    "^": "write POWER(x, 2) for x to the power of 2",
    ";": "an expression is a single one",
    "&": "write AND",
    "|": "write OR, or || to put text together",
    "!": "write NOT, or <> for different",
    "-": "an expression holds no comments; write - (-x) to take a negative number away",
    "/": "an expression holds no comments",
    "~": "write REGEXP_LIKE(text, 'pattern')",
}


@dataclass(frozen=True)
class Token:
    """A word, quoted name, text, number or sign; names and texts without their quotes."""

    kind: TokenKind
    text: str
    span: Span

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in any case; a quoted name never is."""
        return self.kind == "word" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs


def tokenize(text: str) -> list[Token]:
    """The words of ``text`` in order, and one that says it ends.

    >>> [token.text for token in tokenize('"Net Price"*2')]
    ['Net Price', '*', '2', '']

    :raises InvalidRequest: for a character that does not belong there, with its place (from 0) and a hint.
    """
    if len(text) > LONGEST:
        raise InvalidRequest(f"an expression has at most {LONGEST:,} characters; this one has {len(text):,}")
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or text.startswith(("--", "/*"), at):
            raise unexpected(text, at)
        kind = found.lastgroup
        if kind != "space":
            tokens.append(_token(kind, found[0], Span(at, found.end())))
        at = found.end()
    return [*tokens, Token("end", "", Span(at, at))]


def _token(kind: str | None, written: str, span: Span) -> Token:
    if kind == "name":
        return Token("name", written[1:-1].replace('""', '"'), span)
    if kind == "text":
        return Token("text", written[1:-1].replace("''", "'"), span)
    assert kind in ("word", "number", "sign")  # noqa: S101 - the groups of the expression above
    return Token(kind, written, span)  # type: ignore[arg-type]


def unexpected(text: str, at: int) -> InvalidRequest:
    """The error for a character that does not belong where it stands."""
    hint = f"; {_HINTS[text[at]]}" if text[at] in _HINTS else ""
    return InvalidRequest(f"{shorten(text[at:], 20)!r} at character {at} does not belong into an expression{hint}")
