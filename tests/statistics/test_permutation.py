from itertools import combinations

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


def articles(rng, n, mix, length=25, concentration=9):
    alpha = np.array(mix) * concentration
    return np.stack([rng.multinomial(length, rng.dirichlet(alpha)) for _ in range(n)])


def p_value_by_hand(left, right, prior_of):
    """Return the p-value of a pair over all regroupings, worked article by article.

    `prior_of` gives the variance of a side's mix by the pooled spread, from both sides and itself.
    """
    pool = [*left, *right]

    def statistic(chosen):
        sides = [
            [pool[i] for i in chosen],
            [pool[i] for i in range(len(pool)) if i not in chosen],
        ]
        difference = mix_of(sides[0]) - mix_of(sides[1])
        variance = 0
        for side in sides:
            n, mix = len(side), mix_of(side)
            away = sum(((a - a.sum() * mix) ** 2).sum() for a in side) / units(side) ** 2
            variance += (n * away + 0.5 * prior_of(sides, side)) / (n - 1 + 0.5)
        return (difference**2).sum() / variance

    seen = statistic(range(len(left)))
    drawn = [statistic(chosen) for chosen in combinations(range(len(pool)), len(left))]
    return np.mean([one >= seen * (1 - 1e-9) for one in drawn])


def units(side):
    return sum(a.sum() for a in side)


def mix_of(side):
    return sum(side) / units(side)


def spread_of(sides):
    """Return the variance of a unit by how articles lie about their side's mix."""
    squares = sum(
        a.sum() * ((a / a.sum() - mix_of(side)) ** 2).sum() for side in sides for a in side
    )
    return squares / (sum(map(len, sides)) - 2)


def prior_of_one_length(sides, side):
    return spread_of(sides) / units(side)


def prior_of_any_length(sides, side):
    pool = [a for one in sides for a in one]
    within = sum(a.sum() - (a**2).sum() / a.sum() for a in pool) / (units(pool) - len(pool))
    within = min(within, spread_of(sides))
    room = sum(units(one) - sum(a.sum() ** 2 for a in one) / units(one) for one in sides)
    between = (spread_of(sides) - within) * (len(pool) - 2) / room
    length = sum(a.sum() ** 2 for a in side) / units(side)
    usual = sum(a.sum() ** 2 for a in pool) / units(pool)
    return length / units(side) * (between + within / min(length, usual))


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
    assert permutation._first_draws(3) == permutation._first_draws(1_035) == permutation.DRAWS
    assert permutation._first_draws(19_900) == 200
    assert permutation._all_draws(3, [30] * 3, 1999) == 1999
    assert permutation._all_draws(465, [40] * 465, 1999) == 18_599
    assert permutation._all_draws(465, [500] * 465, 1999) == 12_527  # what can be paid for
    assert permutation._all_draws(465, [100_000] * 465, 1999) == 1999
    assert permutation._all_draws(19_900, [24] * 50, 200) == 795_999
    assert permutation._all_draws(19_900, [24] * 9_000, 200) == 200


def test_one_outlet_that_stands_apart_is_told_from_fifty():
    rng = np.random.default_rng(9)
    tables = [articles(rng, 12, [0.3, 0.5, 0.2]) for _ in range(50)]
    tables.append(articles(rng, 12, [0.0, 0.0, 1.0]))
    found = pair_distances(tables, seed=1)
    adjusted = dict(zip(found, holm([d.p_value for d in found.values()]), strict=True))
    assert np.mean([adjusted[i, 50] <= 0.05 for i in range(50)]) > 0.9
    assert min(adjusted[pair] for pair in found if 50 not in pair) > 0.05
    assert len(found) * found[0, 50].smallest_p <= 0.026


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


@pytest.mark.parametrize(
    ("left", "right", "prior_of"),
    [
        ([5], [40, 30, 20, 35, 50], prior_of_any_length),
        ([60], [5, 6, 4, 8, 5, 9], prior_of_any_length),
        ([4, 9], [40, 3, 20, 35, 12], prior_of_any_length),
        ([7, 7], [7, 7, 7, 7, 7], prior_of_one_length),
        ([1, 1, 1], [1, 1, 1, 1], prior_of_one_length),
    ],
)
def test_a_p_value_is_the_one_worked_article_by_article(left, right, prior_of):
    rng = np.random.default_rng(10)
    for _ in range(5):
        sides = [
            np.concatenate([articles(rng, 1, [0.3, 0.4, 0.3], length) for length in lengths])
            for lengths in (left, right)
        ]
        by_hand = p_value_by_hand(*sides, prior_of)
        assert mix_distance(*sides, seed=1).p_value == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("few", "short", "many", "long"),
    [(1, 5, 39, 40), (1, 4, 29, 40), (2, 5, 30, 40), (1, 40, 29, 5)],
)
def test_one_or_two_articles_of_another_length_are_not_told_apart_too_often(few, short, many, long):
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(200):
        left = articles(rng, few, [0.3, 0.4, 0.3], short, 11.5)
        right = articles(rng, many, [0.3, 0.4, 0.3], long, 11.5)
        rejected += mix_distance(left, right, seed=1, n_draws=199).p_value <= 0.05
    assert rejected / 200 <= 0.07


@pytest.mark.parametrize(("n_outlets", "n", "length"), [(3, 1, 5), (1, 1, 5), (3, 2, 8)])
def test_outlets_of_one_or_two_short_articles_do_not_upset_the_test_over_all_outlets(
    n_outlets, n, length
):
    rng = np.random.default_rng(2)
    groups = np.append(np.repeat([0, 1, 2], 10), np.repeat(np.arange(3, 3 + n_outlets), n))
    p_values = []
    for _ in range(200):
        long = articles(rng, 30, [0.3, 0.4, 0.3], 40, 11.5)
        short = articles(rng, n_outlets * n, [0.3, 0.4, 0.3], length, 11.5)
        tables = np.concatenate([long, short])
        p_values.append(same_mix_p_value(tables, groups, seed=1, n_draws=199))
    assert np.mean(np.array(p_values) <= 0.05) <= 0.07


def test_one_short_article_with_nothing_in_common_with_many_others_is_told_apart():
    many = articles(np.random.default_rng(3), 39, [0.05, 0.85, 0.1], 40, 11.5)
    assert mix_distance(np.array([[8, 0, 0]]), many, seed=1).p_value == 1 / 40


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


def test_two_outlets_have_one_p_value_whatever_the_seed():
    rng = np.random.default_rng(4)
    tables = rng.multinomial(12, [0.3, 0.4, 0.3], size=20).astype(float)
    outlets = np.array([1] * 19 + [0])
    found = {same_mix_p_value(tables, outlets, seed=seed) for seed in range(4)}
    assert found == {mix_distance(tables[:19], tables[19:], seed=1).p_value}
