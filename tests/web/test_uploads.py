"""Bodies on their way to disk."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
from pathlib import Path

import pytest
from flask import Request

from longshore.errors import InvalidRequest
from longshore.web import request_body
from longshore.web.digests import DigestMismatch
from longshore.web.request_body import ClientDisconnected
from longshore.web.uploads import receive, receive_all


def asking(stream: object, length: int, connection: socket.socket | None = None, kind: str = "") -> Request:
    """A request with this body."""
    environ = {
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(length),
        "CONTENT_TYPE": kind,
        "gunicorn.socket": connection,
    }
    return Request(environ, populate_request=False)


def test_a_client_that_stalls_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "IDLE_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb", buffering=0) as stream:
        theirs.sendall(b"x" * 100)
        with pytest.raises(ClientDisconnected), receive(asking(stream, 1000, ours), tmp_path, 10**6):
            pytest.fail("the body was not whole")
        assert ours.gettimeout() is None
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_form_and_its_fields(tmp_path: Path) -> None:
    parts = [("a", "one.txt", b"1"), ("b", "two.txt", b"22"), ("c", "", b"")]
    body = b"".join(
        f'--X\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for field, name, content in parts
    )
    body += b'--X\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n--X--\r\n'
    (tmp_path / "body").write_bytes(body)
    folder = tmp_path / "arrivals"
    with (tmp_path / "body").open("rb") as stream:
        request = asking(stream, len(body), kind="multipart/form-data; boundary=X")
        with receive_all(request, folder, 1000) as arrived:
            assert [(upload.name, upload.path.read_bytes()) for upload in arrived] == [
                ("one.txt", b"1"),
                ("two.txt", b"22"),
            ]
            assert arrived[0].fields == {"text": "hello"}
        assert list(folder.iterdir()) == []
    with (tmp_path / "body").open("rb") as stream:
        request = asking(stream, len(body), kind="multipart/form-data; boundary=X")
        with pytest.raises(InvalidRequest, match="one file"), receive(request, folder, 1000):
            pytest.fail("there were two files")


def with_header(name: str, value: str, body: bytes = b"hello") -> Request:
    asked = asking(io.BytesIO(body), len(body))
    asked.environ["HTTP_" + name.upper().replace("-", "_")] = value
    return asked


SHA256 = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
MD5 = base64.b64encode(hashlib.md5(b"hello").digest()).decode()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Digest", f"sha-256=:{SHA256}:"),
        ("Repr-Digest", f"crc32=:AAAA:, sha-256=:{SHA256}:"),
        ("Digest", f"SHA-256={SHA256}"),
        ("Content-MD5", MD5),
    ],
)
def test_a_body_with_its_sum_is_kept_and_another_is_not(tmp_path: Path, header: str, value: str) -> None:
    with receive(with_header(header, value), tmp_path, 10**6) as upload:
        assert upload.path.read_bytes() == b"hello"
    with pytest.raises(DigestMismatch), receive(with_header(header, value, b"hullo"), tmp_path, 10**6):
        pytest.fail("it was taken")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["sha-256", "sha-256=:!!:", "crc32=:AAAA:", f"sha-256=:{MD5}:"])
def test_a_sum_that_cannot_be_compared_is_refused(tmp_path: Path, value: str) -> None:
    asked = with_header("Content-Digest", value)
    with pytest.raises(InvalidRequest, match="Content-Digest"), receive(asked, tmp_path, 10**6):
        pytest.fail("it was taken")
