"""The web server's listening socket, opened by the supervisor and inherited by the web process.

So a taken port is known before anything starts, PORT=0 is decided once, and while the web process is being restarted
its clients wait in the queue instead of being refused.
"""

from __future__ import annotations

import errno
import socket

from longshore.access.bind_policy import require_protection
from longshore.errors import SettingsError
from longshore.settings import Settings, url_of

BACKLOG = 1024


class PortTakenError(Exception):
    """Another program listens there; the message is a sentence for a person."""


def open_listener(settings: Settings) -> socket.socket:
    """Listen on ``BIND_INTERFACE`` and ``PORT``.

    :raises PortTakenError: when another program has the port.
    :raises SettingsError: when this machine has no such address, the port needs more rights, or the server would be
        open to other machines without anybody having said so.
    """
    family, address = _resolve(settings)
    require_protection(settings, address[0])
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _explain(error, settings) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server, such as ``http://127.0.0.1:5000``."""
    host, port = listener.getsockname()[:2]
    return url_of(host, port)


def _resolve(settings: Settings) -> tuple[int, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(
            settings.bind_interface, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise SettingsError(
            f"BIND_INTERFACE={settings.bind_interface!r} cannot be used:"
            " it is neither an IP address nor a known host name"
        ) from None
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _explain(error: OSError, settings: Settings) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"port {settings.port} of {settings.bind_interface} is in use by another program;"
            " end it, or choose another port with PORT or --port"
        )
    if error.errno == errno.EACCES:
        return SettingsError(
            f"PORT={settings.port} cannot be used: ports below 1024 need more rights than this user has"
        )
    return SettingsError(
        f"BIND_INTERFACE={settings.bind_interface!r} cannot be used:"
        f" this machine has no such address ({error.strerror})"
    )
