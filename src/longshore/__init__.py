"""Longshore: a data server that takes tables in, works them, keeps them, and sends them out again.

The names here are imported on first use, so that ``import longshore`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.client import Client
    from longshore.handlers.application import app
    from longshore.jobs.declaring import job
    from longshore.server.application import create_app
    from longshore.server.celery_app import celery

_HOMES = {
    "Client": "longshore.client",
    "app": "longshore.handlers.application",
    "celery": "longshore.server.celery_app",
    "create_app": "longshore.server.application",
    "job": "longshore.jobs.declaring",
}

__all__ = ["Client", "app", "celery", "create_app", "job"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'longshore' has no attribute {name!r}")
    return getattr(import_module(home), name)
