"""Computed columns: on random tables against Python, and on hostile expressions, which never do harm."""

from __future__ import annotations

import datetime as dt
import math
import statistics
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import (
    ColumnNotFound,
    InvalidPattern,
    InvalidRequest,
    InvalidType,
    InvalidValue,
    LongshoreError,
    NameTaken,
    TooLarge,
)
from longshore.tables.core.table import Table, write_columns
from longshore.tables.expressions import FUNCTIONS
from longshore.tables.expressions.parser import DEEPEST, parse
from longshore.tables.operations import require_operation
from longshore.tables.replay.apply import Outcome, apply
from support.drawing import cells

EXAMPLES = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
Row = dict[str, Any]
Term = tuple[str, Callable[[Row], Any]]
"""An expression, and what it gives for a row."""

TEXTS = st.sampled_from(["", "a", "A b", "ä", "日本", "it's", "abcab", " x "])
COLUMNS: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "n": (pl.Int64(), st.integers(-4, 4) | st.sampled_from([2**62, -(2**63), 2**63 - 1])),
    "Net Price": (pl.Float64(), st.sampled_from([0.0, 1.5, -2.25, 1e300, 0.1, 7.0])),
    "s": (pl.String(), TEXTS),
    'odd"name': (pl.Categorical(), TEXTS),
    "b": (pl.Boolean(), st.booleans()),
    "d": (pl.Date(), st.dates(dt.date(1999, 12, 30), dt.date(2000, 3, 2))),
    "m": (pl.Datetime("us"), st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2000, 1, 3))),  # noqa: DTZ001
}


@st.composite
def frames(draw: st.DrawFn, most_rows: int = 8) -> pl.DataFrame:
    rows = draw(st.integers(0, most_rows))
    constant = draw(st.booleans())
    columns = {}
    for name, (dtype, values) in COLUMNS.items():
        drawn = draw(cells(values, 1)) * rows if constant else draw(cells(values, rows))
        columns[name] = pl.Series(name, drawn, dtype=dtype)
    return pl.DataFrame(columns)


def run(df: pl.DataFrame, expression: str, **body: Any) -> tuple[pl.DataFrame, Outcome]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written, rows = write_columns(folder, df.lazy(), df.columns)
        table = Table(folder, tuple(written), rows)
        outcome = apply(table, require_operation("derive").parse({"expression": expression, **body}))
        after = outcome.table.scan().collect()
        for column in outcome.table.columns:
            assert (after[column.name].null_count(), after[column.name].dtype) == (column.missing, column.dtype)
        assert after.height == outcome.table.rows == df.height
        assert after.select(df.columns).equals(table.scan().collect())
        assert Table.from_record(folder, outcome.table.to_record()) == outcome.table
        assert not list(folder.glob(".*")), "no temporary file may stay"
        return after, outcome


def derived(df: pl.DataFrame, expression: str) -> list[Any]:
    return run(df, expression)[0]["derived"].to_list()


# -- against Python ------------------------------------------------------------------------------------------------


def strictly(function: Callable[..., Any], *parts: Callable[[Row], Any]) -> Callable[[Row], Any]:
    """Missing as soon as any operand is."""

    def compute(row: Row) -> Any:
        values = [part(row) for part in parts]
        return None if any(value is None for value in values) else function(*values)

    return compute


