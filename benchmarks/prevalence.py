"""Print whether corrected shares hold the truth: coverage, bias, width, effective sample ratio.

Outlets of 2,000 units in articles of 25, three classes, a model that is right on about seven units
in ten, or nearly all. Labels are drawn as `stance label next` draws them, stratified by predicted
class or at random, and three answers are compared: our corrected shares, the share that the model
counts with its interval over articles, and the share among as many labels drawn at random.

Coverage is that of a nominal 95% interval, for the lowest and the highest of the three classes;
bias, width and the ratio are those of the first class. The ratio is how many plain random labels
one label here is worth, by the variance of the estimate. `large`: coverage for the outlet at large.
The last tables say how often outlets that are equal at large are told apart at the level of 0.05:
`--levels` prints them alone, `--few` that of outlets of few articles, mostly or wholly judged.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.heterogeneity import same_share_p_value
from stance.statistics.intervals import clustered_share
from stance.statistics.permutation import holm, same_mix_p_value
from stance.statistics.prevalence import CorrectedShares, corrected_shares
from stance.statistics.sampling import allocate

N_UNITS, PER_ARTICLE, N_REPEATS = 2000, 25, 1000
N_CLASSES = 3
ARTICLE = np.arange(N_UNITS) // PER_ARTICLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An outlet at large, and the model's way with it."""

    name: str
    shares: tuple[float, ...]
    icc: float  # likeness of units of one article
    evidence: float = 1.2  # how far the model tells classes apart: right on about 7 in 10
    shifted: bool = False  # nearly half of the first class is pushed to the second


SCENARIOS = (
    Scenario(name="no shift", shares=(0.25, 0.5, 0.25), icc=0.02),
    Scenario(name="shifted confusion", shares=(0.25, 0.5, 0.25), icc=0.02, shifted=True),
    Scenario(name="a 5% class", shares=(0.05, 0.7, 0.25), icc=0.02),
    Scenario(name="clustered articles", shares=(0.25, 0.5, 0.25), icc=0.2, shifted=True),
    Scenario(name="a 5% class, good model", shares=(0.05, 0.7, 0.25), icc=0.02, evidence=3),
)


