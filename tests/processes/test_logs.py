"""The log of every process: what a client sent cannot pass for an entry of its own."""

from __future__ import annotations

import logging
import re
import time

import pytest

from longshore.processes.logs import FORMAT, DiscreetFormatter


def entry(message: str, *, error: Exception | None = None, level: int = logging.WARNING) -> str:
    about = (type(error), error, None) if error is not None else None
    return DiscreetFormatter(FORMAT).format(logging.LogRecord("longshore.x", level, "", 1, "%s", (message,), about))


FORGED = "2026-01-01 00:00:00,000 INFO longshore [1] all is well"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\n\n"])
def test_a_text_does_not_begin_an_entry(end: str, level: int) -> None:
    lines = entry(f"template x{end}{FORGED}", level=level).splitlines()
    assert "longshore.x" in lines[0]
    assert not any(line.startswith("2026-01-01") for line in lines)


def test_an_exceptions_text_does_not_begin_an_entry() -> None:
    lines = entry("failed", error=ValueError(f"no\n{FORGED}")).splitlines()
    assert [line for line in lines if "all is well" in line] == [f"  {FORGED}"]


def test_no_character_moves_the_readers_cursor() -> None:
    assert entry("\x1b[2J\x9b2J\x08\x00 \tübersicht").endswith("\\x1b[2J\\x9b2J\\x08\\x00 \tübersicht")


def test_the_time_says_how_far_it_is_from_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\+0530 WARNING ", entry("a"))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_session_id_is_cut_in_every_line() -> None:
    assert entry("a\n0123456789abcdef0123456789abcd").endswith("a\n  012345…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/cached-file?uid=Zk3vXq0pL9aBcDeFgHiJkLmNoPqRsTuV&download=true", "/cached-file?uid=Zk3vXq…&download=true"),
        ("/login?next=%2Fcached-file%3Fuid%3DZk3vXq0pL9aBcDeFgHiJkLmNoPqRsTuV", "uid%3DZk3vXq…"),
        ("Bearer ls_" + "a-_1" * 10 + "xyz", "Bearer ls_a-_1a-…"),
        ("job 6f1c2a3b-0000-4000-8000-123456789abc", "job 6f1c2a3b-0000-4000-8000-123456789abc"),
    ],
)
def test_links_and_tokens_are_cut_and_the_ids_of_jobs_are_not(text: str, shown: str) -> None:
    assert entry(text).endswith(shown)
