"""How far agreement on claims can be trusted where articles are few or cells hold several units.

First: labels come from normal effects of a claim, of an article and of a unit, with standard
deviations of 0.7, s and 0.7; how often 95% limits of alpha (a jackknife over claims) and of a
pair's share of claims with the same label (Wilson) hold their mean over samples, by articles an
outlet.

Second: three outlets, 100 claims, a true alpha of 0.6, and a model of known accuracy that reads
units; an outlet's label on a claim is that of the mean probabilities of its units, one or two but
for a share of cells with three. What `corrected_alpha`, which takes a cell for one unit, makes of
it, and how often its limits hold 0.6.
"""

import numpy as np
from scipy import stats

from stance.statistics.agreement import count_codes, krippendorff_alpha
from stance.statistics.arrays import IntArray
from stance.statistics.attenuation import corrected_alpha

# Outlets, articles of each, claims.
DESIGNS = [
    *((2, n, 40) for n in (1, 2, 3)),
    *((2, n, claims) for n in (6, 10) for claims in (60, 200)),
    *((5, 3, 40), (5, 6, 200), (5, 10, 200), (5, 20, 200)),
]
TRUE_ALPHA = 0.6


def labels_of_articles(
    rng: np.random.Generator, n_outlets: int, n_articles: int, n_claims: int, spread: float
) -> IntArray:
    """Return each outlet's label on each claim, shape (n_claims, n_outlets)."""
    claim = rng.normal(0, 0.7, (n_claims, 1))
    article = rng.normal(0, spread, (n_outlets, n_articles))
    place = rng.integers(0, n_articles, (n_claims, n_outlets))
    own = article[np.arange(n_outlets), place] + rng.normal(0, 0.7, place.shape)
    return np.digitize(claim + own, [-0.6, 0.6])


def coverage(rng: np.random.Generator, *design: int, spread: float, repeats: int = 400) -> str:
    """Return how often limits hold the mean alpha, and the mean share of a pair."""
    alphas, shares = [], []
    for _ in range(repeats):
        codes = labels_of_articles(rng, *design, spread)
        alpha = krippendorff_alpha(count_codes(codes, 3))
        alphas.append((alpha.value, alpha.low, alpha.high))
        n_same = int((codes[:, 0] == codes[:, 1]).sum())
        limits = stats.binomtest(n_same, len(codes)).proportion_ci(method="wilson")
        shares.append((n_same / len(codes), limits.low, limits.high))
    held = []
    for rows in (alphas, shares):
        value, low, high = np.array(rows, dtype=float).T
        held.append(np.mean((low <= value.mean()) & (value.mean() <= high)))
    return " | ".join(f"{x:.3f}" for x in held)


def corrected(
    rng: np.random.Generator, of_three: float, accuracy: float, repeats: int = 150, n: int = 100
) -> str:
    """Return the mean corrected alpha, and how often its limits hold the true one."""
    values, n_held = [], 0
    rows = np.full((3, 3), (1 - accuracy) / 2) + np.eye(3) * (1.5 * accuracy - 0.5)
    for _ in range(repeats):
        kept = rng.random((n, 3)) < np.sqrt(TRUE_ALPHA)
        truth = np.where(kept, rng.integers(0, 3, (n, 1)), rng.integers(0, 3, (n, 3)))
        units = np.where(rng.random((n, 3)) < of_three, 3, rng.integers(1, 3, (n, 3)))
        sums = np.zeros((n, 3, 3))
        for i in range(3):
            wrong = (truth + rng.integers(1, 3, truth.shape)) % 3
            label = np.where(rng.random(truth.shape) < accuracy, truth, wrong)
            sure = rng.uniform(0.5, 0.95, (*truth.shape, 1))
            of_label = np.eye(3, dtype=bool)[label]
            sums += np.where(of_label, sure, (1 - sure) / 2) * (i < units)[..., None]
        confusion = np.array([rng.multinomial(150, row) for row in rows], dtype=float)
        found = corrected_alpha(count_codes(sums.argmax(axis=-1), 3), confusion)
        if found is not None and found.low is not None and found.high is not None:
            values.append(found.value)
            n_held += found.low <= TRUE_ALPHA <= found.high
    return f"{np.mean(values):.2f} | {n_held / len(values):.3f}"


def main() -> None:
    """Print both tables."""
    rng = np.random.default_rng(1)
    print("| outlets | articles each | claims | alpha, s = 0.5 | pair | alpha, s = 0.7 | pair |")
    print("|" + " --- |" * 7)
    for design in DESIGNS:
        cells = [coverage(rng, *design, spread=spread) for spread in (0.5, 0.7)]
        print("|", " | ".join([*map(str, design), *cells]), "|", flush=True)
    print("\n| cells of three units | accuracy 0.7 | cover | accuracy 0.8 | cover |")
    print("|" + " --- |" * 5)
    for of_three in (0.0, 0.1, 0.2, 0.5, 1.0):
        cells = [corrected(rng, of_three, accuracy) for accuracy in (0.7, 0.8)]
        print("|", " | ".join([f"{of_three:g}", *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
