"""What stands between a user's command and the machine: namespaces, a root folder of its own, Landlock, limits.

Runs in a fresh interpreter with one thread, before anything of the user's is read. Every function does one thing
to this process that cannot be taken back. Sources: the manual pages unshare(2), mount_namespaces(7),
pivot_root(2) (its "." trick), landlock(7), capabilities(7).
"""

import ctypes
import errno
import os
import platform
import resource
import select
import signal
import struct
from collections.abc import Sequence
from pathlib import Path

NOBODY = 65534
"""The user that a command runs as where the server runs as root."""

# A folder that every Linux has and no library stands in; only this process's own view of it changes.
ROOT = "/sys"
WORK = "/command"
WORK_BYTES = 64 * 2**20
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

_NEW_USER, _NEW_PID = 0x10000000, 0x20000000
_APART = 0x00020000 | 0x40000000 | _NEW_PID | 0x08000000 | 0x04000000  # mounts, network, processes, IPC, host name
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 32, 4096
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 16384, 1 << 18, 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_MOUNT_SETATTR, _CAPSET = 442, {"x86_64": 126, "aarch64": 91}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    """:raises OSError: when the C function says so."""
    result: int = getattr(_libc, name)(*arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def _syscall(number: int, *arguments: object) -> int:
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return _call("syscall", ctypes.c_long(number), *wide)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    _call("mount", texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])


def enter_namespaces() -> bool:
    """Leave the machine's network, processes and mounts; the next fork is process 1 of the new ones.

    As root without further ado; otherwise by way of a user namespace, where the system lets users have them.
    :return: whether this is in a new user namespace.
    :raises OSError: where it is refused.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        _call("unshare", _APART)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
    else:
        return False
    _call("unshare", _APART | _NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    return True


def enter_own_root(libraries: Sequence[str], owner: int) -> None:
    """Make a root folder with nothing but the libraries (read-only) and an empty working folder in memory.

    :param libraries: absolute paths, folders or files.
    :param owner: the user whom the working folder belongs to.
    :raises OSError: where the system refuses it.
    """
    before = os.umask(0o022)  # the user inside has to reach the libraries
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", ROOT, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,nr_inodes=4096,mode=755")
    shown: list[str] = []
    for library in sorted(libraries):
        if Path(library).exists() and not any(library == place or library.startswith(f"{place}/") for place in shown):
            _show(library, read_only=True)
            shown.append(library)
    for device in DEVICES:
        _show(device, read_only=False)
    work = Path(ROOT + WORK)
    work.mkdir()
    _mount("tmpfs", str(work), "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={WORK_BYTES},nr_inodes=4096,mode=700")
    os.chown(work, owner, -1)
    _mount(None, ROOT, None, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.chdir(ROOT)
    _syscall(_PIVOT_ROOT[platform.machine()], b".", b".")
    _call("umount2", b".", _MNT_DETACH)
    os.chdir(WORK)
    os.umask(before)


def _show(path: str, *, read_only: bool) -> None:
    target = Path(ROOT + path)
    if Path(path).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(path, str(target), None, _MS_BIND | _MS_REC)
    if read_only:
        _make_read_only(str(target))


def _make_read_only(target: str) -> None:
    attributes = struct.pack("=QQQQ", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, 0, 0, 0)
    try:
        _syscall(_MOUNT_SETATTR, -100, target.encode(), 0x8000, attributes, len(attributes))
    except OSError:  # before Linux 5.12; mounts inside the folder keep what they are
        kept = os.statvfs(target).f_flag & 0x40F
        _mount(None, target, None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV | kept)


def allow_reading_only(libraries: Sequence[str]) -> None:
    """Landlock: no file can be opened but the libraries, and those for reading.

    For systems that refuse mounts. Needs :func:`drop_privileges` first.

    :raises OSError: where the kernel has no Landlock.
    """
    version = _syscall(_LANDLOCK_CREATE, None, 0, 1)
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    ruleset = struct.pack("=QQ", rights, 3) if version >= 4 else struct.pack("=Q", rights)
    handle = _syscall(_LANDLOCK_CREATE, ruleset, len(ruleset), 0)
    for library in (*libraries, *DEVICES):
        try:
            opened = os.open(library, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _READ_FILE | _READ_DIR if Path(library).is_dir() else _READ_FILE
        _syscall(_LANDLOCK_ADD, handle, 1, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    _syscall(_LANDLOCK_RESTRICT, handle, 0)
    os.close(handle)


def limit(*, memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    """Set the resource limits, for good."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def limit_processes(most: int = 32) -> None:
    """Limit threads and processes; they are counted by user, so only where the user is not the server's own."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def become_nobody() -> None:
    """Give up being root for a user that owns nothing."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def drop_privileges() -> None:
    """Hold no capability, win none by running a program, and let nobody look in."""
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("=Ii", 0x20080522, 0)
    _syscall(_CAPSET[platform.machine()], header, bytes(24))
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def exit_with_parent(parent_is_alive: int | None = None) -> None:
    """Be killed when the process that started this one ends.

    :param parent_is_alive: reading end of a pipe whose other end only the parent holds: it may have died just before.
    """
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if parent_is_alive is None:
        return
    if select.select([parent_is_alive], [], [], 0)[0]:
        os._exit(1)
    os.close(parent_is_alive)
