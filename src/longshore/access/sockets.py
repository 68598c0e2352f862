"""The gate of Socket.IO: who may connect, which events a caller may send, and the end of sockets whose token ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refused

from longshore.access.authentication import require_scope
from longshore.access.callers import KEY, Caller, acting
from longshore.access.gate import Access
from longshore.access.scopes import EventScopes, Scope
from longshore.errors import LongshoreError, Unauthorized, Unavailable
from longshore.processes.periodic import PeriodicThread

LOOK_EVERY_SECONDS = 2.0
GREETING_SECONDS = 15.0
"""Longest time of a connection that has not said who it is."""
HURRY_SECONDS = 1.0
"""The same, while others wait at the door."""
MIN_STRANGERS = 16
"""How many such connections there may be; an eighth of all, where that is more."""

Proceed = Callable[..., Any]


@dataclass(frozen=True)
class Connected:
    """A socket that was let in."""

    caller: Caller
    namespace: str


class SocketGate:
    """Decides on every connect and event of a Socket.IO server, whose ``gate`` it is.

    :param server: with ``refuse(event, sid, body, error)``, which answers a refused event.
    :param most: how many connections there may be.
    """

    def __init__(self, server: Any, access: Access, events: EventScopes, most: int = 512) -> None:
        self.server = server
        self.access = access
        self.events = events
        self.most = most
        self._sockets: dict[str, Connected] = {}
        self._strangers: dict[str, float] = {}
        self._guard = threading.Lock()
        self._thread = PeriodicThread("socket gate", self.look, pause_seconds=LOOK_EVERY_SECONDS)

    def start(self) -> None:
        """Begin to look for sockets whose token ended, and those that never said who they are."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._thread.stop()

    def handle(self, proceed: Proceed, event: str, namespace: str, sid: str, *arguments: Any) -> Any:
        """What the server does for an event, done only if the caller may; its acknowledgement."""
        if event == "connect":
            return self._connect(proceed, namespace, sid, *arguments)
        if event == "disconnect":
            known = self._sockets.pop(sid, None)
            with acting(known.caller if known else Caller(None, Scope.PUBLIC)):
                return proceed(event, namespace, sid, *arguments)
        return self._event(proceed, event, namespace, sid, *arguments)

    # -- connecting

    def admit(self) -> None:
        """See that there is room for one more connection; one that never said who it is makes room.

        :raises Unavailable: when there is none.
        """
        if len(self.server.eio.sockets) >= self.most:
            raise Unavailable(f"{self.most} sockets are open, and no more can be (WEB_SOCKETS); try again shortly")
        now = time.monotonic()
        with self._guard:
            strangers = self._look_for_strangers(now)
            if len(strangers) < max(MIN_STRANGERS, self.most // 8):
                return
            oldest, since = next(iter(strangers.items()))
            if now - since < HURRY_SECONDS:
                raise Unavailable("too many sockets open at once that have not said who they are; try again shortly")
            del strangers[oldest]
        self._close(oldest)

    def _connect(self, proceed: Proceed, namespace: str, sid: str, environ: dict[str, Any], *more: Any) -> Any:
        try:
            caller = self._introduced(environ, more[0] if more else None)
        except LongshoreError as error:
            raise Refused(error.description, error.to_wire()) from None
        self._sockets[sid] = Connected(caller, namespace)
        try:
            with acting(caller):
                return proceed("connect", namespace, sid, environ, *more)
        except BaseException:
            self._sockets.pop(sid, None)
            raise

    def _introduced(self, environ: dict[str, Any], introduction: Any) -> Caller:
        """The caller, by the request that opened the connection or by the token in the client's ``auth``."""
        caller: Caller = environ[KEY]
        shown = introduction.get("token") if isinstance(introduction, dict) else None
        if isinstance(shown, str) and not self.access.is_open:
            token = self.access.identities.require(shown, caller.address)
            caller = Caller(token.name, token.scope, caller.address, "bearer", token)
        if caller.scope < Scope.READ:
            raise Unauthorized(
                "this server asks for a token: connect with auth={'token': ...}, `Authorization: Bearer ...`,"
                " or from a page where you are logged in"
            )
        if not self.access.is_open and not self.access.identities.is_still(caller):
            raise Unauthorized("this token or login has ended")
        return caller

    # -- events

    def _event(self, proceed: Proceed, event: str, namespace: str, sid: str, *arguments: Any) -> Any:
        body = arguments[0] if arguments else None
        needed = self.events.needed_scope(event)
        known = self._sockets.get(sid)
        caller = replace(known.caller, notes={}) if known else Caller(None, Scope.PUBLIC)
        try:
            self._require(caller, needed)
        except LongshoreError as error:
            self._record(caller, event, body, needed, "refused")
            answer = self.server.refuse(event, sid, body, error)
            if isinstance(error, Unauthorized):
                self.server.disconnect(sid, namespace=namespace)
            return answer
        with acting(caller):
            answer = proceed(event, namespace, sid, *arguments)
        refused = isinstance(answer, dict) and answer.get("accepted") is False
        self._record(caller, event, body, needed, "failed" if refused else "accepted")
        return answer

    def _require(self, caller: Caller, needed: Scope) -> None:
        if not self.access.identities.is_still(caller):
            raise Unauthorized("this token or login has ended")
        require_scope(caller, needed)
        self.access.rates.spend(caller.rate_key)

    def _record(self, caller: Caller, event: str, body: Any, needed: Scope, outcome: str) -> None:
        if needed is not Scope.READ:
            about = body.get("sessionID", "") if isinstance(body, dict) else ""
            self.access.audit.write(caller, f"event {event[:100]}", str(about), outcome)

    # -- watching

    def look(self) -> None:
        """Close the sockets whose token or login ended, and connections that never said who they are."""
        for sid, known in list(self._sockets.items()):
            if not self.access.is_open and not self.access.identities.is_still(known.caller):
                self.server.disconnect(sid, namespace=known.namespace)
                self._sockets.pop(sid, None)
        self._close_strangers()

    def _close_strangers(self) -> None:
        now = time.monotonic()
        with self._guard:
            over = [each for each, since in self._look_for_strangers(now).items() if now - since >= GREETING_SECONDS]
        for eio_sid in over:
            self._close(eio_sid)

    def _look_for_strangers(self, now: float) -> dict[str, float]:
        """The connections that have not said who they are, oldest first, and since when they were seen."""
        open_ones = list(self.server.environ)
        self._strangers = {
            eio_sid: self._strangers.get(eio_sid, now) for eio_sid in open_ones if not self.server.knows(eio_sid)
        }
        return self._strangers

    def _close(self, eio_sid: str) -> None:
        connection = self.server.eio.sockets.pop(eio_sid, None)
        if connection is not None:
            # The library's own way waits until the client has fetched everything, which a stranger need never do.
            connection.close(wait=False)
