"""Longshore: a data server that takes tables in, works them, keeps them, and sends them out again.

The names here are imported on first use, so that ``import longshore`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.client import Client
    from longshore.server.application import create_app
    from longshore.server.worker import celery

_HOMES = {
    "Client": "longshore.client",
    "celery": "longshore.server.worker",
    "create_app": "longshore.server.application",
}

__all__ = ["Client", "celery", "create_app"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'longshore' has no attribute {name!r}")
    return getattr(import_module(home), name)
