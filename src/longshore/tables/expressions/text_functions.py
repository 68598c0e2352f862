"""Functions of text. Characters are Unicode's code points, counted from 1 as in SQL."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longshore.errors import InvalidValue
from longshore.tables.codegen import patterns
from longshore.tables.codegen.dual_expression import DualExpr, call, lit, px
from longshore.tables.core.portable import portable
from longshore.tables.expressions.functions import function
from longshore.tables.expressions.operands import (
    BOOLEAN,
    MAX_CELL_BYTES,
    MAX_CHARACTERS,
    MAX_TIMES,
    TEXT,
    WHOLE,
    Operand,
    Size,
    added,
    printed,
    require,
    require_text,
    text_constant,
    whole_constant,
)
from longshore.tables.formats.text_groups import MAX_GROUPS, group_code, group_of, trimmed
from longshore.tables.patterns import compile_pattern


def _text(name: str, operand: Operand, compute: Callable[[DualExpr], DualExpr], size: Size | None = None) -> Operand:
    text = require_text(operand, name)
    return text.now(compute(text.expr), TEXT, size or text.size)


def _multiplied(name: str, operand: Operand, times: int, compute: Callable[[DualExpr], DualExpr]) -> Operand:
    """A text that is up to so many times as long; missing where that would be too long for a cell."""
    text = require_text(operand, name)
    room = text.expr.str.len_bytes() <= MAX_CELL_BYTES // max(1, times)
    return text.now(px.when(room).then(compute(px.when(room).then(text.expr))), TEXT, text.size * times)


def _count(operand: Operand, name: str) -> DualExpr:
    """A number of characters, never negative."""
    number = require(operand, name, "a whole number", WHOLE)
    return number.expr.cast(pl.Int64).clip(lower_bound=0)


@function("UPPER(text)")
def _upper(operand: Operand) -> Operand:
    """In capitals."""
    return _text("UPPER", operand, lambda text: text.str.to_uppercase())


@function("LOWER(text)")
def _lower(operand: Operand) -> Operand:
    """In small letters."""
    return _text("LOWER", operand, lambda text: text.str.to_lowercase())


@function("TRIM(text)")
def _trim(operand: Operand) -> Operand:
    """Without spaces at both ends."""
    return _text("TRIM", operand, lambda text: call(trimmed, text, "both"))


@function("LTRIM(text)")
def _trim_start(operand: Operand) -> Operand:
    """Without spaces at the start."""
    return _text("LTRIM", operand, lambda text: call(trimmed, text, "start"))


@function("RTRIM(text)")
def _trim_end(operand: Operand) -> Operand:
    """Without spaces at the end."""
    return _text("RTRIM", operand, lambda text: call(trimmed, text, "end"))


@function("LENGTH(text)", "LEN", "CHAR_LENGTH")
def _length(operand: Operand) -> Operand:
    """The number of characters."""
    text = require_text(operand, "LENGTH")
    return text.now(text.expr.str.len_chars().cast(pl.Int64), WHOLE)


@function("SUBSTR(text, start[, length])", "SUBSTRING", least=2, most=3)
def _part(operand: Operand, start: Operand, length: Operand | None = None) -> Operand:
    """The part from the character at start, counted from 1; to the end without a length."""
    first = (_count(start, "SUBSTR") - 1).clip(lower_bound=0)
    many = None if length is None else _count(length, "SUBSTR").cast(pl.UInt64)
    return _text("SUBSTR", operand, lambda text: text.str.slice(first, many))


@function("LEFT(text, number)", least=2, most=2)
def _left(operand: Operand, number: Operand) -> Operand:
    """The first characters."""
    many = _count(number, "LEFT").cast(pl.UInt64)
    return _text("LEFT", operand, lambda text: text.str.slice(lit(0, WHOLE), many))


@function("RIGHT(text, number)", least=2, most=2)
def _right(operand: Operand, number: Operand) -> Operand:
    """The last characters."""
    many = _count(number, "RIGHT")
    return _text(
        "RIGHT",
        operand,
        lambda text: text.str.slice((text.str.len_chars().cast(pl.Int64) - many).clip(lower_bound=0)),
    )


@function("REPLACE(text, find, put)", least=3, most=3)
def _replace(operand: Operand, find: Operand, put: Operand) -> Operand:
    """Every occurrence of a text replaced by another one; both are written out."""
    old, new = text_constant(find, "REPLACE", "what to find"), text_constant(put, "REPLACE", "what to put")
    if not old:
        return require_text(operand, "REPLACE")
    times = -(-len(new.encode()) // len(old.encode()))
    return _multiplied("REPLACE", operand, max(1, times), lambda text: text.str.replace_all(old, new, literal=True))


@function("REPEAT(text, times)", least=2, most=2)
def _repeat(operand: Operand, number: Operand) -> Operand:
    """The text several times, at most 100."""
    times = whole_constant(number, "REPEAT", 0, MAX_TIMES)
    return _multiplied("REPEAT", operand, times, lambda text: call(repeated, text, times))


@portable
def repeated(text: pl.Expr, times: int) -> pl.Expr:
    """The text so many times."""
    return pl.concat_str([text] * times) if times else text.str.head(0)


@function("LPAD(text, length[, fill])", least=2, most=3)
def _pad_start(operand: Operand, length: Operand, fill: Operand | None = None) -> Operand:
    """Filled up at the start with a character (a space) to a length, or cut to it."""
    return _padded("LPAD", operand, length, fill)


@function("RPAD(text, length[, fill])", least=2, most=3)
def _pad_end(operand: Operand, length: Operand, fill: Operand | None = None) -> Operand:
    """Filled up at the end with a character (a space) to a length, or cut to it."""
    return _padded("RPAD", operand, length, fill)


def _padded(name: str, operand: Operand, length: Operand, fill: Operand | None) -> Operand:
    many = whole_constant(length, name, 0, MAX_CHARACTERS)
    character = " " if fill is None else text_constant(fill, name, "what to fill with")
    if len(character) != 1:
        raise InvalidValue(f"{name} fills up with one character")
    size = Size(0, many)

    def compute(text: DualExpr) -> DualExpr:
        cut = text.str.slice(0, many)
        return cut.str.pad_start(many, character) if name == "LPAD" else cut.str.pad_end(many, character)

    return _text(name, operand, compute, size)


@function("CONCAT(value, ...)", most=None)
def _concat(*operands: Operand) -> Operand:
    """The texts one after the other; missing ones are left out. Numbers and dates as they print."""
    texts = [printed(operand) for operand in operands]
    return texts[0].now(px.concat_str([each.expr.fill_null("") for each in texts]), TEXT, added(texts))


@function("CONCAT_WS(separator, value, ...)", least=2, most=None)
def _concat_with(separator: Operand, *operands: Operand) -> Operand:
    """The texts with a separator between them; missing ones are left out."""
    between = text_constant(separator, "CONCAT_WS", "the separator")
    texts = [printed(operand) for operand in operands]
    together = px.concat_str([each.expr for each in texts], separator=between, ignore_nulls=True)
    return texts[0].now(together, TEXT, added([*texts, *[printed(separator)] * (len(texts) - 1)]))


@function("CONTAINS(text, part)", least=2, most=2)
def _contains(operand: Operand, part: Operand) -> Operand:
    """Whether a text stands inside another one."""
    text, wanted = require_text(operand, "CONTAINS"), require_text(part, "CONTAINS")
    return text.now(text.expr.str.contains(wanted.expr, literal=True), BOOLEAN)


@function("STARTS_WITH(text, part)", least=2, most=2)
def _starts(operand: Operand, part: Operand) -> Operand:
    """Whether a text begins with another one."""
    text, wanted = require_text(operand, "STARTS_WITH"), require_text(part, "STARTS_WITH")
    return text.now(text.expr.str.starts_with(wanted.expr), BOOLEAN)


@function("ENDS_WITH(text, part)", least=2, most=2)
def _ends(operand: Operand, part: Operand) -> Operand:
    """Whether a text ends with another one."""
    text, wanted = require_text(operand, "ENDS_WITH"), require_text(part, "ENDS_WITH")
    return text.now(text.expr.str.ends_with(wanted.expr), BOOLEAN)


@function("STRPOS(text, part)", least=2, most=2)
def _position(operand: Operand, part: Operand) -> Operand:
    """Where a text first stands inside another one, counted from 1; 0 where it does not."""
    text = require_text(operand, "STRPOS").expr
    wanted = text_constant(part, "STRPOS", "the part")
    if not wanted:
        return operand.now(px.when(text.is_not_null()).then(1).cast(pl.Int64), WHOLE)
    # The engine's `find` counts bytes.
    before = text.str.splitn(wanted, 2).struct.field("field_0").str.len_chars().cast(pl.Int64)
    found = px.when(text.str.contains(wanted, literal=True)).then(before + 1).otherwise(lit(0, WHOLE))
    return operand.now(px.when(text.is_not_null()).then(found), WHOLE)


@function("SPLIT_PART(text, separator, number)", least=3, most=3)
def _split_part(operand: Operand, separator: Operand, number: Operand) -> Operand:
    """The part of a text between separators, counted from 1; missing where there are not so many."""
    mark = text_constant(separator, "SPLIT_PART", "the separator")
    which = whole_constant(number, "SPLIT_PART", 1, MAX_CHARACTERS)
    if not mark:
        raise InvalidValue("SPLIT_PART needs a separator of at least one character")
    return _text("SPLIT_PART", operand, lambda text: text.str.split(mark).list.get(which - 1, null_on_oob=True))


# -- regular expressions: Python's syntax and meaning, as everywhere in Longshore -------------------------------------


@function("REGEXP_LIKE(text, pattern)", least=2, most=2)
def _matches(operand: Operand, pattern: Operand) -> Operand:
    """Whether a regular expression in Python's syntax matches inside the text."""
    compiled = compile_pattern(text_constant(pattern, "REGEXP_LIKE", "a pattern"))
    text = require_text(operand, "REGEXP_LIKE")
    return text.now(DualExpr(compiled.contains(text.expr.made), patterns.found(text.expr.inside, compiled)), BOOLEAN)


