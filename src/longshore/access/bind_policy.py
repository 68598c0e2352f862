"""Whether a server may listen where it is told to."""

from __future__ import annotations

import ipaddress

from longshore.access.tokens import HOW_TO_MAKE, TokenBook, tokens_are_on
from longshore.errors import SettingsError
from longshore.settings import Settings


def require_protection(settings: Settings, address: str) -> None:
    """See that a server which other machines can reach asks for tokens, or was told aloud not to.

    Then it has to know its names: a page anywhere could point one of its own at this server, and read it through the
    browser of somebody who reaches it (DNS rebinding).

    :param address: the IP address that it is to listen on.
    :raises SettingsError: when neither is so, both are, or the tokens cannot be used; when it knows no names.
    """
    TokenBook.of(settings)
    if tokens_are_on(settings) and settings.auth == "none":
        raise SettingsError("AUTH=none and AUTH_TOKENS contradict each other; unset one of them")
    if tokens_are_on(settings) or is_loopback(address):
        return
    if settings.auth == "none" and settings.allowed_hosts:
        return
    if settings.auth == "none":
        raise SettingsError(
            f"AUTH=none on BIND_INTERFACE={settings.bind_interface!r} lets in every web page that points a name of its"
            " own at this server: set ALLOWED_HOSTS to the names and addresses it is reached by, such as"
            " data.example.org,10.0.0.5 (`*` for any, where no browser can reach it)"
        )
    raise SettingsError(
        f"BIND_INTERFACE={settings.bind_interface!r} would let other machines in, and no token is asked for yet:"
        f" set AUTH_TOKENS ({HOW_TO_MAKE}), or AUTH=none with ALLOWED_HOSTS to let in everyone who can reach this port"
    )


def is_loopback(address: str) -> bool:
    """Whether an address is only reached from this machine; a name, ``localhost`` or one below it, counts, too."""
    name = address.strip("[]").partition("%")[0]
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return name.lower().rstrip(".") == "localhost" or name.lower().rstrip(".").endswith(".localhost")
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
