"""Coder agreement: chance-corrected coefficients, each with a jackknife interval over units.

Data are codes: an integer array of shape (n_units, n_raters) whose values index a list of classes,
with MISSING where a rater did not judge a unit; or their counts, shape (n_units, n_classes). Units
with fewer than two judgements say nothing about agreement.

Each coefficient is a function of sums over units, so leaving out one unit is a subtraction: the
functions below take a leading axis of replicates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weighting = Literal[
    "identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar"
]

MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """An agreement coefficient: 1 is perfect agreement; all but percent have 0 for chance."""

    name: str
    value: float | None  # None where it is not defined: only one class was ever used, for alpha
    low: float | None  # limits of the interval; None with fewer than three units, or no variation
    high: float | None
    n_units: int  # units that at least two raters judged


def count_codes(codes: IntArray, n_classes: int) -> FloatArray:
    """Return how many raters gave each class to each unit, shape (n_units, n_classes)."""
    return np.stack([(codes == c).sum(axis=1) for c in range(n_classes)], axis=1).astype(float)


def krippendorff_alpha(
    counts: FloatArray,
    *,
    level: Level = "nominal",
    values: Sequence[float] | None = None,
    weights: FloatArray | None = None,
    confidence: float = 0.95,
) -> Coefficient:
    """Return Krippendorff's alpha.

    Parameters
    ----------
    counts : shape (n_units, n_classes)
        How many raters gave each class to each unit.
    level
        How far apart two classes are; "ordinal" takes the columns in the order of `values`.
    values : length n_classes
        The number behind each class; 0, 1, 2, ... if not given. Nominal data ignore them.
    weights : shape (n_classes, n_classes)
        How much of an agreement two classes are, 1 down to 0, in place of a level.

    Raises
    ------
    DataError
        If no unit was judged by two raters.

    References
    ----------
    Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability". The jackknife over units:
    Hughes (2022), "Toward improved inference for Krippendorff's Alpha", which finds it near its
    nominal coverage where the customary bootstrap is not. The log scale is ours: measured in
    docs/decisions/agreement.md.
    """
    counts = _paired(counts)
    numbers = np.asarray(range(counts.shape[1]) if values is None else values, dtype=float)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, range(counts.shape[1]), range(counts.shape[1])] -= counts
    pairs /= (counts.sum(axis=1) - 1)[:, None, None]

    def alpha(coincidences: FloatArray) -> FloatArray:
        totals = coincidences.sum(axis=-2)
        n = totals.sum(axis=-1)
        distance = _distances(totals, level, numbers) if weights is None else 1 - weights
        by_chance = totals[..., :, None] * totals[..., None, :]
        expected = (by_chance * distance).sum(axis=(-2, -1))
        observed = (coincidences * distance).sum(axis=(-2, -1)) * (n - 1)
        return 1 - _ratio(observed, expected)

    name = f"alpha {level if weights is None else 'weighted'}"
    return _jackknifed(name, alpha, (pairs,), len(counts), confidence)


def percent_agreement(
    counts: FloatArray, *, weights: FloatArray | None = None, confidence: float = 0.95
) -> Coefficient:
    """Return the share of pairs of raters who agree, each unit counting once: 1 at best.

    Raises
    ------
    DataError
        If no unit was judged by two raters.
    """
    counts = _paired(counts)
    agreed = _agreed(counts, _or_identity(weights, counts.shape[1]))
    parts = (agreed, np.ones(len(counts)))
    return _jackknifed("percent", lambda a, n: a / n, parts, len(counts), confidence, least=0.0)


def fleiss_kappa(
    counts: FloatArray, *, weights: FloatArray | None = None, confidence: float = 0.95
) -> Coefficient:
    """Return Fleiss' kappa; of two raters it is Scott's pi. Raters may differ from unit to unit.

    Raises
    ------
    DataError
        If no unit was judged by two raters.

    References
    ----------
    Fleiss (1971), "Measuring nominal scale agreement among many raters"; with missing judgements
    and weights: Gwet (2014), "Handbook of Inter-Rater Reliability", chapter 3.
    """
    return _against_chance("fleiss kappa", counts, weights, _fleiss_chance, confidence)


def gwet_ac(
    counts: FloatArray, *, weights: FloatArray | None = None, confidence: float = 0.95
) -> Coefficient:
    """Return Gwet's AC1, or AC2 with weights.

    It is not on the scale of the others: at the same share of agreeing pairs it grows as one class
    comes to prevail, where kappa and alpha fall (Vach and Gerke 2023). Compare it with itself only.

    Raises
    ------
    DataError
        If no unit was judged by two raters.

    References
    ----------
    Gwet (2008), "Computing inter-rater reliability and its variance in the presence of high
    agreement".
    """
    return _against_chance("gwet ac1", counts, weights, _gwet_chance, confidence)


def brennan_prediger(
    counts: FloatArray, *, weights: FloatArray | None = None, confidence: float = 0.95
) -> Coefficient:
    """Return Brennan and Prediger's coefficient: chance is a guess that takes every class alike.

    Raises
    ------
    DataError
        If no unit was judged by two raters.
    """
    return _against_chance("brennan-prediger", counts, weights, _even_chance, confidence)


def cohen_kappa(
    codes: IntArray,
    n_classes: int,
    *,
    weights: FloatArray | None = None,
    confidence: float = 0.95,
) -> Coefficient:
    """Return Cohen's kappa of two raters; of more, Conger's generalisation of it.

    Parameters
    ----------
    codes : shape (n_units, n_raters)
        Columns are the same person throughout.

    Raises
    ------
    DataError
        If no unit was judged by two raters.

    References
    ----------
    Cohen (1960); Conger (1980), "Integration and generalization of kappas for multiple raters".
    """
    codes = codes[(codes != MISSING).any(axis=1)]
    n_raters = codes.shape[1]
    given = (codes[:, :, None] == np.arange(n_classes)).astype(float)
    counts = given.sum(axis=1)
    paired = counts.sum(axis=1) >= 2
    if not paired.any():
        raise DataError("agreement needs at least one unit that two raters judged")
    weights = _or_identity(weights, n_classes)
    agreed = np.where(paired, _agreed(counts, weights), 0.0)

    def kappa(agreed: FloatArray, n: FloatArray, given: FloatArray) -> FloatArray:
        shares = _ratio(given, given.sum(axis=-1, keepdims=True))  # (..., n_raters, n_classes)
        pairs = np.einsum("...gk,...hl,kl->...", shares, shares, weights)
        alone = np.einsum("...gk,...gl,kl->...", shares, shares, weights)
        return _corrected(agreed / n, (pairs - alone) / (n_raters * (n_raters - 1)))

    parts = (agreed, paired.astype(float), given)
    return _jackknifed("cohen kappa", kappa, parts, int(paired.sum()), confidence)


def kappa_against_rest(
    codes: IntArray, rater: int, n_classes: int, *, confidence: float = 0.95
) -> Coefficient:
    """Return Cohen's kappa between one rater and, unit by unit, one of the others at random.

    Parameters
    ----------
    codes : shape (n_units, n_raters)

    Raises
    ------
    DataError
        If the rater shares no unit with another.
    """
    others = np.delete(codes, rater, axis=1)
    codes_here, counts = codes[:, rater], count_codes(others, n_classes)
    shared = (codes_here != MISSING) & (counts.sum(axis=1) >= 1)
    if not shared.any():
        raise DataError("agreement needs at least one unit that two raters judged")
    rest = counts[shared] / counts[shared].sum(axis=1, keepdims=True)
    own = (codes_here[shared, None] == np.arange(n_classes)).astype(float)
    tables = own[:, :, None] * rest[:, None, :]

    return _jackknifed("cohen kappa", kappa_of_tables, (tables,), int(shared.sum()), confidence)


def kappa_of_tables(tables: FloatArray) -> FloatArray:
    """Return Cohen's kappa of two raters' tables, shape (..., k, k); nan without variation."""
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    chance = (shares.sum(axis=-1) * shares.sum(axis=-2)).sum(axis=-1)
    return _corrected(np.trace(shares, axis1=-2, axis2=-1), chance)


def bangdiwala_b(table: FloatArray) -> float:
    """Return Bangdiwala's B of two raters' table: the agreed part of what their margins allow."""
    allowed = (table.sum(axis=0) * table.sum(axis=1)).sum()
    return float((np.diag(table) ** 2).sum() / allowed)


def agreement_weights(scheme: Weighting, values: Sequence[float]) -> FloatArray:
    """Return how much of an agreement each two classes are, shape (n_classes, n_classes).

    Parameters
    ----------
    values : length n_classes
        The number behind each class.

    References
    ----------
    Gwet (2014), "Handbook of Inter-Rater Reliability", chapter 3.
    """
    numbers = np.asarray(values, dtype=float)
    left, right = numbers[:, None], numbers[None, :]
    gap, low, high = np.abs(left - right), numbers.min(), numbers.max()
    if scheme == "identity":
        return np.eye(len(numbers))
    if scheme == "ordinal":
        ranks = numbers.argsort().argsort()
        steps = np.abs(ranks[:, None] - ranks[None, :])
        loss = (steps + 1) * steps / 2.0
    elif scheme == "ratio":
        loss = _ratio(gap, np.abs(left + right)) ** 2
    elif scheme == "circular":
        loss = np.sin(np.pi * gap / (high - low + 1)) ** 2
    elif scheme == "bipolar":
        loss = _ratio(gap**2, (left + right - 2 * low) * (2 * high - left - right))
        loss[gap == 0] = 0  # at either end of the scale this is 0 / 0
    else:
        loss = gap ** {"linear": 1.0, "quadratic": 2.0, "radical": 0.5}[scheme]
    return np.asarray(1 - loss / loss.max())


def _against_chance(
    name: str,
    counts: FloatArray,
    weights: FloatArray | None,
    chance: Callable[[FloatArray, FloatArray], FloatArray],
    confidence: float,
) -> Coefficient:
    """Return (agreed - chance) / (1 - chance), the classes' shares taken from every judged unit."""
    counts = np.asarray(counts, dtype=float)
    counts = counts[counts.sum(axis=1) >= 1]
    paired = counts.sum(axis=1) >= 2
    if not paired.any():
        raise DataError("agreement needs at least one unit that two raters judged")
    weights = _or_identity(weights, counts.shape[1])
    agreed = np.where(paired, _agreed(counts, weights), 0.0)
    shares = counts / counts.sum(axis=1, keepdims=True)

    def coefficient(agreed: FloatArray, n: FloatArray, shares: FloatArray) -> FloatArray:
        shares = shares / shares.sum(axis=-1, keepdims=True)
        return _corrected(agreed / n, chance(shares, weights))

    parts = (agreed, paired.astype(float), shares)
    return _jackknifed(name, coefficient, parts, int(paired.sum()), confidence)