@function("REGEXP_REPLACE(text, pattern, put)", least=3, most=3)
def _replace_matches(operand: Operand, pattern: Operand, put: Operand) -> Operand:
    r"""Every match of a regular expression replaced; \1 and \g<name> insert its groups."""
    compiled = compile_pattern(text_constant(pattern, "REGEXP_REPLACE", "a pattern"))
    template = text_constant(put, "REGEXP_REPLACE", "what to put")
    compiled.check_template(template)
    # An empty pattern matches around each character, and each reference to a group can insert all of the text.
    times = 1 + len(template.encode())
    return _multiplied(
        "REGEXP_REPLACE",
        operand,
        times,
        lambda text: DualExpr(
            compiled.replace(text.made, template), patterns.replaced(text.inside, compiled, template)
        ),
    )


@function("REGEXP_EXTRACT(text, pattern[, group])", least=2, most=3)
def _extract(operand: Operand, pattern: Operand, group: Operand | None = None) -> Operand:
    """A group of the first match, the whole of it without a number; missing where nothing matches."""
    compiled = compile_pattern(text_constant(pattern, "REGEXP_EXTRACT", "a pattern"))
    groups = min(compiled.compiled.groups, MAX_GROUPS)
    number = 0 if group is None else whole_constant(group, "REGEXP_EXTRACT", 0, groups)
    return _text(
        "REGEXP_EXTRACT",
        operand,
        lambda text: DualExpr(group_of(text.made, compiled, number), group_code(text.inside, compiled, number)),
    )
