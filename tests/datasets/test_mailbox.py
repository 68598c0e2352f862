"""The mailbox: order, exactly once, whatever dies in between."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from datasets.conftest import Bench
from longshore.datasets import mailbox, records
from longshore.datasets.models import datasets
from longshore.datasets.models import mailbox as mailbox_table
from longshore.datasets.reader import ReaderLost
from longshore.datasets.reconcile import Reconciler
from longshore.datasets.service import Asker
from longshore.errors import IllegalOperation, SessionNotFound, TimedOut
from longshore.processes.stop_signal import StopSignal
from longshore.state.leases import LEASE_SECONDS, RENEW_SECONDS, ExpiryDetector, Lease
from longshore.tables.reading import ReadOptions
from support.leases import Clock, dead_owner
from support.waiting import eventually

CSV = b"a,b\n1,x\n2,\n3,z\n"


def test_a_change_is_a_new_version_and_undo_and_redo_walk_between_them(bench: Bench) -> None:
    session = bench.upload(CSV)
    before = bench.rows(session)
    answer = bench.change(session, "renameColumn", column="a", newName="c")
    assert answer["success"]
    assert answer["version"] == 1
    assert bench.service.version(session).table.names == ["c", "b"]
    assert bench.change(session, "undo")["version"] == 0
    assert bench.service.version(session).table.names == ["a", "b"]
    assert bench.rows(session) == before
    assert bench.change(session, "redo")["version"] == 1
    assert bench.service.version(session).table.names == ["c", "b"]


def test_a_new_change_after_an_undo_drops_the_undone_branch(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.change(session, "deleteRows", rowIndices=[0])
    bench.change(session, "deleteRows", rowIndices=[0])
    bench.change(session, "undo")
    assert bench.change(session, "renameColumn", column="a", newName="c")["version"] == 3
    assert not bench.service.version(session).redo_available
    assert bench.change(session, "redo")["error"] == "IllegalOperation"
    assert [step["version"] for step in bench.service.history(session).to_wire()["steps"]] == [0, 1, 3]


def test_nothing_to_undo_is_an_error_that_changes_nothing(bench: Bench) -> None:
    session = bench.upload(CSV)
    answer = bench.change(session, "undo")
    assert (answer["success"], answer["error"]) == (False, "IllegalOperation")
    assert bench.service.version(session).number == 0


def test_the_answer_goes_to_the_asker_before_the_news_to_the_room(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.queue.sent.clear()
    bench.change(session, "renameColumn", "r1", column="a", newName="c")
    assert [(event, room) for event, _, room in bench.queue.sent] == [
        ("renameColumn", "asker"),
        ("dataChanged", session),
    ]
    assert bench.queue.events("dataChanged") == [
        {"sessionID": session, "requestID": "r1", "operation": "renameColumn", "version": 1}
    ]


def test_a_failed_change_tells_the_asker_only(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.queue.sent.clear()
    answer = bench.change(session, "renameColumn", column="nope", newName="c")
    assert answer["error"] == "ColumnNotFound"
    assert [event for event, _, _ in bench.queue.sent] == ["renameColumn"]
    assert "status" not in bench.queue.sent[0][1]


def test_an_unexpected_exception_becomes_an_internal_error_with_an_id_in_the_log(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = bench.upload(CSV)
    monkeypatch.setattr("longshore.datasets.drain.apply", lambda *_: 1 / 0)
    answer = bench.change(session, "renameColumn", column="a", newName="c")
    assert answer["error"] == "Internal"
    assert "ZeroDivision" not in str(answer)
    assert answer["eid"] in caplog.text
    assert session not in caplog.text


def test_many_threads_accepting_and_draining_lose_nothing_and_keep_the_order(bench: Bench) -> None:
    session = bench.upload(CSV)
    accepted: list[tuple[int, str]] = []
    lock = threading.Lock()

    def fire(thread: int) -> None:
        for number in range(15):
            value = f"{thread}-{number}"
            entry = bench.service.accept(
                session, "newCellValue", {"column": "b", "rowIndex": 0, "newValue": value}, Asker(value)
            )
            with lock:
                accepted.append((entry, value))
            bench.drainer.drain(session)

    threads = [threading.Thread(target=fire, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    steps = bench.service.history(session).to_wire()["steps"][1:]
    in_order = [value for _, value in sorted(accepted)]
    assert [step["parameters"]["newValue"] for step in steps] == in_order
    assert [step["version"] for step in steps] == list(range(1, 61))
    assert bench.rows(session)[0][1] == in_order[-1]


def test_a_dead_process_on_this_machine_loses_its_lease_at_once(bench: Bench) -> None:
    session = bench.upload(CSV)
    script = (
        "import sys\nfrom longshore.state.database import Database\nfrom longshore.datasets import mailbox\n"
        "assert mailbox.acquire(Database(sys.argv[1]), sys.argv[2])\nimport os; os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script, bench.settings.database, session], check=False)
    assert done.returncode == 9
    assert bench.change(session, "renameColumn", column="a", newName="c")["success"]


def test_a_living_writer_elsewhere_is_left_alone_until_its_lease_has_run_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.upload(CSV)
    hold(bench, session, ELSEWHERE)
    entry = bench.service.accept(session, "undo", {}, Asker())
    bench.drainer.drain(session)
    with pytest.raises(TimedOut):
        bench.service.wait(session, entry, 0.05)
    monkeypatch.setattr("longshore.datasets.reconcile.PATIENCE_SECONDS", -1)
    bench.enqueued.clear()
    reconciler, clock = watching(bench)
    for _ in range(int(LEASE_SECONDS) + 1):
        assert reconciler.break_leases() == []
        reconciler.requeue()
        clock.now += 1
    assert bench.enqueued == []
    assert reconciler.break_leases() == [session]
    reconciler.requeue()
    assert bench.enqueued == [session]
    bench.drainer.drain(session)
    assert bench.service.wait(session, entry, 1)["error"] == "IllegalOperation"


ELSEWHERE = "elsewhere/1/1/0123456789abcdef/abcd"


def watching(bench: Bench) -> tuple[Reconciler, Clock]:
    """A reconciler that watches leases by a clock of the test's."""
    reconciler, clock = Reconciler(bench.service, bench.queue), Clock()
    reconciler.watch = ExpiryDetector(clock=clock)
    return reconciler, clock


