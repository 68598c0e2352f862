"""The connection to one server: requests, answers as JSON, and errors as the classes that the server raised."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from longshore import errors
from longshore.settings import client_token, client_url, require_token

TIMEOUT_SECONDS = 3600.0
"""Longest silence of the server; an upload is answered when its import is done."""

POLL_SECONDS = 0.5
"""How often it is asked for a change that was accepted and not done while the server waited for it."""


class Transport:
    """Sends requests to one server; :class:`~longshore.client.Client` has its parameters."""

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        token: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        headers = {"Uid": user} if user else {}
        if shown := require_token(token, "token") if token else client_token():
            headers["Authorization"] = f"Bearer {shown}"
        timeout = httpx.Timeout(timeout_seconds, connect=10)
        self._http = httpx.Client(base_url=url or client_url(), headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **about: Any) -> dict[str, Any]:
        """Send a request and read its answer, a JSON object; raises as :meth:`fetch`.

        A change that the server has accepted, and not done while it waited, is waited for; not with ``wait=false``.

        :raises TimedOut: when it is not done in time; it will be.
        """
        answer: dict[str, Any] = self.fetch(method, path, **about)
        address = answer.get("request") if answer.get("accepted") is True else None
        if address is None or (about.get("params") or {}).get("wait") in (False, "false"):
            return answer
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while answer.get("accepted") is True:
            if time.monotonic() > deadline:
                raise errors.TimedOut("the change is accepted and not yet done; it will be, and the history will tell")
            time.sleep(POLL_SECONDS)
            answer = self.fetch("GET", address)
        return answer

    def fetch(self, method: str, path: str, **about: Any) -> Any:
        """Send a request and read its answer, any JSON.

        :raises LongshoreError: the class that the answer's error code names.
        :raises Unavailable: when the server cannot be reached.
        """
        try:
            response = self._http.request(method, path, **about)
        except httpx.TransportError as error:
            raise errors.Unavailable(f"no answer from {self._http.base_url}: {error}") from error
        return _answer_of(response)

    @contextmanager
    def stream(self, path: str, **about: Any) -> Iterator[httpx.Response]:
        """A response whose body is read piece by piece.

        :raises LongshoreError: the class that the answer's error code names.
        """
        with self._http.stream("GET", path, **about) as response:
            if response.is_error:
                response.read()
                _answer_of(response)
            yield response


def _answer_of(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        raise errors.Unavailable(
            f"the server answered {response.status_code} with something that is not JSON"
        ) from None
    if response.is_error:
        raise _error_of(response.status_code, answer)
    return answer


def _error_of(status: int, answer: dict[str, Any]) -> errors.LongshoreError:
    sentence = answer.get("errorDescription", f"status {status}")
    if "fields" in answer:
        return errors.InvalidInputs(sentence, answer["fields"])
    if answer.get("error") == errors.JobFailed.code:
        return errors.JobFailed(sentence, answer.get("reason", ""), answer.get("logTail", ""))
    return _error_class(answer.get("error", ""))(sentence)


def _error_class(code: str) -> Callable[[str], errors.LongshoreError]:
    if code == "Internal":
        return errors.Unavailable  # its own class makes a new id; the sentence carries the server's
    classes = errors.LongshoreError.__subclasses__()
    return next((found for found in classes if found.code == code), errors.Unavailable)
