"""``longshore jobs``: list, show, run and cancel the jobs of a running server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from longshore.errors import InvalidInputs, InvalidRequest, JobFailed, LongshoreError, SettingsError, Unauthorized
from longshore.web.json import read_json

if TYPE_CHECKING:
    from longshore.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

_STATUSES = ("PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED")


@click.group(name="jobs")
def jobs_group() -> None:
    """Run and watch jobs on a running server."""


def _url_option(command: Command) -> Command:
    return click.option(
        "--url", help="Where the server answers; default: LONGSHORE_URL, else by BIND_INTERFACE and PORT."
    )(command)


@jobs_group.command(name="list")
@_url_option
@click.option("--type", "type_name", help="Only jobs of this type.")
@click.option("--status", type=click.Choice(_STATUSES, case_sensitive=False), help="Only jobs with this status.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest first.")
def list_jobs(url: str | None, type_name: str | None, status: str | None, limit: int) -> None:
    """List jobs, the newest first."""
    with _connected(url) as client:
        for job in islice(client.jobs(type=type_name, status=status), limit):
            click.echo(_line(job.known or job.state()))


@jobs_group.command(name="types")
@_url_option
def list_types(url: str | None) -> None:
    """List what can be run."""
    with _connected(url) as client:
        for declared in client.job_types():
            click.echo(f"{declared['name']}  {declared['summary']}")


@jobs_group.command()
@_url_option
@click.argument("job_id")
def show(url: str | None, job_id: str) -> None:
    """Print all that is known of a job, as JSON."""
    with _connected(url) as client:
        _print_json(client.find_job(job_id).state())


@jobs_group.command()
@_url_option
@click.argument("name")
@click.argument("inputs", default="{}")
@click.option("--queue", help="Instead of the queue that the job was declared with.")
@click.option("--no-wait", is_flag=True, help="Print the job's id and end; the job goes on.")
def run(url: str | None, name: str, inputs: str, queue: str | None, *, no_wait: bool) -> None:
    """Run the job NAME and print its result.

    INPUTS is JSON, such as '{"rain": 3.5}', or @FILE, or - for standard input.
    """
    document = _read_inputs(inputs)
    with _connected(url) as client:
        job = client.job(name, document, queue=queue)
        if no_wait:
            click.echo(job.id)
            return
        try:
            _print_json(job.result())
        except KeyboardInterrupt:
            click.echo(f"longshore: the job goes on; stop it with `longshore jobs cancel {job.id}`", err=True)
            sys.exit(EXIT_INTERRUPTED)


@jobs_group.command()
@_url_option
@click.argument("job_id")
def cancel(url: str | None, job_id: str) -> None:
    """Stop a job, or keep it from starting."""
    with _connected(url) as client:
        status = client.find_job(job_id).cancel()
    click.echo("stopped" if status == "REVOKED" else "its worker is stopping it")


@contextmanager
def _connected(url: str | None) -> Iterator[Client]:
    """A client; its errors end the process with a sentence."""
    from longshore.client import Client

    try:
        with Client(url) as client:
            yield client
    except JobFailed as error:
        if error.log_tail:
            click.echo(error.log_tail, err=True)
        _fail(f"{error.reason}: {error.description}")
    except InvalidInputs as error:
        for each in error.fields:
            click.echo(f"  {each['field'] or 'inputs'}: {each['message']}", err=True)
        _fail(error.description, EXIT_BAD_INPUT)
    except Unauthorized as error:
        _fail(f"{error}; here LONGSHORE_TOKEN or LONGSHORE_TOKEN_FILE say it")
    except (LongshoreError, SettingsError) as error:
        _fail(str(error))


def _read_inputs(text: str) -> Any:
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return read_json(text)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", EXIT_BAD_INPUT)
    except UnicodeDecodeError:
        _fail("the inputs are no text in UTF-8", EXIT_BAD_INPUT)
    except InvalidRequest as error:
        _fail(f"the inputs: {error.description}", EXIT_BAD_INPUT)


def _line(state: dict[str, Any]) -> str:
    submitted = datetime.fromtimestamp(state["submitted"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    progress = state["progress"]
    share = f"{progress['done'] / progress['total']:4.0%}" if progress["total"] and progress["done"] is not None else ""
    told = state["message"] or progress["message"] or ""
    return f"{state['id']}  {submitted}  {state['status']:<8}{share:>5}  {state['type']}  {told}".rstrip()


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _fail(sentence: str, code: int = EXIT_FAILED) -> NoReturn:
    click.echo(f"longshore: {sentence}", err=True)
    sys.exit(code)
