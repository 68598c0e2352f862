"""Workbooks: .xlsx, .xlsb, .xls and .ods through calamine.

Every cell has a type of its own. A column whose cells are of one sort keeps it, a mixed one is read as text and decided
as a CSV's. Errors come as marked texts, so that a row of nothing else is not taken for a blank one; then they are
counted, and missing.
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import python_calamine

from longshore.errors import InvalidRequest, UnreadableFile, shorten
from longshore.tables.core.column_expressions import col
from longshore.tables.core.portable import portable
from longshore.tables.core.table import Table
from longshore.tables.reading import names
from longshore.tables.reading.biff import is_protected, xls_errors
from longshore.tables.reading.cells import ERROR_MARK, NO_RESULT, cell_texts, filled_rows, without_errors
from longshore.tables.reading.choosing import find, largest, listed, tell_of_others
from longshore.tables.reading.context import Reading
from longshore.tables.reading.dialects import PAIR
from longshore.tables.reading.footers import footer_begin
from longshore.tables.reading.ledger import ImportAudit, Ledger
from longshore.tables.reading.mending import counts_from_1904, is_misleading, mend, mended_workbook
from longshore.tables.reading.options import ReadOptions
from longshore.tables.reading.packing import protected, require_bounded
from longshore.tables.reading.parts import Part, find_parts, named
from longshore.tables.reading.plans import Numbers, Plan
from longshore.tables.reading.results import EXAMPLES, ReadWarning, SheetTop, cut, plural
from longshore.tables.reading.scopes import ANYTHING, CALENDAR, CLOCKS, NUMBERS, as_asked
from longshore.tables.reading.structure import header_of_cells, placed_cells, structure_warnings, why_of_cells
from longshore.tables.reading.typed import TextsInMemory, write_typed

_TOP_ROWS, _TOP_CELLS = 100, 20_000
"""Of a sheet, among which the names are sought."""
_FOOTER_ROWS = 60
_SENTENCE = 30
"""Characters of a cell, on the average."""
_ABOUT = re.compile(
    r"read[ _-]?me|cover(?:[ _-]?(?:page|sheet))?|(?:table of )?contents?|about|info(?:rmation)?|instructions?|legend"
    r"|deckblatt|titel(?:blatt)?|inhalt(?:sverzeichnis)?|hinweise|lisez[ _-]?moi|sommaire|portada|índice|indice",
    re.IGNORECASE,
)
"""Names of sheets that tell of the others."""
_CELLS_OF_PARTS = 200_000
"""Of a sheet on which several tables are sought."""
_VISIBLE = python_calamine.SheetVisibleEnum.Visible
_MIDNIGHT, _FIRST_OF_1904 = "00:00:00", "1904-01-01"
_CLOCK = r"^\d\d:\d\d:\d\d(\.\d+)?$"
_MANIFEST = "META-INF/manifest.xml"


def read_sheet(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read one sheet, the first unless the options name another.

    :raises UnreadableFile: if the workbook is damaged or protected, or the sheet empty.
    :raises InvalidRequest: if there is no such sheet.
    """
    kind, options = reading.settings["format"], reading.options
    total = reading.path.stat().st_size
    reading.report("read", 0, total, 0)
    path = sound_copy(reading.path, reading.scratch, None if kind == "xls" else require_bounded(reading))
    with open_workbook(path) as workbook:
        wanted, table_wanted = _split_wanted(options.sheet, workbook.sheet_names)
        sheet, content = _load_first(path, workbook, _require_sheets(workbook, wanted), options)
        reading.top = SheetTop(workbook.sheet_names)
    if options.sheet is None:
        _tell_of_other_sheets(reading, sheet)
    content = _one_of_several(reading, sheet, content, table_wanted)
    head = options.initial_skip + content.above + content.titles + content.header_rows
    reading.settings.update(sheet=sheet, header=content.header is not None, skip=options.initial_skip)
    if head != options.initial_skip + reading.settings["header"]:
        reading.settings["headLines"] = head
    if content.why:
        reading.settings["structure"] = content.why
    columns = names.number(content.width) if content.header is None else names.make_unique(_names_in(content.header))
    reading.books = _open_books(reading, content)
    for warning in structure_warnings(content.why, "row"):
        reading.warn(warning)
    for warning in _error_warnings(content, head):
        reading.warn(warning)
        reading.settings["repairs"] = ["errors"]
    kept = _without_footer(reading, content.body)
    body = _without_blank(reading, kept)
    left_out = content.body.height - kept.height + content.below
    reading.books.ledger.skipped += left_out
    reading.books.ledger.lines += left_out
    body = _settle_day_zero(reading, without_errors(body), content.kinds, columns)
    scopes = as_asked(options.types, columns, [_scope(kinds) for kinds in content.kinds])
    source, preferred = TextsInMemory(body), options.preferred
    table, warnings = write_typed(source, reading.scratch, columns, scopes, preferred, reading.settings)
    reading.report("read", total, total, table.rows)
    return table, warnings


