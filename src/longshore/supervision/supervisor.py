"""``longshore serve``: starts broker, worker and web server, keeps them running, and stops them in order.

How it keeps them running is in ``process_manager.py``.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from longshore.settings import Settings, reachable_host
from longshore.supervision.broker import answers, forget_socket, log_path, make_broker, prepare_broker, shut_down_stale
from longshore.supervision.child_process import Child, describe_exit
from longshore.supervision.listener import address_of, open_listener
from longshore.supervision.permissions import make_chosen_folders, warn_of_open_folders
from longshore.supervision.process_manager import ProcessManager, StartError, StopRequested, part
from longshore.supervision.readiness import ReadinessProbe
from longshore.supervision.reload import SourceWatcher
from longshore.supervision.restore_mark import require_restored
from longshore.supervision.storage_lock import Owner, StorageLock
from longshore.supervision.worker_pool import Workers

log = logging.getLogger(__name__)

BROKER_SECONDS = 60
MIGRATION_SECONDS = 600
WEB_STOP_SECONDS = 6
COMPLAIN_SECONDS = 15


class Supervisor(ProcessManager):
    """Runs one server on one storage folder.

    :param announce: called with the address once the server is ready.
    :param reload: whether to restart web server and worker when source files change.
    """

    def __init__(self, settings: Settings, announce: Callable[[str], None], *, reload: bool = False) -> None:
        super().__init__()
        self.settings = settings
        self.announce = announce
        self.watcher = SourceWatcher([Path(__file__).parents[1], settings.handlers_dir]) if reload else None
        self.probe: ReadinessProbe | None = None

    def run(self) -> int:
        """Serve until a signal ends it; the exit code.

        Each error comes before anything runs, or after everything was stopped again.

        :raises StorageTakenError: when another server has the storage folder.
        :raises PortTakenError: when another program has the port.
        :raises SettingsError: when a setting turns out to be unusable on this machine.
        :raises StartError: when a part does not start.
        """
        self.settings.root_storage_path.mkdir(parents=True, exist_ok=True)
        make_chosen_folders(self.settings)
        warn_of_open_folders(self.settings)
        with ExitStack() as stack:
            stack.enter_context(self.signals())
            # A fork with the lock open inherits it, so the children are made after this.
            lock = stack.enter_context(
                StorageLock(self.settings.root_storage_path, on_orphans=lambda: shut_down_stale(self.settings))
            )
            listener = stack.enter_context(open_listener(self.settings))
            lifeline, our_end = os.pipe()
            stack.callback(os.close, our_end)
            stack.callback(os.close, lifeline)
            lock.name_owner(Owner(os.getpid(), address_of(listener)))
            require_restored(self.settings)
            try:
                self._start(listener, lifeline, lock.fileno)
                self._watch_over(address_of(listener))
            except StopRequested:
                log.info("stopped while starting")
            finally:
                self._stop()
        return self.exit_code

    # -- starting

    def _start(self, listener: socket.socket, lifeline: int, lock: int) -> None:
        held = (lock, lifeline)
        port = str(listener.getsockname()[1])
        environment = self.settings.child_environment(PORT=port)
        options = ["--lifeline", str(lifeline)]
        migration = Child("migration", part("migrate", *options), environment, held)
        workers = Workers(self, self.settings, environment, options=options, inherited=held)
        web = Child(
            "web server",
            part("web", *options, "--listener", str(listener.fileno())),
            environment,
            (*held, listener.fileno()),
            stop_seconds=WEB_STOP_SECONDS,
        )
        self.start_child(migration)
        workers.ask_for_queues()
        if self.settings.broker_url is None:
            self._start_broker(held)
        code = self.finish_child(migration, MIGRATION_SECONDS, "the database migration did not come to an end")
        if code != 0:
            raise StartError(f"the database migration {describe_exit(code)}; the reason stands above")
        workers.start()
        self.start_child(web)
        host, number = listener.getsockname()[:2]
        self.probe = ReadinessProbe(self.selector, (reachable_host(host), number), listener.family)

    def _start_broker(self, held: tuple[int, ...]) -> None:
        path = prepare_broker(self.settings)
        log_path(self.settings).unlink(missing_ok=True)
        broker = make_broker(self.settings, path, held)
        self.start_child(broker)

        def ready() -> bool:
            if (code := broker.has_ended()) is not None:
                raise StartError(f"the embedded broker {describe_exit(code)}: {self._last_words()}")
            return answers(path)

        self.wait_for(ready, BROKER_SECONDS, "the embedded broker did not become ready")

    def _last_words(self) -> str:
        try:
            lines = log_path(self.settings).read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return "it left no message"
        return lines[-1] if lines else "it left no message"

    # -- running

    def _watch_over(self, address: str) -> None:
        complain_at = time.monotonic() + COMPLAIN_SECONDS
        while not self.stop_requests:
            self.look_after_children()
            if self.probe is not None and self.probe.step():
                self.probe = None
                self.announce(address)
            elif self.probe is not None and time.monotonic() > complain_at:
                complain_at = time.monotonic() + COMPLAIN_SECONDS
                log.warning("not ready yet: %s", self.probe.last_message)
            if self.watcher is not None and self.watcher.changed():
                self._restart_for_new_source()
            self.sleep(self.patience())

    def on_end(self, child: Child, code: int) -> None:
        """Start it again, unless it never could start."""
        if self.probe is not None and code > 0 and self.watcher is None:
            # Not yet ready and ended by itself: trying again would only repeat the message.
            raise StartError(f"the {child.name} {describe_exit(code)} while it started; the reason stands above")
        super().on_end(child, code)

    def _restart_for_new_source(self) -> None:
        log.warning("source files changed; restarting")
        for child in self.children:
            if child.name != "broker":
                child.kill()
                child.start()

    def patience(self) -> float:
        """Shorter while there is something to look at."""
        if self.probe is not None:
            return 0.05
        return min(super().patience(), 0.5) if self.watcher is not None else super().patience()

    def _stop(self) -> None:
        """Web server, workers and broker, in this order."""
        if self.probe is not None:
            self.probe.close()
        self.stop_children()
        if self.settings.broker_url is None:
            forget_socket(self.settings)
        self.selector.close()
