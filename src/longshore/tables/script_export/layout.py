"""Statements too long for a line, broken at their brackets as formatters do."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH = 100
_INDENT = "    "
_LITERAL = re.compile(r"""-?\d[\w.+-]*|"[^"\\]*"|None|True|False""")
_MANY = 6
"""So many short literals fill lines instead of standing one below the other."""


def lay_out(statement: str, indent: str = "") -> list[str]:
    """``statement`` (one line, without comments) as lines of at most :data:`WIDTH` characters where that can be.

    Long texts are never cut: what is written stays what is meant, which is checked.

    >>> lay_out('df = df.rename({"' + "a" * 60 + '": "' + "b" * 40 + '"})')[0]
    'df = df.rename('
    """
    if "\n" in statement or len(indent) + len(statement) <= WIDTH:
        return [indent + line for line in statement.split("\n")]
    lines = _break(statement, indent, inside=False)
    if ast.dump(ast.parse("\n".join(line.removeprefix(indent) for line in lines))) != ast.dump(ast.parse(statement)):
        return [indent + statement]
    return lines


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int


def _tokens(text: str) -> list[_Token]:
    """With the depth of brackets at which each stands; a bracket stands at the depth outside it."""
    found, depth = [], 0
    # The parentheses keep the tokenizer content with a piece of a statement.
    for token in tokenize.generate_tokens(io.StringIO(f"({text})").readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
            continue
        if token.string in (")", "]", "}") and token.type == tokenize.OP:
            depth -= 1
        found.append(_Token(token.string, token.start[1] - 1, token.end[1] - 1, depth - 1))
        if token.string in ("(", "[", "{") and token.type == tokenize.OP:
            depth += 1
    return found[1:-1]


def _break(text: str, indent: str, *, inside: bool) -> list[str]:
    if len(indent) + len(text) <= WIDTH:
        return [indent + text]
    tokens = _tokens(text)
    if inside:
        loop = next((token.start for token in tokens if token.text == "for" and token.depth == 0), None)
        if loop is not None:
            return [*_break(text[:loop].rstrip(), indent, inside=True), indent + text[loop:]]
        links = _links(tokens)
        if len(links) > 1 or (links and _head_is_long(text, tokens, indent)):
            places = [0, *links, len(text)]
            pieces = [text[start:end].rstrip() for start, end in pairwise(places)]
            return [line for piece in pieces for line in _break_bracket(piece, indent)]
    return _break_bracket(text, indent)


def _head_is_long(text: str, tokens: Sequence[_Token], indent: str) -> bool:
    """Whether breaking the last brackets would leave a long line before them."""
    groups = _groups(tokens)
    return bool(groups) and len(indent) + tokens[groups[0][0]].end > WIDTH


def _links(tokens: Sequence[_Token]) -> list[int]:
    """Where the dots of a chain of calls stand, the first call excepted."""
    return [
        token.start
        for before, token in pairwise(tokens)
        if token.depth == 0 and token.text == "." and before.text in (")", "]")
    ]


def _break_bracket(text: str, indent: str) -> list[str]:
    if len(indent) + len(text) <= WIDTH:
        return [indent + text]
    tokens = _tokens(text)
    groups = _groups(tokens)
    if not groups:
        return [indent + text]
    # The last brackets, unless what stands before them would stay too long.
    fitting = [group for group in groups if len(indent) + tokens[group[0]].end <= WIDTH]
    first, last = (fitting or groups[-1:])[0]
    opening, closing = tokens[first], tokens[last]
    body = text[opening.end : closing.start].strip()
    deeper = indent + _INDENT
    items = _items(body)
    lines = [indent + text[: opening.end]]
    is_literals = len(items) >= _MANY and all(_is_short_literal(item) for item in items)
    if is_literals:
        lines += _fill(items, deeper)
    elif len(deeper) + len(body) <= WIDTH:
        lines.append(deeper + body)
    else:
        comma = "," if _takes_comma(tokens, first, items) else ""
        for number, item in enumerate(items, start=1):
            broken = _break(item, deeper, inside=True)
            broken[-1] += "," if number < len(items) else comma
            lines += broken
    return [*lines, indent + text[closing.start :]]


def _groups(tokens: Sequence[_Token]) -> list[tuple[int, int]]:
    """The brackets at the top with something between them, by the numbers of their tokens, the last ones first."""
    found, closing = [], 0
    for number in range(len(tokens) - 1, -1, -1):
        token = tokens[number]
        if token.depth != 0:
            continue
        if token.text in (")", "]", "}"):
            closing = number
        elif token.text in ("(", "[", "{") and closing > number + 1:
            found.append((number, closing))
    return found


def _items(body: str) -> list[str]:
    tokens = [token for token in _tokens(body) if token.depth == 0]
    if any(token.text == "for" for token in tokens):
        return [body]  # the commas of a comprehension part nothing
    places = [token for token in tokens if token.text == ","]
    starts = [0, *(token.end for token in places)]
    ends = [*(token.start for token in places), len(body)]
    return [item for start, end in zip(starts, ends, strict=True) if (item := body[start:end].strip())]


def _takes_comma(tokens: Sequence[_Token], first: int, items: Sequence[str]) -> bool:
    """Whether a comma after the last item changes nothing, as it would in a subscript or around one value."""
    if any(token.text == "for" and token.depth == 0 for token in _tokens(items[-1])):
        return False
    follows_value = first > 0 and (tokens[first - 1].text in (")", "]") or tokens[first - 1].text.isidentifier())
    if tokens[first].text == "(":
        return follows_value or len(items) > 1
    return tokens[first].text == "{" or not follows_value


def _is_short_literal(item: str) -> bool:
    return len(item) <= 30 and _LITERAL.fullmatch(item) is not None


def _fill(items: Sequence[str], indent: str) -> list[str]:
    lines, line = [], indent
    for item in items:
        piece = f"{item}, "
        if len(line) + len(piece) - 1 > WIDTH and line != indent:
            lines.append(line.rstrip())
            line = indent
        line += piece
    return [*lines, line.rstrip()]