@dataclass
class _Content:
    """A sheet from its first row on in which anything stands.

    :param header: the names of the columns, errors marked; None where there are none.
    :param body: the cells below, errors marked.
    :param kinds: of the cells of each column of the body.
    :param above: blank rows above.
    :param titles: rows above the names that hold none, and ``header_rows`` those that hold them.
    :param lines: those of ``header_rows`` in which anything stands.
    :param why: see :class:`longshore.tables.reading.structure.Structure`.
    :param below: rows of other tables below.
    :param rows: those of the body as they came, if they are few enough to look for other tables among them.
    """

    header: list[str | None] | None
    body: pl.DataFrame
    kinds: list[set[str]]
    above: int
    titles: int
    header_rows: int
    lines: int
    why: dict[str, Any]
    below: int = 0
    rows: list[Sequence[Any]] | None = None

    @property
    def width(self) -> int:
        """Columns of the sheet, from the first in which anything stands."""
        return self.body.width


def _scope(kinds: set[str]) -> tuple[Plan, ...]:
    """The plans that may read a column with cells of these kinds.

    Where numbers, moments and booleans stand side by side no type has all of them: the column stays text, in which
    each cell keeps its own form.
    """
    typed = kinds - {"text", "error"}
    # A time of day is a duration beside longer ones.
    if "duration" in typed and typed <= {"duration", "time"}:
        return CLOCKS
    if typed and (typed <= {"date", "datetime"} or typed == {"time"}):
        return CALENDAR
    if typed == {"number"} and "text" not in kinds:
        return (*NUMBERS[:2], Numbers())
    return ANYTHING if len(typed) < 2 else ()


def _names_in(header: Sequence[str | None]) -> list[str | None]:
    """The names of a header; an error is none."""
    return [None if name is None or name.startswith(ERROR_MARK) else name for name in header]


# -- opening -------------------------------------------------------------------------------------------------------


def sound_copy(path: Path, folder: Path, suspects: Iterable[str] | None) -> Path:
    """The workbook under a name without an ending, or a copy of it that calamine reads rightly, in ``folder``.

    :param suspects: parts of a zipped workbook that may need to be mended, None for one that is not zipped.
    :raises UnreadableFile: if a password protects it.
    """
    # By a name's ending calamine would choose the format, and the content has the last word.
    target = folder / "workbook"
    if suspects is None:
        with path.open("rb") as file:
            if is_protected(file):
                raise protected()
        target.symlink_to(path.resolve())
        return target
    with zipfile.ZipFile(path) as source:
        members = set(source.namelist())
        if _MANIFEST in members and b"encryption-data" in source.read(_MANIFEST):
            raise protected()
        wanted = members.intersection(suspects) | {member for member in members if is_misleading(member, source)}
        if not wanted:
            target.symlink_to(path.resolve())
            return target
        shutil.copyfile(path, target)
        with zipfile.ZipFile(target, "a") as copy:
            mend(source, copy, sorted(wanted))
    return target


