"""Whether accepted changes get on: workers that are alive, as far as anybody can tell, may yet stand still."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from longshore.datasets.models import datasets, mailbox
from longshore.processes.periodic import PeriodicThread
from longshore.state.database import Database

STILL_SECONDS = 15.0
"""A holder of a lease gives a sign of life every 5 s; three that are missing are no chance."""
LOOK_SECONDS = 2.0

Sign = tuple[int, str | None, int | None]
"""A session's oldest change, and the lease of whoever does it."""


@dataclass
class _Seen:
    sign: Sign
    since: float


class ProgressWatch(PeriodicThread):
    """Watches each session in which something waits, on its own clock.

    :param clock: seconds that never go back.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("progress", self.look, pause_seconds=LOOK_SECONDS)
        self.database = database
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._moved = clock()

    def look(self) -> None:
        """See what has moved since the last look."""
        query = (
            sa.select(mailbox.c.session_id, sa.func.min(mailbox.c.id), datasets.c.lease_owner, datasets.c.lease_beat)
            .join(datasets, datasets.c.id == mailbox.c.session_id)
            .where(mailbox.c.announced.is_(False) & mailbox.c.settled.is_(None))
            .group_by(mailbox.c.session_id, datasets.c.lease_owner, datasets.c.lease_beat)
        )
        with self.database.reading() as connection:
            found: dict[str, Sign] = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
        now = self._clock()
        if self._seen.keys() - found.keys():
            self._moved = now  # something came to its end
        seen: dict[str, _Seen] = {}
        for session_id, sign in found.items():
            before = self._seen.get(session_id)
            if before is not None and before.sign == sign:
                seen[session_id] = before
                continue
            if before is not None:
                self._moved = now
            seen[session_id] = _Seen(sign, now)
        if not found:
            self._moved = now
        self._seen = seen

    def still_seconds(self) -> float:
        """For how long the change has waited without progress that has waited longest; 0.0 where all get on.

        A change that nobody has begun gets on as long as others do: then the workers are busy, not stuck.
        """
        now = self._clock()
        waits = []
        for each in list(self._seen.values()):
            _, owner, _ = each.sign
            since = each.since if owner is not None else max(each.since, self._moved)
            waits.append(now - since)
        longest = max(waits, default=0.0)
        return longest if longest >= STILL_SECONDS else 0.0