def _fleiss_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("...k,...l,kl->...", shares, shares, weights))


def _gwet_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    n_classes = len(weights)
    spread = (shares * (1 - shares)).sum(axis=-1)
    return np.asarray(weights.sum() / (n_classes * (n_classes - 1)) * spread)


def _even_chance(shares: FloatArray, weights: FloatArray) -> FloatArray:
    return np.full(shares.shape[:-1], weights.mean())


def _paired(counts: FloatArray) -> FloatArray:
    counts = np.asarray(counts, dtype=float)
    counts = counts[counts.sum(axis=1) >= 2]
    if len(counts) == 0:
        raise DataError("agreement needs at least one unit that two raters judged")
    return counts


def _or_identity(weights: FloatArray | None, n_classes: int) -> FloatArray:
    return np.eye(n_classes) if weights is None else weights


def _agreed(counts: FloatArray, weights: FloatArray) -> FloatArray:
    """Return each unit's share of agreeing pairs of raters, partial agreement by its weight."""
    raters = counts.sum(axis=1)
    agreeing = (counts * (counts @ weights - 1)).sum(axis=1)
    return _ratio(agreeing, raters * (raters - 1))


def _corrected(agreed: FloatArray, chance: FloatArray) -> FloatArray:
    return _ratio(agreed - chance, 1 - chance)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return a / b, nan where b is 0."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    defined = np.abs(denominator) > 1e-12
    out = np.full(numerator.shape, np.nan)
    return np.asarray(np.divide(numerator, denominator, out=out, where=defined))


