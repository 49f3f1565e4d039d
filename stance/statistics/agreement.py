"""Coder agreement: Krippendorff's alpha with its interval, and percent agreement.

Data are codes: an integer array of shape (n_units, n_raters) whose values index a list of classes,
with MISSING where a rater did not judge a unit. Units with fewer than two judgements carry no
information on agreement and count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray

Level = Literal["nominal", "ordinal", "interval", "ratio"]

MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alpha:
    """Krippendorff's alpha: 1 is perfect agreement, 0 what chance would give, below 0 is worse."""

    value: float | None  # None where only one class was ever used: chance agreement is then total
    low: float | None  # limits of the interval; None with fewer than three units
    high: float | None
    n_units: int  # units that at least two raters judged
    level: str


def count_codes(codes: IntArray, n_classes: int) -> FloatArray:
    """Return how many raters gave each class to each unit, shape (n_units, n_classes)."""
    return np.stack([(codes == c).sum(axis=1) for c in range(n_classes)], axis=1).astype(float)


def krippendorff_alpha(
    counts: FloatArray,
    *,
    level: Level = "nominal",
    values: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Alpha:
    """Return alpha with a jackknife interval over units.

    Parameters
    ----------
    counts : shape (n_units, n_classes)
        How many raters gave each class to each unit.
    level
        How far apart two classes are; "ordinal" takes the columns in the order of `values`.
    values : length n_classes
        The number behind each class; 0, 1, 2, ... if not given. Nominal data ignore them.

    Raises
    ------
    DataError
        If no unit was judged by two raters.

    References
    ----------
    Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability". The jackknife with a t
    quantile: Hughes (2022), "Toward improved inference for Krippendorff's Alpha", which finds it
    near its nominal coverage where the customary bootstrap is not.
    """
    counts = np.asarray(counts, dtype=float)
    counts = counts[counts.sum(axis=1) >= 2]
    n_units = len(counts)
    if n_units == 0:
        raise DataError("agreement needs at least one unit that two raters judged")
    numbers = np.asarray(range(counts.shape[1]) if values is None else values, dtype=float)
    pairs = _coincidences(counts)
    value = _alpha(pairs.sum(axis=0), level, numbers)
    low = high = None
    if value is not None and n_units >= 3:
        left_out = [_alpha(rest, level, numbers) for rest in pairs.sum(axis=0) - pairs]
        known = np.array([v for v in left_out if v is not None])
        # A unit that held the only variation leaves nothing to estimate: no interval then.
        if len(known) == n_units:
            spread = (n_units - 1) / n_units * ((known - known.mean()) ** 2).sum()
            reach = stats.t.ppf((1 + confidence) / 2, n_units - 1) * np.sqrt(spread)
            low, high = max(-1.0, float(value - reach)), min(1.0, float(value + reach))
    return Alpha(value=value, low=low, high=high, n_units=n_units, level=level)


def percent_agreement(counts: FloatArray) -> float:
    """Return the share of pairs of raters who agree, each unit counting once: 1 at best.

    Raises
    ------
    DataError
        If no unit was judged by two raters.
    """
    counts = np.asarray(counts, dtype=float)
    raters = counts.sum(axis=1)
    counts, raters = counts[raters >= 2], raters[raters >= 2]
    if len(counts) == 0:
        raise DataError("agreement needs at least one unit that two raters judged")
    return float(((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean())


def _coincidences(counts: FloatArray) -> FloatArray:
    """Return each unit's pairs of values, shape (n_units, n_classes, n_classes)."""
    n_classes = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, range(n_classes), range(n_classes)] -= counts
    scaled: FloatArray = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return scaled


def _alpha(coincidences: FloatArray, level: Level, values: FloatArray) -> float | None:
    """Return 1 - observed / expected disagreement, or None where none can be expected."""
    totals = coincidences.sum(axis=0)
    n = totals.sum()
    distance = _squared_distances(totals, level, values)
    expected = (np.outer(totals, totals) * distance).sum() / (n - 1) if n > 1 else 0.0
    if expected <= 0:
        return None
    return float(1 - (coincidences * distance).sum() / expected)


def _squared_distances(totals: FloatArray, level: Level, values: FloatArray) -> FloatArray:
    """Return Krippendorff's difference function between classes, shape (n_classes, n_classes)."""
    n_classes = len(totals)
    if level == "nominal":
        return 1.0 - np.eye(n_classes)
    if level == "ordinal":
        order = np.argsort(values)
        below = np.cumsum(totals[order]) - totals[order] / 2
        ranks = np.empty(n_classes)
        ranks[order] = below
        return np.asarray((ranks[:, None] - ranks[None, :]) ** 2)
    difference = values[:, None] - values[None, :]
    if level == "interval":
        return np.asarray(difference**2)
    size = np.abs(values[:, None]) + np.abs(values[None, :])
    ratio = np.divide(difference, size, out=np.zeros_like(difference), where=size > 0)
    return np.asarray(ratio**2)
