"""From batches of text to typed column files: guess from a sample, check every value, read failures again.

The guess decides how the first pass writes each column. A column with a value that does not fit its guess is read a
second time, alone with others of its kind, as text; then the whole column decides, not its first rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import polars as pl
from polars.io.plugins import register_io_source

from longshore.errors import StorageFull, is_disk_full
from longshore.tables.core.column_expressions import col
from longshore.tables.core.table import Column, Table, new_file_name, parquet_for, placing
from longshore.tables.reading.candidates import candidates_of
from longshore.tables.reading.limits import CELLS_AT_A_TIME
from longshore.tables.reading.plans import EMPTY, TOKENS, Floats, Parsed, Plan, parse
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.scopes import plans_for
from longshore.tables.reading.stacking import read_stacked
from longshore.tables.reading.type_inference import Deciding, InferredType
from longshore.tables.reading.written import MARKS, Durations, NamedMonths, WrittenNumbers

_SLICE_ROWS = 200_000
_GLANCE = 20
_TEXT = pl.String()
_MAY_BE_THOUSANDS = r"^\s*[-+]?[1-9]\d{0,2}(?:\.\d{3})+\s*$"
_SPOOLED_SAMPLE = 10_000


@dataclass(frozen=True)
class Sample:
    """Rows to guess types from.

    :param complete: they are all there is.
    :param certain: how many at the start are rows beyond doubt; those after them were cut out of the file's middle.
    """

    rows: pl.DataFrame
    complete: bool
    certain: int


class TextSource(Protocol):
    """A file as batches of text, which can be gone through more than once."""

    def frames(self) -> Iterator[pl.DataFrame]:
        """Batches in order, with one String column per column of the table, called c0, c1 and so on."""
        ...

    def sample(self) -> Sample:
        """Some rows from all over the file."""
        ...

    def may_mislead(self) -> bool:
        """After a pass: whether rows of the sample past the certain ones may be no rows at all."""
        ...


@runtime_checkable
class TypedSource(TextSource, Protocol):
    """A file that knows the types of some of its values itself."""

    def expect(self, dtypes: Sequence[pl.DataType]) -> None:
        """What the columns are taken for: in the next pass those may come so that are so, in place of text."""
        ...


@dataclass
class TextsInMemory:
    """A table in memory as one batch of text, see :class:`TextSource`."""

    texts: pl.DataFrame

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`TextSource`."""
        yield self.texts

    def sample(self) -> Sample:
        """See :class:`TextSource`."""
        return Sample(self.texts, True, self.texts.height)

    def may_mislead(self) -> bool:
        """See :class:`TextSource`."""
        return False


