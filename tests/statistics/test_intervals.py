import numpy as np
import pytest

from stance.errors import DataError
from stance.statistics.intervals import article_bootstrap, clustered_share
from stance.statistics.scores import macro_f1


def simulated_outlet(rng, n_articles, share, icc=0.1):
    spread = 1 / icc - 1
    sizes = rng.poisson(20, n_articles) + 5.0
    leaning = rng.beta(share * spread, (1 - share) * spread, n_articles)
    return rng.binomial(sizes.astype(int), leaning).astype(float), sizes


@pytest.mark.parametrize(("n_articles", "share"), [(5, 0.3), (12, 0.1), (12, 0.4), (40, 0.3)])
def test_the_interval_of_a_share_covers_the_truth_at_least_about_as_often_as_it_says(
    n_articles, share
):
    rng = np.random.default_rng(5)
    repeats, covered = 500, 0
    for _ in range(repeats):
        estimate = clustered_share(*simulated_outlet(rng, n_articles, share))
        covered += estimate.low <= share <= estimate.high
    assert covered / repeats >= 0.92


def test_a_share_is_that_of_units_not_the_mean_of_articles():
    estimate = clustered_share(np.array([1.0, 0.0]), np.array([1.0, 9.0]))
    assert estimate.value == pytest.approx(0.1)
    assert (estimate.n_articles, estimate.n_units) == (2, 10)


def test_one_article_gives_a_share_without_an_interval():
    estimate = clustered_share(np.array([3.0]), np.array([10.0]))
    assert (estimate.value, estimate.low, estimate.high) == (pytest.approx(0.3), None, None)


def test_a_share_of_zero_still_has_an_upper_limit():
    estimate = clustered_share(np.zeros(6), np.full(6, 20.0))
    assert estimate.low == 0
    assert 0.05 < estimate.high < 0.6


@pytest.mark.parametrize("hits", range(1, 25))
def test_articles_that_agree_to_the_digit_count_as_articles_and_not_as_units(hits):
    alike = clustered_share(np.full(4, float(hits)), np.full(4, 25.0))
    assert alike.high - alike.low > 0.4


def test_a_share_needs_units():
    with pytest.raises(DataError):
        clustered_share(np.array([]), np.array([]))


def test_the_bootstrap_resamples_articles_so_that_alike_units_do_not_narrow_it():
    one = np.array([[8.0, 2.0], [1.0, 9.0]])
    other = np.array([[4.0, 6.0], [5.0, 5.0]])
    few = article_bootstrap(np.stack([one, other] * 5), macro_f1, seed=1)
    same_articles_longer = article_bootstrap(np.stack([one * 10, other * 10] * 5), macro_f1, seed=1)
    assert few.low == pytest.approx(same_articles_longer.low)
    assert few.low < few.value < few.high


def test_the_bootstrap_says_nothing_of_fewer_than_six_articles():
    tables = np.random.default_rng(0).integers(0, 9, (6, 3, 3)).astype(float)
    assert article_bootstrap(tables, macro_f1, seed=4).low is not None
    few = article_bootstrap(tables[:5], macro_f1, seed=4)
    assert (few.low, few.high, few.n_articles) == (None, None, 5)


def test_the_bootstrap_is_the_same_for_the_same_seed():
    tables = np.random.default_rng(0).integers(0, 9, (7, 3, 3)).astype(float)
    assert article_bootstrap(tables, macro_f1, seed=4) == article_bootstrap(
        tables, macro_f1, seed=4
    )


def test_resamples_without_a_class_that_occurs_do_not_stretch_the_interval():
    common = np.array([[9.0, 1, 0], [1, 9, 0], [0, 0, 0]])
    rare = common + np.array([[0.0, 0, 0], [0, 0, 0], [2, 0, 0]])
    tables = np.stack([common] * 11 + [rare])
    estimate = article_bootstrap(tables, lambda t: macro_f1(t, [0, 1, 2]), seed=1)
    assert estimate.value == pytest.approx(0.6, abs=0.01)
    assert estimate.high < 0.65


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_limit_stands_on_the_wrong_side_of_its_share_by_rounding(share):
    rng = np.random.default_rng(2)
    for _ in range(200):
        sizes = rng.integers(1, 40, size=rng.integers(2, 9)).astype(float)
        found = clustered_share(share * sizes, sizes)
        assert found.low <= found.value <= found.high
