"""What a job leaves behind in its process, and would be found by the next one, perhaps another user's.

Some of it can be put back exactly, see :class:`Surroundings`. For the rest there is :class:`Baseline`: it remembers the
process as it was before the first job, and names what is different after one; its runner is then replaced. Looking
takes some tenths of a millisecond, as most of it compares by identity, in C.

Not seen are the contents of what C code holds, of arrays, and of objects of installed packages other than those named
here. Modules that a job imports stay, as does what they had when the job was over.
"""

from __future__ import annotations

import atexit
import builtins
import ctypes
import decimal
import functools
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import sysconfig
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from longshore.handlers.application import PACKAGE

GROWTH_BYTES = 24 * 2**20
"""Memory that a process may have gathered beside what modules took that were imported; less is the allocator's."""
MAX_MEMBERS = 1000
"""Larger containers are compared by their length."""
MAX_HOLDERS = 20_000
DEEPEST = 6
SEED_BYTES = 32

logger = logging.getLogger(__name__)

_CODE = (type, FunctionType, type(len), functools.partial)
_libc = ctypes.CDLL(None)


class Surroundings:
    """What a function may change of its process and can be put back as it was."""

    def __init__(self) -> None:
        self.folder = Path.cwd()
        self.streams = sys.stdout, sys.stderr
        # Kept far from the numbers that programs close in a loop.
        import fcntl

        self.saved = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 200) for number in (0, 1, 2)]
        self.environment = _environment().copy()
        self.umask = os.umask(0o22)
        os.umask(self.umask)
        self.path = list(sys.path)
        self.recursion_limit = sys.getrecursionlimit()
        self.locale = locale.setlocale(locale.LC_ALL)
        self.filters = list(warnings.filters)
        self.context = decimal.getcontext().copy()
        self.hooks = {name: getattr(sys, name) for name in ("excepthook", "displayhook", "unraisablehook")}

    def restore(self) -> None:
        """Make it as it was.

        :raises OSError: when that cannot be done.
        """
        for number, saved in enumerate(self.saved):
            os.dup2(saved, number)
        sys.stdout, sys.stderr = self.streams
        if sys.stdout.closed or sys.stderr.closed:
            self.streams = sys.stdout, sys.stderr = open_stream(1), open_stream(2)
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(self.folder)
        os.umask(self.umask)
        if _environment() != self.environment:
            self._restore_environment()
        self._restore_interpreter()

    def _restore_environment(self) -> None:
        for name in [name for name in os.environb if name not in self.environment]:
            del os.environb[name]
        for name, value in self.environment.items():
            os.environb[name] = value

    def _restore_interpreter(self) -> None:
        if sys.path != self.path:
            sys.path[:] = self.path
        if sys.getrecursionlimit() != self.recursion_limit:
            sys.setrecursionlimit(self.recursion_limit)
        if locale.setlocale(locale.LC_ALL) != self.locale:
            locale.setlocale(locale.LC_ALL, self.locale)
        if warnings.filters != self.filters:
            warnings.filters[:] = self.filters  # type: ignore[index]
            warnings._filters_mutated()  # type: ignore[attr-defined]  # its caches know the former ones
        decimal.setcontext(self.context.copy())
        socket.setdefaulttimeout(None)
        for name, hook in self.hooks.items():
            setattr(sys, name, hook)
        sys.settrace(None)
        sys.setprofile(None)
        gc.enable()
        # As in a process of its own, whose numbers nobody foresees; it takes 2,496 bytes of the system for that.
        random.seed(int.from_bytes(os.urandom(SEED_BYTES)))
        numpy = sys.modules.get("numpy.random")
        if numpy is not None:
            numpy.seed()


def open_stream(number: int) -> Any:
    """Standard output or error, a line at a time."""
    return open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _environment() -> dict[bytes, bytes]:
    # The mapping beneath: reading all variables through os.environ takes longer than all else here.
    found: dict[bytes, bytes] = os.environb._data  # type: ignore[attr-defined]
    return found


@dataclass
class _Holder:
    """Something of the deployer's that can be changed in place, and what it held."""

    name: str
    read: Callable[[], Any]
    held: Any

    def is_same(self) -> bool:
        try:
            return bool(self.read() == self.held)
        except Exception:  # noqa: BLE001 - what is compared may be of any class
            return False


