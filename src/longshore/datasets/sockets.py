"""The datasets on Socket.IO: one handler for every event, since the registry knows what there is.

Handlers only check, answer small reads, and enqueue; reads that must look at the whole table run on a few
threads of their own, so that a socket stays responsive while they work.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import socketio

from longshore.access.callers import current_user
from longshore.datasets import records
from longshore.datasets.drain import for_wire
from longshore.datasets.service import LONGEST_REQUEST_ID, READS, Asker, Datasets, is_change, require_session_id
from longshore.errors import Internal, InvalidRequest, LongshoreError, shorten
from longshore.leases import new_owner
from longshore.tables.operations import require_operation

logger = logging.getLogger(__name__)

HEAVY_READERS = 4
_VIEW_FIELDS = ("filterType", "searchQuery", "sortColumnIndex", "filterColumns", "searchColumns", "sortColumn", "where")
_HEAD = 400
_EVENT_HEAD = re.compile(r'(?:2|5\d{0,6}-)(?P<id>\d{0,18})\["(?P<event>[^"\\]{1,100})"')
_REQUEST_ID = re.compile(r'"requestID"\s*:\s*("[^"\\]{0,200}"|-?\d{1,18})')

WELCOME = "limits"
"""Event that tells a new client what it may send."""


PRESENCE = "presence"
"""Event that tells everyone in a session's room how many they are and who, when one comes or goes."""


class DatasetSockets:
    """Handles the events of the default namespace.

    :param server: the Socket.IO server whose rooms are sessions.
    """

    def __init__(self, server: socketio.Server, service: Datasets) -> None:
        self.server = server
        self.service = service
        self.name = new_owner()
        self._readers = ThreadPoolExecutor(HEAVY_READERS, thread_name_prefix="reader")
        server.on("connect", self.connect)
        server.on("disconnect", self.disconnect)
        server.on("*", self.handle)
        # The library would begin to listen to the message queue with the first client; until then whoever
        # publishes finds no listener, and a worker's answers would wait for a browser to come.
        server.manager_initialized = True
        server.manager.initialize()

    def connect(self, sid: str, _environ: Mapping[str, Any], _auth: Any = None) -> None:
        """Tell the client its limits."""
        limits: dict[str, Any] = {"maxMessageBytes": self.service.settings.max_message_bytes}
        user = current_user(self.service.settings)
        self.server.emit(WELCOME, limits if user is None else {**limits, "user": user}, to=sid)

    def disconnect(self, sid: str, _reason: Any = None) -> None:
        """Drop the socket's associations, and tell those who stay."""
        try:
            with self.service.database.writing(durable=False) as connection:
                left = records.sessions_of(connection, sid)
                records.forget_socket(connection, sid)
                staying = {session_id: records.presence(connection, session_id) for session_id in left}
            for session_id, present in staying.items():
                self._tell_presence(session_id, present)
        except LongshoreError as error:
            logger.warning("a closed socket stays on record: %s", error.description)

    def handle(self, event: str, sid: str, *arguments: Any) -> dict[str, Any]:
        """Any event: check it, start its work, return the acknowledgement."""
        body = arguments[0] if arguments else None
        request_id = body.get("requestID") if isinstance(body, dict) else None
        try:
            self._start(event, sid, body)
        except LongshoreError as error:
            return self.refuse(event, sid, body, error)
        except Exception:
            internal = Internal()
            logger.exception("event failed [%s]", internal.error_id)
            return self.refuse(event, sid, body, internal)
        return {"accepted": True, "requestID": request_id}

    def refuse(self, event: str, sid: str, body: Any, error: LongshoreError) -> dict[str, Any]:
        """Answer a request that is not done, by its event; returns the acknowledgement."""
        self.answer(event, sid, body, {"success": False, **error.to_wire()})
        request_id = _echo(body, "requestID")
        return {"accepted": False, "requestID": request_id, **error.to_wire()}

    def answer(self, event: str, sid: str, body: Any, fields: Mapping[str, Any]) -> None:
        """Send the asking client the event of the same name."""
        standard = {"operation": event, "sessionID": _echo(body, "sessionID"), "requestID": _echo(body, "requestID")}
        self.server.emit(event, {**standard, **fields}, to=sid)

    def _start(self, event: str, sid: str, body: Any) -> None:
        if not isinstance(body, dict):
            raise InvalidRequest('send one object, such as {"sessionID": ..., "requestID": ...}')
        self._check_envelope(event, body)
        session_id = require_session_id(body.get("sessionID"))
        asker = Asker(body.get("requestID"), sid, current_user(self.service.settings))
        if event in READS:
            self._join(sid, session_id)
            self._read(event, sid, session_id, body)
            return
        # Join before accepting: the answer's dataChanged must find this client in the room.
        if is_change(event):
            self._join(sid, session_id)
        if body.get("once") is True:
            self._accept_once(session_id, event, body, asker)
        else:
            self.service.accept(session_id, event, body, asker)

    def _accept_once(self, session_id: str, event: str, body: dict[str, Any], asker: Asker) -> None:
        """Accept a change that may have come before; of one that is done already, answer again what was answered."""
        expected = body.get("ifVersion")
        if asker.request_id is None:
            raise InvalidRequest("requestID: `once` needs one, by which the request is known again")
        if expected is not None and (isinstance(expected, bool) or not isinstance(expected, int)):
            raise InvalidRequest("ifVersion: give the number of a version")
        known = self.service.accept_once(session_id, event, body, asker, expected)
        if known is not None:
            self.server.emit(known["operation"], for_wire(known), to=asker.socket_id)

    def _check_envelope(self, event: str, body: dict[str, Any]) -> None:
        request_id = body.get("requestID")
        if isinstance(request_id, dict | list | bool) or (
            isinstance(request_id, str) and len(request_id) > LONGEST_REQUEST_ID
        ):
            raise InvalidRequest(f"requestID: give text of at most {LONGEST_REQUEST_ID} characters, or a number")
        if event not in READS and not is_change(event):
            require_operation(event)  # raises, with the nearest name
        named = body.get("operation", event)
        if named != event:
            raise InvalidRequest(
                f"the event is {event!r} but its operation is {shorten(str(named))!r}; they must agree"
            )

    def _join(self, sid: str, session_id: str) -> None:
        """Put the socket into the session's room, and the association into the database."""
        if session_id in self.server.rooms(sid):
            return
        with self.service.database.writing(durable=False) as connection:
            records.require_dataset(connection, session_id)
            records.associate(connection, sid, session_id, self.name, current_user(self.service.settings))
            present = records.presence(connection, session_id)
        self.server.enter_room(sid, session_id)
        self._tell_presence(session_id, present)

    def _tell_presence(self, session_id: str, present: records.Presence) -> None:
        """Tell a session's room how many sockets are in it, and whose."""
        self.server.emit(PRESENCE, {"sessionID": session_id, **vars(present)}, room=session_id)

    def _read(self, event: str, sid: str, session_id: str, body: dict[str, Any]) -> None:
        if READS[event].heavy or any(body.get(field) is not None for field in _VIEW_FIELDS):
            self._readers.submit(self._read_and_answer, event, sid, session_id, body)
        else:
            self.answer(event, sid, body, {"success": True, **self.service.read(event, session_id, body)})

    def _read_and_answer(self, event: str, sid: str, session_id: str, body: dict[str, Any]) -> None:
        def tell(done: int, total: int) -> None:
            self.answer("progress", sid, body, {"operation": event, "done": done, "total": total})

        try:
            self.answer(event, sid, body, {"success": True, **self.service.read(event, session_id, body, tell)})
        except LongshoreError as error:
            self.refuse(event, sid, body, error)
        except Exception:
            internal = Internal()
            logger.exception("read failed [%s]", internal.error_id)
            self.refuse(event, sid, body, internal)

    def close(self) -> None:
        """Drop this process's associations and end its readers."""
        self._readers.shutdown(wait=False, cancel_futures=True)
        with self.service.database.writing(durable=False) as connection:
            records.forget_server(connection, self.name)


