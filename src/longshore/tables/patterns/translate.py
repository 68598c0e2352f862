"""From Python's parsed pattern to the Rust ``regex`` crate's syntax, or None where the meaning might differ.

The walk starts from the tokens of Python's own parser, so that the two syntaxes never meet: every
literal and every set is written anew as code points. What makes a pattern untranslatable:

- look-around, back-references, conditionals, atomic groups, possessive repeats: Rust has none of them;
- a repeat whose body can be empty: backtracking and automata disagree on when to stop;
- ``\\B``: Python 3.11 finds none in the empty text;
- ``(?a:...)`` inside a pattern: CPython applies it to some of the work only;
- patterns that expand to many states: linear, but with too large a factor, and nothing could end them.

What holds only for some texts, see :meth:`Translation.doubtful`: ``$`` (Python also accepts it before a
final newline), ``\\b`` and case-insensitivity (the word characters and case pairs of non-ASCII letters
differ between Unicode versions). The classes ``\\w \\d \\s`` are written out as Python has them.

Sources: https://docs.python.org/3/library/re.html, https://docs.rs/regex/latest/regex/#syntax
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import polars as pl

MAX_STATES = 500
DEEPEST = 50
_SURROGATES = range(0xD800, 0xE000)
_MARKERS = 0xF0000  # a private-use plane: stands for groups while a template is taken apart


@dataclass(frozen=True)
class Translation:
    """A pattern in Rust's syntax.

    :param ascii_only: it holds only for ASCII texts.
    :param no_final_newline: it holds only for texts that do not end with a newline.
    :param may_be_empty: a match can be empty.
    :param repeats_groups: a capturing group stands inside a repeat.
    """

    regex: str
    ascii_only: bool
    no_final_newline: bool
    may_be_empty: bool
    repeats_groups: bool

    @property
    def holds_everywhere(self) -> bool:
        """Whether it means the same for every text."""
        return not (self.ascii_only or self.no_final_newline)

    def doubtful(self, texts: pl.Series) -> pl.Series:
        """Which of ``texts`` it may not hold for; False for missing."""
        found = pl.repeat(False, len(texts), dtype=pl.Boolean, eager=True)
        if self.ascii_only:
            found = found | (texts.str.len_bytes() != texts.str.len_chars())
        if self.no_final_newline:
            found = found | texts.str.ends_with("\n")
        return found.fill_null(False)


@dataclass(frozen=True)
class Template:
    """A replacement in Rust's syntax, ``${1}`` for ``\\1``."""

    text: str
    uses_groups: bool


class _Untranslatable(Exception):
    """Only :mod:`re` itself will do."""


@contextmanager
def without_warnings(pattern: str) -> Iterator[None]:
    """Keep the parser from warning of sets such as ``[[a]``, which are legal; that is news for programmers only."""
    if "[" not in pattern:
        yield
        return
    # The filters belong to the whole process, hence the lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


_warnings_lock = threading.Lock()


def translate(text: str) -> Translation | None:
    """The Rust pattern that means what the (valid) Python pattern ``text`` means; None if there is none."""
    with without_warnings(text):
        parsed = parser.parse(text)
    walk = _Walk()
    try:
        regex = walk.sequence(parsed, parsed.state.flags, depth=0)
    except _Untranslatable:
        return None
    # The group keeps Polars from taking a pattern without special characters for a plain text, where "$$" differs.
    return Translation(
        f"(?:{regex})", walk.ascii_only, walk.no_final_newline, parsed.getwidth()[0] == 0, walk.repeats_groups
    )


def translate_template(compiled: re.Pattern[str], replacement: str) -> Template | None:
    """``replacement`` (checked before) in Rust's syntax; None if it holds characters that we use as markers.

    :mod:`re` itself takes the template apart: it fills it in for a stand-in pattern with as many groups,
    the n-th of which matches a marker, and the markers are then written as ``${n}``.
    """
    if any(ord(character) >= _MARKERS for character in replacement):
        return None
    names = {number: name for name, number in compiled.groupindex.items()}
    markers = [chr(_MARKERS + number) for number in range(compiled.groups + 1)]
    opened = (f"(?P<{names[n]}>" if n in names else "(" for n in range(1, compiled.groups + 1))
    stand_in = markers[0] + "".join(f"{group}{marker})" for group, marker in zip(opened, markers[1:], strict=True))
    filled = re.sub(stand_in, replacement, "".join(markers))
    text = filled.replace("$", "$$").replace("".join(markers), "${0}")
    for number, marker in enumerate(markers[1:], start=1):
        text = text.replace(marker, f"${{{number}}}")
    return Template(text, uses_groups=any(marker in filled for marker in markers[1:]))


