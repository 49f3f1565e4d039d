"""Do outlets have the same mix of labels? Tests that move whole articles between outlets.

Articles differ in length and outlets in how much their articles vary, so regrouping articles by a
plain distance does not keep its level. The statistic is therefore studentised, as in Welch's
analysis of variance: with v_o the variance of outlet o's mix p_o over its articles,

    sum over o of |p_o - p|^2 / v_o,    p the mean of the p_o weighted by 1 / v_o.

For two outlets that is |p_1 - p_2|^2 / (v_1 + v_2). A variance from few articles is worth little,
so each is mixed with what the pooled spread of all outlets would give articles of its lengths, as
if that were `PRIOR_ARTICLES` more articles. An outlet with one article has nothing else: it is
taken to vary as the others do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from scipy.sparse import csr_array
from scipy.special import rel_entr

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray

EXACT_UP_TO = 10_000  # regroupings of two outlets: enumerated up to here, drawn beyond
PRIOR_ARTICLES = 0.5  # of 0.5, 1 and 2 the nearest to its level in benchmarks/permutation.py
DRAWS = 1999  # regroupings of a pair of outlets
DRAWS_OF_ALL = 9999
LEAST_DRAWS = 199
DRAWS_A_TEST = 40  # so many times the tests made: then Holm's adjustment can reach 1 / 40
TOO_FEW = 20  # so many times the tests made, or fewer: it cannot reach 1 / 20
ENOUGH = 20  # regroupings at least as far apart: a p-value that is no longer small
CHUNK = 125_000  # articles moved at a time: bounds memory
WORK = 3_000_000_000  # articles moved in all: bounds time, a minute or two at most
A_PAIR = 15  # articles that could be moved while a pair is taken up, in each regrouping


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Total variation between two mixes, beside what chance regrouping of articles gives."""

    value: float  # share of units that would have to change: 0 the same mix, 1 nothing in common
    null_mean: float  # a plug-in distance is never 0 by chance: compare with this
    p_value: float  # share of regroupings whose studentised difference is at least as large
    smallest_p: float  # the least that so few articles, or so many regroupings, can give
    n_regroupings: int
    exact: bool


