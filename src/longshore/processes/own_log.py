"""The server's own log, which code that deployers add cannot end.

An application that somebody mounts was written to be alone in its process: it may call
:func:`logging.config.dictConfig`, which turns off every logger that is there and takes the root's handlers away, or
``fileConfig``, ``basicConfig(force=True)`` and :func:`logging.disable`. What it sets up for itself stays; what the
server had set up is put back: after loading, after each ``dictConfig``, and after each request.
"""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

OURS = ("longshore", "gunicorn", "celery", "kombu", "socketio", "engineio", "py.warnings")
"""Loggers that write the server's log, with those below them."""


@dataclass(frozen=True)
class _Kept:
    """What a logger was like; ``level`` and what follows only of the server's own."""

    is_disabled: bool
    level: int = logging.NOTSET
    propagates: bool = True
    handlers: tuple[logging.Handler, ...] = ()
    filters: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Handled:
    """What one of the server's handlers on the root was like."""

    handler: logging.Handler
    level: int
    formatter: logging.Formatter | None
    filters: tuple[Any, ...]


class _Log:
    """The state that is put back.

    :ivar handlers: of the root; None before :func:`keep`, from when on there is something to put back.
    """

    def __init__(self) -> None:
        self.handlers: tuple[_Handled, ...] | None = None
        self.level = logging.NOTSET
        self.loggers: dict[str, _Kept] = {}

    def note(self) -> None:
        """Write down how the loggers are that exist by now, or were made since."""
        for name, logger in _loggers():
            if _is_ours(name):
                self.loggers[name] = _Kept(
                    logger.disabled, logger.level, logger.propagate, tuple(logger.handlers), tuple(logger.filters)
                )
            else:
                self.loggers[name] = _Kept(logger.disabled)

    def is_whole(self) -> bool:
        """Whether all looks as it was: a quick look at what those functions do."""
        root, main = logging.root, logging.getLogger(OURS[0])
        return (
            root.manager.disable < self.level
            and not main.disabled
            and root.level <= self.level
            and all(each.handler in root.handlers and each.handler.level == each.level for each in self.handlers or ())
        )

    def restore(self) -> None:
        """Put back what is missing; what was added stays."""
        root = logging.root
        if root.manager.disable >= self.level:
            logging.disable(logging.NOTSET)
        missing = [each.handler for each in self.handlers or () if each.handler not in root.handlers]
        root.handlers[:0] = missing
        for each in self.handlers or ():
            each.handler.setLevel(each.level)
            each.handler.setFormatter(each.formatter)
            each.handler.filters[:] = each.filters
        if root.level > self.level:
            root.setLevel(self.level)
        for name, logger in _loggers():
            kept = self.loggers.get(name)
            if kept is not None:
                logger.disabled = kept.is_disabled
            elif _is_ours(name):
                logger.disabled = False
            if kept is not None and _is_ours(name):
                logger.setLevel(kept.level)
                logger.propagate = kept.propagates
                logger.handlers[:0] = [each for each in kept.handlers if each not in logger.handlers]
                logger.filters[:] = kept.filters
        if root.level < self.level:
            # What the application wants to hear of itself, the server need not say of itself.
            logging.getLogger(OURS[0]).setLevel(self.level)
        logging.captureWarnings(capture=True)


_log = _Log()


def keep(handlers: Iterable[logging.Handler], level: int) -> None:
    """From now on this is the server's log: these handlers of the root logger, from this level on."""
    handlers = list(handlers)
    for handler in handlers:
        handler.setLevel(level)
    _log.handlers = tuple(_Handled(each, each.level, each.formatter, tuple(each.filters)) for each in handlers)
    _log.level = level
    _log.loggers.clear()
    logging.config.dictConfigClass = _Configurator


def put_back() -> None:
    """See that the server's log is as it was; quick where it is."""
    if _log.handlers is not None and not _log.is_whole():
        _log.restore()


@contextmanager
def kept_log() -> Iterator[None]:
    """Around the loading of others' code: whatever it does to the log, the server's is there afterwards, and within."""
    if _log.handlers is None:
        yield
        return
    _log.note()
    try:
        yield
    finally:
        _log.restore()


class _Configurator(logging.config.DictConfigurator):
    """What ``dictConfig`` calls, by the hook that the library has for it."""

    def configure(self) -> None:
        """Do what the configuration says, and put the server's log back."""
        try:
            super().configure()
        finally:
            if _log.handlers is not None:
                _log.restore()


def _loggers() -> list[tuple[str, logging.Logger]]:
    found = list(logging.root.manager.loggerDict.items())
    return [(name, logger) for name, logger in found if isinstance(logger, logging.Logger)]


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS or name in OURS
