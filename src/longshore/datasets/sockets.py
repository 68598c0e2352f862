"""The datasets on Socket.IO: one handler for every event, since the registry knows what there is.

Handlers only check, answer small reads, and enqueue; reads that must look at the whole table run on a few
threads of their own, so that a socket stays responsive while they work.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import socketio
from pydantic import BaseModel
from socketio.exceptions import ConnectionRefusedError as Refused

from longshore.access.callers import current_user
from longshore.datasets import answers, records
from longshore.datasets.drain import for_wire
from longshore.datasets.envelope import MAX_REQUEST_ID, Envelope, open_event, require_request_id
from longshore.datasets.service import READS, Asker, Datasets, parameters_of, require_session_id, spelling_of
from longshore.errors import Internal, InvalidRequest, LongshoreError, shorten
from longshore.state.leases import new_owner
from longshore.tables.core.json_values import MAX_EXACT
from longshore.web.answer import Answer
from longshore.web.json import TOO_DEEP, require_answerable

logger = logging.getLogger(__name__)

HEAVY_READERS = 4
_VIEW_FIELDS = ("filterType", "searchQuery", "sortColumnIndex", "filterColumns", "searchColumns", "sortColumn", "where")
_HEAD = 400
_EVENT_HEAD = re.compile(r'(?:2|5\d{0,6}-)(?P<id>\d{0,18})\["(?P<event>[^"\\]{1,100})"')
_REQUEST_ID = re.compile(r'"requestID"\s*:\s*("[^"\\]{0,200}"|-?\d{1,18})')

WELCOME = "limits"
"""Event that tells a new client what it may send."""


DATA_FORMAT = "dataFormat"
"""Word of the handshake, in the query or in ``auth``: how a client reads the ``data`` of the event ``data``."""

AS_TEXT = "text"
DATA_FORMATS = ("json", AS_TEXT)


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
        self._text_readers: set[str] = set()
        # Those that read data as JSON text; it is answered by the process that holds them, so no other need know.
        self._readers = ThreadPoolExecutor(HEAVY_READERS, thread_name_prefix="reader")
        server.on("connect", self.connect)
        server.on("disconnect", self.disconnect)
        server.on("*", self.handle)
        # The library would begin to listen to the message queue with the first client; until then whoever
        # publishes finds no listener, and a worker's answers would wait for a browser to come.
        server.manager_initialized = True
        server.manager.initialize()

    def connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        """Keep how the client wants its answers, and tell it its limits.

        :raises Refused: for a format that there is none of.
        """
        try:
            data_format = _asked_format(environ, auth)
        except InvalidRequest as error:
            raise Refused(error.description, error.to_wire()) from None
        if data_format == AS_TEXT:
            self._text_readers.add(sid)
        user = current_user(self.service.settings)
        named = {} if user is None else {"user": user}
        limits = answers.Limits(maxMessageBytes=self.service.settings.max_message_bytes, **named)
        self.server.emit(WELCOME, limits.to_wire(), to=sid)

    def disconnect(self, sid: str, _reason: Any = None) -> None:
        """Drop the socket's associations, and tell those who stay."""
        self._text_readers.discard(sid)
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
        return answers.Acknowledged(accepted=True, requestID=request_id).to_wire()

    def refuse(self, event: str, sid: str, body: Any, error: LongshoreError) -> dict[str, Any]:
        """Answer a request that is not done, by its event; returns the acknowledgement."""
        self.answer(event, sid, body, error.to_wire(), success=False)
        acknowledged = answers.Acknowledged(accepted=False, requestID=_echo(body, "requestID"))
        return {**acknowledged.to_wire(), **error.to_wire()}

    def answer(self, event: str, sid: str, body: Any, fields: Mapping[str, Any], *, success: bool = True) -> None:
        """Send the asking client the event of the same name."""
        session_id, request_id = _echo(body, "sessionID"), _echo(body, "requestID")
        standard = answers.Answered(operation=event, sessionID=session_id, requestID=request_id, success=success)
        self.server.emit(event, {**standard.to_wire(), **fields}, to=sid)

    def _start(self, event: str, sid: str, body: Any) -> None:
        if not isinstance(body, dict):
            raise InvalidRequest('send one object, such as {"sessionID": ..., "requestID": ...}')
        require_request_id(body.get("requestID"))
        require_answerable(body)  # the library reads messages with a parser that takes NaN
        opened = open_event(event, body, _parameters_of(event), is_read=event in READS)
        session_id = require_session_id(body.get("sessionID"))
        if event in READS:
            self._join(sid, session_id)
            self._read(event, sid, session_id, body, opened)
            return
        # Join before accepting: the answer's dataChanged must find this client in the room.
        self._join(sid, session_id)
        user = current_user(self.service.settings)
        asker = Asker(opened.request_id, sid, user, opened.warnings or None, spelling_of(event))
        if opened.once:
            self._accept_once(session_id, event, opened, asker)
        else:
            self.service.accept(session_id, event, opened.parameters, asker, if_version=opened.if_version)

    def _accept_once(self, session_id: str, event: str, opened: Envelope, asker: Asker) -> None:
        """Accept a change that may have come before; of one that is done already, answer again what was answered."""
        known = self.service.accept_once(session_id, event, opened.parameters, asker, opened.if_version)
        if known is not None:
            self.server.emit(event, for_wire({**known, "operation": event}), to=asker.socket_id)

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
        news = answers.PresenceNews(sessionID=session_id, **vars(present))
        self.server.emit(PRESENCE, news.to_wire(), room=session_id)

    def _read(self, event: str, sid: str, session_id: str, body: dict[str, Any], opened: Envelope) -> None:
        if READS[event].heavy or any(opened.parameters.get(field) is not None for field in _VIEW_FIELDS):
            self._readers.submit(self._read_and_answer, event, sid, session_id, body, opened)
        else:
            self._answer_read(event, sid, body, opened, self.service.read(event, session_id, opened.parameters))

    def _answer_read(self, event: str, sid: str, body: Any, opened: Envelope, answer: Answer) -> None:
        found = answer.to_wire()
        if event == "data" and sid in self._text_readers:
            found["data"] = json.dumps(found["data"], ensure_ascii=False, separators=(",", ":"))
        if opened.ignored:
            found |= answers.ReadNote(warnings=[*found.get("warnings", []), *opened.warnings]).to_wire()
        self.answer(event, sid, body, found)

    def _read_and_answer(self, event: str, sid: str, session_id: str, body: dict[str, Any], opened: Envelope) -> None:
        def tell(done: int, total: int) -> None:
            session, request = _echo(body, "sessionID"), _echo(body, "requestID")
            news = answers.Progress(operation=event, sessionID=session, requestID=request, done=done, total=total)
            self.server.emit("progress", news.to_wire(), to=sid)

        try:
            found = self.service.read(event, session_id, opened.parameters, tell)
            self._answer_read(event, sid, body, opened, found)
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


