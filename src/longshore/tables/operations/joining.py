"""Columns of another table, brought beside the rows whose keys agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field, StrictInt, StrictStr, model_validator

from longshore.errors import TooLarge
from longshore.tables.core import dtypes
from longshore.tables.core.column_expressions import col, cols
from longshore.tables.core.forms import shown
from longshore.tables.core.free_names import free_names
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.about import About
from longshore.tables.operations.base import (
    Change,
    Code,
    Computed,
    OneColumn,
    Report,
    counted,
    operation,
)
from longshore.tables.operations.facts import Joined, Matches
from longshore.tables.operations.joining_code import JoinCode
from longshore.tables.operations.matching import KeyPair, pair
from longshore.tables.operations.meeting import become, meet
from longshore.tables.operations.table_operand import BinaryOperation, OtherParameters

How = Literal["left", "inner", "outer"]

MAX_TIMES = 10
"""A join gives at most so many times the rows that both tables have together ..."""
ALWAYS_ALLOWED_ROWS = 1_000_000
"""... but so many are always allowed."""
MAX_KEYS = 100

BATCH_ROWS = 1_000_000
"""Rows of a batch whose keys are counted at once."""

_COUNT, _PLACE = "\x00count", "\x00place"

Counts = np.ndarray[Any, np.dtype[np.int64]]


class JoinKey(OneColumn):
    """A column of this table, and the one of the other table that has the same values."""

    other_column_index: StrictInt | None = Field(
        None,
        description="position of the column in the other table, from 0",
        json_schema_extra=shown("Column there", control="other-column-index"),
    )
    other_column: StrictStr | None = Field(
        None,
        description="name of the column in the other table; by default it is called as here",
        json_schema_extra=shown("Column there", control="other-column"),
    )

    @model_validator(mode="after")
    def _not_both(self) -> JoinKey:
        if self.other_column is not None and self.other_column_index is not None:
            raise ValueError("name the other table's column by otherColumnIndex or by otherColumn, not by both")
        return self

    def find_there(self, here: Column, there: Table) -> Column:
        """The other table's column; raises :class:`ColumnNotFound`."""
        if self.other_column_index is not None:
            return there.require_column(self.other_column_index)
        return there.columns[there.index_of(here.name if self.other_column is None else self.other_column)]


class JoinParameters(OtherParameters):
    """Which table, by which columns, and what to bring."""

    keys: list[JoinKey] = Field(
        min_length=1,
        max_length=MAX_KEYS,
        description="pairs of columns that have to agree, all of them",
        json_schema_extra=shown("Rows belong together where", control="keys"),
    )
    how: How = Field(
        "left",
        description="left keeps every row of this table, inner those with a match, "
        "outer also the rows of the other table without one, at the end",
        json_schema_extra=shown(
            "Keep",
            choices={
                "left": "every row of this table",
                "inner": "only the rows that match",
                "outer": "the rows of both tables",
            },
        ),
    )
    columns: list[StrictStr | StrictInt] | None = Field(
        None,
        description="names or positions of the other table's columns to bring; by default all but its keys",
        json_schema_extra=shown("Bring", control="other-columns"),
    )
    suffix: StrictStr = Field(
        "_other",
        max_length=100,
        description="goes behind names that this table has already",
        json_schema_extra=shown("Behind names that are taken"),
    )


@dataclass(frozen=True)
class _Found:
    """The parameters' columns in both tables."""

    pairs: list[KeyPair]
    brought: list[Column]

    def read(self, there: Table) -> list[Column]:
        """The other table's columns that are needed, in its order."""
        names = {*(pair.there.name for pair in self.pairs), *(column.name for column in self.brought)}
        return [column for column in there.columns if column.name in names]

    @property
    def is_plain(self) -> bool:
        """Whether the keys can be compared as they are, each with one of the other table."""
        return all(pair.is_plain for pair in self.pairs) and len({p.here.name for p in self.pairs}) == len(self.pairs)


