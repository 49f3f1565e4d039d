"""The share of each class in one outlet, corrected by the labels of a random sample.

A model reads every unit, people judge some. What the model says steadies the estimate; what people
say of units drawn at random keeps it right, however wrong the model is in this outlet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.intervals import NO_SPREAD

BoolArray = NDArray[np.bool_]
LEAST = 8  # labels from which a share and its variance can be told within a predicted class
LEAST_FOR_SLOPE = 20  # labels from which a slope can be told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectedShares:
    """Shares of the classes with their limits, each of shape (n_classes,)."""

    value: FloatArray
    low: FloatArray  # for these units: which of them were labeled is what is random
    high: FloatArray
    general_low: FloatArray | None  # for the outlet at large: its articles are a sample too
    general_high: FloatArray | None  # None with labels in fewer than two articles
    pseudo_outcomes: FloatArray  # (n_units, n_classes), see `corrected_shares`


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """What the sample says of the units that could have been drawn; rows are groups of them."""

    expected: FloatArray  # (n_units, n_classes), a unit's chance of each class
    smooth: FloatArray  # (n_classes,), share of each class, kept off 0 and 1
    endless: FloatArray  # (n_groups, n_classes), variance of totals if the units had no end
    finite: FloatArray  # the same for the units that there are
    degrees: FloatArray  # (n_classes,), of freedom of the summed variance


def corrected_shares(
    predicted: IntArray,
    probabilities: FloatArray,
    truth: IntArray,
    *,
    certain: BoolArray,
    stratum: IntArray,
    sizes: FloatArray,
    article: IntArray,
    confidence: float = 0.95,
) -> CorrectedShares:
    """Return the share of each class among an outlet's units, from a labeled random sample.

    Certain units stand for themselves. The rest is post-stratified by predicted class; within a
    class the model's probability counts by a slope that the labels give. Limits are Wilson's on the
    effective sample size, with the finite population correction and Satterthwaite's degrees of
    freedom. The pseudo-outcome of a unit is d = m + w (y - m): m is what the model makes of it
    once corrected, y the label, w one over the chance of being labeled and 0 without a label.
    Regress d on outlet, date or voice as if it were the label, with variances over articles.

    Parameters
    ----------
    predicted : shape (n_units,)
        Column of the predicted class.
    probabilities : shape (n_units, n_classes)
        The model's; they need not be calibrated.
    truth : shape (n_units,)
        Column of the label; -1 without one.
    certain : shape (n_units,)
        Units known apart from the draw: they have a label and could not be drawn.
    stratum : shape (n_units,)
        Of each drawn and labeled unit, the set of units that had the same chance; -1 elsewhere.
    sizes : shape (n_strata,)
        How many of these units each stratum held. Its labels are a random part of it.
    article : shape (n_units,)
        A number for the article that a unit stands in.

    Raises
    ------
    DataError
        If there is no unit, shapes differ, a certain or drawn unit has no label, a stratum holds
        fewer units than labels, or fewer than two labels speak for units that are not known.

    References
    ----------
    Sarndal, Swensson and Wretman (1992), "Model Assisted Survey Sampling", chapters 6 and 7;
    Korn and Graubard (1998) for the effective sample size; Egami, Hinck, Stewart and Wei (2023),
    "Using Imperfect Surrogates for Downstream Inference", for the pseudo-outcome.
    """
    drawn = ~certain & (stratum >= 0)
    _check(predicted, probabilities, truth, certain, stratum, sizes, article, drawn)
    taken = np.bincount(stratum[drawn], minlength=len(sizes))
    ended = drawn & ~still_open(np.where(drawn, stratum, -1), sizes)
    certain, drawn = certain | ended, drawn & ~ended
    if not certain.all() and drawn.sum() < 2:
        raise DataError("units that are not known need two drawn labels at least")
    n_units, n_classes = probabilities.shape
    known = certain | drawn
    outcome: FloatArray = np.zeros((n_units, n_classes))
    outcome[known, truth[known]] = 1.0
    pseudo, total = outcome.copy(), outcome[certain].sum(axis=0)
    rest = ~certain
    n_rest = int(rest.sum())
    value = low = high = smooth = total / n_units
    endless = np.zeros(n_classes)
    if n_rest:
        weight = (sizes / np.maximum(taken, 1))[stratum[drawn]]
        fit = _fit(predicted, probabilities, outcome[drawn], weight, rest=rest, drawn=drawn)
        pseudo[rest] = fit.expected[rest]
        pseudo[drawn] += weight[:, None] * (outcome[drawn] - fit.expected[drawn])
        # Limits are those of the part that is not known: the rest has no variance to smooth.
        share = np.clip(pseudo[rest].mean(axis=0), 0, 1)
        inverse_size = fit.finite.sum(axis=0) / n_rest**2 / (fit.smooth * (1 - fit.smooth))
        limits = _wilson(share, inverse_size, fit.degrees, confidence)
        value, low, high, smooth = (
            (total + n_rest * part) / n_units for part in (share, *limits, fit.smooth)
        )
        endless = fit.endless.sum(axis=0) / n_units**2
    # No share can be below what is known to be of the class, nor above what may still be.
    least = outcome.sum(axis=0) / n_units
    most = least + (n_units - known.sum()) / n_units
    value, low, high = (np.clip(part, least, most) for part in (value, low, high))
    general_low = general_high = None
    n_labeled = len(np.unique(article[known]))
    if n_labeled > 1:
        variance = np.maximum(_between_articles(pseudo, article), endless)
        # No spread at all (a share of 0 or 1, most often) says little: count articles, not units.
        inverse_size = np.full(n_classes, 1 / n_labeled)
        np.divide(variance, smooth * (1 - smooth), out=inverse_size, where=variance > NO_SPREAD)
        # Articles that are alike by chance make no outlet worth more than its units.
        inverse_size = np.maximum(inverse_size, 1 / n_units)
        general_low, general_high = _wilson(
            value, inverse_size, np.full(n_classes, n_labeled - 1.0), confidence
        )
    return CorrectedShares(
        value=value,
        low=low,
        high=high,
        general_low=general_low,
        general_high=general_high,
        pseudo_outcomes=pseudo,
    )


def share_difference(
    left: tuple[float, float, float], right: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the difference of two independent shares, left minus right, with its limits.

    Parameters
    ----------
    left, right
        A share, its lower and its upper limit.

    References
    ----------
    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    method 10: distances from share to limit are squared and added.
    """
    value = left[0] - right[0]
    low = value - np.hypot(left[0] - left[1], right[2] - right[0])
    high = value + np.hypot(left[2] - left[0], right[0] - right[1])
    return value, max(-1.0, float(low)), min(1.0, float(high))


