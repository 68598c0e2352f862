"""The server's log goes on, whatever code of deployers does to that of its process; and theirs does as they say."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from longshore.processes import own_log
from support.server import LongshoreServer

DICTIONARY = {
    "version": 1,
    "formatters": {"short": {"format": "app: %(message)s"}},
    "handlers": {"memory": {"class": "logging.StreamHandler", "formatter": "short", "stream": "ext://sys.stdout"}},
    "loggers": {"their_app": {"handlers": ["memory"], "level": "INFO", "propagate": False}},
    "root": {"handlers": [], "level": "CRITICAL"},
}
FILE = """
[loggers]
keys=root
[handlers]
keys=none
[formatters]
keys=
[handler_none]
class=NullHandler
args=()
[logger_root]
level=CRITICAL
handlers=none
"""


def by_dictionary() -> None:
    logging.config.dictConfig(DICTIONARY)


def by_file() -> None:
    logging.config.fileConfig(io.StringIO(FILE))


def by_force() -> None:
    logging.basicConfig(force=True, level=logging.CRITICAL, stream=io.StringIO())


def by_disabling() -> None:
    logging.disable()


def by_emptying() -> None:
    logging.root.handlers = []
    logging.root.setLevel(logging.CRITICAL)
    for name in ("longshore", "longshore.server.answers", "longshore.audit"):
        logging.getLogger(name).disabled = True


ENDS = [by_dictionary, by_file, by_force, by_disabling, by_emptying]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The server's log, in a text; the process's own log is put back afterwards."""
    root, before = logging.root, (logging.root.handlers, logging.root.level, logging.config.dictConfigClass)
    states = [(each, each.disabled, each.level) for each in root.manager.loggerDict.values() if hasattr(each, "level")]
    kept = vars(own_log._log).copy()
    text = io.StringIO()
    root.handlers = [logging.StreamHandler(text)]
    root.setLevel(logging.WARNING)
    own_log.keep(root.handlers, logging.WARNING)
    yield text
    root.handlers, logging.config.dictConfigClass = before[0], before[2]
    root.setLevel(before[1])
    logging.disable(logging.NOTSET)
    logging.captureWarnings(capture=False)
    for logger, is_disabled, level in states:
        logger.disabled = is_disabled
        logger.setLevel(level)
    vars(own_log._log).update(kept)


@pytest.mark.parametrize("end", ENDS)
def test_loading_does_not_end_the_log(log: io.StringIO, end: Callable[[], None]) -> None:
    ours, others = logging.getLogger("longshore.server.answers"), logging.getLogger("somebodys_library")
    with own_log.kept_log():
        end()
    for logger in (ours, others, logging.getLogger("longshore.made_later")):
        logger.warning("from %s", logger.name)
    assert log.getvalue().splitlines() == [
        "from longshore.server.answers", "from somebodys_library", "from longshore.made_later"
    ]  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_a_running_application_does_not_end_the_log(log: io.StringIO, end: Callable[[], None]) -> None:
    with own_log.kept_log():
        pass
    end()
    own_log.put_back()
    logging.getLogger("longshore.server.answers").warning("still here")
    assert "still here" in log.getvalue()


def test_a_dictionary_does_not_end_the_log_for_a_moment(log: io.StringIO) -> None:
    by_dictionary()
    logging.getLogger("longshore.server.answers").warning("still here")
    assert "still here" in log.getvalue()


def test_what_an_application_sets_up_for_itself_stays(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    with own_log.kept_log():
        by_dictionary()
    logging.getLogger("their_app").info("hello")
    assert capsys.readouterr().out == "app: hello\n"
    assert log.getvalue() == ""


def test_an_application_that_wants_to_hear_more_does_not_make_the_server_say_more(log: io.StringIO) -> None:
    theirs = io.StringIO()
    with own_log.kept_log():
        logging.basicConfig(force=True, level=logging.DEBUG, stream=theirs)
    logging.getLogger("longshore.access").debug("session ids")
    logging.getLogger("their_library").debug("theirs")
    assert log.getvalue() == ""
    assert theirs.getvalue() == "DEBUG:their_library:theirs\n"


APPLICATION = """
import logging, logging.config
logging.config.dictConfig({dictionary!r})

def app(environ, start_response):
    if environ["PATH_INFO"] == "/raise":
        raise RuntimeError("theirs")
    if environ["PATH_INFO"] == "/end":
        logging.disable()
        logging.root.handlers.clear()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]
"""


@pytest.mark.processes
def test_a_mounted_application_does_not_silence_the_server(storage: Path, tmp_path: Path) -> None:
    (tmp_path / "silencing_in_test.py").write_text(APPLICATION.format(dictionary=DICTIONARY))
    environment = {
        "MOUNTS": "/theirs=silencing_in_test:app",
        "AUDIT_LOG": str(tmp_path / "audit"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    with LongshoreServer(storage, **environment) as server:
        assert httpx.get(f"{server.url}/theirs/raise").status_code == 500
        assert "the application mounted at /theirs failed" in server.log
        assert "RuntimeError: theirs" in server.log
        assert httpx.post(f"{server.url}/theirs/end").status_code == 200
        eid = httpx.get(f"{server.url}/diagnostic/fail", headers={"Accept": "application/json"}).json()["eid"]
        assert f"request failed [{eid}]" in server.log
        assert httpx.put(f"{server.url}/kv/a", content=b"x").status_code < 300
    actions = [json.loads(line)["action"] for line in (tmp_path / "audit").read_text().splitlines()]
    assert actions == ["POST /theirs/end", "PUT /kv/<path:key>"]
