"""Every operation against its floor, through a running server: read the columns, compute, write, plus the way there.

    python benchmarks/operations.py                        1,000,000 rows, all operations
    python benchmarks/operations.py 10000000 sortRows      ten million rows, those whose name begins so

The floor is plain Polars (for patterns that only Python has: plain ``re``) doing the same work on the same file in a
fresh process, imports not counted. The bound is twice that, and 10 ms for the way there and back. Operations that compute
nothing have a fixed bound instead.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from longshore import Client
from measuring import HERE, Report, floor_of, milliseconds
from support.server import LongshoreServer
from support.sockets import Listener

SINK = ".sink_parquet(args[1], row_group_size=20000)"
QUICK_MILLISECONDS = 30
WAY_SECONDS = 0.01

COMPUTED: dict[str, tuple[dict[str, Any], str]] = {
    "fillWithAverage": (
        {"columnIndex": 4, "metric": "mean"},
        "s = table.select('c4'); m = s.select(pl.all().mean()).collect().item(); s.with_columns(pl.col('c4').fill_null(m))",
    ),
    "changeColumnDataType": (
        {"columnIndex": 0, "newDataType": "float"},
        "table.select(pl.col('c0').cast(pl.Float64))",
    ),
    "changeColumnDataType to text": (
        {"columnIndex": 5, "newDataType": "string"},
        "table.select(pl.col('c5').cast(pl.String))",
    ),
    "findReplace": (
        {"columnIndex": 2, "toReplace": ["alpha", "golf"], "replaceWith": ["ALPHA", "GOLF"]},
        "table.select(pl.col('c2').replace(['alpha', 'golf'], ['ALPHA', 'GOLF']))",
    ),
    "findReplace by pattern": (
        {"columnIndex": 8, "toReplace": [r"no\. (\d+)"], "replaceWith": [r"#\1"], "matchRegex": True},
        "table.select(pl.col('c8').str.replace_all(r'no\\. (\\d+)', '#${1}'))",
    ),
    "emptyStringToNaN": (
        {"columnIndex": 2},
        "table.select(pl.when(pl.col('c2') != '').then(pl.col('c2')))",
    ),
    "newCellValue": (
        {"columnIndex": 5, "rowIndex": 12345, "newValue": 1.5},
        "table.select('c5').with_row_index().select(pl.when(pl.col('index') == 12345).then(1.5).otherwise(pl.col('c5')))",
    ),
    "deleteRows": (
        {"rowIndices": [5, 500_000]},
        "table.with_row_index().filter(~pl.col('index').is_in([5, 500000])).drop('index')",
    ),
    "fillDown": (
        {"columnFrom": 4, "columnTo": 4, "method": "pad"},
        "table.select(pl.col('c4').forward_fill())",
    ),
    "fillDown from below": (
        {"columnFrom": 4, "columnTo": 4, "method": "bfill"},
        "table.select(pl.col('c4').backward_fill())",
    ),
    "interpolate": (
        {"columnIndex": 4, "method": "linear"},
        "table.select(pl.col('c4').interpolate().forward_fill())",
    ),
    "fillWithCustomValue": (
        {"columnIndex": 4, "newValue": 1.5},
        "table.select(pl.col('c4').fill_null(1.5))",
    ),
    "deleteRowsWithNA": (
        {"columnIndex": 4},
        "table.filter(pl.col('c4').is_not_null())",
    ),
    "splitColumn": (
        {"columnIndex": 8, "delimiter": " "},
        "s = table.select('c8'); n = s.select(pl.all().str.count_matches(' ', literal=True).max()).collect().item() + 1; s.select(pl.col('c8').str.splitn(' ', n)).unnest('c8').select(pl.when(pl.all() != '').then(pl.all()))",
    ),
    "splitColumn by pattern": (
        {"columnIndex": 8, "delimiter": r"\s+", "regex": True},
        "s = table.select(pl.col('c8').str.replace_all(r'\\s+', '|')); n = s.select(pl.all().str.count_matches('|', literal=True).max()).collect().item() + 1; s.select(pl.col('c8').str.splitn('|', n)).unnest('c8').select(pl.when(pl.all() != '').then(pl.all()))",
    ),
    "combineColumns": (
        {"columnsToCombine": [2, 3], "seperator": " ", "newName": "both"},
        "table.select(pl.concat_str('c2', 'c3', separator=' ', ignore_nulls=True))",
    ),
    "generateDummies": (
        {"columnIndex": 2},
        "s = table.select('c2'); v = s.unique().collect().to_series().drop_nulls().sort(); s.select(pl.col('c2').eq_missing(pl.lit(x)).cast(pl.Int64).alias(x) for x in v)",
    ),
    "normalize": (
        {"columnIndex": 5},
        "s = table.select('c5'); a, b = s.select(pl.col('c5').min(), b=pl.col('c5').max()).collect().row(0); s.select((pl.col('c5') - a) / (b - a))",
    ),
    "standardize": (
        {"columnIndex": 5},
        "s = table.select('c5'); a, b = s.select(pl.col('c5').mean(), b=pl.col('c5').std()).collect().row(0); s.select((pl.col('c5') - a) / b)",
    ),
    "discretize": (
        {"columnIndex": 5, "cutMode": "discretization", "numberOfBins": 10},
        "s = table.select('c5'); a, b = s.select(pl.col('c5').min(), b=pl.col('c5').max()).collect().row(0); e = [a + (b - a) * i / 10 for i in range(1, 10)]; s.select(pl.lit(pl.Series([f'bin {i}' for i in range(10)])).gather(pl.lit(pl.Series(e)).search_sorted(pl.col('c5'))))",
    ),
    "discretize by quantiles": (
        {"columnIndex": 5, "cutMode": "quantiling", "numberOfBins": 4},
        "s = table.select('c5'); e = s.select(pl.col('c5').sort().gather([int(i / 4 * 999_999) for i in range(1, 4)])).collect().to_series(); s.select(pl.lit(pl.Series([f'bin {i}' for i in range(4)])).gather(pl.lit(e).search_sorted(pl.col('c5'))))",
    ),
    "splitColumn by pattern with look-ahead": (
        {"columnIndex": 8, "delimiter": r" (?=no)", "regex": True},
        "import re; s = table.select('c8').collect()['c8']; p = re.compile(' (?=no)'); pl.LazyFrame([p.split(v) for v in s], orient='row')",
    ),
    "sortRows by number": (
        {"sortBy": [{"columnIndex": 5}]},
        "table.sort('c5', nulls_last=True, maintain_order=True)",
    ),
    "sortRows by text and number": (
        {"sortBy": [{"columnIndex": 2, "ascending": False}, {"columnIndex": 4}]},
        "table.sort('c2', 'c4', descending=[True, False], nulls_last=True, maintain_order=True)",
    ),
    "deduplicate by text": (
        {"columnIndices": [8]},
        "table.unique(['c8'], keep='first', maintain_order=True)",
    ),
    "keepRows": (
        {"searchQuery": "alpha", "searchColumnIndices": [2]},
        "table.filter(pl.col('c2').str.contains('alpha', literal=True))",
    ),
    "dropRows": (
        {"filterType": "outliers", "filterColumnIndices": [5]},
        "m, d = table.select(pl.col('c5').mean(), d=pl.col('c5').std()).collect().row(0); table.filter((pl.col('c5') - m).abs() < 2 * d)",
    ),
    "addRows": (
        {"rows": [{}], "rowIndex": 500_000},
        "pl.concat([table.head(500000), table.head(0).collect().clear(1).lazy(), table.slice(500000)])",
    ),
    "insertRow": (
        {"rowIndex": 500_000},
        "pl.concat([table.head(500000), table.head(0).collect().clear(1).lazy(), table.slice(500000)])",
    ),
    "trimText": (
        {"columns": ["note"], "collapse": True},
        "table.select(pl.col('c8').str.strip_chars().str.replace_all(r'\\s+', ' '))",
    ),
    "changeCase": (
        {"columns": ["note"], "case": "upper"},
        "table.select(pl.col('c8').str.to_uppercase())",
    ),
    "extract": (
        {"column": "note", "pattern": r"(\w+) no\. (\d+)"},
        "table.select(pl.col('c8').str.extract_groups(r'(\\w+) no\\. (\\d+)')).unnest('c8')",
    ),
    "join": (
        {"otherSessionID": "itself", "keys": [{"columnIndex": 0}], "columns": [4]},
        "k = table.group_by('c0').len().select((pl.col('len') > 1).sum()).collect(engine='streaming'); table.select('c0').join(table.select('c0', v='c4'), on='c0', how='left', maintain_order='left').select('v')",
    ),
    "join of all columns": (
        {"otherSessionID": "itself", "keys": [{"column": "id"}], "how": "inner", "columns": [4]},
        "k = table.group_by('c0').len().select((pl.col('len') > 1).sum()).collect(engine='streaming'); table.join(table.select('c0', v='c4'), on='c0', maintain_order='left')",
    ),
    "appendFile": ({"otherSessionID": "itself"}, "pl.concat([table, table])"),
    "derive": (
        {"expression": "ROUND(price * 1.19 + x, 2)"},
        "table.select((pl.col('c4') * 1.19 + pl.col('c5')).round(2))",
    ),
    "derive from text": (
        {"expression": "CASE WHEN price > AVG(price) THEN UPPER(name) ELSE name || '!' END"},
        "s = table.select('c2', 'c4'); m = s.select(pl.col('c4').mean()).collect().item(); s.select(pl.when(pl.col('c4') > m).then(pl.col('c2').str.to_uppercase()).otherwise(pl.col('c2') + '!'))",
    ),
    "mergeValues": (
        {"column": "name", "merges": [{"from": ["alpha", "golf"], "to": "ALPHA"}, {"from": ["echo"], "to": "delta"}]},
        "table.select(pl.col('c2').replace({'alpha': 'ALPHA', 'golf': 'ALPHA', 'echo': 'delta'}))",
    ),
    "parseDates": (
        {"column": "id", "formats": ["epoch:s"]},
        "table.select(pl.from_epoch(pl.col('c0'), time_unit='s').cast(pl.Datetime('us')))",
    ),
    "parseNumbers": (
        {"column": "code"},
        "table.select(pl.col('c3').str.strip_chars().str.extract(r'^([0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})*)$').str.replace_all(',', '').cast(pl.Int64, strict=False))",
    ),
}
"""Parameters, and the floor's code: an expression of the LazyFrame ``table`` whose value is written."""

