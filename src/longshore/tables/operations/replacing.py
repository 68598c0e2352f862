"""Finding values and replacing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import polars as pl
from pydantic import Field, StrictBool, model_validator

from longshore.errors import InvalidRequest, InvalidValue
from longshore.tables.codegen import literals as write
from longshore.tables.codegen import patterns
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col
from longshore.tables.core.forms import shown
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Column, Table
from longshore.tables.formats.scalars import Scalar, as_text, fit_value, literal, require_scalar
from longshore.tables.operations.about import About, Fits
from longshore.tables.operations.base import Change, Code, OneColumn, Operation, Report, counted, operation
from longshore.tables.operations.facts import NewType
from longshore.tables.patterns import Pattern, collecting, compile_pattern


class FindReplaceParameters(OneColumn):
    """Which column, what to look for, what to put in its place."""

    to_replace: list[Any] = Field(
        min_length=1,
        description="values, or patterns when matchRegex; null finds missing values",
        json_schema_extra=shown("Find", "One to a line.", control="lines", help_on="patterns", help_when="matchRegex"),
    )
    replace_with: list[Any] = Field(
        min_length=1,
        description="as many replacements; null makes missing; \\1 and \\g<name> insert groups of a pattern",
        json_schema_extra=shown(
            "Replace with",
            "One line for all, or one for each to find. Nothing makes empty text.",
            control="lines",
            may_be_empty=True,
            pairs_with="toReplace",
        ),
    )
    match_regex: StrictBool = Field(
        False,
        description="take toReplace as regular expressions and replace every match inside the text",
        json_schema_extra=shown("As regular expressions"),
    )

    @model_validator(mode="after")
    def _pairs(self) -> FindReplaceParameters:
        if len(self.to_replace) != len(self.replace_with):
            raise ValueError("toReplace and replaceWith must have the same length")
        for field, values in (("toReplace", self.to_replace), ("replaceWith", self.replace_with)):
            for value in values:
                try:
                    require_scalar(value, field)
                except InvalidRequest as error:
                    raise ValueError(error.description) from None
        if self.match_regex and not all(isinstance(value, str) for value in self.to_replace):
            raise ValueError("toReplace: a regular expression is text")
        return self


@operation
class FindReplace(Operation[NewType]):
    """Replace values that equal something, or every match of a regular expression inside them."""

    name = "findReplace"
    about = About(
        "Find and replace", "Text", 1, ("In {cells}",), "substitute change regex pattern", Fits(columns="one")
    )
    example: ClassVar[Mapping[str, Any]] = {
        "column": "Studio",
        "toReplace": ["N/A", "ufa"],
        "replaceWith": [None, "UFA"],
    }
    parameters: FindReplaceParameters

    def fit(self, table: Table) -> NewType:
        """The type of the result: a column that is not text keeps its type if every result still reads as it."""
        column = self.parameters.find(table)
        if self.parameters.match_regex:
            self._patterns()
        if dtypes.is_text(column.dtype) or self._typed_pairs(column) is not None:
            return {"dtype": dtypes.encode(column.dtype)}
        replaced = self._text(column)
        lost = {
            dtypes.encode(dtype): (replaced.is_not_null() & read_back(replaced, dtype).is_null()).any()
            for dtype in _candidates(column.dtype)
        }
        found = collecting(table.scan([column.name]).select(**lost)).row(0, named=True)
        kept = [name for name, is_lost in found.items() if not is_lost]
        return {"dtype": kept[0] if kept else "string"}

    def transform(self, table: Table, facts: NewType) -> Change:
        """The column with its values replaced one pair after the other."""
        column = self.parameters.find(table)
        dtype = dtypes.decode(facts["dtype"])
        if dtypes.is_text(column.dtype):
            return Change.of(table, {column.name: self._text(column).cast(dtype)})
        pairs = self._typed_pairs(column)
        if pairs is not None:
            return Change.of(table, {column.name: replace_whole(col(column.name), _compose(pairs), dtype)})
        replaced = self._text(column)
        return Change.of(table, {column.name: replaced if dtype == pl.String() else read_back(replaced, dtype)})

    def code(self, table: Table, facts: NewType) -> Code:
        """``replace`` for whole values, one expression after the other for patterns."""
        column, dtype = self.parameters.find(table), dtypes.decode(facts["dtype"])
        name = write.quote(column.name)
        pairs = self._typed_pairs(column)
        if dtypes.is_text(column.dtype):
            replaced = self._text_code(column)
            replaced += "" if dtype == pl.String() else f".cast({write.type_of(dtype)})"
        elif pairs is not None:
            replaced = whole_code(write.column(column.name), _compose(pairs), dtype)
        else:
            replaced = self._text_code(column)
            if dtype != pl.String():
                replaced = f"read_back({replaced}, {write.type_of(dtype)})"
                replaced += ".fill_nan(None)" if dtype.is_float() else ""
        return Code.replacing(f"{replaced}.alias({name})" if "pl.when(" in replaced else replaced)

    def _text_code(self, column: Column) -> str:
        """:meth:`_text` in a script."""
        text = write.text_of(column)
        if self.parameters.match_regex:
            for pattern, replacement in self._patterns():
                text = patterns.replaced(text, pattern, replacement)
            return text
        final = _compose([(_text_in(find, column.dtype), _text_in(put, column.dtype)) for find, put in self._pairs()])
        if dtypes.is_text(column.dtype):
            return whole_code(text, final, pl.String())
        branches = ""
        for find, put in reversed(final.items()):
            equal = _equal_code(column, find)
            if equal is not None:
                branches += f".when({equal}).then({write.value(put, pl.String())})"
        return f"pl{branches}.otherwise({text})" if branches else text

    def report(self, before: Table, after: Table, facts: NewType) -> Report:
        """How many cells differ now."""
        old, new = self.parameters.find(before), self.parameters.find(after)
        count = count_differences(before, old, after, new)
        return Report(f"Replaced values in {counted(count, 'cell')} of {old.name}", {"replaced": count})

    def _text(self, column: Column) -> pl.Expr:
        """The column's text form with every pair replaced in order."""
        text = dtypes.text_form(col(column.name), column.dtype)
        if not self.parameters.match_regex:
            return self._whole_text(column, text)
        for pattern, replacement in self._patterns():
            text = pattern.replace(text, replacement)
        return text

    def _whole_text(self, column: Column, text: pl.Expr) -> pl.Expr:
        """The text form with whole values replaced; they are compared as values, since -0.0 equals 0."""
        pairs = [(_text_in(find, column.dtype), _text_in(put, column.dtype)) for find, put in self._pairs()]
        final = _compose(pairs)
        if dtypes.is_text(column.dtype):
            return replace_whole(text, final, pl.String())
        for find, put in final.items():
            text = pl.when(_equals(column, find)).then(pl.lit(put, dtype=pl.String)).otherwise(text)
        return text

    def _pairs(self) -> Iterable[tuple[Scalar, Scalar]]:
        return zip(self.parameters.to_replace, self.parameters.replace_with, strict=True)

    def _patterns(self) -> list[tuple[Pattern, str]]:
        pairs = []
        for pattern, replacement in self._pairs():
            text = as_text(replacement)
            if text is None:
                raise InvalidRequest("replaceWith: with matchRegex a match is replaced by text; use an empty string")
            compiled = compile_pattern(str(pattern))
            compiled.check_template(text)
            pairs.append((compiled, text))
        return pairs

    def _typed_pairs(self, column: Column) -> list[tuple[Any, Any]] | None:
        """The pairs as values of the column's own type, or None where only text can hold a result."""
        if self.parameters.match_regex or dtypes.is_text(column.dtype) or isinstance(column.dtype, pl.Duration):
            return None
        pairs = []
        for find, put in self._pairs():
            try:
                value = fit_value(find, column.dtype)
            except InvalidValue:
                continue  # nothing in this column can equal it
            if value is None and find is not None:
                continue  # empty text; only null finds missing values
            try:
                pairs.append((value, fit_value(put, column.dtype)))
            except InvalidValue:
                return None
        return pairs


