"""Which encoding bytes beyond ASCII are likeliest in: how common it is, times how common its letters are.

Each encoding stands for the languages that are kept in it. The words with bytes beyond ASCII are read in each, and the
logarithms of the probabilities of their letters are added up, as a naive Bayes classifier does. Few words tell little,
and then what is most common in the world wins; words that read well in another language outweigh that soon.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from longshore.tables.reading import alphabets

BETWEEN_WORDS = re.compile(rb"[\x00-\x2f\x3a-\x3f]+")
"""What is the second byte of a character in none of the encodings."""
_WITHOUT_NUMBERS = bytes.maketrans(b"123456789", b"000000000")
_WESTERN = tuple(alphabets.WESTERN)
_CENTRAL = ("polish", "czech", "slovak", "hungarian", "croatian", "romanian")
_BYTES = 8 << 10
"""Of different words that are weighed; more would change nothing."""
_NEVER = math.log(1e-7)
"""Of a character that no text has: undecodable, a control, a line drawing."""
_FOREIGN = math.log(5e-5)
"""Of a letter that the language does not write."""
_IMPLAUSIBLE = 3.0
_WRONG = 6.0
"""By how much a place where a character does not belong makes a reading less likely, in nats."""
_AS_LIKELY = math.log(10)
"""Readings that are at least a tenth as likely as the best are told as its alternatives."""


@dataclass(frozen=True)
class _Encoding:
    """An encoding, how much rarer it is than cp1252 in nats, and the languages that are kept in it."""

    name: str
    rarity: float
    languages: tuple[str, ...]


_ENCODINGS = (
    _Encoding("cp1252", 0, (*_WESTERN, "icelandic")),
    _Encoding("cp1251", 3, tuple(alphabets.CYRILLIC)),
    _Encoding("cp932", 3, ("japanese", "half-width")),
    _Encoding("gb18030", 3.2, ("simplified",)),
    _Encoding("cp1250", 3.5, _CENTRAL),
    _Encoding("cp1254", 4, ("turkish",)),
    _Encoding("big5", 4, ("traditional",)),
    _Encoding("cp949", 4, ("korean",)),
    _Encoding("cp1253", 4, ("greek",)),
    _Encoding("cp1256", 4.5, ("arabic", "persian")),
    _Encoding("cp1255", 4.5, ("hebrew",)),
    _Encoding("cp1257", 4.5, ("lithuanian", "latvian", "estonian")),
    _Encoding("euc_jp", 5, ("japanese",)),
    _Encoding("cp874", 5, ("thai",)),
    _Encoding("iso8859_2", 5, _CENTRAL),
    _Encoding("iso8859_15", 5, (*_WESTERN, "estonian")),
    _Encoding("cp850", 5, _WESTERN),
    _Encoding("mac_roman", 5, _WESTERN),
    _Encoding("koi8_r", 5.5, ("russian",)),
    _Encoding("cp866", 6, ("russian",)),
    _Encoding("cp437", 6, _WESTERN),
    _Encoding("cp1258", 8, ("vietnamese",)),
)
_RARER = {
    "northern": 1.0,
    "german": 1.0,
    "french": 1.0,
    "iberian": 1.0,
    "dutch": 2.0,
    "icelandic": 4.5,
    "estonian": 1.0,
    "slovak": 0.5,
    "croatian": 0.3,
    "romanian": 0.7,
    "ukrainian": 0.3,
    "bulgarian": 0.5,
    "serbian": 1.0,
    "belarusian": 2.0,
    "macedonian": 2.0,
    "persian": 0.7,
    "half-width": 2.0,
}
"""Languages that are rarer than the first of their encoding, in nats."""


@dataclass(frozen=True)
class Decoded:
    """A word or several as an encoding reads them."""

    encoding: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Guess:
    """The likeliest reading, and those that are not much less likely; likelier ones first."""

    best: Decoded
    alternatives: tuple[Decoded, ...]


def guess(sample: bytes) -> Guess:
    """The likeliest 8-bit or East Asian encoding of text that is neither ASCII nor UTF-8.

    >>> guess(b"Tea,\\xa35").best
    Decoded(encoding='cp1252', words=('£5',))
    >>> guess("Привет, мир".encode("koi8_r")).best.encoding
    'koi8_r'
    """
    words = _words(sample)
    found: dict[tuple[str, ...], tuple[float, str]] = {}
    for encoding in _ENCODINGS:
        texts = tuple(word.decode(encoding.name, "replace") for word in words)
        likelihood = max(_likelihood(texts, language, encoding.name) for language in encoding.languages)
        likelihood -= encoding.rarity
        if texts not in found or likelihood > found[texts][0]:
            found[texts] = (likelihood, encoding.name)
    ranked = sorted(found.items(), key=lambda item: -item[1][0])
    readings = tuple(
        Decoded(name, texts) for texts, (likelihood, name) in ranked if likelihood >= ranked[0][1][0] - _AS_LIKELY
    )
    return Guess(readings[0], readings[1:])


def _words(sample: bytes) -> list[bytes]:
    """The different words with bytes beyond ASCII: what a column repeats with other numbers says no more than once."""
    words: dict[bytes, bytes] = {}
    size = 0
    for word in BETWEEN_WORDS.split(sample):
        plain = word.translate(_WITHOUT_NUMBERS)
        if not word.isascii() and plain not in words and size < _BYTES:
            words[plain] = word
            size += len(word)
    return list(words.values())


def _likelihood(words: Iterable[str], language: str, encoding: str) -> float:
    """The logarithm of the probability of words in a language, up to a constant."""
    weigh = _weigh_eastern if language in alphabets.EASTERN or language == "half-width" else _weigh_alphabetic
    return sum(weigh(word, language, encoding) for word in words) - _RARER.get(language, 0.0)


def _weights(letters: str, share: float, flatness: float = 4.0) -> dict[str, float]:
    """Logarithms of probabilities that fall with the rank, as Zipf's law has it, and are ``share`` together."""
    total = sum(1 / (rank + flatness) for rank in range(len(letters)))
    return {letter: math.log(share / (rank + flatness) / total) for rank, letter in enumerate(letters)}


