"""Batches of JSON objects: their keys and kinds; and which lines of NDJSON hold an object, are blank, or set aside."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from pydantic_core import from_json

from longshore.errors import UnreadableFile
from longshore.tables.core.portable import portable
from longshore.tables.reading.elements import Batch
from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.limits import CELLS_AT_A_TIME, require_columns
from longshore.tables.reading.quotes import Positions
from longshore.tables.reading.records import count_byte

Kinds = dict[str, set[str]]
"""Per key, the kinds of its values: int, float, bool, text, nested."""

FIRST_LINES, MAX_LINES = 500, 16_384
SURVEY_CELLS = 500_000
_OPEN, _LINE_FEED, _QUOTE, _COLON, _SPACE = 123, 10, 34, 58, 32
_NO_OBJECT = "the line is valid JSON but not an object"
_INVALID = "bytes that are no text in the file's encoding; a replacement character (U+FFFD) stands for them"
_REPLACEMENT = "\ufffd".encode()
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""Quick: it may be a backslash and letters, or such a pair as is meant."""
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
MAX_DEPTH = 200
"""Polars takes time by the cube of the depth, ten seconds at 500 levels, and ends the process at some more."""
_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"
_TYPES: dict[frozenset[str], pl.DataType] = {
    frozenset(): pl.Null(),
    frozenset({"int"}): pl.Int64(),
    frozenset({"float"}): pl.Float64(),
    frozenset({"int", "float"}): pl.Float64(),
    frozenset({"bool"}): pl.Boolean(),
    frozenset({"text"}): pl.String(),
}
"""Of the engine's reader, by the kinds of a key's values; it refuses values of other kinds, but for text."""
_ODD_KEY = re.compile(r"[,:}\]\s]|$")
"""At the beginning of a key: it could be taken for what stands between strings."""
_APART = re.compile(rb'"\s+:')
_MAX_COUNTED = 10
"""Keys that are counted one by one; more than that take as long as to look at every value."""
_COUNT_BYTES = 1 << 18
_PYTHON_KINDS = {int: "int", float: "float", bool: "bool", str: "text", list: "nested", dict: "nested"}


@dataclass
class ValidatedLines:
    """A batch of lines, sorted out.

    :param data: the lines that hold an object, ``kinds`` what they hold.
    :param lines: their numbers in the file.
    :param count: lines in all, ``blank`` ones among them.
    :param bad: place in the batch, code and reason of each line that holds no object.
    :param texts: all lines, where any is bad.
    """

    data: bytes
    kinds: Kinds
    lines: Positions
    count: int
    blank: int = 0
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)


def sift(batch: Batch) -> ValidatedLines:
    """Sort the lines of ``batch``. Most batches are clean: that costs one look at the lines' first bytes."""
    view = np.frombuffer(batch.data, np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(view == _LINE_FEED) + 1))
    starts = starts[starts < view.size]
    numbers = np.arange(batch.line, batch.line + starts.size, dtype=np.int64)
    if (view[starts] == _OPEN).all():
        kinds = _kinds_quickly(batch.data)
        if kinds is not None:
            return ValidatedLines(batch.data, kinds, numbers, starts.size)
    return _sift_slowly(batch.data.split(b"\n")[: starts.size], numbers)


def _sift_slowly(texts: list[bytes], numbers: Positions) -> ValidatedLines:
    filled = [place for place, text in enumerate(texts) if text.strip()]
    good = [place for place in filled if texts[place].lstrip()[:1] == b"{"]
    kinds = _kinds_quickly(b"\n".join(texts[place] for place in good))
    unlikely = filled
    if kinds is not None:
        likely = set(good)
        unlikely = [place for place in filled if place not in likely]
    found = {place: fault for place in unlikely if (fault := fault_of(texts[place])) is not None}
    good = [place for place in filled if place not in found]
    if kinds is None:
        kinds = _kinds_slowly(load(texts[place]) for place in good)
    bad = [(place, *fault) for place, fault in found.items()]
    data = b"\n".join(texts[place] for place in good)
    return ValidatedLines(
        data, kinds, numbers[good], numbers.size, numbers.size - len(filled), bad, texts if bad else []
    )


def fault_of(text: bytes) -> tuple[str, str] | None:
    """Why a line is no JSON object: code and sentence; None if it is one."""
    try:
        record = load(text)
    except ValueError as error:
        return "InvalidJson", f"the line is not valid JSON: {error}"
    return None if isinstance(record, dict) else ("NotAnObject", _NO_OBJECT)


