"""Tables in web pages, also those that portals export under the name of a workbook.

The page is parsed as browsers do. A cell that spans several stands in each of them; what is in a table within a table
is of the inner one alone. Cells are text, and their types are decided over whole columns, as those of delimited text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from selectolax.lexbor import LexborHTMLParser, LexborNode

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.cells import cell_texts
from longshore.tables.reading.choosing import choose
from longshore.tables.reading.context import Reading
from longshore.tables.reading.encodings import by_marks
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.limits import DENSE_CELLS_PER_BYTE, FREE_DENSE_CELLS, require_columns
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.records import require_utf8
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.scopes import ANYTHING, as_asked
from longshore.tables.reading.structure import Header, header_of_cells, structure_warnings, why_of_cells
from longshore.tables.reading.typed import TextsInMemory, write_typed
from longshore.tables.reading.utf8 import read_as_utf8

MAX_PAGE_BYTES = 100 << 20
"""A page stands in memory as a tree, about eighteen times its size."""
_META_BYTES = 4096
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.:-]{1,40})""")
_LABELS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
"""What browsers take some encodings for, which say less than is meant."""
_MAX_COLSPAN, _MAX_ROWSPAN = 1000, 65_534
_SPAN = re.compile(r"\s*\+?(\d{1,9})")
_MAX_HEADER = 5
_LOOKED_AT = 100
_LENGTH_PER_CELL = 20
"""Characters that all cells together may have for each cell that is allowed."""
_SPACE = re.compile(r"[ \t\r\n\f]+")
_EDGES = " \n\xa0"
_LEFT_OUT = frozenset({"table", "script", "style", "template", "noscript", "select", "textarea", "svg"})
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr"})
_GROUPS = ("thead", "tbody", "tfoot")


