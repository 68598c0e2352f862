"""Datasets that nobody changed for long go away, unless somebody is there or something waits."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from datasets.conftest import Bench
from longshore.datasets import records
from longshore.datasets.models import datasets, steps
from longshore.datasets.reconcile import Reconciler
from longshore.datasets.retention import remove_unchanged
from longshore.datasets.service import Asker
from longshore.errors import SessionNotFound
from longshore.state.leases import LEASE_SECONDS, ExpiryDetector, new_owner
from support.leases import Clock, dead_owner

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
        connection.execute(datasets.update().values(changed=None, created=1.0))
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
    owner, dead = new_owner(), dead_owner()
    with bench.database.writing() as connection:
        records.associate(connection, "socket", session, owner)
    assert sweep(bench, 2 * DAY) == 0
    with bench.database.writing() as connection:
        records.forget_server(connection, owner)
        records.associate(connection, "socket", session, dead)
    Reconciler(bench.service, bench.queue).look_after_servers()
    with bench.database.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sockets")).scalar_one() == 0
    assert sweep(bench, 2 * DAY) == 1


def test_sockets_of_a_server_elsewhere_are_dropped_when_it_gives_no_sign_of_life(bench: Bench) -> None:
    session = bench.upload(CSV)
    here = Reconciler(bench.service, bench.queue, new_owner())
    clock = Clock()
    here.server_watch = ExpiryDetector(clock=clock)
    with bench.database.writing() as connection:
        for name in ("alive/1/1/0123456789abcdef/a", "gone/1/1/0123456789abcdef/b"):
            records.associate(connection, f"socket of {name}", session, name)
            records.beat_server(connection, name)
    for _ in range(int(LEASE_SECONDS) + 2):
        here.look_after_servers()
        clock.now += 1
        with bench.database.writing() as connection:
            records.beat_server(connection, "alive/1/1/0123456789abcdef/a")
    with bench.database.reading() as connection:
        assert set(records.server_leases(connection)) == {"alive/1/1/0123456789abcdef/a", here.server}
        assert records.presence(connection, session).here == 1


def test_one_that_is_being_written_stays(bench: Bench) -> None:
    bench.upload(CSV)
    with bench.database.writing() as connection:
        connection.execute(datasets.update().values(lease_owner=new_owner(), changed=1.0, created=1.0))
        connection.execute(steps.update().values(created=1.0))
    assert sweep(bench, 2 * DAY) == 0