QUICK: dict[str, dict[str, Any]] = {
    "renameColumn": {"columnIndex": 0, "newName": "another"},
    "deleteColumns": {"columnIndices": [0, 3]},
    "insertDuplicateColumn": {"columnIndex": 8},
    "moveColumn": {"columnIndex": 0, "toIndex": 5},
}
"""Operations that write no data."""

UNBOUNDED: dict[str, dict[str, Any]] = {
    "interpolate akima": {"columnIndex": 4, "method": "akima"},
    "executeCommand": {"command": "df['price'] = df['price'] * 2"},
}
"""Operations whose time is SciPy's or the user's; shown beside plain reading and writing of the column."""


def floor_code(expression: str) -> str:
    """The floor's statements as one line: the last one is what is written."""
    *before, last = expression.split("; ")
    return "\n".join(["table = pl.scan_parquet(args[0])", *before, f"({last}){SINK}"])


def measure(client: Listener, session: str, name: str, body: dict[str, Any], times: int) -> list[float]:
    """Seconds from request to answer, each time undone again."""
    runs = []
    for _ in range(times):
        start = time.perf_counter()
        answer = client.ask(name.split()[0], session, **body, seconds=900)
        runs.append(time.perf_counter() - start)
        assert answer["success"], answer
        client.ask("undo", session)
    return runs


