"""Jinja2 that cannot reach the server's objects, nor take more than its share of time and memory.

Jinja's own sandbox keeps templates away from attributes that lead into the interpreter. What a request sends into a
template may still be a number for ``range``, a width for ``center``, or a text to double forty times. So each turn of a
loop, each call and each operator is a step, steps are counted, the clock is looked at, and whatever multiplies texts or
lists is measured before it is done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from jinja2 import nodes, pass_eval_context
from jinja2.environment import Template
from jinja2.exceptions import SecurityError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_STEPS = 2_000_000
MOST_SECONDS = 5.0
MOST_CHARACTERS = 16 * 2**20
"""Of a rendered template, and of any text in between."""
MOST_PRINTED = 4 * MOST_CHARACTERS
"""By all expressions together: what a macro or a block printed is often printed again."""
LARGEST_NUMBER = 100_000
"""For widths, counts and the like: in ``range(n)``, ``center(n)`` or ``"%9d"``."""
LARGEST_POWER_BITS = 100_000
STEPS_BETWEEN_LOOKS = 256
VALUES_A_STEP = 10
"""Values that are looked through for one step; each turn of a loop or call is a step of its own."""

_LONG_DIGITS = re.compile(r"\d{6,}")
_JOIN = "longshore_join"
_TURNS = "longshore_turns"
# Their arguments are counts and widths; all others may have any number among theirs, as default(1000000).
_MEASURED_FILTERS = frozenset({"center", "indent", "batch", "slice", "wordwrap", "truncate", "tojson", "round"})
_SIZED_BY_VALUE = frozenset({"length", "count", "default", "d", "first", "last", "attr", "random", _TURNS, _JOIN})
"""Filters that make nothing out of all that they are given."""
_REMOVED_GLOBALS = ("lipsum",)


class TooCostly(SecurityError):
    """A template asks for more time or memory than it is given."""


class Budget:
    """What one rendering may still take."""

    def __init__(self, steps: int = MOST_STEPS, seconds: float = MOST_SECONDS) -> None:
        self.steps = steps
        self.until = time.monotonic() + seconds
        self.characters = MOST_PRINTED
        self._look_at = steps - STEPS_BETWEEN_LOOKS

    def print(self, characters: int) -> None:
        """Take room for what an expression prints, be it into the page, a macro's result or a variable."""
        self.characters -= characters
        if self.characters < 0:
            raise TooCostly(f"its expressions print more than {MOST_PRINTED:,} characters")

    def spend(self, steps: int = 1) -> None:
        """Take some.

        :raises TooCostly: when there is no more.
        """
        self.steps -= steps
        if self.steps < 0:
            raise TooCostly("it takes too many steps; it has too many turns of loops, calls or texts")
        if self.steps < self._look_at:
            self._look_at = self.steps - STEPS_BETWEEN_LOOKS
            if time.monotonic() > self.until:
                raise TooCostly("it takes too long")


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """What is rendered inside takes from this budget."""
    outer = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(outer)


def _spend(steps: int = 1) -> None:
    budget = _budget.get()
    if budget is not None:
        budget.spend(steps)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; templates that it compiles count their steps."""

    intercepted_binops = frozenset({"*", "**", "+", "%", "//", "/", "-"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in _REMOVED_GLOBALS:
            del self.globals[name]
        self.filters = {name: _measured(name, each) for name, each in self.filters.items()}
        self.filters[_TURNS] = _turns
        self.filters[_JOIN] = _join

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return _Counting().visit(super()._parse(source, name, filename))  # type: ignore[no-any-return]

    def call(self, context: Context, called: Any, /, *args: Any, **named: Any) -> Any:
        """Call a function or a method of a text, if that is safe and not too much."""
        _spend()
        # Jinja wraps a text's own format and format_map.
        method = getattr(called, "__wrapped__", called)
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str | bytes | list | tuple):
            _measure_method(method.__name__, owner, [*args, *named.values()])
        return super().call(context, called, *args, **named)

    def get_template(self, *args: Any, **named: Any) -> Template:
        """Find a template, also for an include, an import or an extends."""
        _spend()
        return super().get_template(*args, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Carry out an operator, unless its result would be too large."""
        _spend()
        _measure_operator(operator, left, right)
        return super().call_binop(context, operator, left, right)


class _Counting(NodeTransformer):
    """Makes each loop and each ``~`` go through a filter that counts."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by the node
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _TURNS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _JOIN)


def _filtered(value: Any, name: str) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)


class _Turns:
    """An iterable that takes a step for each item; knows its length if the original does."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            _spend()
            yield item

    def __len__(self) -> int:
        return len(self._items)


class _UncountedTurns(_Turns):
    __len__ = None  # type: ignore[assignment]


