"""A recipe carried out on a file without a server: what ``longshore replay`` does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables import writing
from longshore.tables.core.table import Table, placing
from longshore.tables.operations import among
from longshore.tables.reading import ReadOptions, ReadResult, read
from longshore.tables.replay.recipe import MAX_BYTES, FactsMode, Mode, Recipe, Replay, replay
from longshore.tables.script_export.script import ScriptStep, make_script
from longshore.web.json import read_json


def replay_file(
    recipe_path: Path,
    source: Path,
    output: Path | None,
    *,
    mode: Mode = "strict",
    facts: FactsMode = "learn",
    sources: Mapping[str, Path] | None = None,
) -> Replay:
    """Read ``source`` as the recipe's file was read, carry the recipe out, write the result.

    :param output: its ending names the format; None writes nothing. Not written either after a strict failure.
    :param sources: files of the other tables that steps read, by the names that the recipe calls them.
    :return: the reports; the files of its tables are gone.
    :raises InvalidRequest: for what is no recipe, or an output format that is not known.
    :raises UnreadableFile: when ``source`` cannot be read.
    :raises TooLarge: when the recipe is over its limits, or the output format cannot hold the table.
    """
    recipe = read_recipe(recipe_path)
    format_name = None if output is None else writing.require_format(output.suffix.lstrip(".").lower()).name
    options = ReadOptions.from_record(recipe.reading.options)
    # Beside the result there is room for it; the system's temporary folder may be small, or memory.
    beside = None if output is None else output.parent
    with tempfile.TemporaryDirectory(prefix=".longshore-", dir=beside) as work:
        others = _read_sources(sources, Path(work))
        table = _read_for(recipe, source, Path(work), options).table
        done = replay(table, recipe.steps, mode=mode, facts=facts, others=among(others))
        if output is not None and format_name is not None and done.failure is None:
            _write(done.table, output, format_name)
    return done


def script_file(
    recipe_path: Path, source: Path, *, facts: FactsMode = "learn", sources: Mapping[str, Path] | None = None
) -> str:
    """The script of a recipe for a file: it is carried out once, to learn what the steps need.

    :param sources: files of the other tables that steps read, by the names that the recipe calls them; the script
        asks for them again, and reads Parquet or CSV as the server exports it.
    :raises LongshoreError: as :func:`replay_file`, and of the first step that does not apply.
    """
    recipe = read_recipe(recipe_path)
    options = ReadOptions.from_record(recipe.reading.options)
    with tempfile.TemporaryDirectory(prefix=".longshore-") as work:
        result = _read_for(recipe, source, Path(work), options)
        others = _read_sources(sources, Path(work))
        done = replay(result.table, recipe.steps, facts=facts, others=among(others))
        if done.failure is not None:
            raise done.failure
        tables = [done.base, *(each.table for each in done.made)]
        steps = [
            ScriptStep(each.operation, before, each.facts, each.sentence)
            for each, before in zip(done.made, tables, strict=False)
        ]
        return make_script(steps, done.base, source.name, result.settings)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    :raises InvalidRequest: when it holds none.
    :raises TooLarge: when it is over the limits.
    """
    if path.stat().st_size > MAX_BYTES:
        raise TooLarge(f"{path}: a recipe has at most {MAX_BYTES:,} bytes")
    try:
        document: Any = read_json(path.read_bytes())
    except InvalidRequest as error:
        hint = "give the recipe first and the file to read second"
        raise InvalidRequest(f"{path}: {error.description}; {hint}") from None
    if isinstance(document, dict) and document.get("success") is True and "recipe" in document:
        document = document["recipe"]  # the answer of the Socket.IO read, kept as it came
    return Recipe.parse(document)


def _read_sources(sources: Mapping[str, Path] | None, work: Path) -> dict[str, Table]:
    return {
        name: _read(path, work / f"source{number}", ReadOptions()).table
        for number, (name, path) in enumerate((sources or {}).items())
    }


def _read_for(recipe: Recipe, source: Path, work: Path, options: ReadOptions) -> ReadResult:
    """The file as the recipe's steps want it: a column that was text when they were made is text again.

    What a later version, or a whole column without the one odd value, would make numbers of was none to them.
    """
    result = _read(source, work, options)
    first: dict[str, str | None] = {}
    for step in recipe.steps:
        for used in step.columns:
            if used.name is not None:
                first.setdefault(used.name, used.kind)
    kinds = {column.name: column.kind for column in result.table.columns}
    texts = [name for name, kind in first.items() if kind == "string" and kinds.get(name, "string") != "string"]
    if not texts or options.types == "text":
        return result
    types = {**(options.types or {}), **dict.fromkeys(texts, "text")}
    return _read(source, work / "text", ReadOptions.from_record({**options.recorded(), "types": types}))


def _read(source: Path, work: Path, options: ReadOptions) -> ReadResult:
    try:
        result = read(source, work, options=options)
    except UnreadableFile as error:
        raise UnreadableFile(f"{source}: {error.description}") from error
    return replace(result, table=replace(result.table, folder=work))


def _write(table: Table, output: Path, format_name: str) -> None:
    with placing(output) as partial, partial.open("wb") as file:
        for chunk in writing.stream(table, format_name):
            file.write(chunk)