def hold(bench: Bench, session: str, owner: str | None) -> None:
    with bench.database.writing() as connection:
        connection.execute(datasets.update().where(datasets.c.id == session).values(lease_owner=owner, lease_beat=0))


def test_a_lease_that_is_renewed_is_not_broken(bench: Bench) -> None:
    session = bench.upload(CSV)
    writer = mailbox.acquire(bench.database, session)
    assert writer is not None
    reconciler, clock = watching(bench)
    for _ in range(3 * int(LEASE_SECONDS)):
        if clock.now % RENEW_SECONDS == 0:
            writer.renew()
        assert reconciler.break_leases() == []
        clock.now += 1
    with bench.database.writing() as connection:
        assert not mailbox.break_lease(connection, session, Lease(writer.owner, 0)), "seen before it was renewed"


def test_a_change_accepted_before_the_clock_was_set_back_is_not_left_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.upload(CSV)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 7200)
    bench.service.accept(session, "undo", {}, Asker())
    monkeypatch.setattr(time, "time", real)
    bench.enqueued.clear()
    Reconciler(bench.service, bench.queue).requeue()
    assert bench.enqueued == [session]


def test_an_answer_is_kept_although_the_clock_was_set_forward(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    bench.drainer.drain(session)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86400)
    Reconciler(bench.service, bench.queue).sweep()
    assert bench.service.wait(session, entry, 1)["success"]


