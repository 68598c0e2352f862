"""What proxies say about a request counts only from those that the settings trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Everything by which a client could pretend to be somebody, or somewhere, else to the code behind the gate.
FORWARDED = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_SSL", "HTTP_X_REAL_IP",
)  # fmt: skip
MAX_HOPS = 20


class Proxies:
    """The proxies in front of this server.

    :param networks: CIDR blocks, such as ``10.0.0.0/8``.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]
        self.trusts = lru_cache(maxsize=1024)(self._trusts)

    def resolve(self, environ: dict[str, Any]) -> bool:
        """Put the client's address and scheme into ``environ``; whether the peer is a trusted proxy.

        From others the headers are taken away, so that nothing behind believes them.
        """
        if not self._networks or not self.trusts(environ.get("REMOTE_ADDR", "")):
            for name in FORWARDED:
                environ.pop(name, None)
            return False
        environ["REMOTE_ADDR"] = self._client(environ)
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        return True

    def _client(self, environ: dict[str, Any]) -> str:
        """The address nearest to us that is no trusted proxy: what stands left of it anyone may have written."""
        client = str(environ["REMOTE_ADDR"])
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-MAX_HOPS:]):
            address = _parse(hop)
            if address is None:
                return client
            client = str(address)
            if not self.trusts(client):
                return client
        return client

    def _trusts(self, peer: str) -> bool:
        address = _parse(peer)
        return address is not None and any(address in network for network in self._networks)


def _parse(text: str) -> Address | None:
    """An address as proxies write it: plain, in brackets, or with a port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def subject(address: str) -> str:
    """Whose guesses are counted together: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    found = _parse(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found) if found is not None else address