_LETTERS = {
    name: _weights(letters, 0.88)
    for name, letters in (alphabets.WESTERN | alphabets.LATIN | alphabets.CYRILLIC | alphabets.ALONE).items()
} | {"half-width": _weights(alphabets.HALF_WIDTH, 0.9, flatness=30.0)}
_CHARACTERS = {name: _weights(letters, 0.75, flatness=12.0) for name, letters in alphabets.EASTERN.items()}
_SYMBOLS = _weights("–’“”€°£…„‘—»«²³½§©®µ·±×™•¼¾ºª¢¥¿¡÷‚´\u00a0†‰¶¨¤№¬¹¦¸¯", 0.12)
_EASTERN_SYMBOLS = _weights("。、，「」・（）：；！？％～ー　．／＋－【】『』《》“”‘’…—①②③", 0.06)


# -- alphabets


def _weigh_alphabetic(word: str, language: str, _encoding: str) -> float:
    letters = _LETTERS[language]
    weight = -_oddities(word, language)
    for place, character in enumerate(word):
        if character < "\x80":
            continue
        before, after = word[:place], word[place + 1 :]
        if character in _SYMBOLS and character not in letters:
            weight += _SYMBOLS[character] + _fitness(character, before, after)
        else:
            weight += _weigh_letter(character, before[-1:], after[:1], letters)
            if language in alphabets.WESTERN or language in alphabets.LATIN:
                weight -= _latin_misfit(character, before, after, is_western=language in alphabets.WESTERN)
            else:
                weight -= _own_script_misfit(before[-1:], after[:1])
    return weight


