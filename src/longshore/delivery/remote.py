"""Fetching files from other servers, only from those that the configuration names.

A name is resolved here, every address it has is checked, and the connection goes to a checked address: a name that
resolves to another one a moment later gains nothing. Redirects are followed by the same rules.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from longshore.delivery.making import Made
from longshore.delivery.names import clean_name, guess_type
from longshore.errors import Disabled, InvalidValue, Unavailable, shorten

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
CHUNK_BYTES = 2**18
MAX_URL = 4000
_PRINTED = re.compile(r"[!-~]+")  # RFC 3986: visible ASCII; the rest is percent-encoded
PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a client may not set for the other server: it would change where a request goes or how it is read.
_OUR_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})

_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out; the rest is reserved, local, or carries IPv4 addresses."""
_NO_HOSTS_V6 = (
    ipaddress.ip_network("2001::/23"),  # protocols' own, Teredo among them
    ipaddress.ip_network("2001:db8::/32"),  # for documentation, as the next
    ipaddress.ip_network("3fff::/20"),
)
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 reach them (RFC 6052); its neighbour 64:ff9b:1::/48 is for local ones."""
_INSIDE_V4 = (
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("192.88.99.0/24"),  # relays of 6to4
    ipaddress.ip_network("168.63.129.16/32"),  # where a cloud's machines ask for what concerns them, beside 169.254.*
)
_ISATAP = 0x00005EFE


def path_of(url: str) -> str:
    """The path of a URL, decoded."""
    return unquote(urlsplit(url).path)


def check_url(url: str, hosts: Sequence[str]) -> SplitResult:
    """The URL in its parts, if it may be fetched as far as its text tells.

    :raises InvalidValue: for anything but an http(s) URL with a host.
    :raises Disabled: for a host that is not listed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        raise InvalidValue(f"{shorten(url)!r} is no URL") from None
    if parts.scheme not in PORTS or not parts.hostname or len(url) > MAX_URL or not _PRINTED.fullmatch(url):
        raise InvalidValue(f"{shorten(url)!r} cannot be fetched; give a URL that begins with http:// or https://")
    if parts.username is not None:
        raise InvalidValue("a URL with a password in it is not fetched; send an Authorization header instead")
    if not _is_listed(parts.hostname, port, hosts):
        raise Disabled(
            f"this server does not fetch files from {shorten(parts.hostname)}; its operator can list it in REMOTE_HOSTS"
        )
    return parts


def _is_listed(host: str, port: int | None, hosts: Sequence[str]) -> bool:
    host = host.rstrip(".").lower()
    for entry in hosts:
        name, entry_port = _split_port(entry.lower())
        if entry_port is not None and entry_port != port:
            continue
        if name == host or (name.startswith("*.") and host.endswith(name[1:])) or _is_within(host, name):
            return True
    return False


def _split_port(entry: str) -> tuple[str, int | None]:
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.endswith("]")):
        return name.strip("[]"), int(port)
    return entry.strip("[]"), None


def _is_within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except (ValueError, TypeError):
        return False


def resolve(parts: SplitResult, hosts: Sequence[str]) -> str:
    """An address of the URL's host that may be connected to.

    :raises Disabled: when the name leads to a private address that is not listed as such.
    :raises Unavailable: when the name leads nowhere.
    """
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Unavailable(f"there is no server called {shorten(host)}") from None
    for address in sorted(found):
        if not _is_public(address) and not _is_listed(address, port, hosts):
            raise Disabled(f"{shorten(host)} is a machine inside this network, from which files are not fetched")
    return min(found, key=lambda address: (":" in address, address))


