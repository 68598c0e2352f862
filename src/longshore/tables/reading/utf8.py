"""The text of a file in UTF-8: translated first where its marks, its user or its bytes say that it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from longshore.errors import shorten
from longshore.tables.reading import encodings
from longshore.tables.reading.context import Reading
from longshore.tables.reading.guessing import Decoded, Guess
from longshore.tables.reading.records import NotUtf8
from longshore.tables.reading.results import ReadWarning, plural

T = TypeVar("T")

_OURS = ("utf-8", "ascii", "utf-8-sig")


def read_as_utf8(reading: Reading, read: Callable[[Path], T]) -> T:
    """Call ``read`` with a path of UTF-8 text; where it raises :class:`NotUtf8`, once more with a translation.

    The encoding goes into the settings.
    """
    path = _by_its_marks(reading)
    try:
        return read(path)
    except NotUtf8 as found:
        if reading.options.encoding is not None:
            return read(_translate(reading, "utf-8"))
        guess = encodings.detect(path, found.offset)
        if guess is None:
            return read(_translate(reading, "utf-8"))
        if guess.alternatives:
            reading.warn(_uncertain(guess))
        return read(_translate(reading, guess.best.encoding))


def _uncertain(guess: Guess) -> ReadWarning:
    """What tells that the letters beyond ASCII were too few to know the encoding, with how others would read them."""
    readings = (guess.best, *guess.alternatives)
    shown = {reading.encoding: _differing(reading, readings) for reading in readings}
    taken, *others = (f"{words} in {encoding}" for encoding, words in shown.items())
    message = (
        "the letters beyond ASCII are too few to tell the encoding for certain: they were taken for "
        f"{taken}, and could be {', or '.join(others)}. If so, say which encoding it is"
    )
    examples = [{"encoding": encoding, "content": words} for encoding, words in shown.items()]
    return ReadWarning("UncertainEncoding", message, len(guess.best.words), examples)


def _differing(reading: Decoded, readings: tuple[Decoded, ...]) -> str:
    """The first words that not all encodings read alike."""
    words = [word for number, word in enumerate(reading.words) if len({each.words[number] for each in readings}) > 1]
    return " ".join(shorten(word) for word in words[:3])


def _by_its_marks(reading: Reading) -> Path:
    with reading.path.open("rb") as file:
        head = file.read(4096)
    said = reading.options.encoding
    marked = encodings.by_marks(head)
    encoding = marked or "utf-8"
    if said is not None:
        encoding = encodings.require_encoding(said)
        # A byte order mark knows better than the user does which UTF-16 this is.
        if marked is not None and marked[:6] == encoding[:6]:
            encoding = marked
    if encoding in _OURS:
        reading.settings["encoding"] = "utf-8"
        return reading.path
    return _translate(reading, encoding)


def _translate(reading: Reading, encoding: str) -> Path:
    reading.settings["encoding"] = encoding
    target = reading.scratch / "utf8"
    bad = encodings.translate(reading.path, target, encoding, reading.reporter("decode"))
    if bad and encoding in _OURS:
        reading.settings["repairs"] = ["bytes"]
    reading.replaced = bad
    if bad:
        has = plural(bad, "place is", "places are")
        message = f"{has} not valid {encoding}; a replacement character (U+FFFD) stands there. Is the encoding right?"
        reading.warn(ReadWarning("InvalidBytes", message, bad))
    return target
