"""What is answered about datasets, on REST and on Socket.IO, and what sockets are told without asking.

Without Flask: workers settle changes with these models.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from longshore.tables.operations.about import Group, Selected
from longshore.tables.replay.recipe import Recipe
from longshore.web.answer import Answer, OpenAnswer

# -- files and their import ----------------------------------------------------------------------------------------


class ReadingWarning(Answer):
    """Something about the file that its owner should know, or about the request."""

    code: str
    message: str
    count: int | None = None
    column: str | None = None
    examples: list[dict[str, Any]] = Field([])


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


class Reading(BaseModel):
    """How a file was read: format, encoding, delimiter, sheet and so on, whatever its format has."""

    model_config = ConfigDict(extra="allow")

    format: str
    ledger: SkipValidation[Ledger | None] = Field(None, description="absent where lines are not counted")


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

    ledger: SkipValidation[Ledger | None] = Field(
        description="null where the dataset was made before lines were counted"
    )
    kept: int = Field(description="records that can be listed")
    records: list[SetAsideRecord]


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


# -- changes -------------------------------------------------------------------------------------------------------


class TableDifference(Answer):
    """What a change did to the table."""

    columns: list[int] = Field(description="positions of new columns and of those with other values")
    removedColumns: list[str]  # noqa: N815
    rows: int = Field(description="rows gained, or lost if negative")


class Answered(Answer):
    """What every answer to an event of Socket.IO carries."""

    operation: str
    sessionID: Any = Field(description="as the request had it")  # noqa: N815
    requestID: Any = Field(description="as the request had it")  # noqa: N815
    success: bool


class Accepted(Answer):
    """A change was accepted: it will be done, whatever happens to the server."""

    accepted: bool
    requestID: Any = None  # noqa: N815
    request: str | None = Field(None, description="address that tells when it is done")


class UploadAccepted(Accepted):
    """A file was accepted: it will be read."""

    success: bool
    sessionID: str  # noqa: N815


class Changed(Answered):
    """A change that is done."""

    version: int
    sentence: str | None = Field(None, description="what was done, for people; as in the history")
    warnings: SkipValidation[list[Any]] = Field(
        [], description="about the request: each with `code` and `message`; of executeCommand the code's own, as text"
    )


class Travelled(Changed):
    """A step through the history: `undo`, `redo` or `goTo`."""

    changed: bool = Field(description="whether the table is another one now")


class TableChanged(Changed):
    """A change that tells what it did to the table."""

    changed: TableDifference


class OperationDone(TableChanged, OpenAnswer):
    """An operation that is done. What an operation tells of itself beside, only some do; see its documentation."""

    added: int | None = Field(None, description="rows of the other table")
    ambiguous: SkipValidation[bool | None] = Field(None, description="whether the text could be read in two ways")
    changedCells: int | None = None  # noqa: N815
    changedRows: int | None = None  # noqa: N815
    cut: int | None = Field(None, description="values that lost their fraction or their time")
    dataType: str | None = None  # noqa: N815
    dateFormat: SkipValidation[str | None] = None  # noqa: N815
    dateFormats: SkipValidation[list[Any]] = Field([])  # noqa: N815
    decimal: str | None = Field(None, description="the sign before the fraction")
    deleted: int | None = Field(None, description="rows")
    duplicateKeys: int | None = Field(None, description="keys with several rows in the other table")  # noqa: N815
    evidence: SkipValidation[list[Any]] = Field([], description="what speaks for each format that was found")
    filled: int | None = Field(None, description="cells")
    found: SkipValidation[dict[str, int]] = Field({}, description="values, by the new columns")
    invalidated: int | None = Field(None, description="values that became missing")
    labels: SkipValidation[list[Any]] = Field([], description="of the intervals")
    matched: int | None = Field(None, description="rows that have a partner")
    max: Any = None
    mean: SkipValidation[float | None] = None
    min: Any = None
    missing: int | None = None
    newColumn: str | None = None  # noqa: N815
    newColumns: list[str] = Field([])  # noqa: N815
    onlyHere: SkipValidation[list[str]] = Field([])  # noqa: N815
    onlyThere: SkipValidation[list[str]] = Field([])  # noqa: N815
    order: SkipValidation[str | None] = Field(None, description="of day, month and year")
    otherUnmatched: int | None = None  # noqa: N815
    printed: str | None = Field(None, description="what the code of executeCommand printed")
    removed: int | None = Field(None, description="rows")
    replaced: int | None = Field(None, description="cells")
    rowIndex: int | None = Field(None, description="where rows were added")  # noqa: N815
    rowsAfter: int | None = None  # noqa: N815
    rowsBefore: int | None = None  # noqa: N815
    std: SkipValidation[float | None] = None
    typesDiffer: SkipValidation[list[Any]] = Field([], description="columns whose types had to agree")  # noqa: N815
    unmatched: int | None = None
    unread: SkipValidation[list[Any]] = Field([], description="the first values that could not be read")
    value: Any = Field(None, description="what was filled in")


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


class Replayed(TableChanged):
    """Steps that were carried out again, one report each."""

    applied: int
    skipped: int
    applies: bool | None = Field(None, description="of applyRecipe: whether every step that has to apply does")
    dryRun: bool | None = Field(None, description="nothing was changed")  # noqa: N815
    steps: list[ReplayedStep]


class Aggregated(TableChanged):
    """A new dataset was made of this one."""

    newSessionID: str | None = Field(  # noqa: N815
        None, description="session id of the new dataset; for whoever asked for it"
    )
    name: str
    rows: int
    columns: int


SPECIAL: dict[str, type[Answer]] = {
    "undo": Travelled,
    "redo": Travelled,
    "goTo": Travelled,
    "applyRecipe": Replayed,
    "dropStep": Replayed,
    "aggregate": Aggregated,
}
"""The answers to changes that are no operation on a table, by their names in :mod:`longshore.datasets.special`."""


class Uploaded(Answer):
    """A dataset was made."""

    operation: str | None = None
    sessionID: str  # noqa: N815
    requestID: Any = None  # noqa: N815
    success: bool
    version: int
    rows: int
    columns: int
    warnings: SkipValidation[list[ReadingWarning]] = Field([])
    reading: SkipValidation[Reading | None] = None


class AnyChanged(OperationDone):
    """Any change, as whoever does not know which it was reads it; of an import without what its file was like."""

    changed: TableDifference | bool | None = None  # type: ignore[assignment]
    applied: int | None = None
    skipped: int | None = None
    applies: bool | None = None
    dryRun: bool | None = None  # noqa: N815
    steps: list[ReplayedStep] = Field([])
    newSessionID: str | None = None  # noqa: N815
    name: str | None = None
    rows: int | None = None
    columns: int | None = None


class ChangeFailed(Answered, OpenAnswer):
    """A change that is refused: nothing was changed."""

    error: str
    errorDescription: str  # noqa: N815
    wholeVersion: int | None = Field(None, description="of DamagedDataset: the last version that can be read")  # noqa: N815
    eid: str | None = Field(None, description="of Internal: under which the server's log has the details")
    warnings: SkipValidation[list[Any]] = Field([], description="about the request")
    applied: int | None = Field(None, description="of a recipe, as the three that follow: steps that would have been")
    skipped: int | None = None
    applies: bool | None = None
    steps: list[ReplayedStep] = Field([])


class Deleted(Answer):
    """A dataset is gone."""

    success: bool


class Forwarded(Answer):
    """A finished task was handed on."""

    success: bool


# -- reads ---------------------------------------------------------------------------------------------------------


class LookColumn(Answer):
    """A column that a file would have."""

    name: str
    dataType: str  # noqa: N815


class DataSize(Answer):
    """A table's size."""

    rows: int
    columns: int


