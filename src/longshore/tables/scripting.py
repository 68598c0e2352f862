"""The words for code of one's own operations, for those that import them by the name that they had."""

from longshore.tables.codegen import literals as code

__all__ = ["code"]
