"""Real servers for results: started by the tests, stopped and started again in the middle of one."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from longshore.errors import SettingsError
from longshore.supervision.broker import find_binary
from support.postgres import Postgres, _tool
from support.waiting import eventually

READY_SECONDS = 30


class Server:
    """A server that can be away for a while; ``url`` names a place of its own on it for each test."""

    def url(self) -> str:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class ProcessServer(Server):
    """One that is a child process of the tests.

    :param command: makes the words that start it on a TCP port.
    """

    def __init__(self, command: Callable[[int], list[str]], log: Path) -> None:
        self.port = free_port()
        self.command = command(self.port)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is not None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd=self.log.parent, start_new_session=True
            )
        eventually(self._answers, READY_SECONDS, f"start of {self.command[0]}; its log: {self.log.read_text()}")

    def _answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()  # it has no time to write anything out
            self.process.wait(READY_SECONDS)
            self.process = None


class RedisServer(ProcessServer):
    """Redis or Valkey that keeps its data over a restart."""

    def __init__(self, folder: Path, binary: Path) -> None:
        def command(port: int) -> list[str]:
            options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
            return [str(binary), *options, "--appendonly", "yes", "--appendfsync", "always"]

        super().__init__(command, folder / "redis.log")

    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class NxServer(ProcessServer):
    """MongoDB's wire protocol over SQLite files (the package nx-27017)."""

    def __init__(self, folder: Path) -> None:
        def command(port: int) -> list[str]:
            run = "from nx_27017.nx_27017 import main; main()"
            places = [
                "--data-dir",
                str(folder),
                "--pid-file",
                str(folder / "pid"),
                "--log-file",
                str(folder / "nx.log"),
            ]
            return [sys.executable, "-c", run, "--port", str(port), *places]

        super().__init__(command, folder / "output.log")

    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/t{uuid.uuid4().hex}"


class PostgresServer(Server):
    """A PostgreSQL that is already running."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres

    def url(self) -> str:
        return self.postgres.database()

    def start(self) -> None:
        folder = self.postgres.folder
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        self._control("-l", f"{folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def _control(self, *words: str) -> None:
        self.postgres._run(str(_tool("pg_ctl")), "-D", f"{self.postgres.folder}/data", "-w", *words)


class GivenMongo(Server):
    """The MongoDB that ``MONGODB_URL`` names; it is not ours to stop."""

    def url(self) -> str:
        given = os.environ["MONGODB_URL"]
        base, mark, options = given.partition("?")
        return f"{base.rstrip('/')}/t{uuid.uuid4().hex}{mark}{options}"


def why_no_nx() -> str:
    """Why there is no server of MongoDB's protocol here; "" if there is one."""
    return "" if importlib.util.find_spec("nx_27017") else "nx-27017 is not installed"


def redis_binary() -> Path | None:
    """The server that comes with the project, or an installed one."""
    try:
        return find_binary()
    except SettingsError:
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mongo_database(url: str) -> Any:
    """pymongo's own view of the database that ``url`` names."""
    import pymongo

    return pymongo.MongoClient(url, tz_aware=True).get_default_database()
