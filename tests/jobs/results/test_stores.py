"""What every store does, tried on every store."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from longshore.errors import InvalidValue, SettingsError, TooLarge, Unavailable
from longshore.jobs.models import results
from longshore.jobs.results import INLINE_BYTES, ResultStore, open_store
from longshore.jobs.results.mongo import COLLECTION
from longshore.jobs.results.redis import KEY_PREFIX
from longshore.jobs.results.table import EmbeddedStore, TableStore
from longshore.settings import Settings
from longshore.state.database import Database, migrate
from support.stores import GivenMongo, Server, free_port, mongo_database
from support.waiting import eventually

from .conftest import Place

HERE = Path(__file__).parent
DAY = 86400.0


def later(seconds: float = DAY) -> float:
    return time.time() + seconds


def new_id() -> str:
    return str(uuid.uuid4())


def is_kept(place: Place, store: ResultStore, job_id: str) -> bool:
    """Whether the server has anything under this id, expired or not, without asking the store."""
    if isinstance(store, TableStore):
        with store.database.reading() as connection:
            return connection.execute(sa.select(results.c.id).where(results.c.id == job_id)).first() is not None
    if place.url.startswith("mongodb"):
        database = mongo_database(place.url)
        try:
            return database[COLLECTION].find_one({"_id": job_id}) is not None
        finally:
            database.client.close()
    from redis import Redis

    with Redis.from_url(place.url) as client:
        return bool(client.exists(KEY_PREFIX + job_id))


def test_a_document_comes_back_as_it_was_put(store: ResultStore) -> None:
    job_id, other = new_id(), new_id()
    assert store.get(job_id) is None
    store.put(job_id, '{"a":[1,"日本 \\u0000 \U0001f600"]}'.encode(), later())
    store.put(other, b"", later())
    assert store.get(job_id) == '{"a":[1,"日本 \\u0000 \U0001f600"]}'.encode()
    assert store.get(other) == b""


def test_a_second_document_replaces_the_first(store: ResultStore) -> None:
    job_id = new_id()
    store.put(job_id, b"1", later())
    store.put(job_id, b"2", later(2 * DAY))
    assert store.get(job_id) == b"2"


def test_ids_of_tasks_may_be_any_text(store: ResultStore) -> None:
    names = ["日本", "a b/../c", "'; DROP TABLE jobs --", "$where", "x" * 255, "%00", "*"]
    for name in names:
        store.put(name, name.encode(), later())
    assert [store.get(name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize("bad", ["", "a\0b", "x" * 256, "\ud800"], ids=["empty", "nul", "long", "surrogate"])
def test_what_cannot_be_an_id_is_nobodys(store: ResultStore, bad: str) -> None:
    assert store.get(bad) is None
    store.forget([bad])
    with pytest.raises(InvalidValue):
        store.put(bad, b"1", later())


def test_forgetting(store: ResultStore) -> None:
    ids = [new_id() for _ in range(3)]
    for job_id in ids:
        store.put(job_id, b"1", later())
    store.forget([ids[0], *(new_id() for _ in range(1200)), ids[2]])
    store.forget([])
    assert [store.get(job_id) for job_id in ids] == [None, b"1", None]


def test_what_has_expired_is_not_handed_out_and_not_kept(place: Place, store: ResultStore) -> None:
    brief, past, lasting = new_id(), new_id(), new_id()
    store.put(lasting, b"1", later())
    store.put(brief, b"2", later(0.4))
    store.put(past, b"3", later(-5))
    assert store.get(past) is None
    eventually(lambda: store.get(brief) is None, 5)

    def gone() -> bool:
        store.sweep(time.time())
        return not is_kept(place, store, brief) and not is_kept(place, store, past)

    eventually(gone, 5)
    assert is_kept(place, store, lasting)
    assert store.get(lasting) == b"1"
    assert store.sweep(time.time()) == 0


def test_a_replaced_document_has_the_new_expiry(store: ResultStore) -> None:
    job_id = new_id()
    store.put(job_id, b"1", later(0.2))
    store.put(job_id, b"2", later())
    ended = new_id()
    store.put(ended, b"3", later(0.3))
    eventually(lambda: store.get(ended) is None, 5)
    store.sweep(time.time())
    assert store.get(job_id) == b"2"


def test_for_ever_is_a_moment_that_every_server_knows(store: ResultStore) -> None:
    job_id = new_id()
    store.put(job_id, b"1", float("inf"))
    assert store.get(job_id) == b"1"


def test_the_server_itself_forgets(place: Place, store: ResultStore) -> None:
    """MongoDB and Redis need no sweep: the expiry stands where they look for it."""
    job_id = new_id()
    expires = later(3600)
    store.put(job_id, b"1", expires)
    if place.url.startswith("mongodb"):
        database = mongo_database(place.url)
        (index,) = [each for each in database[COLLECTION].index_information().values() if each["key"][0][0] != "_id"]
        record = database[COLLECTION].find_one({"_id": job_id})
        database.client.close()
        assert index["key"] == [("expires", 1)]
        assert index["expireAfterSeconds"] == 0
        assert record["expires"].timestamp() == pytest.approx(expires, abs=0.01)
    elif place.url.startswith("redis"):
        from redis import Redis

        with Redis.from_url(place.url) as client:
            assert 3_500_000 < client.pttl(KEY_PREFIX + job_id) <= 3_600_000
    else:
        pytest.skip("a SQL database is swept")


def test_documents_near_the_limit(store: ResultStore) -> None:
    noise = random.Random(7).randbytes(INLINE_BYTES // 2).hex().encode()  # of which compression leaves half
    job_id = new_id()
    store.put(job_id, noise, later())
    assert store.get(job_id) == noise
    store.put(job_id, b"7" * 14 * INLINE_BYTES, later())
    assert store.get(job_id) == b"7" * 14 * INLINE_BYTES


def test_a_document_over_the_servers_own_limit_is_an_error_of_ours(place: Place, store: ResultStore) -> None:
    if not place.url.startswith("mongodb"):
        pytest.skip("only MongoDB has one that is near")
    with pytest.raises(TooLarge, match="16 MB"):
        store.put(new_id(), b"7" * 17_000_000, later())


def test_concurrent_writers(store: ResultStore) -> None:
    """Each reads what it wrote under an id of its own, and under a shared id always somebody's whole document."""
    shared = new_id()
    documents = {letter: f'"{letter * 2000}"'.encode() for letter in "abcdef"}

    def write(letter: str) -> None:
        for _ in range(15):
            own = new_id()
            store.put(own, documents[letter], later())
            store.put(shared, documents[letter], later())
            assert store.get(own) == documents[letter]
            assert store.get(shared) in documents.values()

    with ThreadPoolExecutor(len(documents)) as pool:
        list(pool.map(write, documents))


