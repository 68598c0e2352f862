"""Limits on how often somebody may ask: strict for wrong tokens, as configured for everything else.

Counted on the broker, so that several web servers count together. Without it wrong tokens are counted here, and the
rest is let through: a broker that is away must not lock people out.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse, parse_many
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from longshore.access.callers import current_caller
from longshore.access.probes import STATE
from longshore.access.proxies import subject
from longshore.errors import TooManyRequests
from longshore.settings import Settings

logger = logging.getLogger(__name__)

WRONG_TOKENS = "10/minute"
PREFIX = "longshore-rates"
_BROKER_SECONDS = 0.5


class Guesses:
    """Counts the wrong tokens that come from each address.

    A right token passes whatever was guessed from its address before: tokens are too long to be guessed, and a script
    with a wrong one must not lock out the office around it.
    """

    def __init__(self, settings: Settings, limit: str = WRONG_TOKENS) -> None:
        self._limit = parse(limit)
        self._here = FixedWindowRateLimiter(MemoryStorage())
        url = _storage_url(settings)
        self._shared = FixedWindowRateLimiter(_storage(url)) if url is not None else None

    def spend(self, address: str) -> None:
        """Count one more.

        :raises TooManyRequests: beyond the limit.
        """
        key = subject(address)
        if self._shared is not None:
            try:
                self._count(self._shared, key)
            except TooManyRequests:
                raise
            except Exception as error:  # noqa: BLE001 - each store has errors of its own
                logger.info("wrong tokens are counted here while the broker is away (%s)", type(error).__name__)
            else:
                return
        self._count(self._here, key)

    def _count(self, strategy: FixedWindowRateLimiter, key: str) -> None:
        if not strategy.hit(self._limit, PREFIX, key):
            reset = strategy.get_window_stats(self._limit, PREFIX, key).reset_time
            raise TooManyRequests.after(reset - time.time(), "too many wrong tokens came from this address")


class Rates:
    """``RATE_LIMIT``, counted for each token, else for each address.

    Flask-Limiter sees to the routes, and tells clients how much is left; :meth:`spend` is for what is not one.
    """

    def __init__(self, settings: Settings) -> None:
        self._text = settings.rate_limit
        self._items: list[RateLimitItem] = parse_many(self._text) if self._text else []
        self._url = _storage_url(settings) or "memory://"
        self._limiter: Limiter | None = None
        self.is_away = False

    def guard(self, app: Flask) -> None:
        """Limit the routes of ``app``, if there is a limit."""
        if self._text is None:
            return
        self._limiter = Limiter(
            _rate_key,
            app=app,
            application_limits=[self._text],
            storage_uri=self._url,
            storage_options=_options(self._url),
            key_prefix=PREFIX,
            headers_enabled=True,
            swallow_errors=True,
        )
        self._limiter.request_filter(self._is_free)
        # It would log at ERROR, with a traceback, each request while the broker is away.
        logging.getLogger("flask-limiter").setLevel(logging.CRITICAL)

    def look(self) -> None:
        """See whether the broker answers: one that stands still must not hold each request for a moment."""
        if self._limiter is not None:
            try:
                self.is_away = not self._limiter.limiter.storage.check()
            except Exception as error:  # noqa: BLE001 - each store has errors of its own
                self.is_away = True
                logger.debug("requests are not counted while the broker is away (%s)", type(error).__name__)

    def _is_free(self) -> bool:
        """Whether the current request is not counted."""
        return self.is_away or request.method == "OPTIONS" or request.path in STATE

    def spend(self, key: str) -> None:
        """Count a request that is no route's: an event, or one to a mounted application.

        :raises TooManyRequests: beyond the limit.
        """
        if self._limiter is None or self.is_away:
            return
        for item in self._items:
            try:
                allowed = self._limiter.limiter.hit(item, PREFIX, key)
                reset = 0.0 if allowed else self._limiter.limiter.get_window_stats(item, PREFIX, key).reset_time
            except Exception as error:  # noqa: BLE001 - each store has errors of its own
                logger.info("requests are not counted while the broker is away (%s)", type(error).__name__)
                return
            if not allowed:
                raise TooManyRequests.after(reset - time.time(), f"more requests than {self._text}")


def _rate_key() -> str:
    caller = current_caller()
    return caller.rate_key if caller is not None else "nobody"


def _storage_url(settings: Settings) -> str | None:
    """The broker as the library names it; None on RabbitMQ, which cannot count."""
    url = settings.redis_url
    return f"redis+{url}" if url is not None and url.startswith("unix:") else url


def _storage(url: str) -> Storage:
    storage: Any = storage_from_string(url, **_options(url))
    return storage  # type: ignore[no-any-return]


def _options(url: str) -> dict[str, Any]:
    patience = {
        "socket_timeout": _BROKER_SECONDS,
        "socket_connect_timeout": _BROKER_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    return {} if url.startswith("memory:") else patience
