"""Quoting in delimited text: is it regular, and if not, how to make it so.

A quote opens a field only at the field's start. Elsewhere it is a character as any other (``5" pipe``), as in
Python's ``csv`` module, whose lenient rules are followed here. Polars wants quoting as RFC 4180 has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from longshore.tables.core.portable import portable

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BLANK, _BACKSLASH = 32, 92
_LINE_END = re.compile(rb"\r\n|\r|\n")


@portable
@dataclass(frozen=True)
class Marks:
    """The bytes that structure a delimited text in UTF-8 (or another encoding that keeps ASCII).

    :param quote: None where no character quotes.
    :param newline: ``\\n`` (also for ``\\r\\n``) or ``\\r``.
    :param spaced: whether blanks may stand between a delimiter and the quote that opens a field.
    :param escaped: whether a backslash takes a quote, or another backslash, for a character.
    """

    delimiter: bytes
    quote: bytes | None
    newline: bytes
    spaced: bool = False
    escaped: bool = False

    @property
    def ends(self) -> re.Pattern[bytes]:
        """What ends an unquoted field."""
        return re.compile(b"[" + re.escape(self.delimiter) + b"\r\n]")


def is_regular(data: Bytes, quotes: Positions, marks: Marks) -> bool:
    """Whether the quotes pair up as RFC 4180 wants: each opens at a field's start or closes at a field's end.

    :param data: whole records.
    :param quotes: the positions of all quotes in ``data``.
    """
    if quotes.size % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    breaks = np.zeros(256, np.bool_)
    breaks[[marks.delimiter[0], 10, 13]] = True
    opens = (opening == 0) | breaks[data[np.maximum(opening - 1, 0)]]
    last = data.size - 1
    closes = (closing == last) | breaks[data[np.minimum(closing + 1, last)]]
    # A doubled quote closes and opens again at once.
    doubled = closing[:-1] + 1 == opening[1:]
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def simplify(data: bytes, marks: Marks) -> tuple[bytes, Positions]:
    """``data`` with doubled quotes for escaped ones, and without the blanks before opening ones.

    :param data: from a record's start on.
    :return: and where bytes of ``data`` were left out.
    """
    quote = (marks.quote or b'"')[0]
    view = np.frombuffer(data, np.uint8).copy()
    is_left = np.ones(view.size, np.bool_)
    if marks.escaped:
        escapes = _escapes(view)
        quotes = np.setdiff1d(np.flatnonzero(view == quote), escapes + 1, assume_unique=True)
        escapes = escapes[np.searchsorted(quotes, escapes) % 2 == 1]  # outside of quotes they are characters
        taken = view[escapes + 1]
        view[escapes[taken == quote]] = quote
        is_left[escapes[taken == _BACKSLASH]] = False
    if marks.spaced:
        is_left[_blanks_before(view, np.flatnonzero(view == quote)[0::2], marks)] = False
    return view[is_left].tobytes(), np.flatnonzero(~is_left)


def place_before(left_out: Positions, place: int) -> int:
    """Where the byte at ``place`` of simplified data stood before."""
    return place + int(np.searchsorted(left_out - np.arange(left_out.size), place, side="right"))


def _escapes(view: Bytes) -> Positions:
    """Where a backslash takes away the meaning of the byte after it: every second one of several in a row."""
    slashes = np.flatnonzero(view[:-1] == _BACKSLASH)
    if not slashes.size:
        return slashes
    begins = np.concatenate(([True], np.diff(slashes) != 1))
    begun = slashes[begins][np.cumsum(begins) - 1]
    escapes: Positions = slashes[(slashes - begun) % 2 == 0]
    return escapes


def _blanks_before(view: Bytes, opening: Positions, marks: Marks) -> Positions:
    """The blanks between a delimiter, or a line's start, and one of the ``opening`` quotes."""
    breaks = np.zeros(256, np.bool_)
    breaks[[marks.delimiter[0], 10, 13]] = True
    place = opening - 1
    length = np.zeros(opening.size, np.int64)
    going = np.ones(opening.size, np.bool_)
    while (going := going & (place >= 0) & (view[np.maximum(place, 0)] == _BLANK)).any():
        length += going
        place = place - going
    is_start = (length > 0) & ((place < 0) | breaks[view[np.maximum(place, 0)]])
    begins, lengths = place[is_start] + 1, length[is_start]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    blanks: Positions = np.repeat(begins, lengths) + within
    return blanks


