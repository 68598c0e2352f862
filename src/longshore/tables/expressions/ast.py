"""What an expression consists of, once it is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """Where a part stands in the text: first character and the one after the last."""

    start: int
    end: int


@dataclass(frozen=True)
class Interval:
    """A length of time that is added to a date: so many units, such as 3 months."""

    number: int
    unit: str


@dataclass(frozen=True)
class Literal:
    """A value that is written out: text, a number, true, false, a date, an interval; None for NULL."""

    value: str | int | float | bool | dt.date | dt.datetime | Interval | None
    span: Span


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str
    span: Span


@dataclass(frozen=True)
class Call:
    """A function or an operator with its operands; operators go by their signs."""

    function: str
    operands: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class Cast:
    """A conversion to a type, by the type's name."""

    operand: Node
    target: str
    span: Span


@dataclass(frozen=True)
class Case:
    """Conditions, each with its value, and the value where none holds."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None
    span: Span


Node = Literal | Name | Call | Cast | Case


def children(node: Node) -> tuple[Node, ...]:
    """The parts that a part is made of."""
    if isinstance(node, Call):
        return node.operands
    if isinstance(node, Cast):
        return (node.operand,)
    if isinstance(node, Case):
        inner = [part for branch in node.branches for part in branch]
        return (*inner, node.otherwise) if node.otherwise is not None else tuple(inner)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Every part, the whole first, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def is_literal(node: Node, kind: type[Any]) -> bool:
    """Whether a part is a value of this type that is written out."""
    return isinstance(node, Literal) and type(node.value) is kind
