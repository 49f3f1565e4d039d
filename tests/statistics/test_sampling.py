import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.errors import DataError
from stance.statistics.sampling import allocate, labels_needed

SIZES = st.lists(st.integers(0, 400), min_size=1, max_size=9)


@given(sizes=SIZES, share=st.floats(0, 1), least=st.integers(0, 12))
def test_an_allocation_adds_up_and_takes_no_more_than_there_is(sizes, share, least):
    n = int(share * sum(sizes))
    drawn = allocate(sizes, n, least=least)
    assert sum(drawn) == n
    assert all(0 <= d <= size for d, size in zip(drawn, sizes, strict=True))


def test_strata_are_drawn_from_by_size_and_small_ones_get_their_least():
    assert allocate([600, 300, 100], 100) == [60, 30, 10]
    assert allocate([600, 300, 100, 3], 100, least=8) == [59, 29, 9, 3]
    assert allocate([1000, 1000, 1000], 2) == [1, 1, 0]
    with pytest.raises(DataError, match="only 5"):
        allocate([2, 3], 6)


def test_a_plain_sample_costs_what_the_textbook_says():
    # Cochran's example of a large population: 384 labels for five points at a share of one half.
    assert labels_needed([10**9], np.array([0.5]), 0.05) == 385
    # With the finite population correction: 385 / (1 + 384.1 / 2000).
    assert labels_needed([2000], np.array([0.5]), 0.05) == 323


def test_strata_that_a_model_tells_apart_cost_less_and_perfect_ones_nothing():
    plain = labels_needed([900, 900], np.array([0.5, 0.5]), 0.05)
    told_apart = labels_needed([900, 900], np.array([0.1, 0.9]), 0.05)
    assert told_apart < plain / 2
    assert labels_needed([900, 900], np.array([0.0, 1.0]), 0.05) == 0


@pytest.mark.parametrize("reach", [0, 1, -0.1])
def test_a_width_that_is_none_is_refused(reach):
    with pytest.raises(DataError, match="no interval"):
        labels_needed([10], np.array([0.5]), reach)


def test_a_sample_of_the_size_planned_has_the_width_planned():
    rng = np.random.default_rng(4)
    sizes, within = [1200, 500, 300], np.array([0.1, 0.6, 0.8])
    population = [
        np.arange(size) < round(size * share) for size, share in zip(sizes, within, strict=True)
    ]
    n = labels_needed(sizes, within, 0.05)
    truth = sum(map(np.sum, population)) / sum(sizes)
    errors = []
    for _ in range(600):
        estimate = sum(
            size / sum(sizes) * rng.choice(units, count, replace=False).mean()
            for units, size, count in zip(population, sizes, allocate(sizes, n), strict=True)
        )
        errors.append(abs(estimate - truth))
    assert np.quantile(errors, 0.95) == pytest.approx(0.05, abs=0.006)