def _turns(items: Any) -> Any:
    return _Turns(items) if hasattr(items, "__len__") else _UncountedTurns(items)


@pass_eval_context
def _join(context: EvalContext, parts: Iterable[Any]) -> str:
    parts = list(parts)
    _spend_on(parts)
    joined = (markup_join if context.autoescape else str_join)(parts)
    return _short_enough(joined)


def _measured(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at what it is given before, and at what it made after."""

    @wraps(plain)  # which also takes over whether it wants the environment first
    def measured(*args: Any, **named: Any) -> Any:
        _spend()
        before = 1 if hasattr(plain, "jinja_pass_arg") else 0
        if name == "join" and not hasattr(args[before], "__len__"):
            # What comes one by one is measured only when all of it is there.
            args = (*args[:before], list(_turns(args[before])), *args[before + 1 :])
        given = [*args[before:], *named.values()]
        if name not in _SIZED_BY_VALUE:
            _spend_on(given)
        if name in _MEASURED_FILTERS:
            _measure(given[1:])
        if name in ("format", "replace", "join"):
            _measure_method(name, given[0], given[1:])
        made = plain(*args, **named)
        return _short_enough(made) if isinstance(made, str) else made

    return measured


def _short_enough(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise TooCostly(f"it makes a text of more than {MOST_CHARACTERS:,} characters")
    _spend(len(text) // 1000)
    return text


def _measure(numbers: Iterable[Any]) -> None:
    for number in numbers:
        if isinstance(number, int | float) and abs(number) > LARGEST_NUMBER:
            raise TooCostly(f"{number:,} is too large here; at most {LARGEST_NUMBER:,} is possible")


def _measure_method(name: str, owner: Any, given: list[Any]) -> None:
    """Look at a method of a text or a list, or the filter of the same name, before it is called."""
    _spend_on([owner, *given])
    if name in ("format", "format_map"):
        _measure_format(str(owner), given)
    elif name == "replace" and len(given) >= 2:
        old, new = str(given[0]), str(given[1])
        count = len(str(owner)) + 1 if not old else len(str(owner)) // len(old)
        _measure_size(len(str(owner)) + count * len(new))
    elif name == "join" and isinstance(owner, str) and given:
        items = given[0]
        _measure_size(len(owner) * (len(items) if hasattr(items, "__len__") else LARGEST_NUMBER))
    elif name == "join" and given and isinstance(given[0], str):
        _measure_size(len(given[0]) * (len(owner) if hasattr(owner, "__len__") else LARGEST_NUMBER))
    elif isinstance(owner, str | bytes):
        _measure(given)


def _measure_format(text: str, given: Iterable[Any]) -> None:
    # A width may stand in the text, or come as a number for "%*d" or "{:{}}".
    if _LONG_DIGITS.search(text):
        raise TooCostly("a number in this format is too large")
    if "*" in text or "{" in text:
        _measure(given)


def _measure_size(size: int) -> None:
    if size > MOST_CHARACTERS:
        raise TooCostly(f"it makes a text of more than {MOST_CHARACTERS:,} characters")


def _measure_operator(operator: str, left: Any, right: Any) -> None:
    if operator == "*":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, str | bytes | list | tuple) and isinstance(times, int):
                _measure_size(len(many) * max(times, 0) * (1 if isinstance(many, str | bytes) else 16))
    if operator == "+" and isinstance(left, str | bytes | list | tuple) and isinstance(right, type(left)):
        _measure_size(len(left) + len(right))
        _spend((len(left) + len(right)) // 1000)
    if operator == "%" and isinstance(left, str | bytes):
        _measure_format(str(left), right if isinstance(right, tuple) else [right])
        _spend_on([right])
    if operator in ("**", "*") and isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        if bits > LARGEST_POWER_BITS:
            raise TooCostly("it computes a number of too many digits")


def _spend_on(values: Iterable[Any]) -> None:
    """Take steps for all that these values hold, as often as they hold it: two lists of two of two are eight.

    :raises TooCostly: also when it would be too long, written out.
    """
    waiting = list(values)
    seen = characters = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen % VALUES_A_STEP == 0:
            _spend()
        if isinstance(value, str | bytes):
            characters += len(value)
            if characters > 2 * MOST_CHARACTERS:
                raise TooCostly(f"it makes a text of more than {MOST_CHARACTERS:,} characters")
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += value


def printable(value: Any) -> Any:
    """What an expression prints, unless that would be too long; for ``finalize``."""
    budget = _budget.get()
    if isinstance(value, str) and budget is not None:
        budget.print(len(value))
    elif not isinstance(value, str):
        _spend_on([value])
    return value
