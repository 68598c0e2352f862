"""Texts that no single character delimits: by several (``||``, ``, ``), or by places (fixed widths).

They are written anew with one character between the fields, line by line, and read as any other text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from longshore.tables.reading.dialects import DELIMITERS, MOST, sniff_marks, sniff_newline
from longshore.tables.reading.glance import MANY, is_value
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.quotes import Marks
from longshore.tables.reading.records import MAX_RECORD, NotUtf8

BETWEEN = b"\x1e"
"""Stands between fields where several characters, or places, parted them: the separator of records of ASCII."""
_SEVERAL = (b"||", b"::", b";;", b"|~|", b"~|~", b"|^|", b"^|^", b"#|#", b"@|@", b", ", b"; ")
_SAMPLE_BYTES, _LINES, _FEW_LINES = 256 << 10, 200, 3
_CHUNK_BYTES = 1 << 20
_MOST_FIXED_BYTES = 32 << 20
"""Of a text of fixed widths: all of its lines are looked at first."""
_LONGEST_LINE = 10_000
_MAX_TITLES = 6
_MARGIN = 2
_BAR = re.compile(rb"(?<!\\)\|")
_ROWS_COUNTED = re.compile(rb"\(\d+ rows?\)|\d+ rows? in set.*", re.IGNORECASE)
_FILLED = bytes(code != ord(" ") for code in range(256))
_SURE_LINES = 8
"""So many lines do not happen to have a blank at one place."""


class NotInOrder(Exception):
    """There is no telling what stands within quotes, or the character for what is between fields stands in one."""


@dataclass(frozen=True)
class Several:
    """Several characters delimit.

    :param written: what is written for them.
    """

    delimiter: bytes
    written: bytes

    @property
    def told(self) -> dict[str, Any]:
        """What goes into the settings."""
        return {"delimiter": self.delimiter.decode()}

    def as_read(self, options: ReadOptions) -> ReadOptions:
        """The options for the text that :meth:`lines` makes."""
        return options.model_copy(update={"delimiter": self.written.decode()})

    def chunks(self, path: Path, options: ReadOptions) -> Iterator[bytes]:
        """The text with one character between its fields; what stands within quotes stays.

        :raises NotInOrder: if a quote stands open at the end, or what is written stands there already.
        """
        quote = b'"' if options.quote is None else options.quote.encode()
        parts = re.compile(b"(" + re.escape(quote) + b")") if quote else None
        is_inside = False
        for chunk in _chunks(path):
            if self.written == BETWEEN and BETWEEN in chunk:
                raise NotInOrder
            if parts is None or (quote not in chunk and not is_inside):
                yield chunk.replace(self.delimiter, self.written)
                continue
            pieces = []
            for piece in parts.split(chunk):
                if piece == quote:
                    is_inside = not is_inside
                pieces.append(piece if is_inside or piece == quote else piece.replace(self.delimiter, self.written))
            yield b"".join(pieces)
        if is_inside:
            raise NotInOrder


@dataclass(frozen=True)
class Fixed:
    """Each field has its places.

    :param cuts: in characters, where each field but the first begins.
    :param titles: lines above the table.
    """

    cuts: tuple[int, ...]
    titles: int

    @property
    def told(self) -> dict[str, Any]:
        """What goes into the settings."""
        return {"delimiter": None, "fixed": list(self.cuts)}

    def as_read(self, options: ReadOptions) -> ReadOptions:
        """The options for the text that :meth:`lines` makes: a quote in it is a character."""
        return options.model_copy(update={"delimiter": BETWEEN.decode(), "quote": ""})

    def chunks(self, path: Path, options: ReadOptions) -> Iterator[bytes]:
        """The text with one character between its fields, which lose their blanks; rulers become blank lines.

        :raises NotInOrder: if that character stands in one.
        """
        between, number = BETWEEN.decode(), 0
        for chunk in _chunks(path):
            if BETWEEN in chunk:
                raise NotInOrder
            lines = []
            for line in chunk.decode("utf-8-sig" if not number else "utf-8").split("\n"):
                number += 1
                if _is_ruler(line):
                    lines.append("")
                elif number <= self.titles:
                    lines.append(line.rstrip("\r"))
                else:
                    lines.append(between.join(_cells(line, self.cuts)) if line.strip() else "")
            number -= 1  # what follows the last line end
            yield "\n".join(lines).encode()


@dataclass(frozen=True)
class Drawn:
    """A table drawn with bars and rules, as Markdown has it, and the consoles of databases.

    :param first: the number of its first line, from 0.
    """

    first: int

    @property
    def told(self) -> dict[str, Any]:
        """What goes into the settings."""
        return {"delimiter": "|", "drawn": True}

    def as_read(self, options: ReadOptions) -> ReadOptions:
        """The options for the text that :meth:`chunks` makes: a quote in it is a character."""
        return options.model_copy(update={"delimiter": BETWEEN.decode(), "quote": ""})

    def chunks(self, path: Path, options: ReadOptions) -> Iterator[bytes]:
        """The text with one character between its fields; rules become blank lines, and so does a count of the rows.

        :raises NotInOrder: if that character stands in one.
        """
        number = 0
        for chunk in _chunks(path):
            if BETWEEN in chunk:
                raise NotInOrder
            lines = chunk.split(b"\n")
            yield b"\n".join(self._written(line, number + at) for at, line in enumerate(lines))
            number += len(lines) - 1

    def _written(self, line: bytes, number: int) -> bytes:
        text = line.strip()
        if number < self.first:
            return line
        if _is_rule(text) or _ROWS_COUNTED.fullmatch(text):
            return b""
        return BETWEEN.join(cell.strip().replace(b"\\|", b"|") for cell in _BAR.split(_without_frame(text)))


Layout = Several | Fixed | Drawn


def find_layout(path: Path, options: ReadOptions, head: bytes, is_whole: bool) -> Layout | None:
    """How fields are parted in a text that no single character delimits; None for any other.

    :param head: the text from its first line on.
    :raises NotUtf8: if its lines are looked at, and are not.
    """
    if options.delimiter is not None:
        return Several(options.delimiter.encode(), BETWEEN) if len(options.delimiter) > 1 else None
    if options.structure != "found" or options.quote is not None:
        return None
    sample = head[:_SAMPLE_BYTES]
    if sniff_newline(sample) == b"\r":
        return None
    every = sample.split(b"\n")
    lines = [line for line in every if line.strip()]
    if not is_whole or len(sample) < len(head):
        lines = lines[:-1]
    found = _find_drawn(every[:_LINES]) or _find_several(lines[:_LINES])
    if found is not None:
        return found
    if len(lines) < _FEW_LINES or b"  " not in sample or b"\t" in sample or path.stat().st_size > _MOST_FIXED_BYTES:
        return None
    try:
        texts = [line.decode().rstrip() for line in lines[:_LINES]]
        begun = _find_fixed(texts) if max(map(len, texts)) <= _LONGEST_LINE else None
        if begun is None:
            return None
        marks = sniff_marks(sample, is_whole)
        if any(marks.delimiter in line for line in lines) and not _is_weak(marks, sample, lines):
            return None
        return _in_all_lines(path.read_bytes().decode("utf-8-sig"), texts[begun.titles], begun)
    except UnicodeDecodeError:
        raise NotUtf8(_first_bad(path)) from None


def _is_weak(marks: Marks, sample: bytes, lines: Sequence[bytes]) -> bool:
    """Whether a delimiter may be none: a colon, or blanks of which several stand together on most lines."""
    if marks.delimiter != b" ":
        return marks.delimiter == b":"
    return b'"' not in sample and sum(b"  " in line for line in lines) >= MOST * len(lines)


def _first_bad(path: Path) -> int:
    """Where a text shows that it is not UTF-8."""
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _is_ruler(line: str) -> bool:
    """Whether a line between fixed widths is drawn: a single dash may be a value."""
    return any(pair in line for pair in ("--", "==", "__")) and not line.strip("-=_+ \r")


def _is_rule(line: bytes, least: int = 2) -> bool:
    """Whether a line between rows is drawn, with so many dashes in each field; below names one is enough."""
    if b"-" not in line or line.strip(b"-=:|+ "):
        return False
    return all(b"-" * least in field for field in re.split(rb"[|+]", line.strip(b"|+ ")))


def _without_frame(line: bytes) -> bytes:
    return line[1:-1] if line.startswith(b"|") and line.endswith(b"|") else line


def _find_drawn(lines: Sequence[bytes]) -> Drawn | None:
    """A rule below names, and nothing but rows with as many bars below it, up to a blank line, a rule or a count."""
    for at, line in enumerate(lines[1:-1], 1):
        rule, names = line.strip(), lines[at - 1].strip()
        bars = len(_BAR.findall(names))
        if not bars or not _is_rule(rule, 1) or rule.count(b"|") + rule.count(b"+") != bars:
            continue
        below = list(takewhile(lambda each: not _ends_drawing(each), (each.strip() for each in lines[at + 1 :])))
        if below and all(len(_BAR.findall(each)) == bars for each in below):
            return Drawn(at - 1)
    return None


def _ends_drawing(line: bytes) -> bool:
    return not line or _is_rule(line) or _ROWS_COUNTED.fullmatch(line) is not None


def _find_several(lines: Sequence[bytes]) -> Several | None:
    if len(lines) < _FEW_LINES:
        return None
    single = [mark for mark in DELIMITERS if len(found := {line.count(mark) for line in lines}) == 1 and found != {0}]
    for delimiter in _SEVERAL:
        if delimiter not in lines[0] or any(mark not in delimiter for mark in single):
            continue
        plain = [line for line in lines if b'"' not in line]
        counts = Counter(line.count(delimiter) for line in plain)
        if not counts:
            continue
        (usual, times), *_ = counts.most_common(1)
        if not usual or times < max(_FEW_LINES, 0.95 * len(plain)):
            continue
        mark = delimiter.strip()[:1]
        alone = [line.count(mark) - line.count(delimiter) * delimiter.count(mark) for line in plain]
        if delimiter.strip() == mark:  # a mark and a blank: is the mark itself no delimiter?
            if not any(alone):
                return Several(delimiter, mark) if _all_spaced(plain, delimiter) else None
            if mark in single:
                continue
            return Several(delimiter, BETWEEN)
        if not any(alone) or len({line.count(mark) for line in plain}) > 1:
            return Several(delimiter, BETWEEN)
    return None


def _all_spaced(lines: Sequence[bytes], delimiter: bytes) -> bool:
    """Whether the blank belongs to the delimiter: no field has another one, as in columns that are aligned."""
    return all(delimiter + b" " not in line for line in lines)


def _find_fixed(lines: Sequence[str]) -> Fixed | None:
    """The places of the fields in the first lines; ``titles`` is the number of those above that are none of them."""
    found: list[tuple[int, int, Fixed]] = []
    for titles in range(min(_MAX_TITLES, len(lines) - _FEW_LINES) + 1):
        body = [line for line in lines[titles:] if not _is_ruler(line)]
        if len(body) >= _FEW_LINES and _is_table(body, cuts := _cuts(body)):
            found.append((len(cuts), -titles, Fixed(tuple(cuts), titles)))
    # A title may have blanks where columns part; without it there are more.
    return max(found, key=lambda each: each[:2])[2] if found else None


def _in_all_lines(text: str, first: str, begun: Fixed) -> Fixed | None:
    """The places that hold for all lines: one further down may be longer, and leave less of a gap, or none.

    :param first: the line with which the table begins.
    """
    every = [line.rstrip() for line in text.split("\n")]
    if max(map(len, every)) > _LONGEST_LINE:
        return None
    above = every.index(first) if begun.titles else 0
    cuts = _cuts([line for line in every[above:] if line and not _is_ruler(line)])
    return Fixed(tuple(cuts), above) if len(cuts) == len(begun.cuts) else None


def _occupied(lines: Sequence[str]) -> Iterator[bool]:
    """At which places anything stands in any line."""
    mask = 0
    for line in lines:
        filled = line.encode().translate(_FILLED) if line.isascii() else bytes(letter != " " for letter in line)
        mask |= int.from_bytes(filled, "little")
    return map(bool, mask.to_bytes((mask.bit_length() + 7) // 8, "little"))


def _cuts(lines: Sequence[str]) -> list[int]:
    """Where fields begin, behind gaps that are wide enough not to be there by chance."""
    least = 1 if len(lines) >= _SURE_LINES else _MARGIN
    cuts, gap = [], 0
    begun = False
    for place, is_filled in enumerate(_occupied(lines)):
        if is_filled:
            if begun and gap >= least:
                cuts.append(place)
            begun, gap = True, 0
        else:
            gap += 1
    return cuts


def _is_table(lines: Sequence[str], cuts: Sequence[int]) -> bool:
    """Whether most lines have several fields, and some column holds values below its first line."""
    if not cuts:
        return False
    rows = [_cells(line, cuts) for line in lines]
    if sum(sum(map(bool, row)) > 1 for row in rows) < MOST * len(rows):
        return False
    columns = [[cell.encode() for cell in column[1:] if cell] for column in zip(*rows, strict=True)]
    return any(cells and sum(map(is_value, cells)) >= MANY * len(cells) for cells in columns)


def _cells(line: str, cuts: Sequence[int]) -> list[str]:
    return [line[start:end].strip() for start, end in pairwise([0, *cuts, len(line)])]


def _chunks(path: Path) -> Iterator[bytes]:
    """A file as whole lines, some at a time."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk + file.readline(MAX_RECORD)  # a longer line is refused when it is read
