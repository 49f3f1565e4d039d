"""Level of the tests of equal mixes when outlets differ in number and length of articles.

All outlets draw their articles' mixes from one distribution, so every rejection is false: at a
level of 0.05 a rate near 0.05 is right, above it too bold, below it too shy. In the last rows
outlets differ in how much their articles vary, which a few articles cannot tell. Beside ours, the
plain test on the distance itself.
"""

import numpy as np

from stance.statistics.arrays import FloatArray
from stance.statistics.permutation import mix_distance, same_mix_p_value

REPEATS = 600
MIX = np.array([0.3, 0.5, 0.2])
Outlet = tuple[int, int, float]  # articles, units in each, correlation within an article


def pair(a: tuple[int, int], b: tuple[int, int], icc: float) -> list[Outlet]:
    """Return two outlets of one correlation."""
    return [(*a, icc), (*b, icc)]


DESIGNS: list[list[Outlet]] = [
    pair((3, 30), (3, 30), 0.14),
    pair((10, 20), (10, 20), 0.14),
    pair((20, 60), (5, 8), 0.14),
    pair((30, 60), (4, 6), 0.14),
    pair((4, 80), (30, 8), 0.14),
    pair((10, 40), (10, 15), 0.14),
    pair((6, 40), (20, 15), 0.14),
    pair((8, 30), (30, 15), 0.14),
    pair((1, 5), (39, 40), 0.08),
    pair((2, 5), (30, 40), 0.08),
    pair((2, 5), (30, 40), 0.0),
    pair((1, 4), (29, 40), 0.08),
    pair((1, 40), (29, 5), 0.08),
    pair((1, 100), (39, 5), 0.03),
    [(10, 40, 0.08)] * 3 + [(1, 5, 0.08)] * 3,
    [(10, 40, 0.08)] * 3 + [(1, 5, 0.08)],
    [(10, 40, 0.08)] * 3 + [(2, 8, 0.08)] * 3,
    [(6, 40, 0.0)] * 3 + [(1, 8, 0.0)] * 8,
    [(20, 30, 0.02)] * 3 + [(1, 30, 0.25)] * 3,
    [(20, 30, 0.02)] * 3 + [(2, 30, 0.25)] * 3,
]


def articles(rng: np.random.Generator, n: int, length: int, icc: float) -> FloatArray:
    """Return label counts of articles, shape (n, 3), lengths a third up or down."""
    sizes = rng.integers(max(1, round(length * 2 / 3)), round(length * 4 / 3) + 1, n)
    mixes = rng.dirichlet(MIX * (1 - icc) / icc, n) if icc else np.tile(MIX, (n, 1))
    return rng.multinomial(sizes, mixes).astype(float)


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
    print(f"false rejections at 0.05, {REPEATS} sets of outlets a row")
    print("outlets: number of articles x units (correlation)     pair  overall  plain distance")
    for design in DESIGNS:
        groups = np.repeat(np.arange(len(design)), [n for n, _, _ in design])
        rejected = np.zeros(3)
        for _ in range(REPEATS):
            tables = [articles(rng, *outlet) for outlet in design]
            overall = same_mix_p_value(np.concatenate(tables), groups, seed=1, n_draws=499)
            assert overall is not None
            rejected[1] += overall <= 0.05
            if len(tables) == 2:
                rejected[0] += (
                    mix_distance(tables[0], tables[1], seed=1, n_draws=499).p_value <= 0.05
                )
                rejected[2] += plain_p_value(tables[0], tables[1], rng) <= 0.05
        kinds = list(dict.fromkeys(design))
        told = ", ".join(f"{design.count(o)} of {o[0]}x{o[1]} ({o[2]})" for o in kinds)
        rates = [f"{rate:.3f}" for rate in rejected / REPEATS]
        if len(design) > 2:
            rates[0] = rates[2] = "-"
        print(f"{told:<52} {rates[0]:>5} {rates[1]:>8} {rates[2]:>15}", flush=True)


if __name__ == "__main__":
    main()
