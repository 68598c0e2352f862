"""``longshore serve``: starts broker, worker and web server, keeps them running, and stops them in order.

It is one thread around one selector, and imports none of what its children need, so that it starts at once, stays
small, and may fork safely.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from longshore.server.broker import answers, forget_socket, log_path, make_broker, prepare_broker, shut_down_stale
from longshore.server.children import Child, describe_exit
from longshore.server.listener import address_of, open_listener
from longshore.server.lock import Owner, StorageLock
from longshore.server.readiness import ReadinessProbe
from longshore.server.reload import SourceWatcher
from longshore.settings import Settings

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
BROKER_SECONDS = 60
MIGRATION_SECONDS = 600
WEB_STOP_SECONDS = 6
COMPLAIN_SECONDS = 15
IDLE_SECONDS = 30


class StartError(Exception):
    """A part did not start; the message is a sentence for a person."""


class StopRequested(Exception):
    """A stop was asked for while the server was still starting."""


class Supervisor:
    """Runs one server on one storage folder.

    :param announce: called with the address once the server is ready.
    :param reload: whether to restart web server and worker when source files change.
    """

    def __init__(self, settings: Settings, announce: Callable[[str], None], *, reload: bool = False) -> None:
        self.settings = settings
        self.announce = announce
        self.watcher = SourceWatcher([Path(__file__).parents[1], settings.handlers_dir]) if reload else None
        self.selector = selectors.DefaultSelector()
        self.stop_requests = 0
        self.children: list[Child] = []  # in the order of their start; stopped the other way round
        self.probe: ReadinessProbe | None = None

    def run(self) -> int:
        """Serve until a signal ends it; the exit code.

        Each error comes before anything runs, or after everything was stopped again.

        :raises StorageTakenError: when another server has the storage folder.
        :raises PortTakenError: when another program has the port.
        :raises SettingsError: when a setting turns out to be unusable on this machine.
        :raises StartError: when a part does not start.
        """
        self.settings.root_storage_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as stack:
            stack.enter_context(self._signals())
            # A fork with the lock open inherits it, so the children are made after this.
            lock = stack.enter_context(
                StorageLock(self.settings.root_storage_path, on_orphans=lambda: shut_down_stale(self.settings))
            )
            listener = stack.enter_context(open_listener(self.settings))
            lifeline, our_end = os.pipe()
            stack.callback(os.close, our_end)
            stack.callback(os.close, lifeline)
            lock.name_owner(Owner(os.getpid(), address_of(listener)))
            try:
                self._start(listener, lifeline, lock.fileno)
                self._watch_over(address_of(listener))
            except StopRequested:
                log.info("stopped while starting")
            finally:
                self._stop()
        return 0 if self.stop_requests < 2 else 130

    # -- starting

    def _start(self, listener: socket.socket, lifeline: int, lock: int) -> None:
        held = (lock, lifeline)
        port = str(listener.getsockname()[1])
        environment = self.settings.child_environment(PORT=port)
        options = ["--lifeline", str(lifeline)]
        migration = Child("migration", part("migrate", *options), environment, held)
        worker = Child(
            "worker", part("worker", *options), environment, held, stop_seconds=self.settings.stop_timeout_seconds + 3
        )
        web = Child(
            "web server",
            part("web", *options, "--listener", str(listener.fileno())),
            environment,
            (*held, listener.fileno()),
            stop_seconds=WEB_STOP_SECONDS,
        )
        self._start_child(migration)
        if self.settings.broker_url is None:
            self._start_broker(held)
        self._finish(migration)
        self._start_child(worker)
        self._start_child(web)
        host, number = listener.getsockname()[:2]
        # A wildcard address is no address to connect to.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        self.probe = ReadinessProbe(self.selector, (host, number), listener.family)

    def _start_child(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def _start_broker(self, held: tuple[int, ...]) -> None:
        path = prepare_broker(self.settings)
        log_path(self.settings).unlink(missing_ok=True)
        broker = make_broker(self.settings, path, held)
        self._start_child(broker)

        def ready() -> bool:
            if (code := broker.has_ended()) is not None:
                raise StartError(f"the embedded broker {describe_exit(code)}: {self._last_words()}")
            return answers(path)

        self._wait_for(ready, BROKER_SECONDS, "the embedded broker did not become ready")

    def _finish(self, migration: Child) -> None:
        codes: list[int] = []

        def ended() -> bool:
            code = migration.has_ended()
            codes.extend([] if code is None else [code])
            return code is not None

        self._wait_for(ended, MIGRATION_SECONDS, "the database migration did not come to an end")
        if codes[0] != 0:
            raise StartError(f"the database migration {describe_exit(codes[0])}; the reason stands above")
        self.children.remove(migration)

    def _wait_for(self, happened: Callable[[], bool], seconds: float, failure: str) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            if self.stop_requests:
                raise StopRequested
            if time.monotonic() > deadline:
                raise StartError(f"{failure} within {seconds:g} s")
            self._sleep(0.01)

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
            for child in self.children:
                self._look_after(child)
            if self.probe is not None and self.probe.step():
                self.probe = None
                self.announce(address)
            elif self.probe is not None and time.monotonic() > complain_at:
                complain_at = time.monotonic() + COMPLAIN_SECONDS
                log.warning("not ready yet: %s", self.probe.last_message)
            if self.watcher is not None and self.watcher.changed():
                self._restart_for_new_source()
            self._sleep(self._patience())

    def _look_after(self, child: Child) -> None:
        code = child.has_ended()
        if code is None:
            child.restart_if_due()
        elif self.probe is not None and code > 0 and self.watcher is None:
            # Not yet ready and ended by itself: trying again would only repeat the message.
            raise StartError(f"the {child.name} {describe_exit(code)} while it started; the reason stands above")
        else:
            child.schedule_restart(code)

    def _restart_for_new_source(self) -> None:
        log.warning("source files changed; restarting")
        for child in self.children:
            if child.name != "broker":
                child.kill()
                child.start()

    def _patience(self) -> float:
        """Seconds to sleep, unless a signal or an answer comes first."""
        if self.probe is not None:
            return 0.05
        due = [child.due_at - time.monotonic() for child in self.children if child.due_at is not None]
        if self.watcher is not None:
            due.append(0.5)
        return max(0.0, min([IDLE_SECONDS, *due]))

    # -- stopping

    def _stop(self) -> None:
        """Web server, worker and broker, in this order; at once when asked a second time."""
        if self.probe is not None:
            self.probe.close()
        for child in reversed(self.children):
            child.ask_to_stop()
            deadline = time.monotonic() + child.stop_seconds
            while child.process is not None and child.has_ended() is None:
                if self.stop_requests > 1 or time.monotonic() > deadline:
                    log.warning("%s did not end in time and is killed", child.name)
                    break
                self._sleep(0.1)
            child.kill()
        if self.settings.broker_url is None:
            forget_socket(self.settings)
        self.selector.close()

    # -- waiting

    def _sleep(self, seconds: float) -> None:
        """Sleep until a signal, the end of a child, or an answer to the probe."""
        for key, _ in self.selector.select(seconds):
            if key.data is not None:
                key.data()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        ours, kernels = socket.socketpair()
        ours.setblocking(False)
        kernels.setblocking(False)
        self.selector.register(ours, selectors.EVENT_READ, lambda: ours.recv(4096))
        before = signal.set_wakeup_fd(kernels.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            # nohup ignores SIGHUP for us, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes the selector
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                # This process ends now, and an impatient Ctrl-C must not change its exit code.
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(before)
            ours.close()
            kernels.close()

    def _on_stop(self, *_: object) -> None:
        self.stop_requests += 1


def part(name: str, *options: str) -> list[str]:
    """The command line that starts one part of the server."""
    return [sys.executable, "-m", "longshore", name, *options]
