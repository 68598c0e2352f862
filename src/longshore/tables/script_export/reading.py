"""How a script reads its file: with the settings that were used, the columns given the types that were decided.

Nothing is detected again: encoding, delimiter, types and formats of dates are those of the history's import, so that
the script says what was read and a file that has changed shows at the wrong place, not at another type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from longshore.tables.codegen import literals as write
from longshore.tables.core.table import Table
from longshore.tables.formats.month_names import months_for
from longshore.tables.reading.dialects import NO_DELIMITER

_OURS = ("utf-8", "utf-8-sig", "ascii")


def read_code(table: Table, settings: Mapping[str, Any]) -> list[str]:
    """The statements of a script's ``read(path)``; the last one leaves the frame in ``df``.

    :param table: as it was read.
    :param settings: what the reader used, as :class:`~longshore.tables.reading.ReadResult` tells it.
    """
    kind = settings.get("format", "delimited")
    if not _is_readable(kind, settings):
        types = ", ".join(f"{write.quote(column.name)}: {write.type_of(column.dtype)}" for column in table.columns)
        return [
            "# The file takes more than Polars to read: give the dataset as it was imported, before its first step,"
            " exported as Parquet or CSV, in its place.",
            f"df = read_export(path, {{{types}}})",
        ]
    if kind in _COLUMNAR:
        lines = _columnar(table, settings, kind)
    elif kind == "json":
        lines = _json(table, settings)
    elif kind == "delimited":
        lines = _delimited(table, settings)
    else:
        lines = _sheet(table, settings)
    return [*lines, *_sample(settings)]


_KINDS = ("delimited", "json", "parquet", "arrow", "arrow-stream", "avro", "xlsx", "xls", "ods")
_COLUMNAR = {
    "parquet": "read_parquet",
    "arrow": "read_ipc",
    "arrow-stream": "read_ipc_stream",
    "avro": "read_avro",
}
_UNPACKERS = {
    "gzip": "gzip.decompress(data)",
    "zip": "unzip(data)",
    "bzip2": "bz2.decompress(data)",
    "xz": "lzma.decompress(data)",
}


_OF_ONE = ("delimited", "json")
"""Of which a script reads the whole."""


def _is_readable(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether a script can read the file itself: one table, and nothing around it that Python cannot unpack."""
    is_made_anew = not {"fixed", "drawn"}.isdisjoint(settings) or len(settings.get("delimiter") or "") > 1
    has_several = is_made_anew or "sheet" in settings or "repeated" in settings.get("structure", {})
    has_several |= "comments" in settings.get("structure", {})
    has_several &= kind in _OF_ONE
    is_alone = "member" not in settings and "files" not in settings and not has_several
    is_alone &= "table" not in settings and "footer" not in settings.get("structure", {})
    return kind in _KINDS and is_alone and set(settings.get("packed", ())) <= _UNPACKERS.keys()


def _bytes(settings: Mapping[str, Any]) -> Iterator[str]:
    yield "data = Path(path).read_bytes()"
    for packing in settings.get("packed", ()):
        yield f"data = {_UNPACKERS[packing]}"


def _utf8(settings: Mapping[str, Any]) -> Iterator[str]:
    """The file's bytes as UTF-8."""
    yield from _bytes(settings)
    encoding = settings.get("encoding", "utf-8")
    if encoding not in _OURS or "bytes" in settings.get("repairs", ()):
        yield f'data = data.decode({write.quote(encoding)}, "replace").encode("utf-8", "replace")'


# -- CSV and its kin -----------------------------------------------------------------------------------------------


