"""Whether accepted changes get on, watched on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from longshore.datasets import mailbox, records
from longshore.datasets.models import datasets
from longshore.datasets.models import mailbox as entries
from longshore.monitoring.health import CheckError, check_changes
from longshore.monitoring.progress import STILL_SECONDS, ProgressWatch
from longshore.settings import Settings
from longshore.state.database import Database
from support.databases import prepare


class World:
    """A database with sessions in which something waits, and a clock."""

    def __init__(self, settings: Settings) -> None:
        prepare(settings)
        self.settings = settings
        self.database = Database(settings.database)
        self.now = 1000.0
        self.watch = ProgressWatch(self.database, lambda: self.now)

    def put(self, session_id: str) -> int:
        with self.database.writing() as connection:
            known = connection.execute(sa.select(datasets.c.id).where(datasets.c.id == session_id)).first()
            if known is None:
                records.create_dataset(connection, session_id, "t", 0)
            return mailbox.put(connection, session_id, "fillEmpty", {})

    def hold(self, session_id: str, beat: int) -> None:
        self._update(session_id, lease_owner="somebody", lease_beat=beat)

    def let_go(self, session_id: str) -> None:
        self._update(session_id, lease_owner=None, lease_beat=None)

    def _update(self, session_id: str, **values: object) -> None:
        with self.database.writing() as connection:
            connection.execute(datasets.update().where(datasets.c.id == session_id).values(**values))

    def settle(self, entry: int) -> None:
        with self.database.writing() as connection:
            connection.execute(entries.update().where(entries.c.id == entry).values(settled=1.0, answer={}))

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.watch.look()


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    world = World(settings)
    yield world
    world.database.close()


def test_nothing_waits(world: World) -> None:
    world.pass_time(100)
    assert world.watch.still_seconds() == 0
    assert check_changes(world.watch, world.settings) == "get on"


def test_a_change_that_no_worker_begins_is_told(world: World) -> None:
    world.put("a" * 30)
    world.pass_time(STILL_SECONDS - 1)
    assert world.watch.still_seconds() == 0
    world.pass_time(5)
    assert world.watch.still_seconds() >= STILL_SECONDS
    with pytest.raises(CheckError, match="no worker gets on with it"):
        check_changes(world.watch, world.settings)


def test_a_worker_that_gives_no_sign_of_life_is_told(world: World) -> None:
    world.put("a" * 30)
    world.hold("a" * 30, 3)
    world.pass_time(STILL_SECONDS + 5)
    assert world.watch.still_seconds() >= STILL_SECONDS


def test_a_long_change_with_signs_of_life_gets_on(world: World) -> None:
    world.put("a" * 30)
    for beat in range(20):
        world.hold("a" * 30, beat)
        world.pass_time(5)
        assert world.watch.still_seconds() == 0


def test_a_change_behind_busy_workers_gets_on(world: World) -> None:
    world.put("a" * 30)
    world.put("b" * 30)
    for beat in range(10):
        world.hold("a" * 30, beat)
        world.pass_time(5)
        assert world.watch.still_seconds() == 0


def test_changes_that_are_settled_one_after_the_other_get_on(world: World) -> None:
    waiting = [world.put("a" * 30) for _ in range(5)]
    for entry in waiting:
        world.pass_time(STILL_SECONDS - 2)
        world.settle(entry)
    world.pass_time(2)
    assert world.watch.still_seconds() == 0


def test_one_that_stands_still_is_told_though_others_get_on(world: World) -> None:
    world.put("a" * 30)
    world.hold("a" * 30, 1)
    world.put("b" * 30)
    for beat in range(6):
        world.hold("b" * 30, beat)
        world.pass_time(5)
    assert world.watch.still_seconds() >= STILL_SECONDS
    world.let_go("a" * 30)  # as the reconciler does
    world.pass_time(1)
    assert world.watch.still_seconds() == 0
