import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from stance.errors import DataError
from stance.statistics import permutation
from stance.statistics.permutation import (
    holm,
    jensen_shannon,
    mix_distance,
    pair_distances,
    same_mix_p_value,
    total_variation,
)


def articles(rng, n, mix, length=25):
    return np.stack([rng.multinomial(length, rng.dirichlet(np.array(mix) * 9)) for _ in range(n)])


def test_total_variation_is_the_share_that_would_have_to_change():
    assert total_variation(np.array([0.5, 0.5, 0]), np.array([0.2, 0.5, 0.3])) == pytest.approx(0.3)


def test_jensen_shannon_as_worked_by_hand_and_as_another_library_has_it():
    same, certain, even = np.array([0.2, 0.3, 0.5]), np.array([1.0, 0]), np.array([0.5, 0.5])
    assert jensen_shannon(same, same) == 0
    assert jensen_shannon(certain, np.array([0, 1.0])) == 1
    # By hand: the middle is (3/4, 1/4), so the divergence is
    # 1/2 log2(4/3) + 1/2 (1/2 log2(2/3) + 1/2 log2 2) = 3/2 - 3/4 log2 3.
    assert jensen_shannon(certain, even) == pytest.approx(np.sqrt(1.5 - 0.75 * np.log2(3)))
    rng = np.random.default_rng(3)
    left, right = rng.dirichlet([1, 1, 1, 1], 50), rng.dirichlet([3, 1, 1, 1], 50)
    other = [jensenshannon(one, two, base=2) for one, two in zip(left, right, strict=True)]
    assert jensen_shannon(left, right) == pytest.approx(other)


def test_mixes_a_rounding_apart_have_a_distance_of_about_nothing():
    mix = np.array([0.159, 0.178, 0.663])  # here the sum of logarithms comes out below 0
    assert jensen_shannon(mix, np.nextafter(mix, 0)) == 0


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


def test_drawn_regroupings_agree_with_enumerated_ones(monkeypatch):
    rng = np.random.default_rng(4)
    left, right = articles(rng, 7, [0.4, 0.4, 0.2]), articles(rng, 7, [0.2, 0.4, 0.4])
    exact = mix_distance(left, right, seed=1)
    monkeypatch.setattr(permutation, "EXACT_UP_TO", 1)
    drawn = mix_distance(left, right, seed=1, n_draws=9999)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert drawn.null_mean == pytest.approx(exact.null_mean, abs=0.01)


def test_pairs_of_many_outlets_have_the_distances_that_each_pair_has_alone():
    rng = np.random.default_rng(5)
    tables = [articles(rng, n, [0.4, 0.4, 0.2]) for n in (4, 6, 14, 17)]
    found = pair_distances(tables, seed=1)
    assert list(found) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert found[0, 1] == mix_distance(tables[0], tables[1], seed=1)  # enumerated
    assert found[0, 1].exact
    # The largest pair moves 31 articles and this one 20, by what is left of the same orders.
    drawn, alone = found[1, 2], mix_distance(tables[1], tables[2], seed=8, n_draws=9999)
    assert not drawn.exact
    assert drawn.value == alone.value
    assert drawn.p_value == pytest.approx(alone.p_value, abs=0.04)
    assert drawn.null_mean == pytest.approx(alone.null_mean, abs=0.005)


def test_so_many_regroupings_are_drawn_that_an_outlier_survives_the_adjustment_for_all_pairs():
    rng = np.random.default_rng(7)
    tables = [articles(rng, 12, [0.3, 0.5, 0.2]) for _ in range(11)]
    tables.append(articles(rng, 12, [0.9, 0.05, 0.05]))
    found = pair_distances(tables, seed=1)
    assert len(found) == 66
    adjusted = dict(zip(found, holm([d.p_value for d in found.values()]), strict=True))
    assert all(adjusted[i, 11] <= 0.05 for i in range(11))
    assert found[0, 11].n_regroupings == 66 * permutation.DRAWS_A_TEST - 1
    assert found[0, 11].p_value == found[0, 11].smallest_p
    alike = [found[pair] for pair in found if 11 not in pair]
    assert np.mean([d.n_regroupings == permutation.DRAWS for d in alike]) > 0.8  # stopped early


