"""A recipe: the steps of a history as a JSON document that can be carried out on another table.

::

    recipe = history.recipe()                          # a Recipe; .to_document() is JSON
    done = replay(other_table, recipe.steps, mode="lenient")
    for report in done.reports:
        print(report.line())

Every column that a step used stands in the recipe with its index, its name and its kind at that moment. On another
table it is found by its name; a column that only has an index (as in a recipe written by hand) by that. A recipe comes
from anywhere, so nothing in it is believed: it is read by strict models, its size and depth are limited, and each step
passes the same checks as a request would.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from longshore.errors import (
    ColumnNotFound,
    InvalidRequest,
    InvalidType,
    InvalidValue,
    LongshoreError,
    NameTaken,
    TooLarge,
    Unavailable,
    shorten,
)
from longshore.tables.core.dtypes import in_words
from longshore.tables.core.table import Table
from longshore.tables.core.validation import parse_model
from longshore.tables.operations import (
    Facts,
    FindOther,
    OneColumn,
    Operation,
    Parameters,
    bind,
    no_others,
    require_operation,
)
from longshore.tables.operations.facts import require_shape
from longshore.tables.replay.apply import Outcome, apply

FORMAT: Final = "longshore-recipe"
FORMAT_VERSION = 1
MAX_STEPS = 10_000
MAX_BYTES = 32 * 2**20
DEEPEST = 40
"""Lists and objects inside each other; parameters and facts of our own operations need six."""

Mode = Literal["strict", "lenient"]
FactsMode = Literal["learn", "keep"]
Carry = Callable[[Table, Operation, Facts | None], Outcome]
"""Carries an operation out, learning what it needs when no facts are given."""

_ALIKE = {"int": "number", "float": "number"}
_RANGE = ("columnFrom", "columnTo")
_BETWEEN = "columnFrom..columnTo"
_LISTS = ("column-indices", "columns")
_SINGLE = ("column-index", "column")
_NEW_NAMES = ("newName", "new_name")
_ROWS = frozenset({"rowIndex", "rowIndices"})
ROW_NOTE = "it names rows by their numbers, which may be other rows here"
_MISFITS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, pl.exceptions.PolarsError)
"""What an operation raises over facts that are not its own; it never sees such facts otherwise."""


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class UsedColumn(_Part):
    """A column that a step names, as it was when the step was made."""

    parameter: str = Field(max_length=100, description="the parameter that names it")
    index: int | None = Field(None, ge=0)
    name: str | None = None
    kind: str | None = Field(None, max_length=100)


class RecipeStep(_Part):
    """One step: the operation with its parameters, what it had learnt from the data, and the columns it named."""

    operation: str = Field(min_length=1, max_length=100)
    parameters: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    sentence: str = Field("", description="what it did the first time, for people")
    columns: list[UsedColumn] = Field(default_factory=list)


class RecipeReading(_Part):
    """How the first file was read."""

    options: dict[str, Any] = Field(default_factory=dict, description="what the uploader asked for")
    settings: dict[str, Any] = Field(default_factory=dict, description="what was used")


class Recipe(_Part):
    """The whole document."""

    format: Literal["longshore-recipe"] = FORMAT
    format_version: int = FORMAT_VERSION
    name: str = Field("", max_length=1000, description="of the file that it was made on")
    reading: RecipeReading = Field(default_factory=RecipeReading)
    steps: list[RecipeStep] = Field(max_length=MAX_STEPS)

    def to_document(self) -> dict[str, Any]:
        """As JSON; :meth:`parse` reads it back."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def parse(cls, document: Any) -> Recipe:
        """A recipe from a JSON value that came from anywhere.

        :raises InvalidRequest: when it is no recipe, or one of another format version.
        :raises TooLarge: over :data:`MAX_BYTES`, or nested deeper than :data:`DEEPEST`.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InvalidRequest(f'recipe: give the document that the export made; it says "format": "{FORMAT}"')
        version = document.get("formatVersion")
        if version != FORMAT_VERSION or isinstance(version, bool):
            given = shorten(repr(version))
            raise InvalidRequest(f"recipe: its format version is {given}; this server reads version {FORMAT_VERSION}")
        _check_size(document)
        return parse_model(cls, document)


def _check_size(document: Any) -> None:
    """:raises TooLarge: for a value that is too big or too deep to be a recipe.

    :raises InvalidRequest: for a number that is none in JSON, which some parsers let through.
    """
    size, level = 0, [document]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in level:
            size += len(value) if isinstance(value, str) else 1
            if isinstance(value, float) and not math.isfinite(value):
                raise InvalidRequest("recipe: JSON has no such number as NaN or Infinity")
            if isinstance(value, dict):
                size += sum(len(key) for key in value if isinstance(key, str))
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        if size > MAX_BYTES:
            raise TooLarge(f"a recipe has at most {MAX_BYTES:,} bytes")
        if not inner:
            return
        level = inner
    raise TooLarge(f"a recipe's lists and objects stand at most {DEEPEST} deep inside each other")


# -- which columns a step names ------------------------------------------------------------------------------------


def _controls(model: type[Parameters]) -> dict[str, str]:
    """The parameters that name columns, by their names on the wire, and how they do."""
    found = {}
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        control = extra.get("x-control") if isinstance(extra, dict) else None
        if isinstance(control, str) and control in (*_LISTS, *_SINGLE):
            found[info.alias or name] = control
    return found


def _key_lists(model: type[Parameters]) -> list[str]:
    """The parameters that are lists of objects which name a column each, such as the keys of a sort."""
    return [
        info.alias or name
        for name, info in model.model_fields.items()
        if any(isinstance(each, type) and issubclass(each, OneColumn) for each in get_args(info.annotation))
    ]


def _named_in(key: Mapping[str, Any]) -> tuple[str, int | str] | None:
    """The field with which an object of a key list names its column, and what stands there."""
    return next(((field, key[field]) for field in ("columnIndex", "column") if key.get(field) is not None), None)


def _named(parameters: Mapping[str, Any], control: str, parameter: str) -> list[int | str]:
    value = parameters.get(parameter)
    if value is None:
        return []
    return list(value) if control in _LISTS else [value]


def used_columns(operation: Operation, table: Table) -> list[UsedColumn]:
    """The columns that an operation names, with their index, name and kind in ``table``.

    :raises ColumnNotFound: when one of them is not there.
    """
    parameters = operation.recorded()
    controls = _controls(operation.parameters_model())
    pairs = [
        (parameter, table.position_of(each))
        for parameter, control in controls.items()
        for each in _named(parameters, control, parameter)
    ]
    for parameter in _key_lists(operation.parameters_model()):
        keys = map(_named_in, parameters.get(parameter) or ())
        pairs += [(f"{parameter}.{named[0]}", table.position_of(named[1])) for named in keys if named is not None]
    if controls.keys() >= set(_RANGE):
        first, last = (table.position_of(parameters[name]) for name in _RANGE)
        pairs += [(_BETWEEN, index) for index in range(first + 1, last)]
    used = []
    for parameter, index in pairs:
        column = table.columns[index]
        used.append(UsedColumn(parameter=parameter, index=index, name=column.name, kind=column.kind))
    return used


def record_step(operation: Operation, table: Table, facts: Facts, sentence: str = "") -> RecipeStep:
    """An operation that was carried out on ``table``, as a recipe keeps it."""
    return RecipeStep(
        operation=operation.name,
        parameters=_rows_by_name(operation.recorded(), table),
        facts=facts,
        sentence=sentence,
        columns=used_columns(operation, table),
    )


def _rows_by_name(parameters: dict[str, Any], table: Table) -> dict[str, Any]:
    """New rows that were given as lists, in the order of the columns, as objects by the columns' names."""
    if isinstance(parameters.get("rows"), list):
        parameters["rows"] = [_by_name(row, table) for row in parameters["rows"]]
    if "values" in parameters:
        parameters["values"] = _by_name(parameters["values"], table)
    return parameters


