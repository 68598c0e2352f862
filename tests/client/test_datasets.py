"""The Python client against a whole server, with real, messy tables."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from longshore import Client
from longshore.client.catalogue import snake_name
from longshore.errors import ColumnNotFound, IllegalOperation, InvalidValue, SessionNotFound, Unavailable
from longshore.tables.operations import all_operations
from support.server import LongshoreServer

pytestmark = pytest.mark.processes

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def client(shared_server: LongshoreServer) -> Iterator[Client]:
    with Client(shared_server.url, user="ada") as made:
        yield made


def test_a_file_is_looked_at_before_it_is_uploaded(client: Client) -> None:
    found = client.look(b"above\na;b\n1;x\n", "t.csv", initial_skip=1)
    assert [column["name"] for column in found["columns"]] == ["a", "b"]
    assert found["rows"] == [[1, "x"]]


def test_movies_from_upload_to_a_cleaned_file(client: Client, tmp_path: Path) -> None:
    movies = client.upload(DATA / "movies.json")
    records = json.loads((DATA / "movies.json").read_text())
    metadata = movies.metadata()
    assert metadata["dataSize"] == {"rows": len(records), "columns": len(records[0])}
    ratings = [record["IMDB Rating"] for record in records if record["IMDB Rating"] is not None]
    assert metadata["columnInfo"]["IMDB Rating"]["invalidValues"] == len(records) - len(ratings)
    filled = movies.fill_with_average(column="IMDB Rating", metric="mean")
    assert filled["value"] == pytest.approx(sum(ratings) / len(ratings))
    movies.find_replace(column="MPAA Rating", to_replace=["Not Rated", "Open"], replace_with=["NR", None])
    movies.rename_column(column="US Gross", new_name="us_gross")
    best = movies.rows(0, 3, sort_column="IMDB Rating", sort_ascending=False)
    assert [row["IMDB Rating"] for row in best] == sorted(ratings, reverse=True)[:3]
    frame = movies.to_polars()
    assert frame["IMDB Rating"].null_count() == 0
    assert "Not Rated" not in frame["MPAA Rating"].to_list()
    written = movies.export(tmp_path / "movies.parquet")
    assert pl.read_parquet(written).equals(frame)
    movies.undo()
    assert "US Gross" in movies.metadata()["columns"]
    assert [step["madeBy"] for step in movies.history()] == ["ada"] * 4


def test_every_operation_is_a_method_with_a_docstring(client: Client) -> None:
    dataset = client.dataset("0" * 30)
    for declared in all_operations():
        assert declared.summary() in (getattr(dataset, snake_name(declared.name)).__doc__ or "")
    assert dataset.delete_rows_with_na.__name__ == "delete_rows_with_na"
    assert dataset.empty_string_to_nan.__name__ == "empty_string_to_nan"


def test_errors_arrive_as_the_servers_classes(client: Client) -> None:
    dataset = client.upload(b"a,b\n1,2\n", name="t.csv")
    with pytest.raises(ColumnNotFound, match="did you mean 'a'"):
        dataset.rename_column(column="aa", new_name="c")
    with pytest.raises(IllegalOperation):
        dataset.redo()
    with pytest.raises(SessionNotFound):
        client.dataset("0" * 30).metadata()
    with pytest.raises(InvalidValue):
        client.upload(b"PAR1", name="t.parquet")
    assert dataset.rename(" taken over.csv ") == "taken over.csv"
    dataset.delete()
    with pytest.raises(SessionNotFound):
        dataset.rows()
    with pytest.raises(Unavailable), Client("http://127.0.0.1:9") as nowhere:
        nowhere.operations()


def test_uploads_of_every_kind_of_source(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "Übersicht 2024.csv"
    path.write_text("a;b\n1,5;x\n")
    assert client.upload(str(path), delimiter=";").metadata()["columns"] == ["a", "b"]
    with path.open("rb") as file:
        assert client.upload(file).metadata()["dataSize"]["rows"] == 1
    assert client.upload(io.BytesIO(b"a\n1\n"), name="t.csv").rows() == [{"a": 1}]


def test_a_cell_can_be_made_missing(client: Client) -> None:
    dataset = client.upload(b"a,b\n1,2\n", name="t.csv")
    dataset.new_cell_value(column="a", row_index=0, new_value=None)
    assert dataset.rows() == [{"a": None, "b": 2}]


def test_the_session_id_does_not_print(client: Client) -> None:
    dataset = client.upload(b"a\n1\n", name="t.csv")
    assert dataset.session_id not in repr(dataset)