def _weigh_letter(character: str, before: str, after: str, letters: dict[str, float]) -> float:
    """A letter by its frequency, and by whether its case fits its neighbours'."""
    low = character if character in letters else character.lower()
    weight = letters.get(low)
    if weight is None:
        weight = _FOREIGN if character.isalpha() else _NEVER
    elif low != character:
        weight -= 1.0 if before.isupper() else 2.5
    if character.isupper() and before.islower():
        weight -= _IMPLAUSIBLE + 1
    elif character.islower() and before.isupper() and after.isupper():
        weight -= _IMPLAUSIBLE
    if character.islower() and after.isupper():
        weight -= _IMPLAUSIBLE
    return weight


_NEIGHBOURS = {"çã", "çõ", "öß", "üß", "äß", "éé", "ää", "öö"}
_RARE_PAIRS = re.compile(r"[ñÑçÇõÕ][bcdfghjklmnpqrstvwxz]|[œŒ][bcdfghjklmnprtvwxz]|È[aeiou]|(?<=[a-z])ÿ|[åøë]{2}")
"""What western languages do not write; Polish, Hungarian or Latvian words show by them when they are read as cp1252."""


def _latin_misfit(character: str, before: str, after: str, *, is_western: bool) -> float:
    """How little a letter fits beside its neighbours, in a language that adds some letters to ASCII."""
    previous, following = before[-1:], after[:1]
    misfit = 0.0
    if previous > "\x7f" and previous.isalpha() and previous + character not in _NEIGHBOURS:
        misfit += _IMPLAUSIBLE if is_western else 1.0
    if previous.isdigit() or following.isdigit():
        misfit += _IMPLAUSIBLE
    elif not previous.isalpha() and not following.isalpha():
        misfit += 1.0
    if is_western and _RARE_PAIRS.match(character + following):
        misfit += _IMPLAUSIBLE
    return misfit


def _own_script_misfit(before: str, after: str) -> float:
    """How little a letter fits beside its neighbours, in a script that does not mix with ASCII letters."""
    if _is_ascii_letter(before) or _is_ascii_letter(after):
        return _IMPLAUSIBLE + 1
    return 2.0 if before < "\x80" and after < "\x80" else 0.0


_CONSONANTS = "бвгджзйклмнпрстфхцчшщ"
_ODD_CYRILLIC = re.compile(f"[{_CONSONANTS}][йэ]|[аеёиоуыэюя][ьы]|\\b[ьъы]|ь[аеуыэ]|[гкхжшщчц]ы")
_ODD_ARABIC = re.compile(r"\b[ةىؤئء]|[ةى]\w")
_VOWELS = {"greek": "αεηιουωάέήίόύώϊϋΐΰ"} | dict.fromkeys(alphabets.CYRILLIC, "аеёиоуыэюяіїєўјъь")


def _oddities(word: str, language: str) -> float:
    """What hardly any word of a script has: letters that do not follow each other, no vowel, many in a row."""
    odd = 0.0
    if language in alphabets.CYRILLIC:
        odd += 2.0 * len(_ODD_CYRILLIC.findall(word.lower()))
    elif language in ("arabic", "persian"):
        odd += 2.0 * len(_ODD_ARABIC.findall(word))
    vowels = _VOWELS.get(language)
    if vowels is None:
        return odd
    for run in re.findall(r"[^\W\d_a-zA-Z]+", word.lower()):
        kinds = "".join("v" if letter in vowels else "c" for letter in run)
        odd += 2.0 * len(re.findall("c{4,}|v{4,}", kinds))
        if len(kinds) >= 3 and "v" not in kinds:
            odd += _IMPLAUSIBLE
    return odd


# -- symbols

_MICRO = tuple("mglsAVFLWMSJ")
_UNIT = re.compile(r"(?:^|[^A-Za-z])(?:[cdkmµ]?m|ft|in|yd)$")
_SHORT = re.compile(r"(?:^|[^A-Za-z])[A-Za-z]{1,2}$")


