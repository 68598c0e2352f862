"""What an operation is called, and where it is of use: what menus, palettes and forms are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

Group = Literal["Missing", "Text", "Numbers and dates", "Columns", "Rows", "Other tables"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""The headings, in the order in which they stand."""

Selected = Literal["any", "one", "some", "several"]
"""How many have to be selected: no matter, exactly one, at least one, at least two."""

MAX_RANK = 1_000
"""Behind all that say where they stand."""

NUMBERS = ("int", "float", "decimal", "duration")
TEXT = ("string",)


@dataclass(frozen=True, slots=True)
class Fits:
    """What has to be selected for an operation to be of use; nothing by default, since it changes the whole table.

    :param columns: how many columns.
    :param kinds: the kinds of column that it works on, as the wire calls them; all for none.
    :param missing: whether one of them has to have missing values.
    :param rows: how many rows.
    :param view: whether a filter or a search has to be on: the operation takes the rows that are shown.
    """

    columns: Selected = "any"
    kinds: tuple[str, ...] = ()
    missing: bool = False
    rows: Literal["any", "one", "some"] = "any"
    view: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """An operation in a person's words.

    :param title: what it is called in a menu.
    :param group: the heading below which it stands there.
    :param rank: how early, among those of its group; the most used have the least.
    :param lines: what it would do to the very table, the first line that can be filled in: ``{column}`` the first
        selected one, ``{columns}`` it or their number, ``{names}`` of all selected, ``{cells}`` their values,
        ``{values}`` the number of values in the first, ``{kind}`` its type, ``{place}`` its position, ``{missing}`` and
        ``{missingRows}`` the missing values counted as such and as rows, ``{rows}`` and ``{width}`` the table's,
        ``{widthLeft}`` without the selected columns, ``{row}`` the first selected row, ``{selectedRows}`` their number,
        ``{shownRows}`` and ``{hiddenRows}`` those of the view. What stands for nothing selected has no value.
    :param words: by which it is found as well.
    :param fits: what it works on.
    """

    title: str
    group: Group
    rank: int
    lines: tuple[str, ...]
    words: str = ""
    fits: Fits = field(default_factory=Fits)

    @classmethod
    def of_name(cls, name: str) -> About:
        """For an operation that says nothing of itself: by its name, behind the others.

        >>> About.of_name("paintRed").title
        'Paint red'
        """
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()
        return cls(words[:1].upper() + words[1:], "Rows", MAX_RANK, ())

    @property
    def order(self) -> tuple[int, int, str]:
        """The place in a list of all: by heading, then by use."""
        return GROUPS.index(self.group), self.rank, self.title
