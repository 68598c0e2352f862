"""Functions whose source goes into scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Definition = TypeVar("Definition", bound="Callable[..., Any]")

PORTABLE: dict[str, Callable[..., Any]] = {}
"""By name; a script that uses the name gets the source."""


def portable(function: Definition) -> Definition:
    """Decorator: the function (or class) may be called by its name in an operation's code.

    It may use what its module imports from Python's library and from Polars, and other functions and constants of
    this project that keep to the same rule; all of them go into the script with it.

    :raises ValueError: when another function of this name is portable already.
    """
    if function.__name__ in PORTABLE:
        raise ValueError(f"two portable functions are called {function.__name__}")
    PORTABLE[function.__name__] = function
    return function
