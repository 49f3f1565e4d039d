"""What a classifier's errors do to the agreement of its labels, and the agreement without them.

Errors that are independent from label to label make raters who agree look as if they did not: five
outlets in full agreement, labeled by a model that is right in 80% of cases, have an alpha of 0.49.
So an alpha of predicted labels is read beside the one that full agreement would have had, or with
the errors taken out. Both rest on a confusion table: how often held-out units of each settled label
got each predicted one.

Both take errors for independent given the true label, and for the same on these units as on those
held out. Outlets that put a claim in the same words get the same error, which counts as agreement
here: `benchmarks/attenuation.py` shows by how much that is too high.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from stance.statistics.arrays import FloatArray

# The least singular value of a confusion table's rows that is still inverted: at it, noise in the
# coincidences is multiplied by up to 1 / 0.2^2 = 25. The limits hold even beyond, and say nothing.
STABLE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A number with its limits."""

    value: float
    low: float | None  # None where the data do not allow limits
    high: float | None


def perfect_alpha(
    counts: FloatArray,
    confusion: FloatArray,
    *,
    seed: int,
    n_draws: int = 500,
    confidence: float = 0.95,
) -> Limited | None:
    """Return the nominal alpha that raters in full agreement would show: 1 without errors.

    Simulated with as many units, and labels a unit, as there are: a true class for each unit, an
    independent error for each label. The true classes' mix is the one whose predicted mix under the
    confusion table is nearest to that seen. Limits hold the alpha of one such sample, with the
    confusion table known from its held-out units only. None where a class has no held-out unit, or
    alpha is mostly not defined.

    Parameters
    ----------
    counts : shape (n_units, n_classes)
        How many predicted labels of each class each unit has.
    confusion : shape (n_classes, n_classes)
        Held-out units by settled label (rows) and predicted one.
    """
    counts = _paired(counts)
    confusion = np.asarray(confusion, dtype=float)
    if len(counts) == 0 or confusion.sum(axis=1).min() <= 0:
        return None
    sizes = counts.sum(axis=1)
    predicted = counts.sum(axis=0) / counts.sum()
    rng = np.random.default_rng(seed)
    alphas = np.empty(n_draws)
    for draw in range(n_draws):
        rows = _rows(rng.standard_gamma(confusion))  # the Bayesian bootstrap of held-out units
        mix = optimize.nnls(rows.T, predicted)[0]
        if mix.sum() == 0:  # no class was ever read as what these labels are
            alphas[draw] = np.nan
            continue
        truth = rng.choice(len(mix), size=len(sizes), p=mix / mix.sum())
        labels = rng.multinomial(sizes.astype(int), rows[truth])
        # Summed over units, the coincidences of `_coincidences`.
        weighted = labels / (sizes - 1)[:, None]
        alphas[draw] = _alpha(weighted.T @ labels - np.diag(weighted.sum(axis=0)), sizes.sum())
    defined = alphas[~np.isnan(alphas)]
    if len(defined) < n_draws / 2:
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Limited(value=float(defined.mean()), low=float(low), high=float(high))


def corrected_alpha(
    counts: FloatArray, confusion: FloatArray, *, confidence: float = 0.95
) -> Limited | None:
    """Return the nominal alpha of true labels, from predicted ones and their confusion table.

    Where errors are independent, the coincidences O of predicted labels have the expectation
    C' P C, with P those of true labels and C the rows of the confusion table: solved for P. Its
    shares of classes are cut off at 0; its cells are not, since that would pull alpha down where it
    is high. The result is cut off at -1 and 1.

    Limits are a jackknife over units and, apart, over held-out units, with a t quantile. None where
    C has no stable inverse, a class has fewer than two held-out units, or alpha is not defined.

    Parameters
    ----------
    counts : shape (n_units, n_classes)
        How many predicted labels of each class each unit has.
    confusion : shape (n_classes, n_classes)
        Held-out units by settled label (rows) and predicted one.
    """
    counts = _paired(counts)
    confusion = np.asarray(confusion, dtype=float)
    if len(counts) == 0 or confusion.sum(axis=1).min() < 2:
        return None
    if np.linalg.svd(_rows(confusion), compute_uv=False).min() < STABLE:
        return None
    pairs = _coincidences(counts)
    total = pairs.sum(axis=0)
    value = float(_true_alpha(total, confusion))
    if np.isnan(value):
        return None
    n = len(counts)
    low = high = None
    if n >= 3:
        cells = np.eye(confusion.size).reshape(-1, *confusion.shape)  # a held-out unit of each kind
        variance = _jackknifed(_true_alpha(total - pairs, confusion), np.ones(n))
        variance += _jackknifed(
            _true_alpha(total, np.maximum(confusion - cells, 0)), confusion.ravel()
        )
        if variance > 0:  # nan where a unit held the only variation
            # Units are the fewer; held-out units only add variance.
            reach = special.stdtrit(n - 1, (1 + confidence) / 2) * np.sqrt(variance)
            low, high = (float(limit) for limit in np.clip([value - reach, value + reach], -1, 1))
    return Limited(value=float(np.clip(value, -1, 1)), low=low, high=high)


def _paired(counts: FloatArray) -> FloatArray:
    counts = np.asarray(counts, dtype=float)
    return np.asarray(counts[counts.sum(axis=1) >= 2])


def _rows(confusion: FloatArray) -> FloatArray:
    return np.asarray(confusion / confusion.sum(axis=-1, keepdims=True))


def _coincidences(counts: FloatArray) -> FloatArray:
    """Return each unit's coincidence matrix, (n_units, n_classes, n_classes), summing to labels."""
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= counts[:, :, None] * np.eye(counts.shape[1])
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, None, None])


def _true_alpha(coincidences: FloatArray, confusion: FloatArray) -> FloatArray:
    """Return alpha with the errors taken out, nan where it is not defined; leading axes are kept.

    Parameters
    ----------
    coincidences, confusion : shape (..., n_classes, n_classes)
    """
    inverse = np.linalg.pinv(_rows(confusion))  # pinv: one unit fewer may make it singular
    n = coincidences.sum(axis=(-2, -1))
    return _alpha(inverse.swapaxes(-2, -1) @ coincidences @ inverse, n)


def _alpha(coincidences: FloatArray, n: FloatArray) -> FloatArray:
    """Return the nominal alpha of coincidences that sum to n, nan where it is not defined."""
    joint = coincidences / np.asarray(n)[..., None, None]
    shares = np.maximum(joint.sum(axis=-1), 0)
    shares = shares / shares.sum(axis=-1, keepdims=True)
    disagreed = (1 - np.trace(joint, axis1=-2, axis2=-1)) * (n - 1) / n
    by_chance = 1 - (shares**2).sum(axis=-1)
    out = np.full(disagreed.shape, np.nan)
    np.divide(disagreed, by_chance, out=out, where=by_chance > 1e-9)
    return np.asarray(1 - out)


def _jackknifed(left_out: FloatArray, counts: FloatArray) -> float:
    """Return the jackknife variance; `counts` says how many items give each value left out."""
    n = counts.sum()
    given = counts > 0
    values, weights = left_out[given], counts[given]
    middle = (weights * values).sum() / n
    return float((n - 1) / n * (weights * (values - middle) ** 2).sum())
