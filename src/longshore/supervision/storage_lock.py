"""One owner for each storage folder: ``server.lock``, held by the supervisor and inherited by its children.

The lock belongs to the open file, not to a process, so it is free only when the supervisor and all its children
have ended. The file says who the owner is, as JSON: ``{"pid": 4711, "address": "http://127.0.0.1:5000",
"place": "903aad75ac0897e2"}``.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from longshore.state.leases import place

LOCK_NAME = "server.lock"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Owner:
    """Who serves a storage folder: ``pid`` of the supervisor, ``address`` once it listens.

    :param place: where that process number means something, see :func:`longshore.state.leases.place`.
    """

    pid: int
    address: str | None = None
    place: str = field(default_factory=place)

    def is_alive(self) -> bool:
        """Whether the supervisor itself still runs, or may: of one in another container nobody knows."""
        if not self.place or self.place != place():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class StorageTakenError(Exception):
    """Another server holds the storage folder; the message is a sentence for a person."""


class StorageLock:
    """The lock on one storage folder, taken when made.

    :param folder: the storage folder, which exists.
    :param patience_seconds: how long to wait for the children of an owner that died.
    :param on_orphans: called once before that wait.
    :raises StorageTakenError: when another server holds it.
    """

    def __init__(
        self, folder: Path, patience_seconds: float = 15, on_orphans: Callable[[], None] = lambda: None
    ) -> None:
        self.folder = folder
        self.fileno = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(patience_seconds, on_orphans)
        except BaseException:
            os.close(self.fileno)
            raise
        self.name_owner(Owner(os.getpid()))

    def name_owner(self, owner: Owner) -> None:
        """Write who serves; in place, because a renamed file would leave the lock on the old one."""
        content = json.dumps({"pid": owner.pid, "address": owner.address, "place": owner.place}).encode()
        os.pwrite(self.fileno, content, 0)
        os.ftruncate(self.fileno, len(content))

    def release(self) -> None:
        """Forget the owner and let go; the file stays, since removing it would race with the next server."""
        os.ftruncate(self.fileno, 0)
        os.close(self.fileno)

    def __enter__(self) -> StorageLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, patience_seconds: float, on_orphans: Callable[[], None]) -> None:
        if self._try():
            return
        owner = read_owner(self.folder)
        if owner is not None and not owner.is_alive():
            on_orphans()
            deadline = time.monotonic() + patience_seconds
            while time.monotonic() < deadline:
                if self._try():
                    return
                time.sleep(POLL_SECONDS)
            raise StorageTakenError(
                f"{self.folder} is still held by processes that server {owner.pid} left behind;"
                " end them and start again"
            )
        raise StorageTakenError(_already_served(self.folder, owner))

    def _try(self) -> bool:
        try:
            fcntl.flock(self.fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def read_owner(folder: Path) -> Owner | None:
    """Who serves ``folder``, as far as its lock file says; None if nobody does or it is being written."""
    try:
        content = json.loads((folder / LOCK_NAME).read_text())
        return Owner(int(content["pid"]), content["address"], str(content.get("place", "")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _already_served(folder: Path, owner: Owner | None) -> str:
    if owner is None:
        return f"{folder} is already served by another process that is just starting or ending"
    where = f"at {owner.address}" if owner.address else "which is just starting"
    return f"{folder} is already served by process {owner.pid} {where}"