def test_files_of_a_session_that_is_written_to_stay_however_old_they_look(bench: Bench) -> None:
    session = bench.upload(CSV)
    path = bench.service.folder(session) / "about to be committed.parquet"
    path.write_bytes(b"")
    hold(bench, session, ELSEWHERE)
    reconciler = Reconciler(bench.service, bench.queue)
    reconciler.collect(bench.service.folder(session), time.time() + 86400)
    assert path.exists()
    hold(bench, session, None)
    reconciler.collect(bench.service.folder(session), time.time() + 86400)
    assert not path.exists()


def test_a_writer_that_lost_its_lease_cannot_commit(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    writer = mailbox.acquire(bench.database, session)
    assert writer is not None
    entry = writer.begin_next()
    assert entry is not None
    hold(bench, session, ELSEWHERE)
    with pytest.raises(mailbox.LeaseLost):
        bench.drainer._change(writer, entry)
    assert bench.service.version(session).number == 0


def test_a_change_over_which_three_workers_died_is_given_up(bench: Bench) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    for _ in range(3):
        die_over_next(bench, session)
    bench.drainer.drain(session)
    assert counts(bench, entry) == (4, 3)
    answer = bench.service.wait(session, entry, 1)
    assert answer["error"] == "TooLarge"
    assert "3 workers died over this change" in answer["errorDescription"]


def begin_next(bench: Bench, session: str) -> mailbox.Writer:
    writer = mailbox.acquire(bench.database, session)
    assert writer is not None
    assert writer.begin_next() is not None
    return writer


def die_over_next(bench: Bench, session: str) -> None:
    """What a worker leaves that is killed in the middle of a session's next change."""
    writer, dead = begin_next(bench, session), dead_owner()
    with bench.database.writing() as connection:
        connection.execute(datasets.update().values(lease_owner=dead))
        connection.execute(mailbox_table.update().where(mailbox_table.c.begun_by == writer.owner).values(begun_by=dead))


def counts(bench: Bench, entry: int) -> tuple[int, int]:
    """Attempts and losses of an entry."""
    columns = (mailbox_table.c.attempts, mailbox_table.c.losses)
    with bench.database.reading() as connection:
        row = connection.execute(sa.select(*columns).where(mailbox_table.c.id == entry)).one()
    return row.attempts, row.losses


def test_a_holder_without_a_sign_of_life_is_a_loss_of_the_change_that_it_was_at(bench: Bench) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "undo", {}, Asker())
    waiting = bench.service.accept(session, "redo", {}, Asker())
    writer = begin_next(bench, session)
    with bench.database.writing() as connection:
        assert mailbox.break_lease(connection, session, Lease(writer.owner, 0))
    assert (counts(bench, entry), counts(bench, waiting)) == ((1, 1), (0, 0))


def test_a_writer_that_died_before_it_began_anything_is_no_loss(bench: Bench) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "undo", {}, Asker())
    begin_next(bench, session).give_back()
    hold(bench, session, dead_owner())
    begin_next(bench, session)
    assert counts(bench, entry) == (2, 0)


def test_a_worker_that_stops_gives_its_change_back_and_can_commit_nothing(bench: Bench) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    stop = StopSignal()
    stop.give()
    writer = mailbox.acquire(bench.database, session)
    assert writer is not None
    with mailbox.renewing(writer, stop, stop_seconds=0):
        begun = writer.begin_next()
        assert begun is not None
        eventually(lambda: not held(bench), 10, "the lease's return")
        with pytest.raises(mailbox.LeaseLost):
            bench.drainer._change(writer, begun)
    assert counts(bench, entry) == (1, 0)
    assert bench.service.version(session).number == 0


def held(bench: Bench) -> dict[str, Lease]:
    with bench.database.reading() as connection:
        return mailbox.held_leases(connection)


