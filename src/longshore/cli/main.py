"""The command ``longshore``. Each command imports what it needs only when it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from longshore.cli.jobs import jobs_group
from longshore.errors import LoadError, LongshoreError, SettingsError
from longshore.processes.loading import loading
from longshore.processes.logs import configure_logging
from longshore.processes.version import app_version
from longshore.settings import Settings
from longshore.supervision.permissions import keep_others_out, make_chosen_folders, warn_of_open_folders

if TYPE_CHECKING:
    from longshore.server.declarations import Declarations

EXIT_FAILED = 1
EXIT_BAD_SETTING = 2

Command = TypeVar("Command", bound=Callable[..., Any])

lifeline_option = click.option("--lifeline", type=int, hidden=True, help="pipe that closes when the supervisor ends")


def storage_option(command: Command) -> Command:
    """Add ``--storage``."""
    return click.option(
        "--storage",
        "root_storage_path",
        type=click.Path(path_type=Path),
        help="Folder that holds everything. [ROOT_STORAGE_PATH]",
    )(command)


def listen_options(command: Command) -> Command:
    """Add ``--port`` and ``--bind``."""
    command = click.option("--bind", "bind_interface", help="Address to listen on. [BIND_INTERFACE]")(command)
    return click.option("--port", help="TCP port; 0 takes any free one. [PORT]")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(app_version(), prog_name="longshore")
def main() -> None:
    """A self-hosted data server. Every option is also an environment variable; see the documentation."""


main.add_command(jobs_group)


@main.command()
@listen_options
@storage_option
@click.option("--reload", is_flag=True, help="Restart when source files change, for development.")
def serve(*, reload: bool, **options: Any) -> None:
    """Start everything on this machine: broker, workers and web server."""
    settings = read_server_settings(options)
    from longshore.supervision.listener import PortTakenError
    from longshore.supervision.process_manager import StartError
    from longshore.supervision.storage_lock import StorageTakenError
    from longshore.supervision.supervisor import Supervisor

    def announce(address: str) -> None:
        click.echo(f"Longshore {app_version()} is ready: {address}")
        click.echo(f"It keeps its data in {settings.root_storage_path}. Press Ctrl-C to stop it.")
        sys.stdout.flush()

    try:
        code = Supervisor(settings, announce, reload=reload).run()
    except (StorageTakenError, PortTakenError, StartError) as error:
        fail(str(error))
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    except OSError as error:
        reason = error.strerror or error
        fail(f"ROOT_STORAGE_PATH={str(settings.root_storage_path)!r} cannot be used: {reason}", EXIT_BAD_SETTING)
    sys.exit(code)


@main.command()
@listen_options
@storage_option
@lifeline_option
@click.option("--listener", type=int, hidden=True, help="socket that the supervisor listens on")
def web(*, lifeline: int | None, listener: int | None, **options: Any) -> None:
    """Start only a web server, for several machines."""
    settings = read_part_settings(options, lifeline)
    from longshore.supervision.listener import PortTakenError, address_of, open_listener

    with loading():
        from longshore.supervision.web_server import run_web

    if listener is not None:
        run_web(settings, listener, lifeline)
        return
    try:
        opened = open_listener(settings)
    except PortTakenError as error:
        fail(str(error))
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    click.echo(f"Longshore {app_version()}, web server only: {address_of(opened)}")
    run_web(settings, opened.fileno(), lifeline)


@main.command()
@storage_option
@lifeline_option
@click.option(
    "--queues", help="Serve only these, comma-separated; 'datasets' is that of the tables, 'imports' reads files."
)
@click.option("--without-imports", is_flag=True, help="With 'datasets' in --queues: another worker reads files.")
@click.option("--take-up", is_flag=True, help="With --queues: also any other queue, once something is sent to it.")
@click.option("--concurrency", type=click.IntRange(1), help="Processes. [WORKER_CONCURRENCY, JOB_CONCURRENCY]")
def worker(
    *,
    lifeline: int | None,
    queues: str | None,
    without_imports: bool,
    take_up: bool,
    concurrency: int | None,
    **options: Any,
) -> None:
    """Start only workers, for several machines: for tables, for imports and, if there are jobs, for those.

    With --queues, one for exactly these queues; 'datasets' without 'imports' brings a worker for imports with it.
    """
    settings = read_part_settings(options, lifeline)
    try:
        named = _named_queues(queues)
        if queues is None or ("datasets" in named and "imports" not in named and not without_imports):
            from longshore.supervision.process_manager import StartError
            from longshore.supervision.worker_pool import run_workers

            try:
                sys.exit(run_workers(settings, concurrency, named))
            except StartError as error:
                fail(str(error))
        with loading():
            from longshore.supervision.celery_worker import run_worker
        processes = concurrency or default_concurrency(settings, named)
        sys.exit(run_worker(settings, named, processes, lifeline, takes_up=take_up))
    except LoadError as error:
        fail(str(error))


def default_concurrency(settings: Settings, queues: tuple[str, ...]) -> int:
    """How many processes a worker of these queues has."""
    if set(queues) <= {"datasets", "imports"}:
        return settings.worker_concurrency if "datasets" in queues else settings.import_concurrency
    return settings.job_concurrency


@main.command()
@listen_options
@storage_option
@click.option("--queues", help="Ask for this machine's workers of these queues, comma-separated, not its web server.")
def healthcheck(*, queues: str | None, **options: Any) -> None:
    """Ask this machine's web server, or its workers, whether all is well; ends with 1 when not.

    For containers and orchestrators, with the same settings as the part that is asked about.
    """
    settings = read_settings(options)
    from longshore.cli.healthcheck import UnwellError, check_web, check_worker

    named = _named_queues(queues)
    try:
        click.echo(check_web(settings) if queues is None else check_worker(settings, named))
    except UnwellError as error:
        fail(str(error))


def _named_queues(text: str | None) -> tuple[str, ...]:
    """The queues of ``--queues``; none without it. Ends the process where it names none."""
    named = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if text is not None and not named:
        fail("--queues names no queue", EXIT_BAD_SETTING)
    return named


@main.command()
@storage_option
@lifeline_option
def migrate(*, lifeline: int | None, **options: Any) -> None:
    """Bring the database to this version's form; the other commands do this by themselves."""
    settings = read_server_settings(options)
    with loading():
        from longshore.processes.parent_death import exit_with_supervisor
        from longshore.state.database import migrate as migrate_database
        from longshore.stores.lists import prepare as prepare_lists
    exit_with_supervisor(lifeline)
    try:
        migrate_database(settings)
        prepare_lists(settings)
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    except LongshoreError as error:
        reason = error.__cause__ or error.description
        fail(f"the database cannot be used: {str(reason).splitlines()[0]}")


