"""Who leans further on the same claim: each outlet against the others that make it.

On a claim, an outlet's score is the mean of its units' scores. Its lean is the mean, over the
claims that it shares, of its score less the mean score of the other outlets on that claim: what is
common to a claim drops out, whatever claims an outlet chooses to make.

Units of one article are not independent, on either side of that difference. An interval is made
from jackknives: leaving out one of the outlet's articles, one of the others' articles, and one
claim. The first two add up, and the third is what both have counted, as in two-way clustering
(Cameron, Gelbach and Miller 2011, "Robust Inference With Multiway Clustering").
`benchmarks/effects.py` measures how often such intervals hold the truth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stance.statistics.arrays import FloatArray, IntArray

MIN_ARTICLES = 6  # on either side

# Why a lean has no limits.
FEW, ALIKE = "too few articles", "the same in every article"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lean:
    """How far one outlet's score lies from the others' on the same claims, on average."""

    value: float
    low: float | None  # None where `untested` says why
    high: float | None
    p_value: float | None  # of "no lean", two-sided
    n_claims: int
    n_articles: int  # of the outlet's own, on those claims
    untested: str | None  # FEW (than `MIN_ARTICLES` on either side) or ALIKE


def claim_leans(
    scores: FloatArray,
    claims: IntArray,
    articles: IntArray,
    outlets: IntArray,
    *,
    confidence: float = 0.95,
) -> tuple[Lean | None, ...]:
    """Return each outlet's lean, 0 for none of its own; None where it shares no claim.

    Parameters
    ----------
    scores, claims, articles : shape (n_units,)
        Of each unit that makes a claim: its score, its claim and its article, as numbers from 0.
    outlets : shape (n_articles,)
        The outlet of each article, as numbers from 0.
    """
    n_outlets = int(outlets.max()) + 1 if len(outlets) else 0
    n_claims = int(claims.max()) + 1 if len(claims) else 0
    if n_claims == 0:
        return (None,) * n_outlets
    sums = np.zeros((n_claims, n_outlets))
    sizes = np.zeros((n_claims, n_outlets))
    np.add.at(sums, (claims, outlets[articles]), scores)
    np.add.at(sizes, (claims, outlets[articles]), 1)
    gaps, shared = _gaps(sums, sizes)
    totals, n_shared = gaps.sum(axis=0), shared.sum(axis=0)

    # Leaving out one article, for every outlet whose claims it is on.
    left_out = np.full((len(outlets), n_outlets), np.nan)
    touches = np.zeros((len(outlets), n_outlets), dtype=bool)
    weights = np.zeros((len(outlets), n_outlets))  # claims' worth of cells that are the article's
    order = np.argsort(articles, kind="stable")
    starts = np.searchsorted(articles[order], np.arange(len(outlets) + 1))
    for article, outlet in enumerate(outlets):
        rows = order[starts[article] : starts[article + 1]]
        if len(rows) == 0:
            continue
        mine, place, n_units = np.unique(claims[rows], return_inverse=True, return_counts=True)
        fewer_sums, fewer_sizes = sums[mine], sizes[mine]
        share = n_units / fewer_sizes[:, outlet]
        fewer_sums[:, outlet] -= np.bincount(place, weights=scores[rows])
        fewer_sizes[:, outlet] -= n_units
        fewer, still = _gaps(fewer_sums, fewer_sizes)
        n_left = n_shared - shared[mine].sum(axis=0) + still.sum(axis=0)
        total = totals - gaps[mine].sum(axis=0) + fewer.sum(axis=0)
        np.divide(total, n_left, out=left_out[article], where=n_left > 0)
        touches[article] = shared[mine].any(axis=0)
        weights[article] = share @ shared[mine]

    leans: list[Lean | None] = []
    for outlet in range(n_outlets):
        n = int(n_shared[outlet])
        own = touches[:, outlet] & (outlets == outlet)
        others = touches[:, outlet] & (outlets != outlet)
        if n == 0:
            leans.append(None)
            continue
        value = totals[outlet] / n
        low = high = p_value = None
        untested: str | None = FEW
        if min(own.sum(), others.sum()) >= MIN_ARTICLES:
            by_own = _jackknifed(left_out[own, outlet])
            by_others = _jackknifed(left_out[others, outlet])
            by_claim = gaps[shared[:, outlet], outlet].var(ddof=1) / n if n > 1 else 0.0
            variance = max(by_own + by_others - by_claim, by_own, by_others)
            untested = ALIKE
            if variance > 1e-12:
                untested = None
                # Articles that fill few cells hardly count: Kish's effective number of them.
                effective = min(_effective(weights[side, outlet]) for side in (own, others))
                spread, df = np.sqrt(variance), max(effective - 1, 1.0)
                reach = special.stdtrit(df, (1 + confidence) / 2) * spread
                low, high = float(value - reach), float(value + reach)
                p_value = float(2 * special.stdtr(df, -abs(value) / spread))
        leans.append(
            Lean(
                value=float(value),
                low=low,
                high=high,
                p_value=p_value,
                n_claims=n,
                n_articles=int(own.sum()),
                untested=untested,
            )
        )
    return tuple(leans)


def _gaps(sums: FloatArray, sizes: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return each outlet's mean less that of the others' means, and which outlets have one.

    Parameters
    ----------
    sums, sizes : shape (n_claims, n_outlets)
        Summed scores and number of units; gaps are 0 where a claim is not shared.
    """
    made = sizes > 0
    means = np.divide(sums, sizes, out=np.zeros_like(sums), where=made)
    n_outlets = made.sum(axis=1, keepdims=True)
    shared = made & (n_outlets >= 2)
    others = (means.sum(axis=1, keepdims=True) - means) / np.maximum(n_outlets - 1, 1)
    return np.where(shared, means - others, 0.0), shared


def _jackknifed(left_out: FloatArray) -> float:
    n = len(left_out)
    return float((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())


def _effective(weights: FloatArray) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())
