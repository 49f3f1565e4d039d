"""Coverage of the interval of an outlet's share, on simulated articles whose share is known.

Prints, for several numbers of articles and true shares, how often a nominal 95% interval holds the
truth: ours (articles), and the naive one that takes every unit for independent.
"""

import numpy as np
from scipy import stats

from stance.statistics.intervals import clustered_share

UNITS, REPEATS = 25, 2000


def naive_interval(hits: float, n: float) -> tuple[float, float]:
    """Return the Wilson interval of a share when units are taken for independent."""
    z = stats.norm.ppf(0.975)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return middle - reach, middle + reach


def main() -> None:
    """Simulate and print."""
    rng = np.random.default_rng(1)
    print(f"{REPEATS} outlets a row, about {UNITS} units an article; nominal coverage 0.95")
    print("articles  share   ICC   ours  width  naive  width")
    for n_articles in (3, 5, 10, 30):
        for share in (0.05, 0.3):
            for icc in (0.08, 0.2):
                spread = 1 / icc - 1
                ours, naive, widths = 0, 0, np.zeros(2)
                for _ in range(REPEATS):
                    sizes = rng.poisson(UNITS - 5, n_articles) + 5.0
                    leaning = rng.beta(share * spread, (1 - share) * spread, n_articles)
                    hits = rng.binomial(sizes.astype(int), leaning).astype(float)
                    estimate = clustered_share(hits, sizes)
                    assert estimate.low is not None
                    assert estimate.high is not None
                    ours += estimate.low <= share <= estimate.high
                    low, high = naive_interval(hits.sum(), sizes.sum())
                    naive += low <= share <= high
                    widths += (estimate.high - estimate.low, high - low)
                w = widths / REPEATS
                print(
                    f"{n_articles:>8} {share:>6} {icc:>5} {ours / REPEATS:>6.3f} {w[0]:>6.3f} "
                    f"{naive / REPEATS:>6.3f} {w[1]:>6.3f}"
                )

    print("articles of very unequal length (log-normal, median 20 units, sigma 0.8), ICC 0.1")
    print("articles  share   ours")
    for n_articles in (10, 20):
        for share in (0.05, 0.3):
            covered = 0
            for _ in range(REPEATS):
                sizes = np.maximum(5, np.round(rng.lognormal(3, 0.8, n_articles)))
                leaning = rng.beta(share * 9, (1 - share) * 9, n_articles)
                hits = rng.binomial(sizes.astype(int), leaning).astype(float)
                estimate = clustered_share(hits, sizes)
                assert estimate.low is not None
                assert estimate.high is not None
                covered += estimate.low <= share <= estimate.high
            print(f"{n_articles:>8} {share:>6} {covered / REPEATS:>6.3f}")


if __name__ == "__main__":
    main()