class Baseline:
    """A process before its first job, and what is different after one."""

    def __init__(self) -> None:
        # What is there stays: the collector need not look at it again, when it is asked what a job left.
        gc.collect()
        gc.freeze()
        self._import = builtins.__import__
        self._importing = False
        self._imported_bytes = 0
        # Those that a function has at hand; it has to import any other, which is noted then. To look at all that are
        # loaded would take longer than a short job.
        self._modules: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        builtins.__import__ = self._watch_import
        own = _own_modules()
        self._holders = list(_holders(own))
        for value in [builtins, sys, *(value for module in own for value in vars(module).values())]:
            self._watch_module(value)
        self._options = _package_options()
        self._process = _process_state()
        self._loggers = _logging_state()
        self._callbacks = _count_callbacks()
        self._files = _open_files()
        status = read_status()
        self._native_threads, self._signals, self._bytes = status.threads, status.signals, status.resident_bytes
        self._frames = set(sys._current_frames())

    def leftovers(self, status: Status) -> list[str]:
        """What the job that has just ended left, in words.

        :param status: of this process since then.
        """
        return [word for word, is_there in self._looks(status) if is_there()]

    def _looks(self, status: Status) -> Iterator[tuple[str, Callable[[], bool]]]:
        yield "a thread", lambda: status.threads != self._native_threads and self._has_new_thread()
        yield "a signal handler", lambda: status.signals != self._signals
        yield "limits, a priority or a user of its process", lambda: _process_state() != self._process
        yield "an open file", self._has_new_file
        yield "the logging configuration", lambda: _logging_state(self._loggers) != self._loggers
        yield "a call at the end", lambda: _count_callbacks() != self._callbacks
        yield "a changed module", self._has_changed_module
        yield "module variables", lambda: not all(holder.is_same() for holder in self._holders)
        yield "options of a package", lambda: _package_options(self._options) != self._options
        yield "memory", lambda: self._has_grown(status.resident_bytes)

    def _has_new_thread(self) -> bool:
        """Threads of Python count; a library's own pool, begun when it was imported, prints into nobody's log."""
        return bool(set(sys._current_frames()) - self._frames)

    def _has_new_file(self) -> bool:
        if _open_files() <= self._files:
            return False
        gc.collect()  # what nothing uses any more may only not have been closed yet
        return not _open_files() <= self._files

    def _has_grown(self, resident_bytes: int) -> bool:
        allowed = self._bytes + self._imported_bytes + GROWTH_BYTES
        if resident_bytes <= allowed:
            return False
        gc.collect()
        if hasattr(_libc, "malloc_trim"):
            _libc.malloc_trim(0)
        return read_status().resident_bytes > allowed

    def _has_changed_module(self) -> bool:
        return any([self._is_changed(name) for name in self._touched()])  # noqa: C419 - each is to be noted

    def _touched(self) -> list[str]:
        """The modules in which any variable is another one than it was."""
        try:
            return [name for name, (space, before) in self._modules.items() if [*space.values()] != before]
        except Exception:  # noqa: BLE001 - values of any class, some of which cannot be compared with another
            return list(self._modules)

    def _is_changed(self, name: str) -> bool:
        """Whether a function or class of a module is another one now; other variables are set as they are needed."""
        space, before = self._modules[name]
        now = [*space.values()]
        self._modules[name] = space, now
        present = set(map(id, now))
        return any(_is_a(value, _CODE) and id(value) not in present for value in before)

    def _watch_module(self, module: Any) -> None:
        if _is_a(module, ModuleType) and module.__name__ not in self._modules:
            self._modules[module.__name__] = vars(module), [*vars(module).values()]

    def _watch_import(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Python's import: counts the memory of modules that are new, and notes what a job may change."""
        known = sys.modules.get(name)
        if known is not None:
            self._watch_module(known)
        if known is not None or self._importing:
            return self._import(name, *arguments, **named)
        self._importing = True
        before = read_status().resident_bytes
        try:
            return self._import(name, *arguments, **named)
        finally:
            self._importing = False
            self._imported_bytes += max(0, read_status().resident_bytes - before)
            self._watch_module(sys.modules.get(name))


@dataclass(frozen=True)
class Status:
    """What the kernel tells of this process; zeros where it does not."""

    threads: int = 0
    signals: bytes = b""
    resident_bytes: int = 0
    peak_bytes: int = 0


def read_status() -> Status:
    """What the kernel tells of this process now."""
    try:
        with open("/proc/self/status", "rb", buffering=0) as file:  # noqa: PTH123 - several times for each job
            text = file.read(8192)
    except OSError:
        return Status()
    fields = dict(line.split(b":", 1) for line in text.splitlines())
    return Status(
        int(fields[b"Threads"]),
        # Blocked, ignored and handled ones.
        b"".join(fields[name] for name in (b"SigBlk", b"SigIgn", b"SigCgt")),
        int(fields[b"VmRSS"].split()[0]) * 1024,
        int(fields[b"VmHWM"].split()[0]) * 1024,
    )


def _open_files() -> set[str]:
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    try:
        listed = os.listdir(folder)  # noqa: PTH208 - once for each job
    except OSError:
        return set()
    # The last one is that of the listing itself, and the same as long as no other is new.
    return set(listed)


def _process_state() -> tuple[Any, ...]:
    import resource

    limits = [resource.getrlimit(getattr(resource, name)) for name in _LIMITS if hasattr(resource, name)]
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    users = os.getresuid() if hasattr(os, "getresuid") else os.getuid()
    return os.getpriority(os.PRIO_PROCESS, 0), limits, processors, users, os.getgid(), os.getpgrp()


_LIMITS = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC",
           "RLIMIT_RSS", "RLIMIT_STACK")  # fmt: skip