def read_page(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read a table of a web page, the one with the most cells unless the options name another.

    :raises UnreadableFile: if there is none.
    :raises InvalidRequest: if there is no such table.
    :raises TooLarge: if the page is too large to stand in memory, or its cells are out of all proportion.
    """
    if reading.options.encoding is None and (encoding := said_encoding(reading.path)) is not None:
        reading.options = reading.options.model_copy(update={"encoding": encoding})
    return read_as_utf8(reading, lambda path: _read(reading, path))


def said_encoding(path: Path) -> str | None:
    """The encoding that a page says it has. UTF-8 is found anyhow, and often said where it is not so."""
    with path.open("rb") as file:
        head = file.read(_META_BYTES)
    said = _META.search(head) or _DECLARED.search(head)
    if said is None or by_marks(head) is not None:
        return None
    try:
        name = codecs.lookup(said[1].decode("ascii")).name
        "".encode(name)
    except (LookupError, ValueError):
        return None  # of no encoding that is known, so that it is found as if nothing were said
    return None if name.startswith("utf") else _LABELS.get(name, name)


MAX_DEPTH = 4000
"""Of elements within each other; browsers stop at 512."""
_NESTING = re.compile(
    rb"<(/?)(?:div|span|center|section|article|main|blockquote|[uod]l|form)[\s>]",
    re.IGNORECASE,
)


def _read(reading: Reading, path: Path) -> tuple[Table, list[ReadWarning]]:
    size = path.stat().st_size
    if size > MAX_PAGE_BYTES:
        raise TooLarge(f"a web page can have at most {MAX_PAGE_BYTES:,} bytes; save the table as CSV or a workbook")
    reading.report("read", 0, size, 0)
    content = path.read_bytes()
    require_utf8(content, 0)
    _require_flat(content)
    found = [(each, _count(each)) for each in LexborHTMLParser(content.removeprefix(codecs.BOM_UTF8)).css("table")]
    tables = [each for each, cells in found if cells]
    if not tables:
        raise UnreadableFile("the file is a web page without a table; if it is a message, what it says may tell why")
    chosen = choose(reading, _names_of(tables), [cells for _, cells in found if cells], "the web page")
    grid = Grid(max(FREE_DENSE_CELLS, DENSE_CELLS_PER_BYTE * size))
    grid.fill(tables[chosen])
    return write_grid(reading, grid, "the table of the web page")


def _require_flat(content: bytes) -> None:
    """:raises TooLarge: for a page whose elements stand deep within each other, which takes the parser its square."""
    depth = 0
    for tag in _NESTING.finditer(content):
        depth = max(0, depth + (-1 if tag[1] else 1))
        if depth > MAX_DEPTH:
            raise TooLarge(f"the web page has more than {MAX_DEPTH:,} elements within each other, which is no table")


def _names_of(tables: Sequence[LexborNode]) -> list[str]:
    """What the tables are called: by a caption, an id, or their number."""
    found = []
    for number, table in enumerate(tables, start=1):
        captions = [each for each in _children(table) if each.tag == "caption"]
        caption = _text(captions[0]) if captions else ""
        found.append((caption or table.attributes.get("id") or f"table {number}")[:200])
    return names.make_unique(found)


# -- rows ----------------------------------------------------------------------------------------------------------


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _rows(table: LexborNode) -> Iterator[tuple[str, list[LexborNode]]]:
    """The rows of a table itself, group by group as they are shown; each group with its name."""
    groups = [each for each in _children(table) if each.tag in _GROUPS]
    for group in sorted(groups, key=lambda each: each.tag == "tfoot"):
        yield str(group.tag), [each for each in _children(group) if each.tag == "tr"]


def _cells(row: LexborNode) -> list[LexborNode]:
    return [each for each in _children(row) if each.tag in ("td", "th")]


def _count(table: LexborNode) -> int:
    """Cells of a table, without those of tables within it."""
    return sum(len(_cells(row)) for _, rows in _rows(table) for row in rows)


def _spans(cell: LexborNode) -> tuple[int, int]:
    """How many columns and rows a cell spans; 0 rows are those to the end of its group."""
    attributes = cell.attributes
    if not attributes:
        return 1, 1
    across, down = (_SPAN.match(attributes.get(name) or "") for name in ("colspan", "rowspan"))
    return (
        1 if across is None else min(max(1, int(across[1])), _MAX_COLSPAN),
        1 if down is None else min(int(down[1]), _MAX_ROWSPAN),
    )


def _text(cell: LexborNode) -> str:
    """What a cell shows, without the tables in it: blanks as browsers fold them, line breaks where they break."""
    parts: list[str] = []
    stack: list[LexborNode | str | None] = [cell.child]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        if isinstance(node, str):
            parts.append(node)
            continue
        stack.append(node.next)
        tag = node.tag
        if tag == "-text":
            parts.append(_SPACE.sub(" ", node.text_content or ""))
        elif tag == "br":
            parts.append("\n")
        elif tag not in _LEFT_OUT and node.child is not None:
            if tag in _BLOCKS:
                parts.append("\n")
                stack.append("\n")
            stack.append(node.child)
    joined = "".join(parts)
    if "\n" in joined or "  " in joined:
        # Breaks of lines in the source are blanks by now.
        joined = _SPACE.sub(lambda found: "\n" if "\n" in found[0] else " ", joined)
    return joined.strip(_EDGES)


@dataclass
class Grid:
    """The cells of a table as rows of text, those that span several in each place.

    :param allowed: cells, at most.
    :param is_head: per row, whether it is one of names.
    :param own: per row, how many places have a cell, before it is filled up to the table's width.
    """

    allowed: int
    rows: list[list[str]] = field(default_factory=list)
    is_head: list[bool] = field(default_factory=list)
    width: int = 0
    length: int = 0

    def fill(self, table: LexborNode) -> None:
        """Take all rows of a table.

        :raises TooLarge: if cells that span many make too many.
        """
        for group, rows in _rows(table):
            # Per column, in how many more rows a cell from above stands, and what it says.
            above: dict[int, tuple[int, str]] = {}
            for number, row in enumerate(rows):
                self._add(row, group == "thead", above, len(rows) - number)

    def _add(self, row: LexborNode, in_head: bool, above: dict[int, tuple[int, str]], left: int) -> None:
        texts: list[str] = []
        cells = _cells(row)
        for cell in cells:
            self._take_from_above(texts, above)
            text, (across, down) = _text(cell), _spans(cell)
            for _ in range(across):
                if down != 1:
                    above[len(texts)] = (min(down or left, left), text)
                texts.append(text)
            require_columns(len(texts))
        last = max(above, default=-1) + 1
        texts += [above[place][1] if place in above else "" for place in range(len(texts), last)]
        for place, (down, text) in list(above.items()):
            if down <= 1:
                del above[place]
            else:
                above[place] = (down - 1, text)
        self.append(texts, bool(cells) and (in_head or all(cell.tag == "th" for cell in cells)))

    def append(self, texts: list[str], is_head: bool) -> None:
        """Add a row.

        :raises TooLarge: if the cells become too many.
        """
        self.rows.append(texts)
        self.is_head.append(is_head)
        self.width = max(self.width, len(texts))
        self.length += sum(map(len, texts))
        if self.width * len(self.rows) > self.allowed or self.length > _LENGTH_PER_CELL * self.allowed:
            raise TooLarge(
                f"the table makes more than {self.allowed:,} cells, most of which span several or are empty; save it as"
                " CSV"
            )

    @staticmethod
    def _take_from_above(texts: list[str], above: dict[int, tuple[int, str]]) -> None:
        while len(texts) in above:
            texts.append(above[len(texts)][1])


# -- the table -----------------------------------------------------------------------------------------------------


def write_grid(reading: Reading, grid: Grid, where: str) -> tuple[Table, list[ReadWarning]]:
    """The table that some rows of text are, the first of them its names unless the options say otherwise.

    :param where: of what they are, for people.
    :raises UnreadableFile: if nothing is there.
    """
    options = reading.options
    skip = options.initial_skip
    above = next((i for i, row in enumerate(grid.rows[skip:]) if any(row)), None)
    if above is None:
        raise UnreadableFile(f"{where} is empty, or nothing is left of it after the rows to skip")
    first = skip + above
    layout = _layout(grid, first, options)
    titles, header = layout.start, layout.lines
    start = first + layout.end
    columns = names.make_unique([name.decode() for name, _ in layout.fields]) if header else names.number(grid.width)
    require_columns(len(columns))
    body = [[*row, *[""] * (grid.width - len(row))] for row in grid.rows[start:]]
    is_row = [any(row) for row in body] if grid.width > 1 else [True] * len(body)
    blank = len(body) - sum(is_row)
    within = layout.end - layout.start - header
    ledger = Ledger("row", len(grid.rows), skip + titles, header, above + within + blank, len(body) - blank)
    reading.books = ImportAudit(ledger)
    reading.books.lines.add(0, np.flatnonzero(np.array(is_row, np.bool_)) + start + 1)
    _tell_short_rows(reading, grid.rows[start:], is_row, start)
    why = why_of_cells(layout, grid.rows[first:])
    if why:
        reading.settings["structure"] = why
    for warning in structure_warnings(why, "row"):
        reading.warn(warning)
    if blank:
        reading.warn(ReadWarning("BlankLines", f"{plural(blank, 'blank row was', 'blank rows were')} skipped", blank))
    reading.settings.update(header=header > 0, skip=skip)
    texts, _ = cell_texts([row for row, kept in zip(body, is_row, strict=True) if kept], grid.width)
    source = TextsInMemory(texts)
    scopes = as_asked(options.types, columns, [ANYTHING] * grid.width)
    written = write_typed(source, reading.scratch, columns, scopes, options.preferred, reading.settings)
    reading.report("read", reading.size, reading.size, ledger.rows)
    return written


def _layout(grid: Grid, first: int, options: ReadOptions) -> Header:
    """Which rows hold the names: those that the page says do; where it says nothing, what is found."""
    rows = [[*row, *[""] * (grid.width - len(row))] for row in grid.rows[first : first + _LOOKED_AT]]
    # A cell over the whole width is one.
    rows = [[row[0], *[""] * (grid.width - 1)] if len(set(row)) == 1 else row for row in rows]
    if options.header_included is False or (options.seeks_names and not any(grid.is_head[first : first + len(rows)])):
        return header_of_cells(rows, options)
    titles, header = _header_rows(grid, first)
    found = _joined(grid.rows[first + titles : first + titles + header], grid.width)
    return Header(titles, titles + header, [((name or "").encode(), False) for name in found], header)


def _header_rows(grid: Grid, first: int) -> tuple[int, int]:
    """How many rows from ``first`` on are titles over the whole width, and how many after them hold names."""
    heads = 0
    while first + heads < len(grid.rows) and grid.is_head[first + heads]:
        heads += 1
    titles = 0
    while titles < heads - 1 and grid.width > 1 and len(set(grid.rows[first + titles])) == 1:
        titles += 1
    found = heads - titles
    # A table of nothing but cells for names has its names in the first row.
    return titles, found if 0 < found <= _MAX_HEADER and first + heads < len(grid.rows) else 1


def _joined(rows: Sequence[Sequence[str]], width: int) -> list[str | None]:
    """The names of columns that stand in several rows, one below the other."""
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    joined = (" / ".join(part for part, _ in groupby(column) if part) for column in zip(*filled, strict=True))
    return [name.replace("\n", " ") for name in joined]


def _tell_short_rows(reading: Reading, rows: Sequence[Sequence[Any]], is_row: Sequence[bool], start: int) -> None:
    """Count the rows with fewer cells than the table has columns, and keep them."""
    ledger, width = reading.books.ledger, max(map(len, rows), default=0)
    number = -1
    for place, (row, kept) in enumerate(zip(rows, is_row, strict=True)):
        number += kept
        if kept and len(row) < width:
            ledger.filled += 1
            reason = f"{plural(len(row), 'cell', 'cells')} where the table has {plural(width, 'column', 'columns')}"
            raw = "\t".join(row).encode()
            reading.books.asides.add(start + place + 1, number, "TooFewFields", f"{reason}; missing", raw)
    if ledger.filled:
        has = plural(ledger.filled, "row has", "rows have")
        message = f"{has} fewer cells than the table has columns; what is absent became missing"
        reading.warn(ReadWarning("ShortLines", message, ledger.filled))
