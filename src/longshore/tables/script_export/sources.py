"""The source of portable functions, with all that they use: found by reading the modules, not by running them."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from longshore.tables.core.portable import PORTABLE

_PROJECT = "longshore."
_ERRORS = "longshore.errors"
"""What helpers raise is a plain ``ValueError`` in a script."""


@dataclass
class Sources:
    """Definitions in an order in which they can stand in one file, and the imports that they need."""

    definitions: dict[str, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    _homes: dict[str, str] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def add(self, name: str) -> None:
        """Add a portable function and what it uses."""
        self._define(PORTABLE[name].__module__, name)

    def _define(self, module: str, name: str) -> None:
        if module == _ERRORS:
            self.definitions[name] = f"{name} = ValueError"
            return
        definitions, imports = _read(module)
        if name in imports:
            self._import(imports[name])
        elif name in definitions:  # else a builtin
            self._add(module, name, *definitions[name])

    def _add(self, module: str, name: str, node: ast.stmt, text: str) -> None:
        if self._homes.setdefault(name, module) != module:
            raise RuntimeError(f"{name} means different things in {self._homes[name]} and {module}")
        if name in self._begun:
            return
        self._begun.add(name)
        for used in sorted(_names(node)):
            self._define(module, used)
        self.definitions[name] = text

    def _import(self, wanted: _Import) -> None:
        if wanted.module.startswith(_PROJECT) and wanted.name is not None:
            if wanted.name != (wanted.alias or wanted.name):
                raise RuntimeError(f"{wanted.name} is imported as {wanted.alias}; helpers keep their names")
            self._define(wanted.module, wanted.name)
        else:
            self.imports.add(wanted.statement)


@dataclass(frozen=True)
class _Import:
    module: str
    name: str | None
    alias: str | None

    @property
    def statement(self) -> str:
        renamed = f" as {self.alias}" if self.alias else ""
        if self.name is None:
            return f"import {self.module}{renamed}"
        return f"from {self.module} import {self.name}{renamed}"


@cache
def _read(module: str) -> tuple[dict[str, tuple[ast.stmt, str]], dict[str, _Import]]:
    """What a module defines at its top, each with its source, and what it imports."""
    text = inspect.getsource(sys.modules[module])
    definitions: dict[str, tuple[ast.stmt, str]] = {}
    imports: dict[str, _Import] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= _imported(node)
        for name in _bound(node):
            definitions[name] = node, _source(node, text)
    return definitions, imports


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, _Import]:
    if isinstance(node, ast.Import):
        return {
            each.asname or each.name.partition(".")[0]: _Import(each.name, None, each.asname) for each in node.names
        }
    return {each.asname or each.name: _Import(node.module or "", each.name, each.asname) for each in node.names}


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _source(node: ast.stmt, text: str) -> str:
    """The lines of a definition without the mark ``@portable``."""
    lines = text.splitlines()
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    kept = [each for each in decorators if not (isinstance(each, ast.Name) and each.id == "portable")]
    first = min([node.lineno, *(each.lineno for each in kept)])
    return "\n".join(lines[first - 1 : node.end_lineno])


def _names(node: ast.stmt) -> set[str]:
    """All names that a definition mentions; those that are its own variables are not found at the module's top."""
    used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return used - {"portable", *_bound(node)} - _locals(node)


def _locals(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.FunctionDef):
        return set()
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.arg):
            found.add(each.arg)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
    return found


def names_in(statements: Iterable[str]) -> set[str]:
    """All names that some statements mention."""
    trees = [ast.parse(statement) for statement in statements]
    return {each.id for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Name)}