def bounded(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if value is None or -(2**63) <= value < 2**63 else None


def arithmetic(sign: str, one: Any, other: Any) -> Any:
    if sign == "/":
        return None if other == 0 else bounded(float(one) / float(other))
    if sign == "%":
        if other == 0:
            return None
        if isinstance(one, float) or isinstance(other, float):
            return math.fmod(one, other) if math.isfinite(one) and math.isfinite(other) else None
        return bounded(abs(one) % abs(other) * (1 if one >= 0 else -1))
    if isinstance(one, float) or isinstance(other, float):
        one, other = float(one), float(other)
    return bounded({"+": lambda: one + other, "-": lambda: one - other, "*": lambda: one * other}[sign]())


def both(one: Any, other: Any) -> Any:
    return False if one is False or other is False else None if one is None or other is None else True


def either(one: Any, other: Any) -> Any:
    return True if one is True or other is True else None if one is None or other is None else False


def column(name: str) -> Term:
    quoted = name.replace('"', '""')
    return (name if name.isalpha() else f'"{quoted}"'), lambda row: row[name]


def constant(written: str, value: Any) -> Term:
    return written, lambda row: value


def together(one: Term, other: Term, choose: Callable[[Row], Any]) -> Callable[[Row], Any]:
    """One of two numbers: of a whole and a decimal one the column is decimal, so that nothing is out of its range."""
    is_decimal = any(part in one[0] + other[0] for part in ('"Net Price"', "0.5", "1e2", "/"))

    def compute(row: Row) -> Any:
        value = choose(row)
        return float(value) if is_decimal and isinstance(value, int) else value

    return compute


def numbers(depth: int) -> st.SearchStrategy[Term]:
    leaf = st.sampled_from([column("n"), column("Net Price"), constant("3", 3), constant("-2", -2), constant("0", 0)])
    leaf |= st.sampled_from([constant("0.5", 0.5), constant("1e2", 100.0)])
    if depth == 0:
        return leaf
    inner, text, moment = numbers(depth - 1), texts(depth - 1), moments(depth - 1)
    return st.one_of(
        leaf,
        st.builds(
            lambda sign, a, b: (f"({a[0]}) {sign} ({b[0]})", strictly(lambda x, y: arithmetic(sign, x, y), a[1], b[1])),
            st.sampled_from("+-*/%"), inner, inner,
        ),
        text.map(lambda t: (f"LENGTH({t[0]})", strictly(len, t[1]))),
        moment.map(lambda m: (f"YEAR({m[0]})", strictly(lambda x: x.year, m[1]))),
        moment.map(lambda m: (f"EXTRACT(DAY FROM {m[0]})", strictly(lambda x: x.day, m[1]))),
        inner.map(lambda a: (f"-({a[0]})", strictly(lambda x: bounded(-x), a[1]))),
        inner.map(lambda a: (f"ABS({a[0]})", strictly(lambda x: bounded(abs(x)), a[1]))),
        st.builds(
            lambda a, b: (
                f"COALESCE({a[0]}, {b[0]})", together(a, b, lambda row: b[1](row) if a[1](row) is None else a[1](row)),
            ),
            inner, inner,
        ),
        st.builds(
            lambda c, a, b: (
                f"CASE WHEN {c[0]} THEN {a[0]} ELSE {b[0]} END",
                together(a, b, lambda row: (a if c[1](row) is True else b)[1](row)),
            ),
            conditions(depth - 1), inner, inner,
        ),
    )  # fmt: skip


def texts(depth: int) -> st.SearchStrategy[Term]:
    leaf = st.sampled_from([column("s"), column('odd"name'), constant("'it''s'", "it's"), constant("''", "")])
    if depth == 0:
        return leaf
    inner, place = texts(depth - 1), st.integers(0, 4)
    return st.one_of(
        leaf,
        st.builds(
            lambda a, b: (f"{a[0]} || {b[0]}", strictly(lambda x, y: x + y, a[1], b[1])), inner, inner
        ),
        inner.map(lambda t: (f"UPPER({t[0]})", strictly(str.upper, t[1]))),
        inner.map(lambda t: (f"TRIM({t[0]})", strictly(str.strip, t[1]))),
        inner.map(lambda t: (f"REPLACE({t[0]}, 'a', '--')", strictly(lambda x: x.replace("a", "--"), t[1]))),
        st.builds(
            lambda t, at, many: (
                f"SUBSTR({t[0]}, {at}, {many})",
                strictly(lambda x: x[max(at - 1, 0) :][:many], t[1]),
            ),
            inner, place, place,
        ),
        st.builds(
            lambda t, many: (f"RIGHT({t[0]}, {many})", strictly(lambda x: x[len(x) - min(many, len(x)) :], t[1])),
            inner, place,
        ),
        st.builds(
            lambda a, b: (f"CONCAT({a[0]}, {b[0]})", lambda row: (a[1](row) or "") + (b[1](row) or "")), inner, inner
        ),
        st.builds(
            lambda t, n: (f"LPAD({t[0]}, {n}, '*')", strictly(lambda x: x[:n].rjust(n, "*"), t[1])), inner, place
        ),
    )  # fmt: skip


def moments(depth: int) -> st.SearchStrategy[Term]:
    leaf = st.sampled_from([column("d"), constant("DATE '2000-01-31'", dt.date(2000, 1, 31))])
    if depth == 0:
        return leaf
    inner = moments(depth - 1)
    return st.one_of(
        leaf,
        st.builds(
            lambda m, n: (f"{m[0]} + INTERVAL '{n} days'", strictly(lambda x: x + dt.timedelta(n), m[1])),
            inner, st.integers(-40, 40),
        ),
        inner.map(lambda m: (f"DATE_TRUNC('month', {m[0]})", strictly(lambda x: x.replace(day=1), m[1]))),
    )  # fmt: skip


def conditions(depth: int) -> st.SearchStrategy[Term]:
    leaf = st.sampled_from([column("b"), constant("TRUE", True), constant("NOT b", None)])
    leaf = leaf.map(lambda t: ("NOT b", strictly(lambda x: not x, column("b")[1])) if t[0] == "NOT b" else t)
    if depth == 0:
        return leaf
    inner, number, text = conditions(depth - 1), numbers(depth - 1), texts(depth - 1)
    signs = {
        "=": lambda x, y: x == y, "<>": lambda x, y: x != y, "<": lambda x, y: x < y, ">=": lambda x, y: x >= y,
    }  # fmt: skip
    pairs = st.tuples(number, number) | st.tuples(text, text) | st.tuples(moments(depth - 1), moments(depth - 1))
    return st.one_of(
        leaf,
        st.builds(
            lambda sign, pair: (f"({pair[0][0]}) {sign} ({pair[1][0]})", _compared(signs[sign], *pair)),
            st.sampled_from(sorted(signs)), pairs,
        ),
        st.builds(lambda a, b: (f"({a[0]}) AND ({b[0]})", lambda row: both(a[1](row), b[1](row))), inner, inner),
        st.builds(lambda a, b: (f"({a[0]}) OR ({b[0]})", lambda row: either(a[1](row), b[1](row))), inner, inner),
        inner.map(lambda a: (f"NOT ({a[0]})", strictly(lambda x: not x, a[1]))),
        st.one_of(number, text).map(lambda a: (f"({a[0]}) IS NULL", lambda row: a[1](row) is None)),
        text.map(lambda a: (f"({a[0]}) IN ('a', 'ä')", strictly(lambda x: x in ("a", "ä"), a[1]))),
        text.map(lambda a: (f"({a[0]}) LIKE '%a_%'", strictly(lambda x: "a" in x[:-1], a[1]))),
    )  # fmt: skip


def _compared(compare: Callable[[Any, Any], Any], one: Term, other: Term) -> Callable[[Row], Any]:
    def values(x: Any, y: Any) -> Any:
        # The engine compares a whole with a decimal number as decimals.
        return compare(float(x), float(y)) if isinstance(x, float) or isinstance(y, float) else compare(x, y)

    return strictly(values, one[1], other[1])


def same(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and expected is not None:
        return found == expected or math.isclose(found, float(expected), rel_tol=1e-9, abs_tol=1e-300)
    return bool(found == expected and (found is None) == (expected is None))


@settings(EXAMPLES, max_examples=600)
@given(frames(), numbers(3) | texts(3) | conditions(3) | moments(3))
def test_expressions_mean_what_python_computes(df: pl.DataFrame, term: Term) -> None:
    expression, compute = term
    expected = [_row_value(compute, row) for row in df.iter_rows(named=True)]
    # Whole and decimal branches meet as decimals, in the middle of an expression too.
    if "<overflow>" in expected:
        return
    for found, wanted, row in zip(derived(df, expression), expected, df.iter_rows(named=True), strict=True):
        assert same(found, wanted), (expression, row)


def _row_value(compute: Callable[[Row], Any], row: Row) -> Any:
    try:
        return compute(row)
    except OverflowError:  # Python's own floats refuse what the engine calls infinite
        return "<overflow>"


@EXAMPLES
@given(frames(), st.sampled_from(["AVG", "MIN", "MAX", "SUM", "COUNT", "MEDIAN", "STDDEV"]))
def test_values_of_whole_columns_are_learnt(df: pl.DataFrame, name: str) -> None:
    small = df.with_columns(pl.col("n").clip(-4, 4))
    values = small["n"].drop_nulls().to_list()
    reference = {
        "AVG": lambda: statistics.fmean(values), "MIN": lambda: min(values), "MAX": lambda: max(values),
        "SUM": lambda: sum(values), "COUNT": lambda: len(values), "MEDIAN": lambda: statistics.median(values),
        "STDDEV": lambda: statistics.stdev(values),
    }[name]  # fmt: skip
    least = {"COUNT": 0, "SUM": 0, "STDDEV": 2}.get(name, 1)
    expected = reference() if len(values) >= least else None
    after, outcome = run(small, f"{name}(n) * 1")
    assert all(same(found, expected) for found in after["derived"].to_list())
    assert same(outcome.facts["values"][0], expected)


def test_a_kept_value_of_a_whole_column_is_used_again(make_table: Any) -> None:
    operation = require_operation("derive").parse({"expression": "x - AVG(x) + COUNT(*)"})
    table = make_table(pl.DataFrame({"x": [1.0, 3.0]}))
    learnt = apply(table, operation)
    assert learnt.facts == {"values": [2.0, 2]}
    kept = apply(make_table(pl.DataFrame({"x": [10.0]})), operation, learnt.facts)
    assert kept.table.scan().collect()["derived"].to_list() == [10.0]


# -- hostile -------------------------------------------------------------------------------------------------------

EXTREMES = pl.DataFrame(
    {
        "i": pl.Series([-(2**63), 2**63 - 1, None]),
        "u": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
        "f": pl.Series([math.inf, -math.inf, 5e-324]),
        "s": pl.Series(["\ud7ff\U0010ffff", "%_\\", None]),
        "c": pl.Series(["x", None, "y"], dtype=pl.Categorical),
        "d": pl.Series([2**31 - 1, -(2**31), None], dtype=pl.Int32).cast(pl.Date),
        "m": pl.Series([2**63 - 1, -(2**63), 0], dtype=pl.Int64).cast(pl.Datetime("us")),
        "z": pl.Series([dt.datetime(2020, 3, 29, 1), None, None], dtype=pl.Datetime("ns")).dt.replace_time_zone(  # noqa: DTZ001
            "Europe/Berlin"
        ),
        "t": pl.Series([dt.time(23, 59, 59), None, dt.time(0)]),
        "w": pl.Series([dt.timedelta(1), None, dt.timedelta(days=-100_000_000)]),
        "k": pl.Series([Decimal("1.25"), None, Decimal("-9.99")], dtype=pl.Decimal(10, 2)),
        "bin": pl.Series([b"\xff", None, b""]),
        "b": pl.Series([True, False, None]),
    }
)
PIECES = [
    *EXTREMES.columns, *(name.upper() + "(" for name in FUNCTIONS), "AVG(", "COUNT(*)", "MIN(",
    "MAX(", "SUM(", "STDDEV(",
    "(", ")", ",", "+", "-", "*", "/", "%", "||", "=", "<>", "<", "AND", "OR", "NOT", "IS NULL", "IN (1, 'x', NULL)",
    "BETWEEN", "LIKE", "CASE WHEN", "THEN", "ELSE", "END", "CAST(", "AS", "::", "int", "text", "date",
    "timestamp", "time",
    "boolean", "float", "0", "1", "-1", "1.5", "9223372036854775807", "1e308", "'a'", "'%Y'", "'day'", "'(a+)+$'", "''",
    "INTERVAL '99999 years'", "INTERVAL '-1 month'", "DATE '9999-12-31'", "DATE '0001-01-01'", "NULL",
    "TRUE", "'2020-02-30'",
    "SELECT", "FROM", "OVER", "--", ";", '"', "'", "\x00", "$1", "read_csv('/etc/passwd')", "[1]", "{", "\\", "\u202e",
]  # fmt: skip
CALLS = st.builds(
    lambda name, operands: f"{name}({', '.join(operands)})",
    st.sampled_from([*FUNCTIONS, "avg", "min", "max", "sum", "count", "stddev"]),
    st.lists(
        st.sampled_from(
            [*EXTREMES.columns, "1", "-1", "1000", "'a'", "'%d.%m.%Y'", "'month'", "'second'", "NULL", "TRUE", "0.5"]
        ),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
OPERATIONS = st.builds(
    lambda one, sign, other: f"{one} {sign} {other}",
    CALLS | st.sampled_from(EXTREMES.columns),
    st.sampled_from(
        ["+", "-", "*", "/", "%", "||", "=", "<", ">=", "AND", "LIKE", "+ INTERVAL '100000 years' +", "::text ||"]
    ),
    CALLS | st.sampled_from([*EXTREMES.columns, "INTERVAL '-100000 months'", "'2020-01-01'", "NULL"]),
)  # fmt: skip
CASTS = st.builds(
    lambda inner, target: f"({inner})::{target}",
    st.sampled_from(EXTREMES.columns) | OPERATIONS,
    st.sampled_from(["int", "float", "text", "boolean", "date", "timestamp", "time", "json"]),
)


@settings(EXAMPLES, max_examples=1500)
@given(CALLS | OPERATIONS | CASTS | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=30))
def test_hostile_expressions_give_a_column_or_a_sentence(expression: str) -> None:
    try:
        after, outcome = run(EXTREMES, expression)
    except LongshoreError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.code != "Internal"
        assert 0 < len(refused.description) < 600
        return
    column = outcome.table.columns[-1]
    assert after.height == 3
    if column.dtype.is_float():
        assert not after["derived"].is_nan().any()


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("SELECT 1", InvalidRequest),
        ("(SELECT n FROM x)", InvalidRequest),
        ("n IN (SELECT 1)", InvalidRequest),
        ("SUM(n) OVER ()", InvalidRequest),
        ("ROW_NUMBER()", InvalidRequest),
        ("read_csv('/etc/passwd')", InvalidRequest),
        ("n; n", InvalidRequest),
        ("n -- comment", InvalidRequest),
        ("/* */ n", InvalidRequest),
        ("$1", InvalidRequest),
        ("n[1]", InvalidRequest),
        ("x.n", InvalidRequest),
        ("", InvalidRequest),
        ("n" + " + n" * 5000, InvalidRequest),
        ("(" * 1000 + "n" + ")" * 1000, InvalidRequest),
        ("-" * 4000 + "n" * 200, ColumnNotFound),
        ("NOT " * 1000 + "TRUE = n", InvalidType),
        ("AVG(AVG(n))", InvalidRequest),
        ("UPPER()", InvalidRequest),
        ("REPEAT(REPEAT(s, 100), 100)", TooLarge),
        ("REPEAT(s, 100000)", InvalidValue),
        ("LPAD(s, 1000000000)", InvalidValue),
        ("REPLACE(REPLACE(s, 'a', 'aaaaaaaaaaaaaaaa'), 'a', 'aaaaaaaaaaaaaaaa')", TooLarge),
        ("s + 1", InvalidType),
        ("d + 1", InvalidType),
        ("b + 1", InvalidType),
        ("REGEXP_LIKE(s, '(')", InvalidPattern),
        ("price * 2", ColumnNotFound),
        ("d::int", InvalidType),
        ("CASE n WHEN 'a' THEN 1 END", InvalidType),
    ],
)
def test_what_does_not_pass(expression: str, error: type[LongshoreError]) -> None:
    df = pl.DataFrame(
        {"n": [1], "s": ["a"], "b": [True], "d": [dt.date(2020, 1, 1)]},
    )
    if expression.startswith("-" * 10):
        expression = expression.replace("--", "- ")
    with pytest.raises(error):
        run(df, expression)


def test_a_name_that_does_not_exist_has_a_hint() -> None:
    with pytest.raises(ColumnNotFound, match="did you mean 'Net Price'"):
        run(pl.DataFrame({"Net Price": [1]}), '"Net price" * 2')
    with pytest.raises(InvalidRequest, match="did you mean UPPER"):
        run(pl.DataFrame({"s": ["a"]}), "UPER(s)")
    with pytest.raises(InvalidType, match="s is text"):
        run(pl.DataFrame({"s": ["a"]}), "s * 2")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' || n || 1.5", ["a11.5"]),
        ("DIV(-7, 2)", [-3]),
        ("ROUND(2.5) + ROUND(-2.5)", [0.0]),
        ("ROUND(0.125, 2)", [0.13]),
        ("POWER(2, 10)", [1024.0]),
        ("SQRT(-1)", [None]),
        ("LN(0)", [None]),
        ("1 / 0", [None]),
        ("NULLIF(n, 1)", [None]),
        ("GREATEST(n, 2.5, NULL)", [2.5]),
        ("STRPOS('wörld', 'l')", [4]),
        ("SPLIT_PART('a-b-c', '-', 2)", ["b"]),
        ("SPLIT_PART('a', '-', 2)", [None]),
        ("REGEXP_REPLACE('a1b22', '(\\d+)', '<\\1>')", ["a<1>b<22>"]),
        ("REGEXP_EXTRACT('a1b22', '[a-z](\\d\\d)', 1)", ["22"]),
        ("CONCAT_WS('-', 'a', NULL, n)", ["a-1"]),
        ("'2020-02-30'::date", [None]),
        ("TO_DATE('31/12/2020', '%d/%m/%Y')", [dt.date(2020, 12, 31)]),
        ("DATE '2020-01-31' + INTERVAL '1 month'", [dt.date(2020, 2, 29)]),
        ("DATE_DIFF('day', '2020-01-01', '2020-03-01')", [60]),
        ("DATE_DIFF('week', '2020-03-01', '2020-01-01')", [-8]),
        ("STRFTIME('2020-12-31', '%d.%m.%y')", ["31.12.20"]),
        ("'7'::int + '0.5'::float", [7.5]),
        ("'yes'::boolean", [True]),
        ("NULL", [None]),
        ("n IN (1, NULL)", [True]),
        ("n NOT IN (2, NULL)", [None]),
        ("n BETWEEN 1 AND 3 AND NOT n = 2", [True]),
        ("2 + 3 * 4 - -1", [15]),
        ("9223372036854775807 + 1", [None]),
        ("CASE n WHEN 1 THEN 'one' END", ["one"]),
        ("IF(n > 1, 'many', 'one')", ["one"]),
        ('"order"', [5]),
    ],
)
def test_single_values(expression: str, expected: list[Any]) -> None:
    assert derived(pl.DataFrame({"n": [1], "order": [5]}), expression) == expected