def _by_name(row: Any, table: Table) -> Any:
    is_row = isinstance(row, list) and len(row) == table.width
    return dict(zip(table.names, row, strict=True)) if is_row else row


@dataclass(frozen=True)
class _Finding:
    """Finds a recipe's columns in a table.

    :param aliases: names that the recipe uses for columns which are called otherwise here.
    :param mistakable: names that other columns bear here than those which the recipe means.
    """

    step: RecipeStep
    table: Table
    aliases: Mapping[str, str]
    mistakable: Collection[str] = ()

    def position(self, parameter: str, given: int | str) -> int:
        """Where the column stands that a parameter names; raises :class:`ColumnNotFound`."""
        name = given if isinstance(given, str) else self._name_of(parameter, given)
        if name is None:
            assert isinstance(given, int)  # noqa: S101 - a text names itself
            self.table.require_column(given)
            return given
        return self.by_name(name)

    def by_name(self, name: str) -> int:
        """The position of a column that the recipe calls ``name``; raises :class:`ColumnNotFound`."""
        if name in self.mistakable:
            raise ColumnNotFound(
                f"the column {shorten(name)!r} of this table is not the one that the recipe means: "
                "the step that would have given it this name was left out"
            )
        return self.table.index_of(name if self.table.has(name) else self.aliases.get(name, name))

    def _name_of(self, parameter: str, index: int) -> str | None:
        return next((c.name for c in self.step.columns if (c.parameter, c.index) == (parameter, index)), None)

    def key(self, parameter: str, key: Mapping[str, Any]) -> dict[str, Any]:
        """An object of a key list as it names its column here; raises :class:`ColumnNotFound`."""
        named = _named_in(key)
        if named is None:
            return dict(key)
        index = self.position(f"{parameter}.{named[0]}", named[1])
        return {**key, named[0]: index if isinstance(named[1], int) else self.table.columns[index].name}

    def span(self) -> tuple[int, int] | None:
        """First and last position of a range of columns; None when the recipe does not know their names.

        :raises ColumnNotFound: when they do not stand side by side here: the range would take in others.
        """
        names = [c.name for c in self.step.columns if c.parameter in (*_RANGE, _BETWEEN) and c.name is not None]
        if not names:
            return None
        positions = sorted({self.by_name(name) for name in names})
        if positions[-1] - positions[0] >= len(positions):
            raise ColumnNotFound(
                f"the columns from {shorten(names[0])!r} on do not stand side by side in this table, "
                "and the step would fill others too; do it column by column"
            )
        return positions[0], positions[-1]


