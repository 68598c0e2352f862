"""How the web server holds its connections: whatever is slow outside holds no thread inside.

gunicorn's threaded worker gives a thread to each connection from its first byte on. Here the event loop reads the head
of a request, and a short body, and only then a thread answers it; it also waits for clients that were answered before
they had sent everything. Each kind of request has threads of its own, so that open sockets leave room for requests,
and both of them for the question how the server is. Who finds none is told so, with 503 and ``Retry-After``.

Life of a connection::

    receiving ──the head, and a short body, are here──▶ running ──answered──▶ receiving (kept alive)
        │ too slow: 408, too large: 431                    │ to be closed
        ▼                                                  ▼
      closed ◀──the client closed, or a time is over── lingering

Sources: RFC 9112, section 9.6 (closing in stages); Apache's mod_reqtimeout (limits on heads, least rates of bodies).
"""

from __future__ import annotations

import errno
import fcntl
import re
import resource
import selectors
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from gunicorn import http
from gunicorn.http import errors as http_errors
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from longshore.access.probes import STATE
from longshore.errors import RETRY_SECONDS, InvalidRequest, LongshoreError, TimedOut, TooLarge, Unavailable
from longshore.web.pace import PatientUnreader
from longshore.web.wsgi_errors import refusal_body, refuse

SOCKETS = "/socket.io"

HEAD_BYTES = 32 * 2**10
HEAD_SECONDS = 10.0
"""From a head's first byte to its last."""
SILENT_SECONDS = 30.0
"""From a connection's begin to its first byte; browsers open some in advance."""
AHEAD_BYTES = 16 * 2**10
"""Bodies of at most this size are here before a thread begins."""
AHEAD_SECONDS = 20.0
"""From the end of a head to the end of such a body: a least rate of 0.8 kB/s."""
WAIT_SECONDS = 5.0
"""How long a request waits for a thread."""
LINGER_SECONDS = 30.0
"""How long a client that was answered may go on sending; it would not see the answer otherwise."""
STALLED_SECONDS = 5.0
"""A client that takes or sends next to nothing for so long gives way while others wait for a thread."""
STALLED_RATE = 10 * 2**10
"""Bytes a second that are next to nothing of an answer."""
AWAY_MILLISECONDS = 300_000
"""After as long without room at, or a sign of, the other side a connection counts as broken."""
MAX_RECEIVING = 256
"""Connections from one address whose requests are not whole."""
MAX_CONNECTIONS = 8192
SPARE_FILES = 512
"""Files that are kept for everything else than connections."""
STATE_THREADS = 4
LOOK_SECONDS = 1.0
_RECEIVE_BYTES = 64 * 2**10
_END = b"\r\n\r\n"
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:([^\r\n]*)", re.IGNORECASE)
_SIOCOUTQ = 0x5411
"""Linux: asks how many bytes of a socket the other side has not taken."""
_BYTES_ACKED = 120
"""Where ``struct tcp_info`` of Linux has the number of bytes that the other side has taken, eight bytes long."""
_REFUSED: tuple[tuple[type[Exception], int], ...] = (
    (http_errors.LimitRequestLine, 414),
    (http_errors.LimitRequestHeaders, 431),
    (http_errors.UnsupportedTransferCoding, 501),
    (http_errors.ExpectationFailed, 417),
    (http_errors.ParseException, 400),
)
"""What gunicorn's parser raises, and how it is answered."""
_NOT_THE_CLIENTS = (
    http_errors.ConfigurationProblem,
    http_errors.InvalidResponseHeader,
    http_errors.InvalidResponseHeaderName,
)


class Stage(Enum):
    """Where a connection is in its life."""

    RECEIVING = "receiving"
    RUNNING = "running"
    IDLE = "kept alive"
    LINGERING = "lingering"


