"""Plans for values as people write them: numbers with marks and currencies, months by name, lengths of time.

They are tried after the plain ones, and hold back where the text may mean something else: telephone numbers, numbers
of paragraphs, several currencies in one column.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import polars as pl
from typing_extensions import override

from longshore.tables.core.column_expressions import col
from longshore.tables.formats.date_families import read_formats
from longshore.tables.formats.durations import read_durations, shape_of
from longshore.tables.formats.month_names import DAY_FIRST, NAME_FIRST, iso_of_named_months, months_for
from longshore.tables.formats.number_inference import (
    INTEGER_DIGITS,
    Mark,
    currency_of,
    number_digits,
    number_pattern,
    read_numbers,
)
from longshore.tables.reading.plans import MOMENTS, Plan

MARKS: tuple[Mark, ...] = ("point", "comma")
_MOST_DIGITS = 15
"""That every double holds; integers of 64 bits hold three more."""
_LONGEST, _DIGIT = 40, re.compile(r"\d")
_SYMBOLS = (
    "".join(each for each in map(chr, range(0x20, 0x2100)) if unicodedata.category(each) == "Sc") + "﷼﹩＄￠￡￥￦"
)
_PATTERNS = {mark: re.compile(number_pattern(mark).replace(r"\p{Sc}", f"[{_SYMBOLS}]")) for mark in MARKS}
"""Those of the engine for Python, which looks at single values sooner."""
_PLAIN = {
    "point": (",", ".", r"^-?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.\d+)?$"),
    "comma": (".", ",", r"^-?(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d*)(?:,\d+)?$"),
}
"""What stands between thousands and before decimals, and the shape of most numbers."""
_GROUPED_BY_BLANKS = r"[0-9][ \u00a0\u2009\u202f][0-9]"
LEADING_ZERO = r"^[^0-9]*0[0-9]"
"""Codes, and no numbers."""
_PHONE = r"^\+[0-9]{7,}$"
_HAS_NAME = re.compile(r"\d.*[^\W\d_]{3}.*\d|[^\W\d_]{3}.*\d", re.DOTALL)
_CALLED = r"^\+[0-9]+[ \u00a0\u2009\u202f]|[ \u00a0\u2009\u202f][0-9]{1,2}[ \u00a0\u2009\u202f]"
"""With a country's code, or groups that thousands do not have: a telephone number."""
_ADDRESS = r"^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d)){3}$"
"""Of a machine in the internet."""
_UNITS_AS_WELL = frozenset({"Ft"})
"""Feet, besides forints."""
_MAY_BE_MEASURE = r"^-?[0-9]+(?:[.,][0-9]+)? ?[mdswMDSW]$"
"""Metres, decades and the like."""


def _may_be_short(value: str) -> bool:
    """Whether a value is short and has a digit: of most words nothing more needs to be looked at."""
    return _DIGIT.search(value) is not None and len(value) <= _LONGEST