def measure_operations(report: Report, client: Listener, session: str, column_file: Path, beginning: str = "") -> None:
    """Every operation whose name begins so."""
    with tempfile.TemporaryDirectory(dir=column_file.parent) as folder:
        target = str(Path(folder) / "floor.parquet")
        for name, (body, code) in COMPUTED.items():
            if name.startswith(beginning):
                floor = floor_of(floor_code(code), str(column_file), target, times=3)
                ours = statistics.median(measure(client, session, name, body, 3))
                figure = f"{ours:.3f} s / {floor:.3f} s = {ours / floor:.2f}"
                report.tell(name, figure, "<= 2 x + 10 ms", ours <= 2 * floor + WAY_SECONDS)
        for name, body in QUICK.items():
            if name.startswith(beginning):
                median, worst = milliseconds(measure(client, session, name, body, 15))
                figure = f"median {median:.1f} ms, worst {worst:.1f} ms"
                report.tell(name, figure, f"<= {QUICK_MILLISECONDS} ms", median <= QUICK_MILLISECONDS)
        for name, body in UNBOUNDED.items():
            if name.startswith(beginning):
                plain = floor_of(floor_code("table.select('c4')"), str(column_file), target, times=3)
                seconds = measure(client, session, name, body, 1)[0]
                report.note(f"{name}: {seconds:.2f} s; reading and writing the column {plain:.2f} s")


def main() -> int:
    """Run it; exit code 1 when a bound was missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    beginning = sys.argv[2] if len(sys.argv) > 2 else ""
    report = Report()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_FOLDER")) as name:
        source = Path(name) / "table.csv"
        subprocess.run([sys.executable, str(HERE / "make_table.py"), str(rows), str(source)], check=True)
        with LongshoreServer(Path(name) / "storage", EXECUTE_COMMANDS="true") as server:
            with Client(server.url) as uploader:
                session = uploader.upload(source).session_id
            column_file = next((server.storage / "datasets" / session).glob("*.parquet"))
            client = Listener(server.url)
            measure_operations(report, client, session, column_file, beginning)
            client.close()
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
