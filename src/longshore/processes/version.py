"""The version of the installed package."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def app_version() -> str:
    """The installed version, such as ``0.1.0``; ``0+unknown`` in a source tree that was not installed."""
    try:
        return version("longshore")
    except PackageNotFoundError:
        return "0+unknown"
