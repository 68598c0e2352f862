"""What the REST answers look like: the models behind the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, create_model, field_validator

from longshore.tables.core.spelling import Spelt
from longshore.tables.operations import OneColumn, Parameters
from longshore.tables.operations.about import Group, Selected
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


class Answer(BaseModel):
    """Base of every answer: camelCase names as on the wire."""

    model_config = ConfigDict(extra="allow")


class LookQuery(ReadOptions):
    """The reading options, and the file's name."""

    name: str | None = Field(None, description="the file's name, when the body is the file itself; decides its format")


class UploadQuery(LookQuery):
    """The reading options, and how to take the file."""

    wait: bool = Field(True, description="false: answer 202 at once and import in the background")
    socket_id: str | None = Field(None, alias="socketID", description="Socket.IO id that receives `progress` events")
    request_id: str | None = Field(
        None, alias="requestID", description="comes back in the answer and in progress events"
    )


class ReadingWarning(Answer):
    """Something about the file that its owner should know."""

    code: str
    message: str
    count: int | None = None
    column: str | None = None
    examples: list[dict[str, Any]] = []


class Ledger(Answer):
    """What became of every line: `skipped + header + blank + rows + setAside + continued = lines`."""

    unit: str = Field(description="what is counted: `line` of a text, `record` of a JSON document, `row` of a sheet")
    lines: int
    skipped: int = Field(description="before the header, as `initialSkip` said")
    header: int
    blank: int
    rows: int = Field(description="of the file, before any sampling; `filled`, `cut` and `mended` ones among them")
    filled: int = Field(description="rows with too few fields")
    cut: int = Field(description="rows with too many fields")
    mended: int = Field(description="rows with a quote that nothing closes, or bytes that are no text")
    setAside: int = Field(description="lines that are no rows")  # noqa: N815
    continued: int = Field(description="lines that go on with a record begun on an earlier one")
    kept: int = Field(description="records that are kept with their text; there is a limit")


class SetAsideQuery(BaseModel):
    """Which of the kept records to list: both ends inclusive, counted from 0, clipped to what there is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)

    first: int = Field(0, alias="from", description="number of the first record to list, from 0")
    last: int | None = Field(
        None, alias="to", description=f"number of the last one, inclusive; at most {MAX_LISTED:,} come at once"
    )


class SetAsideRecord(Answer):
    """A record that was not read whole."""

    line: int = Field(description="its number in the file, from 1; its first one where it takes several")
    row: int | None = Field(description="its number in the table as imported; null if it became no row")
    code: str = Field(description="TooFewFields, TooManyFields, UnclosedQuote, InvalidBytes, InvalidJson, NotAnObject")
    reason: str
    raw: str = Field(description="its text, at most 2,000 characters, without the line end")
    cut: bool = Field(description="whether the text was longer")


class SetAside(Answer):
    """The records that were not read whole when the file was imported."""

    ledger: Ledger | None = Field(description="null where the dataset was made before lines were counted")
    kept: int = Field(description="records that can be listed")
    records: list[SetAsideRecord]


class ExplainParameters(OneColumn):
    """Which cell of the current version."""

    row_index: StrictInt = Field(description="number of the row, as `data` gave it")


class CellQuery(Query, Spelt):
    """How the column in the path is meant."""

    by: Literal["name", "index"] | None = Field(
        None, description="by default a name; a number, where no column is called so, is the column's position"
    )


class CellPlace(Answer):
    """A cell at one moment."""

    value: Any = Field(description="as in a page of the table")
    dataType: str  # noqa: N815
    column: str
    rowIndex: int  # noqa: N815


class OriginalCell(CellPlace):
    """A cell as it was imported."""

    line: int | None = Field(description="number of its line in the file, from 1; null where it is not known")
    unit: str | None = Field(description="what `line` counts: line, record or row")


class StepOfCell(Answer):
    """A step that did something to a cell."""

    version: int
    operation: str
    sentence: str
    what: list[str] = Field(description="of changed, renamed, copied, moved, rowAdded, columnMade, unknown")
    before: CellPlace | None = Field(description="null for a step that made the cell, or when nobody can tell")
    after: CellPlace
    reads: list[CellPlace] = Field([], description="the cells from which a new column's cell was computed")
    note: str | None = Field(None, description="why the cell cannot be followed further back")


class CellExplained(CellPlace):
    """What led to a cell, oldest step first."""

    version: int
    original: OriginalCell | None = Field(description="null when a step made the row or the column: the first of steps")
    steps: list[StepOfCell]


class Uploaded(Answer):
    """A dataset was made."""

    success: bool
    sessionID: str  # noqa: N815
    version: int | None = None
    rows: int | None = None
    columns: int | None = None
    warnings: list[ReadingWarning] = []


class LookColumn(Answer):
    """A column that a file would have."""

    name: str
    dataType: str  # noqa: N815


class Look(Answer):
    """How a file would be read."""

    columns: list[LookColumn] = Field(description="the first 200")
    rows: list[list[Any]] = Field(description="values of the first 30 rows, as `data` has them")
    dataSize: DataSize | None = Field(description="null where only the beginning of a large file was looked at")  # noqa: N815
    warnings: list[ReadingWarning]
    reading: dict[str, Any] = Field(description="what was found: format, encoding, delimiter, sheet and so on")
    sheets: list[str] = Field(description="a workbook's sheets")
    suggestedSkip: int = Field(  # noqa: N815
        description="rows or lines that seem to stand above the columns' names, for `initialSkip`"
    )


class DatasetSummary(Answer):
    """One dataset of a listing."""

    sessionID: str  # noqa: N815
    name: str
    state: str = Field(description="importing or ready")
    created: float = Field(description="seconds since 1970")
    sourceBytes: int  # noqa: N815
    version: int | None = None
    rows: int | None = None
    columns: int | None = None
    warnings: list[ReadingWarning] = []


class DatasetList(Answer):
    """The datasets of the ids that were asked for; unknown ids are left out."""

    datasets: list[DatasetSummary]


class IdsQuery(Query):
    """Which datasets to list: an id is the right to see its dataset, so only named ones are listed."""

    id: list[str] = Field([], description="session ids, repeated or comma-separated", max_length=1000)


class ColumnInfo(Answer):
    """One column."""

    index: int
    dataType: str = Field(description="int float string datetime date time duration boolean, or an engine's name")  # noqa: N815
    compatType: Literal["int", "float", "string", "datetime"] = Field(  # noqa: N815
        description="the same for clients that know only these four"
    )
    invalidValues: int = Field(description="number of missing values")  # noqa: N815


class DataSize(Answer):
    """A table's size."""

    rows: int
    columns: int


