"""How a column of text becomes a column of a type: one plan per type, and the checks that keep it honest.

A plan first tries the quick way, an expression over a whole batch. Only where that leaves values unread, or the
text looks suspicious (a leading zero, a plus sign), is the batch read again with care: spaces are stripped, tokens
for missing values are recognised, and a value that only seems to fit refuses the plan.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import polars as pl
from typing_extensions import override

from longshore.tables.core.column_expressions import col
from longshore.tables.formats.date_families import Family, misread_dates, read_format, read_formats
from longshore.tables.reading.cells import read_clocks

BESIDE_VALUES = (
    *("#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", ".", "?"),
)
"""Of :data:`TOKENS` those that a column of nothing else keeps."""
TOKENS = (
    *("NA", "N/A", "n/a", "#N/A", "#NA", "n.a.", "N.A.", "NaN", "nan", "-NaN", "-nan", "<NA>", "NaT"),
    *("null", "NULL", "Null", "(null)", "#NULL!", "None", "\\N", "(blank)", "(empty)", "k.A.", "k. A."),
    *("-", "--", "\u2013", "\u2014"),
    *BESIDE_VALUES,
)
"""Words that mean "missing", but only in a column whose other values are all numbers, dates, durations or booleans."""

_LEADING_ZERO = r"^[+-]?0\d"
_PHONE = r"^\+\d{7,}$"
_LONG_DIGITS = r"^[+-]?\d{19,}$"
_ODD_NUMBER = r"^(?:-?0\d|\+)"
_INFINITY = r"(?i)^[+-]?inf(inity)?$"
_WHOLE = re.compile(r"[+-]?\d{1,20}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+|inf|infinity)(e[+-]?\d+)?", re.IGNORECASE)
_WHOLE_SHAPE = r"^[+-]?\d+$"
_BEYOND_64_BITS = 2.0**63
BEYOND_DOUBLES = 2.0**53
"""From here on not every integer is a double."""


def _looks_odd(text: pl.Expr) -> pl.Expr:
    """Whether any number starts with a plus or a surplus zero. All of these sort before "1", as few others do."""
    return text.filter(text < "1").str.contains(_ODD_NUMBER).any()


def _are_long(values: pl.Expr) -> pl.Expr:
    """Whether any number is so large that an integer may lose digits."""
    return (values.max() >= BEYOND_DOUBLES) | (values.min() <= -BEYOND_DOUBLES)


def _lose_digits(text: pl.Expr, values: pl.Expr) -> pl.Expr:
    """Which integers have other digits as doubles; zeros may stand for the last ones of a double, as writers do."""
    long = (values.abs() >= BEYOND_DOUBLES) & text.str.contains(_WHOLE_SHAPE)
    is_same = values.cast(pl.Int64, strict=False) == text.str.strip_prefix("+").cast(pl.Int64, strict=False)
    return long & ~is_same.fill_null(False) & (_digits(values.cast(pl.String)) != _digits(text))


def _digits(numbers: pl.Expr) -> pl.Expr:
    """The digits of numbers from the first to the last that is not 0, without sign, point and exponent."""
    mantissas = numbers.str.replace(r"[eE].*$", "")
    return mantissas.str.replace(r"\.0$", "").str.replace_all(r"[+.-]", "").str.strip_chars("0")


@dataclass(frozen=True)
class Parsed:
    """A batch of text that fitted a plan.

    :param values: typed, missing where the text was empty or a token.
    :param tokens: which tokens were taken for missing, and how often.
    """

    values: pl.Series
    tokens: Counter[str]


class Plan:
    """One way to read text. Subclasses say how, and which text only seems to fit."""

    dtype: pl.DataType
    family: Family | None = None
    rival: str | None = None
    """Plans of one such name may read the same text with different meanings, each as its ``reading`` says."""
    reading: str | None = None
    has_two_digit_years: bool = False
    is_settled_first: bool = False
    """Whether it cannot be tried before :meth:`settled` has looked at a column."""

    def settled(self, values: pl.Series) -> Plan | None:
        """This plan, going by a column's first values, or None if it is not for them.

        :param values: different ones, without blanks at their ends.
        """
        return self

    def quick(self, text: pl.Expr) -> pl.Expr:
        """Typed values of clean text; null where it cannot be read."""
        raise NotImplementedError

    def careful(self, text: pl.Expr) -> pl.Expr:
        """The same with every spelling that the plan knows."""
        return self.quick(text)

    def plausible(self, value: str) -> bool:
        """Whether one stripped value may fit: cheap, may err towards yes."""
        return True

    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr | None:
        """Whether the batch must be read with care though :meth:`quick` read all of it: cheap, may err towards yes."""
        return None

    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr | None:
        """Which values :meth:`careful` read but must not: exact."""
        return None

    def tuned(self, text: pl.Series) -> Plan:
        """This plan, made quick for data like ``text``."""
        return self


class Booleans(Plan):
    """``true`` and ``false`` in any case; the spelling that is quick to read can be chosen."""

    dtype = pl.Boolean()

    def __init__(self, yes: str = "true", no: str = "false") -> None:
        self.yes, self.no = yes, no

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return pl.when(text == self.yes).then(True).when(text == self.no).then(False)

    @override
    def careful(self, text: pl.Expr) -> pl.Expr:
        return Booleans().quick(text.str.to_lowercase())

    @override
    def tuned(self, text: pl.Series) -> Booleans:
        seen = set(text.head(100).drop_nulls())
        usual = ("true", "false"), ("True", "False"), ("TRUE", "FALSE")
        return Booleans(*max(usual, key=lambda pair: len(seen.intersection(pair))))

    @override
    def plausible(self, value: str) -> bool:
        return value.lower() in ("true", "false")


class Integers(Plan):
    """Whole numbers that fit ``dtype``; digits with leading zeros and long numbers after a plus are no numbers."""

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return text.cast(self.dtype, strict=False)

    @override
    def plausible(self, value: str) -> bool:
        return _WHOLE.fullmatch(value) is not None

    @override
    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return _looks_odd(text)

    @override
    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return text.str.contains(_LEADING_ZERO) | text.str.contains(_PHONE)


class Floats(Plan):
    """Decimal numbers, also with an exponent; as :class:`Integers`, and no integer that loses digits."""

    dtype = pl.Float64()

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Float64, strict=False)

    @override
    def plausible(self, value: str) -> bool:
        return _DECIMAL.fullmatch(value) is not None

    @override
    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return _looks_odd(text) | values.is_nan().any() | _are_long(values)

    @override
    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        huge = values.abs() >= _BEYOND_64_BITS
        endless = values.is_infinite() & ~text.str.contains(_INFINITY)
        zeros = text.str.contains(_LEADING_ZERO) | text.str.contains(_PHONE)
        return zeros | values.is_nan() | (huge & text.str.contains(_LONG_DIGITS)) | _lose_digits(text, values) | endless


class Numbers(Floats):
    """Decimal numbers of a format that has numbers, so that their text form raises no doubt."""

    @override
    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return values.is_nan().any() | _are_long(values)

    @override
    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr:
        return values.is_nan() | _lose_digits(text, values)


MOMENTS: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "zoned": pl.Datetime("us", "UTC"),
    "time": pl.Time(),
}
"""Types of what a family of formats makes."""


@dataclass(frozen=True)
class Dates(Plan):
    """Dates, datetimes or times in the formats of one family, the most usual of them first."""

    family: Family

    @cached_property
    def rival(self) -> str | None:  # type: ignore[override]
        """Day and month could be exchanged."""
        return self.family.rival

    @cached_property
    def reading(self) -> str | None:  # type: ignore[override]
        """In which order they stand."""
        return self.family.order

    @cached_property
    def has_two_digit_years(self) -> bool:  # type: ignore[override]
        """Whether any format has them."""
        return any("%y" in pattern for pattern in self.family.formats)

    @cached_property
    def dtype(self) -> pl.DataType:  # type: ignore[override]
        """Datetimes with an offset are kept in UTC."""
        return MOMENTS[self.family.target]

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return read_format(text, self.family.formats[0], self.family.target)

    @override
    def careful(self, text: pl.Expr) -> pl.Expr:
        return read_formats(text, self.family.formats, self.family.target)

    @override
    def suspicious(self, text: pl.Expr, values: pl.Expr) -> pl.Expr | None:
        odd = [check for check in (self._odd_years(values), self._odd_shapes(text)) if check is not None]
        return reduce(pl.Expr.__or__, odd) if odd else None

    @override
    def misread(self, text: pl.Expr, values: pl.Expr) -> pl.Expr | None:
        return misread_dates(text, values, self.family.target, self.family.shape)

    def _odd_years(self, values: pl.Expr) -> pl.Expr | None:
        if self.family.target == "time":
            return None
        # The years of the first and the last are those of all; to take the year of each costs more than to read it.
        return (values.min().dt.year() < 1000) | (values.max().dt.year() > 9999)

    def _odd_shapes(self, text: pl.Expr) -> pl.Expr | None:
        return None if self.family.shape is None else ~text.str.contains(self.family.shape).all()

    @override
    def plausible(self, value: str) -> bool:
        return re.match(self.family.shape or self.family.start, value) is not None

    @override
    def tuned(self, text: pl.Series) -> Dates:
        if len(self.family.formats) == 1:
            return self
        column = col(text.name)
        hits = text.to_frame().select(
            read_format(column, pattern, self.family.target).is_not_null().sum().alias(str(index))
            for index, pattern in enumerate(self.family.formats)
        )
        ranked = sorted(zip(hits.row(0), self.family.formats, strict=True), key=lambda pair: -pair[0])
        return Dates(replace(self.family, formats=tuple(pattern for _, pattern in ranked)))


class Clocks(Plan):
    """Durations of a format that has durations, as hours, minutes and seconds."""

    dtype = pl.Duration("us")

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return read_clocks(text)

    @override
    def plausible(self, value: str) -> bool:
        return ":" in value


class Empty(Plan):
    """Nothing but words for what is missing, which :func:`parse` recognises."""

    dtype = pl.String()

    @override
    def quick(self, text: pl.Expr) -> pl.Expr:
        return pl.when(text.is_null()).then(text)

    @override
    def plausible(self, value: str) -> bool:
        return False


EMPTY = Empty()


def parse(plan: Plan, text: pl.Series) -> Parsed | None:
    """``text`` read by ``plan`` with care, or None if some value does not fit."""
    column = col(text.name)
    stripped = column.str.strip_chars()
    clean = text.to_frame().select(pl.when(stripped != "").then(stripped))
    frame = clean.with_columns(plan.careful(column).alias("values"))
    values = pl.col("values")
    unfit = values.is_null() & column.is_not_null()
    misread = plan.misread(column, values)
    if misread is not None:
        unfit = unfit | (misread & column.is_not_null())
    left = frame.filter(unfit).get_column(text.name)
    tokens: Counter[str] = Counter()
    if left.len():
        if not left.is_in(TOKENS).all():
            return None
        tokens.update(dict(left.value_counts().iter_rows()))
        frame = frame.with_columns(pl.when(~unfit).then(values).alias("values"))
    return Parsed(frame.get_column("values").alias(text.name), tokens)
