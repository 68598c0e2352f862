"""``@cache_my_response``: a view's response is kept in files that several servers may share.

Of simultaneous requests one computes: within a process the others wait for its result, and of several processes the
one that holds the key's file lock computes while the others wait for the lock.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, request

from longshore.handlers.response_files import Kept, ResponseFiles
from longshore.processes.singleton import ProcessSingleton
from longshore.settings import Settings
from longshore.web.jsonp import CALLBACK, as_response, told_status

logger = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

RELOAD = "_reload_cache"
DEFAULT_SECONDS = 900
MAX_SECONDS = 10 * 365 * 86400
PARTIAL_STATUSES = frozenset({206, 304})
"""They answer one client's conditions, not the address."""

_computing: ContextVar[frozenset[str]] = ContextVar("computing", default=frozenset())


class ResponseCache:
    """The cache of this process, on files that other processes may use, too.

    :ivar hits: requests that were answered without calling the view.
    :ivar misses: requests for which the view was called.
    """

    def __init__(self, settings: Settings) -> None:
        self.files = ResponseFiles(settings.responses_folder, settings.response_cache_bytes)
        self.hits = 0
        self.misses = 0
        self._flights: dict[str, Future[Kept | None]] = {}
        self._guard = threading.Lock()

    def answer(self, key: str, compute: Callable[[], Response], seconds: float, *, reload: bool = False) -> Response:
        """The response of a key: the one that is kept, else a new one.

        :param compute: makes it; called at most once.
        :param seconds: how long it holds.
        :param reload: whether it has to be newer than this call.
        """
        if not reload and (kept := self.find(key)) is not None:
            return self._hit(kept)
        if key in _computing.get():  # a view that asks for itself
            return compute()
        joined = 0
        while True:
            with self._guard:
                flight = self._flights.get(key)
                if flight is None:
                    mine = self._flights[key] = Future()
                    break
            kept = flight.result()
            joined += 1
            # What was under way when this request came is not new enough for a reload; the one after that is.
            if kept is not None and (not reload or joined > 1):
                return self._hit(kept)
            if kept is None:
                return self._miss(compute)
        return self._lead(key, mine, compute, seconds, reload=reload)

    def _lead(
        self, key: str, mine: Future[Kept | None], compute: Callable[[], Response], seconds: float, *, reload: bool
    ) -> Response:
        """Compute for all who wait in this process, unless another process just did."""
        kept: Kept | None = None
        try:
            with self._locked(key):
                if not reload and (kept := self.find(key)) is not None:
                    return self._hit(kept)
                begun = time.time()
                outer = _computing.set(_computing.get() | {key})
                try:
                    response = self._miss(compute)
                finally:
                    _computing.reset(outer)
                kept = _keep(response, begun, seconds)
                if kept is None:
                    return response
                self._store(key, kept)
                # As the older framework has it: who reads `Expires` knows that the answer was kept.
                fresh = kept.to_response()
                del fresh.headers["Expires"]
                return fresh
        finally:
            with self._guard:
                del self._flights[key]
            mine.set_result(kept)

    def _hit(self, kept: Kept) -> Response:
        self.hits += 1
        return kept.to_response()

    def _miss(self, compute: Callable[[], Response]) -> Response:
        self.misses += 1
        return compute()

    def find(self, key: str) -> Kept | None:
        """What is kept under a key; also None, with a line in the log, when the folder cannot be read."""
        try:
            return self.files.get(key)
        except OSError as error:
            logger.warning("the response cache cannot be read: %s", error)
            return None

    def _store(self, key: str, kept: Kept) -> None:
        try:
            self.files.put(key, kept)
        except OSError as error:
            logger.warning("the response cache cannot be written to: %s", error)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Keep other processes from computing the same; without a lock where there can be none."""
        try:
            handle = _take_lock(self.files.folder / f"{key}.lock")
        except OSError as error:
            logger.warning("the response cache cannot be locked: %s", error)
            yield
            return
        try:
            yield
        finally:
            # While the lock is held: who waits for it sees that the file is gone, and takes the next one.
            (self.files.folder / f"{key}.lock").unlink(missing_ok=True)
            os.close(handle)


def _take_lock(path: Path) -> int:
    """The file descriptor of the locked file."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_still(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_still(handle: int, path: Path) -> bool:
    """Whether the open file is the one at ``path``: whoever had the lock before has removed its file."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _keep(response: Response, begun: float, seconds: float) -> Kept | None:
    """The response as it is kept; None for one that is this client's only, or is made while it is sent."""
    status = told_status(response)
    if not 200 <= status < 400 or status in PARTIAL_STATUSES:
        return None
    if response.is_streamed or response.direct_passthrough or "Set-Cookie" in response.headers:
        return None
    expires = time.time() + seconds
    response.headers["Expires"] = formatdate(expires, usegmt=True)
    return Kept(response.status_code, tuple(response.headers.to_wsgi_list()), response.get_data(), begun, expires)


current_cache: ProcessSingleton[ResponseCache] = ProcessSingleton(ResponseCache)


def cache_my_response(
    vary_by: str | Iterable[str] | None = None, expiration_seconds: float = DEFAULT_SECONDS
) -> Callable[[View], View]:
    """Decorator: keep a view's response, the same for everybody who asks for the same address.

    The key is the address with its query. Not kept are errors (also those that JSONP answers with 200), streams,
    partial answers and responses that set a cookie. A request with ``_reload_cache`` among its parameters computes
    anew.

    :param vary_by: names of parameters, of the query or the form, whose values join the key.
    :param expiration_seconds: how long a response holds; 0: for ever, as far as that goes.
    :raises ValueError: for a negative time.
    """
    if callable(vary_by):  # @cache_my_response, without brackets
        return cache_my_response()(vary_by)
    if not 0 <= expiration_seconds <= MAX_SECONDS:
        raise ValueError(f"expiration_seconds is from 0 to {MAX_SECONDS}, not {expiration_seconds!r}")
    names = [vary_by] if isinstance(vary_by, str) else sorted(vary_by or ())
    seconds = expiration_seconds or MAX_SECONDS

    def decorate(view: View) -> View:
        home = f"{view.__module__}.{view.__qualname__}"

        @functools.wraps(view)
        def cached(*args: Any, **named: Any) -> Response:
            def compute() -> Response:
                return as_response(view(*args, **named))

            cache = current_cache.get()
            key = _key(home, names)
            if request.method == "HEAD":
                # A view may answer it without the body that GET would have.
                kept = cache.find(key)
                return kept.to_response() if kept is not None else compute()
            return cache.answer(key, compute, seconds, reload=RELOAD in request.values)

        return cached  # type: ignore[return-value]

    return decorate


def _key(home: str, names: list[str]) -> str:
    """Which response this request wants; a callback is part of it wherever it stands."""
    method = "GET" if request.method == "HEAD" else request.method
    query = [pair for pair in request.args.items(multi=True) if pair[0] != RELOAD]
    varied = [(name, request.values.getlist(name)) for name in (*names, CALLBACK)]
    text = json.dumps([home, method, request.base_url, query, varied])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
