"""Other datasets that a change of one names: checked when accepted, held while read, masked when shown.

A session id is the right to change its dataset. It is kept with a step, since ``dropStep`` needs it to do the step
again, but those who only know this dataset are shown the other one's name in its place.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from longshore.datasets import records
from longshore.datasets.special import APPLY_RECIPE, DROP_STEP
from longshore.errors import IllegalOperation, SessionNotFound
from longshore.state.database import Database
from longshore.tables.core.table import Table
from longshore.tables.operations import ITSELF, BinaryOperation, FindOther, TableOperand, find_operation
from longshore.tables.operations.table_operand import OTHER_FIELD, missing_source
from longshore.tables.replay.recipe import RecipeStep

PINS = ".other-"
"""Begins the name of a folder that holds another dataset's files while they are read."""
ATTEMPTS = 5
_NAMELESS = "another dataset"


def names_other(operation: str) -> bool:
    """Whether an operation has the parameter that names another dataset."""
    declared = find_operation(operation)
    return declared is not None and issubclass(declared, BinaryOperation)


# -- accepting -----------------------------------------------------------------------------------------------------


def check_others(connection: Connection, session_id: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A change's parameters with the datasets that they name looked up; a session's own id becomes "itself".

    :raises SessionNotFound: for one that is not there, naming the parameter.
    """
    if names_other(operation):
        found = _require_other(connection, session_id, parameters[OTHER_FIELD], OTHER_FIELD)
        return {**parameters, OTHER_FIELD: found}
    if operation == APPLY_RECIPE and parameters.get("sources"):
        sources = {
            name: _require_other(connection, session_id, value, f"sources.{name}")
            for name, value in parameters["sources"].items()
        }
        return {**parameters, "sources": sources}
    return parameters


def _require_other(connection: Connection, own: str, value: str, field: str) -> str:
    if value in (own, ITSELF):
        return ITSELF
    if not records.is_session_id(value):
        raise _unknown(field)
    try:
        records.require_dataset(connection, value)
    except SessionNotFound:
        raise _unknown(field) from None
    return value


def _unknown(field: str) -> SessionNotFound:
    return SessionNotFound(f"{field[:100]}: {SessionNotFound.unknown().description}")


# -- reading -------------------------------------------------------------------------------------------------------


class OtherSessions:
    """Finds other sessions' tables for the one process that may write to a session, and lets go of them at its end.

    The other dataset may be changed, collected or deleted meanwhile. So its files are linked into a folder of this
    session first: what a link leads to stays until the link is gone. A folder that a killed worker left is removed
    by the next one, and by the reconciler.
    """

    def __init__(self, database: Database, datasets_folder: Path, session_id: str) -> None:
        self._database = database
        self._datasets_folder = datasets_folder
        self._own_folder = datasets_folder / session_id
        self._pins: Path | None = None

    def __enter__(self) -> OtherSessions:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pins is not None:
            shutil.rmtree(self._pins, ignore_errors=True)

    def current(self, named: str, _version: int | None) -> TableOperand:
        """The newest committed version of a session.

        :raises SessionNotFound: when there is no such dataset (any more).
        :raises IllegalOperation: while its file is still being read.
        """
        return self._find(named, None)

    def recorded(self, named: str, version: int | None) -> TableOperand:
        """The version that a step of the history used.

        :raises SessionNotFound: when the dataset is gone, or this version is in its history no longer.
        """
        return self._find(named, version)

    def only(self, allowed: Iterable[str]) -> FindOther:
        """:meth:`current`, for these sessions alone: a recipe from anywhere does not choose what is read."""
        known = frozenset(allowed)

        def find(named: str, version: int | None) -> TableOperand:
            if named not in known:
                raise missing_source(named)
            return self.current(named, version)

        return find

    def _find(self, named: str, version: int | None) -> TableOperand:
        if not records.is_session_id(named):
            raise _unknown(OTHER_FIELD)
        for _ in range(ATTEMPTS):
            name, number, table = self._look_up(named, version)
            try:
                return TableOperand(self._pin(table), name, number)
            except FileNotFoundError:
                continue  # its files went between the look at the record and the link; the record tells why
        raise SessionNotFound(f"{OTHER_FIELD}: the files of the other dataset are gone")

    def _look_up(self, named: str, version: int | None) -> tuple[str, int, Table]:
        with self._database.reading() as connection:
            try:
                name = records.require_dataset(connection, named).name
                number = records.require_current(connection, named).number if version is None else version
            except SessionNotFound:
                raise _unknown(OTHER_FIELD) from None
            except IllegalOperation as error:
                raise IllegalOperation(f"{OTHER_FIELD}: {error.description}") from None
            if records.position_of(connection, named, number) is None:
                raise SessionNotFound(f"{OTHER_FIELD}: version {number} of {name} is no longer in its history")
            return name, number, records.read_table(connection, named, number, self._datasets_folder / named)

    def _pin(self, table: Table) -> Table:
        """The same table with its files linked into this session's folder; raises FileNotFoundError."""
        pins = self._pins_folder()
        for file in table.files:
            try:
                os.link(table.folder / file, pins / file)
            except FileNotFoundError:
                raise
            except FileExistsError:
                continue  # another version of the same dataset has it too
            except OSError:
                return table  # a file system without links; most of the time nobody deletes just now
        return replace(table, folder=pins)

    def _pins_folder(self) -> Path:
        if self._pins is None:
            remove_pins(self._own_folder)
            self._pins = self._own_folder / f"{PINS}{secrets.token_hex(8)}"
            self._pins.mkdir(mode=0o700)
        return self._pins


def remove_pins(folder: Path) -> None:
    """Remove what a killed worker still held; only the one who may write to the session comes here."""
    for left in folder.glob(f"{PINS}*"):
        shutil.rmtree(left, ignore_errors=True)


def with_sources(steps: Iterable[RecipeStep], sources: Mapping[str, str]) -> list[RecipeStep]:
    """A recipe's steps with the names of other tables replaced by the sessions that stand for them here."""
    return [_with_source(step, sources) for step in steps]


def _with_source(step: RecipeStep, sources: Mapping[str, str]) -> RecipeStep:
    named = step.parameters.get(OTHER_FIELD)
    if not names_other(step.operation) or not isinstance(named, str) or named not in sources:
        return step
    return step.model_copy(update={"parameters": {**step.parameters, OTHER_FIELD: sources[named]}})


# -- showing -------------------------------------------------------------------------------------------------------


class SourceNames:
    """Gives each session that steps name a name of its own: its file's, numbered where several files are called so."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def mask_step(self, step: RecipeStep) -> RecipeStep:
        """A recipe's step as others may see it."""
        return step.model_copy(update={"parameters": self.mask(step.operation, step.parameters, step.facts)})

    def mask(self, operation: str, parameters: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
        """A step's parameters with a name in place of the session id."""
        masked = dict(parameters)
        if names_other(operation) and masked.get(OTHER_FIELD, ITSELF) != ITSELF:
            masked[OTHER_FIELD] = self._name(masked[OTHER_FIELD], facts)
        return masked

    def mask_facts(self, operation: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """A step's facts; those of ``dropStep`` hold whole steps."""
        if operation != DROP_STEP:
            return dict(facts)
        later = [
            {**each, "step": {**step, "parameters": self.mask(step["operation"], step["parameters"], step["facts"])}}
            for each in facts["later"]
            for step in (each["step"],)
        ]
        return {**facts, "later": later}

    def _name(self, session_id: str, facts: Mapping[str, Any]) -> str:
        known = self._names.get(session_id)
        if known is not None:
            return known
        told = facts.get("other")
        wanted = str(told.get("name") or _NAMELESS) if isinstance(told, dict) else _NAMELESS
        taken = {ITSELF, *self._names.values()}
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted} ({number})"
        self._names[session_id] = name
        return name
