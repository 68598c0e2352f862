"""Which formats the dates of a whole column are written in: every known one counted, with the evidence.

Candidates are the formats that the file reader knows (:mod:`.date_families`), each by itself. They are counted over
all values, also those that the first ones do not show. Day or month first is decided once for the column, by the
values that only one of them can read, such as ``13/02/2020``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Literal

import polars as pl

from longshore.errors import InvalidValue, shorten
from longshore.tables.codegen import literals as write
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import portable
from longshore.tables.formats.date_families import FAMILIES, Family, Order
from longshore.tables.formats.dates import (
    SAMPLE_ROWS,
    TIMES,
    parse_dates,
    read_family,
    require_format,
    rows_where,
    stripped,
    weighed,
)

DATETIME = pl.Datetime("us")
Wanted = Order | Literal["yearFirst"]
DEFAULT_ORDER: Order = "dayFirst"
"""Taken where every value fits both: the order that the file reader tries first."""
_OTHER: dict[Wanted | None, Order] = {"dayFirst": "monthFirst", "monthFirst": "dayFirst"}
EXAMPLES = 3
MAX_ROUNDS = 20
"""How often values that no format has read are looked at again for further ones."""
EPOCHS = {"epoch:s": 1_000_000, "epoch:ms": 1_000, "epoch:us": 1}
"""Numbers that count time since 1970, by their unit; its length in microseconds."""
_PLAUSIBLE = (0, 4_102_444_800_000_000)
"""Microseconds from 1970 to 2100: what numbers must lie between to be taken for such."""
_NUMBERS_AND_DASHES = r"(?s)\d.*-.*\d.*-.*\d"
"""What the formats of ISO 8601 have for a shape: the engine also reads them with blanks between."""
_CALENDAR = (-62_135_596_800_000_000, 253_402_300_799_999_999)


@dataclass(frozen=True)
class Style:
    """One format.

    :param text: in strptime's letters, or a key of :data:`EPOCHS`.
    :param family: of the reader's that holds it, narrowed to it; None for what a person gave.
    """

    text: str
    family: Family | None = None

    @property
    def has_clock(self) -> bool:
        """Whether it reads more than a day."""
        if self.family is not None:
            return self.family.target != "date"
        return self.text in EPOCHS or any(f"%{letter}" in self.text for letter in "HIMSTfRr")

    @property
    def order(self) -> Order | None:
        """``dayFirst`` or ``monthFirst`` where day and month could be exchanged."""
        return self.family.order if self.family is not None else None

    @property
    def look(self) -> str:
        """A pattern that everything matches that it reads, and that is tried faster than the format."""
        return (self.family.shape or _NUMBERS_AND_DASHES) if self.family is not None else ""

    def rival(self) -> Style | None:
        """The same with day and month exchanged, where the reader knows it."""
        if self.order is None:
            return None
        exchanged = re.sub(r"%[dm]", lambda letters: "%m" if letters[0] == "%d" else "%d", self.text)
        return known_styles().get(exchanged)

    def read_code(self, text: str, target: pl.DataType) -> str:
        """:meth:`read` in a script."""
        into = write.type_of(target)
        if self.text in EPOCHS:
            cast = "" if target == DATETIME else f".cast({into})"
            return f"since_1970({text}, {EPOCHS[self.text]}){cast}"
        if self.family is not None:
            shape = "None" if self.family.shape is None else write.raw(self.family.shape)
            return f"read_dates({text}, [{write.quote(self.text)}], {write.quote(self.family.target)}, {shape}, {into})"
        return f"parse_dates({text}, {write.quote(self.text)}, {into})"

    def read(self, text: pl.Expr, target: pl.DataType = DATETIME) -> pl.Expr:
        """Stripped texts as ``target``; missing where they do not follow the format."""
        if self.text in EPOCHS:
            return since_1970(text, EPOCHS[self.text]).cast(target)
        if self.family is not None:
            return read_family(text, self.family, target)
        return parse_dates(text, self.text, target)


@portable
def since_1970(numbers: pl.Expr, unit: int) -> pl.Expr:
    """Numbers, or texts of them, that count units of so many microseconds since 1970."""
    moments = numbers.cast(pl.Int128, strict=False) * unit
    inside = pl.when(moments.is_between(*_CALENDAR)).then(moments)
    return inside.cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


@cache
def known_styles() -> dict[str, Style]:
    """Every format with a day that the reader knows, by its text, in the reader's order."""
    found: dict[str, Style] = {}
    for family in FAMILIES:
        if family.target != "time":
            for text in family.formats:
                found.setdefault(text, Style(text, replace(family, formats=(text,))))
    return found


