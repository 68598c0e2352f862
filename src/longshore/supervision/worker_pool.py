"""The workers of one machine: one for tables, one for imports, and one for jobs if there is anything for it to run.

Three kinds, since a job may take hours and an import minutes, and a click in a table must not wait behind them; and
since only one of them needs what deployers added, the others go on when that does not load.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO

from longshore.datasets import IMPORTS_QUEUE
from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.settings import Settings
from longshore.supervision.child_process import Child, describe_exit
from longshore.supervision.process_manager import ProcessManager, StartError, part

# As in celery_app.py, which imports too much for the processes that need it here.
JOBS_QUEUE = "jobs"
LOAD_SECONDS = 120
STOP_MARGIN_SECONDS = 3
HAND_BACK_SECONDS = 4
"""Time that a worker takes to end what it is at and give it back, once the time to finish is over."""


class Workers:
    """Makes the children for ``keeper``.

    :param options: command line options of every part.
    :param inherited: file descriptors of every part.
    :param concurrency: processes of each worker; None: as the settings say.
    """

    def __init__(
        self,
        keeper: ProcessManager,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        options: Sequence[str] = (),
        inherited: Sequence[int] = (),
        concurrency: int | None = None,
    ) -> None:
        self.keeper = keeper
        self.settings = settings
        self.environment = environment
        self.options = options
        self.inherited = inherited
        self.concurrency = concurrency
        self._answer: IO[bytes] | None = None
        self._question: Child | None = None

    def ask_for_queues(self) -> None:
        """Begin to find out what is declared, in a process of its own: it runs the deployer's code, and goes away."""
        if not (self.settings.task_modules or _has_handlers(self.settings)):
            return
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - until the answer is read
        number = self._answer.fileno()
        self._question = Child(
            "declarations",
            part("declarations", "--output", str(number), *self.options),
            self.environment,
            (*self.inherited, number),
        )
        self.keeper.start_child(self._question)

    def start(self) -> None:
        """Start the workers.

        :raises StartError: when a handler or a task module cannot be loaded.
        """
        concurrency = self.concurrency or self.settings.worker_concurrency
        self._start_for_tables((DATASETS_QUEUE,), concurrency)
        queues = self._read_queues()
        if queues:
            # Who names the queues of a machine means these and no others.
            flags = () if self.settings.job_queues else ("--take-up",)
            self._start("job worker", queues, self.concurrency or self.settings.job_concurrency, *flags)

    def start_chosen(self, queues: Sequence[str]) -> None:
        """Start the workers of some queues, that of the tables among them."""
        only_tables = tuple(queues) == (DATASETS_QUEUE,)
        concurrency = self.settings.worker_concurrency if only_tables else self.settings.job_concurrency
        self._start_for_tables(queues, self.concurrency or concurrency)

    def _start_for_tables(self, queues: Sequence[str], concurrency: int) -> None:
        """The worker of tables, and beside it that of imports: how many files are read at once is not its business."""
        self._start("worker", queues, concurrency, "--without-imports")
        self._start("import worker", (IMPORTS_QUEUE,), self.settings.import_concurrency)

    def _start(self, name: str, queues: Sequence[str], concurrency: int, *flags: str) -> None:
        stop_seconds = self.settings.stop_timeout_seconds + HAND_BACK_SECONDS
        command = part("worker", "--queues", ",".join(queues), "--concurrency", str(concurrency), *flags, *self.options)
        child = Child(
            name,
            command,
            self.environment,
            self.inherited,
            stop_seconds=stop_seconds + STOP_MARGIN_SECONDS,
            group="workers",
        )
        self.keeper.start_child(child)

    def _read_queues(self) -> list[str]:
        if self._question is None or self._answer is None:
            return []
        failure = "handlers and task modules did not load"
        code = self.keeper.finish_child(self._question, LOAD_SECONDS, failure)
        with self._answer as answer:
            answer.seek(0)
            text = answer.read()
        if code != 0 or not text:
            raise StartError(f"{failure}: the reason stands above" if code > 0 else f"{failure}: {describe_exit(code)}")
        return self._queues([str(queue) for queue in json.loads(text)["queues"]])

    def _queues(self, declared: list[str]) -> list[str]:
        """What the job worker serves, if there is anything for it to do.

        The default queue is always among them: a task goes there that names none when it is sent.
        """
        if not (declared or self.settings.task_modules):
            return []
        queues = list(self.settings.job_queues) or declared
        return queues if JOBS_QUEUE in queues else [*queues, JOBS_QUEUE]


def _has_handlers(settings: Settings) -> bool:
    try:
        return any(path.suffix == ".py" for path in settings.handlers_dir.iterdir())
    except OSError:  # not there, or for the loading to complain about
        return settings.handlers_dir.exists()


def run_workers(settings: Settings, concurrency: int | None, queues: Sequence[str] = ()) -> int:
    """Run this machine's workers until SIGTERM or SIGINT; the exit code.

    :param queues: only those of these queues, that of the tables among them; empty: all.
    :raises StartError: when a part does not start.
    """
    keeper = ProcessManager()
    with ExitStack() as stack:
        stack.callback(keeper.selector.close)
        stack.enter_context(keeper.signals())
        workers = Workers(keeper, settings, settings.child_environment(), concurrency=concurrency)
        stack.callback(keeper.stop_children)
        if queues:
            workers.start_chosen(queues)
        else:
            workers.ask_for_queues()
            workers.start()
        while not keeper.stop_requests:
            keeper.look_after_children()
            keeper.sleep(keeper.patience())
    return keeper.exit_code
