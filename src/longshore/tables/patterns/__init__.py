"""Python's regular expressions over text columns, meaning exactly what :mod:`re` means.

::

    pattern = compile_pattern(r"(\\d+) (?P<unit>kg|lb)")
    frame.filter(pattern.contains(pl.col("weight")))
    frame.select(pattern.replace(pl.col("weight"), r"\\g<unit> \\1"))

Where the engine's own (Rust, linear-time) expressions provably mean the same, they do the work; see
:mod:`.translate` for the proof obligations. All other patterns, and those single texts for which a
translation would not hold, go to :mod:`re` itself in a process of its own (:mod:`.helper`), which can
be ended when it takes too long: a pattern such as ``(a+)+$`` may run for centuries and cannot be
interrupted inside this process.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import polars as pl

from longshore.errors import InvalidPattern, LongshoreError, shorten
from longshore.tables.core.column_expressions import mapped
from longshore.tables.patterns.helper import Helper
from longshore.tables.patterns.translate import Translation, translate, translate_template, without_warnings

__all__ = ["LIMIT_SECONDS", "Pattern", "collecting", "compile_pattern"]

LIMIT_SECONDS = 30.0
"""How long :mod:`re` may work on one expression, all rows together."""

MAX_PATTERN = 10_000
"""Characters; compiling a longer one would hold up every other thread."""

_HINTS = {
    "unterminated subpattern": r"write \( for a literal parenthesis",
    "unbalanced parenthesis": r"write \) for a literal parenthesis",
    "unterminated character set": r"write \[ for a literal bracket",
    "nothing to repeat": r"write \* , \+ or \? for the literal character",
    "multiple repeat": "put the inner repeat in a group, as in (?:a+)*",
    "bad escape (end of pattern)": r"write \\ for a literal backslash",
    "look-behind requires fixed-width": "inside (?<=...) every alternative must have a fixed length",
    "bad character range": "a range runs from the smaller to the larger character; put a literal - first or last",
    "invalid group reference": "groups are numbered from 1 by their opening parentheses",
}


@dataclass(frozen=True)
class Pattern:
    """A checked pattern.

    :param text: as the user wrote it.
    :param limit_seconds: total time for each expression made by :meth:`contains` or :meth:`replace`.
    """

    text: str
    compiled: re.Pattern[str]
    limit_seconds: float = LIMIT_SECONDS

    @cached_property
    def translation(self) -> Translation | None:
        """The engine's equivalent, or None when only :mod:`re` will do."""
        return translate(self.text)

    def contains(self, expr: pl.Expr) -> pl.Expr:
        """Whether each text has a match, as ``re.search`` finds it; missing for missing.

        :param expr: texts (``String``).
        :return: ``Boolean``. Computing it raises :class:`~longshore.errors.TimedOut` past the limit.
        """
        slow = Helper(self.text, None, self.limit_seconds)
        if self.translation is None:
            return _over_batches(expr, slow.run, pl.Boolean())
        regex, native = self.translation.regex, self.translation.holds_everywhere
        if native:
            return expr.str.contains(regex)
        fast = partial(_contains_series, regex)
        return _over_batches(expr, _Split(self.translation, fast, slow.run).run, pl.Boolean())

    def replace(self, expr: pl.Expr, replacement: str) -> pl.Expr:
        """Every match inside each text replaced, as ``re.sub`` does it; missing for missing.

        :param expr: texts (``String``).
        :param replacement: Python's template syntax: ``\\1``, ``\\g<name>``, ``\\n``.
        :return: ``String``. Computing it raises :class:`~longshore.errors.TimedOut` past the limit.
        :raises InvalidPattern: if the template is malformed or names a group that the pattern has not.
        """
        self.check_template(replacement)
        slow = Helper(self.text, replacement, self.limit_seconds)
        template = translate_template(self.compiled, replacement)
        # After an empty match the two engines go on at different places.
        if self.translation is None or template is None or self.translation.may_be_empty:
            return _over_batches(expr, slow.run, pl.String())
        if self.translation.repeats_groups and template.uses_groups:
            return _over_batches(expr, slow.run, pl.String())
        regex, native = self.translation.regex, self.translation.holds_everywhere
        if native:
            return expr.str.replace_all(regex, template.text)
        fast = partial(_replace_series, regex, template.text)
        return _over_batches(expr, _Split(self.translation, fast, slow.run).run, pl.String())

    def check_template(self, replacement: str) -> None:
        """Do nothing when ``replacement`` is a template that fits the pattern.

        :raises InvalidPattern: otherwise.
        """
        try:
            # `re` compiles the template before it looks for a match; an empty text has none that could take long.
            self.compiled.sub(replacement, "")
        except re.error as error:
            raise InvalidPattern(_explain("replacement", replacement, error)) from None
        except IndexError as error:
            raise InvalidPattern(f"the replacement {shorten(replacement)!r} is malformed: {error}") from None


def compile_pattern(text: str, limit_seconds: float = LIMIT_SECONDS) -> Pattern:
    """Check a pattern in Python's syntax.

    >>> compile_pattern("a(b").text
    Traceback (most recent call last):
        ...
    longshore.errors.InvalidPattern: the pattern 'a(b' is malformed at character 1: missing ), \
unterminated subpattern; write \\( for a literal parenthesis

    :raises InvalidPattern: with the position (counted from 0), the reason and a hint.
    """
    if len(text) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern has {len(text):,} characters; at most {MAX_PATTERN:,} are allowed")
    try:
        with without_warnings(text):
            return Pattern(text, re.compile(text), limit_seconds)
    except re.error as error:
        raise InvalidPattern(_explain("pattern", text, error)) from None
    except RecursionError:
        raise InvalidPattern(f"the pattern {shorten(text)!r} has too many groups inside groups") from None
    except (OverflowError, ValueError) as error:
        raise InvalidPattern(f"the pattern {shorten(text)!r} is malformed: {error}") from None


def collecting(frame: pl.LazyFrame) -> pl.DataFrame:
    """``frame.collect()``, with the project's own error when a pattern inside the query raised one.

    Polars 2.1 hands on what a callback raises as it is; earlier and other engines wrap it.

    :raises TimedOut: when a pattern of the query took too long.
    """
    try:
        return frame.collect()
    except pl.exceptions.PolarsError as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, LongshoreError):
                raise cause from None
            cause = cause.__cause__ or cause.__context__
        raise


def _explain(what: str, text: str, error: re.error) -> str:
    where = "" if error.pos is None else f" at character {error.pos}"
    hint = next((f"; {hint}" for part, hint in _HINTS.items() if part in error.msg), "")
    return f"the {what} {shorten(text)!r} is malformed{where}: {shorten(error.msg)}{hint}"


SeriesFunction = Callable[[pl.Series], pl.Series]


def _over_batches(expr: pl.Expr, function: SeriesFunction, dtype: pl.DataType) -> pl.Expr:
    # Element-wise: the streaming engine may hand over one piece after the other.
    return mapped(expr, function, dtype)


def _contains_series(regex: str, texts: pl.Series) -> pl.Series:
    return texts.str.contains(regex)


def _replace_series(regex: str, template: str, texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(regex, template)


@dataclass(frozen=True)
class _Split:
    """Runs ``fast`` on the texts for which the translation holds and ``slow`` on the others."""

    translation: Translation
    fast: SeriesFunction
    slow: SeriesFunction

    def run(self, texts: pl.Series) -> pl.Series:
        result = self.fast(texts)
        doubtful = self.translation.doubtful(texts)
        if doubtful.any():
            rows = doubtful.arg_true()
            result = result.scatter(rows, self.slow(texts.gather(rows)))
        return result
