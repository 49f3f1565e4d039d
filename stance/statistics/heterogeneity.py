"""Whether independent estimates of one share differ by more than their own errors allow."""

import numpy as np
from scipy import special

from stance.errors import DataError
from stance.statistics.arrays import FloatArray


def same_share_p_value(
    values: FloatArray, low: FloatArray, high: FloatArray, *, confidence: float = 0.95
) -> float:
    """Return the p-value of "all estimates are of one share": Cochran's Q, as a score test.

    An estimate weighs as many units as its limits say it is worth, and all have the variance of the
    share that they would have in common. Weighed by their own standard errors instead, estimates
    that are low by chance weigh most, and equal outlets are told apart too often.
    `benchmarks/prevalence.py` measures how often they are.

    Parameters
    ----------
    values, low, high : shape (n_estimates,)
        Independent estimates with their Wilson limits.
    confidence
        Of the limits.

    Raises
    ------
    DataError
        If there are fewer than two estimates, or the limits of one have no width.

    References
    ----------
    Cochran (1954), "The combination of estimates from different experiments".
    """
    if len(values) < 2:
        raise DataError("one estimate cannot differ from others")
    if (high <= low).any():
        raise DataError("an estimate without error cannot be weighed against others")
    # Limits of width w are (1 + k) w = sqrt(4 p (1 - p) k + k**2), with k = z**2 / size.
    spread, reach = values * (1 - values), ((high - low) / 2) ** 2
    root = np.sqrt(spread**2 + reach * (1 - 4 * spread))
    sizes = special.ndtri((1 + confidence) / 2) ** 2 * (spread - 2 * reach + root) / (2 * reach)
    sizes = np.maximum(sizes, 1e-9)  # limits of 0 and 1 are worth no unit
    middle = (sizes * values).sum() / sizes.sum()
    if middle in {0, 1}:
        return 1.0
    q = (sizes * (values - middle) ** 2).sum() / (middle * (1 - middle))
    return float(special.chdtrc(len(values) - 1, q))
