"""The mark of a restore that has not come to its end; apart from cli/backup.py, which needs the database."""

from __future__ import annotations

from longshore.errors import SettingsError
from longshore.settings import Settings

UNFINISHED = "restoring"
"""In a storage folder into which a restore has begun and not ended."""


def require_restored(settings: Settings) -> None:
    """:raises SettingsError: for a storage folder into which a restore has begun and not ended."""
    if (settings.root_storage_path / UNFINISHED).exists():
        raise SettingsError(
            f"a restore into {settings.root_storage_path} did not come to its end; run `longshore restore` again"
        )