_UNITS = {1_000_000: "seconds", 1_000: "milliseconds", 1: "microseconds"}
_LETTERS = {
    "Y": "YYYY", "y": "YY", "m": "MM", "d": "DD", "e": "D", "b": "Mon", "B": "Month", "a": "Day", "A": "Day",
    "H": "hh", "k": "hh", "I": "hh", "l": "hh", "M": "mm", "S": "ss", "p": "AM", "P": "am", "z": "+hhmm",
    "F": "YYYY-MM-DD", "T": "hh:mm:ss", "R": "hh:mm", "D": "MM/DD/YY", "s": "seconds", "%": "%",
    "j": "DDD", ":z": "+hh:mm",
}  # fmt: skip
"""What people write for strptime's letters."""


def in_letters(date_format: str) -> str:
    """A format as people write one.

    >>> in_letters("%Y-%m-%d"), in_letters("%d %b %Y %H:%M:%S%.f"), in_letters("epoch:ms")
    ('YYYY-MM-DD', 'DD Mon YYYY hh:mm:ss.f', 'milliseconds since 1970')
    """
    if date_format in EPOCHS:
        return f"{_UNITS[EPOCHS[date_format]]} since 1970"
    letters = re.sub(r"%[.0-9]*f", ".f", date_format)
    return re.sub(r"%[-_0#]?(:?[A-Za-z%])", lambda code: _LETTERS.get(code[1], code[0]), letters)


def style_of(text: str) -> Style:
    """The format that is written so.

    :raises InvalidValue: for one that the engine does not understand.
    """
    style = Style(text) if text in EPOCHS else known_styles().get(text, Style(text))
    if style.family is None and style.text not in EPOCHS:
        require_format(text)
    return style


@dataclass(frozen=True)
class Evidence:
    """What speaks for one format.

    :param reads: number of values that it reads.
    :param decides: of these, how many the other order of day and month cannot read.
    """

    style: Style
    reads: int
    decides: int
    examples: tuple[str, ...]
    chosen: bool = False

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": self.style.text,
            "reads": self.reads,
            "decides": self.decides,
            "examples": list(self.examples),
            "chosen": self.chosen,
        }


@dataclass(frozen=True)
class Decision:
    """What a column's dates are written in.

    :param styles: formats to be tried in turn.
    :param order: of day and month; None where no value raises the question.
    :param ambiguous: every value fits both orders, with different meanings, and the default was taken.
    """

    styles: tuple[Style, ...]
    order: Wanted | None
    ambiguous: bool
    evidence: tuple[Evidence, ...] = field(default=())

    @property
    def target(self) -> pl.DataType:
        """Dates, or datetimes when any format has a clock."""
        return DATETIME if any(style.has_clock for style in self.styles) else pl.Date()


def read_all(values: pl.Expr, styles: Sequence[Style], target: pl.DataType, *, numbers: bool = False) -> pl.Expr:
    """Texts or whole ``numbers`` read in the first of the formats that fits."""
    text = stripped(values)
    return pl.coalesce(
        # What counts since 1970 need not become text first.
        style.read(values if numbers and style.text in EPOCHS else text, target)
        for style in styles
    )


def read_all_code(name: str, styles: Sequence[Style], target: pl.DataType, *, numbers: bool = False) -> tuple[str, str]:
    """:func:`read_all` in a script: what must stand before it (``text = ...``), and the expression."""
    column = write.column(name)
    read = [style.read_code(column if numbers and style.text in EPOCHS else "text", target) for style in styles]
    return f"text = stripped({column})", read[0] if len(read) == 1 else f"pl.coalesce({', '.join(read)})"


