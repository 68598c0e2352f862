"""Values a few edits from each other.

Comparing all with all would be quadratic. Two texts that differ by at most ``k`` edits have one of ``k + 1`` pieces
of the shorter one in common, at about the same place (Li, Deng, Wang, Feng: "PASS-JOIN", VLDB 2011): only such are
compared, so none is missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from longshore.errors import TooLarge

MAX_COMPARISONS = 10_000_000
"""Pairs that are looked at; about five seconds."""
_STEP = 1_000


def neighbours(
    texts: Sequence[str], radius: int, threshold: float, done: Callable[[int], None] = lambda number: None
) -> list[list[int]]:
    """For each of some distinct texts, which others are near: few edits, and few for their length.

    :param radius: the greatest number of edits (Levenshtein).
    :param threshold: the least similarity: 1 less the edits' share of the longer text's length.
    :param done: told how many texts are done.
    :raises TooLarge: when too many texts are alike in part.
    """
    near: list[list[int]] = [[] for _ in texts]
    index: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    compared = 0
    for number, at in enumerate(sorted(range(len(texts)), key=lambda i: len(texts[i]))):
        text = texts[at]
        candidates = _candidates(text, radius, threshold, index)
        compared += len(candidates)
        if compared > MAX_COMPARISONS:
            raise TooLarge(
                "too many values are alike in part to compare them; take a smaller radius, or the method fingerprint"
            )
        for other in candidates:
            edits = Levenshtein.distance(text, texts[other], score_cutoff=radius)
            # The later one is never the shorter.
            if edits <= radius and edits <= (1 - threshold) * len(text) + 1e-9:
                near[at].append(other)
                near[other].append(at)
        for piece, (start, end) in enumerate(_pieces(len(text), radius)):
            index[len(text), piece, text[start:end]].append(at)
        if number % _STEP == _STEP - 1:
            done(number + 1)
    return near


def _pieces(length: int, radius: int) -> Iterator[tuple[int, int]]:
    """Where ``radius + 1`` pieces of about equal lengths begin and end."""
    short, longer = divmod(length, radius + 1)
    start = 0
    for piece in range(radius + 1):
        end = start + short + (piece > radius - longer)
        yield start, end
        start = end


def _candidates(text: str, radius: int, threshold: float, index: dict[tuple[int, int, str], list[int]]) -> set[int]:
    """Shorter or equally long texts that have a piece in common with ``text`` where it may have moved to."""
    found: set[int] = set()
    allowed = min(radius, int((1 - threshold) * len(text) + 1e-9))
    for length in range(max(1, len(text) - allowed), len(text) + 1):
        for piece, (start, end) in enumerate(_pieces(length, radius)):
            low = max(0, start - radius)
            high = min(len(text) - (end - start), start + radius)
            for at in range(low, high + 1):
                found.update(index.get((length, piece, text[at : at + end - start]), ()))
    return found


def stars(near: Sequence[Sequence[int]], order: Sequence[int]) -> list[list[int]]:
    """Clusters around the foremost: each text that is still free takes its free neighbours.

    So every member is near its centre; chains, in which the first and the last have nothing in common, do not form.

    :param order: all texts, the most important first.
    :return: clusters of at least two, the centre first.
    """
    taken = [False] * len(near)
    found = []
    for centre in order:
        if taken[centre]:
            continue
        members = [other for other in near[centre] if not taken[other]]
        taken[centre] = True
        if members:
            for other in members:
                taken[other] = True
            found.append([centre, *members])
    return found