def load(text: bytes) -> Any:
    """A JSON value; raises ValueError with a reason that says nothing of Python."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise ValueError("a whole number has too many digits" if "digits" in str(error) else str(error)) from None
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise ValueError(_TOO_DEEP)
    return value


def _is_deep(value: Any) -> bool:
    """Whether lists and objects stand in each other deeper than a table's cell may hold them."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        nested = [each for each in level if isinstance(each, list | dict)]
        level = [inner for each in nested for inner in (each.values() if isinstance(each, dict) else each)]
        if not nested:
            return False
    return True


@portable
def mend_surrogates(data: bytes) -> tuple[bytes, int, int]:
    """JSON with U+FFFD for each escaped half of a character that has no other half: no text can hold it.

    :return: and how many there were, and where the first one stood; -1 if there was none.
    """
    if b"\\" not in data or _LONE_SURROGATE.search(data) is None:
        return data, 0, -1
    places = [found.start() for found in _ESCAPE.finditer(data) if found["lone"]]
    if not places:
        return data, 0, -1
    mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], data)
    return mended, len(places), places[0]


@portable
def is_object(text: bytes) -> bool:
    """Whether a line holds a JSON object."""
    return fault_of(text) is None


def enter(books: ImportAudit, batch: Batch, sifted: ValidatedLines, replaced: bool) -> None:
    """Write down what became of a batch's lines.

    :param replaced: whether U+FFFD stands for bytes of the file that are no text.
    """
    ledger = books.ledger
    books.lines.add(ledger.rows, sifted.lines)
    aside: list[tuple[int, int | None, str, str]] = [(place, None, *fault) for place, *fault in sifted.bad]  # type: ignore[misc]
    texts = sifted.texts
    if replaced and _REPLACEMENT in sifted.data:
        texts = texts or batch.data.split(b"\n")
        mended = [row for row, line in enumerate(sifted.lines.tolist()) if _REPLACEMENT in texts[line - batch.line]]
        ledger.mended += len(mended)
        aside += [(int(sifted.lines[row]) - batch.line, ledger.rows + row, "InvalidBytes", _INVALID) for row in mended]
    for place, row, code, reason in sorted(aside)[: books.asides.room]:
        books.asides.add(batch.line + place, row, code, reason, texts[place])
    ledger.lines += sifted.count
    ledger.blank += sifted.blank
    ledger.rows += sifted.lines.size
    ledger.set_aside += len(sifted.bad)


# -- keys and kinds ------------------------------------------------------------------------------------------------


def survey_batch(data: bytes, first: int) -> Kinds:
    """Keys and kinds of the objects in ``data``, one a line.

    :param first: number of the first record.
    :raises UnreadableFile: naming the record, if one is no JSON object.
    """
    kinds = _kinds_quickly(data)
    return _kinds_slowly(_require_objects(data, first)) if kinds is None else kinds


def _require_objects(data: bytes, first: int) -> Any:
    for number, text in enumerate(data.split(b"\n"), first):
        if not text.strip():
            continue
        try:
            record = load(text)
        except ValueError as error:
            raise UnreadableFile(f"record {number} is not valid JSON: {error}") from error
        if not isinstance(record, dict):
            raise UnreadableFile(f"record {number} is not a JSON object; every line or element must be one")
        yield record


def kinds_of_head(data: bytes) -> Kinds:
    """Keys and kinds of the first of some objects, one a line; none where that is not quickly known."""
    end = -1
    for _ in range(FIRST_LINES):
        end = data.find(b"\n", end + 1)
        if end < 0:
            return {}  # to look at all of them is quick
    return _kinds_quickly(data[: end + 1]) or {}


def read_known(data: bytes, kinds: Kinds) -> pl.DataFrame | None:
    """Objects, one a line, in columns of the types that their kinds say, as they are known from what came before.

    :return: None where a value is of another kind, where a record may hold anything else, and where nobody can tell
        without a look at each value.
    """
    frame = read_as(data, kinds)
    return frame if frame is not None and _has_no_others(data, frame) else None


def read_as(data: bytes, kinds: Kinds) -> pl.DataFrame | None:
    """As :func:`read_known`, whatever else the records may hold."""
    types = {key: _TYPES.get(frozenset(found)) for key, found in kinds.items()}
    lines = count_byte(data, _LINE_FEED) + (not data.endswith(b"\n"))
    # No record holds another, so none is deep, and what stands before a colon is a key of its own.
    is_flat = count_byte(data, _OPEN) == lines and b"[" not in data
    if not is_flat or None in types.values() or lines * len(kinds) > CELLS_AT_A_TIME:
        return None
    try:
        frame = pl.read_ndjson(data, schema=types)
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == lines else None