def _echo(body: Any, field: str) -> Any:
    """A field of the request as it came, unless it is too odd to send back."""
    value = body.get(field) if isinstance(body, dict) else None
    if isinstance(value, str):
        return shorten(value, LONGEST_REQUEST_ID)
    return value if isinstance(value, int | float) else None


class GuardedServer(socketio.Server):  # type: ignore[misc]
    """A Socket.IO server that answers messages over the limit instead of parsing them or closing the connection.

    Engine.IO closes a connection over ``max_http_buffer_size``; that limit is set far higher, and the smaller
    one of the settings is enforced here, before any JSON is read.

    :ivar refuse: answers a request that is not done: ``refuse(event, sid, body, error)``.
    :ivar gate: decides about each connect and event, if there is one; see :class:`longshore.access.sockets.SocketGate`.
    """

    def __init__(self, *, max_message_bytes: int, **options: Any) -> None:
        self.max_message_bytes = max_message_bytes
        self.refuse: Any = None
        self.gate: Any = None
        super().__init__(**options)

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        # Binary attachments would keep the connection waiting for their rest; no event of ours takes any.
        if isinstance(data, bytes | bytearray) or len(data) > self.max_message_bytes or data[:1] in ("5", "6"):
            self._refuse_message(eio_sid, data)
            return
        super()._handle_eio_message(eio_sid, data)

    def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:  # noqa: A002
        # A client may not play the library's own events, and an event without a name is none.
        if isinstance(data, list) and data and isinstance(data[0], str):
            if data[0] in self.reserved_events:
                data = [f"({data[0]})", *data[1:]]
            super()._handle_event(eio_sid, namespace, id, data)

    def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        if self.gate is None:
            return super()._trigger_event(event, namespace, *args)
        return self.gate.handle(super()._trigger_event, event, namespace, *args)

    def _refuse_message(self, eio_sid: str, data: Any) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, "/")
        if sid is None or not isinstance(data, str):
            return
        head = _EVENT_HEAD.match(data[:_HEAD])
        if head is None or self.refuse is None:
            return
        found = _REQUEST_ID.search(data[:_HEAD]) or _REQUEST_ID.search(data[-_HEAD:])
        request_id: Any = None
        if found is not None:
            request_id = found[1].strip('"') if found[1].startswith('"') else int(found[1])
        error = InvalidRequest(
            f"a message holds text of at most {self.max_message_bytes:,} bytes; send files and long lists by HTTP"
        )
        acknowledgement = self.refuse(head["event"], sid, {"requestID": request_id}, error)
        if head["id"]:
            packet = self.packet_class(socketio.packet.ACK, namespace="/", id=int(head["id"]), data=[acknowledgement])
            self._send_packet(eio_sid, packet)