def outlet(
    scenario: Scenario, rng: np.random.Generator, article: IntArray = ARTICLE
) -> tuple[IntArray, FloatArray]:
    """Return the units' true classes and the model's probabilities; `article` numbers theirs."""
    leaning = rng.dirichlet(
        np.array(scenario.shares) * (1 / scenario.icc - 1), size=article[-1] + 1
    )
    n_units = len(article)
    chance = leaning.cumsum(axis=1)[article, :-1]
    truth = (rng.random((n_units, 1)) > chance).sum(axis=1)
    evidence = rng.normal(size=(n_units, N_CLASSES)) + 0.7 * np.log(scenario.shares)
    evidence[np.arange(n_units), truth] += scenario.evidence
    if scenario.shifted:
        evidence[(truth == 0) & (rng.random(n_units) < 0.45), 1] += 2
    probabilities = np.exp(0.9 * scenario.evidence * evidence)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def drawn(stratum: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return the units that a draw takes from strata, in proportion to their sizes."""
    counts = allocate(np.bincount(stratum).tolist(), n, least=8)
    return np.concatenate(
        [
            rng.choice(np.flatnonzero(stratum == number), count, replace=False)
            for number, count in enumerate(counts)
        ]
    )


def corrected(
    truth: IntArray,
    probabilities: FloatArray,
    units: IntArray,
    strata: IntArray,
    article: IntArray = ARTICLE,
) -> CorrectedShares:
    """Return the corrected shares that the labels of these drawn units give."""
    labels, stratum = np.full(len(truth), -1), np.full(len(truth), -1)
    labels[units], stratum[units] = truth[units], strata[units]
    return corrected_shares(
        probabilities.argmax(axis=1),
        probabilities,
        labels,
        certain=np.zeros(len(truth), dtype=bool),
        stratum=stratum,
        sizes=np.bincount(strata).astype(float),
        article=article,
    )


def print_levels() -> None:
    """Print how often outlets of one mix are told apart by their corrected shares."""
    print(f"\nOutlets of one mix told apart at 0.05, {N_REPEATS} draws of outlets a cell\n")
    print("| scenario | labels an outlet | 2 outlets | 5 | 10 | 20 |\n|" + " --- |" * 6)
    for number, scenario in enumerate(SCENARIOS):
        rng = np.random.default_rng([12, number])
        for n in (30, 50, 100):
            pool = []
            for _ in range(N_REPEATS):
                truth, probabilities = outlet(scenario, rng)
                strata = probabilities.argmax(axis=1)
                found = corrected(truth, probabilities, drawn(strata, n, rng), strata)
                pool.append((found.value, found.general_low, found.general_high))
            cells = []
            for n_outlets in (2, 5, 10, 20):
                told = 0
                for _ in range(N_REPEATS):
                    rows = np.array([pool[i] for i in rng.choice(len(pool), n_outlets, False)])
                    p_values = [same_share_p_value(*rows[:, :, c].T) for c in range(N_CLASSES)]
                    told += min(holm(p_values)) <= 0.05
                cells.append(f"{told / N_REPEATS:.3f}")
            print(f"| {scenario.name} | {n} | {' | '.join(cells)} |", flush=True)


def print_levels_of_few() -> None:
    """Print the same for outlets of few articles, judged in part, mostly, and to the end."""
    print(f"\nEqual outlets of few articles told apart at 0.05, {N_REPEATS} draws a cell\n")
    heads = ("scenario", "outlets", "articles", "units each", "half judged", "nine in ten")
    whole = ("all, by Cochran's Q", "all, by regrouping")
    print(f"| {' | '.join(heads + whole)} |\n" + "|" + " --- |" * 8)
    rare = Scenario(name="a 5% class, ICC 0.2", shares=(0.05, 0.7, 0.25), icc=0.2)
    usual = Scenario(name="no shift, ICC 0.2", shares=(0.2, 0.5, 0.3), icc=0.2)
    for number, (scenario, n_outlets, n_articles, size) in enumerate(
        ((usual, 5, 5, 26), (usual, 10, 5, 26), (usual, 30, 5, 26), (rare, 5, 10, 40))
    ):
        rng = np.random.default_rng([13, number])
        article = np.repeat(np.arange(n_articles), size)
        told = np.zeros(4)
        for draw in range(N_REPEATS):
            shares: dict[float, list[tuple[FloatArray, ...]]] = defaultdict(list)
            tables = []
            for _ in range(n_outlets):
                truth, probabilities = outlet(scenario, rng, article)
                strata = np.zeros(len(article), dtype=np.int64)
                for judged in (0.5, 0.9, 1.0):
                    units = rng.choice(len(article), round(judged * len(article)), replace=False)
                    found = corrected(truth, probabilities, units, strata, article)
                    assert found.general_low is not None
                    assert found.general_high is not None
                    shares[judged].append((found.value, found.general_low, found.general_high))
                tables.append(np.zeros((n_articles, N_CLASSES)))
                np.add.at(tables[-1], (article, truth), 1)
            for place, rows in enumerate(shares.values()):
                limits = np.array(rows)
                p_values = [same_share_p_value(*limits[:, :, c].T) for c in range(N_CLASSES)]
                told[place] += min(holm(p_values)) <= 0.05
            outlets = np.repeat(np.arange(n_outlets), n_articles)
            p_value = same_mix_p_value(np.concatenate(tables), outlets, seed=draw, n_draws=199)
            told[3] += p_value is not None and p_value <= 0.05
        cells = " | ".join(f"{share:.3f}" for share in told / N_REPEATS)
        sizes = f"{n_outlets} | {n_articles} | {size}"
        print(f"| {scenario.name} | {sizes} | {cells} |", flush=True)


def covers(low: FloatArray | None, high: FloatArray | None, share: FloatArray) -> FloatArray:
    """Return for each class whether limits hold a share; a rounding error is no miss."""
    assert low is not None
    assert high is not None
    return ((low <= share + 1e-12) & (share <= high + 1e-12)).astype(float)


def main() -> None:
    """Simulate and print."""
    print(f"{N_UNITS} units, {N_REPEATS} outlets and draws a row; nominal coverage 0.95\n")
    head = (
        "scenario",
        "draw",
        "labels",
        "coverage",
        "bias",
        "width",
        "ratio",
        "large",
        "its width",
    )
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    aside = []
    for number, scenario in enumerate(SCENARIOS):
        rng = np.random.default_rng([11, number])
        rows: dict[tuple[str, int], list[FloatArray]] = defaultdict(list)
        counting, right, by_hand = [], [], defaultdict(list)
        for _ in range(N_REPEATS):
            truth, probabilities = outlet(scenario, rng)
            share = np.bincount(truth, minlength=N_CLASSES) / N_UNITS
            predicted = probabilities.argmax(axis=1)
            right.append((predicted == truth).mean())
            hits = np.bincount(ARTICLE, weights=predicted == 0)
            counted = clustered_share(hits, np.full(len(hits), float(PER_ARTICLE)))
            assert counted.low is not None
            assert counted.high is not None
            counting.append(
                (
                    counted.value - share[0],
                    counted.low <= share[0] <= counted.high,
                    counted.high - counted.low,
                )
            )
            for plan in ("stratified", "random"):
                strata = predicted if plan == "stratified" else np.zeros(N_UNITS, dtype=np.int64)
                for n in (20, 50, 100, 200, 300):
                    units = drawn(strata, n, rng)
                    found = corrected(truth, probabilities, units, strata)
                    assert found.general_low is not None
                    assert found.general_high is not None
                    rows[plan, n].append(
                        np.stack(
                            [
                                covers(found.low, found.high, share),
                                found.value - share,
                                found.high - found.low,
                                share * (1 - share) * (1 / n - 1 / N_UNITS),
                                covers(
                                    found.general_low,
                                    found.general_high,
                                    np.array(scenario.shares),
                                ),
                                found.general_high - found.general_low,
                            ]
                        )
                    )
                    if plan == "random":  # the same labels, without a model
                        alone = corrected(truth, np.zeros((N_UNITS, N_CLASSES)), units, strata)
                        by_hand[n].append(
                            (
                                covers(alone.low, alone.high, share)[0],
                                alone.high[0] - alone.low[0],
                            )
                        )
        for (plan, n), values in rows.items():
            held, error, width, plain, large, large_width = np.stack(values, axis=1)
            ratio = plain[:, 0].mean() / error[:, 0].var()
            held, large = held.mean(axis=0), large.mean(axis=0)
            print(
                f"| {scenario.name} | {plan} | {n} | {held.min():.3f} to {held.max():.3f} | "
                f"{error[:, 0].mean():+.3f} | {width[:, 0].mean():.3f} | {ratio:.2f} | "
                f"{large.min():.3f} to {large.max():.3f} | {large_width[:, 0].mean():.3f} |",
                flush=True,
            )
        bias, held, width = np.mean(np.array(counting, dtype=float), axis=0)
        hand = " | ".join(
            "{:.3f}, {:.3f}".format(*np.mean(np.array(by_hand[n]), axis=0)) for n in by_hand
        )
        aside.append(
            f"| {scenario.name} | {np.mean(right):.2f} | {bias:+.3f} | {held:.3f} | "
            f"{width:.3f} | {hand} |"
        )
    print(
        "\nThe first class as the model counts it; beside it hand labels alone: coverage, width\n"
    )
    print("| scenario | accuracy | bias | coverage | width | n = 20 | 50 | 100 | 200 | 300 |")
    print("|" + " --- |" * 10)
    print("\n".join(aside))
    print_levels()
    print_levels_of_few()


if __name__ == "__main__":
    alone = {"--levels": print_levels, "--few": print_levels_of_few}
    for printed in [alone[word] for word in sys.argv[1:]] or [main]:
        printed()
