"""Fixtures of the supervision's tests: a broker without the rest."""

from __future__ import annotations

from support.brokers import broker

__all__ = ["broker"]
