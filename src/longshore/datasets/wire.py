"""What REST requests say: the models behind the OpenAPI document. What is answered stands in ``answers``."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, create_model, field_validator

from longshore.tables.core.spelling import Spelt
from longshore.tables.operations import OneColumn, Parameters
from longshore.tables.reading import ReadOptions
from longshore.tables.reading.quarantine import MAX_LISTED
from longshore.tables.viewing import ViewParameters
from longshore.web.api import Query

MAX_NAME = 500
"""Characters of a dataset's name that are kept."""


_REQUEST_ID = "comes back in the answer and in the news of the change"
_IF_VERSION = "refuse the change (409) unless the table is still this version and nothing waits"


@cache
def with_envelope(parameters: type[Parameters]) -> type[BaseModel]:
    """The body of a change on REST: its parameters, and what may stand beside them."""
    return create_model(
        f"{parameters.__name__.removesuffix('Parameters')}Body",
        __base__=parameters,
        __doc__=parameters.__doc__,
        request_id=(StrictStr | StrictInt | None, Field(None, alias="requestID", description=_REQUEST_ID)),
        if_version=(StrictInt | None, Field(None, alias="ifVersion", description=_IF_VERSION)),
    )


class FileQuery(ReadOptions):
    """The reading options, and the file's name."""

    name: str | None = Field(None, description="the file's name, when the body is the file itself; decides its format")


class LookQuery(FileQuery):
    """The reading options, and how much of the file is sent."""

    beginning: bool = Field(
        False, description="what is sent is only the beginning of a file; its last line, which may be cut, is left out"
    )


class UploadQuery(FileQuery):
    """The reading options, and how to take the file."""

    wait: bool = Field(True, description="false: answer 202 at once and import in the background")
    socket_id: str | None = Field(None, alias="socketID", description="Socket.IO id that receives `progress` events")
    request_id: str | None = Field(
        None, alias="requestID", description="comes back in the answer and in progress events"
    )


class SetAsideQuery(BaseModel):
    """Which of the kept records to list: both ends inclusive, counted from 0, clipped to what there is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)

    first: int = Field(0, alias="from", description="number of the first record to list, from 0")
    last: int | None = Field(
        None, alias="to", description=f"number of the last one, inclusive; at most {MAX_LISTED:,} come at once"
    )


class ExplainParameters(OneColumn):
    """Which cell of the current version."""

    row_index: StrictInt = Field(description="number of the row, as `data` gave it")


class CellQuery(Query, Spelt):
    """How the column in the path is meant."""

    by: Literal["name", "index"] | None = Field(
        None, description="by default a name; a number, where no column is called so, is the column's position"
    )


class IdsQuery(Query):
    """Which datasets to list: an id is the right to see its dataset, so only named ones are listed."""

    id: list[str] = Field([], description="session ids, repeated or comma-separated", max_length=1000)


class RenameDataset(BaseModel):
    """A dataset's new name."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(
        max_length=MAX_NAME,
        description="as a file's name; control characters and blanks at the ends are dropped",
        examples=["prices 2024.csv"],
    )

    @field_validator("name")
    @classmethod
    def _printable(cls, name: str) -> str:
        printable = "".join(character for character in name if character.isprintable()).strip()
        if not printable:
            raise ValueError("give at least one letter, digit or sign")
        return printable


class ChangeQuery(Query):
    """How to ask for a change and to wait for it."""

    wait: bool = Field(True, description="false: answer 202 with a request's address as soon as the change is accepted")
    request_id: str | None = Field(None, alias="requestID", description=_REQUEST_ID)
    if_version: int | None = Field(None, alias="ifVersion", description=_IF_VERSION)


class ExportQuery(ViewParameters):
    """A view to export, and how."""

    format: str = Field("csv", description="csv, json, ndjson, parquet, arrow or xlsx")
    escape_formulas: bool = Field(False, description="csv: put ' before text that a spreadsheet would run as a formula")


class AnalyzeQuery(OneColumn, ViewParameters):
    """A column, and the view whose rows count; all of them without one."""


class ProfileQuery(ViewParameters):
    """The columns to describe, and the view whose rows count; all of them without one."""

    columns: list[str] | None = Field(None, description="names of the columns to describe; all by default")