@dataclass(frozen=True)
class WrittenNumbers(Plan):
    """Numbers with one decimal mark, their thousands apart, with one currency or per cent, or negative in brackets.

    :param currency: which stands at some values; None while it is not known. ``share`` is ``%``, ``‰`` or empty.
    """

    mark: Mark
    dtype: pl.DataType
    currency: str | None = None
    share: str = ""

    rival = "decimals"
    is_settled_first = True

    @cached_property
    def reading(self) -> str:  # type: ignore[override]
        """The decimal mark."""
        return self.mark

    @override
    def plausible(self, value: str) -> bool:
        return _may_be_short(value) and "_" not in value and _PATTERNS[self.mark].match(value) is not None

    @override
    def settled(self, values: pl.Series) -> Plan | None:
        text = col(values.name)
        digits = number_digits(text, self.mark)
        found = (
            values.to_frame()
            .select(
                unread=digits.is_null().any(),
                fractions=digits.str.contains("[.eE]").any(),
                currencies=currency_of(text).unique().implode(),
                shares=text.str.extract("([%‰])").fill_null("").unique().implode(),
                by_blanks=text.str.contains(_GROUPED_BY_BLANKS).any(),
                groups=text.str.count_matches(_GROUPED_BY_BLANKS).n_unique(),
                addresses=text.str.contains(_ADDRESS).all(),
                bracketed=text.str.starts_with("(").all(),
            )
            .row(0, named=True)
        )
        currencies, shares = set(found["currencies"]) - {""}, set(found["shares"])
        if found["unread"] or len(currencies) > 1 or len(shares) > 1 or currencies & _UNITS_AS_WELL:
            return None
        (share,) = shares
        is_plain = not currencies and not share
        # Telephone numbers and codes have as many groups each; what stands in brackets throughout may be numbered.
        if is_plain and found["by_blanks"] and found["groups"] == 1 and not found["fractions"]:
            return None
        if found["addresses"]:
            return None
        if (is_plain and found["bracketed"]) or (self.dtype.is_integer() and (found["fractions"] or share)):
            return None
        return replace(self, currency=next(iter(currencies), ""), share=share)

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        """Those without signs but a minus before them; the currency may stand at either end."""
        apart, decimal, shape = _PLAIN[self.mark]
        plain = text
        if self.currency:
            plain = plain.str.strip_prefix(self.currency).str.strip_suffix(self.currency).str.strip_chars()
        is_such = plain.str.contains(shape)
        if self.share:
            plain = plain.str.strip_suffix(self.share).str.strip_chars_end()
            is_such = text.str.ends_with(self.share) & plain.str.contains(shape)
        digits = plain.str.replace_all(apart, "", literal=True).str.replace(decimal, ".", literal=True)
        if self.share:
            digits += "e-2" if self.share == "%" else "e-3"
        return pl.when(is_such).then(digits).cast(self.dtype, strict=False)

    @override
    def careful(self, text: pl.Expr) -> pl.Expr:
        return read_numbers(text, (self.mark,), self.dtype, bool(self.share))

    @override
    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        others = ~currency_of(text).is_in(["", self.currency or ""])
        shares = text.str.extract("([%‰])").fill_null("") != self.share
        codes = text.str.contains("_", literal=True)
        for shape in (LEADING_ZERO, _PHONE, _CALLED):
            codes |= text.str.contains(shape)
        endless = values.cast(pl.Float64).is_infinite()
        digits = INTEGER_DIGITS if self.dtype.is_integer() else _MOST_DIGITS
        return others | shares | codes | endless | (text.str.count_matches("[0-9]") > digits)

    @override
    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return text.str.len_bytes().max() > _MOST_DIGITS

    def told(self) -> dict[str, Any]:
        """What a reading of the same file must know."""
        about = {"currency": self.currency, "share": self.share}
        return {"decimal": self.mark, **{name: value for name, value in about.items() if value}}


@dataclass(frozen=True)
class NamedMonths(Plan):
    """Dates, or dates with clocks, with the months' names in some language, see :mod:`..formats.month_names`.

    :param names: those among the column's first values, which tell ``months``.
    """

    layout: Literal["dayFirst", "nameFirst"]
    target: Literal["date", "datetime"]
    names: tuple[str, ...] = ()
    has_two_digit_years: bool = False

    is_settled_first = True

    @cached_property
    def dtype(self) -> pl.DataType:  # type: ignore[override]
        """Of the dates."""
        return MOMENTS[self.target]

    @override
    def plausible(self, value: str) -> bool:
        return _may_be_short(value) and _HAS_NAME.match(value) is not None

    @override
    def settled(self, values: pl.Series) -> Plan | None:
        text = col(values.name)
        pattern, name, year, clock = (DAY_FIRST, 2, 3, 4) if self.layout == "dayFirst" else (NAME_FIRST, 1, 3, 4)
        found = values.to_frame().select(
            name=text.str.extract(pattern, name),
            year=text.str.extract(pattern, year),
            clock=text.str.extract(pattern, clock),
        )
        has_clock = found["clock"].null_count() < found.height
        if found["name"].null_count() or has_clock != (self.target == "datetime"):
            return None
        names = found["name"].str.to_lowercase().unique().sort().to_list()
        if months_for(names) is None:
            return None
        short = bool((found["year"].str.len_chars() == 2).any())
        return replace(self, names=tuple(names), has_two_digit_years=short)

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        iso = iso_of_named_months(text, months_for(self.names) or {}, self.layout == "dayFirst")
        return read_formats(iso, self.formats, self.target)

    @property
    def formats(self) -> tuple[str, ...]:
        """Of the dates once their months are numbers."""
        return ("%Y-%m-%d",) if self.target == "date" else ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")

    def told(self) -> dict[str, Any]:
        """What a reading of the same file must know."""
        return {
            "kind": self.target,
            "formats": list(self.formats),
            "monthNames": list(self.names),
            "layout": self.layout,
        }


@dataclass(frozen=True)
class Durations(Plan):
    """Lengths of time, all written in one way."""

    shape: str | None = None

    dtype = pl.Duration("us")
    is_settled_first = True

    @override
    def plausible(self, value: str) -> bool:
        return _may_be_short(value) and shape_of(value) is not None

    @override
    def settled(self, values: pl.Series) -> Plan | None:
        shapes = {shape_of(value) for value in values}
        if len(shapes) != 1 or values.str.contains(_MAY_BE_MEASURE).all():
            return None
        return replace(self, shape=shapes.pop())

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return read_durations(text)
