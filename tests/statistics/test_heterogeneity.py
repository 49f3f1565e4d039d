import numpy as np
import pytest

from stance.errors import DataError
from stance.statistics.heterogeneity import same_share_p_value

Z = 1.959963984540054


def test_two_estimates_differ_as_their_z_test_says():
    # z = (0.5 - 0.3) / sqrt(0.05**2 + 0.05**2) = 2.828: two-sided p 0.00468
    values, errors = np.array([0.5, 0.3]), np.array([0.05, 0.05])
    p = same_share_p_value(values, values - Z * errors, values + Z * errors)
    assert p == pytest.approx(0.00468, abs=5e-5)


def test_equal_shares_are_told_apart_in_one_of_twenty_simulations():
    rng = np.random.default_rng(4)
    errors = rng.uniform(0.02, 0.06, size=8)
    found = []
    for _ in range(2000):
        values = rng.normal(0.4, errors)
        found.append(same_share_p_value(values, values - Z * errors, values + Z * errors))
    assert 0.035 < np.mean(np.array(found) <= 0.05) < 0.065


def test_one_estimate_or_one_without_error_is_refused():
    one = np.array([0.5])
    with pytest.raises(DataError, match="one estimate"):
        same_share_p_value(one, one, one)
    two = np.array([0.5, 0.6])
    with pytest.raises(DataError, match="without error"):
        same_share_p_value(two, two, two)
