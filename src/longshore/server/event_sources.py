"""Names in ``LOCAL_EVENT_SOURCES`` that no source has: mistyped, most likely, and then nothing is ever written."""

from __future__ import annotations

import ast
import logging
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from longshore.handlers.local_events import HANDLERS_PACKAGE, OLDER_PACKAGE
from longshore.server.bridges.stores import PUBLISHED_SOURCE
from longshore.settings import Settings
from longshore.stores.list_routes import EVENT_SOURCE, OLDER_EVENT_SOURCE

log = logging.getLogger(__name__)

OWN_SOURCES = (EVENT_SOURCE, OLDER_EVENT_SOURCE, PUBLISHED_SOURCE)


def warn_of_unknown_sources(settings: Settings) -> None:
    """Say in the log which of the names that were asked for nothing here can emit, once handlers are loaded.

    Handlers, task modules and mounted applications choose names as they like. A name counts as theirs when it stands
    as a text in one of their files, or is a module's own (``emit_local_message(__name__)``).
    """
    asked = [name for name in settings.local_event_sources if name not in OWN_SOURCES]
    if not asked:
        return
    theirs = set(_names_in_code(settings))
    for name in asked:
        if name not in theirs:
            near = get_close_matches(name, [*OWN_SOURCES, *theirs], 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; the server's own are {', '.join(OWN_SOURCES)}"
            log.warning("LOCAL_EVENT_SOURCES names %r, and nothing here seems to emit that%s", name, hint)


def _names_in_code(settings: Settings) -> Iterator[str]:
    first_parts = {module.partition(".")[0] for module in settings.task_modules}
    first_parts |= {target.partition(":")[0].partition(".")[0] for _, target in settings.mounts}
    for name, module in list(sys.modules.items()):
        is_theirs = name.startswith(f"{HANDLERS_PACKAGE}.") or name.partition(".")[0] in first_parts
        file = getattr(module, "__file__", None) if is_theirs else None
        if file is not None and file.endswith(".py"):
            yield name
            yield name.replace(f"{HANDLERS_PACKAGE}.", f"{OLDER_PACKAGE}.", 1)
            yield from _texts(Path(file))


def _texts(file: Path) -> Iterable[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        log.debug("%s cannot be read for the names of its events: %s", file, error)
        return ()
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
