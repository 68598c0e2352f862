"""The names under which handlers of the older framework ask for what this package has.

``from pyserver.core import app`` finds this module, in two ways: the package ``pyserver`` that is installed with
Longshore leads here, and loading handlers puts this module under that name, so that another installed ``pyserver``
cannot take its place.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

NAME = "pyserver.core"


def __getattr__(name: str) -> Any:
    # Whatever the package offers: what handlers of the older framework use, and what they may come to use.
    package = import_module("longshore")
    if name not in package.__all__:
        raise AttributeError(f"module {NAME!r} has no attribute {name!r}")
    return getattr(package, name)


def answer_to_older_name() -> None:
    """Make ``import pyserver.core`` mean this module in this process, whatever else is installed."""
    package = NAME.partition(".")[0]
    try:
        parent = import_module(package)
    except ImportError:
        parent = sys.modules[package] = ModuleType(package)
        parent.__path__ = []
    here = sys.modules[__name__]
    sys.modules[NAME] = here
    parent.core = here  # type: ignore[attr-defined]
