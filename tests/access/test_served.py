"""A whole server that asks for tokens: sockets, the client, gunicorn's limits, and its start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from longshore import Client
from longshore.access.scopes import Scope
from longshore.access.tokens import Token, make_token
from longshore.errors import Forbidden, LongshoreError, Unauthorized
from support.server import LongshoreServer
from support.waiting import eventually

TABLE = b"a,b\n1,x\n2,\n"


@dataclass
class Guarded:
    server: LongshoreServer
    shown: dict[str, str]
    kept: dict[str, Token]
    path: Path

    def write(self) -> None:
        partial = self.path.with_suffix(".new")
        partial.write_text("".join(f"{token.line}\n" for token in self.kept.values()))
        partial.replace(self.path)

    def client(self, name: str) -> Client:
        return Client(self.server.url, token=self.shown[name])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    scopes = {"rita": Scope.READ, "will": Scope.WRITE, "vera": Scope.WRITE, "ada": Scope.ADMIN}
    made = {name: make_token(name, scope) for name, scope in scopes.items()}
    shown, kept = {n: s for n, (s, _) in made.items()}, {n: k for n, (_, k) in made.items()}
    storage, path = folder / "storage", folder / "tokens"
    found = Guarded(
        LongshoreServer(storage, AUTH_TOKENS=f"@{path}", BIND_INTERFACE="0.0.0.0", AUDIT_LOG=str(folder / "audit")),
        shown, kept, path,
    )  # fmt: skip
    found.write()
    with found.server:
        yield found


class Socket:
    """A client that keeps what it hears."""

    def __init__(self) -> None:
        self.client = socketio.Client(reconnection=False)
        self.heard: list[tuple[str, Any]] = []
        self.client.on("*", lambda event, *data: self.heard.append((event, data[0] if data else None)))
        self.client.on("connect_error", lambda data: self.heard.append(("connect_error", data)))

    def first(self, event: str) -> Any:
        return eventually(lambda: next(d for e, d in self.heard if e == event), what=event)


@pytest.fixture
def sock() -> Iterator[Socket]:
    found = Socket()
    yield found
    found.client.disconnect()


def connect(sock: Socket, guarded: Guarded, *transports: str, **how: Any) -> None:
    sock.client.connect(guarded.server.url, transports=list(transports or ["websocket"]), wait_timeout=10, **how)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("auth", [None, {"token": "ls_wrong"}, {"token": 5}, "text", {"user": "ada"}])
def test_a_socket_without_a_token_is_told_why_it_may_not(
    guarded: Guarded, sock: Socket, transport: str, auth: Any
) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        connect(sock, guarded, transport, auth=auth)
    said = sock.first("connect_error")
    assert "token" in said["message"]
    assert said["data"]["error"] == "Unauthorized"


def test_a_socket_with_a_token_works_as_its_user(guarded: Guarded, sock: Socket) -> None:
    with guarded.client("will") as client:
        dataset = client.upload(TABLE, "t.csv")
        connect(sock, guarded, auth={"token": guarded.shown["vera"]}, headers={"Uid": "somebody"})
        asked = {"sessionID": dataset.session_id, "requestID": "1", "column": "b", "newValue": "y"}
        assert sock.client.call("fillWithCustomValue", asked)["accepted"] is True
        assert sock.first("fillWithCustomValue")["success"] is True
        assert [step["madeBy"] for step in dataset.history()] == ["will", "vera"]


def test_a_socket_that_may_only_read_does(guarded: Guarded, sock: Socket) -> None:
    with guarded.client("will") as client:
        dataset = client.upload(TABLE, "t.csv")
    connect(sock, guarded, headers={"Authorization": f"Bearer {guarded.shown['rita']}"})
    asked = {"sessionID": dataset.session_id, "requestID": "1"}
    assert sock.client.call("metadata", asked)["accepted"] is True
    assert sock.first("metadata")["success"] is True
    refused = sock.client.call("undo", asked)
    assert (refused["accepted"], refused["error"]) == (False, "Disabled")
    assert "scope write" in sock.first("undo")["errorDescription"]


def test_a_browsers_login_opens_sockets(guarded: Guarded, sock: Socket) -> None:
    with httpx.Client(base_url=guarded.server.url) as browser:
        browser.post("/login", json={"token": guarded.shown["rita"]}).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        connect(sock, guarded, headers={"Cookie": cookie})
        browser.post("/logout", headers={"Origin": guarded.server.url}).raise_for_status()
    eventually(lambda: not sock.client.connected, 10, "the end of the logged-out socket")


def test_a_withdrawn_tokens_sockets_are_closed(guarded: Guarded, sock: Socket) -> None:
    shown, kept = make_token("guest", Scope.READ)
    guarded.kept["guest"] = kept
    guarded.write()
    with Client(guarded.server.url, token=shown) as client:
        eventually(client.operations, 10, "the new token")
    connect(sock, guarded, auth={"token": shown})
    del guarded.kept["guest"]
    guarded.write()
    eventually(lambda: not sock.client.connected, 10, "the end of the socket")


def test_foreign_pages_open_no_sockets(guarded: Guarded, sock: Socket) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        connect(
            sock, guarded, "polling", auth={"token": guarded.shown["rita"]}, headers={"Origin": "https://evil.example"}
        )


def test_the_client_shows_its_token(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(guarded.server.url) as client, pytest.raises(Unauthorized, match="asks for a token"):
        client.operations()
    monkeypatch.setenv("LONGSHORE_TOKEN", guarded.shown["rita"])
    with Client(guarded.server.url) as client:
        assert len(client.operations()) > 20
        with pytest.raises(LongshoreError, match="needs the scope write") as caught:
            client.upload(TABLE, "t.csv")
    assert caught.value.code == Forbidden.code


def test_a_large_upload_without_a_token_hears_why(guarded: Guarded) -> None:
    with Client(guarded.server.url) as client, pytest.raises(Unauthorized):
        client.upload(b"a\n" + b"1\n" * 10_000_000, "t.csv")


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Uid", "X-Forwarded-For", "Origin"])
def test_oversized_headers_are_refused(guarded: Guarded, name: str) -> None:
    assert httpx.get(f"{guarded.server.url}/hello", headers={name: "x" * 20_000}).status_code in (400, 431)


def test_the_answers_of_sockets_say_who_gave_them(guarded: Guarded) -> None:
    headers = httpx.get(f"{guarded.server.url}/socket.io/?EIO=4&transport=polling").headers
    assert headers["X-HOSTNAME"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_token_is_in_the_logs(guarded: Guarded) -> None:
    with guarded.client("will") as client:
        client.upload(TABLE, "t.csv")
    text = guarded.server.log + (guarded.path.parent / "audit").read_text()
    assert "POST /api/v1/datasets" in text
    assert [name for name in guarded.kept if guarded.shown[name] in text or guarded.kept[name].digest in text] == []


@pytest.mark.parametrize("command", ["serve", "web"])
@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_a_server_for_others_does_not_start_without_a_word(tmp_path: Path, command: str, address: str) -> None:
    variables = {
        "BIND_INTERFACE": address,
        "PORT": "0",
        "ROOT_STORAGE_PATH": str(tmp_path / "s"),
        "BROKER_URL": "redis://127.0.0.1:1",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "longshore", command],
        env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "AUTH_TOKENS" in ended.stderr
    assert "AUTH=none" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_token_is_made_on_the_command_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "longshore", "token", "make", "ada", "--scope", "admin"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    shown, line = ended.stdout.splitlines()
    assert shown.startswith("ls_")
    assert line.startswith("ada:admin:")
    assert shown not in ended.stderr
