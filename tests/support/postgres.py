"""A PostgreSQL of the tests' own, on a Unix socket, gone with the test run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from support.memory import memory_folder


def why_not() -> str:
    """Why there can be no PostgreSQL on this machine; "" if there can."""
    if not (_tool("initdb") and _tool("pg_ctl")):
        return "PostgreSQL is not installed"
    return "" if importlib.util.find_spec("psycopg") else "psycopg is not installed"


def _tool(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))


class Postgres:
    """A running server; each :meth:`database` is a fresh one on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None

    def _run(self, *words: str) -> None:
        subprocess.run(
            words, check=True, user=self._user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    def start(self) -> None:
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run(str(_tool("initdb")), "-D", f"{self.folder}/data", "-A", "trust", "-U", "tests", "-E", "UTF8", "-N")
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        log = f"{self.folder}/log"
        self._run(str(_tool("pg_ctl")), "-D", f"{self.folder}/data", "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run(str(_tool("pg_ctl")), "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    def database(self, template: str = "template1") -> str:
        """SQLAlchemy URL of a new database: an empty one, or a copy of one that nobody is connected to."""
        import psycopg

        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(f"host={self.folder} user=tests dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
        return f"postgresql+psycopg://tests@/{name}?host={quote(str(self.folder), safe='')}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start one, and stop it at the end."""
    # Unix sockets have short paths; pytest's folders are too deep for them. It syncs nothing, so memory will do.
    with tempfile.TemporaryDirectory(prefix="pg-", dir=memory_folder(), ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
