"""Secrets that stand in files, as containers are handed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.client import Client
from longshore.errors import SettingsError
from longshore.settings import Settings, client_token, client_url, file_variable, secret_fields

VALUES = {
    "database_url": "postgresql+psycopg://longshore:word@db/longshore",
    "broker_url": "redis://:word@broker:6379/0",
    "internal_secret": "a secret of many letters",
    "result_backend": "mongodb://longshore:word@db/longshore",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_secret_is_read_from_the_file_that_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(f"{VALUES[name]}\n")
    monkeypatch.setenv(file_variable(name), str(tmp_path / "secret"))
    assert getattr(Settings.from_environment(), name).get_secret_value() == VALUES[name]


def test_every_secret_can_stand_in_a_file() -> None:
    assert set(secret_fields()) == {*VALUES, "auth_tokens"}


def test_the_file_of_the_tokens_is_named_on_since_it_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tokens"
    path.write_text("ada:read:0\n")
    monkeypatch.setenv("AUTH_TOKENS_FILE", str(path))
    tokens = Settings.from_environment().auth_tokens
    assert tokens is not None
    assert tokens.get_secret_value() == f"@{path}"


def test_a_secret_in_two_places_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(VALUES["broker_url"])
    monkeypatch.setenv("BROKER_URL_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("BROKER_URL", "redis://other/0")
    with pytest.raises(
        SettingsError, match=r"^BROKER_URL and BROKER_URL_FILE contradict each other; unset one of them$"
    ):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b" \n", "the file is empty"), (b"\xff", "it is no text")],
)
def test_a_file_that_holds_none_is_named(
    content: bytes | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("INTERNAL_SECRET_FILE", str(path))
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()
    assert str(caught.value) == f"INTERNAL_SECRET_FILE={str(path)!r} cannot be used: {reason}"


def test_a_bad_secret_of_a_file_does_not_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("http://user:word@host")
    monkeypatch.setenv("BROKER_URL_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()
    assert str(caught.value).startswith("BROKER_URL cannot be used: ")
    assert "word" not in str(caught.value)


def test_an_empty_name_of_a_file_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "")
    assert Settings.from_environment().database_url is None


def test_the_command_line_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(VALUES["broker_url"])
    monkeypatch.setenv("BROKER_URL_FILE", str(tmp_path / "secret"))
    chosen = Settings.from_environment(broker_url="redis://other/0").broker_url
    assert chosen is not None
    assert chosen.get_secret_value() == "redis://other/0"


def test_a_clients_token_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("ls_of_a_file\n")
    monkeypatch.setenv("LONGSHORE_TOKEN_FILE", str(tmp_path / "token"))
    assert client_token() == "ls_of_a_file"
    monkeypatch.setenv("LONGSHORE_TOKEN", "ls_said_aloud")
    assert client_token() == "ls_said_aloud"


def test_an_empty_file_is_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("")
    monkeypatch.setenv("LONGSHORE_TOKEN_FILE", str(tmp_path / "token"))
    assert client_token() is None


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file or directory"), (b"\xff", "it is no text")])
def test_a_token_that_cannot_be_read_is_named(
    content: bytes | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("LONGSHORE_TOKEN_FILE", str(path))
    with pytest.raises(SettingsError) as caught:
        Client("http://127.0.0.1:1")
    assert str(caught.value) == f"LONGSHORE_TOKEN_FILE={str(path)!r} cannot be used: {reason}"
    monkeypatch.setenv("LONGSHORE_TOKEN", "ls_said_aloud")
    assert client_token() == "ls_said_aloud"


@pytest.mark.parametrize("text", ["ls_one\nls_two", "ls_one:admin: ada", "ls_ä", "ls_one\tls_two"])
def test_what_is_no_token_is_neither_sent_nor_shown(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(SettingsError, match=r"^token is no token") as said:
        Client("http://127.0.0.1:1", token=text)
    monkeypatch.setenv("LONGSHORE_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(SettingsError, match="what LONGSHORE_TOKEN_FILE names is no token") as read:
        Client("http://127.0.0.1:1")
    monkeypatch.setenv("LONGSHORE_TOKEN", text)
    with pytest.raises(SettingsError, match="LONGSHORE_TOKEN is no token") as told:
        Client("http://127.0.0.1:1")
    assert "ls_" not in f"{said.value}{read.value}{told.value}"


def test_a_client_without_an_address_asks_its_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "20123")
    monkeypatch.setenv("BIND_INTERFACE", "0.0.0.0")
    with Client() as client:
        assert str(client._http.base_url) == "http://127.0.0.1:20123"


def test_or_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSHORE_URL", "http://web:5000")
    assert client_url() == "http://web:5000"
    with Client("http://127.0.0.1:1") as client:
        assert str(client._http.base_url) == "http://127.0.0.1:1"
