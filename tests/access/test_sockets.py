"""The gate of the sockets by itself, with a server that only notes what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from socketio.exceptions import ConnectionRefusedError as Refused

from access.conftest import Serve, Tokens
from longshore.access import sockets as module
from longshore.access.callers import KEY, Caller, current_user
from longshore.access.gate import Access
from longshore.access.scopes import EventScopes, Scope
from longshore.access.sockets import SocketGate
from longshore.settings import Settings


@dataclass
class Connection:
    closed: list[bool] = field(default_factory=list)

    def close(self, *, wait: bool) -> None:
        self.closed.append(wait)


@dataclass
class Server:
    """What the gate uses of a Socket.IO server."""

    environ: dict[str, Any] = field(default_factory=dict)
    sockets: dict[str, Connection] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def eio(self) -> Any:
        return self

    def knows(self, eio_sid: str) -> bool:
        return eio_sid == "known"

    def disconnect(self, sid: str, namespace: str) -> None:
        self.told.append(f"disconnect {sid} {namespace}")

    def refuse(self, event: str, _sid: str, _body: Any, error: Any) -> dict[str, Any]:
        self.told.append(f"refuse {event}")
        return {"accepted": False, **error.to_wire()}


@pytest.fixture
def settings(storage: Any, tmp_path: Any, tokens: Tokens) -> Settings:
    return Settings.from_environment(
        root_storage_path=storage, auth_tokens=f"@{tokens.path}", audit_log=tmp_path / "audit.log"
    )


@pytest.fixture
def gate(settings: Settings) -> Iterator[SocketGate]:
    found = SocketGate(Server(), Access(settings), EventScopes({"metadata"}))
    yield found
    found.stop()


def proceed(event: str, *_: Any) -> dict[str, Any]:
    return {"accepted": True, "did": event}


def environ() -> dict[str, Any]:
    return {KEY: Caller(None, Scope.PUBLIC, "192.0.2.1", "nobody")}


def test_an_event_is_done_as_the_sockets_user(gate: SocketGate, tokens: Tokens, settings: Settings) -> None:
    users: list[str | None] = []
    gate.handle(proceed, "connect", "/", "s", environ(), {"token": tokens.shown["will"]})
    gate.handle(lambda *_: users.append(current_user(settings)), "undo", "/", "s", {})
    assert users == ["will"]
    assert current_user(settings) is None


def test_without_a_token_there_is_no_way_in(gate: SocketGate) -> None:
    for more in ((), (None,), ({},), ({"token": None},), ({"token": "ls_wrong"},), (["token"],)):
        with pytest.raises(Refused):
            gate.handle(proceed, "connect", "/", "s", environ(), *more)
    assert gate.handle(proceed, "metadata", "/", "s", {})["accepted"] is False


def test_a_token_that_ended_can_do_nothing_more(gate: SocketGate, tokens: Tokens) -> None:
    gate.handle(proceed, "connect", "/", "s", environ(), {"token": tokens.shown["will"]})
    gate.access.identities.book._tokens = ()  # type: ignore[union-attr]
    assert gate.handle(proceed, "metadata", "/", "s", {})["error"] == "Unauthorized"
    assert gate.server.told == ["refuse metadata", "disconnect s /"]
    gate.look()
    assert gate.server.told[2:] == ["disconnect s /"]
    gate.look()
    assert len(gate.server.told) == 3


def test_a_connection_that_never_says_who_it_is_is_closed(gate: SocketGate, monkeypatch: pytest.MonkeyPatch) -> None:
    server = gate.server
    server.environ = {"known": {}, "stranger": {}}
    server.sockets = {"known": Connection(), "stranger": Connection()}
    stranger = server.sockets["stranger"]
    gate.look()
    assert stranger.closed == []
    monkeypatch.setattr(module, "GREETING_SECONDS", 0.0)
    gate.look()
    # Waiting for a stranger to fetch what is left for it would hold up the thread for ever.
    assert stranger.closed == [False]
    assert list(server.sockets) == ["known"]


def test_an_open_server_lets_everyone_do_everything(serve: Serve) -> None:
    parts = serve().app.extensions["longshore"]
    gate = SocketGate(Server(), parts.socket_gate.access, EventScopes())
    caller = {KEY: Caller("somebody", Scope.ADMIN, "127.0.0.1")}
    gate.handle(proceed, "connect", "/", "s", caller, {"token": "ls_of_another_server"})
    assert gate.handle(proceed, "anything", "/", "s", None)["accepted"] is True
