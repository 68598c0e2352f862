"""The audit log: a line for every change, without what would open anything to its reader."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from access.conftest import Serve, Served, Tokens
from longshore.access.audit import AuditLog
from longshore.access.callers import Caller
from longshore.access.scopes import Scope
from longshore.errors import SettingsError
from longshore.processes.redaction import hide_secrets
from longshore.settings import Settings

SESSION = "0123456789abcdef0123456789abcd"


def test_a_change_is_on_record_with_who_and_how_it_went(closed: Served, tokens: Tokens) -> None:
    closed.client.delete(f"/api/v1/datasets/{SESSION}", headers=tokens.bearer("will"))
    (line,) = closed.audit
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "user": "will",
        "token": "will",
        "address": "127.0.0.1",
        "action": "DELETE /api/v1/datasets/<session_id>",
        "object": "/api/v1/datasets/012345…",
        "outcome": "failed",
        "status": 404,
    }


def test_a_new_name_is_on_record(closed: Served, tokens: Tokens) -> None:
    closed.client.patch(f"/api/v1/datasets/{SESSION}", json={"name": "x"}, headers=tokens.bearer("will"))
    (line,) = closed.audit
    assert (line["user"], line["action"]) == ("will", "PATCH /api/v1/datasets/<session_id>")


def test_reads_are_not(opened: Served) -> None:
    opened.client.get("/hello")
    opened.client.post("/echo", data={"a": "1"})
    opened.client.post(f"/api/v1/datasets/{SESSION}/visualize", json={"type": "histogram"})
    assert opened.audit == []


def test_a_link_is_on_record_with_its_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.csv").write_text("a\n1\n")
    served = serve(files_root=tmp_path / "files")
    address = served.client.post("/file?name=a.csv", headers={"Uid": "ada"}).get_json()["addr"]
    (line,) = served.audit
    assert (line["user"], line["action"], line["object"]) == ("ada", "POST /file", "/file?name=a.csv")
    assert line["outcome"] == "done"
    assert address.partition("uid=")[2][:20] not in json.dumps(served.audit)


def test_what_was_refused_to_somebody_known(closed: Served, tokens: Tokens) -> None:
    closed.client.post("/upload", data={"file": (io.BytesIO(b"a\n1"), "a.csv")}, headers=tokens.bearer("rita"))
    closed.client.post("/upload", headers={"Origin": "https://evil.example"})  # by nobody: not on record
    assert [(line["user"], line["outcome"], line["status"]) for line in closed.audit] == [("rita", "refused", 403)]


def test_a_read_that_was_refused_to_somebody_known(closed: Served, tokens: Tokens) -> None:
    login = closed.client
    login.post("/login", json={"token": tokens.shown["will"]})
    assert login.get("/api/v1/operations", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert [(line["user"], line["action"], line["outcome"]) for line in closed.audit] == [
        ("will", "POST /login", "done"),
        ("will", "GET /api/v1/operations", "refused"),
    ]


def test_foreign_pages_do_not_fill_the_record_of_an_open_server(opened: Served) -> None:
    assert opened.client.get("/api/v1/operations", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert opened.client.post("/upload", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert [line["action"] for line in opened.audit] == ["POST /upload"]


def test_logins_and_wrong_tokens(closed: Served, tokens: Tokens) -> None:
    client = closed.client
    client.post("/login", json={"token": "ls_wrong"})
    client.post("/login", json={"token": tokens.shown["will"]})
    client.post("/logout", headers={"Origin": "http://localhost"})
    assert [(line["action"], line["user"], line["outcome"]) for line in closed.audit] == [
        ("token", None, "refused"),
        ("POST /login", "will", "done"),
        ("POST /logout", "will", "done"),
    ]


def test_it_is_written_whatever_the_log_level_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.CRITICAL)
    AuditLog(None).write(Caller("ada", Scope.ADMIN, "::1"), "POST /x", "thing", "done")
    assert json.loads(capsys.readouterr().err)["user"] == "ada"


def test_a_line_stays_a_line(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "audit"
    AuditLog(path).write(Caller('a"\n{"user": "b"}', Scope.ADMIN), "POST /x", "x\r\n" * 500, "done")
    (line,) = path.read_text().splitlines()
    assert len(json.loads(line)["object"]) == 300
    assert path.stat().st_mode & 0o777 == 0o600


def test_half_a_character_does_not_keep_a_change_off_the_record(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    AuditLog(path).write(Caller("ada", Scope.ADMIN), "event \ud800", "\udfff", "refused")
    (line,) = path.read_text().splitlines()
    assert (json.loads(line)["action"], json.loads(line)["object"]) == ("event \ud800", "\udfff")


def test_a_file_that_cannot_be_written_to_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AUDIT_LOG="):
        AuditLog(tmp_path)


def test_the_file_may_be_moved_away(tmp_path: Path) -> None:
    log, path = AuditLog(tmp_path / "audit"), tmp_path / "audit"
    log.write(Caller("a", Scope.ADMIN), "POST /x", "1", "done")
    path.rename(tmp_path / "audit.1")
    log.write(Caller("a", Scope.ADMIN), "POST /x", "2", "done")
    assert json.loads(path.read_text())["object"] == "2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"/a/{SESSION}/b", "/a/012345…/b"),
        ("?uid=Zk3vXq0pL9aBcDeFgHiJkLm&a=1", "?uid=Zk3vXq…&a=1"),
        ("ls_" + "a1" * 20, "ls_a1a…"),
        ("/store/measurements-of-the-river", "/store/measurements-of-the-river"),
    ],
)
def test_secrets_are_cut(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown


def test_settings_know_where(settings: Settings) -> None:
    assert settings.audit_log is None
    assert Settings.from_environment(audit_log="~/x").audit_log == Path("~/x").expanduser()


def test_the_older_upload_shows_another_status_than_is_counted_and_on_record(
    serve: Serve, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(auth_tokens=f"@{tokens.path}", rate_limit="3/minute", broker_url="amqp://127.0.0.1:9//")
    will, rita = tokens.bearer("will"), tokens.bearer("rita")

    def upload(headers: dict[str, str]) -> tuple[int, str]:
        data = {"file": (io.BytesIO(b""), "t.csv"), "seed": "many"}
        answer = served.client.post("/upload/", data=data, headers=headers)
        return answer.status_code, answer.get_json()["error"]

    assert upload({}) == (401, "Unauthorized")
    assert upload(rita) == (403, "Disabled")
    assert upload(will) == (200, "InvalidRequest")
    assert served.client.post("/upload", data={"seed": "many"}, headers=will).status_code == 400
    monkeypatch.setattr("longshore.datasets.routes._take_upload", lambda _: 1 / 0)
    assert upload(will) == (500, "Internal")
    assert upload(will) == (429, "TooManyRequests")
    assert [line["status"] for line in served.audit] == [403, 400, 400, 500]
    counted = served.client.get("/metrics", headers=tokens.bearer("ada")).text
    assert 'longshore_http_requests_total{method="POST",route="/upload",status="400"} 2.0' in counted
    assert 'route="/upload",status="200"' not in counted
