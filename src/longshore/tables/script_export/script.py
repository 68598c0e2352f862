"""A whole script: header, reading, the steps, the helpers that they use, and a command line."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.codegen.literals import Argument, Code
from longshore.tables.core.portable import PORTABLE
from longshore.tables.core.table import Table
from longshore.tables.operations import Facts, Operation, require_operation
from longshore.tables.replay.drop_step import Made, effective

# Its functions go into scripts although nothing here calls them.
from longshore.tables.script_export import helpers as _helpers  # noqa: F401
from longshore.tables.script_export.layout import WIDTH, lay_out
from longshore.tables.script_export.reading import read_code
from longshore.tables.script_export.sources import Sources, names_in

_IMPORTS = {
    "bz2": "import bz2",
    "cs": "import polars.selectors as cs",
    "date": "from datetime import date",
    "datetime": "from datetime import datetime",
    "Decimal": "from decimal import Decimal",
    "gzip": "import gzip",
    "io": "import io",
    "json": "import json",
    "lzma": "import lzma",
    "Path": "from pathlib import Path",
    "re": "import re",
    "time": "from datetime import time",
    "timedelta": "from datetime import timedelta",
    "timezone": "from datetime import timezone",
}
"""What statements may use without more ado, by the name that they use."""
_FUNCTION = "    "


@dataclass(frozen=True)
class ScriptStep:
    """A step of a history: what was done to which table, with what was learnt for it."""

    operation: Operation
    table: Table
    facts: Facts
    sentence: str


def make_script(steps: Sequence[ScriptStep], table: Table, name: str, settings: Mapping[str, Any]) -> str:
    """A Python script that reads the file as it was read and carries the steps out.

    :param table: as it was read, before the first step.
    :param name: of the file, for people.
    :param settings: what the reader used.
    :raises IllegalOperation: when one of the operations cannot be exported.
    """
    codes = [step.operation.code(step.table, step.facts) for step in steps]
    done = zip((step.sentence for step in steps), _with_own_arguments(codes), strict=True)
    return _Script(name, read_code(table, settings), list(done)).text()


def _with_own_arguments(codes: Sequence[Code]) -> Iterator[Code]:
    """The steps with arguments that differ: where several ask for a file by one name, the step's number follows."""
    asked = Counter(argument.name for code in codes for argument in code.arguments)
    for number, code in enumerate(codes, start=1):
        names = {a.name: f"{a.name}_{number}" if asked[a.name] > 1 else a.name for a in code.arguments}
        renamed = [f"{name} = {own}" for name, own in names.items() if name != own]
        arguments = tuple(replace(argument, name=names[argument.name]) for argument in code.arguments)
        yield replace(code, lines=(*renamed, *code.lines), arguments=arguments)


def script_of(made: Sequence[Made], name: str, settings: Mapping[str, Any]) -> str:
    """:func:`make_script` for a history from its import to the current step; dropped steps are not in it."""
    steps = [
        ScriptStep(
            require_operation(each.step.operation).parse(each.step.parameters),
            each.before,
            each.step.facts,
            each.step.sentence,
        )
        for each in effective(made)
    ]
    return make_script(steps, made[0].table, name, settings)