def _is_apart(before: str, after: str) -> bool:
    return not before[-1:].isalpha() and not after[:1].isalpha()


def _is_degree(before: str, after: str) -> bool:
    return (not before or before[-1:].isdigit() or before in ("N", "n")) and (not after or after[0] in "CFcfKNSEWO")


_PLACES: dict[str, Callable[[str, str], bool]] = (
    dict.fromkeys("’‘–—×·\u00a0", lambda _before, _after: True)
    | dict.fromkeys("“„‚«¿¡", lambda before, _after: not before[-1:].isalpha())
    | dict.fromkeys("”»…ºª®™©", lambda _before, after: not after[:1].isalpha())
    | dict.fromkeys("²³¹", lambda before, after: bool(_SHORT.search(before)) and not after[:1].isalpha())
    | {"°": _is_degree, "µ": lambda before, after: not before[-1:].isalpha() and after[:1] in _MICRO}
)
"""Where symbols stand in a word; all others stand apart from letters."""


def _fitness(symbol: str, before: str, after: str) -> float:
    """How well a symbol fits where it stands, in nats."""
    if symbol in "²³" and _UNIT.search(before) and not after[:1].isalpha():
        return _IMPLAUSIBLE
    if symbol == "°" and after[:1] in tuple("CF") and not after[1:2].isalpha():
        return _IMPLAUSIBLE
    if symbol in "€£" and (before[-1:] + after[:1]).isdigit():
        return _IMPLAUSIBLE / 2
    return 0.0 if _PLACES.get(symbol, _is_apart)(before, after) else -_WRONG


# -- East Asia


@dataclass(frozen=True)
class _Plane:
    """Where an encoding keeps its common characters.

    :param first: lead byte of the first of them, ``last`` of the last, ``end`` of the less common ones after them.
    :param trail: the least second byte of both.
    :param size: how many common ones there are.
    """

    first: int
    last: int
    end: int
    trail: int
    size: int


_PLANES = {
    "cp932": _Plane(0x88, 0x97, 0xEA, 0x40, 2965),
    "euc_jp": _Plane(0xB0, 0xCF, 0xF4, 0xA1, 2965),
    "gb18030": _Plane(0xB0, 0xD7, 0xF7, 0xA1, 3755),
    "big5": _Plane(0xA4, 0xC6, 0xF9, 0x40, 5401),
    "cp949": _Plane(0xB0, 0xC8, 0xC8, 0xA1, 2350),
}


def _weigh_eastern(word: str, language: str, encoding: str) -> float:
    weight = 0.0
    strange = [place for place, character in enumerate(word) if character > "\x7f"]
    for place in strange:
        character = word[place]
        if language == "half-width":
            weight += _LETTERS[language].get(character, _NEVER)
        else:
            found = _CHARACTERS[language].get(character) or _EASTERN_SYMBOLS.get(character)
            weight += found if found is not None else _by_plane(character, encoding)
        if _is_ascii_letter(word[max(0, place - 1) : place]) or _is_ascii_letter(word[place + 1 : place + 2]):
            weight -= 2.0
    return weight - (1.5 if len(strange) == 1 else 0.0)


@cache
def _by_plane(character: str, encoding: str) -> float:
    """The logarithm of the probability of a character that is none of the most common ones."""
    try:
        code = character.encode(encoding)
    except UnicodeEncodeError:
        return _NEVER
    plane = _PLANES[encoding]
    if len(code) != 2:
        return _NEVER
    if plane.first <= code[0] <= plane.last and code[1] >= plane.trail:
        return math.log(0.2 / plane.size)
    if plane.last < code[0] <= plane.end and code[1] >= plane.trail:
        return math.log(0.02 / 3400)
    return math.log(0.002 / 8000)


def _is_ascii_letter(text: str) -> bool:
    return text.isascii() and text.isalpha()
