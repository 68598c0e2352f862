"""The benchmarks measure everything there is to measure."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from longshore.tables.operations import all_operations, require_operation

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
NO_BENCHMARKS = {"__main__", "make_table", "measuring"}
OF_ANOTHER_PYTHON = {"dash_file_cache"}
"""What the older service has, which is measured beside ours where it can be found."""


def test_every_operation_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import operations

    cases = {name: body for name, (body, _) in operations.COMPUTED.items()} | operations.QUICK | operations.UNBOUNDED
    for name, body in cases.items():
        require_operation(name.split()[0]).parse(body)
    assert {declared.name for declared in all_operations()} - {name.split()[0] for name in cases} == set()


def test_make_bench_knows_them_all() -> None:
    runner = runpy.run_path(str(BENCHMARKS / "__main__.py"))
    files = {path.stem for path in BENCHMARKS.glob("*.py")} - NO_BENCHMARKS
    assert {*runner["ALL"], *runner["ASK_FOR_MORE"]} == files
    assert {name for name, *_ in runner["QUICK"]} <= files


def test_a_benchmark_that_is_none_is_refused_with_those_there_are() -> None:
    command = [sys.executable, str(BENCHMARKS), "spin"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert "There is no benchmark spin; there are spine, operations" in result.stderr


def test_what_make_bench_installs_is_all_they_need() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = _closure([*written["project"]["dependencies"], *written["dependency-groups"]["bench"]])
    own = {"longshore", "support", "bare_tasks", *sys.stdlib_module_names, *OF_ANOTHER_PYTHON}
    own |= {path.stem for path in BENCHMARKS.glob("*.py")}
    files = [*BENCHMARKS.glob("*.py"), *(ROOT / f"tests/support/{name}.py" for name in _supports())]
    imported = {name for path in files for name in _imports(path.read_text())} - own
    known = packages_distributions()
    assert {name for name in imported if not installed & {_normal(each) for each in known[name]}} == set()


def _supports() -> set[str]:
    """The modules of tests/support that benchmarks import, themselves or by another."""
    found: set[str] = set()
    waiting = list(BENCHMARKS.glob("*.py"))
    while waiting:
        new = set(re.findall(r"from support\.(\w+)", waiting.pop().read_text())) - found
        found |= new
        waiting += [ROOT / f"tests/support/{name}.py" for name in new]
    return found


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name.split(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def _closure(requirements: Iterable[str]) -> set[str]:
    """The distributions that requirements bring here, with all that those bring."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(each), "") for each in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = _normal(requirement.name)
        new = {(name, each) for each in ("", *requirement.extras)} - found
        found |= new
        waiting += [(Requirement(each), extra) for _, extra in new for each in requires(name) or []]
    return {name for name, _ in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
