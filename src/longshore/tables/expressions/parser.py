"""Reading an expression: SQL's operators, CASE, CAST and calls, and nothing else.

From the weakest to the strongest: ``OR``, ``AND``, ``NOT``, comparisons (with ``IS NULL``, ``IN``, ``BETWEEN``,
``LIKE``), ``||``, ``+ -``, ``* / %``, a sign, ``::``. There is no word for a query, a table or a window, so none can
be written. Depth and number of parts are limited here, before anything is made of them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import NoReturn

from longshore.errors import InvalidRequest, shorten
from longshore.tables.expressions.ast import Call, Case, Cast, Interval, Literal, Name, Node, Span, children
from longshore.tables.expressions.lexer import Token, tokenize

DEEPEST = 100
"""Parts inside each other; ``a + b + c`` counts two."""
MAX_NESTED = 30
"""Parentheses inside each other: each takes some fifteen calls of the reader."""
MAX_PARTS = 1_000
MAX_UNITS = 100_000
"""The longest interval, in its own unit."""

RESERVED = frozenset(
    {
        "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CROSS", "DISTINCT", "ELSE", "END", "EXCEPT", "EXISTS", "FALSE",
        "FILTER", "FROM", "GROUP", "HAVING", "ILIKE", "IN", "INTERSECT", "INTERVAL", "INTO", "IS", "JOIN", "LIKE",
        "LIMIT", "NOT", "NULL", "OR", "ORDER", "OVER", "QUALIFY", "SELECT", "TABLE", "THEN", "TRUE", "UNION", "WHEN",
        "WHERE", "WINDOW", "WITH",
    }
)  # fmt: skip
"""Words that are no column's name unless it is quoted."""

UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_COMPARISONS = {"=": "=", "==": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def parse(text: str) -> Node:
    """``text`` as a tree.

    >>> parse("price * 2").function
    '*'

    :raises InvalidRequest: for what is no expression, or too long or too deep a one; with the place and a hint.
    """
    reader = _Reader(text, tokenize(text))
    whole = reader.expression()
    reader.expect_end()
    _check_size(whole)
    return whole


def _check_size(whole: Node) -> None:
    count, depth, level = 0, 0, [whole]
    while level:
        count, depth = count + len(level), depth + 1
        if depth > DEEPEST or count > MAX_PARTS:
            raise InvalidRequest(
                f"the expression has too many parts: at most {MAX_PARTS:,}, and {DEEPEST} inside each other; "
                "take it apart into several columns"
            )
        for node in level:
            _check_range(node)
        level = [child for node in level for child in children(node)]


class _Reader:
    """Reads a list of tokens from left to right."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    # -- moving on -------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def take_word(self, *words: str) -> Token | None:
        return self.next() if self.token.is_word(*words) else None

    def take_sign(self, *signs: str) -> Token | None:
        return self.next() if self.token.is_sign(*signs) else None

    def expect_word(self, word: str, where: str) -> Token:
        return self.take_word(word) or self.fail(f"{where} needs {word}")

    def expect_sign(self, sign: str, where: str) -> Token:
        return self.take_sign(sign) or self.fail(f"{where} needs {sign}")

    def expect_end(self) -> None:
        if self.token.kind != "end":
            self.fail("an operator or the end was expected")

    def expect_text(self, where: str) -> Token:
        return self.next() if self.token.kind == "text" else self.fail(f"{where} needs text between single quotes")

    def fail(self, what: str) -> NoReturn:
        token = self.token
        found = "the end" if token.kind == "end" else repr(shorten(self.text[token.span.start : token.span.end], 30))
        raise InvalidRequest(f"{what}, but {found} stands at character {token.span.start}")

    def span(self, start: int) -> Span:
        return Span(start, self.tokens[self.at - 1].span.end if self.at else 0)

    # -- operators, the weakest first ------------------------------------------------------------------------------

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise InvalidRequest(f"an expression has at most {MAX_NESTED} parentheses inside each other")
        found = self.chain(lambda: self.chain(self.negation, words=("AND",)), words=("OR",))
        self.depth -= 1
        return found

    def chain(self, part: Callable[[], Node], words: tuple[str, ...] = (), signs: tuple[str, ...] = ()) -> Node:
        """Operands with operators of one strength between them, from the left."""
        start = self.token.span.start
        left = part()
        while operator := self.take_word(*words) or self.take_sign(*signs):
            left = Call(operator.text.lower(), (left, part()), self.span(start))
        return left

    def negation(self) -> Node:
        start, times = self.token.span.start, 0
        while self.take_word("NOT"):
            times += 1
        inner = self.predicate()
        # Twice NOT is once nothing, but for the check that it stands before a condition.
        for _ in range(min(times, 2 - times % 2)):
            inner = Call("not", (inner,), self.span(start))
        return inner

    def predicate(self) -> Node:
        start = self.token.span.start
        left = self.joined()
        if self.token.kind == "sign" and self.token.text in _COMPARISONS:
            sign = _COMPARISONS[self.next().text]
            return Call(sign, (left, self.joined()), self.span(start))
        if self.take_word("IS"):
            negated = self.take_word("NOT")
            self.expect_word("NULL", "IS")
            return Call("is not null" if negated else "is null", (left,), self.span(start))
        negated = self.take_word("NOT")
        found = self.membership(left, start)
        if found is None:
            return left if negated is None else self.fail("NOT in this place needs IN, BETWEEN, LIKE or ILIKE")
        return found if negated is None else Call("not", (found,), self.span(start))

    def membership(self, left: Node, start: int) -> Node | None:
        if self.take_word("IN"):
            self.expect_sign("(", "IN")
            members = self.listed()
            return Call("in", (left, *members), self.span(start))
        if self.take_word("BETWEEN"):
            low = self.joined()
            self.expect_word("AND", "BETWEEN")
            return Call("between", (left, low, self.joined()), self.span(start))
        if word := self.take_word("LIKE", "ILIKE"):
            return Call(word.text.lower(), (left, self.joined()), self.span(start))
        return None

    def joined(self) -> Node:
        return self.chain(self.sum, signs=("||",))

    def sum(self) -> Node:
        return self.chain(self.product, signs=("+", "-"))

    def product(self) -> Node:
        return self.chain(self.signed, signs=("*", "/", "%"))

    def signed(self) -> Node:
        start, negative, any_sign = self.token.span.start, False, False
        while sign := self.take_sign("+", "-"):
            negative, any_sign = negative != (sign.text == "-"), True
        inner = self.converted()
        if not any_sign:
            return inner
        if isinstance(inner, Literal) and isinstance(inner.value, int | float) and not isinstance(inner.value, bool):
            return Literal(-inner.value if negative else inner.value, self.span(start))
        return Call("negative" if negative else "positive", (inner,), self.span(start))

    def converted(self) -> Node:
        start = self.token.span.start
        inner = self.primary()
        while self.take_sign("::"):
            inner = Cast(inner, self.type_name(), self.span(start))
        return inner

    # -- what stands between operators -----------------------------------------------------------------------------

    def primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            return Literal(_number(self.next()), token.span)
        if token.kind == "text":
            return Literal(self.next().text, token.span)
        if token.kind == "name":
            return Name(self.next().text, token.span)
        if self.take_sign("("):
            inner = self.expression()
            self.expect_sign(")", "an opened parenthesis")
            return inner
        if token.kind == "word":
            return self.word()
        return self.fail("a column, a value or a function was expected")

    def word(self) -> Node:
        token = self.next()
        word = token.text.upper()
        if word in ("TRUE", "FALSE", "NULL"):
            return Literal({"TRUE": True, "FALSE": False, "NULL": None}[word], token.span)
        if word == "CASE":
            return self.case(token.span.start)
        if word == "CAST":
            return self.cast(token.span.start)
        if word == "INTERVAL":
            return self.interval(token.span.start)
        if word in ("DATE", "TIMESTAMP") and self.token.kind == "text":
            return self.moment(word, token.span.start)
        if word in RESERVED:
            self.at -= 1
            self.fail(f'the word {word} is no column and no function; a column of this name is written "{token.text}"')
        if self.take_sign("("):
            return self.call(token)
        return Name(token.text, token.span)

    def call(self, name: Token) -> Node:
        function = name.text.lower()
        if function == "extract":
            return self.extract(name.span.start)
        if function == "count" and self.take_sign("*"):
            self.expect_sign(")", "COUNT(*")
            return Call("count", (), self.span(name.span.start))
        return Call(function, tuple(self.listed()), self.span(name.span.start))

    def listed(self) -> list[Node]:
        """Parts with commas between them, up to the closing parenthesis."""
        if self.take_sign(")"):
            return []
        found = [self.expression()]
        while self.take_sign(","):
            found.append(self.expression())
        self.expect_sign(")", "a list")
        return found

    def extract(self, start: int) -> Node:
        part = self.next() if self.token.kind == "word" else self.fail("EXTRACT needs a part such as YEAR")
        self.expect_word("FROM", "EXTRACT")
        inner = self.expression()
        self.expect_sign(")", "EXTRACT")
        return Call("date_part", (Literal(part.text.lower(), part.span), inner), self.span(start))

    def cast(self, start: int) -> Node:
        self.expect_sign("(", "CAST")
        inner = self.expression()
        self.expect_word("AS", "CAST")
        target = self.type_name()
        self.expect_sign(")", "CAST")
        return Cast(inner, target, self.span(start))

    def type_name(self) -> str:
        token = self.next() if self.token.kind == "word" else self.fail("a conversion needs the name of a type")
        if token.is_word("DOUBLE"):
            self.take_word("PRECISION")
        return token.text.lower()

    def case(self, start: int) -> Node:
        compared = None if self.token.is_word("WHEN") else self.expression()
        branches = []
        while when := self.take_word("WHEN"):
            condition = self.expression()
            if compared is not None:
                condition = Call("=", (compared, condition), Span(when.span.start, self.span(start).end))
            self.expect_word("THEN", "WHEN")
            branches.append((condition, self.expression()))
        if not branches:
            self.fail("CASE needs WHEN")
        otherwise = self.expression() if self.take_word("ELSE") else None
        self.expect_word("END", "CASE")
        return Case(tuple(branches), otherwise, self.span(start))

    def interval(self, start: int) -> Node:
        written = self.expect_text("INTERVAL").text.lower().split()
        unit = written[1].removesuffix("s") if len(written) == 2 else ""
        number = written[0].removeprefix("-") if written else ""
        if unit not in UNITS or not (number.isascii() and number.isdigit() and len(number) < 10):
            raise InvalidRequest(f"an interval is written as INTERVAL '3 days', with one of: {', '.join(UNITS)}")
        if int(number) > MAX_UNITS:
            raise InvalidRequest(f"an interval has at most {MAX_UNITS:,} units")
        return Literal(Interval(int(written[0]), unit), self.span(start))

    def moment(self, word: str, start: int) -> Node:
        written = self.next().text
        try:
            found = dt.datetime.fromisoformat(written)
        except ValueError:
            found = None
        if found is None or (word == "DATE" and found.time() != dt.time()):
            raise InvalidRequest(f"there is no date {shorten(written)!r}; write it as {word} '2024-12-31'")
        if found.tzinfo is not None:
            found = found.astimezone(dt.UTC).replace(tzinfo=None)
        return Literal(found.date() if word == "DATE" else found, self.span(start))


def _number(token: Token) -> int | float:
    if token.text.isascii() and token.text.isdigit() and len(token.text) < 20:
        return int(token.text)
    try:
        number = float(token.text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number) or not token.text.isascii():
        raise InvalidRequest(f"{shorten(token.text, 30)!r} at character {token.span.start} is no number of 64 bits")
    return number


def _check_range(node: Node) -> None:
    """:raises InvalidRequest: for a whole number beyond 64 bits."""
    value = node.value if isinstance(node, Literal) else None
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise InvalidRequest(f"{value} at character {node.span.start} is no number of 64 bits; write {value}.0")