class Metadata(Answer):
    """What a table consists of."""

    undoAvailable: bool  # noqa: N815
    redoAvailable: bool  # noqa: N815
    version: int
    dataSize: DataSize  # noqa: N815
    columns: list[str]
    columnInfo: dict[str, ColumnInfo]  # noqa: N815


class PageData(Answer):
    """Rows of a page."""

    index: list[int] = Field(description="original row numbers")
    columns: list[str]
    data: list[list[Any]] = Field(description="a list for each row; dates in ISO 8601, missing values null")


class PageAnswer(Answer):
    """One page of a view."""

    version: int
    data: PageData


class PreviewAnswer(Answer):
    """What an operation would do."""

    version: int
    columns: list[str] = Field(description="names of the columns afterwards")
    newColumns: list[str]  # noqa: N815
    removedColumns: list[str]  # noqa: N815
    rows: int = Field(description="number of rows afterwards")
    changedCells: int | None = Field(  # noqa: N815
        description="cells of the whole table that get another value; null when rows move or only columns are added"
    )
    data: PageData = Field(description="new values of those of the rows that stay, and only of columns that change")
    facts: dict[str, Any] = Field(
        description="what it learnt from the data, as in the history: a mean, bin edges, how many rows of a join match"
    )


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


class Renamed(Answer):
    """The name as it stands now."""

    success: bool
    name: str
    before: str = Field(description="the name until now")


class Sample(Answer):
    """A packaged table to try things out on."""

    name: str = Field(description="file name, to be sent back")
    title: str
    about: str = Field(description="a sentence for people")


class SampleList(Answer):
    """The packaged tables."""

    samples: list[Sample]


class HistoryStep(Answer):
    """One step."""

    position: int
    version: int
    operation: str
    parameters: dict[str, Any]
    facts: dict[str, Any]
    sentence: str
    madeBy: str | None  # noqa: N815
    created: float
    rows: int
    columns: int
    current: bool
    dropped: bool = Field(description="a later `dropStep` took it out: the current table does without it")


class History(Answer):
    """The steps of a dataset, undone ones included."""

    position: int = Field(description="the current step; later ones are undone and can be done again")
    version: int | None = Field(description="of the current step")
    steps: list[HistoryStep]


class ChangeQuery(Query):
    """How to ask for a change and to wait for it."""

    wait: bool = Field(True, description="false: answer 202 with a request's address as soon as the change is accepted")
    request_id: str | None = Field(None, alias="requestID", description=_REQUEST_ID)
    if_version: int | None = Field(None, alias="ifVersion", description=_IF_VERSION)


class Changed(Answer):
    """A change that is done, or was accepted when `wait` is false."""

    success: bool | None = None
    accepted: bool | None = None
    requestID: Any = None  # noqa: N815
    request: str | None = Field(None, description="address that tells when an accepted change is done")
    version: int | None = None
    changed: Any = None


