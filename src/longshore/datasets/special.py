"""The changes that are no operation on a table but on its history, or that make another table.

What they take is checked before they are accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, JsonValue, StrictBool, StrictInt, StrictStr, model_validator

from longshore.tables.core.validation import parse_model
from longshore.tables.operations import Parameters
from longshore.tables.operations.aggregate import AggregateParameters
from longshore.tables.replay.recipe import Recipe

IMPORT = "import"
UNDO, REDO, GO_TO, APPLY_RECIPE, DROP_STEP = "undo", "redo", "goTo", "applyRecipe", "dropStep"
AGGREGATE = "aggregate"
NEW_SESSION = "newSessionID"
"""Under which an accepted ``aggregate`` keeps the id of the dataset to be made."""
MAX_SOURCES = 100
MAX_VERSIONS = 2**31 - 1
"""So many the database can number."""


class NoParameters(Parameters):
    """Nothing needs to be said."""


class GoToParameters(Parameters):
    """Which version."""

    version: StrictInt | None = Field(
        None, ge=-MAX_VERSIONS, le=MAX_VERSIONS, description="number of the version, as the history lists it"
    )
    position: StrictInt | None = Field(
        None,
        ge=-MAX_VERSIONS,
        le=MAX_VERSIONS,
        description="place in the history, 0 is the import; in place of version",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> GoToParameters:
        if (self.version is None) == (self.position is None):
            raise ValueError("name the step by version or by position, one of them")
        return self


class ApplyRecipeParameters(Parameters):
    """What to carry out, and how."""

    recipe: dict[str, JsonValue] = Field(description="the document that the export made")
    mode: Literal["strict", "lenient"] = Field(
        "strict", description="strict: all steps or none; lenient: leave out those that do not apply, and report them"
    )
    facts: Literal["learn", "keep"] = Field(
        "learn", description="learn means, bin edges and the like from this table, or keep those of the recipe"
    )
    sources: dict[StrictStr, StrictStr] | None = Field(
        None,
        max_length=MAX_SOURCES,
        description="session ids of the other datasets that steps read, by the names that the recipe calls them",
    )
    dry_run: StrictBool = Field(False, description="change nothing, only report")


class DropStepParameters(Parameters):
    """Which step."""

    version: StrictInt = Field(
        ge=-MAX_VERSIONS,
        le=MAX_VERSIONS,
        description="number of the version that the step made, as the history lists it",
    )
    dry_run: StrictBool = Field(False, description="change nothing, only report which later steps would not apply")


SPECIAL: dict[str, tuple[type[Parameters], str]] = {
    UNDO: (NoParameters, "Take the last step back."),
    REDO: (NoParameters, "Do the last undone step again."),
    GO_TO: (GoToParameters, "Go to any version of the history; undo and redo go on from there."),
    APPLY_RECIPE: (ApplyRecipeParameters, "Carry a recipe out; each of its steps becomes a step of the history."),
    DROP_STEP: (DropStepParameters, "Take a middle step out and do the later ones again; undo brings it back."),
    AGGREGATE: (AggregateParameters, "Sum the rows up by groups, as a new dataset; this one stays as it is."),
}
"""Parameters and a line for people, by the name on the wire."""


def check_special(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of one of :data:`SPECIAL` as the mailbox keeps them.

    :raises InvalidRequest: naming the field at fault; for a recipe that is none.
    :raises TooLarge: for a recipe over the limits.
    """
    if name == APPLY_RECIPE:
        Recipe.parse(body.get("recipe"))  # before anything else walks through it
    return parse_model(SPECIAL[name][0], body).model_dump(mode="json", by_alias=True, exclude_unset=True)
