"""Logging in with a browser, and what can be tried against it."""

from __future__ import annotations

import base64
import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from access.conftest import Serve, Served, Tokens
from longshore.access import tokens as module
from longshore.server.login_pages import safe_next

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OWN = {"Origin": "http://localhost"}


def log_in(served: Served, tokens: Tokens, name: str = "will") -> FlaskClient:
    client = served.client
    answer = client.post("/login", data={"token": tokens.shown[name]}, headers=PAGE | OWN)
    assert answer.status_code == 303, answer.text
    return client


def test_a_browser_is_sent_to_the_page_and_back(closed: Served, tokens: Tokens) -> None:
    client = closed.client
    sent = client.get("/api/v1/docs?from=mail&x=%C3%BC", headers=PAGE)
    assert sent.status_code == 303
    place = urlsplit(sent.headers["Location"])
    assert place.path == "/login"
    page = client.get(sent.headers["Location"], headers=PAGE)
    assert page.status_code == 200
    wanted = re.search(r'name="next" value="([^"]+)"', page.text)
    assert wanted is not None
    assert wanted[1].replace("&amp;", "&") == parse_qs(place.query)["next"][0]
    answer = client.post(
        "/login", data={"token": tokens.shown["will"], "next": parse_qs(place.query)["next"][0]}, headers=PAGE | OWN
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/api/v1/docs?from=mail&x=%C3%BC")
    assert client.get(answer.headers["Location"], headers=PAGE).status_code == 200
    assert client.get("/api/v1/me").get_json()["login"] is True


def test_programs_are_not_sent_anywhere(closed: Served) -> None:
    assert closed.client.get("/api/v1/operations", headers={"Accept": "*/*"}).status_code == 401
    assert closed.client.post("/upload", headers=PAGE).status_code == 401


def test_the_cookie_is_for_this_server_and_out_of_scripts_reach(serve: Serve, tokens: Tokens) -> None:
    served = serve(auth_tokens=f"@{tokens.path}", trusted_proxies="127.0.0.1")

    def cookie(**headers: str) -> SimpleCookie:
        answer = served.client.post("/login", json={"token": tokens.shown["will"]}, headers=headers)
        assert answer.get_json() == {"success": True, "user": "will", "scope": "write"}
        return SimpleCookie(answer.headers["Set-Cookie"])

    (plain,) = cookie().values()
    assert plain["httponly"]
    assert plain["samesite"] == "Lax"
    assert plain["path"] == "/"
    assert plain["domain"] == ""
    assert not plain["secure"]
    assert int(plain["max-age"]) == 7 * 86400
    (encrypted,) = cookie(**{"X-Forwarded-Proto": "https"}).values()
    assert encrypted["secure"]
    assert encrypted.key.startswith("__Host-")
    assert not plain.key.startswith("__Host-")
    assert tokens.shown["will"] not in plain.value


def test_a_wrong_token_shows_the_page_again_and_is_counted(closed: Served) -> None:
    codes = []
    for _ in range(12):
        answer = closed.client.post("/login", data={"token": "ls_no"}, headers=PAGE | OWN)
        codes.append(answer.status_code)
        assert "Set-Cookie" not in answer.headers
        assert 'role="alert"' in answer.text
    assert codes == [401] * 10 + [429] * 2
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}])
def test_a_login_does_not_make_changes_for_foreign_pages(
    closed: Served, tokens: Tokens, headers: dict[str, str]
) -> None:
    client = log_in(closed, tokens)
    assert client.delete("/api/v1/datasets/x", headers=headers).status_code == 403
    assert client.delete("/api/v1/datasets/x", headers=OWN).status_code == 404
    assert client.delete("/api/v1/datasets/x", headers=headers | tokens.bearer("will")).status_code == 404