def _delimited(table: Table, settings: Mapping[str, Any]) -> list[str]:
    newline, quote = settings.get("newline", "\n"), settings.get("quote")
    delimiter = settings.get("delimiter") or NO_DELIMITER.decode()
    repairs = settings.get("repairs", ())
    skipped = settings.get("headLines", settings.get("skip", 0) + settings.get("header", True))
    lines = [*_utf8(settings), r'data = data.rstrip(b"\r\n\x1a")']
    # Polars skips no line that does not end.
    by_hand = table.rows == 0 or newline != "\n" or not {"quotes", "blankLines", "blankEnd"}.isdisjoint(repairs)
    if by_hand:
        if skipped == 0:
            lines.append(r'data = data.removeprefix(b"\xef\xbb\xbf")')
        else:
            lines.append(f"data = after_lines(data, {skipped}, {newline.encode()!r})")
    if "blankEnd" in repairs:
        lines.append(f"data = without_blank_end(data, {delimiter.encode()!r}, {newline.encode()!r})")
    if "quotes" in repairs:
        marks = ", ".join(repr(mark and mark.encode()) for mark in (delimiter, quote, newline))
        marks += "".join(f", {name}=True" for name in ("spaced", "escaped") if settings.get(name))
        lines.append(f"data, _ = make_regular(data, Marks({marks}), closed=True, width={settings.get('width', 0)})")
    if "blankLines" in repairs:
        lines.append(f"data = without_blank_lines(data, {(quote or chr(34)).encode()!r}, {newline.encode()!r})")
    options = [
        "data",
        "has_header=False",
        "schema=dict.fromkeys(names, pl.String)",
        *([f"separator={write.quote(delimiter)}"] if delimiter != "," else []),
        *([f"quote_char={write.plain(quote)}"] if quote != '"' else []),
        *([f"eol_char={write.quote(newline)}"] if newline != "\n" else []),
        *([] if by_hand or not skipped else [f"skip_lines={skipped}"]),
        'extra_columns="ignore"',
        'missing_columns="insert"',
        "raise_if_empty=False",
    ]
    return [
        *lines,
        f"names = {write.listed(table.names)}",
        f"df = pl.read_csv({', '.join(options)})",
        *(["df = df if data else df.clear()"] if table.rows == 0 else []),
        *_typed(table, settings),
    ]


# -- JSON ----------------------------------------------------------------------------------------------------------


def _json(table: Table, settings: Mapping[str, Any]) -> list[str]:
    keys, shape = settings.get("keys", table.names), settings.get("shape")
    lines, repairs = list(_utf8(settings)), settings.get("repairs", ())
    if "surrogates" in repairs:
        lines.append("data = mend_surrogates(data)[0]")
    if shape == "array":
        lines.append('data = json_lines(data.decode("utf-8-sig"))')
    elif shape == "document":
        lines.append("_, records = table_in(json.loads(data))")
        lines.append(r'text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)')
        lines.append('data = text.encode("utf-8", "replace")')
    else:
        lines.append(r'data = data.removeprefix(b"\xef\xbb\xbf")')
    if "lines" in repairs:
        lines.append(r'data = b"\n".join(line for line in data.split(b"\n") if is_object(line))')
    lines.append(f"keys = {write.listed(keys)}")
    if "numbers" in repairs:
        lines.append("df = read_records(data, keys)")
    else:
        lines.append("df = pl.read_ndjson(data, schema=dict.fromkeys(keys, pl.String))")
    return [*lines, *_renamed(table, settings), *_typed(table, settings)]


def _renamed(table: Table, settings: Mapping[str, Any]) -> list[str]:
    return [f"df.columns = {write.listed(table.names)}"] if "keys" in settings else []


# -- workbooks -----------------------------------------------------------------------------------------------------


def _sheet(table: Table, settings: Mapping[str, Any]) -> list[str]:
    # Histories of earlier versions have rows that are blank by themselves.
    plain = settings.get("skip", 0) + settings.get("emptyRows", 0) + settings.get("header", True)
    above = settings.get("headLines", plain)
    return [
        *_bytes(settings),
        f"df = sheet_texts(data, {write.plain(settings.get('sheet'))})",
        *([f"df = df.slice({above})"] if above else []),
        f"df.columns = {write.listed(table.names)}",
        *(["df = df.filter(filled_rows(df))"] if table.width > 1 else []),
        *(["df = without_errors(df)"] if "errors" in settings.get("repairs", ()) else []),
        *_day_zero(settings.get("dayZero", {})),
        *_typed(table, settings),
    ]


def _day_zero(days: Mapping[str, str]) -> Iterator[str]:
    for name, day in days.items():
        yield f'df = df.with_columns({write.column(name)}.replace("00:00:00", {write.quote(day)}))'


# -- Parquet and Arrow ---------------------------------------------------------------------------------------------


