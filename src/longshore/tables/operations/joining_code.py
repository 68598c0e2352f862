"""A join as statements of a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.core import dtypes
from longshore.tables.core.free_names import free_names
from longshore.tables.core.table import Column, Table
from longshore.tables.operations.matching import KeyPair, comparable_code
from longshore.tables.operations.meeting import become_code


@dataclass(frozen=True)
class JoinCode:
    """A join as statements of a script; the other table's columns stand in ``other``.

    :param names: of the columns that are brought.
    """

    table: Table
    pairs: list[KeyPair]
    brought: list[Column]
    names: list[str]
    how: str
    order: str

    def plain(self) -> list[str]:
        """Keys are called as here."""
        keys = [each.here.name for each in self.pairs]
        selected = [_renamed(each.there.name, each.here.name) for each in self.pairs]
        return [f"other = other.select({', '.join([*selected, *self._brought()])})", self._joined(keys)]

    def converted(self, types: Sequence[str]) -> list[str]:
        """Keys are columns of their own, in the types of the comparison.

        :param types: of our key columns in an outer join.
        """
        pairs = self.pairs
        taken = {*self.table.names, *self.names}
        keys = free_names([f"key_{i}" for i in range(1, len(pairs) + 1)], taken)
        theirs = free_names([f"their_{i}" for i in range(1, len(types) + 1)], taken | set(keys))
        ours = [
            f"{comparable_code(p.here, p.target)}.alias({write.quote(k)})" for p, k in zip(pairs, keys, strict=True)
        ]
        selected = [
            *(
                f"{comparable_code(p.there, p.target)}.alias({write.quote(k)})"
                for p, k in zip(pairs, keys, strict=True)
            ),
            *(_renamed(each.there.name, name) for each, name in zip(pairs, theirs, strict=False)),
            *self._brought(),
        ]
        return [
            f"other = other.select({', '.join(selected)})",
            f"df = df.with_columns({', '.join(ours)})",
            self._joined(keys),
            *self._filled(theirs, types),
            f"df = df.drop({write.names([*keys, *theirs])})",
        ]

    def _brought(self) -> list[str]:
        return [_renamed(column.name, name) for column, name in zip(self.brought, self.names, strict=True)]

    def _joined(self, keys: Sequence[str]) -> str:
        how = "full" if self.how == "outer" else self.how
        rest = f"how={write.quote(how)}, maintain_order={write.quote(self.order)}, coalesce=True"
        return f"df = df.join(other, on=[{write.names(keys)}], {rest})"

    def _filled(self, theirs: Sequence[str], types: Sequence[str]) -> list[str]:
        """In an outer join, our keys in the rows that come from the other table."""
        made: dict[str, str] = {}
        for each, their, name in zip(self.pairs, theirs, types, strict=False):
            dtype = dtypes.decode(name)
            ours = become_code(write.column(each.here.name), each.here.dtype, dtype)
            other = become_code(write.column(their), each.there.dtype, dtype)
            made.setdefault(each.here.name, f"{ours}.fill_null({other}).alias({write.quote(each.here.name)})")
        return [f"df = df.with_columns({', '.join(made.values())})"] if made else []


def _compared(column: Column, target: pl.DataType, name: str) -> str:
    return f"{comparable_code(column, target)}.alias({write.quote(name)})"


def _renamed(old: str, new: str) -> str:
    return write.column(old) if old == new else f"{write.column(old)}.alias({write.quote(new)})"
