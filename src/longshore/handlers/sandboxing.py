"""Jinja2 that cannot reach the server's objects, nor take more than its share of time and memory.

Jinja's own sandbox keeps templates away from attributes that lead into the interpreter. What a request sends into a
template may still be a number for ``range``, a width for ``center``, or a text to double forty times. So each turn of a
loop, each call and each operator is a step, steps are counted, the clock is looked at, and whatever multiplies texts or
lists is measured before it is done. What compares or hashes is given its values through a filter that counts all that
they hold, as often as they hold it; a method of a text is one of those whose cost is known.
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
from jinja2.runtime import Context, LoopContext, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEscapeFormatter, SandboxedFormatter
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

MAX_STEPS = 2_000_000
MAX_SECONDS = 5.0
MAX_CHARACTERS = 16 * 2**20
"""Of a rendered template, and of any text in between."""
MAX_PRINTED = 4 * MAX_CHARACTERS
"""By all expressions together: what a macro or a block printed is often printed again."""
MAX_MADE = 16 * MAX_CHARACTERS
"""Of all texts that a rendering makes, also those that it keeps or throws away."""
ITEM_CHARACTERS = 32
"""As which an item of a list counts: about what it takes of memory."""
MAX_PIECES = 1_000_000
"""Into which a text is divided."""
MAX_SEARCHED = 2 * 10**9
"""Characters that a search from the end may compare: Python's takes time by the product of both lengths."""
MAX_NUMBER = 100_000
"""For widths, counts and the like: in ``range(n)``, ``center(n)`` or ``"%9d"``."""
MAX_POWER_BITS = 100_000
STEPS_BETWEEN_LOOKS = 256
VALUES_A_STEP = 10
"""Values that are looked through for one step; each turn of a loop or call is a step of its own."""

FLAT_VALUES_A_STEP = 200
"""Values of a list without lists that are compared for one step."""

_CONTAINERS = (list, tuple, Mapping, set, frozenset)
_JOIN = "longshore_join"
_TURNS = "longshore_turns"
_WEIGHED = "longshore_weighed"
_MADE = "longshore_made"
_OWN_FILTERS = (_TURNS, _JOIN, _WEIGHED, _MADE)
_TEXT_METHODS = frozenset({
    "capitalize", "casefold", "center", "count", "decode", "encode", "endswith", "escape", "expandtabs", "find",
    "format", "format_map", "index", "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix",
    "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "striptags", "swapcase", "title", "translate", "unescape", "upper", "zfill",
})  # fmt: skip
"""Whose cost is known, besides those that ask what a text is."""
_FROM_THE_END = frozenset({"rfind", "rindex", "rsplit", "rpartition"})
# Their arguments are counts and widths; all others may have any number among theirs, as default(1000000).
_MEASURED_FILTERS = frozenset({"center", "indent", "batch", "slice", "wordwrap", "truncate", "tojson", "round"})
_SIZED_BY_VALUE = frozenset({"length", "count", "default", "d", "first", "last", "attr", "random", _TURNS, _JOIN})
"""Filters that make nothing out of all that they are given."""
_REMOVED_GLOBALS = ("lipsum",)


class TooCostly(SecurityError):
    """A template asks for more time or memory than it is given."""