def error_band(
    counts: IntArray,
    confusion: FloatArray,
    *,
    seed: int,
    n_resamples: int = 2000,
    confidence: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Return where the true shares may lie if the model errs here as it did on held-out units.

    The hull of two answers, since nobody knows which of them carries over to an outlet without
    labels: (a) a predicted class holds the same mix of true ones here; (b) a true class is read as
    the same mix of predicted ones here, solved for the shares. Both with errors resampled from the
    held-out counts, half a unit added to each, and with the chance that as many units leave. This
    is no confidence interval: an outlet on which the model errs otherwise may lie outside.

    Parameters
    ----------
    counts : shape (n_classes,)
        Units of the outlet by predicted class.
    confusion : shape (n_classes, n_classes)
        Held-out units, true class by predicted one.

    Returns
    -------
    low, high : shape (n_classes,)

    Raises
    ------
    DataError
        If there is no unit, no held-out unit, or the shapes differ.
    """
    n_classes, n_units = len(counts), int(counts.sum())
    if n_units <= 0 or confusion.shape != (n_classes, n_classes) or confusion.sum() <= 0:
        raise DataError("a band needs units and a table of held-out units, true class by predicted")
    rng = np.random.default_rng(seed)
    drawn = rng.standard_gamma(confusion.T + 0.5, size=(n_resamples, n_classes, n_classes))
    within = drawn / drawn.sum(axis=2, keepdims=True)  # of a predicted class, each true one
    same_mix = rng.multinomial(counts, within).sum(axis=1) / n_units
    drawn = rng.standard_gamma(confusion + 0.5, size=(n_resamples, n_classes, n_classes))
    read_as = drawn / drawn.sum(axis=2, keepdims=True)  # of a true class, each predicted one
    seen = rng.multinomial(n_units, counts / n_units, size=n_resamples) / n_units
    solved = np.linalg.solve(read_as.transpose(0, 2, 1), seen[:, :, None])[:, :, 0]
    solved = np.maximum(solved, 0)
    solved /= solved.sum(axis=1, keepdims=True)  # it sums to 1 before the cut, so never to 0
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    limits = np.stack([np.quantile(answer, ends, axis=0) for answer in (same_mix, solved)])
    return limits[:, 0].min(axis=0), limits[:, 1].max(axis=0)


def still_open(stratum: IntArray, sizes: FloatArray) -> BoolArray:
    """Return which drawn units speak for units that are not known, shape (n_units,).

    A stratum that was labeled to its end is known, like what was judged before the draw.

    Parameters
    ----------
    stratum : shape (n_units,)
        Of each drawn and labeled unit; -1 elsewhere.
    sizes : shape (n_strata,)
    """
    drawn = stratum >= 0
    taken = np.bincount(stratum[drawn], minlength=len(sizes))
    found = drawn.copy()
    found[drawn] = (taken < sizes)[stratum[drawn]]
    return found


def _check(
    predicted: IntArray,
    probabilities: FloatArray,
    truth: IntArray,
    certain: BoolArray,
    stratum: IntArray,
    sizes: FloatArray,
    article: IntArray,
    drawn: BoolArray,
) -> None:
    n_units = len(probabilities)
    if not n_units or any(len(a) != n_units for a in (predicted, truth, certain, stratum, article)):
        raise DataError("a corrected share needs units, and every column one entry a unit")
    if (truth[certain | drawn] < 0).any():
        raise DataError("a unit that is certain or drawn has no label")
    if (np.bincount(stratum[drawn], minlength=len(sizes)) > sizes + 1e-9).any():
        raise DataError("a stratum holds fewer units than labels")


def _fit(
    predicted: IntArray,
    probabilities: FloatArray,
    outcome: FloatArray,
    weight: FloatArray,
    *,
    rest: BoolArray,
    drawn: BoolArray,
) -> _Fit:
    """Return what a sample says of each group of predicted classes.

    Parameters
    ----------
    outcome, weight : shape (n_drawn, n_classes), (n_drawn,)
        Of the drawn units: 1 in the column of the label; how many units each stands for.
    """
    group = _groups(predicted[drawn], probabilities.shape[1])[predicted]
    own = group[drawn]
    sizes = np.bincount(group[rest]).astype(float)
    n_labels = np.bincount(own, minlength=len(sizes)).astype(float)
    member = (own[:, None] == np.arange(len(sizes))) * weight[:, None]
    weights = member.sum(axis=0)[:, None]
    shares = member.T @ outcome / weights
    means = member.T @ probabilities[drawn] / weights
    y, x = outcome - shares[own], probabilities[drawn] - means[own]
    yy, xy, xx = weight @ y**2, weight @ (x * y), weight @ x**2
    # One slope for all groups and classes, so that shares add up to 1: between 0, no help, and 1,
    # that of a calibrated model.
    slope = float(np.clip(xy.sum() / xx.sum(), 0, 1)) if xx.sum() > 0 else 0.0
    degrees = len(own) - len(sizes)
    spread = (yy - 2 * slope * xy + slope**2 * xx) * degrees / max(degrees - 1, 1)
    if spread.sum() >= yy.sum() or len(own) < LEAST_FOR_SLOPE:
        slope, spread = 0.0, yy
    # What the slope leaves of a class's variance, as if half a label more had left all of it: few
    # labels that a good model meets by luck would leave none.
    half = weight.mean() / 2
    left = (spread + half) / (yy + half)
    # Half a unit more on each side: a group without a single label of a class still has variance.
    smooth = (n_labels[:, None] * shares + 0.5) / (n_labels[:, None] + 1)
    uneven = ((member**2).sum(axis=0) / weights[:, 0] ** 2)[:, None]  # 1 / n where weights agree
    endless = sizes[:, None] ** 2 * uneven * smooth * (1 - smooth) * left
    finite = endless * (1 - n_labels / sizes)[:, None]
    summed = finite.sum(axis=0)
    by_group = (finite**2 / np.maximum(n_labels - 1, 1)[:, None]).sum(axis=0)
    return _Fit(
        expected=shares[group] + slope * (probabilities - means[group]),
        smooth=sizes @ smooth / sizes.sum(),
        endless=endless,
        finite=finite,
        degrees=np.divide(summed**2, by_group, out=np.ones_like(summed), where=by_group > 0),
    )


def _groups(predicted: IntArray, n_classes: int) -> IntArray:
    """Return the post-stratum of each predicted class: those with few labels stand together."""
    n_labels = np.bincount(predicted, minlength=n_classes)
    few = n_labels < LEAST
    if few.all():
        return np.zeros(n_classes, dtype=np.int64)
    group: IntArray = np.cumsum(~few) - 1
    if few.any():
        alone = n_labels[few].sum() >= LEAST
        smallest = np.where(few, n_labels.max() + 1, n_labels).argmin()
        group[few] = (~few).sum() if alone else group[smallest]
    return group


def _wilson(
    share: FloatArray, inverse_size: FloatArray, degrees: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson limits by one over the effective sample size, and t in place of z."""
    k = special.stdtrit(degrees, (1 + confidence) / 2) ** 2 * inverse_size
    middle = (share + k / 2) / (1 + k)
    reach = np.sqrt(share * (1 - share) * k + k**2 / 4) / (1 + k)
    return np.maximum(0, middle - reach), np.minimum(1, middle + reach)


def _between_articles(pseudo: FloatArray, article: IntArray) -> FloatArray:
    """Return the variance of mean pseudo-outcomes over articles, shape (n_classes,)."""
    numbers, number = np.unique(article, return_inverse=True)
    sizes = np.bincount(number)[:, None]
    totals = np.stack([np.bincount(number, weights=column) for column in pseudo.T], axis=1)
    residuals = totals - pseudo.mean(axis=0) * sizes
    n = len(numbers)
    return np.asarray(n / (n - 1) * (residuals**2).sum(axis=0) / len(pseudo) ** 2)