def match(
    step: RecipeStep, table: Table, aliases: Mapping[str, str] | None = None, mistakable: Collection[str] = ()
) -> Operation:
    """A recipe's step as an operation on ``table``: its columns found by name, their kinds compared.

    :param aliases: names that the step uses for columns which are called otherwise here.
    :param mistakable: names that other columns bear here than those which the recipe means.
    :raises InvalidRequest: for an unknown operation or malformed parameters.
    :raises ColumnNotFound: when a column is not there.
    :raises InvalidType: when a column is of another kind than it was.
    """
    declared = require_operation(step.operation)
    parameters = declared.parse(step.parameters).recorded()
    finding = _Finding(step, table, aliases or {}, mistakable)
    controls = _controls(declared.parameters_model())
    for parameter, control in controls.items():
        found: list[int | str] = []
        for given in _named(parameters, control, parameter):
            index = finding.position(parameter, given)
            found.append(table.columns[index].name if isinstance(given, str) else index)
        if found:
            parameters[parameter] = found if control in _LISTS else found[0]
    for parameter in _key_lists(declared.parameters_model()):
        if parameters.get(parameter):
            parameters[parameter] = [finding.key(parameter, key) for key in parameters[parameter]]
    span = finding.span() if controls.keys() >= set(_RANGE) else None
    if span is not None:
        parameters |= dict(zip(_RANGE, span, strict=True))
    if not declared.any_kind:
        _check_kinds(finding)
    return declared.parse(parameters)


def _check_kinds(finding: _Finding) -> None:
    for used in finding.step.columns:
        if used.kind is None or used.name is None:
            continue
        column = finding.table.columns[finding.by_name(used.name)]
        if _ALIKE.get(column.kind, column.kind) != _ALIKE.get(used.kind, used.kind):
            raise InvalidType(
                f"column {column.name!r} is {in_words(column.kind)} here; "
                f"the recipe was made on {in_words(shorten(used.kind))}"
            )


