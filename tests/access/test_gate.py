"""Attacks through a browser, and by headers: foreign pages, rebound names, spoofed addresses and users."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from access.conftest import Serve, Served, Tokens
from longshore.access.bind_policy import is_loopback, require_protection
from longshore.access.gate import _kept_private
from longshore.access.proxies import Proxies
from longshore.errors import SettingsError
from longshore.settings import Settings

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


def upload(client: FlaskClient, headers: dict[str, str], **more: Any) -> int:
    # What the gate lets through fails later, without a worker: as a form without a file, with 400.
    return client.post("/upload", data={"x": (io.BytesIO(b""), "")}, headers=headers, **more).status_code


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_cannot_write_to_an_open_server(opened: Served, headers: dict[str, str]) -> None:
    assert upload(opened.client, headers) == 403
    answer = opened.client.delete("/api/v1/datasets/x", headers=headers)
    assert answer.status_code == 403
    assert "CORS_ORIGINS" in answer.get_json()["errorDescription"]
    assert opened.client.get("/socket.io/?EIO=4&transport=polling", headers=headers).status_code in (400, 403)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_programs_and_own_pages_write_to_an_open_server(opened: Served, headers: dict[str, str]) -> None:
    assert upload(opened.client, headers) == 400
    assert opened.client.get("/socket.io/?EIO=4&transport=polling", headers=headers).status_code == 200


def test_a_listed_origin_may_write(serve: Serve) -> None:
    served = serve(cors_origins="https://pages.example")
    headers = {"Origin": "https://pages.example"}
    assert upload(served.client, headers) == 400
    assert served.client.get("/socket.io/?EIO=4&transport=polling", headers=headers).status_code == 200
    assert upload(served.client, {"Origin": "https://evil.example"}) == 403


SCRIPT = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
"""What a browser says of a foreign page's `<script src=...>`, `<img src=...>` and the like."""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("query", ["", "?callback=steal", "?c%61llback=steal", "?x=%26callback%3D1"])
def test_a_foreign_page_cannot_embed_an_answer(opened: Served, site: str, query: str) -> None:
    answer = opened.client.get(f"/store/secret{query}", headers={**SCRIPT, "Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "CORS_ORIGINS" in answer.get_json()["errorDescription"]


@pytest.mark.parametrize("callback", ["callback", "c%61llback", "%63%61%6c%6c%62%61%63%6b"])
def test_a_foreign_page_cannot_choose_what_a_public_answer_calls(opened: Served, callback: str) -> None:
    assert opened.client.get(f"/hello?{callback}=steal", headers=SCRIPT).status_code == 403
    assert opened.client.get("/hello", headers=SCRIPT).status_code == 200
    assert opened.client.get(f"/hello?{callback}=cb").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}])
def test_own_pages_and_programs_read_jsonp(opened: Served, headers: dict[str, str]) -> None:
    opened.client.post("/kv/film", json={"a": 1})
    assert opened.client.get("/kv/film?callback=cb", headers=headers).text == 'cb({"a": 1});'


def test_a_foreign_page_may_lead_to_an_answer_but_not_embed_it(opened: Served) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Referer": "https://evil.example/"}
    assert opened.client.get("/echo", headers=followed).status_code == 200


@pytest.mark.parametrize(
    ("page", "status"),
    [("https://evil.example/x", 403), ("http://localhost:8/", 403), ("http://localhost/page", 200), ("", 200)],
)
def test_without_a_word_of_the_browser_the_page_decides_who_reads_jsonp(opened: Served, page: str, status: int) -> None:
    answer = opened.client.get("/echo?c%61llback=cb", headers={"Referer": page} if page else {})
    assert answer.status_code == status


