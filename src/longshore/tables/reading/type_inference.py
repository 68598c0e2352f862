"""Which plan fits a whole column: plans compete, every batch of text eliminates some."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

import polars as pl

from longshore.tables.reading.plans import BESIDE_VALUES, EMPTY, TOKENS, Plan, parse
from longshore.tables.reading.scopes import plans_for

_FIRST_LOOK = 50
"""Distinct values tried before a whole batch: almost always enough to eliminate all plans but one or two."""
_GLANCE = 5
"""Values that are looked at one by one before anything else."""


@dataclass
class InferredType:
    """What became of a column.

    :param plan: None for text.
    :param ambiguous: what two rivals disagree about, such as ``decimals``: every value fits both.
    :param decided: the plan has a rival, which the values speak against.
    :param seen: whether there was any value at all that is neither empty nor a token.
    """

    plan: Plan | None
    ambiguous: str | None
    seen: bool
    decided: bool = False


@dataclass
class Deciding:
    """The plans that still fit everything seen of one column.

    :param preferred: readings that count where a column leaves a choice, such as ``dayFirst``.
    """

    scope: tuple[Plan, ...]
    preferred: Set[str] = frozenset()
    alive: list[Plan] = field(init=False)
    seen: bool = False
    has_tokens: bool = False
    differing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.alive = list(plans_for(self.scope, self.preferred))

    def feed(self, text: pl.Series) -> None:
        """Eliminate the plans that ``text`` (a batch of the column) does not fit."""
        if not self.alive:
            self.seen = True
            return
        stripped = text.str.strip_chars()
        is_token = stripped.is_in(TOKENS)
        values = text.filter(text.is_not_null() & (stripped != "") & ~is_token)
        self.has_tokens = self.has_tokens or bool((is_token & ~stripped.is_in(BESIDE_VALUES)).any())
        if values.is_empty():
            return
        is_first, self.seen = not self.seen, True
        first = [value.strip() for value in values.head(_GLANCE)]
        self.alive = [plan for plan in self.alive if all(plan.plausible(value) for value in first)]
        look = values.head(_FIRST_LOOK * 10).unique(maintain_order=True).head(_FIRST_LOOK)
        if is_first:
            stripped_look = look.str.strip_chars()
            self.alive = [plan for each in self.alive if (plan := each.settled(stripped_look)) is not None]
        self.alive = [plan for plan in self.alive if parse(plan, look) is not None]
        if len(values) > len(look):
            self.alive = [plan for plan in self.alive if parse(plan, text) is not None]
        self._compare(values)

    def _compare(self, values: pl.Series) -> None:
        """Note which rival plans give this batch different meanings."""
        for rival, (first, second) in self._rivals().items():
            if rival in self.differing:
                continue
            one, other = parse(first, values), parse(second, values)
            if one is not None and other is not None and (one.values != other.values).any():
                self.differing.add(rival)

    def _rivals(self) -> dict[str, tuple[Plan, Plan]]:
        """Pairs of plans that may disagree, by what about: the first of each reading."""
        readings: dict[str, dict[str, Plan]] = {}
        for plan in self.alive:
            if plan.rival is not None and plan.reading is not None:
                readings.setdefault(plan.rival, {}).setdefault(plan.reading, plan)
        return {rival: (*plans.values(),) for rival, plans in readings.items() if len(plans) == 2}  # type: ignore[misc]

    def verdict(self) -> InferredType:
        """The first plan that fits everything; text where none does, or where two rivals disagree."""
        if self.alive and not self.seen and self.has_tokens:
            return InferredType(EMPTY, None, False)
        if not self.alive or not self.seen:
            return InferredType(None, None, self.seen)
        plan = self.alive[0]
        rivals = self._rivals()
        if plan.rival not in rivals:
            return InferredType(plan, None, True, plan.reading is not None)
        if plan.rival in self.differing and plan.reading not in self.preferred:
            return InferredType(None, plan.rival, True)
        return InferredType(plan, None, True)
