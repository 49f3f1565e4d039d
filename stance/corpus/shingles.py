"""Shingles of texts as sets of numbers, and which texts share many of them."""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SHINGLE = 5  # words in a row: longer than stock phrases, short enough to survive light editing
ENDING = 120  # shingles: what two texts share there may be no more than an invitation to subscribe
NEAREST = 8  # holders of a shingle that each holder is compared with: bounds the work
UNDATED = np.iinfo(np.int64).max  # the day of a text without one
_PART = 2_000_000  # shingles that are sorted at a time: bounds the memory
_WORD = re.compile(r"\w+")
# What stands in quotation marks. A straight mark opens only before and closes only after a sign, so
# that a lost one cannot turn the rest of a text inside out; nor can it, past the bound. A quote of
# several paragraphs opens in each and closes in the last.
_QUOTED = re.compile(
    r"(?:“|(?<![\w\"“])\"(?=\S))[^“”\"]{1,1500}(?:”|(?<=\S)\"(?!\w)|(?=\n\s*[“\"]))"
    r"|„[^“”\"]{1,1500}[“”\"]|«[^»]{1,1500}»|(?<!\w)‘[^‘’“”]{1,300}’(?!\w)"
)
_ODD = np.random.default_rng(0).integers(2**63, size=SHINGLE, dtype=np.uint64) | np.uint64(1)
_HALF, _LOW = np.uint64(32), np.uint64(2**32 - 1)

Numbers = NDArray[np.uint32]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class WordNumbers(dict[str, int]):
    """The number of every word met: the same in every run."""

    def __missing__(self, word: str) -> int:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return self.setdefault(word, int.from_bytes(digest))


def numbered(text: str, known: WordNumbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the shingles of a text as sorted numbers: all, and those without a quoted word.

    And its last 120, in the order of the text.

    Case and punctuation do not count; a text of fewer words is one shingle. Numbers have 32 bits:
    of two texts with 500 each, one pair in 17,000 shares one by chance.
    """
    words: list[str] = []
    quoted: list[bool] = []
    text, at = text.casefold(), 0
    for start, end in [*(match.span() for match in _QUOTED.finditer(text)), (len(text),) * 2]:
        for piece, inside in ((text[at:start], False), (text[start:end], True)):
            found = _WORD.findall(piece)
            words += found
            quoted += [inside] * len(found)
        at = end
    if not words:
        return (np.empty(0, dtype=np.uint32),) * 3
    of_words = np.array([known[word] for word in words], dtype=np.uint64)
    length = min(len(words), SHINGLE)
    n = len(words) - length + 1
    mixed = np.full(n, length, dtype=np.uint64)
    touched = np.zeros(n, dtype=bool)
    in_quotes = np.array(quoted)
    for place in range(length):
        mixed += of_words[place : place + n] * _ODD[place]
        touched |= in_quotes[place : place + n]
    numbers = (mixed >> _HALF).astype(np.uint32)
    return np.unique(numbers), np.unique(numbers[~touched]), numbers[-ENDING:].copy()


def without(numbers: Numbers, others: Numbers) -> Numbers:
    """Return a sorted set without the numbers of another."""
    return np.setdiff1d(numbers, others, assume_unique=True)


def n_shared(left: Numbers, right: Numbers) -> int:
    """Return how many numbers two sorted sets have in common."""
    return len(np.intersect1d(left, right, assume_unique=True))


def sharing(
    sets: Sequence[Numbers],
    needed: Callable[[IntArray, IntArray], FloatArray],
    *,
    days: IntArray,
    window: int,
) -> list[tuple[int, int]]:
    """Return the pairs of texts that share as many shingles as they need to, the earlier first.

    An index of shingles gives candidates, whose sets are then compared. Of the holders of a shingle
    each is compared with the `NEAREST` before it only. Where more texts hold one passage, some
    pairs are passed over, though each text is found with others.

    Parameters
    ----------
    sets
        Sorted numbers of each text, in the order of `days`.
    needed
        Gives, for two arrays with the places of texts, how many shingles each pair must share.
    days
        Shape (n_texts,), rising; UNDATED last.
    window
        Days that two texts may lie apart. One without a date meets all.
    """
    if not sets:
        return []
    keys, counts = _counted(sets, days, np.where(days == UNDATED, 0, days - window))
    left, right = (keys >> _HALF).astype(np.int64), (keys & _LOW).astype(np.int64)
    least = needed(left, right)
    # Half as many do: some may have been met in nearer texts alone.
    likely = np.flatnonzero(2 * counts >= least)
    return [
        (i, j)
        for i, j, n in zip(
            left[likely].tolist(), right[likely].tolist(), least[likely].tolist(), strict=True
        )
        if n_shared(sets[i], sets[j]) >= n
    ]


def _counted(
    sets: Sequence[Numbers], days: IntArray, earliest: IntArray
) -> tuple[NDArray[np.uint64], IntArray]:
    """Return pairs of texts that were compared, as one number each, and their shared shingles."""
    n_parts = 1 + sum(map(len, sets)) // _PART
    bounds = np.linspace(0, 2**32, n_parts + 1).astype(np.uint64)
    cuts = np.array([np.searchsorted(numbers, bounds) for numbers in sets])
    keys, counts = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    for part in range(n_parts):
        index = np.concatenate(
            [
                numbers[start:end].astype(np.uint64) << _HALF | np.uint64(i)
                for i, (numbers, start, end) in enumerate(
                    zip(sets, cuts[:, part], cuts[:, part + 1], strict=True)
                )
            ]
        )
        index.sort()
        shingle, holder = index >> _HALF, (index & _LOW).astype(np.int64)
        at = np.arange(len(index))
        met = [np.empty(0, dtype=np.uint64)]
        for back in range(1, NEAREST + 1):
            at = at[at >= back]
            before = at - back
            # Holders stand in the order of days: whoever is too far from one is so from the next.
            near = (shingle[at] == shingle[before]) & (days[holder[before]] >= earliest[holder[at]])
            at, before = at[near], before[near]
            if not len(at):
                break
            met.append(holder[before].astype(np.uint64) << _HALF | holder[at].astype(np.uint64))
        found, n_found = np.unique(np.concatenate(met), return_counts=True)
        keys, places = np.unique(np.concatenate([keys, found]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, n_found])).astype(np.int64)
    return keys, counts
