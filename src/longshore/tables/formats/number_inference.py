"""Numbers as people write them: with currencies, per cent, thousands apart, a comma or a point before the decimals.

Which mark stands before the decimals is decided once for the column, by the values that only one of them can explain,
such as ``1.234,50``. ``1.000`` fits both and follows that decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from longshore.errors import InvalidValue
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import portable
from longshore.tables.formats.dates import stripped

Mark = Literal["point", "comma"]
EXAMPLES = 3
INTEGER_DIGITS = 18
"""So many digits fit into 64 bits, whichever they are."""

BLANKS = " \u00a0\u2009\u202f'\u2019_"
"""What may stand between thousands whatever the decimal mark is."""
CODES = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KES|KRW|MAD|MXN|MYR|NGN|"
    "NOK|NZD|PEN|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
"""Of ISO 4217; others could as well be codes of something else."""
CURRENCY = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{CODES}|kr\.?|Kč|zł|Ft|lei|S?Fr\.?|Rs\.?)"
MINUS = "\\-\u2212"
"""The hyphen and the minus sign, within square brackets of a pattern."""


@portable
def number_pattern(mark: str) -> str:
    """A whole value that is a number with this decimal mark, its digits with all marks in the first group."""
    decimal, apart, group = (",", ".", "{3}") if mark == "comma" else (".", ",", "{2,3}")
    between = rf"[{apart}{BLANKS}]"
    # A group of three is none behind a zero: 0.125 has decimals.
    whole = rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{between}[0-9]{group})*{between}[0-9]{{3}})"
    digits = rf"(?:{whole}(?:[{decimal}][0-9]*)?|[{decimal}][0-9]+)(?:[eE][-+]?[0-9]+)?"
    sign = rf"(?:[+{MINUS}]\s*)?"
    before = rf"\(?{sign}(?:{CURRENCY}\s*)?\(?{sign}"
    return rf"^{before}({digits})\s*(?:{CURRENCY}|[%‰])?\s*[{MINUS}]?\s*\)?$"


@portable
def number_digits(text: pl.Expr, mark: str) -> pl.Expr:
    """The digits of numbers with this decimal mark as the engine reads them, unsigned; missing for anything else."""
    digits = text.str.extract(number_pattern(mark))
    plain = digits.str.replace_all(rf"[{'.' if mark == 'comma' else ','}{BLANKS}]", "")
    plain = plain.str.replace(",", ".", literal=True) if mark == "comma" else plain
    # One sign at most; brackets are a sign, too, and come in pairs.
    signs = text.str.count_matches(rf"[+({MINUS}]")
    exponents = text.str.count_matches("[eE][-+]")
    is_paired = text.str.contains("(", literal=True) == text.str.contains(")", literal=True)
    return pl.when((signs <= exponents + 1) & is_paired).then(plain)


@portable
def read_numbers(text: pl.Expr, marks: Sequence[str], target: pl.DataType, divide_percent: bool) -> pl.Expr:
    """Numbers as people write them, as ``target``; what is none with any of the decimal marks is missing.

    :param text: without blanks at its ends.
    :param marks: ``"point"``, ``"comma"`` or both, tried in turn.
    :param divide_percent: 5 % is 0.05, not 5.
    """
    digits = pl.coalesce(number_digits(text, mark) for mark in marks).str.strip_chars_end(".")
    if divide_percent:
        # As an exponent, not by a division: 12.3 / 100 is not 0.123.
        places = (
            pl.when(text.str.contains("%", literal=True)).then(2).when(text.str.contains("‰", literal=True)).then(3)
        )
        own = digits.str.extract("[eE](.*)$").cast(pl.Int64, strict=False).fill_null(0)
        moved = pl.concat_str(digits.str.replace("[eE].*$", ""), pl.lit("e"), own - places)
        digits = pl.coalesce(moved, digits)
    values = digits.cast(target, strict=False)
    is_negative = text.str.contains(rf"^[^0-9]*[({MINUS}]|[{MINUS}]\)?$")
    return pl.when(is_negative).then(-values).otherwise(values)


def currency_of(text: pl.Expr) -> pl.Expr:
    """The currency that stands before or behind a number; empty if none does."""
    return text.str.extract(rf"({CURRENCY})").fill_null("")


@dataclass(frozen=True)
class Decision:
    """How a column's numbers are written.

    :param marks: decimal marks to be tried in turn, the column's own first.
    :param ambiguous: values fit both marks with different meanings, and none decides.
    :param evidence: for each mark how many values it reads, how many only it reads, and some of these.
    """

    marks: tuple[Mark, ...]
    target: pl.DataType
    ambiguous: bool
    evidence: tuple[dict[str, Any], ...]


def decide(frame: pl.LazyFrame, name: str, wanted: Mark | None, *, divide_percent: bool) -> Decision:
    """Look at all values of a text column.

    :param wanted: the decimal mark, when a person said it; no other is then read.
    :raises InvalidValue: when no value is a number.
    """
    text = stripped(col(name)).alias("text")
    both = frame.select(text).with_columns(
        point=number_digits(pl.col("text"), "point"), comma=number_digits(pl.col("text"), "comma")
    )
    found = (
        both.select(**_counts(), **_shapes(), percent=pl.col("text").str.contains("[%‰]").any())
        .collect()
        .row(0, named=True)
    )
    mark = wanted or _decide_mark(found)
    other: Mark = "comma" if mark == "point" else "point"
    reads_other = wanted is None and found[f"only_{other}"] > 0
    marks: tuple[Mark, ...] = (mark, other) if reads_other else (mark,)
    if not found[f"reads_{mark}"] and not reads_other:
        kind = f"number with a decimal {wanted}" if wanted else "number"
        raise InvalidValue(
            f"no value of column {name!r} is a {kind}, such as 1,234.50, 12 % or (5); nothing was changed"
        )
    is_whole = not any(found[f"fraction_{each}"] for each in marks) and not (divide_percent and found["percent"])
    ambiguous = wanted is None and found["differ"] > 0 and not found["only_point"] and not found["only_comma"]
    evidence = tuple(
        {
            "decimal": each,
            "reads": found[f"reads_{each}"],
            "decides": found[f"only_{each}"],
            "examples": found[f"examples_{each}"],
            "chosen": each == mark,
        }
        for each in ("point", "comma")
        if found[f"reads_{each}"]
    )
    return Decision(marks, pl.Int64() if is_whole else pl.Float64(), ambiguous, evidence)


def _counts() -> dict[str, pl.Expr]:
    """How many values each mark reads, how many no other does, and how many mean something else with the other."""
    point, comma, text = pl.col("point"), pl.col("comma"), pl.col("text")
    only = {"point": point.is_not_null() & comma.is_null(), "comma": comma.is_not_null() & point.is_null()}
    differ = point.is_not_null() & comma.is_not_null() & (point != comma)
    return {
        **{f"reads_{mark}": pl.col(mark).count() for mark in only},
        **{f"only_{mark}": found.sum() for mark, found in only.items()},
        **{f"examples_{mark}": text.filter(found).head(EXAMPLES).implode() for mark, found in only.items()},
        "differ": differ.sum(),
        "differ_dotted": (differ & text.str.contains(".", literal=True)).sum(),
    }


def _shapes() -> dict[str, pl.Expr]:
    """Whether any number that a mark reads is no integer of 64 bits."""

    def is_fraction(digits: pl.Expr) -> pl.Expr:
        return (digits.str.contains("[.eE]") | (digits.str.len_bytes() > INTEGER_DIGITS)).any()

    return {f"fraction_{mark}": is_fraction(pl.col(mark)) for mark in ("point", "comma")}


def _decide_mark(found: dict[str, Any]) -> Mark:
    if found["only_comma"] != found["only_point"]:
        return "comma" if found["only_comma"] > found["only_point"] else "point"
    # Nothing decides: three digits behind a lone mark are thousands more often than decimals.
    return "comma" if found["differ_dotted"] * 2 > found["differ"] else "point"
