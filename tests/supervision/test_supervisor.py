"""Starting, stopping, killing, and coming back: the whole server in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from support.server import LongshoreServer, still_running
from support.waiting import eventually

pytestmark = pytest.mark.processes

IDLE_LIMIT_MEBIBYTES = 550


def serve(storage: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``longshore serve`` where it is expected to give up by itself."""
    return subprocess.run(
        [sys.executable, "-m", "longshore", "serve", "--storage", str(storage), *options],
        env=os.environ | {"PORT": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_starts_answers_and_stops_without_leaving_a_process(server: LongshoreServer) -> None:
    answer = server.diagnose()
    assert answer.status_code == 200
    assert answer.json()["message"] == "ok"
    checks = {"database", "broker", "workers", "queues", "changes", "disk", "folders", "commands"}
    assert set(answer.json()["checks"]) == checks
    family = server.family()
    assert len(family) >= 7  # supervisor, broker, worker and two processes, web server and its parent
    assert server.stop() == 0
    assert still_running(family) == []
    assert server.log == ""  # nothing noisy


def test_it_idles_in_little_memory(server: LongshoreServer) -> None:
    family = server.family()
    times = [process.cpu_times() for process in family]
    busy = sum(time.user + time.system + time.children_user + time.children_system for time in times)
    sizes = [process.memory_full_info() for process in family]
    pss = sum(size.pss for size in sizes) / 2**20
    rss = sum(size.rss for size in sizes) / 2**20
    print(
        f"ready after {server.ready_after_seconds:.2f} s, of which {busy:.2f} s on processors;"
        f" idle PSS {pss:.0f} MiB, RSS {rss:.0f} MiB"
    )
    assert pss < IDLE_LIMIT_MEBIBYTES


def test_the_lock_names_the_owner(server: LongshoreServer) -> None:
    owner = json.loads((server.storage / "server.lock").read_text())
    assert (owner["pid"], owner["address"]) == (server.pid, server.url)


def test_a_second_server_on_the_storage_says_so(server: LongshoreServer) -> None:
    second = serve(server.storage)
    assert second.returncode == 1
    assert second.stderr == f"longshore: {server.storage} is already served by process {server.pid} at {server.url}\n"
    assert second.stdout == ""
    assert server.diagnose().status_code == 200


@pytest.mark.parametrize("part", ["web", "web process", "worker", "import worker", "task process", "broker"])
def test_a_killed_part_comes_back(server: LongshoreServer, part: str) -> None:
    before = server.parts()
    pid = server.kill(part)
    eventually(lambda: not psutil.pid_exists(pid), 10, "the end of the killed process")
    server.wait_until_well()
    after = eventually(lambda: len(server.parts()) == 4 and server.parts(), 10, "four parts")
    if part in before:
        assert after[part].pid != before[part].pid
        assert "starting it again" in server.log
    assert "Deprecat" not in server.log
    untouched = {"web", "worker", "import worker", "broker"} - {part}
    assert {name: after[name].pid for name in untouched} == {name: before[name].pid for name in untouched}


def test_parts_that_keep_dying_come_back_each_time(server: LongshoreServer) -> None:
    for _ in range(3):
        pid = server.kill("broker")
        eventually(lambda pid=pid: server.parts().get("broker") and server.parts()["broker"].pid != pid, 10)
        server.wait_until_well()


def test_no_part_outlives_a_killed_supervisor(server: LongshoreServer) -> None:
    family = server.family()
    server.signal(signal.SIGKILL)
    server.wait()
    eventually(lambda: not still_running(family), 10, "the end of all parts")
    server.end()
    server.start()  # at once, on the same storage
    server.wait_until_ready()
    assert server.diagnose().status_code == 200


def test_a_start_waits_for_the_orphans_of_a_killed_supervisor(server: LongshoreServer) -> None:
    server.signal(signal.SIGKILL)
    server.wait()
    server.end()
    server.start()
    server.wait_until_ready()
    assert server.stop() == 0


def test_ctrl_c_stops_everything(server: LongshoreServer) -> None:
    family = server.family()
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    assert server.wait() == 0
    assert still_running(family) == []


def test_a_closed_terminal_stops_everything(server: LongshoreServer) -> None:
    server.signal(signal.SIGHUP)
    assert server.wait() == 0


def test_nohup_is_respected(storage: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        server = LongshoreServer(storage)
        server.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    try:
        server.wait_until_ready()
        server.signal(signal.SIGHUP)
        assert server.diagnose().status_code == 200
        assert server.stop() == 0
    finally:
        server.end()


def test_a_second_ctrl_c_does_not_wait(server: LongshoreServer) -> None:
    family = server.family()
    server.parts()["web"].suspend()  # it cannot stop by itself
    began = time.monotonic()
    server.signal(signal.SIGINT)
    eventually(lambda: server.signal(signal.SIGINT) or server.process.poll() is not None, 5)
    assert time.monotonic() - began < 5
    assert server.wait() == 130
    assert still_running(family) == []


def test_a_stop_during_the_start_is_a_clean_one(storage: Path) -> None:
    server = LongshoreServer(storage)
    server.start()
    try:
        eventually(lambda: (storage / "broker").exists(), 10, "the start")
        assert server.stop() == 0
        assert server.read_line() == ""
    finally:
        server.end()


def test_a_port_in_use_ends_the_start(storage: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = serve(storage, "--port", str(port))
    assert result.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (storage / "broker").exists()


def test_the_broker_keeps_its_promises_about_privacy(server: LongshoreServer) -> None:
    folder = server.storage / "broker"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "valkey.sock").stat().st_mode & 0o777 == 0o700
    assert server.parts()["broker"].net_connections(kind="inet") == []


def test_a_deep_storage_folder_works_although_its_socket_path_is_too_long(tmp_path: Path) -> None:
    storage = tmp_path / ("deep " * 12).strip() / ("and %41 deeper " * 5).strip() / "storage"
    storage.parent.mkdir(parents=True)
    with LongshoreServer(storage) as server:
        elsewhere = Path((storage / "broker" / "address").read_text())
        assert elsewhere.parent.stat().st_mode & 0o777 == 0o700
        assert server.stop() == 0
    assert not elsewhere.parent.exists()


def test_an_odd_folder_name_works(tmp_path: Path) -> None:
    with LongshoreServer(tmp_path / "a b%20#ü?") as server:
        assert server.diagnose().status_code == 200


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PORT", "80000", "PORT='80000'"),
        ("PORT", "http", "PORT='http'"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL='LOUD'"),
        ("BIND_INTERFACE", "no such host", "BIND_INTERFACE='no such host'"),
        ("BIND_INTERFACE", "203.0.113.7", "BIND_INTERFACE='203.0.113.7'"),
        ("BROKER_URL", "mailto:x", "BROKER_URL cannot"),
        ("WORKER_CONCURRENCY", "0", "WORKER_CONCURRENCY='0'"),
    ],
)
def test_a_bad_setting_ends_the_start_with_a_sentence(storage: Path, variable: str, value: str, says: str) -> None:
    result = serve(storage, **{variable: value})
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_storage_path_that_is_a_file_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    result = serve(file)
    assert result.returncode == 2
    assert "ROOT_STORAGE_PATH" in result.stderr
    assert "Traceback" not in result.stderr