class ReplayedStep(Answer):
    """How one step of a recipe, or one that came after a dropped one, went."""

    step: int = Field(description="its place in the recipe, from 1; after `dropStep` the version that it made")
    operation: str
    outcome: str = Field(description="applied, skipped, failed or notTried")
    sentence: str
    reason: str | None = Field(
        None, description="missingColumn, missingSource, differentType, valueFails, malformed or refused"
    )
    error: str | None = None
    errorDescription: str | None = None  # noqa: N815
    note: str | None = Field(None, description="what to look at although it was applied")


class Replayed(Changed):
    """Steps that were carried out again, one report each."""

    applied: int | None = None
    skipped: int | None = None
    steps: list[ReplayedStep] = []


class Aggregated(Changed):
    """A new dataset was made of this one."""

    newSessionID: str | None = Field(None, description="session id of the new dataset")  # noqa: N815
    name: str | None = None
    rows: int | None = None
    columns: int | None = None


class OperationFits(Answer):
    """What has to be selected for an operation to be of use."""

    columns: Selected = Field(description="how many columns: no matter, exactly one, at least one, at least two")
    kinds: list[str] = Field(description="the types of column that it works on; all where there is none")
    missing: bool = Field(description="one of them has missing values")
    rows: Literal["any", "one", "some"] = Field(description="how many rows")
    view: bool = Field(description="a filter, a condition or a search is on: it takes the rows that are shown")


class OperationInfo(Answer):
    """One operation."""

    name: str
    aliases: list[str]
    title: str = Field(description="what people call it")
    group: Group = Field(description="the heading below which it stands in a menu")
    words: str = Field(description="by which it is found as well")
    lines: list[str] = Field(
        description="what it would do to the table at hand, the first that can be filled in; names of values stand "
        "between braces, such as {column} for the selected column"
    )
    fits: OperationFits
    summary: str
    ordered: bool
    keepsRows: bool = Field(description="every row has the number afterwards that it had before")  # noqa: N815
    makesDataset: bool = Field(description="it makes another dataset and leaves this one as it is")  # noqa: N815
    hasPreview: bool = Field(description="its effect can be shown before it is carried out")  # noqa: N815
    example: dict[str, Any]
    parameters: dict[str, Any] = Field(
        description="JSON Schema; `title`, and keys that begin with `x-`, tell what a form shows"
    )
    enabled: bool = Field(description="false: the server's settings turn it off")


class OperationList(Answer):
    """Every operation there is."""

    operations: list[OperationInfo] = Field(description="by heading, and the most used first")
    newDatasets: list[OperationInfo] = Field(  # noqa: N815
        description="what makes another dataset of one, each at POST /api/v1/datasets/<session>/<name>"
    )


class ExportQuery(ViewParameters):
    """A view to export, and how."""

    format: str = Field("csv", description="csv, json, ndjson, parquet, arrow or xlsx")
    escape_formulas: bool = Field(False, description="csv: put ' before text that a spreadsheet would run as a formula")


class AnalyzeQuery(OneColumn, ViewParameters):
    """A column, and the view whose rows count; all of them without one."""


class ProfileQuery(ViewParameters):
    """The columns to describe, and the view whose rows count; all of them without one."""

    columns: list[str] | None = Field(None, description="names of the columns to describe; all by default")


class Statistics(Answer):
    """What is known of a column; numbers, text and dates have more fields, see the documentation."""

    invalid: int = Field(description="missing values")
    unique_count: int
    mode: list[Any] | None = Field(None, description="absent when every value is equally frequent")
    frequencies: list[list[Any]] = Field(description="the 50 most frequent values, each with its count")


class Profile(Answer):
    """All columns at a glance."""

    version: int
    data: dict[str, Any]


class Cluster(Answer):
    """Values that are nearly the same."""

    values: list[list[Any]] = Field(description="at most 1,000, each with its number of rows, the most frequent first")
    suggested: str = Field(description="the most frequent of them")
    rows: int
    valueCount: int = Field(description="number of its values, also of those not shown")  # noqa: N815


class Clusters(Answer):
    """Near-duplicate values of a column; the counts are of all clusters, also of those over the limit."""

    version: int
    clusters: list[Cluster] = Field(description="those with the most rows first")
    clusterCount: int  # noqa: N815
    rowCount: int  # noqa: N815
    valueCount: int  # noqa: N815
    distinct: int = Field(description="different values of the column")
    tooLong: int = Field(description="values of over 1,000 characters, which were left out")  # noqa: N815
    method: str


class Chart(Answer):
    """A drawn chart."""

    image: str | None = Field(None, description="PNG in base64")
    spec: dict[str, Any] | None = Field(None, description="Vega-Lite")
    axis: dict[str, Any] = Field(description="the window as used")
