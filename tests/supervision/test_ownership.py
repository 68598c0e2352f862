"""The parts of supervision one by one: lock, listener, back-off, lifeline."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.errors import SettingsError
from longshore.processes.redaction import hide_session_ids
from longshore.settings import Settings
from longshore.supervision.child_process import Backoff
from longshore.supervision.listener import PortTakenError, address_of, open_listener
from longshore.supervision.storage_lock import Owner, StorageLock, StorageTakenError, read_owner
from support.waiting import eventually

SESSION_ID = "0123456789abcdef0123456789abcd"


def ended_process() -> int:
    """The number of a process that is no more."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_the_lock_is_free_again_after_its_release(tmp_path: Path) -> None:
    with StorageLock(tmp_path):
        assert read_owner(tmp_path) == Owner(os.getpid())
    assert read_owner(tmp_path) is None
    StorageLock(tmp_path).release()


def test_a_living_owner_is_named_at_once(tmp_path: Path) -> None:
    with StorageLock(tmp_path) as lock:
        lock.name_owner(Owner(os.getpid(), "http://127.0.0.1:4711"))
        with pytest.raises(
            StorageTakenError, match=f"already served by process {os.getpid()} at http://127.0.0.1:4711"
        ):
            StorageLock(tmp_path)


def test_a_refused_server_changes_nothing(tmp_path: Path) -> None:
    with StorageLock(tmp_path) as lock:
        lock.name_owner(Owner(os.getpid(), "http://127.0.0.1:4711"))
        before = (tmp_path / "server.lock").read_bytes()
        with pytest.raises(StorageTakenError):
            StorageLock(tmp_path)
        assert (tmp_path / "server.lock").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["server.lock"]


def test_a_shorter_address_leaves_no_rest_of_a_longer_one(tmp_path: Path) -> None:
    with StorageLock(tmp_path) as lock:
        lock.name_owner(Owner(1234567, "http://a-rather-long-name:65535"))
        lock.name_owner(Owner(1, "http://b:1"))
        assert read_owner(tmp_path) == Owner(1, "http://b:1")


def test_orphans_of_a_dead_owner_are_waited_for_and_then_named(tmp_path: Path) -> None:
    dead = ended_process()
    calls = []
    with StorageLock(tmp_path) as lock:
        lock.name_owner(Owner(dead))
        with pytest.raises(StorageTakenError, match=f"processes that server {dead} left behind"):
            StorageLock(tmp_path, patience_seconds=0.2, on_orphans=lambda: calls.append("shut down"))
    assert calls == ["shut down"]


@pytest.mark.parametrize("where", ["", "0123456789abcdef"])
def test_an_owner_in_another_container_is_not_believed_dead(tmp_path: Path, where: str) -> None:
    """Its process number means nothing here, and what it started is not ended in its stead."""
    calls: list[str] = []
    with StorageLock(tmp_path) as lock:
        lock.name_owner(Owner(ended_process(), place=where))
        with pytest.raises(StorageTakenError, match="is already served by process"):
            StorageLock(tmp_path, patience_seconds=0.2, on_orphans=lambda: calls.append("shut down"))
    assert calls == []


def test_a_start_succeeds_once_the_orphans_end(tmp_path: Path) -> None:
    held = StorageLock(tmp_path)
    held.name_owner(Owner(ended_process()))
    StorageLock(tmp_path, on_orphans=held.release).release()


def test_a_taken_port_is_explained(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} of 127.0.0.1 is in use"):
            open_listener(settings.model_copy(update={"port": port}))


@pytest.mark.parametrize("address", ["no.such.host.invalid", "203.0.113.7", "x" * 300])
def test_an_unusable_address_is_explained(settings: Settings, address: str) -> None:
    with pytest.raises(SettingsError, match="BIND_INTERFACE="):
        open_listener(settings.model_copy(update={"port": 0, "bind_interface": address}))


@pytest.mark.parametrize(("bind", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_is_one_to_click_on(settings: Settings, bind: str, shown: str) -> None:
    try:
        listener = open_listener(settings.model_copy(update={"port": 0, "bind_interface": bind}))
    except SettingsError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert address_of(listener) == f"http://{shown}:{listener.getsockname()[1]}"


def test_restarts_back_off_to_half_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.after(1) for _ in range(10)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]


def test_a_steady_life_resets_the_back_off() -> None:
    backoff = Backoff()
    assert [backoff.after(lived) for lived in (1, 1, 31, 1)] == [0.2, 0.4, 0.2, 0.4]


def test_a_process_ends_when_its_lifeline_closes_where_the_kernel_does_not_help() -> None:
    ours, theirs = os.pipe()
    code = "import sys, time; from longshore.processes import parent_death; parent_death._libc = None\n"
    code += f"parent_death.exit_with_supervisor({ours}); print('tied', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code], pass_fds=[ours], start_new_session=True, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"tied\n"
        assert child.poll() is None
        os.close(theirs)
        eventually(lambda: child.poll() is not None, 10, "the end of the child")
    os.close(ours)


def test_a_process_whose_supervisor_died_before_it_began_ends_at_once() -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    code = f"from longshore.processes import parent_death; parent_death.exit_with_supervisor({ours}); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], pass_fds=[ours], start_new_session=True, capture_output=True)
    os.close(ours)
    assert done.returncode == -9
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"GET /{SESSION_ID}", "GET /012345…"),
        (f"'{SESSION_ID}' and {SESSION_ID}", "'012345…' and 012345…"),
        ("0" * 32, "0" * 32),  # another kind of number
        ("nothing here", "nothing here"),
    ],
)
def test_session_ids_are_cut_in_logs(text: str, hidden: str) -> None:
    assert hide_session_ids(text) == hidden
