"""Jobs that do what jobs should not."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from longshore.jobs.declaring import Progress, job


@job("nothing")
def nothing() -> int:
    """Do nothing."""
    return 1


@job("mark")
def mark(folder: str, number: int, seconds: float = 0) -> int:
    """Leave a line for each time it runs."""
    with (Path(folder) / "marks").open("a") as file:
        file.write(f"{number}\n")
    time.sleep(seconds)
    return number


@job("wait_for_file")
def wait_for_file(path: str, progress: Progress) -> str:
    """Say that it runs, and end when a file appears."""
    progress(1, 2, "waiting")
    while not Path(path).exists():
        time.sleep(0.01)
    return "seen"


@job("fails_twice", retries=2, retry_delay=0)
def fails_twice(folder: str) -> str:
    """Succeed at the third attempt."""
    marks = Path(folder) / "attempts"
    with marks.open("a") as file:
        file.write("x")
    if len(marks.read_text()) < 3:
        raise RuntimeError("not yet")
    return "done"


@job("raises")
def raises() -> None:
    """Raise an exception whose message cannot be made."""

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise ValueError("no words")

    print("about to fail")
    raise Unspeakable


@job("exits")
def exits(code: int = 3) -> None:
    """Call sys.exit."""
    sys.exit(code)


@job("exits_at_once")
def exits_at_once() -> None:
    """End the process without a word."""
    os._exit(4)


@job("exits_at_once_and_may_not_repeat", rerun_if_lost=False)
def exits_at_once_and_may_not_repeat(before: float = 0) -> None:
    """End the process without a word, after so many seconds."""
    time.sleep(before)
    os._exit(4)


@job("marks_and_waits_once", rerun_if_lost=False)
def marks_and_waits_once(folder: str, number: int) -> int:
    """Leave a line, and end when a file appears."""
    mark(folder, number)
    while not (Path(folder) / "end").exists():
        time.sleep(0.01)
    return number


@job("segfaults")
def segfaults() -> None:
    """Read where nothing is."""
    print("last words", flush=True)
    ctypes.string_at(0)


@job("never_ends", timeout=0.3)
def never_ends() -> None:
    """Ignore the wish to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


@job("holds_the_interpreter", timeout=0.3)
def holds_the_interpreter() -> None:
    """Stay inside C code that never gives the interpreter away."""
    re.match(r"(a+)+$", "a" * 50 + "b")


def start_daemons(folder: Path) -> None:
    """Two that cut themselves loose, one without our environment; each leaves its number."""
    for command in ("env -i sh -c", "sh -c"):
        subprocess.run(f"setsid {command} 'echo $$ >> {folder}/daemons; exec sleep 1000' &", shell=True, check=True)
    while not (folder / "daemons").exists() or len((folder / "daemons").read_text().split()) < 2:
        time.sleep(0.01)


@job("leaves_daemons")
def leaves_daemons(folder: str, then: str = "return") -> str:
    """Start daemons, and then return, die or go on."""
    start_daemons(Path(folder))
    if then == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if then == "go on":
        time.sleep(1000)
    return "left"


@job("forks")
def forks() -> str:
    """Come back twice."""
    child = os.fork()
    if child == 0:
        return "child"
    os.waitpid(child, 0)
    return "parent"


@job("prints")
def prints(lines: int = 100_000) -> int:
    """Print megabytes."""
    for number in range(lines):
        print("x" * 100, number)
    return lines


@job("prints_at_once")
def prints_at_once() -> None:
    """Print one enormous line."""
    sys.stdout.write("y" * 5_000_000)
    raise RuntimeError("after it")


@job("closes_streams")
def closes_streams() -> str:
    """Close standard input, output and error, as daemons do."""
    sys.stdout.close()
    os.closerange(0, 3)
    return "closed"


@job("reports_much")
def reports_much(progress: Progress, times: int = 1_000_000) -> int:
    """Report progress as fast as it can."""
    for number in range(times):
        progress(number + 1, times)
    return times


@job("reports_twice_and_waits")
def reports_twice_and_waits(path: str, progress: Progress) -> None:
    """The second report comes within the pause after the first."""
    progress(1)
    progress(2, 2, "newest")
    while not Path(path).exists():
        time.sleep(0.01)


@job("eats", memory=128 * 2**20)
def eats() -> None:
    """Take ever more memory."""
    taken = []
    while True:
        taken.append(b"x" * 2**20)
        time.sleep(0.001)


@job("eats_below", memory=128 * 2**20)
def eats_below() -> None:
    """Have another process take ever more memory."""
    script = "import time\ntaken = []\nwhile True: taken.append(b'x' * 2**20); time.sleep(0.001)"
    subprocess.run([sys.executable, "-c", script], check=True)


@job("shares", memory=192 * 2**20)
def shares() -> str:
    """Have four processes share the memory of one."""
    taken = [b"x" * 2**20 for _ in range(80)]
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            time.sleep(0.5)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return str(len(taken))


@job("disturbs")
def disturbs() -> None:
    """Leave its process changed."""
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.2)


@job("looks_around")
def looks_around() -> list[str]:
    """What the next job finds."""
    return [str(Path.cwd()), str(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)]