class Budget:
    """What one rendering may still take."""

    def __init__(self, steps: int = MAX_STEPS, seconds: float = MAX_SECONDS) -> None:
        self.steps = steps
        self.until = time.monotonic() + seconds
        self.characters = MAX_PRINTED
        self.material = MAX_MADE
        self._look_at = steps - STEPS_BETWEEN_LOOKS

    def print(self, characters: int) -> None:
        """Take room for what an expression prints, be it into the page, a macro's result or a variable."""
        self.characters -= characters
        if self.characters < 0:
            raise TooCostly(f"its expressions print more than {MAX_PRINTED:,} characters")

    def make(self, characters: int) -> None:
        """Take room for a text that was made, whatever becomes of it."""
        self.material -= characters
        if self.material < 0:
            raise TooCostly(f"it makes texts of more than {MAX_MADE:,} characters in all")

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
        self.filters |= dict(zip(_OWN_FILTERS, (_turns, _join, _weighed, _made), strict=True))
        tests: Mapping[str, Any] = self.tests
        self.tests = {name: _measured_test(each) for name, each in tests.items()}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return _Counting().visit(super()._parse(source, name, filename))  # type: ignore[no-any-return]

    def call(self, context: Context, called: Any, /, *args: Any, **named: Any) -> Any:
        """Call a function or a method of a text, if that is safe and not too much."""
        _spend()
        # Jinja wraps a text's own format and format_map.
        method = getattr(called, "__wrapped__", called)
        owner = getattr(method, "__self__", None)
        given = [*args, *named.values()]
        if isinstance(owner, str | bytes | list | tuple):
            _measure_method(method.__name__, owner, given)
        elif isinstance(owner, Mapping | set | frozenset | LoopContext):
            _spend_on(given)  # which are hashed or compared
        made = super().call(context, called, *args, **named)
        return _made(made) if isinstance(owner, str | bytes) else made

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item; what it is looked up by may be hashed."""
        if not isinstance(argument, str | int):
            _spend_on([argument])
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """As Jinja's, with a formatter that looks at each field once its width is known."""
        plain = super().wrap_str_format(value)
        if plain is None:
            return None
        text, is_map = value.__self__, value.__name__ == "format_map"

        def formatted(*args: Any, **named: Any) -> str:
            if is_map and (named or len(args) != 1):
                raise TypeError(f"format_map() takes exactly one argument ({len(args) + len(named)} given)")
            of_markup = isinstance(text, Markup)
            formatter = _MarkupFormatter(self, escape=text.escape) if of_markup else _TextFormatter(self)
            made = formatter.vformat(text, () if is_map else args, args[0] if is_map else named)
            return type(text)(made)  # type: ignore[no-any-return]

        return wraps(value)(formatted)

    def get_template(self, *args: Any, **named: Any) -> Template:
        """Find a template, also for an include, an import or an extends."""
        _spend()
        return super().get_template(*args, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Carry out an operator, unless its result would be too large."""
        _spend()
        _measure_operator(operator, left, right)
        made = super().call_binop(context, operator, left, right)
        return _made(made) if isinstance(made, str | bytes) else made


class _Fields:
    """For formatters: measures what each field makes."""

    _characters = 0

    def convert_field(self, value: Any, conversion: Any) -> Any:
        _spend_on([value])
        return super().convert_field(value, conversion)  # type: ignore[misc]

    def format_field(self, value: Any, format_spec: str) -> Any:
        _measure(int(digits) for digits in re.findall(r"\d+", format_spec))
        _spend_on([value])
        made = super().format_field(value, format_spec)  # type: ignore[misc]
        self._characters += len(made)
        _measure_size(self._characters)
        return made


class _TextFormatter(_Fields, SandboxedFormatter):
    pass


class _MarkupFormatter(_Fields, SandboxedEscapeFormatter):
    pass


class _Counting(NodeTransformer):
    """Makes loops, ``~``, slices, and what is compared or hashed go through a filter that counts."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by the node
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _TURNS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _JOIN)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _filtered(node.expr, _WEIGHED)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, _WEIGHED)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.key = _filtered(node.key, _WEIGHED)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _MADE) if isinstance(node.arg, nodes.Slice) else node


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
    return _short_enough(joined)  # type: ignore[no-any-return]


