"""What is accepted is done once: requests that come again, conditions, a database that goes away in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from datasets.conftest import Bench
from longshore.datasets import mailbox, service
from longshore.datasets.models import accepted_keys
from longshore.datasets.models import mailbox as entries
from longshore.datasets.service import Asker
from longshore.errors import IllegalOperation, InvalidValue, SessionNotFound, TimedOut, Unavailable, UnknownOutcome
from longshore.state.database import Database
from longshore.tables.reading import ReadOptions
from support.waiting import eventually

TABLE = b"a,b\n1,x\n2,y\n"
ADD = {"rows": [[3, "new"]]}


@pytest.fixture
def session(bench: Bench) -> str:
    return bench.upload(TABLE)


def again(bench: Bench, session: str, asker: Asker, name: str = "addRows", **body: Any) -> dict[str, Any] | None:
    answer = bench.service.accept_once(session, name, body or ADD, asker)
    bench.drainer.drain(session)
    return answer


# -- `once` ---------------------------------------------------------------------------------------------------------


def test_a_request_that_comes_again_is_done_once_and_its_answer_goes_to_who_asks_now(
    bench: Bench, session: str
) -> None:
    assert again(bench, session, Asker("r1", "one")) is None
    known = again(bench, session, Asker("r1", "two"))
    assert known is not None
    assert (known["operation"], known["requestID"], known["version"]) == ("addRows", "r1", 1)
    assert len(bench.rows(session)) == 3


@pytest.mark.parametrize(
    ("asker", "name", "body"),
    [
        (Asker("r1", "s", "bob"), "addRows", ADD),
        (Asker("r1", "s", "ada"), "addRows", {"rows": [[4, "other"]]}),
        (Asker("r1", "s", "ada"), "renameColumn", {"column": "b", "newName": "c"}),
        (Asker(1, "s", "ada"), "addRows", ADD),
    ],
    ids=["another person", "other parameters", "another operation", "another id"],
)
def test_another_request_under_the_same_id_is_done(
    bench: Bench, session: str, asker: Asker, name: str, body: dict[str, Any]
) -> None:
    again(bench, session, Asker("r1", "s", "ada"))
    assert again(bench, session, asker, name, **body) is None
    assert bench.service.version(session).number == 2


def test_who_asks_for_what_is_known_reads_by_an_index(bench: Bench, session: str) -> None:
    again(bench, session, Asker("r1"))
    key = mailbox.RequestKey.of(["x"], "")
    with bench.database.reading() as connection:
        plans = [
            plan_of(connection, lambda: mailbox.find_accepted(connection, key)),
            plan_of(connection, lambda: mailbox.asker_of(connection, session, "r1")),
            plan_of(connection, lambda: mailbox.has_waiting(connection, session)),
        ]
    assert [step for steps in plans for step in steps if step.startswith("SCAN")] == []


def plan_of(connection: Connection, ask: Any) -> list[str]:
    """How SQLite goes about the statements that a function runs."""
    statements: list[tuple[str, Any]] = []

    def note(_: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    sa.event.listen(connection.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(connection.engine, "before_cursor_execute", note)
    return [
        row[3]
        for statement, parameters in statements
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]


# -- Idempotency-Key ------------------------------------------------------------------------------------------------


def test_the_same_key_and_content_is_the_same_change(bench: Bench, session: str) -> None:
    first = bench.service.accept(session, "addRows", ADD, Asker(), key="k")
    assert bench.service.accept(session, "addRows", ADD, Asker(), key="k") == first, "also while it waits"
    bench.drainer.drain(session)
    assert bench.service.accept(session, "addRows", ADD, Asker(), key="k") == first
    assert len(bench.rows(session)) == 3


def test_a_key_with_other_content_is_refused(bench: Bench, session: str) -> None:
    bench.service.accept(session, "addRows", ADD, Asker(), key="k")
    for name, body in (("addRows", {"rows": [[9, "z"]]}), ("undo", {})):
        with pytest.raises(InvalidValue, match="Idempotency-Key"):
            bench.service.accept(session, name, body, Asker(), key="k")


def test_a_key_is_its_askers_own_and_its_datasets(bench: Bench, session: str) -> None:
    other = bench.upload(TABLE)
    asked = [(session, "ada"), (session, "bob"), (session, None), (other, "ada")]
    ids = {bench.service.accept(where, "addRows", ADD, Asker(made_by=who), key="k") for where, who in asked}
    assert len(ids) == 4


def test_undo_under_a_key_takes_one_step_back(bench: Bench, session: str) -> None:
    bench.change(session, "addRows", **ADD)
    bench.change(session, "addRows", **ADD)
    for _ in range(2):
        bench.service.accept(session, "undo", {}, Asker(), key="back")
        bench.drainer.drain(session)
    assert len(bench.rows(session)) == 3


def test_an_aggregate_under_a_key_makes_one_dataset(bench: Bench, session: str) -> None:
    entries_made = {bench.service.accept(session, "aggregate", {"by": ["b"]}, Asker(), key="k") for _ in range(2)}
    assert len(entries_made) == 1


def test_an_upload_under_a_key_makes_one_dataset(bench: Bench) -> None:
    first = upload(bench, TABLE)
    bench.drainer.drain(first[0])
    assert upload(bench, TABLE) == first
    assert [path.name for path in bench.settings.datasets_folder.iterdir()] == [first[0]]
    with pytest.raises(InvalidValue, match="Idempotency-Key"):
        upload(bench, b"a,b\n1,other\n")


def test_two_uploads_under_one_key_at_the_same_time_make_one_dataset(bench: Bench) -> None:
    made: list[tuple[str, int]] = []
    together = threading.Barrier(4)

    def send(number: int) -> None:
        together.wait(10)
        made.append(upload(bench, TABLE, f"body{number}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 4
    assert len(set(made)) == 1
    assert len(list(bench.settings.datasets_folder.iterdir())) == 1


def upload(bench: Bench, content: bytes, place: str = "body") -> tuple[str, int]:
    path = bench.settings.uploads_folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return bench.service.create(path, "t.csv", ReadOptions(), Asker(), key="k")


def test_a_key_goes_with_its_entry(bench: Bench, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.service.accept(session, "addRows", ADD, Asker(), key="k")
    bench.drainer.drain(session)
    monkeypatch.setattr(mailbox, "KEEP_SECONDS", -1.0)
    with bench.database.writing() as connection:
        mailbox.sweep(connection, eventually(lambda: connection.execute(sa.select(entries.c.settled)).scalar()))
        assert connection.execute(sa.select(sa.func.count()).select_from(accepted_keys)).scalar_one() == 0


# -- ifVersion ------------------------------------------------------------------------------------------------------


def test_a_change_for_another_version_is_refused(bench: Bench, session: str) -> None:
    bench.service.accept(session, "addRows", ADD, Asker(), if_version=0)
    with pytest.raises(IllegalOperation, match="changed"):
        bench.service.accept(session, "undo", {}, Asker(), if_version=0)
    bench.drainer.drain(session)
    with pytest.raises(IllegalOperation, match="changed"):
        bench.service.accept(session, "addRows", ADD, Asker(), if_version=0)
    bench.service.accept(session, "undo", {}, Asker(), if_version=1)


# -- the database goes away ------------------------------------------------------------------------------------------


class Gone(Database):
    """A database whose connection breaks when told to."""

    breaks_after_commit = False
    breaks_before_commit = False
    is_away = False

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        if self.is_away:
            raise Unavailable("away")
        before, after = self.breaks_before_commit, self.breaks_after_commit
        with super().writing(durable=durable) as connection:
            yield connection
            if before:
                raise Unavailable("away")
        if after:
            raise Unavailable("away")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self.is_away:
            raise Unavailable("away")
        with super().reading() as connection:
            yield connection


@pytest.fixture
def gone(bench: Bench) -> Iterator[Gone]:
    database = Gone(bench.settings.database)
    bench.service.database = database
    yield database
    database.close()


def test_a_commit_whose_answer_was_lost_is_found_out(bench: Bench, session: str, gone: Gone) -> None:
    gone.breaks_after_commit = True
    entry = bench.service.accept(session, "addRows", ADD, Asker())
    bench.drainer.drain(session)
    assert bench.service.wait(session, entry, 1)["success"]
    assert len(bench.rows(session)) == 3


def test_a_commit_that_failed_is_told_as_not_done(bench: Bench, session: str, gone: Gone) -> None:
    gone.breaks_before_commit = True
    with pytest.raises(Unavailable, match=r"^away$"):
        bench.service.accept(session, "addRows", ADD, Asker())
    gone.breaks_before_commit = False
    bench.drainer.drain(session)
    assert len(bench.rows(session)) == 2


def test_a_commit_that_nobody_can_tell_of_says_so(
    bench: Bench, session: str, gone: Gone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "UNSURE_SECONDS", 0.0)
    gone.breaks_after_commit = True
    with monkeypatch.context() as away:
        away.setattr(gone, "reading", broken)
        with pytest.raises(UnknownOutcome, match="look before you send it again"):
            bench.service.accept(session, "addRows", ADD, Asker())


def test_an_upload_that_nobody_can_tell_of_keeps_its_file(
    bench: Bench, gone: Gone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "UNSURE_SECONDS", 0.0)
    gone.breaks_after_commit = True
    with monkeypatch.context() as away:
        away.setattr(gone, "reading", broken)
        with pytest.raises(UnknownOutcome):
            upload(bench, TABLE)
    (folder,) = bench.settings.datasets_folder.iterdir()
    bench.drainer.drain(folder.name)
    assert len(bench.rows(folder.name)) == 2


@contextmanager
def broken() -> Iterator[Connection]:
    raise Unavailable("away")
    yield


def test_a_change_that_waits_is_waited_for_while_the_database_is_away(bench: Bench, session: str, gone: Gone) -> None:
    entry = bench.service.accept(session, "addRows", ADD, Asker())
    bench.drainer.drain(session)
    gone.is_away = True
    answers: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: answers.append(bench.service.wait(session, entry, 60)))
    waiting.start()
    with pytest.raises(TimedOut, match="it will be done"):
        bench.service.wait(session, entry, 0)
    gone.is_away = False
    waiting.join(30)
    assert [answer["success"] for answer in answers] == [True]


def test_a_deleted_dataset_is_not_waited_for(bench: Bench, session: str) -> None:
    entry = bench.service.accept(session, "addRows", ADD, Asker())
    bench.service.delete(session)
    with pytest.raises(SessionNotFound):
        bench.service.wait(session, entry, 30)
    assert not Path(bench.settings.datasets_folder / session).exists()