def _is_public(address: str) -> bool:
    """Whether an IP address is one of the public network, and so is the IPv4 address that it may carry.

    Allowed is what is known to be public, so a block that nobody thought of is none. Sources: the registries of special
    addresses (RFC 6890) and of IPv6 address space at IANA, as of 2026.

    >>> _is_public("192.0.43.8"), _is_public("64:ff9b::192.0.43.8"), _is_public("64:ff9b::10.0.0.1"), _is_public("::1")
    (True, True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast and not any(found in network for network in _INSIDE_V4)
    if (mapped := found.ipv4_mapped) is not None:
        return _is_public(str(mapped))
    if found in _TRANSLATED:
        return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    if found not in _UNICAST or not found.is_global or any(found in network for network in _NO_HOSTS_V6):
        return False
    return all(_is_public(str(carried)) for carried in _carried(found))


def _carried(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses to which routers on the way unpack this one: 6to4 (RFC 3056), ISATAP (RFC 5214)."""
    if address.sixtofour is not None:
        yield address.sixtofour
    if (int(address) >> 32) & 0xFDFFFFFF == _ISATAP:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def fetch(source: dict[str, Any], hosts: Sequence[str]) -> Made:
    """Begin to fetch what :meth:`Links.register_request` wrote down; the body comes piece by piece.

    :raises Disabled: for a host that may not be fetched from, also after a redirect.
    :raises Unavailable: when the other server cannot be reached or answers with an error.
    """
    import httpx

    url, headers = source["url"], {k: v for k, v in source["headers"].items() if k.lower() not in _OUR_HEADERS}
    client = httpx.Client(timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS), trust_env=False)
    try:
        response = _follow(client, url, headers, hosts)
    except BaseException:
        client.close()
        raise
    length = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    name = _name_of(response) or source["name"]
    content_type = response.headers.get("Content-Type") or guess_type(name)
    size = int(length) if length.isdigit() and not encoded else None
    return Made(name, content_type, _Body(client, response), size)


def _follow(client: httpx.Client, url: str, headers: dict[str, str], hosts: Sequence[str]) -> httpx.Response:
    first = urlsplit(url)
    for _ in range(MAX_REDIRECTS + 1):
        parts = check_url(url, hosts)
        # Credentials were meant for the first server only.
        sent = headers if (parts.scheme, parts.netloc) == (first.scheme, first.netloc) else {}
        response = _ask(client, parts, sent, resolve(parts, hosts))
        if response.status_code not in _REDIRECTS:
            break
        location = response.headers.get("Location", "")
        response.close()
        url = urljoin(url, location)
    else:
        raise Unavailable(f"{first.hostname} sends from one address to another without end")
    if response.status_code != 200:
        response.close()
        raise Unavailable(f"{parts.hostname} answered with status {response.status_code} instead of the file")
    return response


def _ask(client: httpx.Client, parts: SplitResult, headers: dict[str, str], address: str) -> httpx.Response:
    """Send a request to a checked address, under the name that the certificate has to prove."""
    import httpx

    port = parts.port or PORTS[parts.scheme]
    numbered = f"[{address}]" if ":" in address else address
    target = httpx.URL(parts._replace(netloc=f"{numbered}:{port}", fragment="").geturl())
    host = parts.netloc.rpartition("@")[2]
    request = client.build_request(
        "GET",
        target,
        headers={"Accept": "*/*", **headers, "Host": host, "Accept-Encoding": "identity"},
        extensions={"sni_hostname": parts.hostname or ""},
    )
    try:
        return client.send(request, stream=True, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{parts.hostname} cannot be reached: {type(error).__name__}") from error


class _Body:
    """The other server's bytes; closing it ends the connection, also before the first one."""

    def __init__(self, client: httpx.Client, response: httpx.Response) -> None:
        self._client = client
        self._response = response
        self._pieces = response.iter_bytes(CHUNK_BYTES)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._client.close()


def _name_of(response: httpx.Response) -> str | None:
    """The name that the other server gives its file."""
    message = Message()
    message["Content-Disposition"] = response.headers.get("Content-Disposition", "")
    found = message.get_filename()
    return clean_name(found) if found else None
