"""What opens something to whoever knows it is cut before it is written into a log."""

from __future__ import annotations

import re

# A session id opens its dataset to whoever knows it; six digits are enough to follow one through a log.
_SESSION_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{6})[0-9a-f]{24}(?![0-9a-f])")
# Links' ids and tokens: a word too long and too mixed to be one of a language.
_SECRET = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])([\w-]{6})[\w-]{14,}(?![\w-])", re.ASCII)
# The same where it shows by what stands before it, so that the ids of jobs and errors beside it stay whole.
_MARKED = re.compile(r"((?:uid(?:=|%3D)|\bls_)[\w-]{6})[\w-]{8,}", re.ASCII | re.IGNORECASE)


def hide_openers(text: str) -> str:
    """``text`` with session ids, links' ids and tokens cut, and all other ids as they are.

    >>> hide_openers("GET /cached-file?uid=Zk3vXq0pL9aBcDeFgHiJkLm of job 6f1c2a3b-0000-4000-8000-123456789abc")
    'GET /cached-file?uid=Zk3vXq… of job 6f1c2a3b-0000-4000-8000-123456789abc'
    """
    return _MARKED.sub(r"\1…", hide_session_ids(text))


def hide_session_ids(text: str) -> str:
    """``text`` with each 30-digit session id cut to its first six digits.

    >>> hide_session_ids("GET /dataset/0123456789abcdef0123456789abcd/x")
    'GET /dataset/012345…/x'
    """
    return _SESSION_ID.sub(r"\1…", text)


def hide_secrets(text: str) -> str:
    """``text`` also without links' ids and tokens.

    >>> hide_secrets("/cached-file?uid=Zk3vXq0pL9aBcDeFgHiJkLm and /store/measurements")
    '/cached-file?uid=Zk3vXq… and /store/measurements'
    """
    return _SECRET.sub(r"\1…", hide_session_ids(text))
