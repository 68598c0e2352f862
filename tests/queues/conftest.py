"""Fixtures of the queues' tests: a broker and a database without the rest."""

from __future__ import annotations

from support.brokers import broker, database

__all__ = ["broker", "database"]
