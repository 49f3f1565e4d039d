"""Articles that are copies of each other, edited or not: wire stories, reprints, new versions."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from itertools import combinations
from typing import TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SHINGLE = 5  # words in a row: longer than stock phrases, short enough to survive light editing
SHARED = (
    0.2  # of the shingles of the shorter text: benchmarks/corpus.py prints how clear the line is
)
ENOUGH = 10  # shingles: in a text of two sentences, one stock phrase is a fifth

_WORD = re.compile(r"\w+")
Key = TypeVar("Key", bound=Hashable)


def shingles(text: str, n: int = SHINGLE) -> set[tuple[str, ...]]:
    """Return the runs of `n` words in a text, case and punctuation aside; a shorter text is one."""
    words = _WORD.findall(text.casefold())
    if len(words) <= n:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def copy_groups(texts: Mapping[Key, str]) -> dict[Key, int]:
    """Return a number for each text, the same for copies of each other.

    Two texts are copies where the shorter has a fifth of its shingles in common with the other, ten
    at least, or half of them; copies of copies belong together. Every pair that shares a shingle is
    looked at: right for some thousands of articles, slow beyond.

    References
    ----------
    Broder (1997), "On the resemblance and containment of documents".
    """
    keys = list(texts)
    sizes: list[int] = []
    printed_in: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        found = shingles(texts[key])
        sizes.append(len(found))
        for shingle in found:
            printed_in[shingle].append(number)
    shared: Counter[tuple[int, int]] = Counter()
    for holders in printed_in.values():
        shared.update(combinations(holders, 2))
    links = [
        pair
        for pair, n in shared.items()
        if n >= min(max(SHARED * (least := min(sizes[i] for i in pair)), ENOUGH), least / 2)
    ]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(len(keys),) * 2)
    _, groups = connected_components(graph, directed=False)
    return {key: int(group) for key, group in zip(keys, groups, strict=True)}
