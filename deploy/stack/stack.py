"""The containers of ``deploy/``, for real: built, brought up, used, hurt, and taken away again (``make stack``).

No registry is asked: the base image is made of Debian's packages, and Redis and MongoDB have stand-ins. Where the
machine cannot run containers, that is said and nothing fails; ``--required`` makes it fail. ``--keep FOLDER`` leaves
the images there, so that the next run is quicker.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import trials
from machine import ROOT, CommandError, Machine, why_not
from project import IMAGE, STORES, Project

Trial = Callable[[Project], str]
FOUR: tuple[Trial, ...] = (trials.asks_for_a_token, trials.works, trials.readme_runs, trials.survives_a_killed_worker)
SMALL: tuple[Trial, ...] = (
    trials.asks_for_a_token,
    trials.works,
    trials.keeps_over_a_restart,
    trials.is_backed_up_and_restored,
)


class SkippedError(Exception):
    """This machine cannot do it; the message says why."""


def main() -> int:
    """Build and try everything; the exit code."""
    parser = argparse.ArgumentParser(description="Bring the containers up for real, try them, and take them away.")
    parser.add_argument("--required", action="store_true", help="fail where the machine cannot run containers")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the images there for the next run")
    options = parser.parse_args()
    # Whoever ends it wants its containers gone as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    try:
        require_tools()
        with Machine(options.keep) as machine:
            run(machine)
    except SkippedError as skipped:
        print(f"The stack is skipped: {skipped}")
        return 1 if options.required else 0
    except (CommandError, trials.TrialError, AssertionError) as error:
        print(f"The stack is not right: {error}", file=sys.stderr)
        return 1
    print(f"The stack is right after {time.monotonic() - began:.0f} s.")
    return 0


def require_tools() -> None:
    """See that the programs are there.

    :raises SkippedError: naming what is missing.
    """
    if reason := why_not():
        raise SkippedError(reason)


def run(machine: Machine) -> None:
    """All steps, each with the time that it took."""
    step("the base image", machine.make_base)
    if reason := machine.why_no_containers():
        raise SkippedError(reason)
    step("the image of Longshore", lambda: build(machine))
    step("the stand-ins for Redis and MongoDB", lambda: build_stores(machine))
    if reason := machine.why_no_network():
        print(f"  skipped: everything with a network between containers: {reason}")
    else:
        try_profile(machine, "four", FOUR)
    try_profile(machine, "four", FOUR, host_network=True)
    if not reason:
        try_profile(machine, "small", SMALL)


def build(machine: Machine) -> str:
    """Build the image, with what the merged application of the examples needs."""
    machine.build(IMAGE, ROOT / "deploy" / "Dockerfile", EXTRAS="flask-restful")
    return f"{machine.size(IMAGE) / 1e6:,.0f} MB"


def build_stores(machine: Machine) -> str:
    """Build the stand-ins."""
    machine.build(STORES, ROOT / "deploy" / "stack" / "Dockerfile.stores")
    return f"{machine.size(STORES) / 1e6:,.0f} MB"


def try_profile(machine: Machine, profile: str, wanted: tuple[Trial, ...], *, host_network: bool = False) -> None:
    """Bring a profile up, try it, and take it away."""
    print(f"The profile {profile!r}, with {'the network of the host' if host_network else 'a network of its own'}:")
    project = Project(machine, profile, host_network=host_network)
    began = time.monotonic()
    with project:
        step("  up", lambda: trials.becomes_well(project, began))
        for trial in wanted:
            step(f"  {trial.__name__.replace('_', ' ')}", lambda trial=trial: trial(project))


def step(name: str, act: Callable[[], str | None]) -> None:
    """Do something, and say how it went and how long it took."""
    began = time.monotonic()
    said = act()
    print(f"{name} ({time.monotonic() - began:.1f} s){f': {said}' if said else ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