_CHECK_FIELDS = 1000
_STRAYS = 4
"""Quotes of a record that are tried as characters."""


def split_record(
    data: bytes, start: int, marks: Marks, closed: bool, check: Callable[[int], None] | None = None
) -> tuple[list[tuple[bytes, bool]], int] | None:
    """The fields of the record at ``start``, each with whether it was quoted, and the position after the record.

    :param closed: ``data`` is all there is, so a quote that nothing closes is a character as any other.
    :param check: is told now and then how many fields there are so far, and may raise.
    :return: None if the record does not end within ``data``.
    """
    return _Splitter(data, marks, closed, check=check).record(start)


def split_overfull(data: bytes, start: int, marks: Marks) -> list[tuple[bytes, bool]] | None:
    """The fields of the record at ``start``, where one goes on after its closing quote, with two in place of this one.

    >>> split_overfull(b'a,"b"c\n', 0, Marks(b",", b'"', b"\n"))
    [(b'a', False), (b'b', True), (b'c', False)]
    """
    splitter = _Splitter(data, marks, True)
    taken = splitter.record(start)
    if taken is None or len(splitter.overfull) != 1:
        return None
    (whole,) = splitter.overfull
    value, _ = taken[0][whole.number]
    parts = [(whole.quoted, True), (value[len(whole.quoted) :], False)]
    return [*taken[0][: whole.number], *parts, *taken[0][whole.number + 1 :]]


@dataclass(frozen=True)
class Overfull:
    """A field that goes on after its closing quote: its number, where it opens, and what stands within its quotes."""

    number: int
    opened: int
    quoted: bytes


