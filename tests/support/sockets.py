"""A real Socket.IO client that remembers what it receives."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import engineio
import socketio


class _EngineInOrder(engineio.Client):
    """Handles messages as they come; the library gives each a thread, and threads overtake each other."""

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        return super()._trigger_event(event, *args, **{**kwargs, "run_async": False})


class _ClientInOrder(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return _EngineInOrder


class Listener:
    """A connected client; every event is kept in order of arrival."""

    def __init__(
        self,
        url: str,
        transports: tuple[str, ...] = ("websocket",),
        headers: dict[str, str] | None = None,
        auth: dict[str, Any] | None = None,
    ) -> None:
        self.client = _ClientInOrder(reconnection=True, reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.received: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self.client.on("*", self._keep)
        self.client.connect(url, headers=headers or {}, auth=auth, transports=list(transports), wait_timeout=20)

    def _keep(self, event: str, *data: Any) -> None:
        with self._news:
            self.received.append((event, data[0] if data else None))
            self._news.notify_all()

    def wait_for(self, event: str, request_id: Any = None, seconds: float = 30, **fields: Any) -> Any:
        """The first event of this name whose fields agree."""
        if request_id is not None:
            fields["requestID"] = request_id

        def found() -> Any:
            for name, data in self.received:
                if name == event and isinstance(data, dict) and all(data.get(k) == v for k, v in fields.items()):
                    return data
            return None

        with self._news:
            answered = self._news.wait_for(lambda: found() is not None, seconds)
            assert answered, f"no {event} with {fields} within {seconds} s; received {self.received[-5:]}"
            return found()

    def events(self, name: str) -> list[Any]:
        with self._news:
            return [data for event, data in self.received if event == name]

    def ask(self, event: str, session_id: Any = None, seconds: float = 30, **body: Any) -> dict[str, Any]:
        """Send a request and wait for its answering event."""
        request_id = body.pop("requestID", uuid.uuid4().hex)
        self.client.emit(event, {"sessionID": session_id, "requestID": request_id, **body})
        return dict(self.wait_for(event, request_id, seconds))

    def acknowledged(self, event: str, body: Any, seconds: float = 30) -> Any:
        """Send anything and return the acknowledgement."""
        return self.client.call(event, body, timeout=seconds)

    def close(self) -> None:
        if self.client.connected and self.client.transport() == "polling":
            # The library would wait, up to 25 s, for the request that waits for news.
            self.client.eio.disconnect(abort=True)
            return
        self.client.disconnect()
        self.client.shutdown()
