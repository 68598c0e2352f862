"""A seccomp filter: system calls that a data frame never needs and an intruder would.

Sources: seccomp(2), linux/audit.h, the system call tables of Linux 6 for x86-64 and aarch64.
"""

import ctypes
import os
import platform
import struct

_SHARED = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "memfd_secret": 447,
}
# What makes connections, processes, signals, mounts or shared memory, or looks into other processes.
_REFUSED = {
    "x86_64": (
        *(41, 42, 43, 44, 46, 47, 49, 50, 53, 288, 299, 307),  # socket, connect, accept, send.., recv.., bind, listen
        *(57, 58, 59, 322),  # fork, vfork, execve, execveat
        *(62, 200, 129, 297),  # kill, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
        *(29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240, 319),  # System V and POSIX shared memory, queues; memfd_create
        *(101, 310, 311, 312, 135, 298),  # ptrace, process_vm_readv, process_vm_writev, kcmp, personality, perf
        *(
            155,
            161,
            165,
            166,
            167,
            168,
            272,
            308,
            303,
            304,
        ),  # pivot_root, chroot, mounts, swaps, unshare, setns, handles
        *(
            175,
            176,
            313,
            246,
            320,
            321,
            323,
            206,
            248,
            249,
            250,
            256,
            279,
        ),  # modules, kexec, bpf, userfaultfd, aio, keys
    ),
    "aarch64": (
        *(198, 199, 200, 201, 202, 203, 206, 211, 212, 242, 243, 269),
        *(221, 281),
        *(129, 130, 138, 240),
        *(194, 195, 196, 190, 191, 193, 186, 187, 188, 189, 180, 279),
        *(117, 270, 271, 272, 92, 241),
        *(41, 51, 40, 39, 224, 225, 97, 268, 264, 265),
        *(105, 106, 273, 104, 294, 280, 282, 0, 217, 218, 219, 238, 239),
    ),
}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_CLONE = {"x86_64": 56, "aarch64": 220}
_TGKILL = {"x86_64": 234, "aarch64": 131}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE3 = 435

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE, _UNKNOWN = 0x00050000 | 1, 0x00050000 | 38  # EPERM; ENOSYS, on which the C library takes the older call
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16  # where they stand in struct seccomp_data
_THREAD = 0x00010000

Line = tuple[int, int, int, int]


def program(machine: str, own_id: int) -> list[Line]:
    """The filter as BPF: operation, jump if true, jump if false, constant.

    :param own_id: the only process that may be sent a signal (``abort`` does that).
    """
    lines: list[Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":  # the x32 calls are the same ones under other numbers
        lines += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSE)]
    for number in (*_REFUSED[machine], *_SHARED.values()):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _UNKNOWN)]
    lines += _if_first(_CLONE[machine], (_ANY_BIT, 1, 0, _THREAD))
    lines += _if_first(_TGKILL[machine], (_EQUAL, 1, 0, own_id))
    lines += _if_first(_PRLIMIT[machine], (_EQUAL, 1, 0, 0))
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def _if_first(number: int, test: Line) -> list[Line]:
    """Allow a call only when its first argument passes the test."""
    return [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST), test, (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]


def refuse_calls() -> None:
    """Put the filter on every thread of this process, for good. Needs "no new privileges".

    :raises OSError: where the kernel has no such filters, or the machine is another one.
    """
    machine = platform.machine()
    if machine not in _AUDIT:
        raise OSError(f"no filter for {machine}")
    lines = program(machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    described = struct.pack("@HP", len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    # 1: set a filter; 1: on all threads. Positive: the thread that could not be brought along.
    if libc.syscall(ctypes.c_long(_SECCOMP[machine]), ctypes.c_long(1), ctypes.c_long(1), described) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
