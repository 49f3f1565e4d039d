"""Level of the tests of equal mixes when outlets differ in number and length of articles.

Both outlets draw their articles' mixes from one distribution, so every rejection is false: at a
level of 0.05 a rate near 0.05 is right, above it too bold, below it too shy. Beside ours, the plain
test on the distance itself.
"""

import numpy as np

from stance.statistics.arrays import FloatArray
from stance.statistics.permutation import mix_distance, same_mix_p_value

REPEATS = 600
MIX = np.array([0.3, 0.5, 0.2])
DESIGNS = [  # articles x units of the two outlets
    ((3, 30), (3, 30)),
    ((10, 20), (10, 20)),
    ((20, 60), (5, 8)),
    ((30, 60), (4, 6)),
    ((4, 80), (30, 8)),
    ((10, 40), (10, 15)),
    ((6, 40), (20, 15)),
    ((8, 30), (30, 15)),
]


def articles(rng: np.random.Generator, n: int, length: int) -> FloatArray:
    """Return label counts of articles, shape (n, 3), lengths a third up or down."""
    sizes = rng.integers(max(1, round(length * 2 / 3)), round(length * 4 / 3) + 1, n)
    return np.array([rng.multinomial(s, rng.dirichlet(MIX * 6)) for s in sizes], dtype=float)


def plain_p_value(left: FloatArray, right: FloatArray, rng: np.random.Generator) -> float:
    """Return the p-value of the distance itself, not studentised."""
    pool = np.concatenate([left, right])
    members = np.repeat([[1.0, 0.0]], [len(left), len(right)], axis=1)
    drawn = rng.permuted(np.repeat(members, 500, axis=0), axis=1)

    def distance(rows: FloatArray) -> FloatArray:
        one, other = rows @ pool, (1 - rows) @ pool
        return np.asarray(
            np.abs(one / one.sum(axis=1)[:, None] - other / other.sum(axis=1)[:, None]).sum(axis=1)
        )

    return float(((distance(drawn) >= distance(members) - 1e-12).sum() + 1) / 501)


def main() -> None:
    """Simulate and print."""
    rng = np.random.default_rng(11)
    print(f"false rejections at 0.05, {REPEATS} pairs of outlets a row")
    print("outlet A  outlet B   pair  overall  plain distance")
    for (n_a, length_a), (n_b, length_b) in DESIGNS:
        rejected = np.zeros(3)
        for _ in range(REPEATS):
            a, b = articles(rng, n_a, length_a), articles(rng, n_b, length_b)
            groups = np.repeat([0, 1], [n_a, n_b])
            overall = same_mix_p_value(np.concatenate([a, b]), groups, seed=1, n_draws=499)
            assert overall is not None
            rejected += (
                mix_distance(a, b, seed=1, n_draws=499).p_value <= 0.05,
                overall <= 0.05,
                plain_p_value(a, b, rng) <= 0.05,
            )
        rates = rejected / REPEATS
        print(
            f"{f'{n_a}x{length_a}':<9} {f'{n_b}x{length_b}':<8} {rates[0]:>6.3f} {rates[1]:>8.3f} "
            f"{rates[2]:>15.3f}"
        )


if __name__ == "__main__":
    main()