class _Splitter:
    def __init__(
        self,
        data: bytes,
        marks: Marks,
        closed: bool,
        on_unclosed: Callable[[int], None] | None = None,
        check: Callable[[int], None] | None = None,
    ) -> None:
        self.data, self.marks, self.closed = data, marks, closed
        self.ends = marks.ends
        self.on_unclosed = on_unclosed
        self.check = check
        self.overfull: list[Overfull] = []
        """Of the last record."""

    def record(
        self, start: int, characters: Container[int] = (), strict: bool = False
    ) -> tuple[list[tuple[bytes, bool]], int] | None:
        """The record at ``start``.

        :param characters: places of quotes that open no field.
        :param strict: a quote closes a field only before a delimiter or the record's end, and is a character elsewhere.
        """
        self.overfull = []
        plain = self._unquoted(start)
        if plain is not None:
            return plain
        fields: list[tuple[bytes, bool]] = []
        at = start
        while True:
            opened = at = self._opening(at)
            taken = self._quoted(at, strict) if self._opens(at) and at not in characters else None
            quoted = taken is not None
            if taken is None:
                if at not in characters and self._cut_off(at):
                    return None
                taken = b"", at
            value, at = taken
            end = self.ends.search(self.data, at)
            if quoted and at < (len(self.data) if end is None else end.start()):
                self.overfull.append(Overfull(len(fields), opened, value))
            if end is None:
                if not self.closed:
                    return None
                fields.append((value + self.data[at:], quoted))
                return fields, len(self.data)
            fields.append((value + self.data[at : end.start()], quoted))
            at = end.end()
            if end.group() == self.marks.delimiter:
                if self.check is not None and not len(fields) % _CHECK_FIELDS:
                    self.check(len(fields))
                continue
            if end.group() == b"\r":
                if at == len(self.data) and not self.closed:
                    return None
                at += self.data.startswith(b"\n", at)
            return fields, at

    def _unquoted(self, start: int) -> tuple[list[tuple[bytes, bool]], int] | None:
        """The record at ``start`` where it ends within the data and has no quote, as most have not."""
        end = _LINE_END.search(self.data, start)
        if end is None or (end.group() == b"\r" and end.end() == len(self.data)):
            return None
        if self.marks.quote is not None and self.data.find(self.marks.quote, start, end.start()) >= 0:
            return None
        line = self.data[start : end.start()]
        if self.check is not None and (delimiters := line.count(self.marks.delimiter)) >= _CHECK_FIELDS:
            self.check(delimiters)
        return [(field, False) for field in line.split(self.marks.delimiter)], end.end()

    def fitting(
        self, start: int, end: int, width: int, is_other: bool
    ) -> tuple[list[tuple[bytes, bool]], int, int] | None:
        """The record at ``start``, which would end at ``end``, with ``width`` fields, if a stray quote is a character.

        Either those that close a field before its end are, or the one that opens such a field. Nothing behind ``end``
        matters, wherever the text is cut into blocks.

        :param is_other: the record has another width; else only a delimiter within quotes speaks for a stray one.
        :return: the fields, where the record ends, and the place of the field with the quote.
        """
        strays = [(each.opened - start, each) for each in self.overfull[:_STRAYS]]
        ways: list[tuple[int, Container[int], bool]] = [(place, (), True) for place, _ in strays[:1]]
        ways += [(place, (place,), False) for place, each in strays if is_other or self.marks.delimiter in each.quoted]
        if self.marks.newline in self.overfull[0].quoted:
            ways.reverse()  # rather a quote too many than two lines in one
        unclosed: list[int] = []
        within = _Splitter(self.data[start:end], self.marks, True, unclosed.append)
        for place, characters, strict in ways:
            unclosed.clear()
            taken = within.record(0, characters, strict)
            if taken is not None and len(taken[0]) == width and not within.overfull and not unclosed:
                return taken[0], start + taken[1], start + place
        return None

    def is_doubtful(self, is_other: bool) -> bool:
        """Whether quotes of the last record may be strays; see :meth:`fitting`. An apostrophe mostly is one."""
        if is_other or self.marks.quote == b"'":
            return bool(self.overfull)
        return any(not each.quoted or self.marks.delimiter in each.quoted for each in self.overfull)

    def _opens(self, at: int) -> bool:
        return self.marks.quote is not None and self.data.startswith(self.marks.quote, at)

    def _opening(self, at: int) -> int:
        """Where the field at ``at`` opens with a quote, if only blanks stand before it."""
        if not self.marks.spaced or not self.data.startswith(b" ", at):
            return at
        place = at
        while self.data.startswith(b" ", place):
            place += 1
        return place if self.marks.quote and self.data.startswith(self.marks.quote, place) else at

    def _cut_off(self, at: int) -> bool:
        """Whether the field at ``at`` opens with a quote that more data might close."""
        if not self._opens(at):
            return False
        if self.closed and self.on_unclosed is not None:
            self.on_unclosed(at)
        return not self.closed

    def _quoted(self, start: int, strict: bool = False) -> tuple[bytes, int] | None:
        """The content between the quote at ``start`` and its closing one, and the position after that."""
        quote = self.marks.quote
        assert quote is not None  # noqa: S101 - callers look first
        at = start + 1
        while True:
            end = self.data.find(quote, at)
            if end == -1 or (end + 1 == len(self.data) and not self.closed):
                return None
            if self.marks.escaped and self._is_escaped(start + 1, end):
                at = end + 1
            elif strict and end + 1 < len(self.data) and self.ends.match(self.data, end + 1) is None:
                at = end + (2 if self.data.startswith(quote, end + 1) else 1)
            elif not self.data.startswith(quote, end + 1):
                return self._plain(self.data[start + 1 : end]), end + 1
            else:
                at = end + 2

    def _is_escaped(self, start: int, place: int) -> bool:
        """Whether an odd number of backslashes stands before ``place``."""
        before = self.data[start:place]
        return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1

    def _plain(self, content: bytes) -> bytes:
        """What stands between two quotes, as it is meant."""
        quote = self.marks.quote or b'"'
        if not self.marks.escaped:
            return content.replace(quote + quote, quote)
        escaped = re.compile(rb"\\([\\" + re.escape(quote) + rb"])|" + re.escape(quote + quote))
        return escaped.sub(lambda found: found[1] or quote, content)