def test_a_page_of_a_listed_origin_reads_jsonp(serve: Serve) -> None:
    served = serve(cors_origins="https://pages.example")
    asked = {**SCRIPT, "Referer": "https://pages.example/a"}
    served.client.post("/kv/film", json={"a": 1})
    answer = served.client.get("/kv/film?callback=cb", headers=asked)
    assert (answer.text, answer.headers["Cross-Origin-Resource-Policy"]) == ('cb({"a": 1});', "cross-origin")
    assert served.client.get("/kv/film?callback=cb", headers={**SCRIPT, "Referer": "https://x"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/store/x", "/login", "/file", "/socket.io/?EIO=4&transport=polling", "/api/v1/docs"]
)
def test_browsers_keep_every_answer_from_foreign_pages(opened: Served, path: str) -> None:
    assert opened.client.get(path).headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for headers in (SCRIPT, {"Host": "evil.example"}):
        assert opened.client.get(path, headers=headers).headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_an_answer_that_was_not_modified_is_kept_from_foreign_pages(opened: Served) -> None:
    assert opened.client.put("/kv/x.js", data=b"1", content_type="text/javascript").status_code < 300
    etag = opened.client.head("/kv/x.js").headers["ETag"]
    answer = opened.client.get("/kv/x.js", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.headers["Cross-Origin-Resource-Policy"]) == (304, "same-origin")


def test_a_public_link_may_be_shown_on_any_page(serve: Serve, tmp_path: Path, tokens: Tokens) -> None:
    (tmp_path / "offered").mkdir()
    (tmp_path / "offered" / "a.png").write_bytes(b"picture")
    served = serve(auth_tokens=f"@{tokens.path}", files_root=tmp_path / "offered")
    address = served.client.post("/file?name=a.png", headers=tokens.bearer("will")).get_json()["addr"]
    with served.client.get(address, headers=SCRIPT) as answer:
        assert (answer.status_code, answer.data) == (200, b"picture")
        assert "Cross-Origin-Resource-Policy" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:5000", "10.0.0.1"])
def test_a_rebound_name_does_not_reach_an_open_server(opened: Served, host: str) -> None:
    answer = opened.client.get("/hello", headers={"Host": host})
    assert answer.status_code == 403
    assert "ALLOWED_HOSTS" in answer.get_json()["errorDescription"]


NO_NAMES = [
    "[::1].evil.example", "[::1]evil", "[::1", "::1", "[127.0.0.1]", "[localhost]", "[::1%25x]", "localhost:80:90",
    "localhost:x", "localhost evil.example", "evil@localhost", "localhost/", "[v1.x]", "[]", ":80", "localhost\t",
]  # fmt: skip


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_is_no_name_reaches_no_server(opened: Served, serve: Serve, tokens: Tokens, host: str) -> None:
    for served in (opened, serve(auth_tokens=f"@{tokens.path}")):
        answer = served.client.get("/hello", headers={"Host": host})
        assert answer.status_code == 400
        assert answer.get_json()["errorDescription"].startswith("Host: ")


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "box.localhost"])
def test_names_of_this_machine_reach_it(opened: Served, host: str) -> None:
    assert opened.client.get("/hello", headers={"Host": host}).status_code == 200


def test_chosen_names_reach_it(serve: Serve) -> None:
    served = serve(allowed_hosts="data.example, *.lab.example")
    hosts = ("data.example:8", "a.lab.example", "localhost", "lab.evil")
    codes = [served.client.get("/hello", headers={"Host": host}).status_code for host in hosts]
    assert codes == [200, 200, 200, 403]


def test_any_name_reaches_a_server_that_asks_for_tokens(closed: Served) -> None:
    assert closed.client.get("/hello", headers={"Host": "data.example"}).status_code == 200


def test_the_header_is_the_user_where_nobody_is_asked(opened: Served) -> None:
    assert opened.client.get("/", headers={"Uid": "somebody"}).get_json()["uid"] == "somebody"
    assert opened.client.get("/").get_json()["uid"] == "DEFAULT"
    assert len(opened.client.get("/", headers={"Uid": "x" * 5000}).get_json()["uid"]) == 200


def test_the_header_does_not_make_one_somebody_else(closed: Served, tokens: Tokens) -> None:
    headers = {**tokens.bearer("rita"), "Uid": "ada"}
    assert closed.client.get("/", headers=headers).get_json()["uid"] == "rita"
    assert closed.client.get("/echo", headers=headers).get_json()["Uid"] == "rita"
    assert closed.client.get("/diagnostic", headers={"Uid": "ada"}).get_json()["uid"] == "DEFAULT"


