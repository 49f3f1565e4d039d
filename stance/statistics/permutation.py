"""Do two outlets have the same mix of labels? Distances with a null that moves whole articles."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from stance.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

EXACT_UP_TO = 20_000  # regroupings: enumerated up to here, drawn beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Total variation between two mixes, beside what chance regrouping of articles gives."""

    value: float  # share of units that would have to change: 0 the same mix, 1 nothing in common
    null_mean: float  # a plug-in distance is never 0 by chance: compare with this
    p_value: float  # share of regroupings at least as far apart
    smallest_p: float  # the least that so few articles can give
    n_regroupings: int
    exact: bool


def total_variation(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return half the summed absolute difference of two mixes, over the last axis: 0 to 1."""
    return np.asarray(np.abs(left - right).sum(axis=-1) / 2)


def mix_distance(
    left: FloatArray, right: FloatArray, *, seed: int, n_draws: int = 9999
) -> Distance:
    """Return the total variation between two outlets' mixes with a permutation null.

    Parameters
    ----------
    left, right : shape (n_articles, n_classes)
        Label counts of each article of the two outlets.
    n_draws
        Regroupings drawn where there are too many to enumerate.

    Raises
    ------
    DataError
        If an outlet has no unit.
    """
    pool = np.concatenate([left, right]).astype(float)
    n, n_left = len(pool), len(left)
    if left.sum() == 0 or right.sum() == 0:
        raise DataError("a distance needs units on both sides")
    everything = pool.sum(axis=0)

    def distances(members: FloatArray) -> FloatArray:
        one = members @ pool
        other = everything - one
        # An article without a labelled unit may leave a side empty: that regrouping has no mix.
        sizes = np.stack([one.sum(axis=1), other.sum(axis=1)])
        with np.errstate(invalid="ignore", divide="ignore"):
            far = total_variation(one / sizes[0][:, None], other / sizes[1][:, None])
        return np.asarray(np.where(sizes.min(axis=0) > 0, far, 0.0))

    n_groupings = comb(n, n_left)
    exact = n_groupings <= EXACT_UP_TO
    if exact:
        chosen = np.array(list(combinations(range(n), n_left)))
    else:
        chosen = np.random.default_rng(seed).random((n_draws, n)).argsort(axis=1)[:, :n_left]
    members = np.zeros((len(chosen), n))
    np.put_along_axis(members, chosen, 1.0, axis=1)
    null = distances(members)
    first = np.zeros((1, n))
    first[0, :n_left] = 1.0
    value = float(distances(first)[0])
    as_far = int((null >= value - 1e-12).sum())
    # Drawn regroupings leave out the one that was seen: counting it keeps the test valid.
    p_value = as_far / len(null) if exact else (as_far + 1) / (len(null) + 1)
    smallest = (2 if 2 * n_left == n else 1) / n_groupings if exact else 1 / (len(null) + 1)
    return Distance(
        value=value,
        null_mean=float(null.mean()),
        p_value=p_value,
        smallest_p=smallest,
        n_regroupings=len(null),
        exact=exact,
    )


def same_mix_p_value(
    tables: FloatArray, outlets: IntArray, *, seed: int, n_draws: int = 9999
) -> float | None:
    """Return the p-value of "all outlets have one mix", regrouping whole articles.

    None where no outlet has two articles: there is nothing to regroup then. The statistic is the
    mean total variation between an outlet's mix and that of all, weighted by the outlet's units.

    Parameters
    ----------
    tables : shape (n_articles, n_classes)
        Label counts of each article.
    outlets : shape (n_articles,)
        The outlet of each article, as numbers from 0.

    Raises
    ------
    DataError
        If there are fewer than two outlets.
    """
    n_outlets = int(outlets.max()) + 1 if len(outlets) else 0
    if n_outlets < 2:
        raise DataError("comparing mixes needs at least two outlets")
    if np.bincount(outlets).max() < 2:
        return None
    everything = tables.sum(axis=0) / tables.sum()

    def statistic(groups: IntArray) -> float:
        sums = np.zeros((n_outlets, tables.shape[1]))
        np.add.at(sums, groups, tables)
        sizes = sums.sum(axis=1)
        held = sizes > 0
        mixes = sums[held] / sizes[held][:, None]
        return float((sizes[held] * total_variation(mixes, everything)).sum() / sizes.sum())

    rng = np.random.default_rng(seed)
    seen = statistic(outlets)
    as_far = sum(statistic(rng.permutation(outlets)) >= seen - 1e-12 for _ in range(n_draws))
    return (as_far + 1) / (n_draws + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many tests were made, in the order given.

    References
    ----------
    Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    n = len(p_values)
    adjusted = [0.0] * n
    worst = 0.0
    for rank, i in enumerate(sorted(range(n), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (n - rank) * p_values[i]))
        adjusted[i] = worst
    return adjusted