class _Walk:
    """Writes tokens in Rust's syntax and notes what the result depends on."""

    def __init__(self) -> None:
        self.states = 0
        self.factor = 1
        self.ascii_only = False
        self.no_final_newline = False
        self.repeats_groups = False

    def sequence(self, items: Any, flags: int, depth: int) -> str:
        if depth > DEEPEST:
            raise _Untranslatable
        return "".join(self.item(op, argument, flags, depth + 1) for op, argument in items)

    def item(self, op: Any, argument: Any, flags: int, depth: int) -> str:
        self.count()
        if op is sre.LITERAL:
            return self.folded(code_point(argument), flags, [argument])
        if op is sre.NOT_LITERAL:
            return self.folded(f"[^{code_point(argument)}]", flags, [argument])
        if op is sre.ANY:
            return "(?s:.)" if flags & re.DOTALL else r"[^\n]"
        if op is sre.IN:
            return self.set(argument, flags)
        if op is sre.BRANCH:
            return "(?:" + "|".join(self.sequence(choice, flags, depth) for choice in argument[1]) + ")"
        if op is sre.SUBPATTERN:
            return self.group(argument, flags, depth)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self.repeat(argument, flags, depth) + ("?" if op is sre.MIN_REPEAT else "")
        if op is sre.AT:
            return self.position(argument, flags)
        raise _Untranslatable

    def count(self) -> None:
        self.states += self.factor
        if self.states > MAX_STATES:
            raise _Untranslatable

    def folded(self, regex: str, flags: int, points: list[int]) -> str:
        if not flags & re.IGNORECASE:
            return regex
        # Case pairs reach over the border of ASCII (k and the Kelvin sign), so ASCII on one side is not enough.
        if any(point > 127 for point in points):
            raise _Untranslatable
        self.ascii_only = True
        return f"(?i:{regex})"

    def set(self, members: Any, flags: int) -> str:
        parts, points = [], []
        for op, argument in members:
            if op is sre.NEGATE:
                parts.append("^")
            elif op is sre.LITERAL:
                parts.append(code_point(argument))
                points.append(argument)
            elif op is sre.RANGE:
                parts.append("-".join(map(code_point, argument)))
                points.extend(argument)
            else:
                parts.append(category(argument, ascii_only=bool(flags & re.ASCII)))
        return self.folded(f"[{''.join(parts)}]", flags, points)

    def group(self, argument: Any, flags: int, depth: int) -> str:
        number, added, removed, items = argument
        if (added | removed) & (re.ASCII | re.UNICODE):
            # CPython 3.11 looks for the first character with the outer flag: (?a:\S) misses "\x1c".
            raise _Untranslatable
        self.repeats_groups |= number is not None and self.factor > 1
        opening = "(?:" if number is None else "("
        return opening + self.sequence(items, (flags | added) & ~removed, depth) + ")"

    def repeat(self, argument: Any, flags: int, depth: int) -> str:
        least, most, items = argument
        if items.getwidth()[0] == 0:
            raise _Untranslatable
        unlimited = most is sre.MAXREPEAT
        before = self.factor
        self.factor = before * max(2, least + 1 if unlimited else most)
        body = self.sequence(items, flags, depth)
        self.factor = before
        return f"(?:{body}){{{least},{'' if unlimited else most}}}"

    def position(self, code: Any, flags: int) -> str:
        if code is sre.AT_BEGINNING_STRING:
            return r"\A"
        if code is sre.AT_END_STRING:
            return r"\z"
        if code is sre.AT_BEGINNING:
            return r"(?m:^)" if flags & re.MULTILINE else r"\A"
        if code is sre.AT_END:
            if flags & re.MULTILINE:
                return r"(?m:$)"
            self.no_final_newline = True
            return r"\z"
        if code is sre.AT_BOUNDARY:
            self.ascii_only = True
            return r"\b"
        raise _Untranslatable


def code_point(number: int) -> str:
    """One character in Rust's syntax, inside or outside a set."""
    if number in _SURROGATES:
        raise _Untranslatable
    return rf"\x{{{number:X}}}"


_CLASSES = {sre.CATEGORY_DIGIT: r"\d+", sre.CATEGORY_SPACE: r"\s+", sre.CATEGORY_WORD: r"\w+"}
_OPPOSITES = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
}
_ASCII_CLASSES = {
    sre.CATEGORY_DIGIT: "[0-9]",
    sre.CATEGORY_SPACE: r"[\x09-\x0D\x20]",
    sre.CATEGORY_WORD: "[0-9A-Z_a-z]",
}


@cache
def category(code: Any, *, ascii_only: bool) -> str:
    r"""The class ``\d``, ``\s``, ``\w`` or an opposite as the ranges that this Python's Unicode tables give.

    :mod:`re` is asked itself, with a text of all characters there are; a surrogate is in none of the classes.
    """
    if code in _OPPOSITES:
        return category(_OPPOSITES[code], ascii_only=ascii_only).replace("[", "[^", 1)
    if ascii_only:
        return _ASCII_CLASSES[code]
    everything = np.arange(sys.maxunicode + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    runs = re.finditer(_CLASSES[code], everything)
    return "[" + "".join(f"{code_point(run.start())}-{code_point(run.end() - 1)}" for run in runs) + "]"
