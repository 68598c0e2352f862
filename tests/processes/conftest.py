"""Fixtures of the processes' tests: the database, on each kind there is, and jobs that are forgotten again."""

from __future__ import annotations

from support.databases import database
from support.declared import declared

__all__ = ["database", "declared"]
