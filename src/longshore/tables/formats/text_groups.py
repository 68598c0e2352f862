"""Parts of texts: the groups of a pattern's first match, and what is left without the spaces around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import mapped
from longshore.tables.core.dtypes import SPACES
from longshore.tables.core.portable import portable
from longshore.tables.patterns import Pattern, compile_pattern

MAX_GROUPS = 100


@portable
def trimmed(text: pl.Expr, ends: str, *, collapse: bool = False) -> pl.Expr:
    """Texts without the spaces at ``both`` ends, ``start``, ``end`` or ``none``; ``collapse`` makes one of several."""
    if ends in ("both", "start"):
        text = text.str.strip_chars_start(SPACES)
    if ends in ("both", "end"):
        text = text.str.strip_chars_end(SPACES)
    return text.str.replace_all(f"[{SPACES}]+", " ") if collapse else text


def group_name(pattern: Pattern, group: int) -> str | None:
    """The name that the pattern gives a group."""
    return next((name for name, number in pattern.compiled.groupindex.items() if number == group), None)


def group_of(text: pl.Expr, pattern: Pattern, group: int) -> pl.Expr:
    """What a group of the first match holds, as ``re.search`` finds it; empty is missing.

    :raises TimedOut: while it is computed, when the pattern takes too long.
    """
    return mapped(text, _Group(pattern, group).run, pl.String())


def group_code(text: str, pattern: Pattern, group: int) -> str:
    """:func:`group_of` in a script."""
    found = f"first_match(text, {write.raw(pattern.text)}, {group})"
    return f"{text}.map_elements(lambda text: {found}, return_dtype=pl.String)"


@dataclass(frozen=True)
class _Group:
    """The engine extracts where its expressions mean the same as Python's; otherwise Python does, in its process."""

    pattern: Pattern
    group: int

    def run(self, texts: pl.Series) -> pl.Series:
        translation = self.pattern.translation
        if translation is None or (translation.repeats_groups and self.group):
            return _without_empty(self._slow(texts))
        result = texts.str.extract(translation.regex, self.group)
        if not translation.holds_everywhere:
            doubtful = translation.doubtful(texts)
            if doubtful.any():
                rows = doubtful.arg_true()
                result = result.scatter(rows, self._slow(texts.gather(rows)))
        return _without_empty(result)

    def _slow(self, texts: pl.Series) -> pl.Series:
        """All of the text is replaced by the group; the lazy start finds the same first match as a search."""
        whole = compile_pattern(_around(self.pattern), self.pattern.limit_seconds)
        column = pl.col("text")
        found = pl.when(whole.contains(column)).then(whole.replace(column, rf"\g<{self.group or 1}>"))
        return texts.rename("text").to_frame().select(found).to_series().rename(texts.name)


@portable
def first_match(text: str, pattern: str, group: int) -> str | None:
    """What a group of the first match holds; None where nothing matches or the group is empty."""
    match = re.search(pattern, text)
    return match[group] or None if match else None


_FLAGS = re.compile(r"(?:\(\?[aiLmsux]+\))*")


def _around(pattern: Pattern) -> str:
    """A pattern that matches the whole of a text in which ``pattern`` matches a part; groups keep their numbers.

    A pattern without groups becomes group 1.
    """
    flags = _FLAGS.match(pattern.text)
    start = flags.end() if flags else 0
    end = "\n)" if pattern.compiled.flags & re.VERBOSE else ")"  # the line break ends a comment
    opened = "(?:" if pattern.compiled.groups else "("
    return rf"{pattern.text[:start]}\A(?s:.*?){opened}{pattern.text[start:]}{end}(?s:.*)"


def _without_empty(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(pl.when(pl.col("text") != "").then(pl.col("text"))).to_series()
