"""Batches of JSON objects: their keys and kinds; and which lines of NDJSON hold an object, are blank, or set aside."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from longshore.errors import UnreadableFile
from longshore.tables.reading.elements import Batch
from longshore.tables.reading.ledger import Books
from longshore.tables.reading.quotes import Positions
from longshore.tables.scripting.portable import portable

Kinds = dict[str, set[str]]
"""Per key, the kinds of its values: int, float, bool, text, nested."""

_OPEN, _LINE_FEED = 123, 10
_NO_OBJECT = "the line is valid JSON but not an object"
_INVALID = "bytes that are no text in the file's encoding; a replacement character (U+FFFD) stands for them"
_REPLACEMENT = "\ufffd".encode()
_PYTHON_KINDS = {int: "int", float: "float", bool: "bool", str: "text", list: "nested", dict: "nested"}


@dataclass
class Sifted:
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


def sift(batch: Batch) -> Sifted:
    """Sort the lines of ``batch``. Most batches are clean: that costs one look at the lines' first bytes."""
    view = np.frombuffer(batch.data, np.uint8)
    starts = np.concatenate(([0], np.flatnonzero(view == _LINE_FEED) + 1))
    starts = starts[starts < view.size]
    numbers = np.arange(batch.line, batch.line + starts.size, dtype=np.int64)
    if (view[starts] == _OPEN).all():
        kinds = _kinds_quickly(batch.data)
        if kinds is not None:
            return Sifted(batch.data, kinds, numbers, starts.size)
    return _sift_slowly(batch.data.split(b"\n")[: starts.size], numbers)


def _sift_slowly(texts: list[bytes], numbers: Positions) -> Sifted:
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
        kinds = _kinds_slowly(json.loads(texts[place]) for place in good)
    bad = [(place, *fault) for place, fault in found.items()]
    data = b"\n".join(texts[place] for place in good)
    return Sifted(data, kinds, numbers[good], numbers.size, numbers.size - len(filled), bad, texts if bad else [])


def fault_of(text: bytes) -> tuple[str, str] | None:
    """Why a line is no JSON object: code and sentence; None if it is one."""
    try:
        record = json.loads(text)
    except ValueError as error:
        return "InvalidJson", f"the line is not valid JSON: {error}"
    except RecursionError:
        return "InvalidJson", "the JSON on the line is nested too deeply"
    return None if isinstance(record, dict) else ("NotAnObject", _NO_OBJECT)


@portable
def is_object(text: bytes) -> bool:
    """Whether a line holds a JSON object."""
    return fault_of(text) is None


def enter(books: Books, batch: Batch, sifted: Sifted, replaced: bool) -> None:
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
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(f"record {number} is not valid JSON: {error}") from error
        if not isinstance(record, dict):
            raise UnreadableFile(f"record {number} is not a JSON object; every line or element must be one")
        yield record


def _kinds_quickly(data: bytes) -> Kinds | None:
    """Keys and kinds as Polars finds them; None where it refuses a line."""
    try:
        schema = pl.read_ndjson(data, infer_schema_length=None).schema
    except pl.exceptions.PolarsError:
        return None
    return {key: _kind_of(dtype) for key, dtype in schema.items()}


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
    kinds: Kinds = {}
    for record in records:
        for key, value in record.items():
            kind = _PYTHON_KINDS.get(type(value))
            kinds.setdefault(key, set()).update(() if kind is None else (kind,))
    return kinds