def _has_no_others(data: bytes, frame: pl.DataFrame) -> bool:
    """Whether the records of ``frame``, none of which holds another, have no keys but those of its columns.

    Quotes before a colon end a key, or open a text that begins with one: they are at least as many as the keys. A
    column without gaps has been found in each record, others are counted: these are at most as many as the keys that
    are known. So where the two agree there are no others.
    """
    partial = [name for name, missing in zip(frame.columns, frame.null_count().row(0), strict=True) if missing]
    if len(partial) > _MAX_COUNTED or any(_ODD_KEY.match(key) for key in frame.columns):
        return False
    if b"\\" in data and b'\\":' in data:  # such a quote belongs to a text
        return False
    ends, is_apart = _count_key_ends(data)
    if is_apart and _APART.search(data):
        return False
    known = frame.height * (frame.width - len(partial))
    if known > ends:
        return False
    return known + sum(data.count(b'"%s":' % name.encode()) for name in partial) == ends


def _count_key_ends(data: bytes) -> tuple[int, bool]:
    """How many quotes stand before a colon, and whether any stands before white space."""
    view = np.frombuffer(data, np.uint8)
    ends, is_apart = 0, False
    for at in range(0, view.size, _COUNT_BYTES):  # in pieces that stay in the processor's cache
        following = view[at + 1 : at + 1 + _COUNT_BYTES]
        quotes = view[at : at + following.size] == _QUOTE
        ends += int(np.count_nonzero(quotes & (following == _COLON)))
        is_apart = is_apart or bool((quotes & (following <= _SPACE)).any())
    return ends, is_apart


def _kinds_quickly(data: bytes) -> Kinds | None:
    """Keys and kinds as Polars finds them; None where it refuses a line, or must not be asked.

    It makes a table of what it reads: where each record has a key of its own, one of as many columns as rows. So it
    gets some lines at a time, and fewer the more keys the last ones had.

    :raises TooLarge: for more keys than a table may have columns.
    """
    if _may_be_deep(data):
        return None
    kinds: Kinds = {}
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_FEED) + 1
    at = line = 0
    lines = FIRST_LINES
    while at < len(data):
        line += lines
        piece = data[at : ends[line - 1]] if line <= ends.size else data[at:]
        at += len(piece)
        try:
            schema = pl.read_ndjson(piece, infer_schema_length=None).schema if piece.strip() else {}
        except pl.exceptions.PolarsError:
            return None
        lines = min(max(SURVEY_CELLS // max(len(schema), 1), FIRST_LINES), MAX_LINES)
        for key, dtype in schema.items():
            kinds.setdefault(key, set()).update(_kind_of(dtype))
        require_columns(len(kinds))
    return _together(kinds)


def _together(kinds: Kinds) -> Kinds | None:
    """The kinds of several pieces as Polars would have found them in one; None where it would have refused that."""
    for found in kinds.values():
        scalars = found & {"int", "float", "bool"}
        if "nested" in found and scalars:
            return None
        if "text" in found:
            found.intersection_update({"text"})
        elif "bool" in found and len(found) > 1:
            return None
    return kinds


def _may_be_deep(data: bytes) -> bool:
    """Whether a line is nested deeper than :data:`MAX_DEPTH`, or nobody knows since it is no JSON."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH + data.count(b"\n"):
        return False
    for line in data.split(b"\n"):
        if line.count(b"[") + line.count(b"{") > MAX_DEPTH:
            try:
                from_json(line, cache_strings="none")  # its own limit is the same
            except ValueError:
                return True
    return False


def _kind_of(dtype: pl.DataType) -> set[str]:
    if dtype == pl.Null():
        return set()
    if dtype.is_integer():
        return {"int"}
    if dtype.is_float():
        return {"float"}
    if dtype == pl.Boolean():
        return {"bool"}
    return {"nested"} if dtype.is_nested() else {"text"}


def _kinds_slowly(records: Any) -> Kinds:
    """:raises TooLarge: for more keys than a table may have columns."""
    kinds: Kinds = {}
    for record in records:
        for key, value in record.items():
            kind = _PYTHON_KINDS.get(type(value))
            kinds.setdefault(key, set()).update(() if kind is None else (kind,))
        require_columns(len(kinds))
    return kinds