def test_a_trusted_proxy_names_the_user_and_the_client(serve: Serve, tokens: Tokens) -> None:
    served = serve(auth_tokens=f"@{tokens.path}", trusted_proxies="10.0.0.0/8")
    headers = {**tokens.bearer("will"), "Uid": "someone", "X-Forwarded-For": "1.1.1.1, 203.0.113.7, 10.0.0.3"}
    through = served.client.get("/", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert through.get_json()["uid"] == "someone"
    assert served.client.get("/", headers=headers).get_json()["uid"] == "will"
    for peer in ("10.0.0.2", "192.0.2.1"):
        served.client.post("/file?name=nothing", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert [(line["user"], line["token"], line["address"]) for line in served.audit] == [
        ("someone", "will", "203.0.113.7"), ("will", "will", "192.0.2.1")
    ]  # fmt: skip


def test_a_spoofed_address_does_not_get_around_the_limit_on_guesses(closed: Served) -> None:
    codes = {
        closed.client.get(
            "/", headers={"Authorization": "Bearer ls_wrong", "X-Forwarded-For": f"192.0.2.{number}"}
        ).status_code
        for number in range(12)
    }
    assert codes == {401, 429}


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("rubbish", "10.0.0.2"),
        ("203.0.113.7, rubbish", "10.0.0.2"),
        ("10.0.0.9", "10.0.0.9"),
        ("", "10.0.0.2"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(said: str, client: str) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": said, "HTTP_X_FORWARDED_PROTO": "http, https"}
    assert Proxies(["10.0.0.0/8"]).resolve(environ)
    assert environ["REMOTE_ADDR"] == client
    assert environ["wsgi.url_scheme"] == "https"


def test_nobody_behind_the_gate_believes_an_untrusted_peer() -> None:
    environ = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}
    assert not Proxies(["10.0.0.0/8"]).resolve(environ)
    assert environ == {"REMOTE_ADDR": "192.0.2.1"}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "a.localhost."])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "example.org", "", "::ffff:10.0.0.1", "localhost.x"])
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_server_for_other_machines_needs_tokens_or_a_word(tokens: Tokens, address: str) -> None:
    with pytest.raises(SettingsError, match=r"AUTH_TOKENS .*longshore token make.*AUTH=none"):
        require_protection(Settings.from_environment(bind_interface=address), address)
    named = Settings.from_environment(bind_interface=address, auth="none", allowed_hosts="data.example")
    require_protection(named, address)
    require_protection(Settings.from_environment(bind_interface=address, auth_tokens=f"@{tokens.path}"), address)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_server_open_to_other_machines_has_to_know_its_names(address: str) -> None:
    with pytest.raises(SettingsError, match=r"AUTH=none .*ALLOWED_HOSTS"):
        require_protection(Settings.from_environment(bind_interface=address, auth="none"), address)
    require_protection(Settings.from_environment(auth="none"), "127.0.0.1")


def test_a_server_open_to_other_machines_answers_to_its_names_only(serve: Serve) -> None:
    served = serve(auth="none", bind_interface="192.0.2.1", allowed_hosts="data.example,[2001:DB8::5]")
    hosts = ("data.example:8", "192.0.2.1:5000", "[2001:db8::5]", "localhost", "evil.example", "192.0.2.2", "[::2]")
    codes = [served.client.get("/hello", headers={"Host": host}).status_code for host in hosts]
    assert codes == [200, 200, 200, 200, 403, 403, 403]


def test_both_at_once_contradict_each_other(tokens: Tokens) -> None:
    with pytest.raises(SettingsError, match="contradict"):
        require_protection(Settings.from_environment(auth="none", auth_tokens=f"@{tokens.path}"), "127.0.0.1")


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/login", "/api/v1/openapi.json", "/socket.io/?EIO=4&transport=polling"]
)
def test_every_answer_carries_the_headers(closed: Served, path: str) -> None:
    headers = closed.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors" in headers["Content-Security-Policy"]
    assert headers["X-HOSTNAME"]
    assert headers["X-APP-VERSION"]
    assert headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/kv/a", "/store/a/1", "/api/v1/operations", "/", "/nothing"])
def test_what_needs_a_token_is_for_no_shared_cache(closed: Served, tokens: Tokens, path: str) -> None:
    closed.client.put("/kv/a", data=b"x", headers=tokens.bearer("will"))
    for accept in ("text/html", "*/*"):
        with closed.client.get(path, headers=tokens.bearer("rita") | {"Accept": accept}) as answer:
            said = answer.headers["Cache-Control"]
        assert {"private", "no-store"} & {word.strip() for word in said.split(",")}, said


@pytest.mark.parametrize(
    ("said", "is_kept"),
    [("max-age=60", "private, max-age=60"), ("public, max-age=60", "public, max-age=60"), ("no-store", "no-store"),
     ("S-Maxage=9", "S-Maxage=9"), ("private", "private")],
)  # fmt: skip
def test_what_a_handler_says_of_shared_caches_stays(said: str, is_kept: str) -> None:
    assert _kept_private("Cache-Control", said) == is_kept


@pytest.mark.parametrize("path", ["/", "/api/v1/docs", "/nothing", "/diagnostic/fail"])
def test_the_servers_own_pages_hold_no_scripts_that_their_policy_forbids(opened: Served, path: str) -> None:
    answer = opened.client.get(path, headers={"Accept": "text/html"})
    policy = answer.headers["Content-Security-Policy"]
    allowed = re.search(r"script-src 'self'(?: 'nonce-([\w-]{22})')?;", policy)
    assert allowed is not None
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self' ws://localhost wss://localhost;" in policy
    inline = {tag for tag in re.findall(r"<script[^>]*>", answer.text) if ' src="/assets/' not in tag}
    assert inline <= {f'<script nonce="{allowed[1]}">'}
    assert " onclick" not in answer.text.lower()