def _jackknifed(
    name: str,
    coefficient: Callable[..., FloatArray],
    parts: tuple[FloatArray, ...],
    n_units: int,
    confidence: float,
    *,
    least: float = -1.0,
) -> Coefficient:
    """Return a coefficient of summed parts, its interval from leaving out one unit at a time.

    Parameters
    ----------
    parts : each of shape (n, ...)
        What each unit adds to the sums.
    least
        The lower limit goes no lower; on the log scale the upper one never passes 1.
    """
    totals = [part.sum(axis=0) for part in parts]
    found = float(coefficient(*totals))
    value = None if np.isnan(found) else found
    low = high = None
    n = len(parts[0])
    if value is not None and n >= 3:
        left_out = coefficient(*(total - part for total, part in zip(totals, parts, strict=True)))
        spread = (n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()
        # A unit that held the only variation leaves nothing to estimate (nan): no interval then;
        # nor where no unit changes anything, since full agreement is not agreement without doubt.
        if spread > 1e-12:
            # On the log of the disagreement, 1 - value: that is a ratio of counts, skewed where
            # they are small. Measured against the plain one: docs/decisions/agreement.md.
            reach = special.stdtrit(n - 1, (1 + confidence) / 2) * np.sqrt(spread) / (1 - value)
            low = max(least, float(1 - (1 - value) * np.exp(reach)))
            high = float(1 - (1 - value) * np.exp(-reach))
    return Coefficient(name=name, value=value, low=low, high=high, n_units=n_units)


def _distances(totals: FloatArray, level: Level, values: FloatArray) -> FloatArray:
    """Return Krippendorff's difference function between classes, (..., n_classes, n_classes)."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    if level == "ordinal":
        order = np.argsort(values)
        sorted_totals = totals[..., order]
        ranks = np.empty(totals.shape)
        ranks[..., order] = np.cumsum(sorted_totals, axis=-1) - sorted_totals / 2
        return np.asarray((ranks[..., :, None] - ranks[..., None, :]) ** 2)
    difference = values[:, None] - values[None, :]
    if level == "interval":
        return np.asarray(difference**2)
    size = np.abs(values[:, None]) + np.abs(values[None, :])
    share = np.divide(difference, size, out=np.zeros_like(difference), where=size > 0)
    return np.asarray(share**2)
