"""The decorator for users' helper functions, whose source goes into scripts: :mod:`longshore.tables.core.portable`."""

from longshore.tables.core.portable import portable

__all__ = ["portable"]