def environment_of(place: Place) -> dict[str, str]:
    about = {"ROOT_STORAGE_PATH": str(place.settings.root_storage_path)}
    for name in ("database_url", "result_backend"):
        if (value := getattr(place.settings, name)) is not None:
            about[name.upper()] = value.get_secret_value()
    return os.environ | about


def test_another_process_sees_it(place: Place, store: ResultStore) -> None:
    ours, theirs = new_id(), new_id()
    store.put(ours, b'"ours"', later())
    code = f"""
import time
from longshore.state.database import Database
from longshore.jobs.results import open_store
from longshore.settings import Settings
settings = Settings.from_environment()
store = open_store(settings, Database(settings.database))
assert store.get({ours!r}) == b'"ours"'
store.put({theirs!r}, b'"theirs"', time.time() + 600)
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=environment_of(place))
    assert store.get(theirs) == b'"theirs"'


def test_forked_children_have_connections_of_their_own(place: Place, store: ResultStore) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "in_children.py")],
        env=environment_of(place),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert store.get("child 0") is not None


def stoppable(place: Place) -> Server:
    if place.server is None or isinstance(place.server, GivenMongo):
        pytest.skip("no server of the tests")
    return place.server


def test_a_server_that_restarts(place: Place, store: ResultStore) -> None:
    server = stoppable(place)
    job_id = new_id()
    store.put(job_id, b"1", later())
    server.stop()
    try:
        for call in calls(store):
            with pytest.raises(Unavailable) as caught:
                call()
            assert "cannot be reached" in caught.value.description
    finally:
        server.start()
    eventually(lambda: store.get(job_id) == b"1", 20)
    store.put(job_id, b"2", later())
    assert store.get(job_id) == b"2"


def calls(store: ResultStore) -> list[Callable[[], Any]]:
    asked = [lambda: store.put("a", b"1", later()), lambda: store.get("a"), lambda: store.forget(["a"])]
    return asked if "Redis" in type(store).__name__ else [*asked, lambda: store.sweep(time.time())]


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:{}/0", "mongodb://127.0.0.1:{}/x", "db+postgresql+psycopg://a:b@127.0.0.1:{}/x"],
    ids=["redis", "mongodb", "postgresql"],
)
def test_a_server_that_was_never_there(settings: Settings, url: str) -> None:
    """Opening the store does not wait for it; each use fails with a sentence, for all threads at once."""
    absent = settings.model_copy(update={"result_backend": secret(url.format(free_port()))})
    store = open_store(absent, Database(settings.database))
    failures: list[Unavailable] = []

    def ask() -> None:
        with pytest.raises(Unavailable) as caught:
            store.get("a")
        failures.append(caught.value)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(failures) == 5
    assert all("try again" in failure.description and "127.0.0.1" not in failure.description for failure in failures)
    store.close()


def secret(url: str) -> Any:
    return Settings.from_environment(result_backend=url).result_backend


def test_the_embedded_store_joins_a_transaction(settings: Settings) -> None:
    migrate(settings)
    database = Database(settings.database)
    store = open_store(settings, database)
    assert isinstance(store, EmbeddedStore)

    class Stop(Exception):
        pass

    def put_and_fail() -> None:
        with database.writing() as connection:
            store.put_within(connection, "a", b"1", later())
            raise Stop

    with pytest.raises(Stop):
        put_and_fail()
    assert store.get("a") is None
    with database.writing() as connection:
        store.put_within(connection, "a", b"1", later())
        store.forget_within(connection, ["b"])
    assert store.get("a") == b"1"
    database.close()


def test_the_states_own_database_may_be_named(settings: Settings) -> None:
    database = Database(settings.database)
    named = settings.model_copy(update={"result_backend": secret(f"db+{settings.database}")})
    assert isinstance(open_store(named, database), EmbeddedStore)
    elsewhere = settings.model_copy(update={"result_backend": secret("db+sqlite:////nowhere/x.db")})
    assert not isinstance(open_store(elsewhere, database), EmbeddedStore)
    database.close()


@pytest.mark.parametrize("url", ["mysql://u:hidden@a/b", "db+mysql://u:hidden@a/b", "mongo://a", "results", "db+"])
def test_a_url_of_no_store_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match=r"RESULT_BACKEND cannot be used.* db\+sqlite://") as caught:
        Settings.from_environment(result_backend=url)
    assert "hidden" not in str(caught.value)


def test_a_missing_library_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "longshore.jobs.results.mongo", raising=False)
    monkeypatch.setitem(sys.modules, "pymongo", None)
    chosen = settings.model_copy(update={"result_backend": secret("mongodb://127.0.0.1/x")})
    with pytest.raises(SettingsError, match=r"longshore\[mongodb\]"):
        open_store(chosen, Database(settings.database))
