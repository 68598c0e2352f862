"""The addresses at which machines ask how the server is; apart, since the web server's small parent knows them, too."""

from __future__ import annotations

PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by orchestrators, which call a server by whatever address it has there."""

STATE = PROBES | {"/diagnostic", "/metrics"}
"""Answered also when everything else is busy, and counted against no limit: each is asked all day, at its own pace."""
