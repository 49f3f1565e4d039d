import numpy as np
import pytest

from stance.errors import DataError
from stance.statistics.heterogeneity import same_share_p_value

Z = 1.959963984540054


def wilson(hits, sizes):
    """Return shares with their Wilson limits."""
    values, k = hits / sizes, Z**2 / sizes
    middle = (values + k / 2) / (1 + k)
    reach = np.sqrt(values * (1 - values) * k + k**2 / 4) / (1 + k)
    return values, middle - reach, middle + reach


def test_two_shares_differ_as_the_test_of_two_proportions_says():
    # z = (0.5 - 0.3) / sqrt(0.4 * 0.6 * (1/100 + 1/100)) = 2.887: two-sided p 0.00389
    p = same_share_p_value(*wilson(np.array([50, 30]), np.array([100, 100])))
    assert p == pytest.approx(0.00389, abs=1e-5)


def test_shares_differ_as_pearsons_chi_square_says():
    # Of 70 in 200, 7, 17.5 and 45.5 are expected.
    p = same_share_p_value(*wilson(np.array([10, 15, 45]), np.array([20, 50, 130])))
    chi_square = (3**2 / 20 + 2.5**2 / 50 + 0.5**2 / 130) / (0.35 * 0.65)
    assert p == pytest.approx(np.exp(-chi_square / 2))  # two degrees of freedom


@pytest.mark.parametrize("n_outlets", [2, 5, 20])
def test_equal_shares_are_told_apart_in_one_of_twenty_simulations(n_outlets):
    rng = np.random.default_rng(4)
    sizes = rng.integers(15, 60, size=n_outlets)
    found = [same_share_p_value(*wilson(rng.binomial(sizes, 0.2), sizes)) for _ in range(2000)]
    assert 0.035 < np.mean(np.array(found) <= 0.05) < 0.065


def test_a_share_that_nobody_has_or_all_have_is_the_same_in_all():
    sizes = np.array([20, 50])
    assert same_share_p_value(*wilson(0 * sizes, sizes)) == 1
    assert same_share_p_value(*wilson(sizes, sizes)) == 1


def test_limits_of_everything_say_nothing():
    values = np.array([0.5, 0.9])
    assert same_share_p_value(values, np.zeros(2), np.ones(2)) > 0.99


def test_one_estimate_or_one_without_error_is_refused():
    one = np.array([0.5])
    with pytest.raises(DataError, match="one estimate"):
        same_share_p_value(one, one, one)
    two = np.array([0.5, 0.6])
    with pytest.raises(DataError, match="without error"):
        same_share_p_value(two, two, two)
