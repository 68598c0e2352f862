"""Ranges of bytes: what a request asks for, and which parts of a file have been delivered.

A span is a pair ``(start, end)`` of byte positions, the end not included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from longshore.errors import LongshoreError

Span = tuple[int, int]

MAX_SPANS = 16
"""Ranges that one request may ask for; with more, the whole file is the cheaper answer."""

_UNIT = re.compile(r"\s*bytes\s*=\s*(.*)", re.IGNORECASE | re.DOTALL)
_SPEC = re.compile(r"(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(LongshoreError):
    """None of the ranges that were asked for lies in the file."""

    code = "InvalidValue"
    status = 416

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the file has {size:,} bytes, and no byte of it lies in the range that was asked for")


def requested(header: str | None, size: int) -> list[Span] | None:
    """The spans that a ``Range`` header asks for, or None for the whole file (RFC 9110, section 14.2).

    A header that is malformed, has another unit or names too many ranges is ignored, as the RFC has it; overlapping
    and touching ranges become one.

    :raises RangeNotSatisfiable: when the header is well-formed and no range lies in the file.

    >>> requested("bytes=0-3,8-", 10), requested("bytes=-4", 10), requested("lines=1-2", 10)
    ([(0, 4), (8, 10)], [(6, 10)], None)
    """
    found = _UNIT.fullmatch(header) if header else None
    if found is None:
        return None
    parts = [part.strip() for part in found[1].split(",") if part.strip()]
    if not parts or len(parts) > MAX_SPANS:
        return None
    spans = []
    for part in parts:
        span = _read(part, size)
        if span is None:
            return None
        if span[0] < span[1]:
            spans.append(span)
    if not spans:
        raise RangeNotSatisfiable(size)
    return union(spans)


def _read(part: str, size: int) -> Span | None:
    """One range; an empty span when it lies outside of the file, None when it is malformed."""
    found = _SPEC.fullmatch(part)
    if found is None or part == "-":
        return None
    first, last = found.groups()
    if not first:
        length = int(last)
        return (max(0, size - length), size) if length else (0, 0)
    start, end = int(first), int(last) + 1 if last else size
    if last and end <= start:
        return None
    return (start, min(end, size)) if start < size else (0, 0)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same bytes as ordered spans that neither overlap nor touch; empty ones are left out.

    >>> union([(5, 7), (0, 3), (3, 4), (6, 9), (4, 4)])
    [(0, 4), (5, 9)]
    """
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def covers(spans: Iterable[Span], size: int) -> bool:
    """Whether the spans together hold every byte of a file; an empty file is covered by nothing at all."""
    return size == 0 or union(spans) == [(0, size)]


def overlap(some: Iterable[Span], others: Iterable[Span]) -> bool:
    """Whether a byte lies in both."""
    others = list(others)
    return any(max(a, c) < min(b, d) for a, b in some for c, d in others)
