"""Writing a job's result as JSON in bounded memory, at about the speed of :func:`json.dumps`.

Python's C encoder is fast, and makes one text of all that it is given. So it is given portions: as many members of a
list or dict as surely make a text of a few megabytes. Whether they do is found by a look at them level by level, done
by functions that loop in C. What is no such portion (one long text, one large member, a value that has to be converted,
one that is not JSON) is written member by member, and there it is known where it stands:
``output.runs[3].flow is NaN``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from longshore.errors import InvalidResult, shorten
from longshore.jobs.results.measuring import MAX_DEPTH, NESTED, PORTION_BYTES, weigh
from longshore.jobs.results.plain import Kind, NotPlain, dump, fields, key_text, kind_of, leaf, refusal, unroll

PIECE_CHARACTERS = 2**18
"""Of a long text that are encoded at once."""
FIRST_MEMBERS = 64
MAX_MEMBERS = 2**14
FEW_MEMBERS = 8
"""As few are not divided further, but written one by one."""
ARRAY_ITEMS = 2**14
"""Of a numpy array that become Python objects at once."""
MAX_STEPS = 16
"""Of the way to a value that are written in an error."""

_NOT_JSON = (ValueError, TypeError, NotPlain, RecursionError)

Place = tuple[Any, Any] | None
"""Where a value stands: the place of what contains it, and its index or key; None: the whole result."""


def write_json(value: Any, file: BinaryIO, name: str = "output") -> int:
    """Write ``value`` as JSON (UTF-8, no spaces) and return the number of bytes.

    Memory beyond ``value`` itself stays within some 20 MB, except for pydantic models with serializers of their own:
    each of those is converted in one piece. :mod:`longshore.jobs.results.plain` says what is accepted.

    :param name: of the value, in errors.
    :raises InvalidResult: for what is not JSON, saying where it stands; the file then has a part of the text.
    :raises OSError: when the file cannot be written, such as on a full disk.
    """
    writer = _Writer(file)
    try:
        writer.write(value, None, 1)
    except _Bad as bad:
        raise InvalidResult(f"{path_text(name, _steps(bad.place))} {bad.reason}") from bad.__cause__
    return writer.written


class _Bad(Exception):
    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


class _Writer:
    """Writes values to a file; ``place`` and ``depth`` are those of the value that a method is given."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.written = 0

    def put(self, text: str) -> None:
        # UTF-8 has no lone surrogates; JSON's escapes for them happen to be Python's.
        data = text.encode("utf-8", "backslashreplace")
        self.file.write(data)
        self.written += len(data)

    def write(self, value: Any, place: Place, depth: int) -> None:
        kind = kind_of(type(value))
        try:
            if kind in NESTED and depth > MAX_DEPTH:
                raise NotPlain(f"is nested more than {MAX_DEPTH} levels deep, or contains itself")  # noqa: TRY301
            if kind is Kind.REFUSED:
                raise NotPlain(refusal(value))  # noqa: TRY301
            plain = _CONVERT[kind](value) if kind in _CONVERT else value
        except NotPlain as problem:
            raise _Bad(place, str(problem)) from problem
        if kind in _WRITE:
            _WRITE[kind](self, plain, place, depth)
        else:
            self.write(plain, place, depth)

    def write_text(self, value: str, place: Place, depth: int) -> None:
        if len(value) <= PIECE_CHARACTERS:
            self.put(_encode(value))
            return
        self.put('"')
        for start in range(0, len(value), PIECE_CHARACTERS):
            self.put(_encode(value[start : start + PIECE_CHARACTERS])[1:-1])
        self.put('"')

    def write_atom(self, value: Any, place: Place, depth: int) -> None:
        try:
            self.put(_encode(value))
        except ValueError as error:
            if isinstance(value, float):
                shown = "NaN" if value != value else f"{value:g}"
                reason = f"is {shown}, which JSON cannot hold; return None for a missing number"
            else:
                reason = "is an integer of too many digits to be written; return a float, or text"
            raise _Bad(place, reason) from error

    def write_list(self, value: Iterable[Any], place: Place, depth: int) -> None:
        self.put("[")
        self._write_portions(_Members(value), place, depth)
        self.put("]")

    def write_dict(self, value: dict[Any, Any], place: Place, depth: int) -> None:
        self.put("{")
        types = set(map(type, value))
        items = value.items() if types <= {str} else _with_text_keys(value.items(), place, mixed=len(types) > 1)
        self._write_portions(_Items(items), place, depth)
        self.put("}")

    def write_array(self, array: Any, place: Place, depth: int) -> None:
        if array.ndim == 0:
            self.write(array[()], place, depth)
            return
        step = ARRAY_ITEMS // max(array[:1].size, 1)
        if step == 0 or array.dtype.kind not in "biuf":
            self.write_list(array if step == 0 else _unrolled(array, place), place, depth)
            return
        self.put("[")
        for start in range(0, len(array), step):
            members = unroll(array[start : start + step])
            try:
                self.put(("," if start else "") + _encode(members)[1:-1])
            except ValueError:  # a NaN in it; writing one by one will say where
                for index, member in enumerate(members, start):
                    self.write(member, (place, index), depth + 1)
        self.put("]")

    def _write_portions(self, members: _Members, place: Place, depth: int) -> None:
        """Write the members of a list or dict: in portions where that is possible, else one by one."""
        size, between = FIRST_MEMBERS, ""
        while portion := members.take(size):
            weight = members.weigh(portion, depth + 1)
            text = None if weight is None else members.encode(portion)
            if weight is not None and text is not None:
                self.put(between + text[1:-1])
                between = ","
                size = max(FEW_MEMBERS, min(2 * size, MAX_MEMBERS, size * PORTION_BYTES // (2 * weight + 1)))
            elif len(portion) > FEW_MEMBERS:
                members.give_back(portion)
                size = max(len(portion) // 8, FEW_MEMBERS)
            else:
                for head, key, value in members.single(portion):
                    self.put(between + head)
                    self.write(value, (place, key), depth + 1)
                    between = ","


class _Members:
    """The members of a list, taken in portions."""

    def __init__(self, members: Iterable[Any]) -> None:
        self._rest = iter(members)
        self._waiting: list[Any] = []
        self._taken = 0

    def take(self, size: int) -> list[Any]:
        """The next ``size`` members; fewer at the end, and none after it."""
        if self._waiting:
            portion, self._waiting = self._waiting[:size], self._waiting[size:]
        else:
            portion = list(islice(self._rest, size))
        self._taken += len(portion)
        return portion

    def give_back(self, portion: list[Any]) -> None:
        """Undo the last :meth:`take`."""
        self._waiting = portion + self._waiting
        self._taken -= len(portion)

    def weigh(self, portion: list[Any], depth: int) -> int | None:
        """About how many bytes of memory the C encoder would work on; None if it must not."""
        return weigh(portion, depth)

    def encode(self, portion: list[Any]) -> str | None:
        """The text of the portion in its brackets; None if something in it is not JSON."""
        return _try_encode(portion)

    def single(self, portion: list[Any]) -> Iterator[tuple[str, Any, Any]]:
        """What stands before each member, its index or key, and it."""
        for index, member in enumerate(portion, self._taken - len(portion)):
            yield "", index, member


class _Items(_Members):
    """The members of a dict, whose keys are text."""

    def weigh(self, portion: list[Any], depth: int) -> int | None:
        keys = sum(len(key) for key, _ in portion)
        weight = None if keys > PORTION_BYTES else weigh([value for _, value in portion], depth)
        return None if weight is None else weight + keys

    def encode(self, portion: list[Any]) -> str | None:
        return _try_encode(dict(portion))

    def single(self, portion: list[Any]) -> Iterator[tuple[str, Any, Any]]:
        for key, value in portion:
            yield f"{_encode(key)}:", key, value


_CONVERT: dict[Kind, Callable[[Any], Any]] = {Kind.LEAF: leaf, Kind.RECORD: fields, Kind.OPAQUE: dump}
_WRITE: dict[Kind, Callable[[_Writer, Any, Place, int], None]] = {
    Kind.TEXT: _Writer.write_text,
    Kind.ATOM: _Writer.write_atom,
    Kind.LIST: _Writer.write_list,
    Kind.ARRAY: _Writer.write_array,
    Kind.DICT: _Writer.write_dict,
    Kind.RECORD: _Writer.write_dict,
}


def _convert(value: Any) -> Any:
    """For the C encoder: what to write instead of something that it does not know."""
    kind = kind_of(type(value))
    if kind is Kind.ARRAY:
        return unroll(value)
    if kind not in _CONVERT:
        raise NotPlain(refusal(value))
    return _CONVERT[kind](value)


# No check for circles: what comes here was measured, so it ends.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), default=_convert
).encode


def _try_encode(value: Any) -> str | None:
    try:
        return _encode(value)
    except _NOT_JSON:
        return None


def _unrolled(array: Any, place: Place) -> Iterator[Any]:
    """The members of an array, made plain a few at a time."""
    step = ARRAY_ITEMS // max(array[:1].size, 1)
    try:
        for start in range(0, len(array), step):
            yield from unroll(array[start : start + step])
    except NotPlain as problem:
        raise _Bad(place, str(problem)) from problem


def _with_text_keys(items: Iterable[tuple[Any, Any]], place: Place, *, mixed: bool) -> Iterator[tuple[str, Any]]:
    """The items under keys that are text; keys of one type never become the same text."""
    seen: set[str] = set()
    for key, value in items:
        try:
            text = key_text(key)
        except NotPlain as problem:
            raise _Bad(place, str(problem)) from problem
        if mixed:
            if text in seen:
                raise _Bad(place, f"has two keys that both become {shorten(text)!r} in JSON")
            seen.add(text)
        yield text, value


def path_text(name: str, steps: Iterable[Any]) -> str:
    """Where a value stands, as in ``output.runs[3].flow``, from indexes and keys; the middle of a long way left out."""
    words = [name, *map(_step, steps)]
    if len(words) > MAX_STEPS:
        words[MAX_STEPS // 2 : -MAX_STEPS // 2] = ["..."]
    return "".join(words)


def _step(key: Any) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{shorten(key, 60)}" if key.isidentifier() else f"[{shorten(json.dumps(key, ensure_ascii=False), 60)}]"


def _steps(place: Place) -> list[Any]:
    steps: list[Any] = []
    while place is not None:
        place, key = place
        steps.append(key)
    return steps[::-1]