@operation
class Join(BinaryOperation[Joined]):
    """Bring columns of another dataset beside the rows whose keys agree; a missing key agrees with nothing."""

    name = "join"
    about = About(
        "Join another table",
        "Other tables",
        1,
        ("Columns of another table, found by {columns}", "Columns of another table beside these rows"),
        "lookup merge vlookup match keys",
    )
    keeps_rows = False
    always_learns = True
    example: ClassVar[Mapping[str, Any]] = {
        "otherSessionID": "0123456789abcdef0123456789abcd",
        "keys": [{"column": "Studio", "otherColumn": "Name"}],
        "columns": ["City"],
    }
    ordered = True
    parameters: JoinParameters

    def recorded(self) -> dict[str, Any]:
        """The parameters as JSON, the other table's columns by name once it is known: positions differ elsewhere."""
        kept = super().recorded()
        if self._other is None:
            return kept
        there = self._other.table
        for key in kept["keys"]:
            index = key.pop("otherColumnIndex", None)
            if index is not None:
                key["otherColumn"] = there.require_column(index).name
        if kept.get("columns") is not None:
            kept["columns"] = [column.name for column in self._brought(there, [])]
        return kept

    def fit(self, table: Table) -> Joined:
        """How many rows match, counted before anything is joined.

        :raises ColumnNotFound: for a column that one of the tables does not have.
        :raises InvalidType: for keys that cannot be compared.
        :raises TooLarge: when the result would have too many rows.
        """
        found = self._find(table)
        counts = _count(table, self.other.table, found.pairs, self.parameters.how)
        facts: Joined = {
            "other": self.about_other(found.read(self.other.table)),
            "matched": counts["matched"],
            "unmatched": counts["unmatched"],
            "otherUnmatched": counts["otherUnmatched"],
            "duplicateKeys": counts["duplicateKeys"],
            "rowsBefore": table.rows,
            "rowsAfter": counts["rowsAfter"],
        }
        _check_size(counts["rowsAfter"], table.rows + self.other.table.rows)
        if self.parameters.how == "outer":
            met = [meet(table, pair.here, self.other.table, pair.there) for pair in found.pairs]
            facts["keyTypes"] = [dtypes.encode(each.dtype) for each in met]
            facts["typesDiffer"] = [each.to_wire() for each in met if each.differs]
        return facts

    def transform(self, table: Table, facts: Joined) -> Change:
        """Our columns, then the other table's; ours are not written anew where every row stays as it was."""
        found = self._find(table)
        names = self._new_names(table, found)
        reads = tuple(dict.fromkeys(pair.here.name for pair in found.pairs))
        new = [Computed(name, pl.col(_brought(i)), reads) for i, name in enumerate(names)]

        def joined(frame: pl.LazyFrame) -> pl.LazyFrame:
            return self._joined(frame, found, several=facts["duplicateKeys"] > 0)

        if self.parameters.how == "left" and facts["rowsAfter"] == table.rows:
            return Change([*table.columns, *new], beside=joined)
        keys = self._outer_keys(found, facts) if self.parameters.how == "outer" else {}
        return Change([*(keys.get(column.name, column) for column in table.columns), *new], rows=joined)

    def code(self, table: Table, facts: Joined) -> Code:
        """``join``; keys of different types are first made comparable."""
        bound = self.as_recorded(table, facts)
        found = bound._find(table)
        opened, files = bound.reading_code(found.read(bound.other.table), facts)
        names = bound._new_names(table, found)
        order = "left_right" if facts["duplicateKeys"] > 0 or self.parameters.how == "outer" else "left"
        script = JoinCode(table, found.pairs, found.brought, names, self.parameters.how, order)
        lines = script.plain() if found.is_plain else script.converted(facts.get("keyTypes", []))
        return Code.of(opened, *lines, arguments=files)

    def report(self, before: Table, after: Table, facts: Joined) -> Report:
        """How many rows found a partner, and which keys would have had several."""
        names = ", ".join(key.find(before).name for key in self.parameters.keys)
        added = after.width - before.width
        sentence = (
            f"Joined {counted(added, 'column')} of {self.other_name} by {names} ({self.parameters.how}): "
            f"{facts['matched']:,} of {counted(before.rows, 'row')} matched, {counted(after.rows, 'row')} now"
        )
        if facts["duplicateKeys"]:
            several = counted(facts["duplicateKeys"], "key")
            sentence += f"; {several} of the other table stood in several of its rows"
        told = ("matched", "unmatched", "otherUnmatched", "duplicateKeys", "rowsBefore", "rowsAfter", "typesDiffer")
        return Report(sentence, {name: told_of for name, told_of in facts.items() if name in told})

    def _find(self, table: Table) -> _Found:
        there = self.other.table
        pairs = []
        for key in self.parameters.keys:
            here = key.find(table)
            pairs.append(pair(here, key.find_there(here, there)))
        return _Found(pairs, self._brought(there, [each.there.name for each in pairs]))

    def _new_names(self, table: Table, found: _Found) -> list[str]:
        """What the other table's columns are called here."""
        wanted = [c.name + self.parameters.suffix if table.has(c.name) else c.name for c in found.brought]
        return free_names(wanted, set(table.names))

    def _brought(self, there: Table, keys: list[str]) -> list[Column]:
        """The other table's columns to bring; ``keys`` stay away when none were named."""
        if self.parameters.columns is None:
            return [column for column in there.columns if column.name not in keys]
        return [there.columns[index] for index in dict.fromkeys(map(there.position_of, self.parameters.columns))]

    def _joined(self, frame: pl.LazyFrame, found: _Found, *, several: bool) -> pl.LazyFrame:
        keys = [_key(i) for i in range(len(found.pairs))]
        needed = dict.fromkeys([*(pair.there.name for pair in found.pairs), *(c.name for c in found.brought)])
        theirs = self.other.table.scan(needed).select(
            *(pair.theirs.alias(key) for pair, key in zip(found.pairs, keys, strict=True)),
            *(col(pair.there.name).alias(_their_key(i)) for i, pair in enumerate(found.pairs)),
            *(col(column.name).alias(_brought(i)) for i, column in enumerate(found.brought)),
        )
        ours = frame.with_columns(pair.ours.alias(key) for pair, key in zip(found.pairs, keys, strict=True))
        how: Literal["left", "inner", "full"] = "full" if self.parameters.how == "outer" else self.parameters.how
        # The other table's order tells only where a row has several partners, or none of ours; it costs a tenth more.
        order: Literal["left", "left_right"] = "left_right" if several or how == "full" else "left"
        return ours.join(theirs, on=keys, how=how, maintain_order=order, coalesce=True)

    def _outer_keys(self, found: _Found, facts: Joined) -> dict[str, Computed]:
        """Our key columns, with the other table's values in the rows that come from there."""
        computed: dict[str, Computed] = {}
        for i, (each, name) in enumerate(zip(found.pairs, facts["keyTypes"], strict=True)):
            dtype = dtypes.decode(name)
            ours = become(col(each.here.name), each.here.dtype, dtype)
            theirs = become(pl.col(_their_key(i)), each.there.dtype, dtype)
            computed.setdefault(each.here.name, Computed(each.here.name, ours.fill_null(theirs), (each.here.name,)))
        return computed


