import numpy as np
import pytest

from stance.errors import DataError
from stance.statistics.permutation import holm, mix_distance, same_mix_p_value, total_variation


def articles(rng, n, mix):
    return np.stack([rng.multinomial(25, rng.dirichlet(np.array(mix) * 9)) for _ in range(n)])


def test_total_variation_is_the_share_that_would_have_to_change():
    assert total_variation(np.array([0.5, 0.5, 0]), np.array([0.2, 0.5, 0.3])) == pytest.approx(0.3)


def test_outlets_with_nothing_in_common_are_one_apart():
    distance = mix_distance(np.array([[5, 0]] * 4), np.array([[0, 5]] * 4), seed=1)
    assert distance.value == 1
    assert distance.exact
    assert distance.n_regroupings == 70
    assert distance.p_value == distance.smallest_p == pytest.approx(2 / 70)


def test_a_distance_by_chance_is_not_zero_and_its_p_values_are_about_uniform():
    rng = np.random.default_rng(2)
    drawn = [
        mix_distance(articles(rng, 6, [0.3, 0.5, 0.2]), articles(rng, 6, [0.3, 0.5, 0.2]), seed=1)
        for _ in range(200)
    ]
    assert np.mean([d.null_mean for d in drawn]) > 0.05
    assert np.mean([d.p_value <= 0.05 for d in drawn]) <= 0.09
    assert 0.4 < np.mean([d.p_value for d in drawn]) < 0.6


def test_many_articles_are_drawn_not_enumerated_and_agree_with_the_exact_answer():
    rng = np.random.default_rng(4)
    left, right = articles(rng, 7, [0.4, 0.4, 0.2]), articles(rng, 7, [0.3, 0.4, 0.3])
    exact = mix_distance(left, right, seed=1)
    more = mix_distance(np.repeat(left, 2, axis=0), np.repeat(right, 2, axis=0), seed=1)
    assert exact.exact
    assert not more.exact
    assert more.p_value <= exact.p_value + 0.05


def test_the_test_over_all_outlets_finds_an_outlier_and_keeps_its_level():
    rng = np.random.default_rng(6)
    groups = np.repeat([0, 1, 2], 6)
    apart = np.concatenate([articles(rng, 12, [0.3, 0.5, 0.2]), articles(rng, 6, [0.8, 0.1, 0.1])])
    assert same_mix_p_value(apart, groups, seed=1, n_draws=999) < 0.01
    alike = [
        same_mix_p_value(articles(rng, 18, [0.3, 0.5, 0.2]), groups, seed=1, n_draws=199)
        for _ in range(100)
    ]
    assert np.mean(np.array(alike) <= 0.05) <= 0.12


def test_one_outlet_cannot_be_compared():
    with pytest.raises(DataError, match="two outlets"):
        same_mix_p_value(np.ones((3, 3)), np.zeros(3, dtype=int), seed=1)


def test_holm_adjusts_as_in_the_textbook_and_keeps_the_order_given():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