def decide(frame: pl.LazyFrame, name: str, order: Wanted | None, *, numbers: bool = False) -> Decision:
    """The formats of a whole column.

    :param frame: a column ``name`` of texts, or of whole numbers.
    :param order: taken instead of being decided; None decides.
    :param numbers: candidates are counts since 1970 and dates of eight digits.
    :raises InvalidValue: when no known format reads any value.
    """
    values = weighed(frame, name)
    likely = _numeric(values, name) if numbers else _likely(values, name, _allowed(order))
    if not likely and values.head(1).collect().is_empty():
        raise InvalidValue(f"column {name!r} has no values that could be dates")
    if not likely:
        raise InvalidValue(
            f"no known date format fits any value of column {name!r}; say how they are written with formats, "
            'such as ["%d/%m/%Y"]'
        )
    counted = _count(values, name, likely)
    chosen_order, ambiguous = (order, False) if order is not None else _order(values, name, counted)
    left = [each for each in counted if each.style.order is None or each.style.order != _OTHER.get(chosen_order)]
    styles = _needed(values, name, left)
    # What neither was chosen nor competes reads only what a chosen format reads as well.
    shown = [each for each in counted if each.style in styles or each.style.order is not None]
    evidence = tuple(replace(each, chosen=each.style in styles) for each in shown)
    return Decision(tuple(styles), chosen_order, ambiguous, evidence)


def evidence_for(frame: pl.LazyFrame, name: str, styles: Sequence[Style]) -> tuple[Evidence, ...]:
    """What speaks for formats that a person gave."""
    values = weighed(frame, name)
    return tuple(replace(each, chosen=True) for each in _count(values, name, styles))


@lru_cache(maxsize=1024)
def read_column(style: Style, name: str) -> pl.Expr:
    """What a format reads of the stripped texts of a column.

    To put together what a hundred formats read takes longer than to read a short column with them.
    """
    return style.read(col(name))


def _allowed(order: Wanted | None) -> list[Style]:
    """The formats that do not contradict what a person said of the order of numbers."""
    refused = {"dayFirst": ("%m",), "monthFirst": ("%d",), "yearFirst": ("%d", "%m")}.get(order or "", ())
    return [style for text, style in known_styles().items() if "%B" in text or not text.startswith(refused or "\x00")]


def _likely(values: pl.LazyFrame, name: str, allowed: Sequence[Style]) -> list[Style]:
    """Formats that read something; what none of them reads is looked at again, until nothing new is found."""
    found: list[Style] = []
    for _ in range(MAX_ROUNDS):
        unread = values
        if found:
            unread = values.filter(pl.all_horizontal(read_column(style, name).is_null() for style in found))
        head = unread.select(col(name)).head(SAMPLE_ROWS).collect(engine="streaming")
        fresh = [style for style in allowed if style not in found]
        new = _reading(head.unique(maintain_order=True), name, fresh)
        if not new and head.height == SAMPLE_ROWS:
            # The sample may be all junk; the rest is tried whole, once.
            new = _rest(unread.slice(SAMPLE_ROWS), name, fresh)
        if not new:
            break
        found += new
    return [style for style in allowed if style in found]


def _reading(sample: pl.DataFrame, name: str, styles: Sequence[Style]) -> list[Style]:
    """The formats that read one of some values.

    A hundred formats share some thirty looks, which are tried first: a look costs a tenth of a format.
    """
    looks = {look: str(i) for i, look in enumerate(dict.fromkeys(style.look for style in styles))}
    seen = sample.select(col(name).str.contains(look).any().alias(i) for look, i in looks.items())
    tried = [style for style in styles if seen[looks[style.look]].item()]
    hits = sample.select(read_column(style, name).count().alias(str(i)) for i, style in enumerate(tried))
    return [style for style, count in zip(tried, hits.row(0), strict=True) if count] if tried else []


def _rest(values: pl.LazyFrame, name: str, styles: Sequence[Style]) -> list[Style]:
    """Formats that read one of some values, of which each look is tried by the first that has it."""
    begins = dict.fromkeys(style.family.shape or style.family.start for style in styles if style.family is not None)
    looks = values.filter(col(name).str.contains(r"\d")).select(
        col(name).filter(col(name).str.contains(begin)).first().alias(str(i)) for i, begin in enumerate(begins)
    )
    shown = looks.collect(engine="streaming").row(0) if begins else ()
    seen = pl.DataFrame({name: [text for text in dict.fromkeys(shown) if text is not None]}, schema={name: pl.String})
    return _reading(seen, name, styles)


