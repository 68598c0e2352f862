"""``from longshore import links``: the link service of this process, for handlers, jobs and scripts beside a server."""

from __future__ import annotations

from typing import cast

from werkzeug.local import LocalProxy

from longshore.delivery.links import Links
from longshore.processes.singleton import ProcessSingleton
from longshore.state.database import Database

current_links: ProcessSingleton[Links] = ProcessSingleton(
    lambda settings: Links(settings, Database(settings.database)), lambda made: made.database.close()
)

links = cast("Links", LocalProxy(current_links.get))
"""Stands for :meth:`ProcessSingleton.get` at the moment of each use; importing it opens nothing."""
