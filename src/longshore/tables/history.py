"""A table's history: every step, the current one, and a way back and forth. For use without a server.

The history itself is an immutable value; :meth:`History.save` keeps it in a file beside the column files::

    history = History.start(read(Path("movies.json"), Path("work")).table)
    history = history.apply("deleteRows", rowIndices=[0])
    history = history.undo()
    history.save()

The server keeps the same steps in its database, where a version is committed together with its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longshore.errors import IllegalOperation, InvalidValue, SessionNotFound
from longshore.tables.core.table import Table, placing
from longshore.tables.operations import FindOther, among, bind, require_operation
from longshore.tables.operations.base import counted
from longshore.tables.replay.apply import apply
from longshore.tables.replay.drop_step import DROP_STEP, Made, drop_step, effective
from longshore.tables.replay.lineage import Explanation, explain
from longshore.tables.replay.recipe import FactsMode, Mode, Recipe, RecipeReading, Replay, replay
from longshore.tables.script_export.script import script_of

FILE_NAME = "history.json"

Others = Mapping[str, Table] | None
"""Tables by the names that steps call them."""


def _finding(others: Others) -> FindOther:
    return among(others or {})


@dataclass(frozen=True)
class Step:
    """What was done, what was learnt from the data for it, and the table it led to."""

    operation: str
    parameters: dict[str, Any]
    facts: dict[str, Any]
    sentence: str
    table: Table


@dataclass(frozen=True)
class History:
    """The steps in order and the position of the current one."""

    steps: tuple[Step, ...]
    position: int

    @classmethod
    def start(cls, table: Table) -> History:
        """The history of a table that was just read."""
        sentence = f"Read {counted(table.rows, 'row')} and {counted(table.width, 'column')}"
        return cls((Step("import", {}, {}, sentence, table),), 0)

    @property
    def table(self) -> Table:
        """The current table."""
        return self.steps[self.position].table

    @property
    def undo_available(self) -> bool:
        """Whether there is a step to take back."""
        return self.position > 0

    @property
    def redo_available(self) -> bool:
        """Whether there is an undone step to do again."""
        return self.position + 1 < len(self.steps)

    def apply(self, operation: str, others: Others = None, **parameters: Any) -> History:
        """Carry an operation out; undone steps are dropped.

        :param others: the tables that ``otherSessionID`` may name.
        :param parameters: as on the wire, such as ``columnIndex=3``.
        :raises LongshoreError: what is wrong with the request; the history stays as it is.
        """
        parsed = bind(require_operation(operation).parse(parameters), self.table, _finding(others))
        outcome = apply(self.table, parsed)
        step = Step(parsed.name, parsed.recorded(), outcome.facts, outcome.sentence, outcome.table)
        return History((*self.steps[: self.position + 1], step), self.position + 1)

    def undo(self) -> History:
        """One step back.

        :raises IllegalOperation: when there is none.
        """
        if not self.undo_available:
            raise IllegalOperation("there is nothing to undo")
        return replace(self, position=self.position - 1)

    def redo(self) -> History:
        """The last undone step again.

        :raises IllegalOperation: when there is none.
        """
        if not self.redo_available:
            raise IllegalOperation("there is nothing to redo")
        return replace(self, position=self.position + 1)

    def go_to(self, position: int) -> History:
        """Any step as the current one; undo and redo go on from there.

        :raises InvalidValue: when there is no such step.
        """
        if not 0 <= position < len(self.steps):
            raise InvalidValue(f"no step {position}; the steps are numbered 0 to {len(self.steps) - 1}")
        return replace(self, position=position)

    def recipe(self, name: str = "", reading: RecipeReading | None = None) -> Recipe:
        """The steps from the import to the current one, to be carried out on other tables."""
        steps = [each.step for each in effective(self._made())]
        return Recipe(name=name, reading=reading or RecipeReading(), steps=steps)

    def script(self, name: str = "", settings: Mapping[str, Any] | None = None) -> str:
        """A Python script that needs only Polars: it reads the file and does the steps up to the current one.

        :param name: of the file, for people.
        :param settings: what the reader used, as :class:`~longshore.tables.reading.ReadResult` tells it.
        :raises IllegalOperation: when one of the operations cannot be exported.
        """
        return script_of(self._made(), name, settings or {})

    def apply_recipe(
        self, recipe: Recipe, *, mode: Mode = "strict", facts: FactsMode = "learn", others: Others = None
    ) -> tuple[History, Replay]:
        """Carry a recipe out on the current table; each of its steps is a step of this history.

        :raises LongshoreError: in strict mode, when a step does not apply; the history stays as it is.
        """
        done = replay(self.table, recipe.steps, mode=mode, facts=facts, others=_finding(others))
        if done.failure is not None:
            raise done.failure
        steps = [Step(e.operation.name, e.operation.recorded(), e.facts, e.sentence, e.table) for e in done.made]
        kept = self.steps[: self.position + 1]
        return (History((*kept, *steps), self.position + len(steps)) if steps else self), done

    def drop_step(self, position: int, others: Others = None) -> tuple[History, Replay]:
        """Take a middle step out and do the later ones again; itself a step that can be undone.

        :raises InvalidValue: when there is no such step up to the current one.
        :raises IllegalOperation: for the import, or a step that was dropped before.
        """
        dropped = drop_step(self._made(), position, others=_finding(others))
        dropped.replay.discard(keep=dropped.replay.table)
        step = Step(DROP_STEP, {"version": position}, dropped.facts, dropped.sentence, dropped.replay.table)
        return History((*self.steps[: self.position + 1], step), self.position + 1), dropped.replay

    def explain(self, row: int, column: int | str) -> Explanation:
        """What led to a cell of the current table, back to the line of the file that it was imported from.

        :param column: its position, or its name.
        :raises RowNotFound: when there is no such row.
        :raises ColumnNotFound: when there is no such column.
        """
        index = self.table.index_of(column) if isinstance(column, str) else column
        return explain(self._made(), row, index)

    def _made(self) -> list[Made]:
        return [Made(number, **vars(step)) for number, step in enumerate(self.steps[: self.position + 1])]

    def save(self) -> Path:
        """Keep the history beside its column files, replacing what was kept before in one step."""
        path = self.table.folder / FILE_NAME
        steps = [{**vars(step), "table": step.table.to_record()} for step in self.steps]
        with placing(path) as partial:
            partial.write_text(json.dumps({"position": self.position, "steps": steps}))
        return path

    @classmethod
    def load(cls, folder: Path) -> History:
        """The history that :meth:`save` kept in ``folder``.

        :raises SessionNotFound: when there is none.
        """
        path = folder / FILE_NAME
        if not path.exists():
            raise SessionNotFound(f"there is no history in {folder}")
        kept = json.loads(path.read_text())
        steps = (Step(**{**step, "table": Table.from_record(folder, step["table"])}) for step in kept["steps"])
        return cls(tuple(steps), kept["position"])

    def collect(self) -> list[str]:
        """Remove column files in the folder that no step needs; their names."""
        needed = {file for step in self.steps for file in step.table.kept_files}
        gone = [path for path in self.table.folder.glob("*.parquet") if path.name not in needed]
        for path in gone:
            path.unlink()
        return sorted(path.name for path in gone)
