"""Many writers in one transaction: results, failures that are one's own, and the lead that is handed on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from longshore.errors import Unavailable
from longshore.settings import Settings
from longshore.state.database import Database
from longshore.state.group_commit import GroupCommit
from longshore.stores.lists import Lists, prepare
from support.waiting import eventually


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database)
    with made.writing() as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER NOT NULL)"))
    yield made
    made.close()


def insert(value: Any) -> Any:
    def work(connection: Any) -> Any:
        connection.execute(sa.text("INSERT INTO t VALUES (:x)"), {"x": value})
        return value

    return work


def values(database: Database) -> list[int]:
    with database.reading() as connection:
        return sorted(connection.execute(sa.text("SELECT x FROM t")).scalars())


def together(commits: GroupCommit[Any], works: list[Any]) -> list[Any]:
    """Have all of them wait while a first one is under way, so that they share a transaction; their outcomes."""
    is_under_way, may_end = threading.Event(), threading.Event()
    outcomes: list[Any] = [None] * len(works)

    def first(_: Any) -> None:
        is_under_way.set()
        assert may_end.wait(30)

    def run(place: int) -> None:
        try:
            outcomes[place] = commits.run(works[place])
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=commits.run, args=(first,))]
    threads[0].start()
    assert is_under_way.wait(30)
    threads += [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: len(commits._waiting) == len(works))
    may_end.set()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_all_who_wait_share_a_transaction(database: Database) -> None:
    sizes: list[int] = []

    def carry_out(connection: Any, works: Any) -> list[Any]:
        sizes.append(len(works))
        return [work(connection) for work in works]

    commits: GroupCommit[Any] = GroupCommit(database, carry_out)
    assert together(commits, [insert(number) for number in range(50)]) == list(range(50))
    assert values(database) == list(range(50))
    assert sizes == [50]
    assert commits.run(insert(99)) == 99


def test_one_that_fails_fails_alone(database: Database) -> None:
    def fails(connection: Any) -> None:
        connection.execute(sa.text("INSERT INTO t VALUES (7)"))
        raise ValueError("mine")

    outcomes = together(GroupCommit(database), [insert(1), fails, insert(None), insert(2)])
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], ValueError)
    assert isinstance(outcomes[2], sa.exc.IntegrityError)
    assert outcomes[3] == 2
    assert values(database) == [1, 2]


def test_a_commit_that_fails_fails_for_all_and_the_next_one_is_led(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: GroupCommit[Any] = GroupCommit(database)
    tries: list[int] = []

    def broken(_: Any) -> list[Any]:
        tries.append(1)
        raise Unavailable("away")

    monkeypatch.setattr(commits, "_together", broken)
    outcomes = together(commits, [insert(1), insert(2)])
    assert [type(each) for each in outcomes] == [Unavailable, Unavailable]
    assert tries == [1]
    assert values(database) == []
    assert commits.run(insert(3)) == 3


def test_more_than_fit_in_one_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longshore.state.group_commit.MAX_TOGETHER", 7)
    assert together(GroupCommit(database), [insert(number) for number in range(40)]) == list(range(40))
    assert values(database) == list(range(40))


def test_appends_merges_and_deletes_at_once(settings: Settings) -> None:
    prepare(settings)
    lists = Lists.open(settings)
    for number in range(20):
        lists.append("ada", "old", {"n": number})
    numbers: list[int] = []
    failures: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for turn in range(20):
                numbers.extend(lists.extend("ada", "a" if thread % 2 else "b", [{"n": turn}, {"n": -turn}]))
                lists.merge("ada", "old", 1 + thread, {f"f{turn}": turn})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    for name in ("a", "b"):
        assert [item["id"] for item in lists.read("ada", name)] == list(range(1, 401))
    assert all(len(item) == 22 for item in lists.read("ada", "old"))
    assert sorted(numbers) == sorted([*range(1, 401), *range(1, 401)])
    lists.close()
