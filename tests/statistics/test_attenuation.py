import numpy as np
import pytest
from scipy import stats

from stance.statistics.agreement import krippendorff_alpha
from stance.statistics.attenuation import corrected_alpha, perfect_alpha

ASYMMETRIC = np.array([[50.0, 15, 20], [10, 80, 9], [18, 17, 49]])


def right_in(accuracy, held_out=10_000):
    """Return a confusion table of three classes, errors even."""
    return held_out * (np.full((3, 3), (1 - accuracy) / 2) + np.eye(3) * (1.5 * accuracy - 0.5))


def predicted(rng, alpha, confusion, *, n_units, raters=5, shared=0.0):
    """Return counts of predicted labels of raters whose true labels have a given alpha."""
    rows = confusion / confusion.sum(axis=1, keepdims=True)
    kept = rng.random((n_units, raters)) < np.sqrt(alpha)
    truth = np.where(kept, rng.integers(3, size=(n_units, 1)), rng.integers(3, size=kept.shape))
    luck = rng.random(kept.shape)
    luck = np.where(rng.random((n_units, 1)) < shared, luck[:, :1], luck)
    labels = (luck[..., None] > rows.cumsum(axis=1)[truth][..., :2]).sum(axis=-1)
    return np.stack([(labels == c).sum(axis=1) for c in range(3)], axis=1)


@pytest.mark.parametrize(
    ("accuracy", "published"), [(0.90, 0.72), (0.80, 0.48), (0.72, 0.33), (0.65, 0.22)]
)
def test_five_raters_in_full_agreement_show_the_alpha_that_theory_gives(accuracy, published):
    found = perfect_alpha(
        np.tile([[2, 2, 1], [2, 1, 2], [1, 2, 2]], (300, 1)), right_in(accuracy), seed=1, n_draws=60
    )
    # Of two labels, C'PC with P even on its diagonal: the square of the chance-corrected accuracy.
    assert found.value == pytest.approx((1.5 * accuracy - 0.5) ** 2, abs=0.006)
    assert found.value == pytest.approx(published, abs=0.015)
    assert found.low < found.value < found.high


def test_a_label_that_no_held_out_unit_was_ever_read_as_gives_no_alpha():
    never = np.array([[10.0, 0, 5], [3, 0, 6], [2, 0, 20]])
    assert perfect_alpha(np.array([[0, 2, 0], [0, 3, 0]]), never, seed=7, n_draws=20) is None
    some = perfect_alpha(np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2]]), never, seed=7, n_draws=20)
    assert some.low < some.high


def test_its_limits_hold_the_alpha_of_raters_who_do_agree():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(60):
        counts = predicted(rng, 1.0, ASYMMETRIC, n_units=60)
        held_out = np.stack([rng.multinomial(100, row / row.sum()) for row in ASYMMETRIC])
        found = perfect_alpha(counts, held_out, seed=1, n_draws=60)
        inside += found.low <= krippendorff_alpha(counts).value <= found.high
    assert inside >= 53


def test_a_model_without_errors_leaves_agreement_as_it_is():
    counts = predicted(np.random.default_rng(2), 0.5, right_in(0.7), n_units=50)
    never_wrong = np.eye(3) * 200
    assert perfect_alpha(counts, never_wrong, seed=1, n_draws=20).value == pytest.approx(1)
    found, plain = corrected_alpha(counts, never_wrong), krippendorff_alpha(counts)
    assert found.value == pytest.approx(plain.value)
    assert found.low < plain.value < found.high


def test_coincidences_with_known_errors_are_solved_exactly():
    # Two raters whose true labels have these coincidences, seen through the table's very shares.
    true = np.array([[0.20, 0.05, 0.03], [0.05, 0.30, 0.06], [0.03, 0.06, 0.22]])
    rows = ASYMMETRIC / ASYMMETRIC.sum(axis=1, keepdims=True)
    seen = rows.T @ true @ rows
    n_units = np.round(seen * 200_000).astype(int)
    counts = np.concatenate(
        [
            np.tile(np.eye(3, dtype=int)[i] + np.eye(3, dtype=int)[j], (n_units[i, j], 1))
            for i in range(3)
            for j in range(3)
        ]
    )
    shares = true.sum(axis=0)
    alpha = 1 - (1 - np.trace(true)) / (1 - (shares**2).sum())
    assert corrected_alpha(counts, ASYMMETRIC).value == pytest.approx(alpha, abs=2e-4)
    assert krippendorff_alpha(counts).value < alpha / 2