def _numeric(values: pl.LazyFrame, name: str) -> list[Style]:
    """Counts since 1970 in the unit that most values make sense in, and dates of eight digits."""
    days = Style("%Y%m%d")
    number = col(name).cast(pl.Int128, strict=False)
    sensible = {unit: (number * length).is_between(*_PLAUSIBLE) for unit, length in EPOCHS.items()}
    # Small numbers make sense in every unit; those of 1973 to 2100 do in one only.
    late = {unit: (number * length >= 100_000_000_000_000) & sensible[unit] for unit, length in EPOCHS.items()}
    counts = values.select(
        days=rows_where(_eight_digits(col(name), days).is_not_null()),
        **{unit: rows_where(each) for unit, each in late.items()},
    )
    found = counts.collect(engine="streaming").row(0, named=True)
    unit = max(EPOCHS, key=lambda each: found[each])
    styles = [days] if found["days"] else []
    if found[unit]:
        styles.append(Style(unit))
    return styles if found["days"] >= found[unit] else styles[::-1]


def _eight_digits(text: pl.Expr, days: Style) -> pl.Expr:
    return pl.when(text.str.contains(r"^[12]\d{7}$")).then(days.read(text, pl.Date()))


def _count(values: pl.LazyFrame, name: str, styles: Sequence[Style]) -> list[Evidence]:
    read = {str(i): read_column(style, name).is_not_null() for i, style in enumerate(styles)}
    by_order = {order: _any(name, [style for style in styles if style.order == order]) for order in _OTHER}
    wanted: list[pl.Expr] = []
    for i, style in enumerate(styles):
        other = by_order[_OTHER[style.order]] if style.order is not None else None
        alone = read[str(i)] & ~other if other is not None else pl.lit(value=False)
        first = col(name).filter(alone if style.order else read[str(i)])
        wanted += [
            rows_where(read[str(i)]).alias(f"{i} reads"),
            (rows_where(alone) if style.order else pl.lit(0)).alias(f"{i} decides"),
            first.head(50).implode().alias(f"{i} first"),
            col(name).filter(read[str(i)]).head(50).implode().alias(f"{i} any"),
        ]
    found = values.select(wanted).collect(engine="streaming").row(0, named=True)
    return [
        Evidence(
            style,
            int(found[f"{i} reads"] or 0),
            int(found[f"{i} decides"] or 0),
            _examples([*(found[f"{i} first"] or []), *(found[f"{i} any"] or [])]),
        )
        for i, style in enumerate(styles)
    ]


def _examples(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(shorten(text, 100) for text in list(dict.fromkeys(texts))[:EXAMPLES])


def _any(name: str, styles: Iterable[Style]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *[read_column(style, name).is_not_null() for style in styles])


def _order(values: pl.LazyFrame, name: str, counted: Sequence[Evidence]) -> tuple[Order | None, bool]:
    """Day or month first, and whether nothing but the default says so."""
    by_order = {order: [each.style for each in counted if each.style.order == order] for order in _OTHER}
    if not any(by_order.values()):
        return None, False
    days, months = (
        pl.coalesce([pl.lit(None, dtype=DATETIME), *[read_column(style, name) for style in by_order[order]]])
        for order in by_order
    )
    found = values.select(TIMES, days=days, months=months).select(
        days=rows_where(pl.col("days").is_not_null() & pl.col("months").is_null()),
        months=rows_where(pl.col("months").is_not_null() & pl.col("days").is_null()),
        differ=(pl.col("days") != pl.col("months")).any(),
    )
    only_days, only_months, differ = found.collect(engine="streaming").row(0)
    if only_days != only_months:
        return ("dayFirst" if only_days > only_months else "monthFirst"), False
    return DEFAULT_ORDER, bool(differ)


def _needed(values: pl.LazyFrame, name: str, counted: Sequence[Evidence]) -> list[Style]:
    """The formats in the order in which they are tried: the one that reads most, then what reads most of the rest."""
    styles = [each.style for each in sorted(counted, key=lambda each: -each.reads) if each.reads]
    if len(styles) < 2:
        return styles
    # Which of them is the first to read a value: those that never are can be left out.
    first = pl.coalesce(pl.when(read_column(style, name).is_not_null()).then(i) for i, style in enumerate(styles))
    used = values.select(first.alias("style")).drop_nulls().unique().collect(engine="streaming")["style"].sort()
    return [styles[i] for i in used]
