"""Who holds a lease, and how it is told that the holder is gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from longshore.state import leases
from longshore.state.leases import LEASE_SECONDS, MAX_LOOK_SECONDS, ExpiryDetector, Lease, end_stuck, is_dead, new_owner
from support.leases import Clock, dead_owner

FAR = "another-machine/1/2/0123456789abcdef/3"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="PID namespaces are Linux's")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_lease_runs_out_when_it_was_watched_unchanged_for_as_long_as_it_lasts(clock: Clock) -> None:
    watch = ExpiryDetector(clock=clock)
    assert not watch.has_run_out("a", Lease(FAR, 5))
    assert not clock.watch(watch, "a", Lease(FAR, 5), LEASE_SECONDS)
    assert clock.watch(watch, "a", Lease(FAR, 5), 1)


def test_a_sign_of_life_begins_the_time_anew(clock: Clock) -> None:
    watch = ExpiryDetector(clock=clock)
    clock.watch(watch, "a", Lease(FAR, 5), LEASE_SECONDS)
    assert not clock.watch(watch, "a", Lease(FAR, 6), LEASE_SECONDS)


def test_a_watcher_that_stood_still_has_not_watched(clock: Clock) -> None:
    watch = ExpiryDetector(clock=clock)
    watch.has_run_out("a", Lease(FAR, 5))
    clock.now += 3600
    assert not watch.has_run_out("a", Lease(FAR, 5))
    assert not clock.watch(watch, "a", Lease(FAR, 5), LEASE_SECONDS - MAX_LOOK_SECONDS - 1)


def test_a_row_that_is_not_kept_is_forgotten(clock: Clock) -> None:
    watch = ExpiryDetector(clock=clock)
    clock.watch(watch, "a", Lease(FAR, 5), LEASE_SECONDS)
    watch.keep([])
    assert not clock.watch(watch, "a", Lease(FAR, 5), 2)


def test_a_process_that_ran_here_and_is_gone_is_known_at_once(clock: Clock) -> None:
    watch = ExpiryDetector(clock=clock)
    assert not watch.is_lost("a", Lease(new_owner(), 0))
    assert watch.is_lost("b", Lease(dead_owner(), 0))
    assert not watch.is_lost("c", None)


def test_a_process_number_that_another_process_has_now_is_dead() -> None:
    host, pid, _, where, random = new_owner().rsplit("/", 4)
    assert is_dead(f"{host}/{pid}/1/{where}/{random}")


@pytest.mark.parametrize(
    "owner",
    [
        "{host}/4194305/1/{random}",  # as older versions wrote it: nobody knows where that ran
        "{host}/4194305/1//{random}",
        "{host}/4194305/1/0123456789abcdef/{random}",  # this host's name, and another boot or namespace
        "{host}/x/1/{where}/{random}",
        "nonsense",
        "",
    ],
)
def test_what_cannot_be_known_is_not_dead(owner: str) -> None:
    host, _, _, where, random = new_owner().rsplit("/", 4)
    assert not is_dead(owner.format(host=host, where=where, random=random))


@linux_only
def test_a_process_is_not_judged_where_proc_shows_another_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dead_owner()
    (tmp_path / "self").symlink_to(str(os.getpid() + 1))
    monkeypatch.setattr(leases, "_PROC", tmp_path)
    assert leases.place() == ""
    assert not is_dead(dead)


@linux_only
def test_a_process_in_another_pid_namespace_is_not_believed_dead() -> None:
    unshare = shutil.which("unshare")
    apart = [str(unshare), "--pid", "--fork", "--mount-proc"]
    if unshare is None or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this user may not make a PID namespace")
    program = (
        "import sys; from longshore.state.leases import is_dead, new_owner; print(is_dead(sys.argv[1]), new_owner())"
    )
    done = subprocess.run(
        [*apart, sys.executable, "-c", program, new_owner()], check=True, capture_output=True, text=True
    )
    judged, its_name = done.stdout.split()
    assert judged == "False"
    assert not is_dead(its_name)


def test_a_name_fits_its_column() -> None:
    assert len(new_owner()) - len(leases._HOST) + 64 <= 120


def test_a_holder_that_stands_still_is_killed_and_nobody_else() -> None:
    program = (
        "import time; from longshore.state.leases import new_owner; print(new_owner(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        process.send_signal(signal.SIGSTOP)
        host, pid, birth, where, rest = owner.rsplit("/", 4)
        others = [
            f"{host}/{pid}/1/{where}/{rest}",  # the number was used again
            f"{host}/{pid}/{birth}/elsewhere/{rest}",
            f"{host}/{pid}",
            new_owner(),  # this process itself
        ]
        assert [end_stuck(each) for each in others] == [False] * 4
        assert process.poll() is None
        assert end_stuck(owner)
        assert process.wait(30) == -signal.SIGKILL
    assert not end_stuck(owner)
