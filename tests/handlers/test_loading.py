"""Loading the handlers folder and the task modules."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.errors import LoadError
from longshore.handlers.loading import load_declarations, load_handlers, load_task_modules
from longshore.jobs.declaring import find_job
from longshore.settings import Settings

Write = Callable[[str, str], Path]


def test_every_file_is_loaded_in_name_order(folder: Path, write: Write) -> None:
    for name in ("b.py", "a.py", "c-d.py"):
        write(name, f"NAME = {name!r}")
    for name in ("__init__.py", ".#a.py", "notes.txt", "d.pyc"):
        write(name, "raise RuntimeError")
    assert [module.NAME for module in load_handlers(folder)] == ["a.py", "b.py", "c-d.py"]


def test_a_missing_folder_has_no_handlers(tmp_path: Path) -> None:
    assert load_handlers(tmp_path / "none") == []


def test_a_file_instead_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "handlers").write_text("")
    with pytest.raises(LoadError, match=r"HANDLERS_DIR=.*handlers' cannot be read"):
        load_handlers(tmp_path / "handlers")


def test_a_handler_uses_its_neighbours_and_hides_no_other_module(folder: Path, write: Write) -> None:
    before = list(sys.path)
    write("json.py", "VALUE = 5")
    write("view.py", "import json\nfrom .json import VALUE\nfrom longshore_handlers import json as own")
    (folder / "deeper").mkdir()
    write("deeper/part.py", "raise RuntimeError")
    _, view = load_handlers(folder)
    assert view.VALUE == view.own.VALUE == 5
    assert view.json is json
    assert str(folder) not in sys.path
    assert sys.path[: len(before)] == before


def test_a_neighbour_is_loaded_once(folder: Path, write: Write) -> None:
    write("a.py", "from . import b")
    write("b.py", "token = object()")
    a, b = load_handlers(folder)
    assert a.b is b


def test_another_folder_replaces_the_first(folder: Path, write: Write, tmp_path: Path) -> None:
    write("a.py", "VALUE = 1")
    write("only_here.py", "")
    load_handlers(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("VALUE = 2")
    assert [module.VALUE for module in load_handlers(other)] == [2]
    assert "longshore_handlers.only_here" not in sys.modules


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\nundefined", "line 2: NameError: name 'undefined' is not defined"),
        ("x = (\n", "line 1: SyntaxError: '\\(' was never closed"),
        ("\n\nimport no_such_thing", "line 3: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("import sys\nsys.exit(3)", "line 2: SystemExit: 3"),
        ("def f():\n    raise OSError('first\\nsecond')\nf()", "line 2: OSError: first second"),
        ("import json\njson.loads('{')", "line 2: JSONDecodeError: .* \\(in .*decoder.py, line \\d+\\)"),
        ("from .nothing import x", "line 1: ModuleNotFoundError: No module named 'longshore_handlers.nothing'"),
        ("class Odd(Exception): pass\nraise Odd", "line 2: Odd$"),
        ("x = '\0'", "SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_a_failure_names_file_line_and_reason(folder: Path, write: Write, text: str, reason: str) -> None:
    path = write("bad.py", text)
    write("good.py", "")
    with pytest.raises(LoadError, match=f"a handler cannot be loaded: {path}(, |: ){reason}"):
        load_handlers(folder)


def test_a_failure_in_a_neighbour_names_both_files(folder: Path, write: Write) -> None:
    path = write("a.py", "\nfrom .b import x")
    other = write("b.py", "x = 1 / 0")
    with pytest.raises(LoadError, match=rf"{path}, line 2: ZeroDivisionError: division by zero \(in {other}, line 1\)"):
        load_handlers(folder)


def test_a_name_with_dots_is_refused(folder: Path, write: Write) -> None:
    write("my.view.py", "")
    with pytest.raises(LoadError, match=r"my\.view\.py cannot be loaded: a module's name has no dots"):
        load_handlers(folder)


def test_an_unreadable_file_is_named(folder: Path) -> None:
    (folder / "gone.py").symlink_to(folder / "target.py")
    with pytest.raises(LoadError, match="gone"):
        load_handlers(folder)


def test_declarations_are_those_of_handlers_and_task_modules(
    folder: Path, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "tasks_of_test_loading.py").write_text(
        "from longshore import job\n@job('from_module')\ndef f(x: int) -> int: return x"
    )
    write("h.py", "from longshore import app, job\n@app.get('/h')\n@job('from_handler')\ndef f(): return 1")
    load_declarations(
        Settings.from_environment(
            root_storage_path=tmp_path, handlers_dir=folder, task_modules=("tasks_of_test_loading",)
        )
    )
    assert find_job("from_module")
    assert find_job("from_handler")


def test_a_module_that_does_not_exist_differs_from_one_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "package_of_test_loading"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "broken.py").write_text("\nimport no_such_thing")
    with pytest.raises(LoadError, match=r"TASK_MODULES names the module 'package_of_test_loading\.none', and there is"):
        load_task_modules(["package_of_test_loading.none"])
    with pytest.raises(LoadError, match=f"cannot be loaded: {package / 'broken.py'}, line 2: ModuleNotFoundError"):
        load_task_modules(["package_of_test_loading.broken"])


def test_modules_of_the_current_folder_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    (tmp_path / "module_in_current_folder.py").write_text("VALUE = 7")
    monkeypatch.chdir(tmp_path)
    (module,) = load_task_modules(["module_in_current_folder"])
    assert module.VALUE == 7
    assert sys.path[-1] == str(tmp_path)
