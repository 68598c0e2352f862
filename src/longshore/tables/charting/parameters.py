"""What a client asks for when it wants a chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from longshore.tables.core.spelling import Spelt
from longshore.tables.core.validation import parse_model

ChartType = Literal["histogram", "frequency", "scatter", "line", "date", "box", "correlation"]
MAX_SERIES = 12
"""So many colours can be told apart."""
MAX_CORRELATED = 50
MAX_SHOWN = 50
"""Of the most frequent values; who asks for more gets so many, and a warning."""


class _Model(Spelt):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class Window(_Model):
    """The part of an axis that is shown; an end that is absent follows from the data."""

    start: StrictInt | StrictFloat | StrictStr | None = Field(None, description="a number; an ISO date on a date axis")
    end: StrictInt | StrictFloat | StrictStr | None = Field(None, description="a number; an ISO date on a date axis")


class Windows(_Model):
    """The shown parts of both axes."""

    x: Window = Window()
    y: Window = Window()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: Any) -> Any:
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if value is not None}
        return fields


class VisualizeParameters(_Model):
    """Type and settings of a chart; settings stand at the top level or under ``options``, which wins.

    >>> VisualizeParameters.read({"type": "histogram", "options": {"columnIndices": [0]}}).number_of_bins
    10
    """

    type: ChartType = Field(description="kind of chart")
    format: Literal["png", "vega-lite"] = Field("png", description="`image` as PNG, or a Vega-Lite `spec`")
    column_indices: list[StrictInt | StrictStr] | None = Field(
        None, description="columns of a histogram, box plot or correlation: positions, or names"
    )
    column_index: StrictInt | StrictStr | None = Field(None, description="column whose values are counted")
    x_column_index: StrictInt | StrictStr | None = Field(None, description="column along the x axis")
    y_column_indices: list[StrictInt | StrictStr] | None = Field(
        None, description="columns drawn against x, one series each: positions, or names"
    )
    number_of_bins: StrictInt = Field(10, ge=1, le=1000, description="bars of a histogram")
    use_words: bool = Field(False, description="count the words of a text column in place of its values")
    cutoff: StrictInt = Field(
        MAX_SHOWN, ge=1, description=f"how many of the most frequent values are shown; {MAX_SHOWN} at most"
    )
    axis: Windows = Field(Windows(), description="the window: {x: {start, end}, y: {start, end}}")
    options: dict[str, JsonValue] | None = Field(None, description="the same settings once more; these win")

    @model_validator(mode="before")
    @classmethod
    def _lift_options(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        options = fields.get("options")
        if options is not None and not isinstance(options, dict):
            raise ValueError("options: give an object")
        merged = {**fields, **(options or {})}
        return {name: value for name, value in merged.items() if value is not None and name != "options"}

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What the answer says of settings that could not be followed."""
        if self.type != "frequency" or self.cutoff <= MAX_SHOWN:
            return []
        message = f"cutoff: {self.cutoff:,} was asked for, and at most {MAX_SHOWN} values are shown"
        return [{"code": "Clipped", "message": message}]

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """The parameters in a request's fields.

        :raises InvalidRequest: for an unknown type, and naming the field that has a wrong type or range.
        """
        return parse_model(cls, fields)