@contextmanager
def open_workbook(path: Path) -> Iterator[python_calamine.CalamineWorkbook]:
    """The workbook at ``path``; the parser's errors become sentences, also those of what is done with it.

    :raises UnreadableFile: if it is damaged.
    """
    damaged = UnreadableFile("the workbook is damaged, or of a version that is not supported")
    try:
        with python_calamine.load_workbook(path) as workbook:
            yield workbook
    except OverflowError as error:
        raise _too_long() from error
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise damaged from error
    except BaseException as error:
        # Of a panic in Rust only the name is known: its class has no home that could be imported.
        if type(error).__name__ == "PanicException":
            raise (_too_long() if "TimeDelta" in str(error) else damaged) from error
        raise


def _too_long() -> UnreadableFile:
    return UnreadableFile(
        "a cell of the workbook is formatted as a duration, and its number is too large for one; format it as a number,"
        " save the workbook and upload it again"
    )


def _require_sheets(workbook: python_calamine.CalamineWorkbook, wanted: str | int | None) -> list[str]:
    """The sheet that is wanted, or those that may be meant, the likeliest first: visible ones, and no charts."""
    sheets = workbook.sheet_names
    if not sheets:
        raise UnreadableFile("the workbook has no sheets")
    charts = [each.name for each in workbook.sheets_metadata if each.typ == python_calamine.SheetTypeEnum.ChartSheet]
    if wanted is None:
        hidden = {each.name for each in workbook.sheets_metadata if each.visible != _VISIBLE}
        return sorted((sheet for sheet in sheets if sheet not in charts), key=hidden.__contains__) or sheets[:1]
    index = find(wanted, sheets)
    if index is None:
        raise InvalidRequest(f"there is no sheet {shorten(str(wanted))!r}; {_has_sheets(workbook)}")
    chosen = sheets[index]
    if chosen in charts:
        raise InvalidRequest(f"the sheet {shorten(chosen)!r} is a chart, without cells; {_has_sheets(workbook)}")
    return [chosen]


def _has_sheets(workbook: python_calamine.CalamineWorkbook) -> str:
    return f"the workbook has the sheets {listed(workbook.sheet_names)}"


# -- cells ---------------------------------------------------------------------------------------------------------


def _load_first(
    path: Path, workbook: python_calamine.CalamineWorkbook, sheets: Sequence[str], options: ReadOptions
) -> tuple[str, _Content]:
    """The first of some sheets in which anything stands, one about the workbook left out if another one holds a table.

    :raises UnreadableFile: if all of them are empty.
    """
    about: tuple[str, _Content] | None = None
    for sheet in sheets:
        content = _load(path, workbook, sheet, options)
        if content is None:
            continue
        if about is None and len(sheets) > 1 and _is_about(sheet, content):
            about = sheet, content
        elif about is None or (content.width >= PAIR and content.body.height >= PAIR):
            return sheet, content
    if about is not None:
        return about
    raise UnreadableFile(f"the sheet {shorten(sheets[0])!r} is empty; {_has_sheets(workbook)}")


def _is_about(sheet: str, content: _Content) -> bool:
    """Whether a sheet tells of the workbook instead of holding a table: by its name, or by sentences in one column."""
    if _ABOUT.fullmatch(sheet.strip()) is not None:
        return True
    texts = [text for text in [*(content.header or []), *content.body.head(_TOP_ROWS).to_series(0)] if text]
    return content.width == 1 and bool(texts) and sum(map(len, texts)) >= _SENTENCE * len(texts)


