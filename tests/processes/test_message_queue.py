"""The message queue between workers and the web server, on a real broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
import socketio

from longshore.errors import Unavailable
from longshore.processes.message_queue import CHANNEL, emitter, server_manager
from longshore.queues.celery_app import make_celery
from longshore.settings import Settings
from longshore.supervision.broker import answers, make_broker, prepare_broker
from longshore.supervision.child_process import Child
from support.waiting import eventually

pytestmark = pytest.mark.processes


@pytest.fixture
def broker(settings: Settings) -> Iterator[Child]:
    path = prepare_broker(settings)
    child = make_broker(settings, path)
    child.start()
    try:
        eventually(lambda: answers(path), 10, "an answer of the broker")
        yield child
    finally:
        child.kill()


@pytest.fixture
def received(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[tuple[str, Any, str]]:
    """What a web server's manager would send to its sockets."""
    seen: SimpleQueue[tuple[str, Any, str]] = SimpleQueue()
    manager = server_manager(settings)

    def send_to_sockets(message: dict[str, Any]) -> None:
        seen.put((message["event"], message["data"][0], message["room"]))

    monkeypatch.setattr(manager, "_handle_emit", send_to_sockets)
    server = socketio.Server(client_manager=manager, async_mode="threading")
    server.manager_initialized = True
    manager.initialize()
    return seen


def send(settings: Settings, value: Any) -> bool:
    """Emit; whether it was accepted."""
    try:
        emitter(settings).emit("data", value, room="somebody")
    except Unavailable:
        return False
    return True


@pytest.mark.usefixtures("broker")
def test_a_message_reaches_the_web_server(settings: Settings, received: SimpleQueue[Any]) -> None:
    eventually(lambda: send(settings, {"n": 1}), 5, "a listener")
    assert received.get(timeout=5) == ("data", {"n": 1}, "somebody")


@pytest.mark.usefixtures("broker")
def test_a_message_that_nobody_would_receive_is_refused(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="no web server listens"):
        emitter(settings).emit("data", 1, room="somebody")


def test_without_a_broker_the_sender_learns_it_at_once(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="broker cannot be reached"):
        emitter(settings).emit("data", 1, room="somebody")


def test_rabbitmq_away_is_unavailable_too(settings: Settings) -> None:
    away = settings.model_copy(update={"broker_url": Settings(broker_url="amqp://127.0.0.1:9//").broker_url})
    with pytest.raises(Unavailable, match="broker cannot be reached"):
        emitter(away).emit("data", 1, room="somebody")


def test_messages_flow_again_after_a_killed_broker_came_back(
    settings: Settings, broker: Child, received: SimpleQueue[Any]
) -> None:
    sender = emitter(settings)  # one that lives through it
    eventually(lambda: send(settings, "before"), 5, "a listener")
    assert received.get(timeout=5)[1] == "before"
    broker.kill()
    with pytest.raises(Unavailable):
        sender.emit("data", "during", room="somebody")
    broker.start()

    def accepted() -> bool:
        try:
            sender.emit("data", "after", room="somebody")
        except Unavailable:
            return False
        return True

    eventually(accepted, 3, "the listener's return")
    assert received.get(timeout=5)[1] == "after"


@pytest.mark.usefixtures("broker")
def test_threads_may_share_an_emitter(settings: Settings, received: SimpleQueue[Any]) -> None:
    eventually(lambda: send(settings, -1), 5, "a listener")
    received.get(timeout=5)
    sender = emitter(settings)
    threads = [
        threading.Thread(target=lambda first=first: [sender.emit("data", first + n, room="r") for n in range(50)])
        for first in range(0, 400, 50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(received.get(timeout=5)[1] for _ in range(400)) == list(range(400))


def test_sockets_and_tasks_do_not_share_an_exchange(settings: Settings) -> None:
    """RabbitMQ refuses one name for a fanout exchange (sockets) and a direct one (tasks)."""
    assert make_celery(settings).conf.task_default_queue != CHANNEL
