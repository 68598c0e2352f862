"""Loading what deployers add: every file of the handlers folder, and the modules that TASK_MODULES names.

A handler ``hello.py`` becomes the module ``longshore_handlers.hello``, a name that nothing installed has. The folder is
the path of that package and of nothing else: ``from .units import to_mm`` finds ``units.py`` beside it, and no file in
it hides a module of the same name from the rest of the program.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

from longshore.errors import LoadError
from longshore.handlers.application import PACKAGE, Application, bind, configure
from longshore.handlers.older import answer_to_older_names
from longshore.processes.own_log import kept_log
from longshore.settings import Settings

_IMPORT_MACHINERY = ("<frozen importlib", str(Path(importlib.__file__).parent), __file__)


def load_declarations(settings: Settings, application: Application | None = None) -> None:
    """Load handlers and task modules, so that their routes, jobs and Celery tasks are declared in this process.

    :param application: the web server's, which gets the routes; other processes have none, and the routes lead nowhere.
    :raises LoadError: naming the file and line of what cannot be loaded.
    """
    configure(bind(application or Application()), settings)
    with kept_log():
        load_handlers(settings.handlers_dir)
        load_task_modules(settings.task_modules)


def load_handlers(folder: Path) -> list[ModuleType]:
    """Load every ``*.py`` of ``folder`` except ``__init__.py``, in name order; a folder that is not there has none.

    A second call forgets the modules of the first: they may come from another folder, or have changed.

    :raises LoadError: naming the file and line of what cannot be loaded.
    """
    allow_imports_from_here()
    answer_to_older_names()
    _forget_package()
    sys.modules[PACKAGE] = _make_package(folder)
    importlib.invalidate_caches()
    return [_load_handler(path) for path in handler_files(folder)]


def handler_files(folder: Path) -> list[Path]:
    """The files of ``folder`` that are loaded, in that order.

    :raises LoadError: if the folder is none or cannot be read.
    """
    try:
        found = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LoadError(f"HANDLERS_DIR={str(folder)!r} cannot be read: {error.strerror}") from None
    # Editors put hidden files of their own (".#hello.py") beside the one that is open.
    return sorted(
        (path for path in found if path.suffix == ".py" and path.name[0] != "." and path.name != "__init__.py"),
        key=lambda path: path.name,
    )


def load_task_modules(names: Iterable[str]) -> list[ModuleType]:
    """Import the modules whose jobs and Celery tasks the workers carry out.

    :raises LoadError: naming the module, and the file and line of its error.
    """
    allow_imports_from_here()
    return [load_module(name, "TASK_MODULES") for name in names]


def load_module(name: str, variable: str) -> ModuleType:
    """Import the module ``name`` that the setting ``variable`` asks for.

    :raises LoadError: that tells a module that does not exist from one with an error in it.
    """
    try:
        return importlib.import_module(name)
    except LoadError:
        raise
    except (Exception, SystemExit) as error:
        raise LoadError(_reason(error, name, variable)) from error


def allow_imports_from_here() -> None:
    """Let modules of the folder in which the server was started be imported, after everything else."""
    here = str(Path.cwd())
    if "" not in sys.path and here not in sys.path:
        sys.path.append(here)


def describe_failure(error: BaseException) -> str:
    """Where and why loading failed, in a line.

    Such as ``/srv/handlers/a.py, line 3: NameError: name 'x' is not defined``; what is named first is the file that
    was being loaded, then, in brackets, a file that it uses and in which the error came up.
    """
    message = " ".join(str(error).split())
    frames = list(_frames(error))
    # Whoever hooks into imports stands above the module itself.
    file = next((frame.filename for frame in frames if frame.name == "<module>"), None)
    places = [(frame.filename, frame.lineno or 0) for frame in frames]
    if isinstance(error, SyntaxError) and error.filename:
        message = error.msg
        places.append((error.filename, error.lineno or 0))
    what = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if not places:
        return what
    last = places[-1]
    file = file or last[0]
    line = [line for path, line in places if path == file][-1]
    elsewhere = "" if last[0] == file else f" (in {last[0]}, line {last[1]})"
    return f"{file}, line {line}: {what}{elsewhere}"


def _make_package(folder: Path) -> ModuleType:
    spec = ModuleSpec(PACKAGE, loader=None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return module_from_spec(spec)


def _forget_package() -> None:
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]


def _load_handler(path: Path) -> ModuleType:
    if "." in path.stem:
        raise LoadError(f"the handler {path} cannot be loaded: a module's name has no dots; rename the file")
    try:
        return importlib.import_module(f"{PACKAGE}.{path.stem}")
    except LoadError:
        raise
    except (Exception, SystemExit) as error:
        failure = describe_failure(error)
        # Without a place it could not even be read.
        failure = failure if failure.startswith(f"{path}, ") else f"{path}: {failure}"
        raise LoadError(f"a handler cannot be loaded: {failure}") from error


def _reason(error: BaseException, name: str, variable: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return (
            f"{variable} names the module {name!r}, and there is no {error.name!r}; modules are looked for in the "
            f"folder where the server was started ({Path.cwd()}), in PYTHONPATH and among the installed packages"
        )
    return f"{variable} names the module {name!r}, which cannot be loaded: {describe_failure(error)}"


def _frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """The calls that led to ``error``, outermost first, without the import machinery's."""
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith(_IMPORT_MACHINERY):
            yield frame
