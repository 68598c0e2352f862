"""Jobs that leave something behind in their process."""

from __future__ import annotations

import atexit
import functools
import json
import locale
import logging
import os
import random
import resource
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from longshore import links
from longshore.jobs.declaring import job

KEPT: list[Any] = []
SETTINGS: dict[str, dict[str, int]] = {"inner": {"a": 1}}
VALUE = 1


class Model:
    """Of the deployer's."""

    shared: list[int] = []  # noqa: RUF012 - as people write it

    def __init__(self) -> None:
        self.fitted = False


MODEL = Model()


@functools.lru_cache
def cached(number: int) -> int:
    """Remembers."""
    return number


def _rebind() -> None:
    global VALUE
    VALUE = 2


def _ignore_everything(*_: Any, **__: Any) -> str:
    return '"tainted"'


LEFT: dict[str, Callable[[], Any]] = {
    "memory": lambda: KEPT.append(b"x" * (170 * 2**20)),
    "a list": lambda: KEPT.append(1),
    "a dictionary in a dictionary": lambda: SETTINGS["inner"].update(a=2),
    "a variable": _rebind,
    "an object": lambda: setattr(MODEL, "fitted", True),
    "a class": lambda: Model.shared.append(1),
    "a cache": lambda: cached(1),
    "a default": lambda: _with_default(1),
    "another module": lambda: setattr(json, "dumps", _ignore_everything),
    "a thread": lambda: threading.Thread(target=time.sleep, args=(100,), daemon=True).start(),
    "a descriptor": lambda: os.open(os.devnull, os.O_RDONLY),
    "a niceness": lambda: os.nice(1),
    "a limit": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (250, 250)),
    "a signal handler": lambda: signal.signal(signal.SIGUSR1, _ignore_everything),
    "an ignored signal": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    "a log level": lambda: logging.getLogger().setLevel(1),
    "a log handler": lambda: logging.getLogger().addHandler(logging.NullHandler()),
    "a disabled logger": lambda: logging.disable(logging.CRITICAL),
    "a call at the end": lambda: atexit.register(print),
}
"""What cannot be put back."""


def _with_default(number: int, numbers: list[int] = []) -> list[int]:  # noqa: B006 - as people write it
    numbers.append(number)
    return numbers


def _chdir() -> None:
    os.chdir("/")


CHANGED: dict[str, Callable[[], Any]] = {
    "folder": _chdir,
    "environment": lambda: os.environ.update(SECRET_OF_A_JOB="s3cret"),
    "a variable of the environment": lambda: os.environ.pop("PATH"),
    "umask": lambda: os.umask(0o777),
    "recursion limit": lambda: sys.setrecursionlimit(500),
    "path": lambda: sys.path.insert(0, "/nowhere"),
    "warnings": lambda: warnings.simplefilter("ignore"),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "hook": lambda: setattr(sys, "excepthook", _ignore_everything),
    "blocked signals": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2}),
    "random numbers": lambda: random.seed(1),
}
"""What can be put back."""


@job("leaves")
def leaves(what: str) -> int:
    """Leave something; says in which process."""
    (LEFT | CHANGED)[what]()
    return os.getpid()


@job("surroundings")
def surroundings() -> dict[str, Any]:
    """What a job finds."""
    mask = os.umask(0o22)
    os.umask(mask)
    return {
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": sorted(os.environ),
        "umask": mask,
        "recursion limit": sys.getrecursionlimit(),
        "path": sys.path,
        "warnings": repr(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "hook": sys.excepthook.__name__,
        "blocked signals": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    }


@job("draws")
def draws() -> float:
    """A random number."""
    return random.random()


@job("imports")
def imports() -> int:
    """Import something that was not loaded before."""
    import xml.dom.minidom

    return len(xml.dom.minidom.parseString("<a/>").childNodes)


@job("takes", memory=2**29)
def takes(mebibytes: int) -> int:
    """Take memory, and give it back."""
    return len(b"x" * (mebibytes * 2**20))


@job("small", memory=150 * 2**20)
def small() -> int:
    """Take little memory."""
    return os.getpid()


@job("always_fresh", fresh=True)
def always_fresh() -> int:
    """Run in a process of its own."""
    return os.getpid()


@job("hands_out", result_ttl=3)
def hands_out(folder: str, text: str = "a,b", one_time: bool | None = None) -> dict[str, Any]:
    """Make a file and hand it out; fails without text."""
    path = Path(folder) / "out.csv"
    path.write_text(text)
    address = links.register(path, one_time_service=one_time)
    (Path(folder) / "address").write_text(address)
    if not text:
        raise ValueError("an empty file")
    return {"file": address, "process": os.getpid()}


@job("prints_and_waits")
def prints_and_waits() -> None:
    """Leave a thread that prints what is nobody else's business."""

    def chatter() -> None:
        while True:
            print("of the other job", flush=True)
            time.sleep(0.01)

    threading.Thread(target=chatter, daemon=True).start()
