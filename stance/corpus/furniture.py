"""What stands in many articles and tells no story: invitations to subscribe, credits, notices."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from stance.corpus.shingles import NEAREST, Numbers, n_shared, without

REPEATED = 5  # articles of one outlet: what stands in more of them is its furniture
ENOUGH = 10  # shingles in common that are no stock phrase
MOSTLY = 0.6  # of an ending: a name of three words in it changes seven shingles
SAME = 0.75  # of the shingles of both: versions of one article


def without_repeated(sets: Sequence[Numbers], outlets: Sequence[str | None]) -> list[Numbers]:
    """Return sets without what one outlet prints in more than five articles.

    Versions of one article count once: a live blog that is kept six times is not furniture.

    Parameters
    ----------
    sets
        The shingles of each text, sorted numbers, in the order of their days.
    outlets
        Of each text; None where it is not known.
    """
    of_outlet: dict[str, list[int]] = defaultdict(list)
    for i, outlet in enumerate(outlets):
        if outlet is not None:
            of_outlet[outlet].append(i)
    kept = list(sets)
    for own in of_outlet.values():
        if len(own) > REPEATED:
            repeated = _in_many([sets[i] for i in own])
            mostly = [i for i in own if 2 * n_shared(sets[i], repeated) > len(sets[i])]
            versions = {
                i
                for n, i in enumerate(mostly)
                if _same_as_one(sets, i, mostly[max(n - NEAREST, 0) : n])
            }
            if versions:
                repeated = _in_many([sets[i] for i in own if i not in versions])
            for i in own:
                kept[i] = without(sets[i], repeated)
    return kept


def shared_ending(left: Numbers, right: Numbers) -> Numbers:
    """Return how two texts end alike, but for a name here and there: shared shingles, sorted.

    The last is the same, and of those up to it at least three fifths stand near the other's end.

    Parameters
    ----------
    left, right
        The last shingles of each text, in its order.
    """
    if not len(left) or not len(right) or left[-1] != right[-1]:
        return left[:0]
    alike = np.isin(left, right)
    shares = np.cumsum(alike[::-1]) / np.arange(1, len(left) + 1)
    n = int(np.flatnonzero(shares >= MOSTLY)[-1]) + 1
    return np.unique(left[-n:][alike[-n:]])


def _in_many(sets: Sequence[Numbers]) -> Numbers:
    """Return what stands in more than five sets, sorted."""
    if len(sets) <= REPEATED:
        return np.empty(0, dtype=np.uint32)
    numbers, counts = np.unique(np.concatenate(sets), return_counts=True)
    return numbers[counts > REPEATED]


def _same_as_one(sets: Sequence[Numbers], i: int, others: Sequence[int]) -> bool:
    """Return whether a text is the same as one of others by three quarters of both."""
    return any(
        n_shared(sets[i], sets[j]) >= SAME / (1 + SAME) * (len(sets[i]) + len(sets[j]))
        for j in others
    )