@portable
def make_regular(
    data: bytes, marks: Marks, closed: bool, on_unclosed: Callable[[int], None] | None = None, width: int = 0
) -> tuple[bytes, int]:
    """The whole records at the start of ``data`` with regular quoting, and how many bytes they took.

    Fields keep their content, and whether they were quoted when empty. Every record ends with ``marks.newline``.

    :param closed: as for :func:`split_record`; ``on_unclosed`` is then called with the place of such a quote.
    :param width: of the table: a record that has another one, but this one once a stray quote is taken for a character,
        is read so, and ``on_unclosed`` is called; 0 to leave such records as they are.
    """
    out: list[bytes] = []
    end = 0
    for start, end, fields in _stretches(data, marks, closed, on_unclosed, width):
        out.append(_same_ends(data[start:end], marks.newline) if fields is None else join_record(fields, marks))
    return b"".join(out), end


def record_starts(data: bytes, marks: Marks, width: int = 0) -> Positions:
    """Where the records begin that :func:`make_regular` finds in ``data``, which are whole."""
    starts: list[int] = []
    for start, end, fields in _stretches(data, marks, True, None, width):
        starts.append(start)
        if fields is None:
            starts.extend(found.end() for found in _LINE_END.finditer(data, start, end) if found.end() < end)
    return np.array(starts, np.int64)


def _stretches(
    data: bytes, marks: Marks, closed: bool, on_unclosed: Callable[[int], None] | None, width: int
) -> Iterator[tuple[int, int, list[tuple[bytes, bool]] | None]]:
    """The whole records at the start of ``data``: those with quotes one by one with their fields, others together."""
    splitter = _Splitter(data, marks, closed, on_unclosed)
    at = 0
    while at < len(data):
        quote = data.find(marks.quote, at) if marks.quote else -1
        rest_is_plain = quote == -1
        stop = len(data) if rest_is_plain else quote
        plain = stop if rest_is_plain and closed else _last_end(data, at, stop)
        if plain > at:
            yield at, plain, None
        at = plain
        if rest_is_plain:
            break
        record = splitter.record(at)
        if record is None:
            break
        fields, end = record
        if width and splitter.is_doubtful(is_other := len(fields) != width):
            fitting = splitter.fitting(at, end, width, is_other)
            if fitting is not None:
                fields, end, stray = fitting
                if on_unclosed is not None:
                    on_unclosed(stray)
        yield at, end, fields
        at = end


def join_record(fields: list[tuple[bytes, bool]], marks: Marks) -> bytes:
    """One record with regular quoting; an empty field stays quoted or not, as it was."""
    quote = marks.quote or b'"'
    written = [
        quote + value.replace(quote, quote + quote) + quote if quoted or quote in value else value
        for value, quoted in fields
    ]
    return marks.delimiter.join(written) + marks.newline


def _last_end(data: bytes, start: int, stop: int) -> int:
    """The position after the last line end in ``data[start:stop]``, or ``start``."""
    end = max(data.rfind(b"\n", start, stop), data.rfind(b"\r", start, stop))
    if end == -1:
        return start
    # A carriage return at the very end may be the first half of a Windows line end.
    if end == stop - 1 == len(data) - 1 and data[end] == 13:
        return _last_end(data, start, end)
    return end + 1


def _same_ends(data: bytes, newline: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", newline)
