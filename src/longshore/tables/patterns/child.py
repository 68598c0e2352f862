"""The other end of :class:`~longshore.tables.patterns.helper.Helper`: runs :mod:`re`, imports nothing of the project.

Reads frames from standard input and answers on standard output. A frame is 8 bytes of length (little
endian) and a marshalled object. The first holds ``(pattern, replacement or None)``, every other a list
of texts (None for missing) and is answered by a list of booleans or of texts.
"""

import marshal
import re
import sys
from typing import IO, Any


def main() -> None:
    """Answer frames until standard input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    pattern, replacement = _read(requests)
    compiled = re.compile(pattern)
    while (texts := _read(requests)) is not None:
        if replacement is None:
            found = [None if text is None else compiled.search(text) is not None for text in texts]
        else:
            found = [None if text is None else compiled.sub(replacement, text) for text in texts]
        body = marshal.dumps(found)
        answers.write(len(body).to_bytes(8, "little") + body)
        answers.flush()


def _read(stream: IO[bytes]) -> Any:
    head = stream.read(8)
    return marshal.loads(stream.read(int.from_bytes(head, "little"))) if len(head) == 8 else None  # noqa: S302


if __name__ == "__main__":
    main()