def _load(path: Path, workbook: python_calamine.CalamineWorkbook, sheet: str, options: ReadOptions) -> _Content | None:
    """The cells of a sheet; None if it is empty."""
    errors = {}
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            errors = xls_errors(file, workbook.sheet_names.index(sheet))
    rows = islice(sheet_rows(workbook, sheet, errors), options.initial_skip, None)
    above, first = 0, None
    for first in rows:
        if any(cell != "" for cell in first):
            break
        above += 1
    else:
        return None
    width = len(first)
    top = [first, *islice(rows, max(PAIR, min(_TOP_ROWS, _TOP_CELLS // width)) if options.seeks_names else 0)]
    texts = cell_texts(top, width)[0].rows()
    found = header_of_cells(texts, options)
    header = None
    if found.lines == 1:
        header = list(texts[found.start])
    elif found.lines:
        header = [name.decode() or None for name, _ in found.fields]
    first_rows = [*top[found.end :], *islice(rows, _CELLS_OF_PARTS // width)]
    further = next(rows, None)
    all_rows = first_rows if further is None else chain(first_rows, [further], rows)
    body, kinds = cell_texts(all_rows, width)
    body = until_last_filled(body)
    may_be_several = further is None and options.seeks_names and found.lines == 1
    return _Content(
        header,
        body,
        kinds,
        above,
        found.start,
        found.end - found.start,
        found.lines,
        why_of_cells(found, texts),
        rows=first_rows[: body.height] if may_be_several else None,
    )


def _split_wanted(wanted: str | int | None, sheets: Sequence[str]) -> tuple[str | int | None, str | None]:
    """The sheet that is asked for, and the table on it, if that is: ``Sheet1: Staff``."""
    if isinstance(wanted, str) and find(wanted, sheets) is None:
        for sheet in sheets:
            if wanted.startswith(f"{sheet}: "):
                return sheet, wanted.removeprefix(f"{sheet}: ")
    return wanted, None


def _one_of_several(reading: Reading, sheet: str, content: _Content, wanted: str | None) -> _Content:
    """The table of a sheet that is asked for, or the one with the most values, where it holds several below each other.

    :raises InvalidRequest: if there is no such table.
    """
    parts = _find_parts(content) if content.rows is not None and content.header is not None else []
    tables = [f"{sheet}: {name}" for name in named(parts)]
    if wanted is not None and f"{sheet}: {wanted}" not in tables:
        has = f"it has {listed(tables)}" if len(parts) > 1 else "it has one"
        raise InvalidRequest(f"there is no table {shorten(wanted)!r} on the sheet {shorten(sheet)!r}; {has}")
    if len(parts) < 2 or content.rows is None:
        return content
    if wanted is not None:
        index = tables.index(f"{sheet}: {wanted}")
    else:
        index = largest([part.size for part in parts])
        tell_of_others(reading, tables, index, f"the sheet {shorten(sheet)!r}")
    if reading.top is not None:
        at = reading.top.sheets.index(sheet) + 1
        reading.top = SheetTop([*reading.top.sheets[:at], *tables, *reading.top.sheets[at:]])
    reading.settings["table"] = tables[index]
    part = parts[index]
    # Record 0 is the header, and the others are the rows below it.
    rows = content.rows[part.names : part.last - 1]
    names_in: list[str | None] = list(content.body.row(part.names - 1)) if part.names else list(content.header or [])
    body, kinds = cell_texts(rows, content.width)
    used = [column for column, name in enumerate(names_in) if name or body.to_series(column).null_count() < body.height]
    first, last = (used[0], used[-1] + 1) if used else (0, content.width)
    body = until_last_filled(body)
    return replace(
        content,
        header=names_in[first:last],
        body=body.select(col(f"c{column}").alias(f"c{column - first}") for column in range(first, last)),
        kinds=kinds[first:last],
        why={} if part.names else content.why,
        titles=content.titles + (content.header_rows + part.names - 1 if part.names else 0),
        below=content.body.height - part.names - body.height,
    )


def _tell_of_other_sheets(reading: Reading, sheet: str) -> None:
    others = [each for each in (reading.top.sheets if reading.top is not None else []) if each != sheet]
    if others:
        has = plural(len(others), "other sheet", "other sheets")
        message = (
            f"the workbook has {has}; the sheet {shorten(sheet, 60)!r} was read. The option sheet reads another:"
            f" {listed(others)}"
        )
        reading.warn(ReadWarning("OtherSheets", message, len(others)))


def _find_parts(content: _Content) -> list[Part]:
    """The tables of a sheet, its header being record 0; one if no row below may hold names."""
    body = content.body
    has_digit = pl.any_horizontal(pl.all().str.contains(r"\d").fill_null(False)) if body.width else pl.lit(True)
    filled = pl.sum_horizontal(pl.all().is_not_null()) if body.width else pl.lit(0)
    if not body.select((~has_digit & (filled > 1)).any()).item():
        return []
    parts = find_parts(placed_cells([content.header or [], *body.rows()]), 0)
    title = (content.why.get("above", {}).get("content") or [""])[-1]
    return [replace(parts[0], title=parts[0].title or title), *parts[1:]]


@portable
def sheet_rows(workbook: Any, sheet: str, errors: dict[int, dict[int, str]]) -> Iterator[Sequence[Any]]:
    """The rows of a sheet from its top on, columns from the first in which anything stands.

    :param workbook: open in calamine, with errors and long durations marked.
    :param errors: by row and column, in a format in which they cannot be marked.
    """
    content = workbook.get_sheet_by_name(sheet)
    if content.start is None:
        return
    if not errors:
        yield from content.iter_rows()
        return
    first = content.start[1]
    for number, row in enumerate(content.iter_rows()):
        for column, name in errors.get(number, {}).items():
            row[column - first] = ERROR_MARK + name
        yield row


@portable
def sheet_texts(content: bytes, sheet: str) -> pl.DataFrame:
    """The cells of a workbook's sheet as text, from its first row on, errors marked."""
    workbook = python_calamine.load_workbook(io.BytesIO(mended_workbook(content)))
    is_zipped = content.startswith(b"PK")
    errors = {} if is_zipped else xls_errors(io.BytesIO(content), workbook.sheet_names.index(sheet))
    rows = list(sheet_rows(workbook, sheet, errors))
    return until_last_filled(cell_texts(rows, len(rows[0]))[0])


@portable
def until_last_filled(texts: pl.DataFrame) -> pl.DataFrame:
    """Without the rows at the end in which nothing but blanks stand."""
    filled = filled_rows(texts).arg_true()
    for row in reversed(filled):
        if any(cell is not None and cell.strip() for cell in texts.row(row)):
            return texts.head(row + 1)
    return texts.clear()


# -- books ---------------------------------------------------------------------------------------------------------


def _open_books(reading: Reading, content: _Content) -> ImportAudit:
    """The books from the top of the sheet to the header."""
    skipped = reading.options.initial_skip + content.titles
    blank = content.above + content.header_rows - content.lines
    return ImportAudit(Ledger("row", skipped + blank + content.lines, skipped, content.lines, blank))


def _without_footer(reading: Reading, texts: pl.DataFrame) -> pl.DataFrame:
    """The rows without the totals and notes at the end, if they are to be left out."""
    if reading.options.footer == "keep":
        return texts
    tail = texts.tail(_FOOTER_ROWS).rows()
    filled = [number for number, row in enumerate(tail) if any(row)]
    first = footer_begin([tail[number] for number in filled])
    if first == len(filled):
        return texts
    begin = texts.height - len(tail) + filled[first]
    lines = texts.height - begin
    shown = [", ".join(cell for cell in tail[number] if cell) for number in filled[first:]]
    why = {"footer": {"lines": lines, "content": [cut(text) for text in shown[:EXAMPLES]]}}
    reading.settings["structure"] = {**reading.settings.get("structure", {}), **why}
    for warning in structure_warnings(why, "row"):
        reading.warn(warning)
    return texts.head(begin)


def _without_blank(reading: Reading, texts: pl.DataFrame) -> pl.DataFrame:
    """The rows in which anything stands; those without are counted in a warning."""
    is_row = filled_rows(texts).to_numpy() if texts.width > 1 else np.ones(texts.height, np.bool_)
    count = texts.height - int(np.count_nonzero(is_row))
    ledger = reading.books.ledger
    reading.books.lines.add(0, np.flatnonzero(is_row) + ledger.lines + 1)
    ledger.lines += texts.height
    ledger.blank += count
    ledger.rows = texts.height - count
    if not count:
        return texts
    message = f"{plural(count, 'blank row was', 'blank rows were')} skipped"
    reading.warn(ReadWarning("BlankLines", message, count))
    return texts.filter(pl.Series(is_row))


def _settle_day_zero(
    reading: Reading, texts: pl.DataFrame, kinds: Sequence[set[str]], columns: Sequence[str]
) -> pl.DataFrame:
    """Dates whose number is 0, which calamine gives as midnight: no day, or the first one of 1904.

    Among dates alone midnight is no time of day; spreadsheets show the 0 of an empty cell's date as 1900-01-00.
    """
    if reading.settings["format"] == "ods":
        return texts  # there a time of day says itself that it is one
    names = [f"c{i}" for i, found in enumerate(kinds) if "time" in found and found & {"date", "datetime"}]
    clocks = texts.select(pl.col(names).str.contains(_CLOCK) & (pl.col(names) != _MIDNIGHT))
    zero = [name for name, has_others in zip(names, clocks, strict=True) if not has_others.any()]
    if not zero:
        return texts
    with reading.path.open("rb") as file:
        day = _FIRST_OF_1904 if zipfile.is_zipfile(file) and counts_from_1904(zipfile.ZipFile(file)) else None
    for name in zero:
        index = int(name[1:])
        kinds[index].discard("time")
        if day is None:
            count = int((texts[name] == _MIDNIGHT).sum())
            has = plural(count, "cell holds a number that is", "cells hold numbers that are")
            no_day = "(0 is shown as 1900-01-00, a negative one not at all)"
            message = f"in column {columns[index]!r} {has} formatted as a date and no day {no_day}; missing"
            reading.warn(ReadWarning("ZeroDates", message, count, column=columns[index]))
    if day is not None:
        reading.settings["dayZero"] = {columns[int(name[1:])]: day for name in zero}
    return texts.with_columns(pl.col(zero).replace(_MIDNIGHT, day))


def _error_warnings(content: _Content, head: int) -> Iterator[ReadWarning]:
    """How many errors of each kind, and formulas without a result, stand in the sheet, and where the first ones do."""
    found = [_marked(pl.Series([cell], dtype=pl.String), head) for cell in content.header or ()]
    found += [_marked(content.body.to_series(i), head + 1) for i, kinds in enumerate(content.kinds) if "error" in kinds]
    by_name = (
        pl.concat([_marked(pl.Series([], dtype=pl.String), 0), *found])
        .group_by("name")
        .agg(pl.len().alias("count"), pl.col("line").min())
        .sort(pl.col("count"), "name", descending=[True, False])
    )
    unknown = NO_RESULT.removeprefix(ERROR_MARK)
    for _, count, line in by_name.filter(pl.col("name") == unknown).iter_rows():
        has = plural(count, "formula has no result in the file and is", "formulas have no result in the file and are")
        message = f"{has} missing; open the file in a spreadsheet program, save it and upload it again"
        yield ReadWarning("FormulasWithoutResult", message, count, [{"line": line}])
    by_name = by_name.filter(pl.col("name") != unknown)
    is_number = pl.col("name").str.starts_with("-")
    negative = by_name.filter(is_number)
    if negative.height:
        count = int(negative["count"].sum())
        has = plural(count, "cell holds a negative number and is", "cells hold negative numbers and are")
        examples = [{"value": name, "line": line} for name, _, line in negative.head(EXAMPLES).iter_rows()]
        message = f"{has} formatted as a date or a time, which cannot be negative; missing"
        yield ReadWarning("NegativeDates", message, count, examples)
    by_name = by_name.filter(~is_number)
    if by_name.height:
        count = int(by_name["count"].sum())
        listed = ", ".join(f"{each:,} {name}" for name, each in by_name.select("name", "count").iter_rows())
        has = plural(count, "cell holds an error and is", "cells hold errors and are")
        examples = [
            {"value": name, "count": each, "line": line}
            for name, each, line in by_name.head(EXAMPLES).select("name", "count", "line").iter_rows()
        ]
        yield ReadWarning("ErrorCells", f"{has} missing: {listed}", count, examples)


def _marked(cells: pl.Series, first_line: int) -> pl.DataFrame:
    """The names of the errors among some cells of one column, with the lines of the sheet on which they stand."""
    numbered = pl.DataFrame({"name": cells}).with_row_index("line", offset=first_line)
    errors = numbered.filter(pl.col("name").str.starts_with(ERROR_MARK))
    return errors.select(pl.col("name").str.strip_prefix(ERROR_MARK), "line")
