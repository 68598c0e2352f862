"""Datasets that nobody changed for long go away, unless somebody is there or something waits."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from datasets.conftest import Bench
from longshore.datasets import records
from longshore.datasets.models import datasets, steps
from longshore.datasets.retention import remove_unchanged
from longshore.datasets.service import Asker
from longshore.errors import SessionNotFound
from longshore.leases import new_owner

CSV = b"a\n1\n2\n"
DAY = 86400.0


def sweep(bench: Bench, later: float) -> int:
    """What a sweep does so many seconds from now, with a time to live of a day."""
    return remove_unchanged(bench.database, bench.settings.datasets_folder, DAY, time.time() + later)


def test_an_unchanged_dataset_goes_with_its_files(bench: Bench) -> None:
    session = bench.upload(CSV)
    assert sweep(bench, DAY - 60) == 0
    assert sweep(bench, DAY + 60) == 1
    assert not (bench.settings.datasets_folder / session).exists()
    with pytest.raises(SessionNotFound):
        bench.service.describe(session)
    assert sweep(bench, DAY + 60) == 0


def test_undoing_is_a_change_too(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.change(session, "renameColumn", column="a", newName="b")
    with bench.database.writing() as connection:
        connection.execute(datasets.update().values(created=1.0))
        connection.execute(steps.update().values(created=1.0))
    bench.change(session, "undo")
    assert sweep(bench, DAY - 60) == 0
    assert sweep(bench, DAY + 60) == 1


def test_one_without_a_lease_on_record_counts_from_its_newest_step(bench: Bench) -> None:
    bench.upload(CSV)
    with bench.database.writing() as connection:
        connection.execute(datasets.update().values(lease_until=None, created=1.0))
    assert sweep(bench, DAY - 60) == 0
    assert sweep(bench, DAY + 60) == 1


def test_a_change_that_waits_keeps_it(bench: Bench) -> None:
    session = bench.upload(CSV)
    bench.service.accept(session, "renameColumn", {"column": "a", "newName": "b"}, Asker())
    assert sweep(bench, 2 * DAY) == 0
    bench.drainer.drain(session)
    assert sweep(bench, 2 * DAY) == 1


def test_somebody_who_is_connected_keeps_it_unless_their_server_was_killed(bench: Bench) -> None:
    session = bench.upload(CSV)
    owner = new_owner()
    with bench.database.writing() as connection:
        records.associate(connection, "socket", session, owner)
    assert sweep(bench, 2 * DAY) == 0
    host, pid, _, rest = owner.rsplit("/", 3)
    with bench.database.writing() as connection:
        records.forget_server(connection, owner)
        records.associate(connection, "socket", session, f"{host}/{pid}/1/{rest}")
        records.forget_dead_servers(connection)
        assert connection.execute(sa.text("SELECT count(*) FROM sockets")).scalar_one() == 0
    assert sweep(bench, 2 * DAY) == 1


def test_one_that_is_being_written_stays(bench: Bench) -> None:
    bench.upload(CSV)
    with bench.database.writing() as connection:
        connection.execute(datasets.update().values(lease_owner=new_owner(), lease_until=1.0, created=1.0))
        connection.execute(steps.update().values(created=1.0))
    assert sweep(bench, 2 * DAY) == 0


def test_a_lease_that_was_given_back_is_nobodys(bench: Bench) -> None:
    from longshore.datasets import mailbox

    bench.upload(CSV)
    with bench.database.writing() as connection:
        # The clock of the machine that wrote it may be ahead.
        connection.execute(datasets.update().values(lease_owner=None, lease_until=time.time() + 3600))
        assert mailbox.held_sessions(connection) == []
