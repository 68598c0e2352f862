"""Files of SPSS, Stata and SAS: typed already; dates are told by their formats, and codes have labels.

ReadStat reads the numbers; what they stand for is made of them here, so that a duration of thirty hours stays one. A
column whose every value has a label of its own becomes the labels, else the codes stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import pyreadstat

from longshore.errors import UnreadableFile
from longshore.tables.core.table import Table, write_columns
from longshore.tables.reading import names
from longshore.tables.reading.choosing import listed
from longshore.tables.reading.context import Reading
from longshore.tables.reading.encodings import require_encoding
from longshore.tables.reading.ledger import ImportAudit
from longshore.tables.reading.limits import require_cells, require_columns, require_unpacked
from longshore.tables.reading.results import ReadWarning, plural
from longshore.tables.reading.typed import sink_frames

STATISTICS = ("sav", "por", "dta", "sas7bdat", "xport")
_READERS: dict[str, Callable[..., tuple[dict[str, list[Any]], Any]]] = {
    "sav": pyreadstat.read_sav,
    "por": pyreadstat.read_por,
    "dta": pyreadstat.read_dta,
    "sas7bdat": pyreadstat.read_sas7bdat,
    "xport": pyreadstat.read_xport,
}
_PROGRAMS = {"sav": "SPSS", "por": "SPSS", "dta": "Stata", "sas7bdat": "SAS", "xport": "SAS"}
_CHUNK_CELLS = 1_000_000
"""That stand in memory as objects of Python at a time."""
_DTYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "int8": pl.Int64(),
    "int16": pl.Int64(),
    "int32": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
}
_BEYOND_DOUBLES = 2.0**53
_SPSS_EPOCH, _EPOCH = -141_428, -3653
"""The 14th of October 1582, and the first of January 1960, as days from 1970 on."""
_DAY_SECONDS = 86_400
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The years 1 to 9999, as days from 1970 on."""
_FORMATS = {
    "SPSS": {
        "datetime": re.compile(r"DATETIME|YMDHMS"),
        "date": re.compile(r"[AEJS]?DATE|MOYR|QYR|WKYR"),
        "time": re.compile(r"[DM]?TIME"),
    },
    "SAS": {
        "datetime": re.compile(
            r"DATETIME|DATEAMPM|MDYAMPM|DT(?:DATE|MONYY|WKDATX|YEAR|YYQC)|(?:E8601|B8601|IS8601)D[TZN]|N[LB]DATMW?"
        ),
        "date": re.compile(
            r"DATE|DAY|DOWNAME|JULDAY|JULIAN|(?:DDMM|MMDD|MM)YY[BCDNPSX]?|YYMM(?:DD)?[BCDNPSX]?|MONYY|MONTH|MONNAME|YEAR|"
            r"QTRR?|WEEKDA(?:Y|T[EX])|WORDDAT[EX]|YYMON|YYQ[A-Z]?|(?:E8601|B8601|IS8601)DA"
        ),
        "time": re.compile(r"TIME|TIMEAMPM|TOD|HHMM|MMSS|HOUR|(?:E8601|B8601|IS8601)T[MZ]"),
    },
}
"""Of formats without their widths: of what the numbers are that they show."""
_STATA_CLOCK = re.compile(r"(?:HH|Hh|hH|hh|MM|mm|SS|ss|[:_]|\.s*|[aA]\.?[mM]\.?)+")
_XPORT_RECORD = 80
"""Bytes, of which a transport file of SAS consists."""
_SETTINGS_LABELS = 500
"""Labels of values that the settings tell, of all columns together."""


def read_statistics(reading: Reading) -> tuple[Table, list[ReadWarning]]:
    """Read a file of SPSS (.sav, .zsav, .por), Stata (.dta) or SAS (.sas7bdat, .xpt).

    :raises UnreadableFile: if it is damaged, encrypted, or holds no columns.
    :raises TooLarge: beyond the limits.
    """
    kind = reading.settings["format"]
    source = _Source(reading, kind)
    _, about = source.read(metadataonly=True)
    if not about.column_names:
        raise UnreadableFile(f"the {_PROGRAMS[kind]} file has no columns")
    require_columns(len(about.column_names))
    if kind == "xport" and reading.path.stat().st_size % _XPORT_RECORD:
        raise source.damaged()
    columns = [_Column.of(about, name, index, kind) for index, name in enumerate(about.column_names)]
    schema = pl.Schema((f"c{column.index}", column.dtype) for column in columns)
    spooled = reading.scratch / "values.parquet"
    sink_frames(partial(_frames, reading, source, schema), schema, spooled)
    values = pl.scan_parquet(spooled, glob=False)
    if values.select(pl.len()).collect().item() < (about.number_rows or 0):
        raise source.damaged()
    asked = [question for column in columns for question in column.questions()]
    facts = values.select(asked).collect().row(0, named=True) if asked else {}
    unique = names.make_unique([column.name for column in columns])
    typed = values.select(column.expression(facts) for column in columns)
    written, rows = write_columns(reading.scratch, typed, unique)
    _tell(reading, columns, unique, facts)
    reading.books = ImportAudit.of_rows(rows, "row")
    return Table(reading.scratch, tuple(written), rows), []