def test_stopping_early_keeps_p_values_about_uniform(monkeypatch):
    monkeypatch.setattr(permutation, "DRAWS", 99)
    monkeypatch.setattr(permutation, "ENOUGH", 4)
    rng = np.random.default_rng(12)
    p_values = [
        pair_distances([articles(rng, 9, [0.3, 0.5, 0.2]) for _ in "ab"], seed=i, n_draws=999)[
            0, 1
        ].p_value
        for i in range(400)
    ]
    for level in (0.01, 0.05, 0.2, 0.5):
        assert np.mean(np.array(p_values) <= level) <= level + 2 * np.sqrt(
            level * (1 - level) / 400
        )
    assert np.mean(p_values) < 0.6


def test_the_work_for_hundreds_of_outlets_is_bounded():
    assert permutation._draws(3, 90) == permutation.DRAWS
    assert permutation._draws(465, 465 * 40) == 18_599
    assert permutation._draws(19_900, 19_900 * 50) == 200
    assert permutation._draws(465, 465 * 100_000) == permutation.DRAWS


def test_two_outlets_get_the_same_answer_from_both_tests():
    rng = np.random.default_rng(8)
    left, right = articles(rng, 6, [0.4, 0.4, 0.2]), articles(rng, 8, [0.2, 0.4, 0.4])
    pair = mix_distance(left, right, seed=1).p_value
    groups = np.repeat([0, 1], [6, 8])
    overall = same_mix_p_value(np.concatenate([left, right]), groups, seed=1)
    assert overall == pytest.approx(pair, abs=0.015)


def test_the_test_over_all_outlets_finds_an_outlier_and_keeps_its_level():
    rng = np.random.default_rng(6)
    groups = np.repeat([0, 1, 2], 6)
    apart = np.concatenate([articles(rng, 12, [0.3, 0.5, 0.2]), articles(rng, 6, [0.8, 0.1, 0.1])])
    assert same_mix_p_value(apart, groups, seed=1, n_draws=999) < 0.01
    alike = [
        same_mix_p_value(articles(rng, 18, [0.3, 0.5, 0.2]), groups, seed=1, n_draws=199)
        for _ in range(200)
    ]
    assert np.mean(np.array(alike) <= 0.05) <= 0.09


@pytest.mark.parametrize(("few", "short", "many", "long"), [(5, 8, 20, 60), (4, 80, 30, 8)])
def test_outlets_of_unequal_number_and_length_of_articles_are_not_told_apart_too_often(
    few, short, many, long
):
    rng = np.random.default_rng(9)
    rejected = 0
    for _ in range(200):
        left = articles(rng, few, [0.3, 0.5, 0.2], short)
        right = articles(rng, many, [0.3, 0.5, 0.2], long)
        rejected += mix_distance(left, right, seed=1, n_draws=199).p_value <= 0.05
    assert rejected / 200 <= 0.1


def test_outlets_of_one_article_each_cannot_be_tested():
    assert same_mix_p_value(np.ones((3, 3)), np.arange(3), seed=1) is None


def test_an_article_without_units_is_refused():
    with pytest.raises(DataError, match="without units"):
        mix_distance(np.array([[1, 0], [0, 0]]), np.array([[1, 1]]), seed=1)


def test_one_outlet_cannot_be_compared():
    with pytest.raises(DataError, match="two outlets"):
        same_mix_p_value(np.ones((3, 3)), np.zeros(3, dtype=int), seed=1)


def test_holm_adjusts_as_in_the_textbook_and_keeps_the_order_given():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
