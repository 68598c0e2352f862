"""Asking, from beside it, whether this machine's own part is well: what containers and orchestrators run as a command.

The web server is asked over HTTP. A worker has no port: it is asked for where the diagnosis looks, on the broker.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable

import redis

from longshore.processes.heartbeat import PLACE_DIGITS, connect, living_workers
from longshore.settings import Settings, reachable_host
from longshore.state.leases import place

LIMIT_SECONDS = 5.0


class UnwellError(Exception):
    """The part is not well; the message is a sentence for a person."""


def check_web(settings: Settings, limit_seconds: float = LIMIT_SECONDS) -> str:
    """Ask the web server of ``BIND_INTERFACE`` and ``PORT`` on this machine for ``/diagnostic``.

    :return: its message.
    :raises UnwellError: when it does not answer, or says that something is wrong.
    """
    host = reachable_host(settings.bind_interface)
    connection = http.client.HTTPConnection(host, settings.port, timeout=limit_seconds)
    try:
        # By the one name that every server goes by.
        connection.request("GET", "/diagnostic", headers={"Host": "localhost", "Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(65536)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnwellError(f"no answer from http://{host}:{settings.port}: {reason}") from error
    finally:
        connection.close()
    message = _message(body)
    if answer.status != http.client.OK:
        raise UnwellError(message or f"GET /diagnostic was answered with {answer.status}")
    return message


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return ""


def check_worker(settings: Settings, queues: Iterable[str], limit_seconds: float = LIMIT_SECONDS) -> str:
    """Look whether workers that run where this process runs serve ``queues``.

    A broker that is away is no fault of the worker's, and starting it again would not help: then nothing is said
    against it. The web server's diagnosis tells of the broker.

    :return: a sentence.
    :raises UnwellError: when one of the queues is served by no worker of this place.
    """
    missing = set(queues)
    if settings.redis_url is None:
        return _check_on_rabbitmq(settings, limit_seconds)
    try:
        with connect(settings.redis_url, limit_seconds) as client:
            living = living_workers(client)
    except redis.RedisError as error:
        return _broker_is_away(error)
    for name, alive in living.items():
        host, _, where = name.split(":", 2) if name.count(":") == 2 else (name, "", "")
        if (host, where) == (socket.gethostname(), place()[:PLACE_DIGITS]):
            missing -= alive.queues or frozenset()
    if missing:
        raise UnwellError(f"no worker here serves {', '.join(sorted(missing))}")
    return "each queue has a worker here"


def _check_on_rabbitmq(settings: Settings, limit_seconds: float) -> str:
    """Ask the workers of this place by a broadcast; which queues they serve their names do not tell."""
    from longshore.processes.message_queue import broker_errors
    from longshore.queues.celery_app import make_celery

    pattern = f"*-{place()[:PLACE_DIGITS]}@{socket.gethostname()}"
    app = make_celery(settings)
    try:
        replies = app.control.broadcast(
            "ping", reply=True, timeout=limit_seconds * 0.6, limit=1, pattern=pattern, matcher="glob"
        )
    except broker_errors(app.connection_for_write()) as error:
        return _broker_is_away(error)
    if not replies:
        raise UnwellError("no worker answers here")
    return "a worker answers here"


def _broker_is_away(error: Exception) -> str:
    return f"the broker is away ({type(error).__name__}), so that nobody can tell"
