"""The one reader of JSON that clients send: what one address accepts every address accepts, and can be answered.

JSON as RFC 8259 has it, in UTF-8, with the limits that its section 9 leaves to us: numbers fit a 64-bit float, texts
are Unicode without halves of surrogate pairs, lists and objects stand at most 200 deep inside each other.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

from pydantic_core import from_json

from longshore.errors import InvalidRequest, shorten

MAX_DEPTH = 200
TOO_DEEP = f"the JSON is nested deeper than {MAX_DEPTH} levels"
MAX_DIGITS = 4000
"""Of a whole number; Python writes no longer ones."""
_MAX_REASON = 200

# Two searches are four times as fast as one for either.
_MAY_BE_HUGE = (re.compile(rb"[eE]\+?[0-9]{3}"), re.compile(rb"[0-9]{300}"))


def read_json(text: bytes | str) -> Any:
    """A JSON value.

    :raises InvalidRequest: saying what is wrong and where.

    >>> read_json(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    data = data.removeprefix(codecs.BOM_UTF8)  # some editors and shells write one, and the RFC lets it be ignored
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(_problem(data, str(error))) from None
    if any(sign.search(data) for sign in _MAY_BE_HUGE):
        require_answerable(value)
    return value


def require_answerable(value: Any) -> None:
    """Check a value that another parser has read, such as that of a socket's messages.

    :raises InvalidRequest: for what :func:`read_json` would not have let through.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each)
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
            else:
                _require_answerable_scalar(each)
        if not inner:
            return
        level = inner
    raise InvalidRequest(TOO_DEEP)


def _require_answerable_scalar(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(
            "the JSON holds a number that is too large for a 64-bit float, or none; send null for a missing number"
        )
    if isinstance(value, int) and value.bit_length() > MAX_DIGITS * math.log2(10):
        raise InvalidRequest(f"the JSON holds a whole number of more than {MAX_DIGITS:,} digits; send it as text")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidRequest("the JSON holds a text with half a surrogate pair, which is no character") from None


def _problem(text: bytes, reason: str) -> str:
    reason = shorten(reason, _MAX_REASON)
    if "recursion limit" in reason:
        return TOO_DEEP
    try:
        from_json(text)
    except ValueError:
        return f"this is not valid JSON: {reason}"
    return "this is not valid JSON, which has no NaN and no Infinity; send null for a missing number"


def load_kept(text: str) -> Any:
    """A value that was kept as JSON text; what an earlier version let in and no answer can hold becomes null."""
    return json.loads(text, parse_constant=lambda _: None, parse_float=_finite)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