def _parameters_of(event: str) -> type[BaseModel]:
    """The model of what an event takes.

    :raises InvalidRequest: for an event that is none, with the nearest name.
    """
    return READS[event].parameters if event in READS else parameters_of(event)


def _asked_format(environ: Mapping[str, Any], auth: Any) -> str:
    """How a client reads ``data``: what its ``auth`` says, else the address that it connected by, else ``json``.

    :raises InvalidRequest: for what is none of :data:`DATA_FORMATS`.
    """
    in_query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).get(DATA_FORMAT)
    asked = in_query[-1] if in_query else None
    if isinstance(auth, dict) and auth.get(DATA_FORMAT) is not None:
        asked = auth[DATA_FORMAT]
    if asked is None:
        return DATA_FORMATS[0]
    found = asked.strip().lower() if isinstance(asked, str) else ""
    if found not in DATA_FORMATS:
        raise InvalidRequest(f"{DATA_FORMAT} is one of {', '.join(DATA_FORMATS)}, not {shorten(str(asked), 40)!r}")
    return found


def _echo(body: Any, field: str) -> Any:
    """A field of the request as it came, unless it is too odd to send back."""
    value = body.get(field) if isinstance(body, dict) else None
    if isinstance(value, str):
        return shorten(value, MAX_REQUEST_ID)
    # What is no number in JSON cannot be sent back.
    if isinstance(value, int):
        return value if abs(value) <= MAX_EXACT else None
    return value if isinstance(value, float) and math.isfinite(value) else None


class UnreadableMessage(InvalidRequest, ValueError):
    """The JSON of a message cannot be read.

    Engine.IO tries the same parser on its own packets, such as the ``probe`` of a connection that goes over from
    polling to a websocket, and takes what raises a ValueError for text.
    """


class MessageJson:
    """JSON as the library wants it from a module, which says what is wrong in our words."""

    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(text: str) -> Any:
        """The value; raises UnreadableMessage."""
        try:
            return json.loads(text)
        except RecursionError:
            raise UnreadableMessage(TOO_DEEP) from None
        except ValueError:
            raise UnreadableMessage("the message is not valid JSON") from None


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
        super().__init__(json=MessageJson, **options)

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        # Binary attachments would keep the connection waiting for their rest; no event of ours takes any.
        if isinstance(data, bytes | bytearray) or len(data) > self.max_message_bytes or data[:1] in ("5", "6"):
            limit = f"{self.max_message_bytes:,}"
            error = InvalidRequest(f"a message holds text of at most {limit} bytes; send files and long lists by HTTP")
            self._refuse_message(eio_sid, data, error)
            return
        try:
            super()._handle_eio_message(eio_sid, data)
        except UnreadableMessage as error:
            self._refuse_message(eio_sid, data, error)

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

    def _refuse_message(self, eio_sid: str, data: Any, error: InvalidRequest) -> None:
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
        acknowledgement = self.refuse(head["event"], sid, {"requestID": request_id}, error)
        if head["id"]:
            packet = self.packet_class(socketio.packet.ACK, namespace="/", id=int(head["id"]), data=[acknowledgement])
            self._send_packet(eio_sid, packet)
