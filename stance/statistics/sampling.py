"""How many labels an estimate costs, and how to share them out among strata."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from stance.errors import DataError
from stance.statistics.arrays import FloatArray


def allocate(sizes: Sequence[int], n: int, *, least: int = 0) -> list[int]:
    """Return how many units to draw from each stratum: in proportion to size, `n` in all.

    A stratum gets `least` where it has them and `n` allows it, since a variance cannot be told from
    one or two labels; never more than it holds.

    Parameters
    ----------
    sizes : length n_strata
        How many units each stratum holds.

    Raises
    ------
    DataError
        If there are fewer units than are to be drawn.
    """
    total = sum(sizes)
    if n > total:
        raise DataError(f"{n} units are asked for, but there are only {total}")
    floor = min(least, n // max(1, sum(size > 0 for size in sizes)))
    drawn = [min(size, floor) for size in sizes]
    for _ in range(n - sum(drawn)):
        # One unit at a time to the stratum that lacks most of its share.
        lacking = [
            size * n / total - d if d < size else -np.inf
            for size, d in zip(sizes, drawn, strict=True)
        ]
        drawn[int(np.argmax(lacking))] += 1
    return drawn


def labels_needed(
    sizes: Sequence[int], within: FloatArray, reach: float, *, confidence: float = 0.95
) -> int:
    """Return how many labels give the share of a class an interval of plus or minus `reach`.

    Drawn at random within strata, in proportion to their size, without replacement. One stratum
    that holds everything is a plain random sample.

    Parameters
    ----------
    sizes : length n_strata
        How many units each stratum holds.
    within : shape (n_strata,)
        The share of the class in each stratum, as far as it is known.
    reach
        Half the width of the interval, 0 to 1: 0.05 is plus or minus five points.

    Raises
    ------
    DataError
        If `reach` is not between 0 and 1, or there is no unit.

    References
    ----------
    Cochran (1977), "Sampling Techniques", sections 4.4 and 5.9: a sample size for proportions under
    proportional allocation, with the finite population correction.
    """
    weights = np.asarray(sizes, dtype=float)
    if not 0 < reach < 1:
        raise DataError(f"a width of {reach:g} is no interval: give one between 0 and 1")
    if weights.sum() <= 0:
        raise DataError("no unit to draw labels from")
    z = special.ndtri((1 + confidence) / 2)
    variance = (weights / weights.sum() * within * (1 - within)).sum()
    infinite = z**2 * variance / reach**2
    return int(np.ceil(infinite / (1 + infinite / weights.sum()) - 1e-9))
