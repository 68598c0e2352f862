"""Nothing imports in a circle: no two files of a package, and no two of its folders."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import longshore

PACKAGES = ["longshore", "longshore.tables"]
"""Those whose folders and files are looked at; the files of all that lies below them belong to them."""

SOURCES = Path(longshore.__file__).parents[1]

Graph = Mapping[str, set[str]]


def imports(sources: Path, package: str) -> dict[str, set[str]]:
    """Which files of a package import which: also inside functions, and for type checkers alone.

    :return: by the module's name, the modules of the package that it names in its imports.
    """
    files = {_module(sources, path): path for path in (sources / package.replace(".", "/")).rglob("*.py")}
    return {
        module: {name for name in _named(ast.parse(path.read_text()), set(files)) if name != module}
        for module, path in files.items()
    }


def _module(sources: Path, path: Path) -> str:
    return ".".join(path.relative_to(sources).with_suffix("").parts).removesuffix(".__init__")


def _named(tree: ast.Module, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for each in node.names:
                inside = f"{node.module}.{each.name}"
                yield from (name for name in (inside if inside in modules else node.module,) if name in modules)


def folders(graph: Graph, package: str) -> dict[str, set[str]]:
    """The same for what stands directly in the package, each folder as one; the package's own names are no folder."""
    found: dict[str, set[str]] = {}
    for module, others in graph.items():
        one = _top(module, package)
        found.setdefault(one, set()).update(_top(other, package) for other in others)
        found[one] -= {one, ""}
    found.pop("", None)
    return found


def _top(module: str, package: str) -> str:
    return module.removeprefix(package).removeprefix(".").partition(".")[0]


def circle(graph: Graph) -> list[str]:
    """One that goes in a circle, beginning and ending with the same name; empty without any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]  # now each imports the next one
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_files_import_each_other_in_a_circle(package: str) -> None:
    assert circle(imports(SOURCES, package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_folders_import_each_other_in_a_circle(package: str) -> None:
    assert circle(folders(imports(SOURCES, package), package)) == []


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Folders ``a``, ``b`` and ``c`` of a package: each imports the next, though no file its own importer."""
    files = {
        "__init__": "from p.a.one import x",
        "a/__init__": "",
        "a/one": "def f():\n    from p.b import one",
        "b/__init__": "",
        "b/one": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.c.one",
        "c/__init__": "",
        "c/one": "from p.a.two import y",
        "a/two": "import os",
    }
    for name, text in files.items():
        path = tmp_path / "p" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_circle_of_folders_is_found_whose_files_make_none(sources: Path) -> None:
    graph = imports(sources, "p")
    assert circle(graph) == []
    found = circle(folders(graph, "p"))
    assert found[0] == found[-1]
    assert "abcabca".find("".join(found)) >= 0


def test_a_circle_of_files_is_found(sources: Path) -> None:
    (sources / "p/a/two.py").write_text("from p import x")
    found = circle(imports(sources, "p"))
    assert sorted(found[1:]) == ["p", "p.a.one", "p.a.two", "p.b.one", "p.c.one"]
