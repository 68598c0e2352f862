"""A small WSGI application behind the web server's own worker, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVING = """
    from gunicorn.app.base import BaseApplication
    from longshore.supervision.connections import LanesWorker

    class Server(BaseApplication):
        def load_config(self):
            worker = type("Worker", (LanesWorker,), {"open_sockets": MAX_SOCKETS})
            chosen = {"bind": "127.0.0.1:0", "worker_class": worker, "threads": 2, "loglevel": "error",
                      "graceful_timeout": 1, "control_socket_disable": True, "timeout": 0, "when_ready": ready}
            for name, value in chosen.items():
                self.cfg.set(name, value)

        def load(self):
            return application

    def ready(arbiter):
        print(arbiter.LISTENERS[0].getsockname()[1], flush=True)

    Server().run()
"""


@contextmanager
def serving(program: str, folder: Path) -> Iterator[int]:
    """The port on which what ``program`` calls ``application`` is served, for ``MAX_SOCKETS`` sockets."""
    code = textwrap.dedent(program) + textwrap.dedent(_SERVING)
    log = (folder / "server.log").open("wb")
    with log, subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "server.log").read_text()
            yield int(line)
        finally:
            process.kill()
