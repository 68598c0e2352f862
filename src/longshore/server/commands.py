"""Leave to run users' code, from the settings to the engine, which knows no settings."""

from __future__ import annotations

import logging

from longshore.settings import Settings

log = logging.getLogger(__name__)


def allow_commands(settings: Settings) -> None:
    """Let ``executeCommand`` run in this process and those forked from it, where EXECUTE_COMMANDS says so.

    Says plainly in the log what shuts the code in.
    """
    if not settings.execute_commands:
        return
    from longshore.tables import sandbox

    limits = sandbox.Limits(
        settings.command_timeout_seconds, settings.command_memory_bytes, settings.command_output_bytes
    )
    sandbox.configure(limits)
    log.warning("EXECUTE_COMMANDS is on: %s", sandbox.protection())
