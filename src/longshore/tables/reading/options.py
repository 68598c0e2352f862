"""How the uploader wants a file to be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from longshore.tables.core.spelling import SYNONYMS, Spelt
from longshore.tables.core.validation import parse_model

AskedKind = Literal["text", "int", "float", "boolean", "date", "datetime"]
"""Types that an uploader may ask for."""
_MARKS = r"[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]"
_DELIMITER = rf"^(?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x7f]|{_MARKS}{{2,8}})$"
"""One ASCII character that is no quote and no line end, or several that are no letters and digits either."""
_QUOTE = r"^[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]?$"
"""One ASCII character that is no letter, digit or blank; or none."""


def _as_proportion(value: object) -> object:
    """Existing clients send a sample's size as per cent: what is above 1 and at most 100 is divided by 100."""
    if isinstance(value, str):
        try:
            value = float(value) if value else None
        except ValueError:
            return value
    if isinstance(value, int | float) and 1 < value <= 100:
        return value / 100
    return value


def _as_character(value: object) -> object:
    return {"\\t": "\t", "tab": "\t", "TAB": "\t", "": None}.get(value, value) if isinstance(value, str) else value


def _parse_types(value: object) -> object:
    """A form and a query send an object as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if value == "" else value


def _as_decimal(value: object) -> object:
    return {".": "point", ",": "comma", "": None}.get(value, value) if isinstance(value, str) else value


def _as_mark(value: object) -> object:
    """A form cannot send an empty text that means something."""
    return "" if value == "none" else value


def _found_if_blank(value: object) -> object:
    return "found" if value == "" else value


def _kept_if_blank(value: object) -> object:
    return "keep" if value == "" else value


def _none_if_blank(value: object) -> object:
    """A form sends what was left out as an empty text."""
    return None if value == "" else value


class ReadOptions(Spelt):
    """Settings of one import; fields that are not known are refused.

    >>> ReadOptions.model_validate({"sampleSize": 25, "delimiter": "tab"}).sample_size
    0.25
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")

    initial_skip: int = Field(0, ge=0, description="physical lines (rows of a sheet) to skip before the header")
    sample_size: Annotated[float | None, BeforeValidator(_as_proportion)] = Field(
        None, gt=0, le=1, description="proportion of the rows to keep; above 1 it is read as per cent"
    )
    seed: Annotated[int | None, BeforeValidator(_none_if_blank)] = Field(
        None, description="the same seed, file and size give the same rows"
    )
    header_included: Annotated[bool | None, BeforeValidator(_none_if_blank)] = Field(
        None, description="whether the first line holds the columns' names; found when absent"
    )
    sheet: Annotated[str | int | None, BeforeValidator(_none_if_blank)] = Field(
        None, description="name or index, from 0"
    )
    delimiter: Annotated[str | None, BeforeValidator(_as_character)] = Field(
        None, min_length=1, max_length=8, pattern=_DELIMITER, description='one character or several, or "tab"'
    )
    encoding: Annotated[str | None, BeforeValidator(_none_if_blank)] = Field(
        None, max_length=40, description="such as utf-8, cp1252, shift_jis; detected when absent"
    )
    date_order: Annotated[Literal["dayFirst", "monthFirst"] | None, BeforeValidator(_none_if_blank)] = Field(
        None,
        description="how to read dates such as 3/4/2001 when the whole column fits both orders; `dmy` and `mdy` are "
        "understood as well",
        json_schema_extra={SYNONYMS: {"dmy": "dayFirst", "mdy": "monthFirst"}},
    )
    decimal: Annotated[Literal["point", "comma"] | None, BeforeValidator(_as_decimal)] = Field(
        None,
        description="what stands before the decimals of numbers such as 1,234 that can be read either way; `.` and `,`"
        " are understood as well",
        json_schema_extra={SYNONYMS: {".": "point", ",": "comma"}},
    )
    types: Annotated[Literal["text"] | dict[str, AskedKind] | None, BeforeValidator(_parse_types)] = Field(
        None,
        description="`text` leaves every value as it stands; an object of columns and types (such as "
        '`{"code": "text"}`) decides for these',
    )
    structure: Annotated[Literal["found", "asItStands"], BeforeValidator(_found_if_blank)] = Field(
        "found",
        description="`asItStands`: the table begins on the first line (after `initialSkip`), which holds the names, "
        "and ends with the last",
    )
    footer: Annotated[Literal["keep", "leaveOut"], BeforeValidator(_kept_if_blank)] = Field(
        "keep",
        description="`leaveOut`: totals and notes in the last rows of a text or a sheet are no rows, and have"
        " no part in the types",
    )
    append: Annotated[Literal["same", "all", "none"] | None, BeforeValidator(_none_if_blank)] = Field(
        None,
        description="of several files: `same` puts them below each other and refuses those whose columns differ, `all`"
        " takes them as well, with missing values for a column that a file does not have, `none` reads the largest;"
        " absent, those of an archive are put together where their columns are the same",
    )
    quote: Annotated[str | None, BeforeValidator(_as_mark)] = Field(
        None, max_length=1, pattern=_QUOTE, description="what quotes, one character or `none`; found when absent"
    )
    escape: Annotated[Literal["\\", ""] | None, BeforeValidator(_as_mark)] = Field(
        None, description="a backslash takes a quote for a character, or `none` does; found when absent"
    )
    comment: Annotated[str | None, BeforeValidator(_none_if_blank)] = Field(
        None, max_length=8, description="what lines above the table begin with that are no part of it; `#` when absent"
    )

    @property
    def seeks_names(self) -> bool:
        """Whether the place of the names is to be found."""
        return self.structure == "found" and not self.initial_skip

    @property
    def preferred(self) -> frozenset[str]:
        """Which of several readings of the same values are wanted."""
        return frozenset(each for each in (self.date_order, self.decimal) if each is not None)

    def recorded(self) -> dict[str, Any]:
        """Those of the settings that were given, as JSON; without what a request's model has beside them."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, include=set(ReadOptions.model_fields))

    @classmethod
    def from_record(cls, fields: Mapping[str, Any]) -> ReadOptions:
        """What :meth:`recorded` made.

        :raises InvalidRequest: for a setting that is not known.
        """
        # Earlier histories and recipes hold beside them how the file was sent.
        return parse_model(cls, {name: value for name, value in fields.items() if name not in _HOW_IT_WAS_SENT})


_HOW_IT_WAS_SENT = frozenset({"name", "wait", "socketID", "requestID", "area", "path"})