def read_sources(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, Path]:
    """``NAME=FILE`` options as a mapping; the file's name has no ``=`` before its folder."""
    found = {}
    for each in given:
        name, separator, path = each.rpartition("=")
        if not separator or not name:
            raise click.BadParameter(f"{each!r}: write NAME=FILE, such as cities.csv=data/cities.csv")
        if not Path(path).is_file():
            raise click.BadParameter(f"there is no file {path!r}")
        found[name] = Path(path)
    return found


@main.command()
def handlers() -> None:
    """List what this server answers and runs: routes of handlers, mounts, jobs, Celery tasks, its own routes."""
    for line in _find_declarations().lines():
        click.echo(line)


@main.command(hidden=True)
@lifeline_option
@click.option("--output", type=int, default=1, help="file descriptor for the answer")
def declarations(*, lifeline: int | None, output: int) -> None:
    """Check handlers, mounts and task modules; print queues, jobs and Celery tasks as JSON."""
    from longshore.processes.parent_death import exit_with_supervisor

    exit_with_supervisor(lifeline)
    answer = _find_declarations().to_wire()
    with open(output, "w", closefd=False) as file:
        json.dump(answer, file)


def _find_declarations() -> Declarations:
    settings = read_server_settings({})
    try:
        with loading():
            from longshore.server.declarations import find_declarations

            return find_declarations(settings)
    except LoadError as error:
        fail(str(error))
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)


_sources_option = click.option(
    "--source",
    "others",
    multiple=True,
    metavar="NAME=FILE",
    callback=read_sources,
    help="Another table that the recipe's steps read, by the name that it calls it; may be given several times.",
)


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write, by its ending.")
@click.option("--lenient", is_flag=True, help="Leave out steps that do not apply instead of failing.")
@click.option("--keep-facts", is_flag=True, help="Use the recipe's means, bin edges and the like; learn none anew.")
@_sources_option
@click.option("--dry-run", is_flag=True, help="Write nothing, only report.")
def replay(
    recipe: Path,
    source: Path,
    output: Path | None,
    *,
    lenient: bool,
    keep_facts: bool,
    others: dict[str, Path],
    dry_run: bool,
) -> None:
    """Carry a recipe out on a file, without a server.

    The file is read with the recipe's reading options. Ends with 1 when a step does not apply, unless --lenient.
    """
    from longshore.cli.replay import replay_file
    from longshore.server.commands import allow_commands

    allow_commands(read_settings({}))
    if output is None and not dry_run:
        fail("say where the result goes with -o, or --dry-run for the report alone", EXIT_BAD_SETTING)
    try:
        done = replay_file(
            recipe,
            source,
            None if dry_run else output,
            mode="lenient" if lenient else "strict",
            facts="keep" if keep_facts else "learn",
            sources=others,
        )
    except LongshoreError as error:
        fail(error.description)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    for report in done.reports:
        click.echo(report.line())
    applied = len(done.reports) - done.skipped
    click.echo(
        f"{applied} of {len(done.reports)} steps applied: {done.table.rows:,} rows, {done.table.width:,} columns"
    )
    if done.failure is not None:
        fail(done.failure.description)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@storage_option
