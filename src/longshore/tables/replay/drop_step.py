"""Taking one middle step out of a history: the later ones are carried out again without it.

A history is never rewritten. Dropping a step is a step of its own, ``dropStep``, whose table is what the others lead to
without the dropped one; so ``undo`` takes it back like any other, with everything that was there before. What the
table then consists of is told by :func:`effective`, which recipes are made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from longshore.errors import IllegalOperation, InvalidValue
from longshore.tables.core.table import Table
from longshore.tables.operations import FindOther, no_others, require_operation
from longshore.tables.operations.base import counted
from longshore.tables.replay.apply import apply
from longshore.tables.replay.recipe import Carry, RecipeStep, Replay, match, record_step, replay

DROP_STEP = "dropStep"


@dataclass(frozen=True)
class Made:
    """A step as a history keeps it: its version number, what was done, and the table that it led to."""

    number: int
    operation: str
    parameters: dict[str, Any]
    facts: dict[str, Any]
    sentence: str
    table: Table


@dataclass(frozen=True)
class Effective:
    """A step that the current table consists of, under the version number with which it was first made.

    :param before: the table that it changed; its files may be gone, only its record is for certain.
    """

    number: int
    step: RecipeStep
    before: Table


@dataclass(frozen=True)
class Dropped:
    """A history without one of its steps.

    :param facts: what the history keeps beside ``dropStep``: the later steps as they are now.
    """

    replay: Replay
    facts: dict[str, Any]
    sentence: str


def effective(made: Sequence[Made]) -> list[Effective]:
    """The steps that the last table of ``made`` consists of, without the import and without dropped ones.

    :param made: a history from its import to the step in question.
    """
    return _effective_at_each(made)[-1]


def with_tables(made: Sequence[Made]) -> list[tuple[Effective, Table | None]]:
    """:func:`effective`, each step with the table that it led to; None where a drop has left no such table behind."""
    lists = _effective_at_each(made)
    tables = {tuple(each.number for each in steps): step.table for steps, step in zip(lists, made, strict=True)}
    now = lists[-1]
    return [(each, tables.get(tuple(step.number for step in now[: i + 1]))) for i, each in enumerate(now)]


def _effective_at_each(made: Sequence[Made]) -> list[list[Effective]]:
    """:func:`effective` at every position of a history."""
    all_lists: list[list[Effective]] = [[]]
    folder = made[0].table.folder
    for before, step in pairwise(made):
        now = all_lists[-1]
        if step.operation == DROP_STEP:
            kept = now[: _index_of(now, step.parameters["version"])]
            later = [
                Effective(e["version"], RecipeStep.model_validate(e["step"]), Table.from_record(folder, e["before"]))
                for e in step.facts["later"]
            ]
            all_lists.append([*kept, *later])
            continue
        operation = require_operation(step.operation).parse(step.parameters)
        recorded = record_step(operation, before.table, step.facts, step.sentence)
        all_lists.append([*now, Effective(step.number, recorded, before.table)])
    return all_lists


def drop_step(made: Sequence[Made], number: int, carry: Carry = apply, others: FindOther = no_others) -> Dropped:
    """Carry out all steps of a history but the one that made version ``number``; nothing is recorded yet.

    Later steps learn from the data anew; those that no longer apply are left out and stand in the report.

    :param made: the history from its import to the current step.
    :param others: finds the other tables that later steps read, as they were then.
    :raises InvalidValue: when no step made this version.
    :raises IllegalOperation: for the import, a ``dropStep`` or a step that was dropped before.
    :raises Unavailable: when the disk is full.
    """
    lists = _effective_at_each(made)
    steps = lists[-1]
    _check_droppable(made, steps, number)
    at = _index_of(steps, number)
    position, done = _nearest(lists, [step.number for step in steps[:at]])
    again = [*steps[done:at], *steps[at + 1 :]]
    result = replay(
        made[position].table,
        [each.step for each in again],
        mode="lenient",
        carry=carry,
        numbers=[each.number for each in again],
        aliases=_former_names(steps[at]),
        rows_differ=_moved_rows(made, number),
        others=others,
    )
    before = {each.number for each in steps[:at]}
    tables = [result.base, *(each.table for each in result.made)]
    later = [
        {
            "version": each.number,
            "step": each.recorded.model_dump(mode="json", by_alias=True),
            "before": table.to_record(),
        }
        for each, table in zip(result.made, tables, strict=False)
        if each.number not in before
    ]
    return Dropped(result, {"later": later}, _sentence(steps[at], result))


def _nearest(lists: Sequence[Sequence[Effective]], numbers: list[int]) -> tuple[int, int]:
    """The position whose table consists of the most steps that ``numbers`` begins with, and how many those are."""
    best = (0, 0)
    for position, steps in enumerate(lists):
        if best[1] < len(steps) <= len(numbers) and [step.number for step in steps] == numbers[: len(steps)]:
            best = (position, len(steps))
    return best


def _index_of(steps: Sequence[Effective], number: int) -> int:
    return next(index for index, step in enumerate(steps) if step.number == number)


def _check_droppable(made: Sequence[Made], steps: Sequence[Effective], number: int) -> None:
    found = next((step for step in made if step.number == number), None)
    if found is None:
        raise InvalidValue(f"no step up to the current one made version {number}; the history lists them")
    if number == made[0].number:
        raise IllegalOperation("the first step read the file; without it there is no table")
    if found.operation == DROP_STEP:
        raise IllegalOperation("a dropStep cannot be dropped itself; undo or goTo takes you back before it")
    if number not in [step.number for step in steps]:
        raise IllegalOperation(f"the step of version {number} was dropped already, or no longer applied after one was")


def _former_names(dropped: Effective) -> dict[str, str]:
    """Without a renaming, what later steps call by the new name is there under the old one."""
    return match(dropped.step, dropped.before).renames(dropped.before)


def _moved_rows(made: Sequence[Made], number: int) -> bool:
    """Whether the step that made a version may have moved rows: all columns were then written anew."""
    before, after = next((b.table, a.table) for b, a in pairwise(made) if a.number == number)
    return before.rows != after.rows or not (before.files & after.files)


def _sentence(dropped: Effective, result: Replay) -> str:
    what = dropped.step.sentence or dropped.step.operation
    begun = f"Dropped version {dropped.number} ({what})"
    if not result.reports:
        return begun
    rest = f"; {counted(result.skipped, 'step')} no longer applied" if result.skipped else ""
    return f"{begun} and did {counted(len(result.made), 'other step')} again{rest}"
