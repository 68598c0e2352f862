"""Errors as WSGI answers, for what stands before the application and its error handlers."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from longshore.errors import RETRY_SECONDS, LongshoreError, Unavailable


def refusal_body(error: LongshoreError) -> bytes:
    """An error as every failed answer has it, in JSON."""
    return json.dumps({"success": False, **error.to_wire()}).encode()


def refuse(start_response: Any, error: LongshoreError) -> list[bytes]:
    """Answer with an error."""
    body = refusal_body(error)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if isinstance(error, Unavailable):
        headers.append(("Retry-After", str(RETRY_SECONDS)))
    start_response(f"{error.status} {HTTPStatus(error.status).phrase}", headers)
    return [body]
