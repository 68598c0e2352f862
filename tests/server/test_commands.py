"""executeCommand through a whole server: off by default, shut in when it is on."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.client import Client
from longshore.errors import Disabled, InvalidValue
from support.server import LongshoreServer

pytestmark = pytest.mark.processes

TABLE = b"a,b\n1,x\n2,y\n3,z\n"


def test_it_is_off_and_says_which_setting_turns_it_on(storage: Path) -> None:
    with LongshoreServer(storage) as server, Client(server.url) as client:
        dataset = client.upload(TABLE, name="t.csv")
        with pytest.raises(Disabled, match="EXECUTE_COMMANDS"):
            dataset.execute_command(command="df['a'] = 0")
        assert server.diagnose().json()["checks"]["commands"]["detail"] == "off"


def test_it_runs_behind_walls(storage: Path) -> None:
    with LongshoreServer(storage, EXECUTE_COMMANDS="true") as server, Client(server.url) as client:
        dataset = client.upload(TABLE, name="t.csv")
        answer = dataset.execute_command(command="df['c'] = df['a'] * 2\ndf = df[df['a'] > 1]\nprint('seen', len(df))")
        assert answer["printed"] == "seen 2\n"
        assert dataset.rows() == [{"a": 2, "b": "y", "c": 4}, {"a": 3, "b": "z", "c": 6}]
        secret = storage / "longshore.db"
        with pytest.raises(InvalidValue, match="line 1"):
            dataset.execute_command(command=f"df['c'] = len(open({str(secret)!r}, 'rb').read())")
        with pytest.raises(InvalidValue):
            dataset.execute_command(command="import socket; socket.create_connection(('127.0.0.1', 80))")
        dataset.undo()
        assert dataset.metadata()["dataSize"] == {"rows": 3, "columns": 2}
        assert "EXECUTE_COMMANDS is on" in server.log
        assert server.diagnose().json()["checks"]["commands"]["ok"]
