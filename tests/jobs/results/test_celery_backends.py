"""Results of plain Celery tasks: AsyncResult works as Celery says, on every store, until they expire."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import TimeoutError as CeleryTimeoutError
from celery.result import GroupResult
from kombu.exceptions import EncodeError

from longshore.errors import Unavailable
from longshore.jobs.results import open_store
from longshore.jobs.results.celery_backends import result_options
from longshore.queues.celery_app import make_celery
from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare
from support.stores import GivenMongo, RedisServer, mongo_database
from support.waiting import eventually

from .conftest import Place

HERE = Path(__file__).parent

# Celery's Redis backend uses redis-py's older names.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def make_app() -> Iterator[Callable[[Settings], Any]]:
    """Makes the server's Celery application; its connections are closed after the test."""
    made: list[Any] = []

    def make(settings: Settings) -> Any:
        prepare(settings)
        made.append(make_celery(settings))
        return made[-1]

    yield make
    for app in made:
        close = getattr(app.backend, "close", None)
        if close is not None:
            close()
        app.close()
    made.clear()
    with warnings.catch_warnings():
        # Celery and kombu leave the sockets of their Redis pools to the collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def celery(place: Place, make_app: Callable[[Settings], Any]) -> Any:
    """The application with results in each kind of store."""
    return make_app(place.settings)


def test_a_result_is_found_by_its_id(celery: Any) -> None:
    task_id = uuid.uuid4().hex
    celery.backend.store_result(task_id, {"flows": [1.5, None, "ü"]}, "SUCCESS")
    result = celery.AsyncResult(task_id)
    assert (result.status, result.result) == ("SUCCESS", {"flows": [1.5, None, "ü"]})
    assert result.get(timeout=5) == {"flows": [1.5, None, "ü"]}


def test_states_on_the_way(celery: Any) -> None:
    task_id = uuid.uuid4().hex
    celery.backend.store_result(task_id, {"pid": 1}, "STARTED")
    assert celery.AsyncResult(task_id).status == "STARTED"
    celery.backend.store_result(task_id, {"done": 3}, "PROGRESS")
    assert celery.AsyncResult(task_id).info == {"done": 3}
    celery.backend.store_result(task_id, 7, "SUCCESS")
    celery.backend.store_result(task_id, 8, "FAILURE")  # a late repetition does not undo a success
    assert celery.AsyncResult(task_id).result == 7


def test_an_unknown_id_is_pending(celery: Any) -> None:
    for task_id in (uuid.uuid4().hex, "a\0b", "x" * 300, "日本"):
        assert celery.AsyncResult(task_id).status == "PENDING"
    with pytest.raises(CeleryTimeoutError):
        celery.AsyncResult(uuid.uuid4().hex).get(timeout=0.01)


def test_a_failure_keeps_its_exception(celery: Any) -> None:
    task_id = uuid.uuid4().hex
    celery.backend.mark_as_failure(task_id, ValueError("no such station"), traceback="line 1")
    result = celery.AsyncResult(task_id)
    assert result.status == "FAILURE"
    assert repr(result.result) == "ValueError('no such station')"
    assert result.traceback == "line 1"


def test_forgetting(celery: Any) -> None:
    task_id = uuid.uuid4().hex
    celery.backend.store_result(task_id, 1, "SUCCESS")
    celery.AsyncResult(task_id).forget()
    assert celery.AsyncResult(task_id).status == "PENDING"


def test_groups(celery: Any) -> None:
    members = [uuid.uuid4().hex for _ in range(3)]
    for number, task_id in enumerate(members):
        celery.backend.store_result(task_id, number, "SUCCESS")
    group = GroupResult(uuid.uuid4().hex, [celery.AsyncResult(each) for each in members], app=celery)
    group.save()
    restored = GroupResult.restore(group.id, app=celery)
    # Celery's MongoDB backend gives back a list.
    assert [each.get(timeout=5) for each in getattr(restored, "results", restored)] == [0, 1, 2]
    group.delete()
    assert GroupResult.restore(group.id, app=celery) is None


def test_only_json_is_kept(celery: Any) -> None:
    with pytest.raises(EncodeError):
        celery.backend.store_result(uuid.uuid4().hex, object(), "SUCCESS")