@dataclass
class _Source:
    """A file, whose reader's errors become sentences."""

    reading: Reading
    kind: str

    def read(self, **more: Any) -> tuple[dict[str, list[Any]], Any]:
        """Some of its rows as lists by the columns' names, and what is known of the columns."""
        said = self.reading.options.encoding
        encoding = {} if said is None else {"encoding": require_encoding(said)}
        what = _PROGRAMS[self.kind]
        try:
            return _READERS[self.kind](
                str(self.reading.path), output_format="dict", disable_datetime_conversion=True, **encoding, **more
            )
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, KeyError) as error:
            if "encoding" in str(error) or "convert string" in str(error) or isinstance(error, UnicodeDecodeError):
                hint = "its texts are in another encoding than it says; name it by the option encoding"
                raise UnreadableFile(f"the {what} file cannot be read: {hint}") from error
            raise self.damaged() from error

    def damaged(self) -> UnreadableFile:
        """The sentence about a file that cannot be read to its end."""
        return UnreadableFile(
            f"the {_PROGRAMS[self.kind]} file is cut off, damaged, encrypted, or uses a feature that is not supported"
        )


def _frames(reading: Reading, source: _Source, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """All rows, some at a time: numbers as they stand there, empty texts missing, as these programs have them."""
    step = max(1, _CHUNK_CELLS // len(schema))
    rows = size = 0
    while True:
        columns, _ = source.read(row_offset=rows, row_limit=step)
        cells = zip(schema.items(), columns.values(), strict=True)
        frame = pl.DataFrame([pl.Series(name, values, dtype) for (name, dtype), values in cells])
        rows += frame.height
        size += int(frame.estimated_size())
        require_cells(reading, rows, len(schema))
        require_unpacked(reading, size)
        reading.report("read", rows, rows + 1, rows)
        if frame.height:
            texts = pl.col(pl.String)
            yield frame.with_columns(pl.when(texts != "").then(texts))
        if frame.height < step:
            return


# -- columns -------------------------------------------------------------------------------------------------------


@dataclass
class _Column:
    """A column of the file.

    :param label: what it is called in words.
    :param moment: ``date``, ``datetime``, ``time`` or nothing.
    :param unit: seconds that 1 stands for in a column of moments.
    :param labels: of its values.
    """

    name: str
    index: int
    dtype: pl.DataType
    label: str | None
    moment: str
    unit: float
    epoch: int
    labels: dict[Any, str]

    @classmethod
    def of(cls, about: Any, name: str, index: int, kind: str) -> _Column:
        """What the file tells of a column."""
        dtype = _DTYPES[about.readstat_variable_types[name]]
        moment, unit = ("", 0.0) if dtype == pl.String() else _moment(kind, about.original_variable_types[name] or "")
        label = (about.column_names_to_labels.get(name) or "").strip()
        epoch = _SPSS_EPOCH if _PROGRAMS[kind] == "SPSS" else _EPOCH
        labels = dict(about.variable_value_labels.get(name) or {})
        if dtype == pl.String():
            labels = {code: text for code, text in labels.items() if isinstance(code, str)}
        else:
            labels = {float(code): text for code, text in labels.items() if isinstance(code, int | float)}
        return cls(name, index, dtype, label or None, moment, unit, epoch, {} if moment else labels)

    @property
    def values(self) -> pl.Expr:
        """The values as the file has them."""
        return pl.col(f"c{self.index}")

    @property
    def codes(self) -> pl.Expr:
        """The values in the type that the codes of labels have."""
        return self.values if self.dtype == pl.String() else self.values.cast(pl.Float64)

    def questions(self) -> Iterator[pl.Expr]:
        """What must be known of all values before the type is certain."""
        number = self.values.cast(pl.Float64) if self.dtype.is_numeric() else None
        if self.moment and number is not None:
            seconds = number * self.unit
            days = seconds / _DAY_SECONDS + self.epoch
            yield (number == number.floor()).all().alias(f"{self.index} whole")
            yield (seconds % _DAY_SECONDS == 0).all().alias(f"{self.index} days")
            yield days.is_between(_FIRST_DAY, _LAST_DAY).all().alias(f"{self.index} known")
            yield seconds.is_between(0, _DAY_SECONDS, closed="left").all().alias(f"{self.index} clock")
            yield seconds.is_between(-1e12, 1e12).all().alias(f"{self.index} duration")
        elif number is not None:
            whole = (number == number.floor()) & (number.abs() < _BEYOND_DOUBLES)
            yield whole.all().alias(f"{self.index} whole")
        if self.labels:
            shared = Counter(self.labels.values())
            clear = [code for code, text in self.labels.items() if shared[text] == 1 and text.strip()]
            is_clear = self.codes.is_in(pl.Series(clear, dtype=self._code_dtype).implode())
            yield (is_clear.all() & self.codes.is_not_null().any()).alias(f"{self.index} labelled")

    @property
    def _code_dtype(self) -> pl.DataType:
        return pl.String() if self.dtype == pl.String() else pl.Float64()

    def expression(self, facts: dict[str, Any]) -> pl.Expr:
        """The values in their type."""
        name = f"c{self.index}"
        if facts.get(f"{self.index} labelled"):
            codes = pl.Series(list(self.labels), dtype=self._code_dtype)
            labels = pl.Series(list(self.labels.values()), dtype=pl.String)
            return self.codes.replace_strict(codes, labels, default=None, return_dtype=pl.String).alias(name)
        if self.is_moment(facts):
            return self._moments(facts).alias(name)
        if self.dtype.is_float() and facts[f"{self.index} whole"]:
            return self.values.cast(pl.Int64).alias(name)
        return self.values

    def is_moment(self, facts: dict[str, Any]) -> bool:
        """Whether all values can be the dates or times that their format says they are."""
        if not self.moment:
            return False
        return bool(facts[f"{self.index} duration" if self.moment == "time" else f"{self.index} known"])

    def _moments(self, facts: dict[str, Any]) -> pl.Expr:
        number = self.values.cast(pl.Float64)
        seconds = number * self.unit
        if self.moment == "date" and facts[f"{self.index} days"]:
            return (seconds / _DAY_SECONDS + self.epoch).round().cast(pl.Int32).cast(pl.Date)
        # In two parts: a double has no digits left for microseconds of centuries.
        whole = seconds.floor()
        micros = whole.cast(pl.Int64) * 1_000_000 + ((seconds - whole) * 1_000_000).round().cast(pl.Int64)
        if self.moment == "time":
            if facts[f"{self.index} clock"]:
                return (micros * 1000).cast(pl.Time)
            return micros.cast(pl.Duration("us"))
        return (micros + self.epoch * _DAY_SECONDS * 1_000_000).cast(pl.Datetime("us"))


def _moment(kind: str, said: str) -> tuple[str, float]:
    """What a column's format makes of its numbers, and how many seconds 1 is.

    >>> _moment("sav", "ADATE10"), _moment("sas7bdat", "YYMMDD10"), _moment("dta", "%tcHH:MM"), _moment("sav", "F8.2")
    (('date', 1.0), ('date', 86400.0), ('time', 0.001), ('', 0.0))
    """
    program = _PROGRAMS[kind]
    if program == "Stata":
        found = re.match(r"%-?t?(d|c)(.*)", said)
        if found is None or (found[1] == "c" and "t" not in said[:3]):
            return "", 0.0
        if found[1] == "d":
            return "date", float(_DAY_SECONDS)
        return ("time" if _STATA_CLOCK.fullmatch(found[2]) else "datetime"), 0.001
    name = re.sub(r"[\d.]*$", "", said.upper())
    moment = next((moment for moment, pattern in _FORMATS[program].items() if pattern.fullmatch(name)), "")
    return moment, float(_DAY_SECONDS) if moment == "date" and program == "SAS" else float(bool(moment))


def _tell(reading: Reading, columns: list[_Column], unique: list[str], facts: dict[str, Any]) -> None:
    """The labels, in the settings, and what became of codes that have some."""
    labels = {name: column.label for name, column in zip(unique, columns, strict=True) if column.label}
    if labels:
        reading.settings["labels"] = labels
    coded = [(name, column) for name, column in zip(unique, columns, strict=True) if column.labels]
    as_text = [name for name, column in coded if facts[f"{column.index} labelled"]]
    as_codes = [name for name, _ in coded if name not in as_text]
    if as_text:
        has = plural(len(as_text), "column has", "columns have")
        message = f"{has} a label for each value and became the labels: {listed(as_text)}"
        reading.warn(ReadWarning("ValueLabels", message, len(as_text)))
    if as_codes:
        has = plural(len(as_codes), "column has", "columns have")
        message = f"{has} labels for some values only, or one for several, and kept the codes: {listed(as_codes)}"
        reading.warn(ReadWarning("ValueCodes", message, len(as_codes)))
    told: dict[str, dict[str, str]] = {}
    left = _SETTINGS_LABELS
    for name, column in coded:
        if len(column.labels) <= left:
            told[name] = {_code(code): text for code, text in column.labels.items()}
            left -= len(column.labels)
    if told:
        reading.settings["valueLabels"] = told
    odd = [name for name, column in zip(unique, columns, strict=True) if column.moment and not column.is_moment(facts)]
    if odd:
        has = plural(len(odd), "column is", "columns are")
        message = f"{has} formatted as dates or times, with numbers that are none, and stayed numbers: {listed(odd)}"
        reading.warn(ReadWarning("ImpossibleDates", message, len(odd)))


def _code(code: Any) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)