def test_nothing_is_begun_after_a_stop_was_given(bench: Bench) -> None:
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "undo", {}, Asker())
    stop = StopSignal()
    stopping = replace(bench.drainer, stop=stop)
    stop.give()
    stopping.drain(session)
    assert counts(bench, entry) == (0, 0)
    bench.drainer.drain(session)
    assert counts(bench, entry) == (1, 0)


def test_answers_wait_for_the_message_queue_and_go_out_when_it_is_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.upload(CSV)
    bench.queue.away = True
    assert bench.change(session, "renameColumn", "r1", column="a", newName="c")["success"]
    bench.queue.sent.clear()
    bench.queue.away = False
    monkeypatch.setattr("longshore.datasets.reconcile.PATIENCE_SECONDS", -1)
    reconciler = Reconciler(bench.service, bench.queue)
    reconciler.announce_again()
    assert [event for event, _, _ in bench.queue.sent] == ["renameColumn", "dataChanged"]
    reconciler.announce_again()
    assert len(bench.queue.sent) == 2, "announced once is enough"


def test_the_reconciler_wakes_a_worker_for_what_waits_without_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.upload(CSV)
    bench.service.accept(session, "undo", {}, Asker())
    bench.enqueued.clear()
    monkeypatch.setattr("longshore.datasets.reconcile.PATIENCE_SECONDS", -1)
    reconciler = Reconciler(bench.service, bench.queue)
    reconciler.requeue()
    reconciler.requeue()
    assert bench.enqueued == [session], "once, not at every look"


def test_a_broker_that_is_away_does_not_lose_an_accepted_change(bench: Bench) -> None:
    def fail(_: str) -> None:
        raise ConnectionError("no broker")

    session = bench.upload(CSV)
    bench.service._enqueue = fail
    entry = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    bench.drainer.drain(session)
    assert bench.service.wait(session, entry, 1)["success"]


def test_a_failed_import_leaves_no_file_and_no_session(bench: Bench) -> None:
    path = bench.settings.uploads_folder / "body"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 this is no parquet")
    from longshore.tables.reading import ReadOptions

    session, entry = bench.service.create(path, "x.parquet", ReadOptions(), Asker())
    bench.drainer.drain(session)
    answer = bench.service.wait(session, entry, 1)
    assert (answer["success"], answer["status"]) == (False, 422)
    assert list(bench.settings.datasets_folder.iterdir()) == []
    assert list(bench.settings.uploads_folder.iterdir()) == []
    with pytest.raises(SessionNotFound):
        bench.service.version(session)


def test_changes_sent_during_the_import_wait_for_it(bench: Bench) -> None:
    path = bench.settings.uploads_folder / "body"
    path.parent.mkdir(parents=True)
    path.write_bytes(CSV)
    from longshore.tables.reading import ReadOptions

    session, _ = bench.service.create(path, "t.csv", ReadOptions(), Asker())
    with pytest.raises(IllegalOperation, match="still being read"):
        bench.service.version(session)
    entry = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    bench.drainer.drain(session)
    assert bench.service.wait(session, entry, 1)["version"] == 1


