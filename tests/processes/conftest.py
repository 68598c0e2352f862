"""Fixtures of the processes' tests: the database, on each kind there is."""

from __future__ import annotations

from support.databases import database

__all__ = ["database"]
