"""Headers that tell browsers what the pages of this server may do, and others may do with them.

Sources: Content Security Policy Level 3, the Fetch standard (``nosniff``, cross-origin resource policy), HTML
(cross-origin opener policy).
"""

from __future__ import annotations

import secrets
from functools import lru_cache

from flask import g

CSP = "Content-Security-Policy"
CORP = "Cross-Origin-Resource-Policy"
"""Whether pages of other origins may embed an answer. Browsers keep to it also where they send no ``Sec-Fetch-*``, as
to servers without TLS."""

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
    """The policy of this server's own pages: scripts that show a nonce; charts may make images, set styles.

    "Our own origin" would be no bound for scripts: what users stored, and JSONP, has the same.

    :param host: name and port under which the page was asked for; browsers that do not count a socket of the same
        host as the page's own origin find it there.
    :param nonce: of the scripts of this answer, which may load others; without one there are none.
    """
    sockets = f" ws://{host} wss://{host}" if _is_plain(host) else ""
    own_scripts = f" 'nonce-{nonce}'" if nonce else ""
    # Browsers that do not know the second directive, from before 2022, keep to the first.
    elements = f"'nonce-{nonce}' 'strict-dynamic'" if nonce else "'none'"
    return (
        f"default-src 'self'; script-src 'self'{own_scripts}; script-src-elem {elements};"
        " style-src 'self' 'unsafe-inline';"
        f" img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{sockets}; worker-src blob:;"
        " frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def page_nonce() -> str:
    """What a script of the server's own pages shows to be run: ``<script nonce="{{ nonce() }}">``."""
    if "page_nonce" not in g:
        g.page_nonce = secrets.token_urlsafe(16)
    return str(g.page_nonce)


def _is_plain(host: str) -> bool:
    return bool(host) and all(letter.isalnum() or letter in ".-:[]" for letter in host) and host.isascii()
