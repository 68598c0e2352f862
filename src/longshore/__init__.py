"""Longshore: a data server that takes tables in, works them, keeps them, and sends them out again.

The names here are imported on first use, so that ``import longshore`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longshore.client import Client
    from longshore.delivery.current import links
    from longshore.handlers.application import app
    from longshore.handlers.caching import cache_my_response
    from longshore.handlers.local_events import emit_local_message
    from longshore.jobs.declaring import job
    from longshore.queues.celery_app import celery
    from longshore.server.application import create_app
    from longshore.web.jsonp import make_my_response_json

_HOMES = {
    "Client": "longshore.client",
    "app": "longshore.handlers.application",
    "cache_my_response": "longshore.handlers.caching",
    "celery": "longshore.queues.celery_app",
    "create_app": "longshore.server.application",
    "emit_local_message": "longshore.handlers.local_events",
    "job": "longshore.jobs.declaring",
    "links": "longshore.delivery.current",
    "make_my_response_json": "longshore.web.jsonp",
}

__all__ = [
    "Client",
    "app",
    "cache_my_response",
    "celery",
    "create_app",
    "emit_local_message",
    "job",
    "links",
    "make_my_response_json",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'longshore' has no attribute {name!r}")
    return getattr(import_module(home), name)