class Connection(TConn):  # type: ignore[misc]
    """A connection, and as much of its next request as is here.

    :ivar received: bytes that no thread has seen.
    :ivar wanted: bytes up to the end of what is waited for; None until the head's end is known.
    :ivar begun: whether a byte of the request was seen, of which there may be nothing left.
    :ivar deadline: when the stage has to be over, in seconds of the monotonic clock.
    :ivar is_whole: whether the request's body is in ``received``.
    """

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.address: str = client[0] if isinstance(client, tuple) else ""
        self.initialized = False
        self.stage = Stage.RECEIVING
        self.received = bytearray()
        self.wanted: int | None = None
        self.begun = False
        self.deadline = time.monotonic() + SILENT_SECONDS
        self.is_whole = True
        self.lane: Lane | None = None
        self.seen: tuple[int, float] = (0, 0.0)
        # The event loop has waited already.
        self.data_ready = True
        for level, name, value in _OPTIONS:
            sock.setsockopt(level, name, value)

    def init(self) -> None:
        """Hand the request to its parser; called by the thread that answers it."""
        self.sock.setblocking(True)
        if not self.initialized:
            self.initialized = True
            self.parser = http.get_parser(self.cfg, self.sock, self.client)
            self.parser.unreader = PatientUnreader(self.sock)
        self.parser.unreader.begin()
        if self.received:
            self.parser.unreader.unread(bytes(self.received))
            self.received.clear()

    def unsent(self) -> int:
        """Bytes that the other side has not taken yet; 0 where the system does not say."""
        try:
            (size,) = struct.unpack("i", fcntl.ioctl(self.sock.fileno(), _SIOCOUTQ, b"\0" * 4))
        except (OSError, ValueError):
            return 0
        return int(size)

    def taken(self) -> int:
        """Bytes that the other side has taken so far; 0 where the system does not say."""
        if sys.platform != "linux":
            return 0
        try:
            info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
        except OSError:
            return 0
        return int.from_bytes(info[_BYTES_ACKED:], sys.byteorder)

    def cut(self) -> None:
        """Break it off; whoever reads from it or writes to it finds out."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.EBADF):
                raise


def _options() -> list[tuple[int, int, int]]:
    """What finds clients that vanished without closing, as far as this system can."""
    chosen = [(socket.SOL_SOCKET, "SO_KEEPALIVE", 1)]
    wanted = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": AWAY_MILLISECONDS}
    chosen += [(socket.IPPROTO_TCP, name, value) for name, value in wanted.items()]
    return [(level, getattr(socket, name), value) for level, name, value in chosen if hasattr(socket, name)]


_OPTIONS = _options()


class Lane:
    """The threads of one kind of request.

    :ivar busy: how many of them answer one.
    :ivar waiting: connections whose requests wait for one, each with the time at which that is over.
    :ivar long_bodies: connections whose bodies were not here when their requests began.
    :param room: how many may wait.
    """

    def __init__(self, name: str, threads: int, room: int) -> None:
        self.name = name
        self.threads = threads
        self.room = room
        self.busy = 0
        self.waiting: deque[tuple[Connection, float]] = deque()
        self.long_bodies: set[Connection] = set()
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)


class LanesWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker of threads, with an event loop that receives requests and threads by lanes."""

    open_sockets = 512
    """How many sockets may be open; set by whoever makes the web server."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.worker_connections = most_connections()
        self.max_keepalived = self.worker_connections
        self.open: dict[Connection, None] = {}
        self.receiving: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        """Connections whose requests are not whole, by address, oldest first."""
        self._looked = 0.0
        self._local = threading.local()

    def init_process(self) -> None:
        """Make the lanes, in the serving process."""
        threads = self.cfg.threads
        # A socket that polls holds a thread for its question as well, and one for what it sends.
        self.lanes = {
            "requests": Lane("requests", threads, threads),
            "sockets": Lane("sockets", self.open_sockets + self.open_sockets // 8 + 8, 0),
            "state": Lane("state", STATE_THREADS, 64),
        }
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, behind what closes connections."""
        super().load_wsgi()
        self._application: Any = self.wsgi
        self.wsgi: Any = self._answer

    # -- receiving, in the event loop

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
                return
            raise
        try:
            connection = Connection(self.cfg, sock, address, listener.getsockname())
        except OSError:  # gone already
            sock.close()
            return
        self.nr_conns += 1
        self.open[connection] = None
        self._watch(connection, SILENT_SECONDS)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def _watch(self, connection: Connection, seconds: float) -> None:
        """Receive what comes, and no longer from the oldest of too many at the same address."""
        connection.stage = Stage.RECEIVING
        connection.begun = False
        connection.wanted = None
        connection.deadline = time.monotonic() + seconds
        same = self.receiving[connection.address]
        same[connection] = None
        connection.sock.setblocking(False)
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._guarded, self._receive, connection))
        if len(same) > MAX_RECEIVING:
            self._drop(next(iter(same)))

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        """A connection that was kept alive has a request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._watch(conn, HEAD_SECONDS)
        self._receive(conn, client)

    def _guarded(self, step: Callable[[Connection, Any], None], connection: Connection, file: Any) -> None:
        """Carry out a step for one connection, whose failure must not end the loop for all.

        Of the events that came together an earlier one may have closed this connection, to make room.
        """
        if connection not in self.open:
            return
        try:
            step(connection, file)
        except Exception:
            self.log.exception("a connection is given up")
            if connection in self.open:
                self._drop(connection)

    def _receive(self, connection: Connection, _file: Any) -> None:
        data = self._take(connection)
        if not data:
            return
        if not connection.begun:
            connection.begun = True
            connection.deadline = time.monotonic() + HEAD_SECONDS
        connection.received += data
        self._look(connection)

    def _take(self, connection: Connection) -> bytes:
        """What came; nothing of a connection that the other side has closed, which is closed here, too."""
        try:
            data: bytes = connection.sock.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
        return data

    def _look(self, connection: Connection) -> None:
        """Go on with what is here, which may be all that is needed."""
        received = connection.received
        if connection.wanted is None:
            if received.startswith((b"\r", b"\n")):  # which some clients send behind a body
                del received[: len(received) - len(received.lstrip(b"\r\n"))]
            if received and not received[:1].isupper():
                self._refuse(connection, 400, InvalidRequest("this is not HTTP; a request begins with its method"))
                return
            end = received.find(_END)
            if end < 0 or end > HEAD_BYTES:
                if len(received) > HEAD_BYTES:
                    most = TooLarge(f"the head of a request has at most {HEAD_BYTES:,} bytes")
                    self._refuse(connection, 431, most)
                return
            self._plan(connection, end)
        if len(received) >= (connection.wanted or 0):
            self._forget(connection)
            self._dispatch(connection)

    def _plan(self, connection: Connection, end: int) -> None:
        """Decide from a head what else has to be here, and who answers; what it means is the parser's to say."""
        head = bytes(connection.received[: end + 2])
        size = _body_size(head)
        connection.wanted = end + len(_END)
        connection.is_whole = size is not None and size <= AHEAD_BYTES
        if connection.is_whole:
            connection.wanted += size or 0
            connection.deadline = time.monotonic() + AHEAD_SECONDS
        connection.lane = self.lanes[_lane_of(head, has_body=size != 0)]

    def _forget(self, connection: Connection) -> None:
        """Watch it no longer."""
        if connection.stage is Stage.RECEIVING:
            same = self.receiving[connection.address]
            same.pop(connection, None)
            if not same:
                del self.receiving[connection.address]
        try:
            self.poller.unregister(connection.sock)
        except (KeyError, ValueError):
            self.log.debug("a connection was not watched")

    # -- threads

    def _dispatch(self, connection: Connection) -> None:
        """Have a thread answer, now or when one is free."""
        lane = connection.lane
        assert lane is not None  # noqa: S101 - it was planned
        connection.stage = Stage.RUNNING
        if not connection.is_whole:
            if len(lane.long_bodies) >= lane.threads // 2:
                self._refuse(connection, 503, Unavailable(f"too many uploads at once; try again in {RETRY_SECONDS} s"))
                return
            lane.long_bodies.add(connection)
        if lane.busy < lane.threads:
            self._run(connection)
        elif len(lane.waiting) < lane.room:
            lane.waiting.append((connection, time.monotonic() + WAIT_SECONDS))
        else:
            self._refuse(connection, 503, _busy(lane))

    def _run(self, connection: Connection) -> None:
        lane = connection.lane
        assert lane is not None  # noqa: S101 - it was planned
        lane.busy += 1
        future = lane.pool.submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer a request, on its thread."""
        self._local.connection = conn
        return super().handle_request(req, conn)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The application, whose answer closes the connection where the rest of a body would be in the way."""
        connection: Connection = self._local.connection
        response = start_response.__self__
        if not _names_one_host(environ):
            response.force_close()
            return refuse(start_response, InvalidRequest("a request names one host, in Host"))
        assert connection.lane is not None  # noqa: S101 - it was planned
        if connection.lane.name != "sockets" and _is_below(environ.get("PATH_INFO", ""), SOCKETS):
            # Written so that the event loop did not see it: it would hold the thread of a request.
            response.force_close()
            return refuse(start_response, InvalidRequest(f"write {SOCKETS}/ as it is"))

        def respond(status: str, headers: Any, *exc_info: Any) -> Any:
            if not connection.is_whole and status[:1] in ("4", "5"):
                response.force_close()
            return start_response(status, headers, *exc_info)

        return self._application(environ, respond)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that the parser refuses, in the shape of all errors."""
        status = next((status for kind, status in _REFUSED if isinstance(exc, kind)), None)
        if status is None or isinstance(exc, _NOT_THE_CLIENTS):
            super().handle_error(req, client, addr, exc)
            return
        self.log.info("a request was refused: %s", type(exc).__name__)
        error = InvalidRequest(f"the request is no valid HTTP ({type(exc).__name__})")
        try:
            client.sendall(_refusal(status, error))
        except OSError as problem:
            self.log.debug("a refused client is gone: %s", problem)

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> bool:
        """Whether another request may follow: not behind the rest of a long body, which is not read for nothing."""
        if not keepalive:
            return False
        body = conn.parser.mesg.body
        if conn.is_whole or getattr(body.reader, "length", None) == 0:
            return bool(conn.parser.finish_body())
        return bool(conn.parser.finish_body(deadline=time.monotonic() + 0.05))

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Go on with a connection whose request was answered; in the event loop."""
        lane = conn.lane
        assert lane is not None  # noqa: S101 - it was planned
        lane.busy -= 1
        lane.long_bodies.discard(conn)
        self._run_waiting(lane)
        try:
            is_kept = not fs.cancelled() and bool(fs.result())
        except Exception:
            self.log.exception("a connection ends")
            is_kept = False
        if not is_kept:
            self._linger(conn)
            return
        conn.received = bytearray(conn.parser.unreader.take_buffered())
        if conn.received:
            self._watch(conn, HEAD_SECONDS)
            conn.begun = True
            self._look(conn)
            return
        conn.stage = Stage.IDLE
        conn.sock.setblocking(False)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        begin = partial(self._guarded, self.on_client_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, begin)

    def _run_waiting(self, lane: Lane) -> None:
        while lane.waiting and lane.busy < lane.threads:
            connection, _ = lane.waiting.popleft()
            self._run(connection)

    # -- refusing and closing

    def _refuse(self, connection: Connection, status: int, error: LongshoreError) -> None:
        """Answer from the event loop, and close."""
        if connection.stage is Stage.RECEIVING:
            self._forget(connection)
        connection.sock.setblocking(False)
        try:
            connection.sock.send(_refusal(status, error))
        except OSError as problem:
            self.log.debug("a refused client is gone: %s", problem)
        self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """Say that nothing more comes, and wait until the client has heard it."""
        if connection.lane is not None:
            connection.lane.long_bodies.discard(connection)
        connection.received.clear()
        connection.stage = Stage.LINGERING
        connection.deadline = time.monotonic() + LINGER_SECONDS
        try:
            connection.sock.setblocking(False)
            connection.sock.shutdown(socket.SHUT_WR)
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._guarded, self._drain, connection))
        except (OSError, ValueError, KeyError):  # closed by the other side, or by whoever used it as a socket
            self._close(connection)

    def _drain(self, connection: Connection, _file: Any) -> None:
        """Throw away what still comes."""
        self._take(connection)

    def _drop(self, connection: Connection) -> None:
        """Close a connection that is watched."""
        self._forget(connection)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        del self.open[connection]
        self.nr_conns -= 1
        connection.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that were kept alive for long enough, or all of them."""
        now = time.monotonic()
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout <= now):
            self._drop(self.keepalived_conns.popleft())

    def murder_pending(self) -> None:
        """Look after all connections whose time may be over; called in each turn of the event loop."""
        now = time.monotonic()
        for lane in self.lanes.values():
            while lane.waiting and (lane.waiting[0][1] <= now or not self.alive):
                connection, _ = lane.waiting.popleft()
                self._refuse(connection, 503, _busy(lane))
        if now - self._looked < LOOK_SECONDS and self.alive:
            return
        self._looked = now
        for connection in [each for each in self.open if each.stage in (Stage.RECEIVING, Stage.LINGERING)]:
            if connection.deadline <= now:
                self._end_waiting(connection)
            elif not self.alive and (connection.stage is Stage.LINGERING or not connection.begun):
                self._drop(connection)
        if any(lane.waiting for lane in self.lanes.values()):
            self._cut_stalled(now)

    def _end_waiting(self, connection: Connection) -> None:
        if connection.stage is Stage.RECEIVING and connection.begun:
            self._refuse(connection, 408, TimedOut("the request did not come to its end in time"))
        else:
            self._drop(connection)

    def _cut_stalled(self, now: float) -> None:
        """Break off connections whose clients take or send nothing, while others wait for their threads."""
        for connection in [each for each in self.open if each.stage is Stage.RUNNING]:
            taken, since = connection.seen
            if not connection.unsent() or not since:
                connection.seen = (connection.taken(), now)
            elif now - since >= STALLED_SECONDS:
                connection.seen = (connection.taken(), now)
                if connection.seen[0] - taken < STALLED_RATE * (now - since):
                    connection.cut()
            waits_since = connection.parser.unreader.pace.waits_since if connection.initialized else None
            if waits_since is not None and now - waits_since >= STALLED_SECONDS:
                connection.cut()

    def _make_room(self) -> None:
        """Close the connection that will be missed least: half a request has been promised more than none."""
        for stage in (Stage.LINGERING, Stage.IDLE, Stage.RECEIVING):
            found = next((each for each in self.open if each.stage is stage), None)
            if found is not None:
                if stage is Stage.IDLE:
                    self.keepalived_conns.remove(found)
                self._drop(found)
                return


def most_connections() -> int:
    """How many connections the limit on open files leaves room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, min(MAX_CONNECTIONS, soft - SPARE_FILES if soft != resource.RLIM_INFINITY else MAX_CONNECTIONS))


