"""Regular expressions in an operation's code: what :class:`~longshore.tables.patterns.Pattern` does, as Python text."""

from __future__ import annotations

import re

from longshore.tables.codegen.literals import quote, raw
from longshore.tables.patterns import Pattern
from longshore.tables.patterns.translate import translate_template

MAX_TRANSLATION = 80
"""Characters; a longer translated pattern (all digits of all scripts, say) is read by nobody."""


def found(text: str, pattern: Pattern) -> str:
    """Whether each text has a match, missing for missing, as :meth:`Pattern.contains`."""
    native = _native(pattern)
    if native is not None:
        return f"{text}.str.contains({native})"
    return (
        f"{text}.map_elements(lambda text: re.search({raw(pattern.text)}, text) is not None, return_dtype=pl.Boolean)"
    )


def replaced(text: str, pattern: Pattern, replacement: str) -> str:
    """The texts with every match replaced, as :meth:`Pattern.replace`."""
    native, translation = _native(pattern), pattern.translation
    template = translate_template(pattern.compiled, replacement)
    if (
        native is not None
        and translation is not None
        and template is not None
        and not translation.may_be_empty
        and not (translation.repeats_groups and template.uses_groups)
    ):
        return f"{text}.str.replace_all({native}, {quote(template.text)})"
    arguments = f"{raw(pattern.text)}, {raw(replacement)}"
    return f"{text}.map_elements(lambda text: re.sub({arguments}, text), return_dtype=pl.String)"


_MARKS = r"\.+*?()[]{}|^$"
_SET_MARKS = "-&~#"
_POINT = re.compile(r"\\x\{([0-9A-F]+)\}")


def _native(pattern: Pattern) -> str | None:
    """The pattern in Polars' own syntax, where it means the same for every text and stays readable."""
    translation = pattern.translation
    if translation is None or not translation.holds_everywhere or len(translation.regex) > 50 * MAX_TRANSLATION:
        return None
    inner = translation.regex.removeprefix("(?:").removesuffix(")")
    regex = _POINT.sub(lambda point: _readable(int(point[1], 16)), inner)
    if len(regex) > MAX_TRANSLATION:
        return None
    # The group keeps Polars from taking a pattern without special characters for a plain text, where "$$" differs.
    return raw(regex if any(mark in regex for mark in _MARKS) else f"(?:{regex})")


def _readable(point: int) -> str:
    character = chr(point)
    if character in _MARKS or character in _SET_MARKS:
        return f"\\{character}"
    return character if character.isprintable() else rf"\x{{{point:X}}}"
