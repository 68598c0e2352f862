"""Answers leave the outbox although nobody has a socket open."""

from __future__ import annotations

import sqlite3

import pytest

from longshore.client import Client
from support.server import LongshoreServer
from support.waiting import eventually

pytestmark = pytest.mark.processes


def test_answers_do_not_wait_for_a_first_browser(server: LongshoreServer) -> None:
    with Client(server.url) as client:
        dataset = client.upload(b"a,b\n1,2\n", name="t.csv")
        dataset.rename_column(column="a", new_name="c")

    def announced() -> bool:
        with sqlite3.connect(server.storage / "longshore.db") as database:
            rows = database.execute("SELECT announced FROM mailbox").fetchall()
        database.close()
        return rows == [(1,), (1,)]

    eventually(announced, 10, "both answers")
    assert "WARNING" not in server.log