def backup(folder: Path, **options: Any) -> None:
    """Copy everything the server keeps into FOLDER, also while it runs.

    A FOLDER that holds an earlier backup gets what is new, and is whole at every moment. Ends with 1 when datasets are
    damaged in the storage itself; the rest is backed up then, too.
    """
    settings = read_server_settings(options)
    from longshore.cli.backup import BackupError, back_up

    try:
        made = back_up(settings, folder)
    except (BackupError, LongshoreError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}")
    size = f"{made.bytes / 2**20:,.1f} MiB"
    click.echo(f"{made.datasets:,} datasets; {made.files:,} files of {size}, {made.copied:,} of them new")
    if made.damaged:
        fail(f"files are missing of {len(made.damaged)} datasets: {', '.join(name[:6] for name in made.damaged)}…")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@storage_option
@click.option("--rerun-jobs", is_flag=True, help="Run jobs that had not ended, though they may have since.")
def restore(folder: Path, *, rerun_jobs: bool, **options: Any) -> None:
    """Make an empty storage folder, and an empty database, what the backup in FOLDER holds."""
    settings = read_server_settings(options)
    from longshore.cli.backup import BackupError
    from longshore.cli.backup import restore as bring_back
    from longshore.supervision.storage_lock import StorageTakenError

    try:
        made = bring_back(settings, folder, rerun_jobs=rerun_jobs)
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    except (BackupError, StorageTakenError, LongshoreError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}")
    click.echo(f"{made.datasets:,} datasets and {made.files:,} files as they were at {made.made}")


@main.group()
def token() -> None:
    """Tokens that let callers in; the server knows only their hashes."""


@token.command("make")
@click.argument("name")
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), required=True, help="What it allows.")
def make(name: str, scope: str) -> None:
    """Make a token for NAME, which is shown this once, and the line for AUTH_TOKENS."""
    from longshore.access.scopes import Scope
    from longshore.access.tokens import make_token

    try:
        shown, kept = make_token(name, Scope.named(scope))
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    click.echo("The token, which is not kept anywhere; hand it over now:", err=True)
    click.echo(shown)
    click.echo("Its line for AUTH_TOKENS, or for the file that AUTH_TOKENS=@/path names:", err=True)
    click.echo(kept.line)


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; or printed.")
@click.option("--keep-facts", is_flag=True, help="Use the recipe's means, bin edges and the like; learn none anew.")
@_sources_option
def script(recipe: Path, source: Path, output: Path | None, *, keep_facts: bool, others: dict[str, Path]) -> None:
    """Write a recipe as a Python script that needs only Polars.

    The recipe is carried out on the source once: its names, types and what the steps learn stand in the script.
    """
    from longshore.cli.replay import script_file
    from longshore.server.commands import allow_commands

    allow_commands(read_settings({}))
    try:
        text = script_file(recipe, source, facts="keep" if keep_facts else "learn", sources=others)
        if output is None:
            click.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")
    except LongshoreError as error:
        fail(error.description)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def read_settings(options: dict[str, Any]) -> Settings:
    """The settings of the environment and the command line; ends the process with a sentence on a bad one."""
    chosen = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings.from_environment(**chosen)
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)
    configure_logging(settings)
    return settings


def read_server_settings(options: dict[str, Any]) -> Settings:
    """As :func:`read_settings`, for what writes into the storage folder: from here on for this user alone."""
    settings = read_settings(options)
    keep_others_out(settings)
    return settings


def read_part_settings(options: dict[str, Any], lifeline: int | None) -> Settings:
    """Settings of one part; started without a supervisor, it needs a broker and a migrated database."""
    settings = read_server_settings(options)
    if lifeline is None:
        try:
            make_chosen_folders(settings)
        except SettingsError as error:
            fail(str(error), EXIT_BAD_SETTING)
        require_whole(settings)
        warn_of_open_folders(settings)
        if settings.broker_url is None and not settings.broker_socket.exists():
            fail(
                f"there is no broker: set BROKER_URL, or run `longshore serve` on {settings.root_storage_path}",
                EXIT_BAD_SETTING,
            )
        from longshore.supervision.process_manager import part

        # In a process of its own, since what a migration imports would stay in memory here.
        if subprocess.run(part("migrate"), env=settings.child_environment(), check=False).returncode:
            fail("the database could not be brought to this version; the reason stands above")
    return settings


def require_whole(settings: Settings) -> None:
    """End the process with a sentence where a restore has begun and not ended."""
    from longshore.supervision.restore_mark import require_restored

    try:
        require_restored(settings)
    except SettingsError as error:
        fail(str(error), EXIT_BAD_SETTING)


def fail(sentence: str, code: int = EXIT_FAILED) -> NoReturn:
    """Say why on standard error and end the process."""
    click.echo(f"longshore: {sentence}", err=True)
    sys.exit(code)
