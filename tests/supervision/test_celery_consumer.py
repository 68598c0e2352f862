"""What a consumer does at its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery.worker import state

from longshore.settings import Settings
from longshore.supervision.celery_consumer import UnblockStep


@pytest.fixture
def asking(broker: Settings) -> Any:
    """A connection on which a question can be asked, as the transport does it."""
    assert broker.redis_url is not None
    with redis.Redis.from_url(broker.redis_url, single_connection_client=True) as client:
        yield client


def consumer(settings: Settings, client: redis.Redis) -> Any:
    channel = SimpleNamespace(client=client)
    return SimpleNamespace(
        app=SimpleNamespace(settings=settings), task_consumer=SimpleNamespace(channel=channel), blueprint=None
    )


def asked(client: redis.Redis, seconds: float) -> redis.connection.Connection:
    connection = client.connection
    assert connection is not None
    connection.send_command("BRPOP", "longshore-test-queue", seconds)
    return connection


def test_the_question_for_the_next_message_is_answered_when_the_worker_stops(
    broker: Settings, asking: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = consumer(broker, asking)
    step = UnblockStep(ours)
    step.start(ours)
    connection = asked(asking, 600)
    monkeypatch.setattr(state, "should_stop", 0)
    step.stop(ours)
    assert connection.can_read(timeout=30)
    assert connection.read_response() is None


def test_a_message_that_came_before_is_the_answer(
    broker: Settings, asking: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = consumer(broker, asking)
    step = UnblockStep(ours)
    step.start(ours)
    connection = asked(asking, 600)
    with redis.Redis.from_url(str(broker.redis_url)) as other:
        other.lpush("longshore-test-queue", "work")
    monkeypatch.setattr(state, "should_stop", 0)
    step.stop(ours)
    assert connection.read_response() == [b"longshore-test-queue", b"work"]


def test_a_consumer_that_only_connects_again_leaves_its_question(broker: Settings, asking: redis.Redis) -> None:
    ours = consumer(broker, asking)
    step = UnblockStep(ours)
    step.start(ours)
    connection = asked(asking, 0.2)
    step.stop(ours)
    with redis.Redis.from_url(str(broker.redis_url)) as other:
        other.lpush("longshore-test-queue", "work")
    assert connection.read_response() == [b"longshore-test-queue", b"work"]


def test_a_broker_that_is_away_keeps_nobody_from_stopping(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def client_id(self) -> int:
            return 7

    ours = consumer(settings, Away())  # type: ignore[arg-type]
    step = UnblockStep(ours)
    step.start(ours)
    monkeypatch.setattr(state, "should_stop", 0)
    step.stop(ours)
    assert step.asking is None