def raise_file_limit() -> None:
    """Take as many open files as this system gives without asking for more rights."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 2 * SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _body_size(head: bytes) -> int | None:
    """Bytes of the body behind a head; None where they cannot be waited for, or only the parser can tell."""
    found = [(name.lower(), value.strip(b" \t")) for name, value in _FRAMING.findall(head)]
    if not found:
        return 0
    if len(found) > 1 or found[0][0] != b"content-length" or not found[0][1].isdigit():
        return None
    digits = found[0][1].lstrip(b"0")
    return int(digits or b"0") if len(digits) < 10 else None


def _names_one_host(environ: dict[str, Any]) -> bool:
    """Whether a request says for whom it is, and does not say two things (RFC 9112, section 3.2)."""
    host = environ.get("HTTP_HOST", "")
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and not host:
        return False
    target = environ.get("RAW_URI", "")
    return target.startswith("/") or "://" not in target or urlsplit(target).netloc.lower() == host.lower()


def _lane_of(head: bytes, *, has_body: bool) -> str:
    target = head.split(b" ", 2)[1] if head.count(b" ") > 1 else b""
    if b"://" in target[:16]:  # a whole address, as proxies are asked
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    path = unquote_to_bytes(target.partition(b"?")[0]).decode("latin-1")
    if _is_below(path, SOCKETS):
        return "sockets"
    return "state" if path in STATE and not has_body else "requests"


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _busy(lane: Lane) -> Unavailable:
    what = "no further socket can be open" if lane.name == "sockets" else "too many requests are being answered"
    return Unavailable(f"{what} at the moment; try again in {RETRY_SECONDS} s")


def _refusal(status: int, error: LongshoreError) -> bytes:
    """A whole answer, for a client of whom nothing is known."""
    body = refusal_body(error)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Cross-Origin-Resource-Policy: same-origin",
        *([f"Retry-After: {RETRY_SECONDS}"] if status == 503 else []),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