class Look(Answer):
    """How a file would be read."""

    columns: list[LookColumn] = Field(description="the first 200")
    rows: SkipValidation[list[list[Any]]] = Field(description="values of the first 30 rows, as `data` has them")
    dataSize: DataSize | None = Field(description="null where only the beginning of a large file was looked at")  # noqa: N815
    warnings: SkipValidation[list[ReadingWarning]]
    reading: SkipValidation[Reading]
    sheets: list[str] = Field(
        description="a workbook's sheets, or the tables of another file that has several; one is chosen by `sheet`"
    )
    suggestedSkip: int = Field(  # noqa: N815
        description="rows or lines above the columns' names that were left out because they hold none"
    )


class DatasetSummary(Answer):
    """One dataset of a listing."""

    sessionID: str  # noqa: N815
    name: str
    state: str = Field(description="importing or ready")
    created: SkipValidation[float] = Field(description="seconds since 1970")
    sourceBytes: int  # noqa: N815
    version: int | None = None
    rows: int | None = None
    columns: int | None = None
    reading: SkipValidation[Reading | None] = Field(description="null while the file is not read")
    warnings: SkipValidation[list[ReadingWarning]] = Field([])


class DatasetList(Answer):
    """The datasets of the ids that were asked for; unknown ids are left out."""

    datasets: list[DatasetSummary]