def _logging_state(names: Iterable[str] | None = None) -> dict[str, tuple[Any, ...]]:
    """Levels, handlers and switches of the loggers of these names; a module that was imported may bring new ones."""
    manager = logging.root.manager
    loggers = manager.loggerDict
    chosen = ((name, logging.root if name == "" else loggers.get(name)) for name in (names or ("", *loggers)))
    found: dict[str, tuple[Any, ...]] = {
        name: (each.level, each.disabled, each.propagate, *map(id, each.handlers))
        for name, each in chosen
        if isinstance(each, logging.Logger)
    }
    return {**found, "": (*found[""], manager.disable)}


def _count_callbacks() -> int:
    return int(atexit._ncallbacks())


def _package_options(before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Options of packages that much is computed with, of those that are loaded, or were loaded ``before``."""
    return {
        name: read(sys.modules[name])
        for name, read in _OPTIONS.items()
        if name in sys.modules and (before is None or name in before)
    }


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda numpy: (numpy.geterr(), str(numpy.get_printoptions())),
    "matplotlib": lambda matplotlib: dict.copy(matplotlib.rcParams),
    "matplotlib.pyplot": lambda pyplot: pyplot.get_fignums(),
    "pandas": lambda pandas: repr(pandas._config.config._global_config),
}


def _own_modules() -> list[ModuleType]:
    """The deployer's modules: those that are neither Python's nor installed nor this project's."""
    paths = sysconfig.get_paths()
    installed = tuple({paths[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
    return [
        module
        for name, module in sys.modules.items()
        if isinstance(module, ModuleType) and _is_own(name, getattr(module, "__file__", None), installed)
    ]


def _is_own(name: str, file: str | None, installed: tuple[str, ...]) -> bool:
    if name.startswith(f"{PACKAGE}."):
        return True
    outside = name.partition(".")[0] not in ("__main__", "longshore", "pyserver")
    return outside and file is not None and not file.startswith(installed)


def _holders(modules: list[ModuleType]) -> Iterator[_Holder]:
    """All that can be changed in place and is reached from the variables of these modules."""
    names = {module.__name__ for module in modules}
    seen: set[int] = set()
    waiting: deque[tuple[str, Any, int]] = deque()
    for module in modules:
        space = vars(module)
        yield _Holder(module.__name__, functools.partial(_variables, space), _variables(space))
        waiting += [(f"{module.__name__}.{key}", value, 0) for key, value in space.items() if key[:2] != "__"]
    while waiting and len(seen) < MAX_HOLDERS:
        name, value, depth = waiting.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        try:
            read, members = _reader(value, names)
            held = None if read is None else read()
        except Exception:  # of any class: one that cannot be read is left alone, and the jobs still run
            logger.debug("what %s holds is not watched", name, exc_info=True)
            continue
        if read is not None:
            yield _Holder(name, read, held)
        if depth < DEEPEST and len(members) <= MAX_MEMBERS:
            waiting += [(name, member, depth + 1) for member in members]


def _variables(space: dict[str, Any]) -> dict[str, Any]:
    # Python adds to those with underscores when it warns or looks for source.
    return {key: value for key, value in space.items() if key[:2] != "__"}


def _is_a(value: Any, kinds: type | tuple[type, ...]) -> bool:
    """Whether a value is of a class, without asking the value: a proxy, such as a Celery task, would come to life."""
    return issubclass(type(value), kinds)


def _reader(value: Any, own: set[str]) -> tuple[Callable[[], Any] | None, list[Any]]:
    """What reads the present contents of a value, if they can change, and what is inside."""
    if _is_a(value, (list, deque, set, bytearray)):
        few = len(value) <= MAX_MEMBERS
        inside = list(value) if few and not _is_a(value, bytearray) else []
        return (value.copy if few else functools.partial(len, value)), inside
    if _is_a(value, dict):
        few = len(value) <= MAX_MEMBERS
        return (functools.partial(dict, value) if few else functools.partial(len, value)), [*value.values()]
    if _is_a(value, (tuple, frozenset)):
        return None, list(value)
    if _is_a(value, FunctionType):
        return (value.__dict__.copy if value.__module__ in own else None), list(value.__defaults__ or ())
    if hasattr(type(value), "cache_info"):
        return value.cache_info, []
    if _is_a(value, type):
        space = value.__dict__ if value.__module__ in own else {}
        return functools.partial(_variables, space), [*_variables(dict(space)).values()]
    if type(value).__module__ in own and hasattr(value, "__dict__"):
        return value.__dict__.copy, [*value.__dict__.values()]
    return None, []
