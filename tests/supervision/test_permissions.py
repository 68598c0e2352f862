"""Other users of the machine do not get at what the server keeps, unless its deployer says so."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from longshore.errors import SettingsError
from longshore.settings import Settings
from longshore.supervision.permissions import make_chosen_folders, warn_of_open_folders
from support.jobs import JobsAPI
from support.server import LongshoreServer

HANDLER = """
from pathlib import Path
from longshore import job

@job("writes")
def writes(path: str) -> str:
    \"\"\"Writes a file.\"\"\"
    Path(path).write_text("x")
    return Path("/proc/self/status").read_text()
"""


def modes(folder: Path) -> dict[str, int]:
    """The rights of all but the owner on every file and folder below one."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() or path.is_dir():
            found[str(path.relative_to(folder))] = stat.S_IMODE(path.stat().st_mode) & 0o077
    return found


def masks(server: LongshoreServer) -> set[str]:
    """The umask of each process of a server."""
    assert server.process is not None
    supervisor = psutil.Process(server.process.pid)
    every = [supervisor, *supervisor.children(recursive=True)]
    assert len(every) > 5
    lines = [line for each in every for line in Path(f"/proc/{each.pid}/status").read_text().splitlines()]
    return {line.split()[1] for line in lines if line.startswith("Umask")}


def use(server: LongshoreServer, written: Path) -> None:
    """Have it write all that it writes; a job writes ``written``."""
    url = server.url
    for answer in (
        httpx.post(f"{url}/upload", files={"file": ("t.csv", b"a,b\n1,2\n")}, timeout=60),
        httpx.put(f"{url}/kv/a", content=b"x" * 100_000),
        httpx.post(f"{url}/store/films", json={"a": 1}),
        httpx.put(f"{url}/fs/deep/file.bin", content=b"x"),
        httpx.post(f"{url}/some/part", files={"file": ("t.txt", b"x")}),
        httpx.post(f"{url}/file?name=offered.txt&one_time=false"),
    ):
        assert answer.status_code < 300, answer.text
    api = JobsAPI(server)
    assert "Umask" in api.wait(api.submit("writes", path=str(written)))["data"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in a place that everyone may enter, with files on offer; under the usual umask."""
    before = os.umask(0o022)
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "own.py").write_text(HANDLER)
    (tmp_path / "storage").mkdir(mode=0o755)
    (tmp_path / "offered").mkdir()
    (tmp_path / "offered" / "offered.txt").write_text("x")
    yield tmp_path
    os.umask(before)


def server_in(folder: Path, **environment: str) -> LongshoreServer:
    return LongshoreServer(
        folder / "storage",
        HANDLERS_DIR=str(folder / "handlers"), FILES_ROOT=str(folder / "offered"), **environment,
    )  # fmt: skip


@pytest.mark.processes
def test_nothing_that_the_server_writes_is_for_others(folder: Path) -> None:
    with server_in(folder) as server:
        use(server, folder / "storage" / "by-a-job")
        assert masks(server) == {"0077"}
        log = server.log
    found = modes(folder / "storage")
    assert {"longshore.db", "fs/deep/file.bin", "some", "by-a-job"} & found.keys() >= {"longshore.db", "by-a-job"}
    assert {path for path, mode in found.items() if mode} == set()
    assert log.count("is open to other users of this machine") == 1
    assert f"chmod -R g-rwx,o-rwx {folder / 'storage'}" in log
    assert stat.S_IMODE((folder / "storage").stat().st_mode) == 0o755


@pytest.mark.processes
def test_a_group_may_read_what_a_front_server_sends(folder: Path) -> None:
    (folder / "storage").chmod(0o2750)
    with server_in(folder, UMASK="027") as server:
        use(server, folder / "storage" / "by-a-job")
        assert masks(server) == {"0027"}
        assert "is open to other users" not in server.log
    found = modes(folder / "storage")
    assert {mode & 0o007 for mode in found.values()} == {0}
    sent = {path: mode for path, mode in found.items() if path.split("/")[0] in ("fs", "partitions", "cache")}
    readable = {path for path, mode in sent.items() if mode & 0o040}
    assert {"fs/deep/file.bin", "partitions/some/part/t.txt"} <= readable
    assert sum(path.startswith("cache/links/") for path in readable) == 2  # the link's file and its folder


@pytest.mark.parametrize(
    ("mode", "umask", "said"),
    [
        (0o700, "077", None),
        (0o750, "027", None),
        (0o755, "022", None),
        (0o755, "077", "chmod -R g-rwx,o-rwx"),
        (0o750, "077", "chmod -R g-rwx,o-rwx"),
        (0o755, "027", "chmod -R g-w,o-rwx"),
    ],
)
def test_a_folder_that_lets_others_in_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, umask: str, said: str | None
) -> None:
    for name in ("storage", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    settings = Settings.from_environment(
        root_storage_path=tmp_path / "storage", upload_folder=tmp_path / "elsewhere",
        kvstore_root=tmp_path / "not there yet", umask=umask,
    )  # fmt: skip
    warn_of_open_folders(settings)
    assert [said in record.getMessage() for record in caplog.records if said] == ([True, True] if said else [])
    assert len(caplog.records) == (2 if said else 0)


@pytest.mark.parametrize("umask", ["", "7", "700", "0777", "008", "off", "0o77", "00077"])
def test_a_mask_that_is_none_stops_the_start(umask: str) -> None:
    with pytest.raises(SettingsError, match="UMASK="):
        Settings.from_environment(umask=umask)


@pytest.mark.parametrize(
    "name", ["cache_root", "files_root", "upload_folder", "fstore_root", "storage_root", "kvstore_root"]
)
def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings.from_environment(root_storage_path=tmp_path, **{name: tmp_path / "file" / "below"})
    with pytest.raises(SettingsError, match=f"{name.upper()}='.*below' cannot be used: Not a directory"):
        make_chosen_folders(settings)


@pytest.mark.parametrize("command", ["serve", "web", "worker"])
def test_whatever_is_started_says_it_without_a_traceback(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = subprocess.run(
        [sys.executable, "-m", "longshore", command, "--storage", tmp_path / "storage"],
        env=os.environ | {"CACHE_ROOT": str(tmp_path / "file" / "below"), "PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("longshore: CACHE_ROOT=")
    assert ended.stderr.count("\n") == 1


def test_a_folder_of_handlers_that_is_none_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_chosen_folders(Settings.from_environment(root_storage_path=tmp_path))
    assert not caplog.messages
    make_chosen_folders(Settings.from_environment(root_storage_path=tmp_path, handlers_dir=tmp_path / "away"))
    assert caplog.messages == [f"HANDLERS_DIR='{tmp_path / 'away'}' is no folder, so no handlers are loaded"]
