"""Whether independent estimates of one share differ by more than their own errors allow."""

from scipy import special

from stance.errors import DataError
from stance.statistics.arrays import FloatArray


def same_share_p_value(
    values: FloatArray, low: FloatArray, high: FloatArray, *, confidence: float = 0.95
) -> float:
    """Return the p-value of "all estimates are of one share": Cochran's Q.

    Parameters
    ----------
    values, low, high : shape (n_estimates,)
        Independent estimates with their limits, from whose width each standard error is read.
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
    errors = (high - low) / (2 * special.ndtri((1 + confidence) / 2))
    if errors.min() <= 0:
        raise DataError("an estimate without error cannot be weighed against others")
    weights = 1 / errors**2
    middle = (weights * values).sum() / weights.sum()
    return float(special.chdtrc(len(values) - 1, (weights * (values - middle) ** 2).sum()))