def test_results_expire(place: Place, make_app: Callable[[Settings], Any]) -> None:
    # Celery's Redis backend counts whole seconds.
    app = make_app(place.settings.model_copy(update={"result_ttl": 1.0}))
    task_id, group_id = uuid.uuid4().hex, uuid.uuid4().hex
    app.backend.store_result(task_id, 1, "SUCCESS")
    app.backend.save_group(group_id, GroupResult(group_id, [app.AsyncResult(task_id)], app=app))
    database = Database(place.settings.database)
    store = open_store(place.settings, database)

    def gone() -> bool:
        store.sweep(time.time())
        return app.AsyncResult(task_id).status == "PENDING" and app.backend.restore_group(group_id) is None

    assert app.AsyncResult(task_id).status == "SUCCESS"
    eventually(gone, 10)
    store.close()
    database.close()


def test_mongodb_expires_them_by_itself(place: Place, celery: Any) -> None:
    if not place.url.startswith("mongodb"):
        pytest.skip("about MongoDB")
    task_id = uuid.uuid4().hex
    celery.backend.store_result(task_id, None, "STARTED")
    celery.backend.save_group(task_id, GroupResult(task_id, [], app=celery))
    database = mongo_database(place.url)
    for name in ("celery_taskmeta", "celery_groupmeta"):
        record = database[name].find_one({"_id": task_id})
        indexes = database[name].index_information().values()
        assert [each.get("expireAfterSeconds") for each in indexes if each["key"] == [("expires", 1)]] == [0]
        assert record["expires"].timestamp() == pytest.approx(time.time() + place.settings.result_ttl, abs=60)
    database.client.close()


def test_a_request_does_not_wait_for_an_absent_store(place: Place, celery: Any) -> None:
    if place.server is None or isinstance(place.server, GivenMongo | RedisServer):
        pytest.skip("about our own backends, on a server of the tests")
    celery.backend.store_result("here", 1, "SUCCESS")
    place.server.stop()
    try:
        with pytest.raises(Exception, match=r"cannot be reached|refused|[Cc]onnection") as caught:
            celery.AsyncResult("here").status  # noqa: B018 - reading it asks the store
        assert isinstance(caught.value, Unavailable) or "pymongo" in type(caught.value).__module__
    finally:
        place.server.start()
    assert eventually(lambda: celery.AsyncResult("here").result, 20) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rediss://h/0", "rediss://h/0?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("redis://h/0", "redis://h/0"),
    ],
)
def test_redis_urls_as_celery_reads_them(url: str, expected: str) -> None:
    assert result_options(Settings.from_environment(result_backend=url))["result_backend"] == expected


@contextmanager
def working(settings: Settings, broker: str, queue: str) -> Iterator[None]:
    """A prefork worker with plain tasks."""
    about = {"ROOT_STORAGE_PATH": str(settings.root_storage_path), "BROKER_URL": broker}
    if settings.result_backend is not None:
        about["RESULT_BACKEND"] = settings.require_result_url()
    if settings.database_url is not None:
        about["DATABASE_URL"] = settings.database
    # A connection that a child shares with its parent is an error here.
    command = [sys.executable, "-W", "error:MongoClient opened before fork", str(HERE / "celery_worker.py"), queue]
    worker = subprocess.Popen(command, env=os.environ | about)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(30)


def test_a_worker_hands_results_to_whoever_asks(
    place: Place, valkey_server: RedisServer, make_app: Callable[[Settings], Any]
) -> None:
    """The parent of the worker's processes writes, too, when one of them dies; the others go on."""
    queue = uuid.uuid4().hex
    broker = valkey_server.url()
    app = make_app(Settings.from_environment(**place.settings.model_dump(exclude_none=True) | {"broker_url": broker}))
    with working(place.settings, broker, queue):
        sums = [app.send_task("plain.add", args=[number, 1], queue=queue) for number in range(10)]
        failed = app.send_task("plain.fail", queue=queue)
        assert [each.get(timeout=60)["sum"] for each in sums] == [number + 1 for number in range(10)]
        with pytest.raises(ValueError, match="no such station"):
            failed.get(timeout=30)
        died = app.send_task("plain.die", queue=queue)
        eventually(lambda: died.status == "FAILURE", 30)
        assert "WorkerLostError" in repr(died.result)
        quiet = app.send_task("plain.quiet", queue=queue)
        more = [app.send_task("plain.add", args=[number, 2], queue=queue) for number in range(10)]
        assert [each.get(timeout=30)["sum"] for each in more] == [number + 2 for number in range(10)]
        assert quiet.status == "PENDING"
