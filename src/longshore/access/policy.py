"""Whether a server may listen where it is told to."""

from __future__ import annotations

import ipaddress

from longshore.access.tokens import HOW_TO_MAKE, TokenBook, tokens_are_on
from longshore.errors import SettingsError
from longshore.settings import Settings


def require_protection(settings: Settings, address: str) -> None:
    """See that a server which other machines can reach asks for tokens, or was told aloud not to.

    :param address: the IP address that it is to listen on.
    :raises SettingsError: when neither is so, both are, or the tokens cannot be used.
    """
    TokenBook.of(settings)
    if tokens_are_on(settings) and settings.auth == "none":
        raise SettingsError("AUTH=none and AUTH_TOKENS contradict each other; unset one of them")
    if tokens_are_on(settings) or settings.auth == "none" or is_loopback(address):
        return
    raise SettingsError(
        f"BIND_INTERFACE={settings.bind_interface!r} would let other machines in, and no token is asked for yet:"
        f" set AUTH_TOKENS ({HOW_TO_MAKE}), or AUTH=none to let in everyone who can reach this port"
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