def _weighed(value: Any) -> Any:
    """``value``, which is about to be compared or hashed with all that it holds."""
    if isinstance(value, _CONTAINERS):
        kinds = set(map(type, value.values() if isinstance(value, Mapping) else value))
        if any(issubclass(kind, _CONTAINERS) for kind in kinds):
            _spend_on([value])
        else:  # Python goes through it hundreds of times as fast
            _spend(len(value) // FLAT_VALUES_A_STEP)
    return value


def _made(value: Any) -> Any:
    """``value``, which was made just now: a text, or a list or tuple of items."""
    if isinstance(value, str | bytes):
        return _short_enough(value)
    budget = _budget.get()
    if budget is not None and isinstance(value, list | tuple):
        budget.make(ITEM_CHARACTERS * len(value))
    return value


def _measured_test(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A test (``is``), many of which compare."""

    @wraps(plain)
    def measured(*args: Any, **named: Any) -> Any:
        _spend()
        for value in (*args, *named.values()):
            _weighed(value)
        return plain(*args, **named)

    return measured


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
        if name == "title" and len(str(given[0])) > MAX_PIECES:
            # It makes a piece of each letter, and the clock is not looked at meanwhile.
            raise TooCostly(f"it capitalises a text of more than {MAX_PIECES:,} characters")
        if name == "format":
            _measure_percent(str(given[0]), named or tuple(given[1:]))
        elif name in ("replace", "join"):
            _measure_method(name, given[0], given[1:])
        return _made(plain(*args, **named))

    return measured


def _short_enough(text: Any) -> Any:
    _measure_size(len(text))
    _spend(len(text) // 1000)
    budget = _budget.get()
    if budget is not None:
        budget.make(len(text))
    return text


def _measure(numbers: Iterable[Any]) -> None:
    for number in numbers:
        if isinstance(number, int | float) and abs(number) > MAX_NUMBER:
            raise TooCostly(f"{number:,} is too large here; at most {MAX_NUMBER:,} is possible")


def _measure_method(name: str, owner: Any, given: list[Any]) -> None:
    """Look at a method of a text or a list, or the filter of the same name, before it is called."""
    _spend_on([owner, *given])
    is_text = isinstance(owner, str | bytes)
    if is_text and name not in _TEXT_METHODS and not name.startswith("is"):
        raise SecurityError(f"the method {name} of a text is not for templates")
    if name in ("format", "format_map"):
        return  # see _Fields
    if name == "replace" and len(given) >= 2:
        old, new = str(given[0]), str(given[1])
        count = len(str(owner)) + 1 if not old else len(str(owner)) // len(old)
        _measure_size(len(str(owner)) + count * len(new))
    elif name == "join" and isinstance(owner, str) and given:
        items = given[0]
        _measure_size(len(owner) * (len(items) if hasattr(items, "__len__") else MAX_NUMBER))
    elif name == "join" and given and isinstance(given[0], str):
        _measure_size(len(given[0]) * (len(owner) if hasattr(owner, "__len__") else MAX_NUMBER))
    elif is_text:
        _measure(given)
        _measure_text_method(name, owner, given)


def _measure_text_method(name: str, owner: Any, given: list[Any]) -> None:
    needle = given[0] if given and isinstance(given[0], str | bytes) else None
    if name in _FROM_THE_END and needle is not None and len(owner) * len(needle) > MAX_SEARCHED:
        raise TooCostly("it searches a long text from its end for another long one")
    if name == "translate":
        if not given or not isinstance(given[0], dict):
            raise SecurityError("translate takes a dictionary in templates")
        _measure_size(len(owner) * max([1, *(len(text) for text in given[0].values() if isinstance(text, str))]))
    elif name == "expandtabs":
        tab = "\t" if isinstance(owner, str) else b"\t"
        _measure_size(len(owner) + owner.count(tab) * (given[0] if given else 8))
    elif name in ("split", "rsplit", "splitlines"):
        between = [needle] if needle else ([" ", "\n", "\t"] if isinstance(owner, str) else [b" ", b"\n", b"\t"])
        if sum(owner.count(each) for each in between) > MAX_PIECES:
            raise TooCostly(f"it divides a text into more than {MAX_PIECES:,} pieces")


def _measure_percent(text: str, given: Any) -> None:
    """Look at what ``text % given`` makes: each value as often as it is printed, and all widths.

    :param given: a tuple, whose values are printed once each; a mapping, any of which is printed each time; or one.
    """
    # A width may stand in the text, or come as a number for "%*d".
    widths = [int(digits[:9]) for digits in re.findall(r"\d+", text)]
    _measure(widths)
    values = (
        list(given.values()) if isinstance(given, Mapping) else list(given) if isinstance(given, tuple) else [given]
    )
    sizes = [_printed(value) for value in values]
    widths += [abs(value) for value in values if isinstance(value, int)] if "*" in text else []
    _measure(widths)
    count = text.count("%")
    values_size = count * max(sizes, default=0) if isinstance(given, Mapping) else sum(sizes)
    _measure_size(len(text) + values_size + count * max(widths, default=0))


def _printed(value: Any) -> int:
    """Characters that a value makes at most, about; a float may have hundreds."""
    if isinstance(value, str | bytes):
        return len(value)
    return value.bit_length() // 3 + 2 if isinstance(value, int) else _spend_on([value]) + 400


def _measure_size(size: int) -> None:
    if size > MAX_CHARACTERS:
        raise TooCostly(f"it makes a text of more than {MAX_CHARACTERS:,} characters")


def _measure_operator(operator: str, left: Any, right: Any) -> None:
    if operator == "*":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, str | bytes | list | tuple) and isinstance(times, int):
                _measure_size(len(many) * max(times, 0) * (1 if isinstance(many, str | bytes) else 16))
    if operator == "+" and isinstance(left, str | bytes | list | tuple) and isinstance(right, type(left)):
        _measure_size(len(left) + len(right))
        _spend((len(left) + len(right)) // 1000)
    if operator == "%" and isinstance(left, str | bytes):
        _measure_percent(str(left), right)
    if operator in ("**", "*") and isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        if bits > MAX_POWER_BITS:
            raise TooCostly("it computes a number of too many digits")


def _spend_on(values: Iterable[Any]) -> int:
    """Take steps for all that these values hold, as often as they hold it: two lists of two of two are eight.

    :return: about how many characters they make when they are printed.
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
            if characters > 2 * MAX_CHARACTERS:
                raise TooCostly(f"it makes a text of more than {MAX_CHARACTERS:,} characters")
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += value
    return characters + 24 * seen


def printable(value: Any) -> Any:
    """What an expression prints, unless that would be too long; for ``finalize``."""
    budget = _budget.get()
    if isinstance(value, str) and budget is not None:
        budget.print(len(value))
    elif not isinstance(value, str):
        _spend_on([value])
    return value
