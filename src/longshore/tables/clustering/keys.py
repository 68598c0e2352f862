"""Keys that different spellings of one value share.

The methods are those that OpenRefine documents as "Clustering In Depth" (key collision methods): fingerprint, n-gram
fingerprint, and a phonetic key, here Lawrence Philips' Metaphone.
"""

from __future__ import annotations

from collections.abc import Callable

import jellyfish
import polars as pl

from longshore.tables.core.dtypes import SPACES

_SPELT = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "n",
}  # fmt: skip
"""Letters that decomposing does not take apart."""
_BETWEEN_WORDS = f"[{SPACES}]+"
_CHUNK = 50_000

Done = Callable[[int], None]
"""Is told how many values are done."""


def plain(text: pl.Expr) -> pl.Expr:
    """Small letters without accents, punctuation and control characters; one space between words.

    Letters of other scripts stay as they are.
    """
    letters = text.str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}+", "")
    spelt = letters.str.replace_many(list(_SPELT), list(_SPELT.values()))
    spaced = spelt.str.replace_all(_BETWEEN_WORDS, " ")
    return spaced.str.replace_all(r"[\p{P}\p{S}\p{C}]+", "").str.replace_all(" +", " ").str.strip_chars(" ")


def fingerprint(text: pl.Series) -> pl.Series:
    """The distinct words in alphabetical order.

    >>> fingerprint(pl.Series(["Cruise,  Tom", "Tom CRUISE"])).to_list()
    ['cruise tom', 'cruise tom']
    """
    words = plain(pl.col("text")).str.split(" ").list.unique().list.sort().list.join(" ")
    return text.alias("text").to_frame().lazy().select(words).collect(engine="streaming").to_series()


def ngrams(text: pl.Series, size: int, done: Done = lambda number: None) -> pl.Series:
    """The distinct sequences of so many characters in alphabetical order, spaces left out.

    >>> ngrams(pl.Series(["Paris", "P-aris "]), 2).to_list()
    ['arispari', 'arispari']
    """
    return _each(text, lambda value: _grams(value.replace(" ", ""), size), done)


def _grams(text: str, size: int) -> str:
    return "".join(sorted({text[at : at + size] for at in range(max(1, len(text) - size + 1))}))


def phonetic(text: pl.Series, done: Done = lambda number: None) -> pl.Series:
    """How a value sounds in English (Metaphone), and its digits; empty for what has no Latin letters.

    >>> phonetic(pl.Series(["Reuben Gevorkiantz", "Ruben Gevorkyants", "Street 4", "Street 5"])).to_list()
    ['RBN JFRKNTS', 'RBN JFRKYNTS', 'STRT 4', 'STRT 5']
    """
    return _each(text, _sound, done)


def _sound(text: str) -> str:
    # Metaphone drops digits; 4th and 5th Street are not alike for it.
    sounds = jellyfish.metaphone("".join(c if "a" <= c <= "z" or c == " " else "" for c in text)).strip()
    if not sounds:
        return ""
    digits = "".join(filter(str.isdigit, text))
    return f"{sounds} {digits}" if digits else sounds


def _each(text: pl.Series, key: Callable[[str], str], done: Done) -> pl.Series:
    """Keys of plain texts, computed by Python piece by piece: other threads get their turn between."""
    pieces = []
    for start in range(0, len(text), _CHUNK):
        chunk = text.slice(start, _CHUNK).alias("text").to_frame().select(plain(pl.col("text"))).to_series()
        pieces.append(pl.Series([key(value) for value in chunk], dtype=pl.String))
        done(min(start + _CHUNK, len(text)))
    return pl.concat(pieces) if pieces else pl.Series([], dtype=pl.String)
