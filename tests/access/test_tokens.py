"""Tokens: how they are made, kept, compared and withdrawn, and that guessing them gets nowhere."""

from __future__ import annotations

import hmac
import logging
from pathlib import Path

import pytest

from access.conftest import Serve, Served, Tokens
from longshore.access import tokens as module
from longshore.access.scopes import Scope
from longshore.access.throttling import WRONG_TOKENS, Guesses
from longshore.access.tokens import TokenBook, make_token, parse_token
from longshore.errors import SettingsError, TooManyRequests
from longshore.settings import Settings


def test_a_token_lets_in_and_names_the_user(closed: Served, tokens: Tokens) -> None:
    answer = closed.client.get("/", headers=tokens.bearer("rita"))
    assert answer.get_json()["uid"] == "rita"
    assert closed.client.get("/api/v1/me", headers=tokens.bearer("rita")).get_json() == {
        "user": "rita", "scope": "read", "login": False, "open": False
    }  # fmt: skip


def test_a_token_is_long_and_kept_as_a_hash_only() -> None:
    shown, kept = make_token("ada", Scope.WRITE)
    assert len(shown) == 46
    assert shown not in kept.line
    assert kept.digest not in repr(kept)
    assert parse_token(kept.line) == kept
    assert TokenBook(kept.line).match(shown) == kept


def test_every_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make_token(f"n{number}", Scope.READ) for number in range(5)]
    book = TokenBook(",".join(kept.line for _, kept in made))
    compared: list[str] = []
    compare_digest = hmac.compare_digest

    def compare(a: str, b: str) -> bool:
        compared.append(a)
        return compare_digest(a, b)

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    assert book.match(made[0][0]) == made[0][1]
    assert compared == [kept.digest for _, kept in made]


def test_a_guessable_word_is_no_token_even_if_its_hash_is_listed() -> None:
    line = f"ada:admin:{module._digest('password')}"
    assert TokenBook(line).match("password") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ada", "no scope"),
        ("ada:owner:" + "0" * 64, "'owner' is no scope"),
        ("ada:public:" + "0" * 64, "'public' is no scope"),
        ("ada:read:abc", "no hash"),
        ("a b:read:" + "0" * 64, "is no name"),
        ("", "holds no token"),
        ("@/no/such/file", "No such file"),
    ],
)
def test_a_line_that_is_none_is_named_without_its_hash(line: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        TokenBook(line)
    assert "0" * 64 not in str(caught.value)


def test_a_file_that_everyone_may_write_to_is_refused(tokens: Tokens) -> None:
    tokens.path.chmod(0o666)
    with pytest.raises(SettingsError, match="everyone on this machine may write"):
        TokenBook(f"@{tokens.path}")


def test_a_withdrawn_token_ends_without_a_restart(
    closed: Served, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    book = closed.app.wsgi_app.access.identities.book  # type: ignore[attr-defined]
    book._look_at = 0.0
    assert closed.client.get("/", headers=tokens.bearer("rita")).status_code == 200
    tokens.withdraw("rita")
    assert closed.client.get("/", headers=tokens.bearer("rita")).status_code == 401
    assert closed.client.get("/", headers=tokens.bearer("will")).status_code == 200


def test_a_file_with_a_mistake_leaves_the_tokens_as_they_were(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    book = TokenBook(f"@{tokens.path}")
    tokens.path.write_text("half of a li")
    with caplog.at_level(logging.ERROR):
        assert book.match(tokens.shown["ada"]) is not None
    assert "stay as they were" in caplog.text


def test_nothing_shows_a_token_or_its_hash(closed: Served, tokens: Tokens) -> None:
    headers = {**tokens.bearer("ada"), "Cookie": "mine=1"}
    texts = [closed.bare_client.get(path, headers=headers).text for path in ("/echo", "/diagnostic", "/", "/api/v1/me")]
    texts += [repr(closed.settings), repr(closed.app.config), repr(tokens.kept["ada"])]
    texts += [str(closed.audit)]
    for secret in (tokens.shown["ada"], tokens.kept["ada"].digest):
        assert [text for text in texts if secret in text] == []
    assert "mine=1" in texts[0]


def test_guessing_is_stopped_and_holds_up_nobody_with_a_token(closed: Served, tokens: Tokens) -> None:
    allowed = int(WRONG_TOKENS.partition("/")[0])
    wrong = {"Authorization": f"Bearer {tokens.shown['ada'][:-1]}*"}
    answers = [closed.client.get("/hello", headers=wrong) for _ in range(allowed + 2)]
    assert [answer.status_code for answer in answers] == [401] * allowed + [429] * 2
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].get_json()["error"] == "TooManyRequests"
    assert closed.client.get("/", headers=tokens.bearer("ada")).status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert closed.client.get("/hello", headers=wrong, environ_base=elsewhere).status_code == 401
    assert len([line for line in closed.audit if line["action"] == "token"]) == allowed + 1


def test_one_subscribers_ipv6_addresses_are_counted_together(settings: Settings) -> None:
    guesses = Guesses(settings, "2/minute")
    guesses.spend("2001:db8::1")
    guesses.spend("2001:db8::2")
    with pytest.raises(TooManyRequests):
        guesses.spend("2001:db8::3")
    guesses.spend("2001:db8:0:1::3")


def test_guesses_are_counted_without_a_broker(settings: Settings) -> None:
    assert not settings.broker_socket.exists()
    guesses = Guesses(settings, "1/minute")
    guesses.spend("192.0.2.1")
    with pytest.raises(TooManyRequests, match="ask again in"):
        guesses.spend("192.0.2.1")


@pytest.mark.parametrize("shown", ["", "ls_", "ls_" + "x" * 43, "x" * 7000, "ls_é" + "x" * 42])
def test_odd_tokens_are_refused_not_stumbled_over(closed: Served, shown: str) -> None:
    environ = {"HTTP_AUTHORIZATION": f"Bearer {shown}"}
    assert closed.client.get("/", environ_overrides=environ).status_code == 401


def test_another_kind_of_authorization_is_left_to_the_application(opened: Served) -> None:
    answer = opened.client.get("/echo", headers={"Authorization": "Basic YTpi"})
    assert answer.get_json()["Authorization"] == "Basic YTpi"


def test_the_general_limit_counts_each_token(serve: Serve, tokens: Tokens) -> None:
    served = serve(auth_tokens=f"@{tokens.path}", rate_limit="3/minute", broker_url="amqp://nowhere")
    codes = [served.client.get("/api/v1/me", headers=tokens.bearer("rita")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    limited = served.client.get("/api/v1/me", headers=tokens.bearer("rita"))
    assert limited.get_json()["error"] == "TooManyRequests"
    assert int(limited.headers["Retry-After"]) >= 1
    assert served.client.get("/api/v1/me", headers=tokens.bearer("will")).status_code == 200


def test_the_general_limit_lets_through_while_the_broker_is_away(serve: Serve) -> None:
    served = serve(rate_limit="1/minute")
    assert [served.client.get("/hello").status_code for _ in range(3)] == [200] * 3


def test_a_token_file_may_stand_anywhere(tokens: Tokens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert TokenBook("@~/tokens").match(tokens.shown["ada"]) == tokens.kept["ada"]
