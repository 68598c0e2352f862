"""How an executor and its runner talk: frames of a JSON object and raw bytes, over a socket between the two.

Eight bytes come first, the lengths of both parts; big documents travel as they are, in the raw part.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct("!II")
# Not json.dumps: a function may have put something else in its place, and only its own job is to suffer from that.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
MAX_BYTES = 2**31
"""Length above which a part is nonsense; the limits that mean something are enforced elsewhere."""

Frame = tuple[dict[str, Any], bytes]


class FrameError(Exception):
    """What came is no frame."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame as bytes.

    >>> pack({"kind": "ready"})
    b'\\x00\\x00\\x00\\x10\\x00\\x00\\x00\\x00{"kind":"ready"}'
    """
    text = _ENCODER.encode(head).encode()
    return b"".join((_LENGTHS.pack(len(text), len(body)), text, body))


class FrameReader:
    """Puts frames together from what arrives in pieces.

    :param most_bytes: of each part of a frame; what says that it is longer is not waited for.
    """

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes.

        :raises FrameError: for something else.
        """
        self._buffer += data
        frames = []
        while (frame := self._take()) is not None:
            frames.append(frame)
        return frames

    def _take(self) -> Frame | None:
        if len(self._buffer) < _LENGTHS.size:
            return None
        head_length, body_length = _LENGTHS.unpack_from(self._buffer)
        if max(head_length, body_length) > self._most_bytes:
            raise FrameError(f"a frame of {max(head_length, body_length)} bytes")
        begin, end = _LENGTHS.size + head_length, _LENGTHS.size + head_length + body_length
        if len(self._buffer) < end:
            return None
        try:
            head = json.loads(self._buffer[_LENGTHS.size : begin])
        except ValueError as error:
            raise FrameError(str(error)) from None
        if not isinstance(head, dict) or ("kind" not in head and "type" not in head):
            raise FrameError("a frame without a kind")
        body = bytes(self._buffer[begin:end])
        del self._buffer[:end]
        return head, body


def receive(channel: socket.socket, reader: FrameReader) -> Frame | None:
    """Wait for one frame; None when the other side has closed.

    The two sides take turns, so that at most one frame is under way.
    """
    while data := channel.recv(1 << 18):
        for frame in reader.feed(data):
            return frame
    return None
