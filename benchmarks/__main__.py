"""Runs the benchmarks one after the other, each in a process of its own.

    python benchmarks                   all of them, as each is without arguments; takes long
    python benchmarks --quick           some of them on small tables; a minute
    python benchmarks spine 10000000    one of them with its own arguments

Absolute times depend on the machine; the ratios to the floors are what counts, on a machine that does nothing else. The
exit code is 1 where a bound was missed or a benchmark failed; on small tables, where the floors are next to nothing, only
where one failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

ALL = [
    "spine",
    "operations",
    "reading",
    "views",
    "profiling",
    "joining",
    "jobs",
    "throughput",
    "stores",
    "delivery",
    "growing",
]
QUICK = [["views", "100000"], ["joining", "100000"], ["stores", "10", "0.3"]]
ASK_FOR_MORE = {"workbench": "a server that runs"}
"""Those that cannot be run without arguments, by what they ask for."""


def main(arguments: list[str]) -> int:
    """Run what is asked for; the exit code."""
    if arguments[:1] == ["--quick"]:
        print("Small tables: they show that it works and what the lines look like; figures come without --quick.")
        codes = [run(each, BENCHMARK_MAY_MISS="1") for each in QUICK]
        return int(any(codes))
    if arguments:
        name = arguments[0]
        if name not in [*ALL, *ASK_FOR_MORE]:
            print(f"There is no benchmark {name}; there are {', '.join([*ALL, *ASK_FOR_MORE])}.", file=sys.stderr)
            return 2
        return run(arguments)
    codes = [run([name]) for name in ALL]  # also those after one that missed a bound
    return int(any(codes))


def run(words: list[str], **environment: str) -> int:
    """One benchmark; its exit code."""
    name, *arguments = words
    print(f"\n== {' '.join(words)}", flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    return subprocess.run(command, check=False, env=os.environ | environment).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