# -- carrying a recipe out -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepReport:
    """How one step of a recipe went.

    :param outcome: ``applied``, ``skipped`` (lenient), ``failed`` (strict), or ``notTried`` after a failure.
    :param sentence: what it did; what it did the first time, when it was not applied.
    :param note: what its owner should look at although it was applied.
    """

    number: int
    operation: str
    outcome: Literal["applied", "skipped", "failed", "notTried"]
    sentence: str
    error: LongshoreError | None = None
    note: str | None = None

    @property
    def reason(self) -> str | None:
        """Why it was not applied, as a word for programs."""
        if self.error is None:
            return None
        words = {
            "ColumnNotFound": "missingColumn",
            "InvalidType": "differentType",
            "InvalidRequest": "malformed",
            "SessionNotFound": "missingSource",
        }
        return words.get(self.error.code, "valueFails" if self.error.status == 422 else "refused")

    def to_wire(self) -> dict[str, Any]:
        """As JSON; what does not apply is left out."""
        wire: dict[str, Any] = {
            "step": self.number,
            "operation": self.operation,
            "outcome": self.outcome,
            "sentence": self.sentence,
        }
        if self.error is not None:
            wire |= {"reason": self.reason, **self.error.to_wire()}
        if self.note is not None:
            wire["note"] = self.note
        return wire

    def line(self) -> str:
        """As people read it."""
        what = self.error.description if self.error is not None else self.sentence
        note = f" (note: {self.note})" if self.note else ""
        return f"{self.number:>4}  {self.outcome:<8}  {self.operation}: {what}{note}"


@dataclass(frozen=True)
class ReplayedStep:
    """A step that was applied: what a history records of it, and the table it led to."""

    operation: Operation
    facts: Facts
    sentence: str
    recorded: RecipeStep
    table: Table
    number: int


@dataclass(frozen=True)
class Replay:
    """A recipe carried out.

    :param base: the table that it began with.
    :param failure: why nothing may be kept (strict only), with the step's number in its sentence.
    """

    base: Table
    made: tuple[ReplayedStep, ...]
    reports: tuple[StepReport, ...]
    failure: LongshoreError | None = None

    @property
    def table(self) -> Table:
        """The table after the last step that was applied."""
        return self.made[-1].table if self.made else self.base

    @property
    def skipped(self) -> int:
        """Number of steps that were not applied."""
        return len(self.reports) - sum(report.outcome == "applied" for report in self.reports)

    def to_wire(self) -> dict[str, Any]:
        """Numbers and reports as JSON."""
        return {
            "applied": len(self.reports) - self.skipped,
            "skipped": self.skipped,
            "steps": [report.to_wire() for report in self.reports],
        }

    def discard(self, keep: Table | None = None) -> None:
        """Remove the column files that were made, but for those that ``keep`` consists of."""
        _discard(self.base, self.made, keep)


def _discard(base: Table, made: Iterable[ReplayedStep], keep: Table | None = None) -> None:
    needed = base.files | (keep.files if keep is not None else set())
    for file in {file for step in made for file in step.table.files} - needed:
        (base.folder / file).unlink(missing_ok=True)


@dataclass
class _Run:
    """A replay on its way."""

    base: Table
    mode: Mode
    facts: FactsMode
    carry: Carry
    aliases: Mapping[str, str]
    made: list[ReplayedStep] = field(default_factory=list)
    reports: list[StepReport] = field(default_factory=list)
    failure: LongshoreError | None = None
    rows_differ: bool = True
    others: FindOther = no_others
    mistakable: set[str] = field(default_factory=set)

    @property
    def table(self) -> Table:
        return self.made[-1].table if self.made else self.base

    def step(self, number: int, step: RecipeStep) -> None:
        if self.failure is not None:
            self._report(number, step, "notTried")
            return
        try:
            done = self._carry_out(number, step)
        except Unavailable:
            raise  # the disk or the database, not the recipe
        except LongshoreError as error:
            self._fail(number, step, error)
            return
        self.made.append(done)
        note = ROW_NOTE if self.rows_differ and _ROWS & step.parameters.keys() else None
        self.reports.append(StepReport(number, done.operation.name, "applied", done.sentence, note=note))

    def _carry_out(self, number: int, step: RecipeStep) -> ReplayedStep:
        operation = bind(match(step, self.table, self.aliases, self.mistakable), self.table, self.others, step.facts)
        outcome = self._outcome(operation, step)
        recorded = record_step(operation, self.table, outcome.facts, outcome.sentence)
        return ReplayedStep(operation, outcome.facts, outcome.sentence, recorded, outcome.table, number)

    def _outcome(self, operation: Operation, step: RecipeStep) -> Outcome:
        if self.facts == "learn" or operation.always_learns:
            return self.carry(self.table, operation, None)
        # Fitting also checks what a request would be refused for, so it runs although its result is not used.
        learnt = operation.fit(self.table)
        check_facts(operation, step.facts, learnt)
        try:
            return self.carry(self.table, operation, dict(step.facts))
        except _MISFITS as error:
            raise InvalidValue(
                "the facts that the recipe keeps for this step do not fit this table; learn them"
            ) from error

    def _fail(self, number: int, step: RecipeStep, error: LongshoreError) -> None:
        self._report(number, step, "failed" if self.mode == "strict" else "skipped", error)
        if isinstance(error, NameTaken):
            # What the step would have called so does not exist, and later steps would change the other column.
            self.mistakable |= {name for key in _NEW_NAMES if isinstance(name := step.parameters.get(key), str)}
        if self.mode == "strict":
            self.failure = _placed(error, f"step {number} of the recipe, {shorten(step.operation)}")

    def _report(
        self,
        number: int,
        step: RecipeStep,
        outcome: Literal["skipped", "failed", "notTried"],
        error: LongshoreError | None = None,
    ) -> None:
        self.reports.append(
            StepReport(number, shorten(step.operation), outcome, shorten(step.sentence, 500), error=error)
        )