def _columnar(table: Table, settings: Mapping[str, Any], kind: str) -> list[str]:
    function = _COLUMNAR[kind]
    if settings.get("packed"):
        lines = [*_bytes(settings), f"df = pl.{function}({'io.BytesIO(data)' if kind == 'avro' else 'data'})"]
    else:
        lines = [f"df = pl.{function}(path{', glob=False' if kind == 'parquet' else ''})"]
    converted = [_converted(name, how) for name, how in settings.get("converted", {}).items()]
    if converted:
        lines.append(f"df = df.with_columns({', '.join(converted)})")
    if any(column.dtype.is_float() for column in table.columns):
        lines.append("df = df.with_columns(cs.float().fill_nan(None))")
    return [*lines, *_renamed(table, settings)]


def _converted(name: str, how: str) -> str:
    values = write.column(name)
    match how:
        case "nested":
            return f"json_text({values})"
        case "array":
            return f"json_text({values}.arr.to_list())"
        case "float":
            return f"{values}.cast(pl.Float32)"
    return f"{values}.cast(pl.String, strict=False)"


# -- types ---------------------------------------------------------------------------------------------------------


def _typed(table: Table, settings: Mapping[str, Any]) -> list[str]:
    """All columns are text so far; what does not read as its column's type is missing."""
    written, lengths = settings.get("numbers", {}), settings.get("durations", ())
    made = [
        *_numbers(table, written),
        *_written_numbers(table, written),
        *_moments(table, settings.get("dates", {}), lengths),
        *_missing(settings.get("missing", ())),
    ]
    return [f"df = df.with_columns({', '.join(made)})"] if made else []


def _missing(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield f"pl.lit(None, pl.String).alias({write.quote(name)})"


def _numbers(table: Table, written: Mapping[str, Any]) -> Iterator[str]:
    by_type: dict[pl.DataType, list[str]] = {}
    for column in table.columns:
        if (column.dtype.is_numeric() or column.dtype == pl.Boolean()) and column.name not in written:
            by_type.setdefault(column.dtype, []).append(column.name)
    for dtype, names in by_type.items():
        text = f"{write.columns(names)}.str.strip_chars()"
        if dtype == pl.Boolean():
            words = '{"true": True, "false": False}'
            yield f"{text}.str.to_lowercase().replace_strict({words}, default=None, return_dtype=pl.Boolean)"
        else:
            missing = ".fill_nan(None)" if dtype.is_float() else ""
            yield f"{text}.cast({write.type_of(dtype)}, strict=False){missing}"


def _written_numbers(table: Table, written: Mapping[str, Any]) -> Iterator[str]:
    """Those with thousands apart, decimal commas, currencies or per cent."""
    for column in table.columns:
        if column.name in written:
            about = written[column.name]
            how = f'["{about["decimal"]}"], {write.type_of(column.dtype)}, {"share" in about}'
            yield f"read_numbers({write.column(column.name)}.str.strip_chars(), {how})"


def _moments(table: Table, dates: Mapping[str, Any], lengths: Collection[str]) -> Iterator[str]:
    """Dates, times and lengths of time."""
    for column in table.columns:
        text = f"{write.column(column.name)}.str.strip_chars()"
        if isinstance(column.dtype, pl.Duration):
            yield f"{'read_durations' if column.name in lengths else 'read_clocks'}({text})"
        elif column.dtype.is_temporal():
            about = dates[column.name]
            if "monthNames" in about:
                months = months_for(about["monthNames"]) or {}
                text = f"iso_of_named_months({text}, {months!r}, {about['layout'] == 'dayFirst'})"
            made = _date(text, about["kind"], about["formats"])
            yield f"{made}.alias({write.quote(column.name)})" if "monthNames" in about else made


def _date(text: str, kind: str, formats: Iterable[str]) -> str:
    patterns = list(formats)
    if kind == "date" and len(patterns) == 1:
        return f"{text}.str.to_date({write.quote(patterns[0])}, strict=False)"
    return f"read_formats({text}, {write.listed(patterns)}, {write.quote(kind)})"


def _sample(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings.get("sampleSize") is not None:
        size, seed = settings["sampleSize"], settings["seed"]
        yield f"df = df.filter(sample_mask(df.height, round({write.plain(size)} * df.height), {seed}))"