def test_its_limits_are_those_of_leaving_out_each_unit_and_each_held_out_unit():
    counts = predicted(np.random.default_rng(3), 0.2, ASYMMETRIC, n_units=120)
    found = corrected_alpha(counts, ASYMMETRIC)
    by_unit = [corrected_alpha(np.delete(counts, i, 0), ASYMMETRIC).value for i in range(120)]
    by_held_out = []
    for i in range(3):
        for j in range(3):
            fewer = ASYMMETRIC.copy()
            fewer[i, j] -= 1
            by_held_out += [corrected_alpha(counts, fewer).value] * int(ASYMMETRIC[i, j])
    variance = sum((len(x) - 1) * np.var(x) for x in (by_unit, by_held_out))
    reach = stats.t.ppf(0.975, 119) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach))


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_its_limits_hold_the_true_alpha(alpha):
    rng = np.random.default_rng(4)
    values, held = [], 0
    for _ in range(150):
        counts = predicted(rng, alpha, right_in(0.75), n_units=100)
        held_out = np.stack([rng.multinomial(150, row / row.sum()) for row in right_in(0.75)])
        found = corrected_alpha(counts, held_out)
        values.append(found.value)
        held += found.low <= alpha <= found.high
    assert held / 150 >= 0.90
    assert np.mean(values) == pytest.approx(min(alpha, 0.95), abs=0.05)


def test_errors_that_raters_share_make_the_corrected_alpha_too_high():
    counts = predicted(np.random.default_rng(5), 0.3, right_in(0.75), n_units=2000, shared=0.3)
    assert corrected_alpha(counts, right_in(0.75)).value > 0.5


def test_it_never_leaves_the_scale():
    counts = np.array([[5, 0, 0], [0, 5, 0], [0, 0, 5]] * 5)
    found = corrected_alpha(counts, right_in(0.7))
    assert found.value == found.high == 1


@pytest.mark.parametrize(
    ("counts", "confusion", "why"),
    [
        (np.zeros((0, 3)), ASYMMETRIC, "no unit"),
        (np.array([[1, 0, 0], [0, 1, 0]]), ASYMMETRIC, "no unit with two labels"),
        (np.array([[0, 3, 0]] * 9), np.eye(3) * 9, "one class only"),
        (np.array([[2, 1, 0], [0, 1, 2]] * 9), np.ones((3, 3)) * 9, "errors tell nothing apart"),
        (np.array([[2, 1, 0], [0, 1, 2]] * 9), ASYMMETRIC * [[1], [1], [0]], "a class unseen"),
    ],
)
def test_where_it_has_no_solution_there_is_none(counts, confusion, why):
    assert corrected_alpha(counts, confusion) is None, why


def test_full_agreement_of_a_class_that_was_not_held_out_cannot_be_simulated():
    assert perfect_alpha(np.array([[2, 1, 0]] * 9), ASYMMETRIC * [[1], [1], [0]], seed=1) is None
    assert perfect_alpha(np.zeros((0, 3)), ASYMMETRIC, seed=1) is None
    assert perfect_alpha(np.array([[0, 3, 0]] * 9), np.eye(3) * 9, seed=1) is None


def test_two_units_have_a_corrected_alpha_without_limits():
    found = corrected_alpha(np.array([[2, 1, 0], [0, 1, 2]]), ASYMMETRIC)
    assert found.low is None
    assert found.high is None


def test_the_same_seed_gives_the_same_ceiling():
    counts = predicted(np.random.default_rng(6), 0.5, ASYMMETRIC, n_units=30)
    assert perfect_alpha(counts, ASYMMETRIC, seed=3) == perfect_alpha(counts, ASYMMETRIC, seed=3)
    assert perfect_alpha(counts, ASYMMETRIC, seed=3) != perfect_alpha(counts, ASYMMETRIC, seed=4)
