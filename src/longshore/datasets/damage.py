"""What is said of a dataset whose column files are damaged or gone, and which of its versions is whole."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from longshore.datasets import records
from longshore.errors import DamagedData, LongshoreError, shorten
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.tables.core.damage import damaged_columns, failure_kinds
from longshore.tables.core.table import Table

logger = logging.getLogger(__name__)

MAX_NAMED = 3
FAILURES = failure_kinds()
"""What to look into: whatever reading a damaged file may raise."""

Read = TypeVar("Read", bound=Callable[..., Any])


def find_damage(settings: Settings, database: Database, session_id: str) -> DamagedData | None:
    """The error for a dataset whose current table cannot be read; None when it can, or there is none.

    Reads its files whole, so it is for when something went wrong already.
    """
    folder = settings.datasets_folder / session_id
    try:
        with database.reading() as connection:
            current = records.require_current(connection, session_id)
            made = records.list_made(connection, session_id, folder, current.last_position)
    except LongshoreError:  # there is no table, or it cannot be asked for now
        return None
    names = damaged_columns(made[current.position].table)
    if not names:
        return None
    whole = next((each.number for each in reversed(made[: current.position]) if _is_whole(each.table)), None)
    shown = ", ".join(repr(shorten(name)) for name in names[:MAX_NAMED])
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    hint = "restore it from a backup"
    if whole is not None:
        hint += f", or go to version {whole}, the last one that is whole"
    logger.error("column files of a dataset are damaged or gone [%s]", session_id)
    return DamagedData(f"the file with {shown}{more} is damaged or gone from the server's disk; {hint}", whole)


def _is_whole(table: Table) -> bool:
    return not damaged_columns(table)


def telling_damage(read: Read) -> Read:
    """Decorator for reads of a service: a failure over damaged files says so, in place of what the engine says.

    The first argument after ``self``, which has ``settings`` and ``database``, is the session's id.

    :raises DamagedData: when that is what is wrong.
    """

    @wraps(read)
    def told(service: Any, session_id: str, *args: Any, **named: Any) -> Any:
        try:
            return read(service, session_id, *args, **named)
        except LongshoreError:
            raise
        except FAILURES as error:
            damage = find_damage(service.settings, service.database, session_id)
            if damage is None:
                raise
            raise damage from error

    return told  # type: ignore[return-value]
