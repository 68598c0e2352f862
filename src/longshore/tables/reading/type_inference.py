"""Which plan fits a whole column: plans compete, every batch of text eliminates some."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from longshore.tables.formats.date_families import Order
from longshore.tables.reading.plans import EMPTY, TOKENS, Plan, parse, plans_for

_FIRST_LOOK = 50
"""Distinct values tried before a whole batch: almost always enough to eliminate all plans but one or two."""
_GLANCE = 5
"""Values that are looked at one by one before anything else."""


@dataclass
class InferredType:
    """What became of a column.

    :param plan: None for text.
    :param ambiguous: every value fits both orders of day and month, with different meanings.
    :param seen: whether there was any value at all that is neither empty nor a token.
    """

    plan: Plan | None
    ambiguous: bool
    seen: bool


@dataclass
class Deciding:
    """The plans that still fit everything seen of one column."""

    scope: tuple[Plan, ...]
    order: Order | None = None
    alive: list[Plan] = field(init=False)
    seen: bool = False
    has_tokens: bool = False
    differing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.alive = list(plans_for(self.scope, self.order))

    def feed(self, text: pl.Series) -> None:
        """Eliminate the plans that ``text`` (a batch of the column) does not fit."""
        if not self.alive:
            self.seen = True
            return
        stripped = text.str.strip_chars()
        is_token = stripped.is_in(TOKENS)
        values = text.filter(text.is_not_null() & (stripped != "") & ~is_token)
        self.has_tokens = self.has_tokens or bool(is_token.any())
        if values.is_empty():
            return
        self.seen = True
        first = [value.strip() for value in values.head(_GLANCE)]
        self.alive = [plan for plan in self.alive if all(plan.plausible(value) for value in first)]
        look = values.head(_FIRST_LOOK * 10).unique(maintain_order=True).head(_FIRST_LOOK)
        self.alive = [plan for plan in self.alive if parse(plan, look) is not None]
        if len(values) > len(look):
            self.alive = [plan for plan in self.alive if parse(plan, text) is not None]
        self._compare(values)

    def _compare(self, values: pl.Series) -> None:
        """Note which rival plans give this batch different meanings."""
        for first, second in self._rivals():
            rival = first.family.rival if first.family else None
            if rival is None or rival in self.differing:
                continue
            one, other = parse(first, values), parse(second, values)
            if one is not None and other is not None and (one.values != other.values).any():
                self.differing.add(rival)

    def _rivals(self) -> list[tuple[Plan, Plan]]:
        by_rival: dict[str, list[Plan]] = {}
        for plan in self.alive:
            if plan.family is not None and plan.family.rival is not None:
                by_rival.setdefault(plan.family.rival, []).append(plan)
        return [(plans[0], plans[1]) for plans in by_rival.values() if len(plans) == 2]

    def verdict(self) -> InferredType:
        """The first plan that fits everything; text where none does, or where two rivals disagree."""
        if self.alive and not self.seen and self.has_tokens:
            return InferredType(EMPTY, False, False)
        if not self.alive or not self.seen:
            return InferredType(None, False, self.seen)
        plan = self.alive[0]
        contested = any(plan in pair for pair in self._rivals())
        ambiguous = contested and plan.family is not None and plan.family.rival in self.differing
        if ambiguous and self.order is None:
            return InferredType(None, True, True)
        return InferredType(plan, False, True)