def test_column_files_of_a_dropped_branch_are_collected_after_their_grace(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.upload(CSV)
    bench.change(session, "deleteRows", rowIndices=[0])
    folder = bench.service.folder(session)
    assert len(list(folder.iterdir())) == 2
    bench.change(session, "undo")
    bench.change(session, "renameColumn", column="a", newName="c")
    (folder / "leftover.partial").write_bytes(b"")
    reconciler = Reconciler(bench.service, bench.queue)
    reconciler.sweep()
    assert len(list(folder.iterdir())) == 3, "within their grace they stay"
    monkeypatch.setattr("longshore.datasets.reconcile.GRACE_SECONDS", -1)
    reconciler.sweep()
    assert {path.name for path in folder.iterdir()} == bench.service.version(session).table.files
    assert len(bench.rows(session)) == 3


def test_deleting_removes_rows_files_and_mailbox(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.change(session, "renameColumn", column="a", newName="c")
    bench.service.delete(session)
    assert not (bench.settings.datasets_folder / session).exists()
    with bench.database.reading() as connection:
        for table in (datasets, mailbox_table):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
    with pytest.raises(SessionNotFound):
        bench.service.delete(session)


def test_an_interrupted_worker_leaves_the_old_version_and_the_next_one_finishes(bench: Bench) -> None:
    """A process that dies between writing a column file and committing it."""
    session = bench.upload(CSV)
    entry = bench.service.accept(session, "deleteRows", {"rowIndices": [1]}, Asker("r"))
    script = Path(__file__).with_name("die_in_commit.py")
    done = subprocess.run(
        [sys.executable, str(script), str(bench.settings.root_storage_path), session], check=False, timeout=60
    )
    assert done.returncode == 9
    assert bench.service.version(session).number == 0
    assert len(list(bench.service.folder(session).iterdir())) == 2, "it died after writing, before committing"
    bench.drainer.drain(session)
    assert bench.service.wait(session, entry, 1)["version"] == 1
    assert [row[0] for row in bench.rows(session)] == [1, 3]
    assert len(bench.service.history(session).to_wire()["steps"]) == 2


def test_session_ids_are_30_hexadecimal_characters_and_nothing_else_becomes_a_path() -> None:
    made = {records.new_session_id() for _ in range(100)}
    assert len(made) == 100
    assert all(records.is_session_id(one) for one in made)
    for odd in ("../" * 10, "A" * 30, "a" * 29, "a" * 31, "", None, 5, "g" * 30, "a" * 29 + "\n", "٣" * 30):
        assert not records.is_session_id(odd)


def test_a_worker_of_changes_leaves_an_import_to_others_and_tells_them(bench: Bench) -> None:
    session, entry = new_import(bench)
    told: list[str] = []
    replace(bench.drainer, imports=False, pass_on=told.append).drain(session)
    assert told == [session]
    with pytest.raises(TimedOut):
        bench.service.wait(session, entry, 0.05)
    replace(bench.drainer, imports=True, pass_on=told.append).drain(session)
    assert bench.service.wait(session, entry, 1)["success"]
    assert told == [session], "nothing waits after it"


def test_a_worker_of_imports_passes_on_the_changes_that_came_meanwhile(bench: Bench) -> None:
    session, _ = new_import(bench)
    change = bench.service.accept(session, "renameColumn", {"column": "a", "newName": "c"}, Asker())
    told: list[str] = []
    replace(bench.drainer, imports=True, pass_on=told.append).drain(session)
    assert told == [session]
    with pytest.raises(TimedOut):
        bench.service.wait(session, change, 0.05)
    replace(bench.drainer, imports=False, pass_on=told.append).drain(session)
    assert bench.service.wait(session, change, 1)["success"]


def test_an_import_whose_reader_is_killed_again_and_again_is_given_up(bench: Bench) -> None:
    class Killed:
        """A reader that never comes to an end."""

        def __init__(self) -> None:
            self.asked = 0

        def run(self, request: dict[str, Any], **_: Any) -> dict[str, Any]:
            self.asked += 1
            assert [path.name for path in Path(request["folder"]).iterdir()] == ["source"]
            (Path(request["folder"]) / "left.parquet").write_bytes(b"")
            raise ReaderLost("killed")

    session, entry = new_import(bench)
    reader = Killed()
    replace(bench.drainer, reader=reader).drain(session)
    answer = bench.service.wait(session, entry, 1)
    assert (answer["success"], answer["error"], reader.asked) == (False, "TooLarge", mailbox.MAX_LOSSES)
    assert not (bench.settings.datasets_folder / session).exists()


def new_import(bench: Bench) -> tuple[str, int]:
    """A file that was accepted, and waits to be read."""
    path = bench.settings.uploads_folder / "body"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CSV)
    return bench.service.create(path, "t.csv", ReadOptions(), Asker())
