"""Files from other servers: only listed hosts, never a private address by a public name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from delivery.test_links import take
from longshore.delivery import remote
from longshore.delivery.links import Links
from longshore.delivery.records import LinkNotFound
from longshore.errors import Disabled, InvalidValue, Unavailable
from longshore.settings import Settings
from longshore.state.database import Database, migrate

BODY = bytes(range(256)) * 5000


class TableOperand(BaseHTTPRequestHandler):
    """Another server: a file, redirects, errors."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        type(self).seen.append(dict(self.headers))
        if self.path.startswith("/to"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to="))
            self.end_headers()
        elif self.path.startswith("/file"):
            self.send_response(200)
            self.send_header("Content-Type", "application/x-thing")
            self.send_header("Content-Length", str(len(BODY)))
            if "named" in self.path:
                self.send_header("Content-Disposition", "attachment; filename*=UTF-8''%C3%BCber.bin")
            self.end_headers()
            self.wfile.write(BODY)
        else:
            self.send_error(500)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def other() -> Iterator[str]:
    TableOperand.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), TableOperand) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def links(settings: Settings) -> Iterator[Links]:
    migrate(settings)
    database = Database(settings.database)
    yield Links(settings.model_copy(update={"remote_hosts": ("127.0.0.1", "*.example.org")}), database)
    database.close()


def test_a_remote_file_comes_through_this_server_once(links: Links, other: str) -> None:
    address = links.register_request(f"{other}/file", headers={"Authorization": "Bearer x", "Host": "evil"})
    status, content, headers = take(links, address)
    assert (status, content) == (200, BODY)
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["Content-Type"] == "application/x-thing"
    assert headers["Content-Disposition"] == "attachment; filename=file"
    assert TableOperand.seen[0]["Authorization"] == "Bearer x"
    assert TableOperand.seen[0]["Host"] == other.removeprefix("http://")
    with pytest.raises(LinkNotFound):
        take(links, address)


def test_the_other_servers_name_wins_over_the_fallback(links: Links, other: str) -> None:
    named = take(links, links.register_request(f"{other}/file/named", file_name_fallback="x.bin"))[2]
    assert "filename*=UTF-8''%C3%BCber.bin" in named["Content-Disposition"]
    fallback = take(links, links.register_request(f"{other}/file", file_name_fallback="x.bin"))[2]
    assert fallback["Content-Disposition"] == "attachment; filename=x.bin"


def test_a_failure_of_the_other_server_leaves_the_address_valid(links: Links, other: str) -> None:
    address = links.register_request(f"{other}/broken")
    for _ in range(2):
        with pytest.raises(Unavailable, match="500"):
            take(links, address)


def test_redirects_are_followed_without_the_credentials_and_only_to_listed_hosts(links: Links, other: str) -> None:
    target = other.replace("127.0.0.1", "localhost")
    permitted = links.settings.model_copy(update={"remote_hosts": ("127.0.0.1", "localhost")})
    both = Links(permitted, links.database)
    address = both.register_request(f"{other}/to={target}/file", headers={"Authorization": "Bearer x"})
    assert take(both, address)[1] == BODY
    assert "Authorization" not in TableOperand.seen[1]
    with pytest.raises(Disabled, match="REMOTE_HOSTS"):
        take(links, links.register_request(f"{other}/to={target}/file"))
    with pytest.raises(Unavailable, match="without end"):
        take(links, links.register_request(f"{other}/to=/to=/to=/to=/to=/to=/to=/to=/file"))
    with pytest.raises(InvalidValue):
        take(links, links.register_request(f"{other}/to=file:///etc/passwd"))


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "https://example.com/", "http://10.0.0.1/", "http://127.0.0.2/", "http://[::1]/",
     "http://notexample.org/", "http://0177.0.0.1/", "http://2130706433/", "http://127.0.0.1.nip.io/"],
)  # fmt: skip
def test_hosts_that_are_not_listed(links: Links, url: str) -> None:
    with pytest.raises(Disabled):
        links.register_request(url)


@pytest.mark.parametrize(
    "url",
    ["", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "//127.0.0.1", "http://a b/", "x", "http://[::1",
     "http://127.0.0.1:99999/", "http://user:word@127.0.0.1/", "http://127.0.0.1/\r\nX: y", "gopher://127.0.0.1/"],
)  # fmt: skip
def test_what_is_no_url(links: Links, url: str) -> None:
    with pytest.raises(InvalidValue):
        links.register_request(url)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET6 if ":" in a else socket.AF_INET, 1, 6, "", (a, 80)) for a in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.2", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
     "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "2002:0a00:0001::1", "ff02::1"],
)  # fmt: skip
def test_a_listed_name_may_not_lead_inside(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, "93.184.216.34", address)
    parts = remote.check_url("http://www.example.org/", ["*.example.org"])
    with pytest.raises(Disabled, match="inside"):
        remote.resolve(parts, ["*.example.org"])


def test_a_private_address_may_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "10.1.2.3")
    hosts = ["*.example.org", "10.0.0.0/8:80"]
    assert remote.resolve(remote.check_url("http://www.example.org/", hosts), hosts) == "10.1.2.3"
    with pytest.raises(Disabled):
        remote.check_url("http://10.1.2.3:8080/", hosts)


def test_a_name_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unavailable):
        remote.resolve(remote.check_url("http://www.example.org/", ["*.example.org"]), ["*.example.org"])


INSIDE = [
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::10.0.0.1", "::192.0.43.8", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "::ffff:0:192.0.43.8",
    "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::192.0.43.8",
    "2002:a00:1::", "2002:7f00:1::1", "2001::1", "2001:0:c000:2b08::", "2001:10::1", "2001:db8::1", "3fff::1",
    "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:10.0.0.1", "5f00::1", "100::1", "fec0::1", "fe80::1%eth0",
    "fd00:ec2::254", "ff02::1", "ff0e::1", "4000::1", "200::1",
]  # fmt: skip
PUBLIC = [
    "192.0.43.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::8", "64:ff9b::192.0.43.8", "2002:c000:2b08::1",
    "::ffff:192.0.43.8",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_followed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 80))])
    with pytest.raises(Disabled, match="inside this network"):
        remote.resolve(remote.check_url("http://files.example/", ["files.example"]), ["files.example"])


@pytest.mark.parametrize("address", PUBLIC)
def test_a_name_that_leads_outside_is_followed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 80))])
    found = remote.resolve(remote.check_url("http://files.example/", ["files.example"]), ["files.example"])
    assert found == address


def test_one_address_inside_is_enough_to_refuse_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", (address, 80)) for address in ("192.0.43.8", "64:ff9b::10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Disabled):
        remote.resolve(remote.check_url("http://files.example/", ["files.example"]), ["files.example"])
