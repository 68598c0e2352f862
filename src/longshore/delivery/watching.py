"""Counting what of a one-time file has arrived."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from typing import Any

from longshore.delivery import records
from longshore.delivery.acknowledged import missing_bytes
from longshore.errors import LongshoreError
from longshore.state.database import Database
from longshore.state.leases import new_owner
from longshore.web.byte_ranges import Span, covers, union

logger = logging.getLogger(__name__)

NOTE_SECONDS = 10.0
"""How often a long transfer gives a sign of life."""


class TransferTracker:
    """One taker's transfer of a one-time file.

    :param taker: who takes it, see :func:`~longshore.delivery.records.begin_transfer`.
    :param connection: the answer's socket, to know what has arrived; None: what was sent counts.
    :param on_used: called when the file is used up.
    """

    def __init__(
        self,
        database: Database,
        uid: str,
        size: int,
        *,
        taker: str,
        address: str,
        connection: Any,
        on_used: Callable[[], None],
    ) -> None:
        self.database = database
        self.uid = uid
        self.size = size
        self.taker = taker
        self.address = address
        self.connection = connection
        self.on_used = on_used
        self._number: int | None = None
        self._claimed: list[Span] = []
        self._sent: list[Span] = []
        self._tried = 0
        self._noted_at = 0.0

    def begin(self, spans: list[Span]) -> None:
        """Claim the bytes; raises as :func:`~longshore.delivery.records.begin_transfer`."""
        with self.database.writing(durable=False) as connection:
            self._number = records.begin_transfer(
                connection,
                self.uid,
                spans,
                taker=self.taker,
                address=self.address,
                owner=new_owner(),
                size=self.size,
            )
        self._claimed = union(spans)
        self._noted_at = time.monotonic()

    def sending(self, span: Span) -> None:
        """Note what is handed over next; a part of it may arrive although the transfer breaks off.

        That the last piece leaves is written down before it does: should this process die then, nobody could tell
        whether the file was delivered whole, and it would be given out once more.

        :raises ConnectionResetError: when the transfer stalled for so long that somebody else has taken over.
        """
        self._tried = span[1]
        if self._number is None or union([*self._sent, span]) != self._claimed:
            return
        # Only what may be the whole file has to outlive a power cut.
        with self.database.writing(durable=covers(self._claimed, self.size)) as connection:
            is_ours = records.note_last_piece(connection, self._number, self._sent)
        if not is_ours:
            self._number = None
            raise ConnectionResetError(errno.ECONNRESET, "another taker has taken over")

    def sent(self, span: Span) -> None:
        """Count bytes, and give a sign of life every few seconds.

        :raises ConnectionResetError: when the transfer stalled for so long that somebody else has taken over.
        """
        self._sent = union([*self._sent, span])
        now = time.monotonic()
        if self._number is None or now - self._noted_at < NOTE_SECONDS:
            return
        self._noted_at = now
        with self.database.writing(durable=False) as connection:
            alive = records.touch_transfer(connection, self._number, self.uid)
        if not alive:
            self._number = None
            raise ConnectionResetError(errno.ECONNRESET, "another taker has taken over")

    def end(self) -> None:
        """Give the claim back, and mark the file as used if all of it has arrived."""
        number, self._number = self._number, None
        if number is None:
            return
        arrived, doubtful = self._arrived()
        try:
            # Forgetting in a power cut that some bytes went out does no harm; forgetting that all did would.
            with self.database.writing(durable=False) as connection:
                used = records.end_transfer(connection, number, self.uid, arrived, doubtful, self.size)
            if used:
                with self.database.writing() as connection:
                    records.touch(connection, self.uid)
                self.on_used()
        except LongshoreError as error:
            # The answer is out; the claim ends by itself when this process does not renew it.
            logger.warning("a download could not be written down: %s", error.description)

    def _arrived(self) -> tuple[list[Span], list[Span]]:
        """What has surely arrived, and what may have."""
        if not self._sent:
            return [], [(0, self._tried)] if self._tried else []
        missing = missing_bytes(self.connection)
        start, end = self._sent[-1]
        sure = max(start, end - missing)
        return [*self._sent[:-1], (start, sure)], [(sure, self._tried)] if self._tried > sure else []
