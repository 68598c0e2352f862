"""The one Celery application, of web server and workers alike."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from celery import Celery, Task, _state

from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.handlers.loading import allow_imports_from_here
from longshore.jobs.begun_tasks import OWN_TASKS
from longshore.jobs.results.celery_backends import BACKENDS, result_options
from longshore.queues.undeclared import TABLES_OWN, tell_of_new_queues
from longshore.settings import REDIS_SCHEMES, Settings

JOBS_QUEUE = "jobs"
"""Where Celery tasks and jobs go that name no other queue."""

# Redis hands a message out again if it was not acknowledged in this time. Ours are acknowledged before they run
# (the mailbox in the database keeps the work), so it only has to be longer than any wait for a free worker process.
VISIBILITY_SECONDS = 12 * 3600

BROKER_SECONDS = 5.0
"""How long the broker may take for an answer."""

# A broker that was restarted is back in a fraction of a second; a request does not wait longer than about 1 s for it.
PUBLISH_RETRY = {"max_retries": 4, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.4}


KEPT_REQUEST = "longshore.jobs.running.plain_tasks:KeptRequest"


class Application(Celery):  # type: ignore[misc]
    """Celery, with the queue that a task declares (``@celery.task(queue="qed")``) set on the task itself.

    Celery looks for it there whenever it sends the task: by ``delay()``, by name, in chains, groups and chords, and
    when it unlocks a chord. As an attribute of the task's *class*, where its decorator puts it, it has deprecated it.
    """

    def _task_from_fun(self, fun: Any, name: str | None = None, **options: Any) -> Any:
        queue = options.pop("queue", None)
        name = name or self.gen_task_name(fun.__name__, fun.__module__)
        is_new = name not in self._tasks
        task = super()._task_from_fun(fun, name=name, **options)
        if is_new and queue is not None:
            task.queue = queue
        if is_new and not name.startswith(OWN_TASKS) and task.Request == Task.Request:
            task.Request = KEPT_REQUEST
        return task

    def send_task(self, name: str, *args: Any, **options: Any) -> Any:
        """Send a task.

        :raises ValueError: for one that would wait where only the server's own are carried out, and be thrown away.
        """
        queue = options.get("queue")
        queue_name = getattr(queue, "name", queue)
        if queue_name in TABLES_OWN and not name.startswith(OWN_TASKS):
            raise ValueError(f"{name}: the queue {queue_name!r} is the server's own; name another one, or none")
        return super().send_task(name, *args, **options)


def task_queues(app: Any) -> dict[str, str]:
    """The queue to which each task is sent whose name is not the project's or Celery's own, by name."""
    app.finalize()
    found = sorted((name, task) for name, task in app.tasks.items() if not name.startswith(OWN_TASKS))
    return {name: _queue_of(app, task) for name, task in found}


def _queue_of(app: Any, task: Any) -> str:
    """What the task itself names, or ``task_routes``, or the default queue, as Celery decides it when it sends."""
    # The router takes entries out of what it is given, and Celery keeps this one.
    options = dict(task._get_exec_options())
    return str(app.amqp.router.route(options, task.name, task_type=task)["queue"].name)


def make_celery(settings: Settings) -> Celery:
    """A Celery application on the broker of ``settings``, and this process's default one.

    Tasks are declared with ``shared_task`` and need no import of it; they find the settings as
    ``celery.current_app.settings``.
    """
    # Celery puts the current folder before all others while it imports, unless it stands on the path already: at the
    # end, so that a json.py that lies there is not taken for Python's.
    allow_imports_from_here()
    app = Application("longshore", set_as_current=True)
    app.loader.override_backends = BACKENDS
    app.conf.update(
        broker_url=settings.kombu_url,
        broker_use_ssl=settings.broker_tls or False,
        broker_transport_options=_transport_options(settings),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=30,
        broker_connection_timeout=BROKER_SECONDS,
        # JSON only: a message can carry data, never code.
        accept_content=["json"],
        task_serializer="json",
        event_serializer="json",
        result_serializer="json",
        **result_options(settings),
        task_acks_late=False,
        task_publish_retry_policy=PUBLISH_RETRY,
        task_default_queue=JOBS_QUEUE,
        task_routes={"longshore.datasets.*": {"queue": DATASETS_QUEUE}},
        worker_prefetch_multiplier=1,
        # Take a message only when a process is free: one that waits behind a long task could run elsewhere.
        worker_disable_prefetch=settings.redis_url is not None,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_consumer="longshore.supervision.celery_consumer:QuickConsumer",
        timezone="UTC",
    )
    app.settings = settings
    # Set by a worker: the queues that it was started for, whether it serves others that nobody declared, which of those
    # it begins with, which it serves by now, which it would not, and what it does once it serves one.
    app.own_queues = frozenset()
    app.takes_up_queues = False
    app.kept_queues = []
    app.taken_up = set()
    app.refused_queues = set()
    app.say_alive = lambda: None
    tell_of_new_queues(app)
    # Celery keeps its current application per thread; the web server has many, and shared tasks look here.
    app.set_default()
    return app


def _transport_options(settings: Settings) -> dict[str, Any]:
    if urlsplit(settings.kombu_url).scheme.split("+")[0] not in REDIS_SCHEMES:
        return {"write_timeout": BROKER_SECONDS}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        # A broker that stands still is as good as away.
        "socket_timeout": BROKER_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "global_keyprefix": "",
    }


def __getattr__(name: str) -> Any:
    if name == "celery":
        return process_celery()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def process_celery() -> Celery:
    """This process's Celery application, for ``from longshore import celery``.

    The one that web server, worker or job runner made; elsewhere (in a script that only sends tasks) one is made from
    the environment.
    """
    app = _state.default_app
    return app if hasattr(app, "settings") else make_celery(Settings.from_environment())