def replay(
    table: Table,
    steps: Sequence[RecipeStep],
    *,
    mode: Mode = "strict",
    facts: FactsMode = "learn",
    carry: Carry = apply,
    numbers: Sequence[int] | None = None,
    aliases: Mapping[str, str] | None = None,
    rows_differ: bool = True,
    others: FindOther = no_others,
) -> Replay:
    """Carry a recipe's steps out on ``table``, which stays as it is.

    :param mode: ``strict`` stops at the first step that does not apply and keeps nothing, ``lenient`` leaves such
        steps out and reports them.
    :param facts: ``learn`` takes means, bin edges and the like from this table, ``keep`` those of the recipe.
    :param carry: carries one operation out; a server's own way goes through its settings.
    :param numbers: what the report calls the steps; 1, 2, 3 ... by default.
    :param aliases: names that the steps use for columns which are called otherwise here.
    :param rows_differ: whether row numbers may mean other rows here, which the report then notes.
    :param others: finds the other tables that steps name.
    :raises Unavailable: when the disk is full; every other reason stands in the reports. No file is left behind.
    """
    run = _Run(table, mode, facts, carry, aliases or {}, rows_differ=rows_differ, others=others)
    try:
        for number, step in zip(numbers or range(1, len(steps) + 1), steps, strict=True):
            run.step(number, step)
    except BaseException:
        _discard(table, run.made)
        raise
    if run.failure is not None:
        _discard(table, run.made)
        run.made.clear()
    return Replay(table, tuple(run.made), tuple(run.reports), run.failure)


def _placed(error: LongshoreError, place: str) -> LongshoreError:
    """The same error with the place where it happened in its sentence."""
    placed = copy.copy(error)
    placed.description = f"{place}: {error.description}. Nothing was changed"
    placed.args = (placed.description,)
    return placed


def check_facts(operation: Operation, kept: Mapping[str, Any], learnt: Mapping[str, Any]) -> None:
    """Whether kept facts have the operation's shape, and the form of those just learnt from this table.

    :raises InvalidValue: if not. What they say is the recipe's own business, what they are is ours.
    :raises TooLarge: when they ask for more than an operation makes.
    """
    require_shape(operation.facts_shape(), kept)
    if kept.keys() != learnt.keys() or not all(_same_form(kept[name], learnt[name]) for name in learnt):
        raise InvalidValue("the facts that the recipe keeps for this step are not of its form; learn them instead")


def _same_form(kept: Any, learnt: Any) -> bool:
    if kept is None or learnt is None:
        return True
    if isinstance(learnt, bool) or isinstance(kept, bool):
        return isinstance(learnt, bool) and isinstance(kept, bool)
    if isinstance(learnt, int | float):
        return isinstance(kept, int | float)
    if isinstance(learnt, dict):
        return isinstance(kept, dict)
    return isinstance(kept, type(learnt))