@dataclass
class SpooledTexts:
    """Columns of text in a Parquet file, called c0, c1 and so on, as batches; see :class:`TextSource`."""

    file: Path
    width: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """See :class:`TextSource`."""
        yield from slices(self.file, [f"c{index}" for index in range(self.width)])

    def sample(self) -> Sample:
        """See :class:`TextSource`."""
        lazy = pl.scan_parquet(self.file, glob=False)
        rows = lazy.select(pl.len()).collect().item()
        head = lazy.head(min(_SPOOLED_SAMPLE, max(1, CELLS_AT_A_TIME // self.width))).collect()
        return Sample(head, head.height == rows, head.height)

    def may_mislead(self) -> bool:
        """See :class:`TextSource`."""
        return False


@dataclass
class Tally:
    """Counts of one column, added up over its batches."""

    missing: int = 0
    tokens: Counter[str] = field(default_factory=Counter)


def write_typed(
    source: TextSource,
    folder: Path,
    names: Sequence[str],
    scopes: Sequence[tuple[Plan, ...]],
    preferred: Set[str] = frozenset(),
    settings: dict[str, Any] | None = None,
) -> tuple[Table, list[ReadWarning]]:
    """Write the columns of ``source`` into ``folder``, each with the type that fits all of its values.

    :param scopes: per column, the plans that may be tried; none for a column that stays text.
    :param preferred: readings that its user prefers where values have several: an order of day and month, a decimal
        mark.
    :param settings: gets ``dates``, ``numbers`` and ``durations``: by column, how they were written.
    """
    sample = source.sample()
    verdicts = guess(sample.rows, scopes, preferred)
    if (mark := _mark_of_file(sample.rows, verdicts)) is not None and preferred.isdisjoint(MARKS):
        preferred = preferred | {mark}
        for index in _left_open(sample.rows, verdicts, mark):
            verdicts[index] = _decide(sample.rows.to_series(index), scopes[index], preferred)
    if not sample.complete:
        verdicts = [_by_scope(verdict, scope) for verdict, scope in zip(verdicts, scopes, strict=True)]
    sink = _Pass(source, verdicts, sample.complete)
    if isinstance(source, TypedSource):
        source.expect(sink.schema.dtypes())
    file = new_file_name()
    sink_frames(sink.frames, sink.schema, folder / file)
    columns = {
        index: Column(names[index], dtype, file, f"c{index}", sink.tallies[index].missing)
        for index, dtype in enumerate(sink.schema.dtypes())
    }
    again = sorted(sink.failed | (_doubtful(sample, verdicts, scopes, preferred) if source.may_mislead() else set()))
    if again:
        redone = _Second(source, folder, names, scopes, preferred)
        for index, column, tally, verdict in redone.run(again):
            columns[index], sink.tallies[index], verdicts[index] = column, tally, verdict
    if settings is not None:
        settings.update({name: about for name, about in _how_written(names, verdicts).items() if about})
        texts = [i for i, each in enumerate(verdicts) if each.plan is None and each.seen and scopes[i]]
        if told := candidates_of(sample.rows, sample.certain, names, texts):
            settings["candidates"] = told
    warnings = [
        *_token_warnings(names, sink.tallies, verdicts),
        *_ambiguity_warnings(names, verdicts),
        *_written_warnings(names, verdicts),
        *_year_warnings(names, verdicts, sink.tallies, sink.rows),
    ]
    return Table(folder, tuple(columns[index] for index in range(len(names))), sink.rows), warnings


def guess(sample: pl.DataFrame, scopes: Sequence[tuple[Plan, ...]], preferred: Set[str]) -> list[InferredType]:
    """What the sample says about each column.

    The first values leave most columns one plan, or none, to try; those are tried on all columns at once. Without
    this a table of 10,000 columns would take minutes.
    """
    plausible = [_first_plausible(sample.to_series(i), plans_for(scope, preferred)) for i, scope in enumerate(scopes)]
    hopes = [None if plan is None or _has_rivals(plan) else plan for plan, _ in plausible]
    quick = _Casting(hopes).cast(sample)
    verdicts = []
    for index, (scope, (plan, seen), hope) in enumerate(zip(scopes, plausible, hopes, strict=True)):
        text = sample.to_series(index)
        if hope is not None and quick[index] is not None:
            verdicts.append(InferredType(hope.tuned(text), None, True))
        elif plan is None and seen:
            verdicts.append(InferredType(None, None, True))
        else:
            verdicts.append(_decide(text, scope, preferred))
    return verdicts


def _by_scope(verdict: InferredType, scope: tuple[Plan, ...]) -> InferredType:
    """Of a column that the sample says nothing of, what its format says: its numbers, booleans or durations.

    Where each record has keys of its own most columns are such, and all of them would be read a second time.
    """
    if verdict.seen or not scope or any(plan.family is not None for plan in scope):
        return verdict
    return InferredType(scope[0], None, True)


def _mark_of_file(sample: pl.DataFrame, verdicts: Sequence[InferredType]) -> str | None:
    """The decimal mark of a file: that of the columns that leave no choice, if they agree."""
    if not any(isinstance(each.plan, WrittenNumbers) or each.ambiguous == WrittenNumbers.rival for each in verdicts):
        return None
    found = {each.plan.mark for each in verdicts if isinstance(each.plan, WrittenNumbers) and each.decided}
    decimals = (sample.to_series(index) for index, each in enumerate(verdicts) if type(each.plan) is Floats)
    if any(not _dotted(text).str.contains(_MAY_BE_THOUSANDS).all() for text in decimals):
        found.add("point")
    return found.pop() if len(found) == 1 else None


def _left_open(sample: pl.DataFrame, verdicts: Sequence[InferredType], mark: str) -> Iterator[int]:
    """Columns that the file's decimal mark decides: those with either, and decimals that are thousands with a comma."""
    for index, verdict in enumerate(verdicts):
        is_thousands = mark == "comma" and type(verdict.plan) is Floats and _dotted(sample.to_series(index)).len() > 0
        if verdict.ambiguous == WrittenNumbers.rival or is_thousands:
            yield index


def _dotted(text: pl.Series) -> pl.Series:
    return text.filter(text.str.contains(".", literal=True))


def _decide(text: pl.Series, scope: tuple[Plan, ...], preferred: Set[str]) -> InferredType:
    deciding = Deciding(scope, preferred)
    deciding.feed(text)
    verdict = deciding.verdict()
    if verdict.plan is not None:
        verdict.plan = verdict.plan.tuned(text)
    return verdict


def _first_plausible(text: pl.Series, plans: Sequence[Plan]) -> tuple[Plan | None, bool]:
    """The first plan that the first values leave, and whether there is any value to go by."""
    values = text.head(_GLANCE).to_list()
    if None in values:  # of most columns nothing is missing, and each call costs where there are ten thousand
        values = text.drop_nulls().head(_GLANCE).to_list()
    stripped = [value.strip() for value in values]
    first = [value for value in stripped if value and value not in TOKENS]
    if not first:
        return None, False
    return next((plan for plan in plans if all(plan.plausible(value) for value in first)), None), True


def _has_rivals(plan: Plan) -> bool:
    """Whether a plan cannot be tried alone: others may read the same, or it goes by the column's values."""
    return plan.reading is not None or plan.is_settled_first


def _doubtful(
    sample: Sample, verdicts: Sequence[InferredType], scopes: Sequence[tuple[Plan, ...]], preferred: Set[str]
) -> set[int]:
    """Columns that only the uncertain rows of the sample made text."""
    texts = [i for i, verdict in enumerate(verdicts) if verdict.plan is None and verdict.seen and scopes[i]]
    if sample.certain == sample.rows.height or not texts:
        return set()
    certain = sample.rows.head(sample.certain).select(f"c{i}" for i in texts)
    sure = guess(certain, [scopes[i] for i in texts], preferred)
    return {i for i, verdict in zip(texts, sure, strict=True) if verdict.plan is not None or not verdict.seen}


class _Casting:
    """Applies one plan per column to batches, many columns at a time."""

    def __init__(self, plans: Sequence[Plan | None]) -> None:
        self.plans = list(plans)

    def cast(self, frame: pl.DataFrame) -> list[Parsed | None]:
        """Per column typed values, or None where some value does not fit; what is no text, or has no plan, stays."""
        columns = frame.get_columns()
        wanted = [plan if text.dtype == _TEXT else None for text, plan in zip(columns, self.plans, strict=True)]
        stacked = read_stacked(list(zip(columns, wanted, strict=True)))
        results: list[Parsed | None] = [Parsed(stacked.get(i, each), Counter()) for i, each in enumerate(columns)]
        planned = [(i, columns[i].name, plan) for i, plan in enumerate(wanted) if plan and i not in stacked]
        if not planned:
            return results
        typed = frame.select(plan.quick(col(name)).alias(name) for _, name, plan in planned)
        fits = self._check(frame, typed, [(name, plan) for _, name, plan in planned])
        for index, name, plan in planned:
            results[index] = Parsed(typed.get_column(name), Counter()) if fits[name] else parse(plan, frame[name])
        return results

    @staticmethod
    def _check(frame: pl.DataFrame, typed: pl.DataFrame, planned: list[tuple[str, Plan]]) -> dict[str, bool]:
        """Whether the quick way read all that there is, per column."""
        fits = {name: typed[name].null_count() == frame[name].null_count() for name, _ in planned}
        both = frame.with_columns(typed.get_column(name).alias(f"typed {name}") for name, _ in planned)
        doubts = []
        for name, plan in planned:
            doubt = plan.suspicious(col(name), pl.col(f"typed {name}"))
            if doubt is not None and fits[name]:
                doubts.append(doubt.alias(name))
        if doubts:
            for name, found in both.select(doubts).row(0, named=True).items():
                fits[name] = not found
        return fits


class _Pass:
    """The first pass: every column by its guess, with the counts and the failures."""

    def __init__(self, source: TextSource, verdicts: Sequence[InferredType], complete: bool) -> None:
        self.source = source
        self.verdicts = verdicts
        self.rows = 0
        self.tallies = [Tally() for _ in verdicts]
        # Two readings fitted the sample; the rest of the file may tell.
        self.failed = {i for i, verdict in enumerate(verdicts) if verdict.ambiguous and not complete}
        self.casting = _Casting([verdict.plan for verdict in verdicts])
        self.schema = pl.Schema(
            (f"c{i}", verdict.plan.dtype if verdict.plan else pl.String()) for i, verdict in enumerate(verdicts)
        )

    def frames(self) -> Iterator[pl.DataFrame]:
        """Typed batches; a column that failed is filled with missing values."""
        for frame in self.source.frames():
            self.rows += frame.height
            results = self.casting.cast(frame)
            yield pl.DataFrame([self._settle(i, parsed, frame.height) for i, parsed in enumerate(results)])

    def _settle(self, index: int, parsed: Parsed | None, height: int) -> pl.Series:
        name, dtype = f"c{index}", self.schema[f"c{index}"]
        if parsed is None:
            self.failed.add(index)
            self.casting.plans[index] = None
        elif not self.verdicts[index].seen and parsed.values.null_count() < height:
            self.failed.add(index)
        if parsed is None or index in self.failed:
            return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)
        tally = self.tallies[index]
        tally.missing += parsed.values.null_count()
        tally.tokens.update(parsed.tokens)
        return parsed.values


@dataclass
class _Second:
    """The second pass: the columns whose guess failed."""

    source: TextSource
    folder: Path
    names: Sequence[str]
    scopes: Sequence[tuple[Plan, ...]]
    preferred: Set[str]

    def run(self, again: Sequence[int]) -> Iterator[tuple[int, Column, Tally, InferredType]]:
        """Per column of ``again``: its new column, counts, and what its whole content decided."""
        deciders = {index: Deciding(self.scopes[index], self.preferred) for index in again}
        tallies = {index: Tally() for index in again}
        text_file = new_file_name()

        def frames() -> Iterator[pl.DataFrame]:
            for frame in self.source.frames():
                chosen = frame.select(f"c{index}" for index in again)
                for index in again:
                    series = chosen[f"c{index}"]
                    tallies[index].missing += series.null_count()
                    deciders[index].feed(series)
                yield chosen

        schema = pl.Schema((f"c{index}", pl.String()) for index in again)
        sink_frames(frames, schema, self.folder / text_file)
        verdicts = {index: deciders[index].verdict() for index in again}
        plans = {index: verdict.plan for index, verdict in verdicts.items() if verdict.plan is not None}
        typed = self._type(plans, self.folder / text_file)
        for index, verdict in verdicts.items():
            text = Column(self.names[index], pl.String(), text_file, f"c{index}", tallies[index].missing)
            column, tally = typed.get(index, (text, tallies[index]))
            yield index, column, tally, verdict

    def _type(self, plans: dict[int, Plan], text_file: Path) -> dict[int, tuple[Column, Tally]]:
        """Columns of text as what they are, all in one go: each opening of a file of many columns takes its time."""
        if not plans:
            return {}
        tallies = {index: Tally() for index in plans}

        def frames() -> Iterator[pl.DataFrame]:
            for texts in slices(text_file, [f"c{index}" for index in plans]):
                yield pl.DataFrame([self._parse(texts, index, plan, tallies[index]) for index, plan in plans.items()])

        file = new_file_name()
        sink_frames(frames, pl.Schema((f"c{index}", plan.dtype) for index, plan in plans.items()), self.folder / file)
        return {
            index: (Column(self.names[index], plan.dtype, file, f"c{index}", tallies[index].missing), tallies[index])
            for index, plan in plans.items()
        }

    @staticmethod
    def _parse(texts: pl.DataFrame, index: int, plan: Plan, tally: Tally) -> pl.Series:
        parsed = parse(plan, texts[f"c{index}"])
        if parsed is None:
            raise RuntimeError(f"column {index} no longer fits {plan}")
        tally.missing += parsed.values.null_count()
        tally.tokens.update(parsed.tokens)
        return parsed.values


def slices(file: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The named columns of a Parquet file, some rows at a time."""
    lazy = pl.scan_parquet(file, glob=False).select(columns)
    rows = lazy.select(pl.len()).collect().item()
    step = max(1, min(_SLICE_ROWS, CELLS_AT_A_TIME // len(columns)))
    for start in range(0, rows, step):
        yield lazy.slice(start, step).collect()


def sink_frames(frames: Callable[[], Iterator[pl.DataFrame]], schema: pl.Schema, target: Path) -> None:
    """Write batches to one Parquet file in a stream.

    :raises StorageFull: when the disk has no room.
    """
    failure: list[BaseException] = []

    def generate(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        try:
            yield from frames()
        except Exception as error:
            # The engine reports a generator's failure as its own; the real one is raised below.
            failure.append(error)
            raise

    with placing(target) as partial:
        try:
            lazy = register_io_source(generate, schema=schema)
            lazy.sink_parquet(partial, **parquet_for(len(schema)))
        except pl.exceptions.PolarsError as error:
            if failure:
                raise failure[0] from None
            if is_disk_full(error):
                raise StorageFull.now() from error
            raise


def _how_written(names: Sequence[str], verdicts: Sequence[InferredType]) -> dict[str, Any]:
    """What another reading of the same file must know: how each column writes its values."""
    dates, numbers, durations, missing = dict[str, Any](), dict[str, Any](), [], []
    for name, verdict in zip(names, verdicts, strict=True):
        plan = verdict.plan
        if plan is EMPTY:
            missing.append(name)
        elif isinstance(plan, WrittenNumbers):
            numbers[name] = plan.told()
        elif isinstance(plan, NamedMonths):
            dates[name] = plan.told()
        elif isinstance(plan, Durations):
            durations.append(name)
        elif plan is not None and plan.family is not None:
            dates[name] = {"kind": plan.family.target, "formats": list(plan.family.formats)}
    return {"dates": dates, "numbers": numbers, "durations": durations, "missing": missing}


def _token_warnings(
    names: Sequence[str], tallies: Sequence[Tally], verdicts: Sequence[InferredType]
) -> Iterator[ReadWarning]:
    for name, tally, verdict in zip(names, tallies, verdicts, strict=True):
        if tally.tokens:
            others = (
                "all its other values are numbers, dates, durations or booleans"
                if verdict.seen
                else "it has no other values"
            )
            tokens = sorted(tally.tokens, key=lambda token: (-tally.tokens[token], token))
            listed = ", ".join(repr(token) for token in tokens)
            yield ReadWarning(
                "MissingTokens",
                f"in column {name!r} {plural(tally.tokens.total(), 'value', 'values')} spelt {listed} became missing,"
                f" because {others}",
                count=tally.tokens.total(),
                examples=[{"value": token, "count": tally.tokens[token]} for token in tokens],
                column=name,
            )


def _year_warnings(
    names: Sequence[str], verdicts: Sequence[InferredType], tallies: Sequence[Tally], rows: int
) -> Iterator[ReadWarning]:
    for name, verdict, tally in zip(names, verdicts, tallies, strict=True):
        if verdict.plan is not None and verdict.plan.has_two_digit_years:
            yield ReadWarning(
                "TwoDigitYears",
                f"the years of column {name!r} have two digits: 00 to 29 were read as 2000 to 2029, 30 to 99 as 1930 to"
                " 1999",
                count=rows - tally.missing,
                column=name,
            )


def _ambiguity_warnings(names: Sequence[str], verdicts: Sequence[InferredType]) -> Iterator[ReadWarning]:
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict.ambiguous == WrittenNumbers.rival:
            yield ReadWarning(
                "AmbiguousNumbers",
                f"column {name!r} holds numbers, but every one of them can be read with a point or with a comma before"
                " the decimals, so it stays text. Upload again with decimal point or comma, or use parseNumbers",
                column=name,
            )
        elif verdict.ambiguous is not None:
            yield ReadWarning(
                "AmbiguousDates",
                f"column {name!r} holds dates, but every one of them can be read with the day first or with the month"
                " first, so it stays text. Upload again with dateOrder dayFirst or monthFirst, or use"
                " changeColumnDataType with a dateFormat such as %d/%m/%Y",
                column=name,
            )


def _written_warnings(names: Sequence[str], verdicts: Sequence[InferredType]) -> Iterator[ReadWarning]:
    for name, verdict in zip(names, verdicts, strict=True):
        plan = verdict.plan
        if not isinstance(plan, WrittenNumbers):
            continue
        facts = [f"a {plan.mark} stands before the decimals"] if verdict.decided or plan.mark == "comma" else []
        facts += [f"{plan.currency} was taken off"] if plan.currency else []
        facts += {"%": ["5 % became 0.05"], "‰": ["5 ‰ became 0.005"]}.get(plan.share, [])
        about = ", ".join(facts) or "marks between their thousands, plus signs and brackets were taken off"
        yield ReadWarning("WrittenNumbers", f"column {name!r} was read as numbers: {about}", column=name)
