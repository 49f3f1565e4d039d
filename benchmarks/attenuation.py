"""What a model's errors do to agreement, and how well the true alpha is found behind them.

Outlets see a claim's class or, by chance, another, so that their true labels have a known alpha; a
model of known accuracy reads each cell; the confusion table comes from 300 other units. A claim has
2 outlets or more, 3 on average. Prints, for nominal 95% limits:

- raw: the mean alpha of predicted labels;
- value, cover, width: of `corrected_alpha`, its mean, how often its limits hold the true alpha, and
  how wide they are;
- cut off, cover: the same where the solved coincidences are cut off at 0, with percentile limits of
  resampled claims and confusion rows;
- shared: the mean of `corrected_alpha` where on 3 claims in 10 all outlets get the same error;
- ceiling: how often the limits of `perfect_alpha` hold the raw alpha of outlets in full agreement.
"""

import numpy as np

from stance.statistics.agreement import krippendorff_alpha
from stance.statistics.arrays import FloatArray
from stance.statistics.attenuation import Limited, corrected_alpha, perfect_alpha

REPEATS = 200
HELD_OUT = 300
ALPHAS = (0.0, 0.3, 0.6, 0.9, 1.0)
EVEN = np.full(3, 1 / 3)
# The rows and the mix of classes of a shipped model (large): 0.70 right, errors uneven.
UNEVEN = np.array([[0.64, 0.16, 0.20], [0.09, 0.82, 0.09], [0.23, 0.20, 0.57]])
UNEVEN_MIX = np.array([0.25, 0.47, 0.28])


def even_errors(accuracy: float) -> FloatArray:
    """Return the rows of a confusion table whose errors fall evenly on the other classes."""
    return np.full((3, 3), (1 - accuracy) / 2) + np.eye(3) * (1.5 * accuracy - 0.5)


def predicted(
    rng: np.random.Generator,
    alpha: float,
    rows: FloatArray,
    mix: FloatArray,
    n: int,
    shared: float = 0.0,
) -> FloatArray:
    """Return how many predicted labels of each class each of n claims has."""
    sizes = np.minimum(1 + rng.geometric(0.5, n), 8)
    shape = (n, sizes.max())
    kept = rng.random(shape) < np.sqrt(alpha)
    truth = np.where(kept, rng.choice(3, (n, 1), p=mix), rng.choice(3, shape, p=mix))
    luck = rng.random(shape)
    luck = np.where(rng.random((n, 1)) < shared, luck[:, :1], luck)
    labels = (luck[..., None] > rows.cumsum(axis=1)[truth][..., :2]).sum(axis=-1)
    made = np.arange(shape[1]) < sizes[:, None]
    return np.stack([((labels == c) & made).sum(axis=1) for c in range(3)], axis=1).astype(float)


def cut_off(rng: np.random.Generator, counts: FloatArray, confusion: FloatArray) -> Limited:
    """Return the corrected alpha with cells cut off at 0, limits from 300 resamples."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(3)
    pairs /= (counts.sum(axis=1) - 1)[:, None, None]
    n = len(counts)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=300).astype(float)
    weights = np.concatenate([np.ones((1, n)), weights])
    tables = rng.standard_gamma(np.broadcast_to(confusion, (301, 3, 3)))
    tables[0] = confusion
    inverse = np.linalg.pinv(tables / tables.sum(axis=-1, keepdims=True))
    joint = inverse.swapaxes(-2, -1) @ np.tensordot(weights, pairs, axes=1) @ inverse
    joint = np.maximum(joint, 0)
    joint /= joint.sum(axis=(-2, -1), keepdims=True)
    chance = (joint.sum(axis=-1) ** 2).sum(axis=-1)
    alphas = 1 - (1 - np.trace(joint, axis1=-2, axis2=-1)) / (1 - chance)
    low, high = np.nanquantile(alphas[1:], [0.025, 0.975])
    return Limited(value=float(alphas[0]), low=float(low), high=float(high))


def row(
    rng: np.random.Generator, name: str, rows: FloatArray, mix: FloatArray, n: int, alpha: float
) -> None:
    """Simulate and print one row."""
    raw, ours, plain, shared = [], [], [], []
    for _ in range(REPEATS):
        held_out = HELD_OUT * (EVEN if mix is EVEN else mix)
        confusion = np.stack(
            [rng.multinomial(round(size), p) for size, p in zip(held_out, rows, strict=True)]
        ).astype(float)
        counts = predicted(rng, alpha, rows, mix, n)
        raw.append(krippendorff_alpha(counts).value or 0)
        found = corrected_alpha(counts, confusion)
        if found is not None and found.low is not None:
            ours.append(found)
        plain.append(cut_off(rng, counts, confusion))
        repeated = corrected_alpha(predicted(rng, alpha, rows, mix, n, shared=0.3), confusion)
        if repeated is not None:
            shared.append(repeated.value)
    print(
        f"{name:>8} {n:>6} {alpha:>5} {np.mean(raw):>6.2f}   {summary(ours, alpha)}   "
        f"{summary(plain, alpha)}   {np.mean(shared):>6.2f} {REPEATS - len(ours):>5}"
    )


def summary(found: list[Limited], alpha: float) -> str:
    """Return mean, coverage and width."""
    values = np.array([(x.value, x.low, x.high) for x in found], dtype=float).T
    cover = np.mean((values[1] <= alpha + 1e-9) & (alpha - 1e-9 <= values[2]))
    return f"{values[0].mean():>6.2f} {cover:>6.3f} {np.mean(values[2] - values[1]):>6.2f}"


def main() -> None:
    """Simulate and print."""
    rng = np.random.default_rng(1)
    print(f"{REPEATS} samples a row, {HELD_OUT} held-out units")
    print("                              ours                   cut off")
    print(
        "accuracy claims alpha    raw    value  cover  width    value  cover  width   shared  none"
    )
    for accuracy in (0.65, 0.75, 0.85):
        for n in (30, 100, 300):
            for alpha in ALPHAS:
                row(rng, f"{accuracy}", even_errors(accuracy), EVEN, n, alpha)
    for n in (30, 100, 300):
        for alpha in ALPHAS:
            row(rng, "uneven", UNEVEN, UNEVEN_MIX, n, alpha)
    print("\naccuracy claims  ceiling  inside its limits (100 samples)")
    for accuracy in (0.65, 0.75, 0.85):
        for n in (30, 100):
            rows, values, inside = even_errors(accuracy), [], 0
            for seed in range(100):
                confusion = np.stack([rng.multinomial(HELD_OUT // 3, p) for p in rows])
                counts = predicted(rng, 1.0, rows, EVEN, n)
                found = perfect_alpha(counts, confusion.astype(float), seed=seed, n_draws=80)
                if found is not None and found.low is not None and found.high is not None:
                    values.append(found.value)
                    raw = krippendorff_alpha(counts).value or 0
                    inside += found.low <= raw <= found.high
            print(f"{accuracy:>8} {n:>6} {np.mean(values):>8.2f} {inside / len(values):>8.2f}")


if __name__ == "__main__":
    main()
