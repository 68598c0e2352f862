"""Headers that tell browsers what the pages of this server may do, and others may do with them.

Sources: Content Security Policy Level 3, the Fetch standard (``nosniff``), HTML (cross-origin opener policy).
"""

from __future__ import annotations

from functools import lru_cache

CSP = "Content-Security-Policy"

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    # Addresses hold session ids, which must not reach the sites that a page links to.
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

DEPLOYERS_POLICY = "frame-ancestors 'self'; object-src 'none'"
"""For pages of handlers and mounted applications that bring no policy: they may hold scripts of any kind."""


@lru_cache(maxsize=256)
def own_policy(host: str, nonce: str = "") -> str:
    """The policy of this server's own pages: scripts from files or with a nonce; charts may make images, set styles.

    :param host: name and port under which the page was asked for; browsers that do not count a socket of the same
        host as the page's own origin find it there.
    :param nonce: of the inline scripts of this answer.
    """
    sockets = f" ws://{host} wss://{host}" if _is_plain(host) else ""
    own_scripts = f" 'nonce-{nonce}'" if nonce else ""
    return (
        f"default-src 'self'; script-src 'self'{own_scripts}; style-src 'self' 'unsafe-inline';"
        f" img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{sockets}; worker-src 'self' blob:;"
        " frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def _is_plain(host: str) -> bool:
    return bool(host) and all(letter.isalnum() or letter in ".-:[]" for letter in host) and host.isascii()
