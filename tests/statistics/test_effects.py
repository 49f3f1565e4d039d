import numpy as np
import pytest
from scipy import stats

from stance.statistics.effects import ALIKE, FEW, MIN_ARTICLES, claim_leans


def corpus(rng, n_articles, *, n_claims=60, per_article=8, between=0.2, leans=None):
    """Return scores, claims, articles and outlets of articles that lean by chance, too."""
    outlets = np.repeat(np.arange(len(n_articles)), n_articles)
    articles = np.repeat(np.arange(len(outlets)), per_article)
    claims = rng.integers(n_claims, size=len(articles))
    own = np.zeros(len(n_articles)) if leans is None else np.array(leans)
    scores = rng.normal(0, 0.4, n_claims)[claims] + own[outlets[articles]]
    scores += rng.normal(0, between, len(outlets))[articles] + rng.normal(0, 0.4, len(articles))
    return scores, claims, articles, outlets


def lean_by_hand(scores, claims, articles, outlets, outlet):
    """Return an outlet's lean, claim by claim and without arrays; nan where it shares none."""
    cells = {}
    for score, claim, article in zip(scores, claims, articles, strict=True):
        cells.setdefault(claim, {}).setdefault(outlets[article], []).append(score)
    gaps = []
    for cell in cells.values():
        means = {name: np.mean(values) for name, values in cell.items()}
        others = [mean for name, mean in means.items() if name != outlet]
        if outlet in means and others:
            gaps.append(means[outlet] - np.mean(others))
    return np.mean(gaps) if gaps else np.nan


def test_a_small_corpus_comes_out_as_counted_by_hand():
    # Claim 0: A .5 and .1, B -.1, C .1; claim 1: A 1, B 0; claim 2: C alone.
    scores = np.array([0.5, 0.1, -0.1, 0.1, 1.0, 0.0, 0.9])
    claims = np.array([0, 0, 0, 0, 1, 1, 2])
    articles = np.array([0, 1, 2, 3, 0, 2, 3])
    outlets = np.array([0, 0, 1, 2])
    a, b, c = claim_leans(scores, claims, articles, outlets)
    assert a.value == pytest.approx(((0.3 - 0.0) + (1 - 0)) / 2)
    assert b.value == pytest.approx(((-0.1 - 0.2) + (0 - 1)) / 2)
    assert c.value == pytest.approx(0.1 - 0.1)
    assert [(x.n_claims, x.n_articles) for x in (a, b, c)] == [(2, 2), (2, 1), (1, 1)]
    assert (a.low, a.high, a.p_value) == (None, None, None)


def test_what_is_common_to_a_claim_drops_out():
    rng = np.random.default_rng(1)
    scores, claims, articles, outlets = corpus(rng, [6, 7, 8])
    moved = scores + rng.normal(0, 5, 60)[claims]
    for before, after in zip(
        claim_leans(scores, claims, articles, outlets),
        claim_leans(moved, claims, articles, outlets),
        strict=True,
    ):
        assert after.value == pytest.approx(before.value)
        assert (after.low, after.high) == pytest.approx((before.low, before.high))


def test_its_interval_is_that_of_leaving_out_articles_and_claims_one_by_one():
    outlet = 1
    columns = corpus(np.random.default_rng(2), [6, 7, 9], n_claims=40)
    scores, claims, articles, outlets = columns
    value = lean_by_hand(*columns, outlet)
    by_article = []
    for own in (True, False):
        without = [
            lean_by_hand(*(x[articles != a] for x in (scores, claims, articles)), outlets, outlet)
            for a in np.flatnonzero((outlets == outlet) == own)
        ]
        by_article.append((len(without) - 1) * np.var(without))
    shared = [
        claim
        for claim in np.unique(claims)
        if outlet in outlets[articles[claims == claim]]
        and len(np.unique(outlets[articles[claims == claim]])) > 1
    ]
    without = [
        lean_by_hand(*(x[claims != c] for x in (scores, claims, articles)), outlets, outlet)
        for c in shared
    ]
    variance = max(sum(by_article) - (len(without) - 1) * np.var(without), *by_article)
    found = claim_leans(*columns)[outlet]
    reach = (found.high - found.low) / 2
    df = stats.t.ppf(0.975, 5), stats.t.ppf(0.975, 6)  # 7 articles, some of which weigh more
    assert found.value == pytest.approx(value)
    assert df[1] <= reach / np.sqrt(variance) <= df[0]


@pytest.mark.parametrize("between", [0.0, 0.3])
def test_its_interval_holds_the_truth_with_six_articles(between):
    rng = np.random.default_rng(3)
    held = [
        lean.low <= 0 <= lean.high
        for _ in range(100)
        for lean in claim_leans(*corpus(rng, [6] * 5, between=between))
    ]
    assert 0.92 <= np.mean(held) <= 0.98


def test_an_outlet_that_leans_is_found_and_the_p_value_fits_the_interval():
    rng = np.random.default_rng(4)
    leans = claim_leans(*corpus(rng, [12] * 4, between=0.1, leans=[0.6, 0, 0, 0]))
    assert leans[0].value == pytest.approx(0.6, abs=0.2)
    for lean in leans:
        assert (lean.p_value < 0.05) == (lean.low > 0 or lean.high < 0)
    assert leans[0].p_value < 0.001


def test_of_two_outlets_each_leans_as_far_as_the_other_to_the_other_side():
    one, other = claim_leans(*corpus(np.random.default_rng(5), [7, 20]))
    assert one.value == pytest.approx(-other.value)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == pytest.approx(other.p_value)


@pytest.mark.parametrize("n_articles", [[MIN_ARTICLES - 1, 9, 9], [1, 9, 9]])
def test_with_few_articles_there_is_a_value_without_an_interval(n_articles):
    few, *rest = claim_leans(*corpus(np.random.default_rng(6), n_articles))
    assert few.value != 0
    assert (few.low, few.high, few.p_value, few.untested) == (None, None, None, FEW)
    assert all(lean.low is not None and lean.untested is None for lean in rest)


def test_few_articles_on_the_other_side_give_no_interval_either():
    one, other = claim_leans(*corpus(np.random.default_rng(7), [3, 30]))
    assert (one.low, other.low) == (None, None)


def test_an_outlet_that_shares_no_claim_has_no_lean():
    outlets = np.array([0, 1, 2])
    found = claim_leans(np.array([1.0, 0.0]), np.array([0, 0]), np.array([0, 2]), outlets)
    assert found[1] is None
    assert found[0].value == -found[2].value == 1
    nothing = np.array([], dtype=np.int64)
    assert claim_leans(nothing.astype(float), nothing, nothing, outlets) == (None, None, None)


def test_scores_that_never_differ_have_no_interval():
    _, claims, articles, outlets = corpus(np.random.default_rng(8), [6, 6])
    lean, _ = claim_leans(np.zeros(len(claims)), claims, articles, outlets)
    assert (lean.value, lean.low, lean.p_value, lean.untested) == (0, None, None, ALIKE)