def _compose(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    """What each value finally becomes: the pairs in order, each on the result of the one before."""
    final = {}
    for start, _ in pairs:
        value = start
        for find, put in pairs:
            if value == find:
                value = put
        final[start] = value
    return final


def _text_in(value: Scalar, dtype: pl.DataType) -> str | None:
    """A value as the text that a column of ``dtype`` prints for it: ``2`` is ``2.0`` among floats."""
    if dtypes.is_text(dtype):
        return as_text(value)
    try:
        fitted = fit_value(value, dtype)
    except InvalidValue:
        return as_text(value)
    text: str | None = pl.select(dtypes.text_form(literal(fitted, dtype), dtype)).item()
    return text


def _equals(column: Column, text: str | None) -> pl.Expr:
    values = col(column.name)
    if text is None:
        return values.is_null()
    try:
        return values == literal(fit_value(text, column.dtype), column.dtype)
    except InvalidValue:
        return pl.lit(False)


def replace_whole(values: pl.Expr, final: dict[Any, Any], dtype: pl.DataType) -> pl.Expr:
    """``values`` of ``dtype`` with each that is a key of ``final`` replaced, in one pass; None is missing."""
    found = {find: put for find, put in final.items() if find is not None}
    replaced = values
    if found:
        old = pl.Series("old", list(found), dtype=dtype)
        replaced = values.replace(old, pl.Series("new", list(found.values()), dtype=dtype))
    if final.get(None) is not None:
        return pl.when(values.is_null()).then(literal(final[None], dtype)).otherwise(replaced)
    return replaced


def _candidates(dtype: pl.DataType) -> list[pl.DataType]:
    """Types a replaced column may keep, narrowest first; text comes when none fits."""
    if dtype.is_integer():
        return [dtype, pl.Int64(), pl.Float64()]
    return [dtype]


def whole_code(values: str, final: dict[Any, Any], dtype: pl.DataType) -> str:
    """:func:`_replace_whole` in a script."""
    found = {find: put for find, put in final.items() if find is not None}
    replaced = values
    if found and write.is_obvious(dtype):
        pairs = ", ".join(f"{write.plain(find)}: {write.plain(put)}" for find, put in found.items())
        replaced = f"{values}.replace({{{pairs}}})"
    elif found:
        old, new = (
            f"pl.Series({write.listed(each)}, dtype={write.type_of(dtype)})" for each in (found.keys(), found.values())
        )
        replaced = f"{values}.replace({old}, {new})"
    if final.get(None) is not None:
        return f"pl.when({values}.is_null()).then({write.value(final[None], dtype)}).otherwise({replaced})"
    return replaced


def _equal_code(column: Column, text: str | None) -> str | None:
    """:func:`_equals` in a script; None where nothing is equal."""
    if text is None:
        return f"{write.column(column.name)}.is_null()"
    try:
        fitted = fit_value(text, column.dtype)
    except InvalidValue:
        return None
    return f"{write.column(column.name)} == {write.value(fitted, column.dtype)}"


@portable
def read_back(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Text forms as values of ``dtype`` again; what is none is missing."""
    if dtype == pl.Boolean():
        return text.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit=dtype.time_unit)
        moments = text.str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit=dtype.time_unit, time_zone="UTC"
        )
        return moments.dt.convert_time_zone(dtype.time_zone)
    if dtype == pl.Date():
        return text.str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Time():
        return text.str.to_time("%H:%M:%S%.f", strict=False)
    if dtype == pl.Binary():
        return text.str.decode("base64", strict=False)
    if isinstance(dtype, pl.Duration):
        return pl.when(text.is_null() & text.is_not_null()).then(pl.lit(None, dtype=dtype))  # nothing reads it back
    return text.cast(dtype, strict=False)


def count_differences(before: Table, old: Column, after: Table, new: Column) -> int:
    """Number of rows in which two columns of equal length differ, missing being equal to missing.

    Numbers differ by value, so that a column of integers that became floats has not changed everywhere.
    """
    if old.dtype != new.dtype and not (old.dtype.is_numeric() and new.dtype.is_numeric()):
        forms = [dtypes.text_form(col(column.name), column.dtype) for column in (old, new)]
    else:
        forms = [col(old.name), col(new.name)]
    pair = pl.concat(
        [
            before.scan([old.name]).select(forms[0].alias("old")),
            after.scan([new.name]).select(forms[1].alias("new")),
        ],
        how="horizontal",
    )
    return int(pair.select(pl.col("old").ne_missing(pl.col("new")).sum()).collect().item())
