"""How functions are declared as jobs, and what is refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from longshore.jobs.declaring import find_job, job

pytestmark = pytest.mark.usefixtures("declared")


def test_without_a_name_the_function_gives_it() -> None:
    @job
    def doubled(number: float) -> float:
        return 2 * number

    @job(queue="slow", timeout=5)
    def halved(number: float) -> float:
        return number / 2

    assert (doubled(2), halved(2)) == (4, 1)
    found = find_job("doubled")
    assert found is not None
    assert (found.queue, found.function) == ("jobs", doubled)
    found = find_job("halved")
    assert found is not None
    assert (found.queue, found.timeout_seconds) == ("slow", 5)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"memory": -1}, {"result_ttl": 0}, {"retries": -1}])
def test_what_is_out_of_range_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"job 'ranged': .*{next(iter(options))}"):

        @job("ranged", **options)
        def ranged() -> None: ...

    assert find_job("ranged") is None


@pytest.mark.parametrize("name", ["", "1st", "a/b", "a b", "types", "ä"])
def test_a_name_has_to_fit_an_address(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a job's name"):
        job(name)(lambda: None)


def test_two_of_a_name_are_refused() -> None:
    def one() -> int:
        return 1

    def other() -> int:
        return 2

    job("twin")(one)
    job("twin")(one)  # a module that is loaded again
    with pytest.raises(ValueError, match=r"two jobs are called 'twin': .*one.*other"):
        job("twin")(other)


@pytest.mark.usefixtures("declared")
def test_retry_is_the_former_name_of_rerun_if_lost() -> None:
    with pytest.warns(DeprecationWarning, match="rerun_if_lost=False") as caught:

        @job("former", retry=False)
        def former() -> int:
            return 1

    assert Path(caught[0].filename) == Path(__file__), "the line of the decorator"
    found = find_job("former")
    assert found is not None
    assert not found.rerun_if_lost


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="former name"):
        job("both", retry=False, rerun_if_lost=False)
