"""What stands below ``deploy/``, read as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from longshore.cli.main import main
from longshore.settings import Settings, file_variable, secret_fields

DEPLOY = Path(__file__).parents[2] / "deploy"

SETTINGS = {
    *(name.upper() for name in Settings.model_fields),
    *(file_variable(name) for name in secret_fields()),
    "LONGSHORE_URL",
    "LONGSHORE_TOKEN",
    file_variable("longshore_token"),
}
"""Every variable that Longshore reads."""


def load(path: Path) -> list[dict[str, Any]]:
    """The documents of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def unknown_settings(names: Iterable[str]) -> list[str]:
    """The variables that Longshore does not read."""
    return sorted(set(names) - SETTINGS)


def parse_command(words: list[str]) -> str:
    """See that ``longshore`` understands a command line; the name of its command.

    :raises click.UsageError: when it does not.
    """
    group = main
    with click.Context(group) as context:
        name, command, rest = group.resolve_command(context, list(words))
        assert command is not None
        command.make_context(name or "", rest, parent=context)
    return str(name)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within a document."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)