@dataclass
class _Script:
    name: str
    reading: list[str]
    steps: list[tuple[str, Code]]

    def text(self) -> str:
        sources = _sources([*self.reading, *(line for _, code in self.steps for line in code.lines), "what_is_wrong"])
        imports = sources.imports | {"import argparse", "import polars as pl"}
        parts = [
            "\n".join(self._header()),
            "\n".join(["from __future__ import annotations", "", *_sorted(imports)]),
            "\n".join(self._read()),
            "\n".join(self._clean()),
            *sources.definitions.values(),
            "\n".join(self._main()),
            'if __name__ == "__main__":\n    main()',
        ]
        return "\n\n".join(parts[:2]) + "\n\n\n" + "\n\n\n".join(parts[2:]) + "\n"

    @property
    def arguments(self) -> list[Argument]:
        return [argument for _, code in self.steps for argument in code.arguments]

    def _header(self) -> Iterator[str]:
        # The first two lines are fixed: Python looks there for the name of an encoding, and the file's could look so.
        yield "#!/usr/bin/env python3"
        yield "# Made by Longshore from the history of a dataset. Read it, change it, run it without Longshore."
        yield "#"
        count = len(self.steps)
        done = f"does the {count} steps of its history" if count != 1 else "does the one step of its history"
        yield from _comment(
            f"It reads {self.name or 'the file'} as Longshore read it, {done}, and gives the same table."
        )
        yield "#"
        version = ".".join(pl.__version__.split(".")[:2])
        yield f"# Needs Python 3.11 or later and Polars: pip install 'polars>={version}'."
        for number, modules in self._needs():
            where = "Reading" if number == 0 else f"Step {number}"
            yield f"# {where} needs {' and '.join(modules)} as well."
        usage = "".join(f" --{argument.name.replace('_', '-')} FILE" for argument in self.arguments)
        yield f"# Usage: python THIS_FILE{usage} INPUT OUTPUT.csv (or OUTPUT.parquet)"

    def _needs(self) -> Iterator[tuple[int, list[str]]]:
        """Which steps (0 is the reading) need more than Polars."""
        for number, lines in enumerate([self.reading, *(code.lines for _, code in self.steps)]):
            modules = _third_parties(_sources(lines))
            if modules:
                yield number, modules

    def _read(self) -> Iterator[str]:
        yield "def read(path: str) -> pl.DataFrame:"
        yield f'{_FUNCTION}"""Read the file with the settings and the types that were found for it."""'
        for line in self.reading:
            is_comment = line.startswith("# ")
            yield from _comment(line[2:], _FUNCTION) if is_comment else lay_out(line, _FUNCTION)
        yield f"{_FUNCTION}return df"

    def _clean(self) -> Iterator[str]:
        more = "".join(f", {argument.name}: str" for argument in self.arguments)
        yield f"def clean(df: pl.DataFrame{more}) -> pl.DataFrame:"
        yield f'{_FUNCTION}"""Carry out the steps."""'
        for number, (sentence, code) in enumerate(self.steps, start=1):
            yield ""
            yield from _comment(f"{number}. {sentence}", _FUNCTION)
            if code.note:
                yield from _comment(code.note, _FUNCTION)
            for line in code.lines:
                yield from lay_out(line, _FUNCTION)
        yield ""
        yield f"{_FUNCTION}return df"

    def _main(self) -> Iterator[str]:
        yield "def main() -> None:"
        yield f'{_FUNCTION}"""Read the input, clean it, write the output."""'
        yield f"{_FUNCTION}parser = argparse.ArgumentParser(description=main.__doc__)"
        yield f'{_FUNCTION}parser.add_argument("input", help="the file to read")'
        yield f'{_FUNCTION}parser.add_argument("output", help="the file to write, .csv or .parquet")'
        for argument in self.arguments:
            option, about = f"--{argument.name.replace('_', '-')}", argument.description.replace("%", "%%")
            line = f"parser.add_argument({write.quote(option)}, required=True, help={write.quote(about)})"
            yield from lay_out(line, _FUNCTION)
        yield f"{_FUNCTION}given = parser.parse_args()"
        more = "".join(f", given.{argument.name}" for argument in self.arguments)
        yield from _told(["df = read(given.input)"], "{given.input} cannot be read as the file of this script")
        yield from _told([f"df = clean(df{more})"], "the steps cannot be carried out on {given.input}")
        writing = [
            'if given.output.endswith(".parquet"):',
            f"{_FUNCTION}df.write_parquet(given.output)",
            "else:",
            f"{_FUNCTION}df.write_csv(given.output)",
        ]
        yield from _told(writing, "{given.output} cannot be written")


def _told(lines: Iterable[str], sentence: str) -> Iterator[str]:
    """Statements of ``main``; what a file does to them is told in one sentence, as wrong arguments are."""
    yield f"{_FUNCTION}try:"
    yield from (f"{_FUNCTION * 2}{line}" for line in lines)
    yield f"{_FUNCTION}except Exception as error:"
    yield f'{_FUNCTION * 2}parser.exit(2, f"{sentence}: {{what_is_wrong(error)}}\\n")'


def _sources(lines: Iterable[str]) -> Sources:
    """The helpers and imports that statements use."""
    sources = Sources()
    for name in sorted(names_in(lines)):
        if name in PORTABLE:
            sources.add(name)
        elif name in _IMPORTS:
            sources.imports.add(_IMPORTS[name])
    return sources


def _third_parties(sources: Sources) -> list[str]:
    """Packages that must be installed beside Polars."""
    text = "\n".join([*sources.imports, *sources.definitions.values()])
    roots = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            roots |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").partition(".")[0])
    return sorted(roots - {"polars", "__future__"} - set(sys.stdlib_module_names))


def _sorted(imports: Iterable[str]) -> list[str]:
    """Import statements as formatters order them: Python's own first, ``from`` after ``import``.

    :raises RuntimeError: when two of them give one name different meanings.
    """
    statements = sorted(set(imports), key=lambda each: (not each.startswith("import"), each))
    bound = [each.split()[-1] for each in statements]
    if len(set(bound)) < len(bound):
        raise RuntimeError(f"a name is imported twice: {statements}")
    own = [each for each in statements if each.split()[1].partition(".")[0] in sys.stdlib_module_names]
    others = [each for each in statements if each not in own]
    return [*own, "", *others]


def _comment(text: str, indent: str = "") -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(write.printable(text), WIDTH - len(indent) - 2)]