def test_a_foreign_page_cannot_log_a_browser_in(closed: Served, tokens: Tokens) -> None:
    answer = closed.client.post(
        "/login", data={"token": tokens.shown["will"]}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_logging_out_ends_every_copy_of_the_cookie(closed: Served, tokens: Tokens) -> None:
    client = log_in(closed, tokens)
    name = closed.app.wsgi_app.access.identities.logins.cookie_name  # type: ignore[attr-defined]
    copy = client.get_cookie(name)
    assert copy is not None
    stolen = {"Cookie": f"{name}={copy.value}"}
    assert closed.bare_client.get("/", headers=stolen).status_code == 200
    assert client.post("/logout", headers=PAGE | OWN).headers["Location"] == "/login"
    assert client.get_cookie(name) is None
    assert closed.bare_client.get("/", headers=stolen).status_code == 401


def test_a_login_over_tls_lets_in_and_ends(serve: Serve, tokens: Tokens) -> None:
    served = serve(auth_tokens=f"@{tokens.path}", trusted_proxies="127.0.0.1")
    client, own = served.client, {"X-Forwarded-Proto": "https", "Origin": "https://localhost"}

    def asks(**headers: str) -> Any:
        return client.get("/api/v1/me", base_url="https://localhost", headers=headers)

    client.post("/login", base_url="https://localhost", json={"token": tokens.shown["will"]}, headers=own)
    assert asks(**own).get_json()["user"] == "will"
    assert asks(**{"X-Forwarded-Proto": "wss"}).get_json()["user"] == "will"
    client.post("/logout", base_url="https://localhost", headers=own)
    assert asks(**own).status_code == 401


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_mark_of_who_takes_a_link_goes_encrypted_where_the_link_does(
    serve: Serve, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "offered").mkdir()
    (tmp_path / "offered" / "a.txt").write_text("a")
    client = serve(files_root=tmp_path / "offered", trusted_proxies="127.0.0.1").client
    address = client.post("/file?name=a.txt").get_json()["addr"]
    with client.get(address, headers={"X-Forwarded-Proto": scheme}) as answer:
        (mark,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (bool(mark["secure"]), mark["httponly"], mark["path"]) == (scheme == "https", True, "/cached-file")


def test_logging_in_anew_ends_the_login_before(closed: Served, tokens: Tokens) -> None:
    client = log_in(closed, tokens, "will")
    name = closed.app.wsgi_app.access.identities.logins.cookie_name  # type: ignore[attr-defined]
    before = client.get_cookie(name)
    assert before is not None
    client.post("/login", data={"token": tokens.shown["rita"]}, headers=PAGE | OWN)
    assert client.get("/api/v1/me").get_json()["user"] == "rita"
    assert closed.bare_client.get("/", headers={"Cookie": f"{name}={before.value}"}).status_code == 401


def test_logging_out_empties_the_browsers_cache(closed: Served, tokens: Tokens) -> None:
    answer = log_in(closed, tokens).post("/logout", headers=PAGE | OWN)
    assert answer.headers["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize("reference", ["", "0", 7, None, ["a"]])
def test_a_signed_reference_that_fits_every_token_lets_nobody_in(
    closed: Served, tokens: Tokens, reference: object
) -> None:
    logins = closed.app.wsgi_app.access.identities.logins  # type: ignore[attr-defined]
    if reference == "0":
        reference = tokens.kept["will"].digest[:1]
    assert logins.read(logins._serializer.dumps(["A" * 22, reference])) is None
    assert logins.read(logins.begin(tokens.kept["will"])).token.name == "will"


def test_a_login_is_signed_with_sha_256_and_one_of_an_earlier_version_is_good(closed: Served, tokens: Tokens) -> None:
    logins = closed.app.wsgi_app.access.identities.logins  # type: ignore[attr-defined]
    secret, will = closed.settings.require_internal_secret().encode(), tokens.kept["will"]
    assert len(base64.urlsafe_b64decode(logins.begin(will).rpartition(".")[2] + "==")) == 32
    earlier = URLSafeTimedSerializer(secret, salt="longshore-login").dumps(["A" * 22, will.digest[:24]])
    assert logins.read(earlier).token.name == "will"


def test_withdrawing_the_token_ends_its_logins(closed: Served, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    closed.app.wsgi_app.access.identities.book._look_at = 0.0  # type: ignore[attr-defined]
    client = log_in(closed, tokens)
    assert client.get("/").status_code == 200
    tokens.withdraw("will")
    assert client.get("/").status_code == 401


def test_a_forged_cookie_is_nothing(closed: Served, tokens: Tokens) -> None:
    client = log_in(closed, tokens)
    name = closed.app.wsgi_app.access.identities.logins.cookie_name  # type: ignore[attr-defined]
    cookie = client.get_cookie(name)
    assert cookie is not None
    good = cookie.value
    for value in (good[:-2] + "AA", "x" * 5000, "", "a.b.c", good.replace(".", "..", 1)):
        assert closed.bare_client.get("/", headers={"Cookie": f"{name}={value}"}).status_code == 401
    assert closed.bare_client.get("/", headers={"Cookie": f"{name}={good}"}).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/a\r\nX: y",
        "javascript:alert(1)", "evil.example", "", "/" + "a" * 3000, "///evil.example", "/\x00",
    ],
)  # fmt: skip
def test_next_leads_nowhere_else(closed: Served, tokens: Tokens, wanted: str) -> None:
    assert safe_next(wanted) == "/"
    answer = closed.client.post("/login", data={"token": tokens.shown["will"], "next": wanted}, headers=PAGE | OWN)
    assert answer.headers["Location"] == "/"


def test_a_form_that_is_too_large_is_refused(closed: Served) -> None:
    assert closed.client.post("/login", data={"token": "x" * 20_000}).status_code == 413


def test_an_open_server_has_nothing_to_log_in_to(opened: Served) -> None:
    assert opened.client.get("/login", headers=PAGE).headers["Location"] == "/"
    assert opened.client.post("/login", json={"token": "x"}).get_json() == {"success": True}
    assert opened.client.post("/logout", headers=PAGE).status_code == 303


@pytest.mark.parametrize("body", ["[" * 4000 + "]" * 4000, '{"token": ' + '{"a":' * 1500 + "1" + "}" * 1501, "[", ""])
def test_a_login_of_any_json_is_refused_in_our_words(closed: Served, body: str) -> None:
    answer = closed.client.post("/login", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "recursion" not in answer.text