def total_variation(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return half the summed absolute difference of two mixes, over the last axis: 0 to 1."""
    return np.asarray(np.abs(left - right).sum(axis=-1) / 2)


def jensen_shannon(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the Jensen-Shannon distance of two mixes, base 2, over the last axis: 0 to 1.

    The square root of the divergence, which is a metric: 0 the same mix, 1 nothing in common.

    References
    ----------
    Lin (1991), "Divergence Measures Based on the Shannon Entropy", for the divergence; Endres and
    Schindelin (2003), "A New Metric for Probability Distributions", for its root.
    """
    middle = (left + right) / 2
    divergence = (rel_entr(left, middle) + rel_entr(right, middle)).sum(axis=-1) / np.log(4)
    return np.asarray(np.sqrt(np.clip(divergence, 0, 1)))  # rounding alone leaves these limits


def mix_distance(
    left: FloatArray, right: FloatArray, *, seed: int, n_draws: int = DRAWS
) -> Distance:
    """Return the total variation between two outlets' mixes with a permutation null.

    Parameters
    ----------
    left, right : shape (n_articles, n_classes)
        Label counts of each article of the two outlets; each article has units.
    n_draws
        Regroupings drawn at most, where there are too many to enumerate.

    Raises
    ------
    DataError
        If an outlet has no article, or an article no unit.
    """
    (distance,) = pair_distances([left, right], seed=seed, n_draws=n_draws).values()
    return distance


def pair_distances(
    tables: Sequence[FloatArray], *, seed: int, n_draws: int | None = None
) -> dict[tuple[int, int], Distance]:
    """Return what `mix_distance` gives for each two outlets, by their places.

    The more pairs, the smaller a p-value must be to stand Holm's adjustment, so the more
    regroupings are drawn. A pair that many of the first ones put as far apart gets no more.
    That keeps p-values valid: to be at most u, a pair must have had so few of them at the first
    look at which stopping would have given u or less. Where so many pairs are left then that
    none could get enough, they get no more either: `smallest_p` tells.

    Parameters
    ----------
    tables : each of shape (n_articles, n_classes)
        Label counts of each article of each outlet; each article has units.
    n_draws
        At most so many for a pair; set by the number of pairs if not given.

    Raises
    ------
    DataError
        If an outlet has no article, or an article no unit.

    References
    ----------
    Besag and Clifford (1991), "Sequential Monte Carlo p-values", for stopping early.
    """
    if min(len(table) for table in tables) == 0:
        raise DataError("a distance needs articles on both sides")
    for table in tables:
        _check(table)
    columns = [_columns(table.astype(float)) for table in tables]
    pairs = {(i, j): _Pair(columns[i], columns[j]) for i, j in combinations(range(len(tables)), 2)}
    pending = [pair for pair in pairs.values() if not pair.exact]
    first = limit = n_draws or _first_draws(len(pairs))
    rng = np.random.default_rng(seed)
    done = 0
    while pending and done < limit:
        n_most = max(pair.n for pair in pending)
        n_rows = max(1, min(CHUNK // n_most, DRAWS, limit - done))
        # One order of the articles of the largest pair serves all: without those that a smaller
        # pair lacks it is a random order of the rest.
        orders = _orders(rng, n_most, n_rows)
        for pair in pending:
            pair.regroup(orders[orders < pair.n].reshape(n_rows, pair.n))
        done += n_rows
        if done >= min(first, DRAWS):
            pending = [pair for pair in pending if pair.n_as_large < ENOUGH]
        if done == first and not n_draws:
            limit = _all_draws(len(pairs), [pair.n for pair in pending], first)
    return {places: pair.distance(limit) for places, pair in pairs.items()}


def same_mix_p_value(
    tables: FloatArray, outlets: IntArray, *, seed: int, n_draws: int = DRAWS_OF_ALL
) -> float | None:
    """Return the p-value of "all outlets have one mix"; None where no outlet has two articles.

    Parameters
    ----------
    tables : shape (n_articles, n_classes)
        Label counts of each article; each has units.
    outlets : shape (n_articles,)
        The outlet of each article, as numbers from 0.
    n_draws
        Regroupings drawn; fewer where there are more than some 10,000 articles. Of two outlets all
        are enumerated where `pair_distances` does so: it is the same test.

    Raises
    ------
    DataError
        If there are fewer than two outlets, or an article has no unit.
    """
    _check(tables)
    sizes = np.bincount(outlets)
    sizes = sizes[sizes > 0]
    if len(sizes) < 2:
        raise DataError("comparing mixes needs at least two outlets")
    if sizes.max() < 2:
        return None
    columns = _columns(tables.astype(float))
    n = len(columns)
    if is_enumerated(sizes.tolist()):
        first, second = np.unique(outlets)
        return mix_distance(tables[outlets == first], tables[outlets == second], seed=seed).p_value
    n_draws = min(n_draws, max(LEAST_DRAWS, WORK // 30 // n))
    rng = np.random.default_rng(seed)
    (seen,) = _studentised(*_moments(columns, outlets.argsort(kind="stable")[None], sizes))
    as_large = done = 0
    while done < n_draws:
        n_rows = max(1, min(CHUNK // n, n_draws - done))
        drawn = _studentised(*_moments(columns, _orders(rng, n, n_rows), sizes))
        as_large += _n_as_large(drawn, seen)
        done += n_rows
    return (as_large + 1) / (n_draws + 1)


def is_enumerated(sizes: Sequence[int]) -> bool:
    """Return whether all regroupings of outlets with so many articles are tried, not some drawn."""
    return len(sizes) == 2 and comb(sum(sizes), sizes[0]) <= EXACT_UP_TO


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


def _first_draws(n_pairs: int) -> int:
    """Return how many regroupings each pair gets before any is told from the others."""
    return max(LEAST_DRAWS, min(DRAWS, DRAWS * 2000 // n_pairs))


def _all_draws(n_pairs: int, pending: Sequence[int], first: int) -> int:
    """Return how many a pair gets that few of the first put as far apart.

    Parameters
    ----------
    pending
        How many articles each such pair has.
    first
        How many each has had.
    """
    enough = max(first, DRAWS_A_TEST * n_pairs - 1)
    affordable = WORK // max(sum(pending) + A_PAIR * len(pending), 1)
    # Where no adjusted p-value could be small, only the distance by chance was to be estimated.
    return min(enough, affordable) if affordable >= TOO_FEW * n_pairs else first


def _orders(rng: np.random.Generator, n: int, n_rows: int) -> IntArray:
    """Return random orders of the numbers below `n`, shape (n_rows, n)."""
    return rng.permuted(np.tile(np.arange(n, dtype=np.int32), (n_rows, 1)), axis=1)


def _n_as_large(drawn: FloatArray, seen: float) -> int:
    return int((drawn >= seen * (1 - 1e-9) - 1e-12).sum())


class _Pair:
    """Two outlets, and what the regroupings of their articles have given so far."""

    def __init__(self, left: FloatArray, right: FloatArray) -> None:
        self.columns = np.concatenate([left, right])
        self.sizes = np.array([len(left), len(right)])
        self.n = len(self.columns)
        self.n_groupings = comb(self.n, len(left))
        self.exact = is_enumerated([len(left), len(right)])
        (self.value,), (self.seen,) = self._differences(np.arange(self.n)[None])
        self.n_done = self.n_as_large = 0
        self.total = 0.0
        if self.exact:
            chosen = np.array(list(combinations(range(self.n), len(left))))
            right_of = np.ones((self.n_groupings, self.n), dtype=np.int8)
            np.put_along_axis(right_of, chosen, 0, axis=1)
            self.regroup(right_of.argsort(axis=1, kind="stable"))

    def regroup(self, orders: IntArray) -> None:
        """Count regroupings: the first articles of each row go to the left."""
        distances, differences = self._differences(orders)
        self.n_done += len(orders)
        self.n_as_large += _n_as_large(differences, self.seen)
        self.total += float(distances.sum())

    def distance(self, limit: int) -> Distance:
        """Return the distance with its null, of at most `limit` regroupings where drawn."""
        # Drawn regroupings leave out the one that was seen: counting it keeps the test valid.
        own = 0 if self.exact else 1
        least = (2 if self.sizes[0] == self.sizes[1] else 1) / self.n_groupings  # 2: its mirror
        return Distance(
            value=float(self.value),
            null_mean=self.total / self.n_done,
            p_value=(self.n_as_large + own) / (self.n_done + own),
            smallest_p=least if self.exact else max(least, 1 / (limit + 1)),
            n_regroupings=self.n_done,
            exact=self.exact,
        )

    def _differences(self, orders: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return total variation and studentised difference of each regrouping."""
        mixes, variances = _moments(self.columns, orders, self.sizes)
        return total_variation(mixes[0], mixes[1]), _studentised(mixes, variances)


def _columns(tables: FloatArray) -> FloatArray:
    """Return what must be summed over an outlet's articles, shape (n_articles, 5 + 2 n_classes)."""
    sizes = tables.sum(axis=1)
    squares = (tables**2).sum(axis=1)
    return np.column_stack(
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


def _moments(
    columns: FloatArray, orders: IntArray, sizes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return each outlet's mix and its variance over articles, for each regrouping.

    Parameters
    ----------
    columns : shape (n_articles, 5 + 2 n_classes)
    orders : shape (n_regroupings, n_articles)
        Articles in order: the first outlet's first, then the second's, ...
    sizes : shape (n_outlets,)
        How many articles each outlet has.

    Returns
    -------
    mixes : shape (n_outlets, n_regroupings, n_classes)
    variances : shape (n_outlets, n_regroupings)
        Summed over classes.
    """
    n_rows, n = orders.shape
    n_outlets, k = len(sizes), (columns.shape[1] - 5) // 2
    # A row of this matrix picks an outlet's articles in one regrouping: one product sums them all.
    ends = np.append(0, (np.arange(n_rows)[:, None] * n + np.cumsum(sizes)).ravel())
    picks = csr_array((np.ones(orders.size), orders.ravel(), ends), shape=(len(ends) - 1, n))
    sums = (picks @ columns).reshape(n_rows, n_outlets, -1).transpose(1, 0, 2)
    n_articles, total, total_of_squares, square, square_by_size = np.moveaxis(sums[..., :5], -1, 0)
    mixes = sums[..., 5 : 5 + k] / total[..., None]
    length = _dot(mixes, mixes)
    residual = square - 2 * _dot(mixes, sums[..., 5 + k :]) + length * total_of_squares
    own = np.maximum(residual, 0) / total**2
    # The pooled spread gives an article of m units the variance between + within / m: a short one
    # says less of its outlet. Where articles vary no more than their units would by themselves,
    # all is within. Articles longer than usual get the variance of usual ones: how little they
    # vary could only be had from `between`, which short articles tell badly.
    n_free = max(n - n_outlets, 1)
    spread = np.maximum(square_by_size - total * length, 0).sum(axis=0)
    within = np.minimum(_within_articles(columns), spread / n_free)
    room = (total - total_of_squares / total).sum(axis=0)  # at least 1 where an outlet has two
    between = (spread - n_free * within) / np.maximum(room, 1)
    usual = columns[:, 2].sum() / columns[:, 1].sum()  # length of the article of a random unit
    n_usual = np.maximum(total, total_of_squares / usual)
    prior = (between * total_of_squares + within * n_usual) / total**2
    # The sum of squares of n articles stands for n - 1 of them.
    variances = (n_articles * own + PRIOR_ARTICLES * prior) / (n_articles - 1 + PRIOR_ARTICLES)
    return mixes, variances


def _within_articles(columns: FloatArray) -> float:
    """Return the variance of a unit within its article, summed over classes."""
    sizes, square_by_size = columns[:, 1], columns[:, 4]
    n_free = float((sizes - 1).sum())
    # Where every article is one unit, nothing tells the two apart, and nothing needs to.
    return float((sizes - square_by_size).sum()) / n_free if n_free > 0 else np.inf


def _studentised(mixes: FloatArray, variances: FloatArray) -> FloatArray:
    """Return the statistic of the module's head, shape (n_regroupings,)."""
    precision = 1 / np.maximum(variances, 1e-12)
    middle = (precision[..., None] * mixes).sum(axis=0) / precision.sum(axis=0)[..., None]
    away = mixes - middle
    return np.asarray((precision * _dot(away, away)).sum(axis=0))


def _dot(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return sums of products over the last axis: a short one, which `sum` is slow on."""
    return np.asarray(np.einsum("...k,...k->...", left, right))
