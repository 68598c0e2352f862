"""What every store asks of an id and of a moment before it goes into a statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from longshore.errors import InvalidValue

MAX_ID = 255
LATEST = 4_102_444_800.0
"""The year 2100, in seconds since 1970: every store can write it, also for somebody's "for ever"."""
IDS_PER_STATEMENT = 500
"""A placeholder for each id: far below the fewest that a database allows (SQLite: 32,766)."""


def is_usable(job_id: str) -> bool:
    """Whether all stores can hold this id: 1 to 255 characters, no NUL, and text that UTF-8 can write.

    Ids come out of addresses and bodies of requests; what is not usable was never given to a job.
    """
    if not 0 < len(job_id) <= MAX_ID or "\0" in job_id:
        return False
    try:
        job_id.encode()
    except UnicodeEncodeError:
        return False
    return True


def require_usable(job_id: str) -> None:
    """Refuse an id that a store cannot hold.

    :raises InvalidValue: saying what an id may be.
    """
    if not is_usable(job_id):
        raise InvalidValue(f"a result's id has to be text of 1 to {MAX_ID} characters without NUL")


def portions(ids: Iterable[str]) -> Iterator[list[str]]:
    """The usable ones of ``ids``, in lists short enough for one statement each."""
    usable = [each for each in ids if is_usable(each)]
    for start in range(0, len(usable), IDS_PER_STATEMENT):
        yield usable[start : start + IDS_PER_STATEMENT]
