"""A broker over TLS has to prove the name by which it is called."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from longshore.access.throttling import _storage
from longshore.errors import Unavailable
from longshore.monitoring.health import check_broker
from longshore.processes.message_queue import emitter
from longshore.queues.celery_app import make_celery
from longshore.queues.unserved import _ask_rabbitmq
from longshore.settings import Settings

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")

Serve = Callable[[str, str], Settings]


@pytest.fixture
def greeted() -> SimpleQueue[bool]:
    """Whether each client that came accepted the certificate."""
    return SimpleQueue()


@pytest.fixture
def serve(
    tmp_path: Path, storage: Path, greeted: SimpleQueue[bool], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Serve]:
    """Listen with a certificate for a name that all clients trust; hangs up after the greeting."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def greet(context: ssl.SSLContext) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the end of the test
                return
            connection.settimeout(10)
            try:
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    greeted.put(bool(encrypted.recv(1)))
            except OSError:
                greeted.put(False)
            finally:
                connection.close()

    def listen(scheme: str, name: str) -> Settings:
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(certificate),
            ],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        threads.append(threading.Thread(target=greet, args=(context,)))
        threads[-1].start()
        url = f"{scheme}://:secret@localhost:{listener.getsockname()[1]}/"
        return Settings.from_environment(root_storage_path=storage, broker_url=url)

    yield listen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(20)


def connect_celery(settings: Settings) -> None:
    make_celery(settings).connection_for_write().connect()


def ask_queues(settings: Settings) -> None:
    _ask_rabbitmq(settings, ["jobs"])


def count(settings: Settings) -> None:
    _storage(str(settings.redis_url)).incr("a", 1)


def send(settings: Settings) -> None:
    emitter(settings).emit("x", {}, "room")


FAILURES = (OSError, RedisError, KombuError, Unavailable)
every_way = pytest.mark.parametrize(
    ("scheme", "connect"),
    [
        ("amqps", connect_celery), ("amqps", check_broker), ("amqps", ask_queues), ("amqps", send),
        ("rediss", connect_celery), ("rediss", check_broker), ("rediss", send), ("rediss", count),
    ],
)  # fmt: skip


@every_way
def test_another_names_certificate_is_refused(
    serve: Serve, greeted: SimpleQueue[bool], scheme: str, connect: Callable[[Settings], Any]
) -> None:
    with pytest.raises(FAILURES):
        connect(serve(scheme, "elsewhere.example"))
    assert greeted.get(timeout=20) is False


@every_way
def test_its_own_names_certificate_is_taken(
    serve: Serve, greeted: SimpleQueue[bool], scheme: str, connect: Callable[[Settings], Any]
) -> None:
    with pytest.raises(FAILURES):  # it is no broker, and hangs up
        connect(serve(scheme, "localhost"))
    assert greeted.get(timeout=20) is True
