"""Lines that were not read whole: counted in the upload's answer, listed, downloaded, kept while the dataset is."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from datasets.conftest import Bench
from longshore.client import Client
from longshore.datasets.reconcile import GRACE_SECONDS, Reconciler
from support.server import LongshoreServer
from support.sockets import Listener

pytestmark = pytest.mark.processes

RAGGED = b'a,b,c\n1,2,3\n4,5\n\n6,"x\ny",8,9\n=1+1\n7,8,9\n'


def test_the_kept_records_outlive_the_collector_and_every_change(bench: Bench) -> None:
    session = bench.upload(RAGGED)
    bench.change(session, "deleteRows", rowIndices=[0, 1])
    bench.change(session, "undo")
    bench.change(session, "sortRows", sortBy=[{"columnIndex": 0}])
    folder = bench.service.folder(session)
    old = time.time() - GRACE_SECONDS - 10
    for path in folder.iterdir():
        os.utime(path, (old, old))
    Reconciler(bench.service, bench.queue).collect(folder, time.time())
    answer = bench.service.read("setAside", session, {}).to_wire()
    assert [(r["line"], r["row"]) for r in answer["records"]] == [(3, 1), (5, 2), (7, 3)]
    assert bench.service.version(session).table.kept_files <= {path.name for path in folder.iterdir()}
    bench.service.delete(session)
    assert not folder.exists()


def test_the_ledger_is_part_of_the_answer_and_no_part_of_a_recipe(bench: Bench) -> None:
    session = bench.upload(RAGGED)
    ledger = bench.service.read("setAside", session, {}).to_wire()["ledger"]
    assert ledger == {
        "unit": "line", "lines": 8, "skipped": 0, "header": 1, "blank": 1, "rows": 5, "filled": 2, "cut": 1,
        "mended": 0, "setAside": 0, "continued": 1, "kept": 3,
    }  # fmt: skip
    assert bench.queue.events("upload")[-1]["reading"]["ledger"] == ledger
    assert "ledger" not in bench.service.recipe(session).to_document()["reading"]["settings"]


@pytest.mark.parametrize(
    ("window", "lines"),
    [
        ({}, [3, 5, 7]),
        ({"from": 1}, [5, 7]),
        ({"from": 0, "to": 0}, [3]),
        ({"from": 1, "to": 99}, [5, 7]),
        ({"from": 3}, []),
        ({"from": 2, "to": 1}, []),
        ({"from": -5, "to": 0}, [3]),
    ],
)
def test_pages(bench: Bench, window: dict[str, int], lines: list[int]) -> None:
    answer = bench.service.read("setAside", bench.upload(RAGGED), window).to_wire()
    assert [record["line"] for record in answer["records"]] == lines
    assert answer["kept"] == 3


def test_over_the_socket_by_rest_and_by_client(
    connect: Callable[[], Listener], shared_server: LongshoreServer, tmp_path: Path
) -> None:
    with Client(shared_server.url) as client:
        dataset = client.upload(RAGGED, name="Messy 日.csv")
        found = dataset.set_aside()
        assert [(r["line"], r["row"], r["code"], r["raw"]) for r in found["records"]] == [
            (3, 1, "TooFewFields", "4,5"),
            (5, 2, "TooManyFields", '6,"x\ny",8,9'),
            (7, 3, "TooFewFields", "=1+1"),
        ]
        assert dataset.set_aside(1, 2)["records"] == found["records"][1:2]
        written = dataset.export_set_aside(tmp_path / "aside.csv").read_text()
        rows = list(csv.DictReader(io.StringIO(written)))
        assert [row["raw"] for row in rows] == [record["raw"] for record in found["records"]]
        clean = client.upload(b"a\n1\n", name="t.csv")
        assert clean.set_aside()["records"] == []
        assert clean.export_set_aside(tmp_path / "none.csv").read_text() == "line,row,code,reason,raw,cut\n"
    answer = connect().ask("setAside", dataset.session_id, **{"from": 1, "to": 1})
    assert (answer["success"], answer["records"], answer["ledger"]) == (True, found["records"][1:2], found["ledger"])
    refused = connect().ask("setAside", dataset.session_id, **{"from": "x"})
    assert refused["error"] == "InvalidRequest"
    download = httpx.get(f"{shared_server.url}/api/v1/datasets/{dataset.session_id}/set-aside.csv")
    assert download.headers["content-type"].startswith("text/csv")
    assert "Messy" in download.headers["content-disposition"]
    unknown = httpx.get(f"{shared_server.url}/api/v1/datasets/{'0' * 30}/set-aside.csv")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "SessionNotFound")