def test_place_and_name_of_the_new_column() -> None:
    df = pl.DataFrame({"a": [1, None], "b": [2, 3]})
    after, outcome = run(df, "a + b", newName="sum", insertIndex=0)
    assert after.columns == ["sum", "a", "b"]
    assert outcome.answer == {"newColumn": "sum", "dataType": "int", "missing": 1}
    assert outcome.changed["columns"] == [0]
    for body, error in (
        ({"newName": "a"}, NameTaken),
        ({"newName": " "}, InvalidValue),
        ({"insertIndex": 3}, ColumnNotFound),
        ({"insertIndex": -1}, ColumnNotFound),
    ):
        with pytest.raises(error):
            run(df, "a", **body)


def test_every_row_gets_a_value_that_reads_no_column() -> None:
    assert derived(pl.DataFrame({"a": [None, 1, None]}, schema={"a": pl.Int64}), "'x'") == ["x"] * 3
    assert derived(pl.DataFrame({"a": []}, schema={"a": pl.Int64}), "1") == []


@pytest.mark.parametrize("expression", ["3 < YEAR(d)", "NOT (3 = YEAR(d))", "COUNT(*) >= YEAR(d)", "'2020-01-01' < d"])
def test_a_single_value_compared_with_a_column_of_missing_ones(expression: str) -> None:
    df = pl.DataFrame({"d": pl.Series([None] * 3, dtype=pl.Date)})
    assert derived(df, expression) == [None] * 3


@settings(deadline=None)
@given(st.integers(1, 130))
def test_depth_is_limited_before_the_engine_sees_it(depth: int) -> None:
    expression = "n" + " + n" * depth
    if depth >= DEEPEST:
        with pytest.raises(InvalidRequest, match="too many parts"):
            parse(expression)
    else:
        assert derived(pl.DataFrame({"n": [1]}), expression) == [depth + 1]
