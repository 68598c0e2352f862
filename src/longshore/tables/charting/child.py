"""The other end of :class:`~longshore.tables.charting.pictures.Painter`: draws, imports nothing of the project.

Reads frames from standard input: 8 bytes of length (little endian) and a Vega-Lite specification as JSON.
Answers each with ``+`` or ``-``, 8 bytes of length, and the PNG or the reason. Ends when its input ends, or
after so many idle seconds as its argument says.
"""

import io
import os
import select
import sys

import vl_convert
from PIL import Image


def main() -> None:
    """Answer frames until there is nothing to do."""
    idle_seconds = float(sys.argv[1])
    while select.select([0], [], [], idle_seconds)[0]:
        head = _read(8)
        if len(head) < 8:
            return
        _answer(*_draw(_read(int.from_bytes(head, "little"))))


def _draw(spec: bytes) -> tuple[bytes, bytes]:
    try:
        # No address is allowed: a specification holds its data, and nothing is fetched.
        return b"+", _packed(vl_convert.vegalite_to_png(spec.decode(), allowed_base_urls=[]))
    except ValueError as error:
        return b"-", str(error).encode()


def _packed(png: bytes) -> bytes:
    """The same picture in a tenth of the bytes: vl-convert hardly compresses."""
    packed = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(packed, "PNG", compress_level=6)
    return packed.getvalue()


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (part := os.read(0, size - len(data))):
        data += part
    return bytes(data)


def _answer(status: bytes, body: bytes) -> None:
    rest = memoryview(status + len(body).to_bytes(8, "little") + body)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main()
