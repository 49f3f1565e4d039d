"""How often the interval of an outlet's lean holds the truth, on simulated claims and articles.

Articles make claims at random; a claim, an article and a unit each add noise. Prints how often
nominal 95% intervals of an outlet without a lean hold 0, and how wide they are: claims taken for
independent; the outlet's own articles only, with three corrections for how few they are (CR1, CR2
and CR3, the last a jackknife); and ours, which adds the articles of the others. Then what leans do
to expected scores and to the scores of labels, under a model whose probabilities are right.
"""

import numpy as np
from scipy import special, stats

from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.effects import claim_leans

REPEATS = 300
# Articles of each outlet, the measured one first; claims; claims an article makes.
DESIGNS = (
    ([6, 6], 40, 8),
    ([6, 20], 60, 8),
    ([20, 6], 60, 8),
    ([6] * 3, 40, 8),
    ([6] * 6, 60, 8),
    ([6] * 6, 40, 3),
    ([6, *[20] * 5], 120, 8),
    ([20, *[6] * 5], 120, 8),
    ([6] * 10, 100, 8),
    ([12] * 6, 100, 8),
    ([30] * 6, 300, 8),
)
BETWEEN = (0.0, 0.2, 0.4)  # standard deviation between articles; a unit's is 0.4
METHODS = ("claims", "CR1", "CR2", "CR3", "ours")


def draw(
    rng: np.random.Generator, sizes: list[int], n_claims: int, per_article: int, between: float
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Return scores, claims, articles and outlets; articles differ in how many claims they make."""
    outlets = np.repeat(np.arange(len(sizes)), sizes)
    articles = np.repeat(np.arange(len(outlets)), 1 + rng.poisson(per_article - 1, len(outlets)))
    claims = rng.integers(n_claims, size=len(articles))
    scores = rng.normal(0, 0.4, n_claims)[claims] + rng.normal(0, between, len(outlets))[articles]
    return scores + rng.normal(0, 0.4, len(articles)), claims, articles, outlets


def one_sided(
    scores: FloatArray, claims: IntArray, articles: IntArray, outlets: IntArray
) -> dict[str, tuple[float, float]]:
    """Return the error and the t quantile of outlet 0's lean by those who look at its side only."""
    outlet = outlets[articles]
    n_claims, n_outlets = claims.max() + 1, outlets.max() + 1
    sums, sizes = np.zeros((2, n_claims, n_outlets))
    np.add.at(sums, (claims, outlet), scores)
    np.add.at(sizes, (claims, outlet), 1)
    means = np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0)
    others = (sizes > 0).sum(axis=1) - (sizes[:, 0] > 0)
    rest = (means.sum(axis=1) - means[:, 0]) / np.maximum(others, 1)
    shared = (sizes[:, 0] > 0) & (others > 0)
    gaps = means[shared, 0] - rest[shared]
    n, value = len(gaps), gaps.mean()
    mine = (outlet == 0) & shared[claims]
    share = np.zeros(len(outlets))  # of the mean that each article makes up
    sum_of = np.zeros(len(outlets))
    np.add.at(share, articles[mine], 1 / sizes[claims[mine], 0] / n)
    off = (scores[mine] - rest[claims[mine]] - value) / sizes[claims[mine], 0] / n
    np.add.at(sum_of, articles[mine], off)
    share, sum_of = share[share > 0], sum_of[share > 0]
    g = len(share)
    t = float(stats.t.ppf(0.975, g - 1))
    errors = {
        "claims": (gaps.std(ddof=1) / np.sqrt(n), float(stats.t.ppf(0.975, n - 1))),
        "CR1": (np.sqrt(g / (g - 1) * (sum_of**2).sum()), t),
        "CR2": (np.sqrt((sum_of**2 / (1 - share)).sum()), t),
        "CR3": (np.sqrt((g - 1) / g * (sum_of**2 / (1 - share) ** 2).sum()), t),
    }
    return {name: (float(error), quantile) for name, (error, quantile) in errors.items()}


def coverage(rng: np.random.Generator) -> None:
    """Print how often intervals hold a lean of 0."""
    print(f"{REPEATS} corpora a row; coverage and width")
    print("articles of the outlet, others   between  " + "".join(f"{m:>14}" for m in METHODS))
    for sizes, n_claims, per_article in DESIGNS:
        for between in BETWEEN:
            held = dict.fromkeys(METHODS, 0)
            width = dict.fromkeys(METHODS, 0.0)
            n = 0
            for _ in range(REPEATS):
                columns = draw(rng, sizes, n_claims, per_article, between)
                lean = claim_leans(*columns)[0]
                if lean is None or lean.low is None or lean.high is None:
                    continue
                n += 1
                reaches = {m: error * t for m, (error, t) in one_sided(*columns).items()}
                reaches["ours"] = (lean.high - lean.low) / 2
                for method, reach in reaches.items():
                    held[method] += abs(lean.value) <= reach
                    width[method] += 2 * reach
            name = f"{sizes[0]}, {len(sizes) - 1} x {sizes[1]}, claims {n_claims} x {per_article}"
            cells = "".join(f"  {held[m] / n:>6.3f} {width[m] / n:>5.2f}" for m in METHODS)
            print(f"{name:<32} {between:>7}  {cells}   n={n}")


def scores_of_labels(rng: np.random.Generator) -> None:
    """Print what share of a lean is found by expected scores and by scores of labels."""
    print("\nof a true lean, what is found, and the noise of one unit over what is found")
    print("accuracy   expected score   score of label")
    scores = np.array([1.0, 0.0, -1.0])
    n = 200_000
    for strength in (1.0, 1.5, 2.2):
        found = {}
        for lean in (-0.1, 0.1):  # the shares of the outer classes move, the middle stays
            truth = rng.choice(3, n, p=[0.3 + lean, 0.4, 0.3 - lean])
            clues = strength * np.eye(3)[truth] * strength + rng.normal(0, strength, (n, 3))
            rows = special.softmax(clues + np.log([0.3, 0.4, 0.3]), axis=1)
            labels = rows.argmax(axis=1)
            found[lean] = (rows @ scores, scores[labels], (labels == truth).mean())
        cells = ""
        for kind in (0, 1):
            share = (found[0.1][kind].mean() - found[-0.1][kind].mean()) / 0.4
            cells += f"   {share:>6.2f} {found[0.1][kind].std() / share:>7.2f}"
        print(f"{found[0.1][2]:>8.2f} {cells}")


def main() -> None:
    """Simulate and print."""
    rng = np.random.default_rng(1)
    coverage(rng)
    scores_of_labels(rng)


if __name__ == "__main__":
    main()
