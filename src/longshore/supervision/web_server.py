"""The web server: gunicorn with one process and many threads.

One process, because Engine.IO keeps its state in memory; threads, because they were the fastest of what was measured
(docs: "Server stack"). gunicorn's own parent stays small: the application is imported only in the serving process.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError, HaltServer
from gunicorn.glogging import Logger

from longshore.errors import LoadError, SettingsError
from longshore.processes.loading import loading
from longshore.processes.logs import make_handler
from longshore.processes.parent_death import exit_with_parent, exit_with_supervisor
from longshore.settings import Settings
from longshore.supervision.connections import LanesWorker, most_connections, raise_file_limit

GRACE_SECONDS = 3
# Longer than the idle times of common proxies, so that they close first and never send into a closing connection.
KEEPALIVE_SECONDS = 75
# The supervisor says the first, and why the application could not be loaded stands above the others.
KNOWN_ALREADY = ("was sent SIGTERM", "exited with code 4", "Shutting down: Master", "Reason: App failed to load")


class DiscreetLogger(Logger):  # type: ignore[misc]
    """gunicorn's log entries in our format, in which session ids are cut: its messages contain request paths."""

    def setup(self, cfg: Any) -> None:
        """Replace the handlers that gunicorn makes."""
        super().setup(cfg)
        self.error_log.handlers[:] = [make_handler()]
        # Of no use to whoever runs the server.
        self.error_log.addFilter(_is_news)


class QuickArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's parent, which ends together with its process; the library's looks ten times a second."""

    def stop(self, graceful: bool = True) -> None:
        """Stop the serving process."""
        if graceful:
            self.kill_workers(signal.SIGTERM)
            self._wait_for_workers(time.monotonic() + self.cfg.graceful_timeout)
        super().stop(graceful)

    def _wait_for_workers(self, deadline: float) -> None:
        """Until they ended, their time is over, or somebody is impatient."""
        while self.WORKERS:
            try:
                number = self.SIG_QUEUE.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                self.kill_workers(signal.SIGKILL)
                return
            if number in (signal.SIGINT, signal.SIGQUIT):
                self.SIG_QUEUE.put_nowait(number)
                return
            self.reap_workers()


class WebServer(BaseApplication):  # type: ignore[misc]
    """gunicorn on a socket that is listening already.

    :param listener: file descriptor of that socket.
    :param lifeline: pipe that closes when the supervisor ends.
    """

    def __init__(self, settings: Settings, listener: int, lifeline: int | None) -> None:
        self.settings = settings
        self.listener = listener
        self.lifeline = lifeline
        self._outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings."""
        chosen = {
            "bind": f"fd://{self.listener}",
            "worker_class": type("LanesWorker", (LanesWorker,), {"open_sockets": self.settings.web_sockets}),
            "workers": 1,
            "threads": self.settings.web_threads,
            "worker_connections": most_connections(),
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": KEEPALIVE_SECONDS,
            # A thread may take as long as its request; a stuck process is told by /diagnostic instead.
            "timeout": 0,
            "control_socket_disable": True,
            "proc_name": "longshore",
            "loglevel": self.settings.log_level.lower(),
            "logger_class": DiscreetLogger,
            "accesslog": None,
            # It would believe what any client on this machine says about TLS; TRUSTED_PROXIES says whom we believe.
            "forwarded_allow_ips": "",
            "worker_tmp_dir": _memory_folder(),
            "post_fork": self._after_fork,
            "when_ready": self._hang_up_as_asked,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until told to stop."""
        QuickArbiter(self).run()

    def load(self) -> Any:
        """The application, made in the serving process; a part that cannot be loaded ends it with a sentence."""
        with loading():
            from longshore.server.application import create_app

            try:
                return create_app(self.settings)
            except (LoadError, SettingsError) as error:
                raise AppImportError(f"longshore: {error}") from error

    def _hang_up_as_asked(self, arbiter: Any) -> None:
        """gunicorn would load itself anew when the terminal closes; it ends, or stays where it was told to (nohup)."""
        ends = signal.SIG_IGN if self._outlives_terminal else lambda *_: arbiter.signal(signal.SIGTERM, None)
        signal.signal(signal.SIGHUP, ends)

    def _after_fork(self, _arbiter: Any, _worker: Any) -> None:
        exit_with_parent()


def run_web(settings: Settings, listener: int, lifeline: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT; does not return."""
    exit_with_supervisor(lifeline)
    raise_file_limit()
    try:
        WebServer(settings, listener, lifeline).run()
    except HaltServer as halt:  # told to stop while its process failed to start, which it has logged
        sys.exit(halt.exit_status)


def _memory_folder() -> str | None:
    """A folder in memory for gunicorn's heartbeat file, which it touches all the time."""
    folder = Path("/dev/shm")  # noqa: S108 - gunicorn makes an unlinked file of its own there
    return str(folder) if folder.is_dir() else None


def _is_news(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return not any(known in message for known in KNOWN_ALREADY)
