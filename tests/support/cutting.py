"""A connection that breaks: a proxy that does something once enough bytes have passed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def cutting(url: str, after_bytes: int, then: Callable[[], object] = lambda: None) -> Iterator[str]:
    """The address of a proxy to ``url``.

    :param after_bytes: of one connection, from the client; when so many have passed it is reset, the first time only.
    :param then: called just before.
    """
    parts = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=join, args=(client,), daemon=True).start()

    def join(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port)) as server:
            threading.Thread(target=pass_on, args=(server, client, None), daemon=True).start()
            pass_on(client, server, after_bytes)

    def pass_on(source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                passed += len(data)
                if limit is not None and passed >= limit and not done.is_set():
                    done.set()
                    then()
                    break
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
