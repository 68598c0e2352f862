"""The database: its schema, its one policy for threads and processes, its errors."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import longshore.datasets.models
import longshore.delivery.models
import longshore.jobs.models
import longshore.state.schedule_table
from longshore.datasets.models import datasets
from longshore.errors import SettingsError, Unavailable
from longshore.settings import Settings
from longshore.state.database import Database, PackedJSON, metadata, migrate

assert longshore.datasets.models is not None  # their tables register on import
assert longshore.delivery.models is not None
assert longshore.jobs.models is not None
assert longshore.state.schedule_table is not None


@pytest.fixture
def database(settings: Settings) -> Database:
    migrate(settings)
    made = Database(settings.database)
    yield made
    made.close()


def test_the_migrations_lead_to_the_models(database: Database) -> None:
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _same_storage})
        assert compare_metadata(context, metadata) == []


def _same_storage(
    _context: object, _inspected: object, _column: object, found: object, declared: object
) -> bool | None:
    return False if isinstance(declared, PackedJSON) and isinstance(found, sa.LargeBinary | sa.BLOB) else None


def test_migrating_twice_changes_nothing(settings: Settings) -> None:
    migrate(settings)
    migrate(settings)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (["CREATE TABLE customers (id INTEGER)"], "tables of another application .customers."),
        (["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0003')"], "Alembic"),
        (["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('a1b2')"], "a1b2"),
    ],
)
def test_a_database_of_another_application_is_left_alone(settings: Settings, made: list[str], reason: str) -> None:
    database = Database(settings.database)
    with database.writing() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        before = sorted(sa.inspect(connection).get_table_names())
    with pytest.raises(SettingsError, match=f"DATABASE_URL=.*{reason}.*a database of its own"):
        migrate(settings)
    with database.reading() as connection:
        assert sorted(sa.inspect(connection).get_table_names()) == before
    database.close()


def test_the_schema_of_a_newer_version_is_left_alone(database: Database, settings: Settings) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match=r"9999.*newer"):
        migrate(settings)


def values(name: str) -> dict[str, object]:
    return {
        "id": name, "name": "n", "state": "ready", "created": 0.0, "source_bytes": 0, "position": 0, "next_number": 0,
    }  # fmt: skip


def test_a_read_first_write_later_transaction_does_not_fail_when_another_commits_in_between(
    database: Database,
) -> None:
    """The trap of deferred transactions: SQLITE_BUSY_SNAPSHOT, at once and whatever the time-out."""
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with database.writing() as connection:
            connection.execute(sa.select(datasets)).all()
            inside.set()
            assert go_on.wait(5)
            connection.execute(datasets.insert().values(**values("slow")))

    def quick() -> None:
        assert inside.wait(5)
        go_on.set()
        with database.writing() as connection:
            connection.execute(datasets.insert().values(**values("quick")))

    threads = [threading.Thread(target=work) for work in (slow, quick)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert set(connection.execute(sa.select(datasets.c.id)).scalars()) == {"slow", "quick"}


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as connection:
            connection.execute(datasets.insert().values(**values("x")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(datasets)).scalar_one() == 0


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    away = Database(f"sqlite:///{tmp_path / 'folder.db'}")
    with pytest.raises(Unavailable), away.reading():
        pass
    away.close()


def test_packed_json_comes_back_as_it_went(database: Database) -> None:
    packed = PackedJSON()
    value = {"columns": [["ü", 1, None, True, 1.5]] * 1000}
    stored = packed.process_bind_param(value, database.engine.dialect)
    assert stored is not None
    assert len(stored) < 1000
    assert packed.process_result_value(stored, database.engine.dialect) == value


@pytest.mark.parametrize("driver", ["asyncpg", "nosuch"])
def test_a_database_whose_library_is_missing_is_told_with_what_to_install(driver: str, tmp_path: Path) -> None:
    url = f"postgresql+{driver}://ada:secret@127.0.0.1:1/x"
    settings = Settings.from_environment(root_storage_path=tmp_path / "storage", database_url=url)
    with pytest.raises(SettingsError, match=r"DATABASE_URL=.*pip install 'longshore\[postgresql\]'") as caught:
        migrate(settings)
    assert "secret" not in str(caught.value)