class ColumnInfo(Answer):
    """One column."""

    index: int
    dataType: str = Field(description="int float string datetime date time duration boolean, or an engine's name")  # noqa: N815
    compatType: Literal["int", "float", "string", "datetime"] = Field(  # noqa: N815
        description="the same for clients that know only these four"
    )
    invalidValues: int = Field(description="number of missing values")  # noqa: N815


class Metadata(Answer):
    """What a table consists of."""

    undoAvailable: bool  # noqa: N815
    redoAvailable: bool  # noqa: N815
    version: int
    dataSize: DataSize  # noqa: N815
    columns: SkipValidation[list[str]]
    columnInfo: dict[str, ColumnInfo]  # noqa: N815


class ShownDataset(Metadata):
    """A dataset, and what its table consists of."""

    sessionID: str  # noqa: N815
    name: str
    state: str = Field(description="ready")
    created: SkipValidation[float] = Field(description="seconds since 1970")
    sourceBytes: int  # noqa: N815
    reading: SkipValidation[Reading | None] = Field(description="null of a dataset that was made of another")
    warnings: SkipValidation[list[ReadingWarning]] = Field([])
    rows: int = Field(description="of the table; `dataSize` has those of the view")


class PageData(Answer):
    """Rows of a page, which are sent as they were prepared."""

    index: SkipValidation[list[int]] = Field(description="original row numbers")
    columns: SkipValidation[list[str]]
    data: SkipValidation[list[list[Any]]] = Field(
        description="a list for each row; dates in ISO 8601, missing values null"
    )


class PageAnswer(Answer):
    """One page of a view."""

    version: int
    data: PageData


class RetypedColumn(Answer):
    """A column that gets another type."""

    column: str
    before: str = Field(description="its type now")
    after: str = Field(description="its type then")


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
    lostCells: int | None = Field(  # noqa: N815
        description="those of the changed cells that hold a value now and would be missing; null as `changedCells`"
    )
    retypedColumns: list[RetypedColumn] = Field(  # noqa: N815
        description="columns that get another type; none when rows move"
    )
    data: PageData = Field(description="new values of those of the rows that stay, and only of columns that change")
    facts: dict[str, Any] = Field(
        description="what it learnt from the data, as in the history: a mean, bin edges, how many rows of a join match"
    )


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
    parameters: SkipValidation[dict[str, Any]]
    facts: SkipValidation[dict[str, Any]]
    sentence: str
    madeBy: str | None  # noqa: N815
    created: SkipValidation[float]
    rows: int
    columns: int
    current: bool
    dropped: bool = Field(description="a later `dropStep` took it out: the current table does without it")


class History(Answer):
    """The steps of a dataset, undone ones included."""

    position: int = Field(description="the current step; later ones are undone and can be done again")
    version: int | None = Field(description="of the current step")
    steps: list[HistoryStep]


class RecipeAnswer(Answer):
    """The steps of a dataset for other tables."""

    recipe: Recipe


class Script(Answer):
    """The steps of a dataset as a Python script."""

    name: str = Field(description="of a file for it")
    script: str


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
    example: SkipValidation[dict[str, Any]]
    parameters: SkipValidation[dict[str, Any]] = Field(
        description="JSON Schema; `title`, and keys that begin with `x-`, tell what a form shows"
    )
    enabled: bool = Field(description="false: the server's settings turn it off")


class OperationList(Answer):
    """Every operation there is."""

    operations: list[OperationInfo] = Field(description="by heading, and the most used first")
    newDatasets: list[OperationInfo] = Field(  # noqa: N815
        description="what makes another dataset of one, each at POST /api/v1/datasets/<session>/<name>"
    )


