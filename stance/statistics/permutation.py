"""Do outlets have the same mix of labels? Tests that move whole articles between outlets.

Articles differ in length and outlets in how much their articles vary, so regrouping articles by a
plain distance does not keep its level. The statistic is therefore studentised, as in Welch's
analysis of variance: with v_o the variance of outlet o's mix p_o over its articles,

    sum over o of |p_o - p|^2 / v_o,    p the mean of the p_o weighted by 1 / v_o.

For two outlets that is |p_1 - p_2|^2 / (v_1 + v_2). A variance from few articles is worth little,
so each is mixed with what the pooled spread of all outlets would give, as if that were
`PRIOR_ARTICLES` more articles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray

EXACT_UP_TO = 10_000  # regroupings of two outlets: enumerated up to here, drawn beyond
PRIOR_ARTICLES = 0.5  # of 0.5, 1 and 2 the nearest to its level in benchmarks/permutation.py
CHUNK = 512  # regroupings at a time: bounds memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Total variation between two mixes, beside what chance regrouping of articles gives."""

    value: float  # share of units that would have to change: 0 the same mix, 1 nothing in common
    null_mean: float  # a plug-in distance is never 0 by chance: compare with this
    p_value: float  # share of regroupings whose studentised difference is at least as large
    smallest_p: float  # the least that so few articles can give
    n_regroupings: int
    exact: bool