def _key(number: int) -> str:
    return f"\x00key{number}"


def _their_key(number: int) -> str:
    return f"\x00their{number}"


def _brought(number: int) -> str:
    return f"\x00brought{number}"


def _count(ours: Table, theirs: Table, pairs: list[KeyPair], how: How) -> Matches:
    """What a join will find, from the counts of the keys alone.

    Memory grows with the number of different keys of the other table, not with the rows of this one.
    """
    named = list(dict.fromkeys(pair.there.name for pair in pairs))
    keys = [_key(i) for i in range(len(pairs))]
    distinct = theirs.scan(named).drop_nulls().group_by(cols(named)).agg(pl.len().cast(pl.Int64).alias(_COUNT))
    known = distinct.select(_COUNT, *(pair.theirs.alias(key) for pair, key in zip(pairs, keys, strict=True)))
    known_keys = known.with_row_index(_PLACE).collect(engine="streaming")
    counts = known_keys[_COUNT].to_numpy()
    hits = _hits(ours, pairs, known_keys.drop(_COUNT))
    matched, other_matched, pairs_found = int(hits.sum()), int(counts[hits > 0].sum()), int((hits * counts).sum())
    unmatched, other_unmatched = ours.rows - matched, theirs.rows - other_matched
    return {
        "matched": matched,
        "unmatched": unmatched,
        "otherUnmatched": other_unmatched,
        "duplicateKeys": int((counts > 1).sum()),
        "rowsAfter": pairs_found + (how != "inner") * unmatched + (how == "outer") * other_unmatched,
    }


def _hits(ours: Table, pairs: list[KeyPair], known_keys: pl.DataFrame) -> Counts:
    """How many of our rows have each of the known keys.

    Counted batch by batch: grouping by as many keys as there are rows takes five times as long.
    """
    keys = [_key(i) for i in range(len(pairs))]
    places = (
        ours.scan(dict.fromkeys(pair.here.name for pair in pairs))
        .select(pair.ours.alias(key) for pair, key in zip(pairs, keys, strict=True))
        .join(known_keys.lazy(), on=keys, how="inner")
        .select(_PLACE)
    )
    hits = np.zeros(known_keys.height, dtype=np.int64)
    batch_rows = max(BATCH_ROWS, known_keys.height)
    for batch in places.collect_batches(chunk_size=batch_rows, maintain_order=False, engine="streaming"):
        hits += np.bincount(batch[_PLACE].to_numpy(), minlength=known_keys.height)
    return hits


def _check_size(rows: int, together: int) -> None:
    allowed = max(MAX_TIMES * together, ALWAYS_ALLOWED_ROWS)
    if rows > allowed:
        raise TooLarge(
            f"the result would have {rows:,} rows, and at most {allowed:,} are allowed here ({MAX_TIMES} times both "
            "tables' rows): keys that stand in several rows of both tables multiply. Join by more columns, or remove "
            "the duplicates of the other table first"
        )
