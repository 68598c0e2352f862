"""Settings: read once, and every bad value ends the start with a sentence that names it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from longshore.errors import SettingsError
from longshore.settings import Settings

BAD = [
    ("PORT", "80000"),
    ("PORT", "-1"),
    ("PORT", "five"),
    ("LOG_LEVEL", "LOUD"),
    ("DATABASE_URL", "mysql://x"),
    ("DATABASE_URL", "longshore.db"),
    ("BROKER_URL", "http://x"),
    ("BROKER_URL", "localhost:6379"),
    ("INTERNAL_SECRET", "short"),
    ("MAX_UPLOAD_BYTES", "1 GB"),
    ("MAX_UPLOAD_BYTES", "0"),
    ("MAX_UNPACKED_BYTES", "0"),
    ("MAX_MESSAGE_BYTES", "10"),
    ("MIN_FREE_BYTES", "-1"),
    ("VIEW_CACHE_BYTES", "-1"),
    ("WORKER_CONCURRENCY", "0"),
    ("WORKER_THREADS", "0"),
    ("WORKER_TASKS_PER_CHILD", "0"),
    ("STOP_TIMEOUT_SECONDS", "-1"),
    ("BROKER_MEMORY_BYTES", "1"),
    ("WEB_THREADS", "1"),
    ("IMPORT_TIMEOUT_SECONDS", "0"),
    ("CHANGE_TIMEOUT_SECONDS", "soon"),
    ("AUTH", "off"),
    ("LOGIN_SECONDS", "1"),
    ("RATE_LIMIT", "many"),
    ("RATE_LIMIT", "10/fortnight"),
    ("TRUSTED_PROXIES", "proxy.example"),
]


@pytest.mark.parametrize(("variable", "value"), BAD)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()
    sentence = str(caught.value)
    assert sentence.startswith(variable)
    if variable.endswith(("_URL", "_SECRET")):
        assert value not in sentence
    else:
        assert f"{variable}={value!r} cannot be used: " in sentence


def test_a_bad_value_says_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("BROKER_URL", "ftp://x")
    with pytest.raises(SettingsError, match=r"'DEBUG', 'INFO'.*redis://, rediss://, unix://, amqp://, amqps://"):
        Settings.from_environment()


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert Settings.from_environment().port == 5000


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1234")
    assert Settings.from_environment(port="4321").port == 4321


def test_secrets_do_not_print() -> None:
    settings = Settings.from_environment(
        broker_url="redis://:hidden-one@host/0",
        database_url="postgresql://user:hidden-two@host/db",
        internal_secret="hidden-three-is-long-enough",
    )
    assert "hidden" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("url", "for_redis", "for_kombu"),
    [
        ("redis://host:1/0", "redis://host:1/0", "redis://host:1/0"),
        ("rediss://host:1/0", "rediss://host:1/0", "rediss://host:1/0"),
        ("unix:///run/x.sock", "unix:///run/x.sock", "redis+socket:///run/x.sock"),
        ("amqp://user:word@host//", None, "amqp://user:word@host//"),
    ],
)
def test_each_library_gets_the_broker_in_its_own_words(url: str, for_redis: str | None, for_kombu: str) -> None:
    settings = Settings.from_environment(broker_url=url)
    assert (settings.redis_url, settings.kombu_url) == (for_redis, for_kombu)


def test_the_embedded_broker_is_found_in_the_storage_folder(settings: Settings) -> None:
    socket = settings.root_storage_path / "broker" / "valkey.sock"
    assert settings.broker_socket == socket
    assert settings.redis_url == f"unix://{socket}"
    assert settings.kombu_url == f"redis+socket://{socket}"


def test_the_embedded_broker_is_found_where_its_note_says(settings: Settings) -> None:
    settings.broker_folder.mkdir(parents=True)
    (settings.broker_folder / "address").write_text("/tmp/short/valkey.sock")
    assert settings.broker_socket == Path("/tmp/short/valkey.sock")


def test_a_child_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("port", "1")  # the lower-case twin of what the supervisor decided
    for name, value in settings.child_environment(PORT="4711").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("port")
    child = Settings.from_environment()
    assert child.root_storage_path == settings.root_storage_path
    assert child.port == 4711
    assert "port" not in settings.child_environment()


def test_an_empty_file_is_no_internal_secret(settings: Settings) -> None:
    settings.root_storage_path.mkdir(parents=True, exist_ok=True)
    (settings.root_storage_path / "internal-secret").touch()
    secret = settings.require_internal_secret()
    assert len(secret) >= 32
    assert settings.require_internal_secret() == secret


def test_servers_that_start_at_one_moment_have_one_internal_secret(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: settings.require_internal_secret(), range(64)))
    assert len(found) == 1
    assert found == {(settings.root_storage_path / "internal-secret").read_text()}


def test_the_internal_secret_is_made_once_and_private(settings: Settings) -> None:
    secret = settings.require_internal_secret()
    assert len(secret) >= 32
    assert settings.require_internal_secret() == secret
    mode = (settings.root_storage_path / "internal-secret").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