def total_variation(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return half the summed absolute difference of two mixes, over the last axis: 0 to 1."""
    return np.asarray(np.abs(left - right).sum(axis=-1) / 2)


def mix_distance(
    left: FloatArray, right: FloatArray, *, seed: int, n_draws: int = 1999
) -> Distance:
    """Return the total variation between two outlets' mixes with a permutation null.

    Parameters
    ----------
    left, right : shape (n_articles, n_classes)
        Label counts of each article of the two outlets; each article has units.
    n_draws
        Regroupings drawn where there are too many to enumerate.

    Raises
    ------
    DataError
        If an outlet has no article, or an article no unit.
    """
    tables = np.concatenate([left, right]).astype(float)
    _check(tables)
    if min(len(left), len(right)) == 0:
        raise DataError("a distance needs articles on both sides")
    n, n_left = len(tables), len(left)
    seen = np.repeat([[0, 1]], [n_left, n - n_left], axis=1)
    n_groupings = comb(n, n_left)
    exact = n_groupings <= EXACT_UP_TO
    if exact:
        groupings = np.ones((n_groupings, n), dtype=np.int64)
        chosen = np.array(list(combinations(range(n), n_left)))
        np.put_along_axis(groupings, chosen, 0, axis=1)
    else:
        rng = np.random.default_rng(seed)
        groupings = rng.permuted(np.repeat(seen, n_draws, axis=0), axis=1)
    (value,), (difference,) = _two_groups(tables, seen)
    distances, differences = _two_groups(tables, groupings)
    smallest = (2 if 2 * n_left == n else 1) / n_groupings if exact else 1 / (n_draws + 1)
    return Distance(
        value=float(value),
        null_mean=float(distances.mean()),
        p_value=_p_value(difference, differences, exact=exact),
        smallest_p=smallest,
        n_regroupings=len(groupings),
        exact=exact,
    )


def same_mix_p_value(
    tables: FloatArray, outlets: IntArray, *, seed: int, n_draws: int = 9999
) -> float | None:
    """Return the p-value of "all outlets have one mix"; None where no outlet has two articles.

    Parameters
    ----------
    tables : shape (n_articles, n_classes)
        Label counts of each article; each has units.
    outlets : shape (n_articles,)
        The outlet of each article, as numbers from 0.

    Raises
    ------
    DataError
        If there are fewer than two outlets, or an article has no unit.
    """
    tables = tables.astype(float)
    _check(tables)
    n_outlets = int(outlets.max()) + 1 if len(outlets) else 0
    if n_outlets < 2:
        raise DataError("comparing mixes needs at least two outlets")
    if np.bincount(outlets).max() < 2:
        return None
    rng = np.random.default_rng(seed)
    (seen,) = _studentised(*_moments(tables, outlets[None], n_outlets))
    drawn = []
    for start in range(0, n_draws, CHUNK):
        rows = np.repeat(outlets[None], min(CHUNK, n_draws - start), axis=0)
        groupings = rng.permuted(rows, axis=1)
        drawn.append(_studentised(*_moments(tables, groupings, n_outlets)))
    return _p_value(seen, np.concatenate(drawn), exact=False)


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


def _check(tables: FloatArray) -> None:
    if len(tables) and tables.sum(axis=1).min() <= 0:
        raise DataError("an article without units has no mix; leave it out")


def _p_value(seen: float, drawn: FloatArray, *, exact: bool) -> float:
    as_large = int((drawn >= seen * (1 - 1e-9) - 1e-12).sum())
    # Drawn regroupings leave out the one that was seen: counting it keeps the test valid.
    return as_large / len(drawn) if exact else (as_large + 1) / (len(drawn) + 1)


def _two_groups(tables: FloatArray, groupings: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return total variation and studentised difference of each regrouping into 0 and 1."""
    distances, differences = [], []
    for start in range(0, len(groupings), CHUNK):
        mixes, variances = _moments(tables, groupings[start : start + CHUNK], 2)
        distances.append(total_variation(mixes[0], mixes[1]))
        differences.append(_studentised(mixes, variances))
    return np.concatenate(distances), np.concatenate(differences)


def _moments(
    tables: FloatArray, groupings: IntArray, n_outlets: int
) -> tuple[FloatArray, FloatArray]:
    """Return each outlet's mix and its variance over articles, for each regrouping.

    Parameters
    ----------
    groupings : shape (n_regroupings, n_articles)

    Returns
    -------
    mixes : shape (n_outlets, n_regroupings, n_classes)
    variances : shape (n_outlets, n_regroupings)
        Summed over classes.
    """
    sizes = tables.sum(axis=1)
    squares = (tables**2).sum(axis=1)
    # What sums over an outlet's articles are needed: one matrix product an outlet gives them all.
    columns = np.column_stack(
        (
            np.ones(len(sizes)),
            sizes,
            sizes**2,
            squares,
            squares / sizes,
            tables,
            sizes[:, None] * tables,
        )
    )
    k = tables.shape[1]
    mixes, own, weights, counts = [], [], [], []
    spread: FloatArray = np.zeros(len(groupings))
    for outlet in range(n_outlets):
        sums = (groupings == outlet).astype(float) @ columns
        n, total, total_of_squares, square, square_by_size = sums[:, :5].T
        mix = sums[:, 5 : 5 + k] / total[:, None]
        length = (mix**2).sum(axis=1)
        residual = square - 2 * (mix * sums[:, 5 + k :]).sum(axis=1) + length * total_of_squares
        own.append(np.maximum(residual, 0) / total**2)
        weights.append(total_of_squares / total**2)
        spread += np.maximum(square_by_size - total * length, 0)
        mixes.append(mix)
        counts.append(n)
    # The pooled spread of an article's mix, on the scale of an article of mean length.
    pooled = spread / max(len(sizes) - n_outlets, 1) / sizes.mean()
    n_articles = np.array(counts)
    prior = pooled * np.array(weights)
    # The sum of squares of n articles stands for n - 1 of them.
    variances = (n_articles * np.array(own) + PRIOR_ARTICLES * prior) / (
        n_articles - 1 + PRIOR_ARTICLES
    )
    return np.array(mixes), variances


def _studentised(mixes: FloatArray, variances: FloatArray) -> FloatArray:
    """Return the statistic of the module's head, shape (n_regroupings,)."""
    precision = 1 / np.maximum(variances, 1e-12)
    middle = (precision[..., None] * mixes).sum(axis=0) / precision.sum(axis=0)[..., None]
    return np.asarray((precision * ((mixes - middle) ** 2).sum(axis=-1)).sum(axis=0))
