"""A RabbitMQ of the tests' own, with all its files in one folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.waiting import eventually

START_SECONDS = 60
PLACES = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
    "/opt/homebrew/sbin/rabbitmq-server",
)


def find_rabbitmq() -> str | None:
    """The program itself; the one on the search path of Debian is a wrapper that needs its own user."""
    return next((place for place in PLACES if Path(place).exists()), None) or shutil.which("rabbitmq-server")


def why_not() -> str | None:
    """Why there can be none here, or None."""
    return None if find_rabbitmq() and shutil.which("epmd") else "RabbitMQ is not installed"


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[str]:
    """Start one; its URL."""
    port, distribution, names = (_free_port() for _ in range(3))
    environment = os.environ | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "ERL_EPMD_PORT": str(names),
    }
    (folder / "plugins").write_text("[].\n")
    # Erlang's directory of names, which otherwise stays for ever.
    directory = subprocess.Popen(["epmd"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen(
            [find_rabbitmq() or ""], env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        eventually(lambda: _answers(port), START_SECONDS, "an answer of RabbitMQ")
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        os.killpg(server.pid, 9)
        server.wait()
        directory.kill()
        directory.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.settimeout(2)
        connection.sendall(b"AMQP\x00\x00\x09\x01")
        return bool(connection.recv(8))