class Statistics(Answer):
    """What is known of a column. Which fields there are is a matter of its type; null: there is no such value."""

    invalid: int = Field(description="missing values")
    unique_count: int
    mode: SkipValidation[list[Any]] = Field([], description="absent when every value is equally frequent")
    mode_frequency: int | None = None
    mode_count: int | None = Field(None, description="the same")
    frequencies: SkipValidation[list[tuple[Any, int]]] = Field(
        description="the 50 most frequent values, each with its count"
    )
    mean: SkipValidation[float | None] = None
    std: SkipValidation[float | None] = Field(None, description="of a sample")
    min: Any = Field(None, description="of numbers, dates, times and durations")
    lower_quartile: SkipValidation[float | None] = Field(None, alias="25%")
    middle_quartile: SkipValidation[float | None] = Field(None, alias="50%")
    upper_quartile: SkipValidation[float | None] = Field(None, alias="75%")
    median: Any = Field(None, description="of dates, times and durations")
    max: Any = None
    range: Any = None
    word_count_min: int | None = Field(None, description="of texts, as all that begins so: words in a value")
    word_count_max: int | None = None
    word_count_average: SkipValidation[float | None] = None
    word_length_min: int | None = None
    word_length_max: int | None = None
    word_length_average: SkipValidation[float | None] = None
    word_total: int | None = None
    word_unique_count: int | None = None
    word_mode: SkipValidation[list[Any]] = Field([])
    word_mode_frequency: int | None = None
    word_frequencies: SkipValidation[list[tuple[Any, int]]] = Field([])


class StatisticsAnswer(Statistics):
    """A column's statistics, at the top and once more under `data`."""

    data: Statistics


class Histogram(Answer):
    """How values are spread over bins of equal width."""

    edges: SkipValidation[list[float | str]] = Field(description="of 20 bins: numbers, or ISO dates")
    counts: SkipValidation[list[int]]


class ColumnProfile(Answer):
    """A column at a glance."""

    name: str
    index: int
    dataType: str  # noqa: N815
    statistics: Statistics
    histogram: Histogram | None = Field(None, description="of numbers and dates; null without values")
    top: SkipValidation[list[tuple[Any, int]]] = Field([], description="of others: their ten most frequent values")


class ProfileData(Answer):
    """Columns at a glance."""

    rows: int
    columns: list[ColumnProfile]


class Profile(Answer):
    """All columns at a glance, or those that were asked for."""

    version: int
    data: ProfileData


class Cluster(Answer):
    """Values that are nearly the same."""

    values: SkipValidation[list[tuple[str, int]]] = Field(
        description="at most 1,000, each with its rows; the most frequent first"
    )
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

    type: str
    image: str | None = Field(None, description="PNG in base64")
    spec: SkipValidation[dict[str, Any] | None] = Field(None, description="Vega-Lite")
    axis: SkipValidation[dict[str, Any]] = Field(description="the window as used")
    fits: SkipValidation[list[dict[str, Any]]] = Field([], description="of a scatter chart: the fitted lines")
    correlation: SkipValidation[dict[str, Any] | None] = Field(
        None, description="of a chart of correlations: its `columns`, and Pearson's `r` of each with each"
    )
    warnings: SkipValidation[list[ReadingWarning]] = Field([], description="settings that could not be followed")


# -- what sockets are told -----------------------------------------------------------------------------------------


class Acknowledged(Answer):
    """The acknowledgement of an event: whether its work was begun."""

    accepted: bool
    requestID: Any = None  # noqa: N815


class Limits(Answer):
    """What a new client may send, and who it is taken for."""

    maxMessageBytes: int  # noqa: N815
    user: str = Field("", description="absent where nobody is known by name")


class PresenceNews(Answer):
    """How many listen to a dataset, and who."""

    sessionID: str  # noqa: N815
    here: int
    people: list[str] = Field(description="the names of those that are known")


class Progress(Answer):
    """How much of an import, or of a read that takes long, is done."""

    operation: str
    sessionID: Any  # noqa: N815
    requestID: Any  # noqa: N815
    done: int = Field(0, description="of a read")
    total: int = Field(0, description="of a read")
    phase: str = Field("", description="of an import")
    bytes: int = Field(0, description="of an import: read so far")
    totalBytes: int = Field(0, description="of an import")  # noqa: N815
    rows: int = Field(0, description="of an import")


class DataChanged(Answer):
    """A dataset is another version."""

    sessionID: str  # noqa: N815
    requestID: Any  # noqa: N815
    operation: str
    version: int
    madeBy: str = Field("", description="absent where nobody is known by name")  # noqa: N815


class RenamedNews(Answer):
    """A dataset is called otherwise."""

    sessionID: str  # noqa: N815
    name: str


class ReadNote(Answer):
    """What may stand in the answer of any read beside."""

    warnings: SkipValidation[list[ReadingWarning]] = Field([], description="fields of the request that mean nothing")


NEWS: dict[str, type[Answer]] = {
    "limits": Limits,
    "presence": PresenceNews,
    "progress": Progress,
    "dataChanged": DataChanged,
    "renamed": RenamedNews,
}
"""What sockets are told without asking, by the event's name."""
