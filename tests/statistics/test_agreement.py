import json
from itertools import product
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stance.errors import DataError
from stance.statistics.agreement import (
    MISSING,
    agreement_weights,
    bangdiwala_b,
    brennan_prediger,
    cohen_kappa,
    count_codes,
    fleiss_kappa,
    gwet_ac,
    kappa_against_rest,
    krippendorff_alpha,
    percent_agreement,
)

# Published worked examples: Krippendorff (2011), Gwet (2014), Fleiss (1971), and the packages that
# reprint them. A value counts as reproduced when it is right to its last printed digit.
LINES = (Path(__file__).parent / "agreement_cases.jsonl").read_text().splitlines()
CASES = [json.loads(line) for line in LINES]
EXPECTED = [(case, expected) for case in CASES for expected in case["expected"]]


def codes_and_values(case):
    """Return codes (or the counts themselves), the number of classes, the numbers behind them."""
    data = case["data"]
    if case["kind"] == "dist":
        return np.array(data, dtype=float), len(data[0]), range(1, len(data[0]) + 1)
    if case["kind"] == "table":
        n = len(data)
        pairs = [[i, j] for i, j in product(range(n), repeat=2) for _ in range(data[i][j])]
        return np.array(pairs), n, range(1, n + 1)
    names = sorted({value for row in data for value in row if value is not None})
    codes = [[MISSING if value is None else names.index(value) for value in row] for row in data]
    values = range(1, len(names) + 1) if isinstance(names[0], str) else names
    return np.array(codes), len(names), values


def reproduced(case, expected):
    coefficient = expected["coefficient"]
    codes, n, values = codes_and_values(case)
    if coefficient == "bangdiwala_b":
        return bangdiwala_b(np.array(case["data"]))
    counts = codes if case["kind"] == "dist" else count_codes(codes, n)
    if "level" in expected:
        return krippendorff_alpha(counts, level=expected["level"], values=values).value
    weights = agreement_weights(expected["weights"], values)
    if coefficient in {"cohen_kappa", "conger_kappa"}:
        return cohen_kappa(codes, n, weights=weights).value
    by_counts = {
        "krippendorff_alpha": krippendorff_alpha,
        "fleiss_kappa": fleiss_kappa,
        "scott_pi": fleiss_kappa,
        "gwet_ac": gwet_ac,
        "brennan_prediger": brennan_prediger,
        "percent_agreement": percent_agreement,
    }
    return by_counts[coefficient](counts, weights=weights).value


@pytest.mark.parametrize(
    ("case", "expected"),
    EXPECTED,
    ids=lambda x: x.get("case") or f"{x['coefficient']}-{x.get('weights', x.get('level'))}",
)
def test_published_values_are_reproduced(case, expected):
    found = reproduced(case, expected)
    assert found == pytest.approx(expected["value"], abs=0.5001 * 10 ** -expected["digits"])


def test_all_the_published_values_are_there():
    assert (len(CASES), len(EXPECTED)) == (14, 91)


@given(
    st.lists(st.lists(st.integers(MISSING, 3), min_size=3, max_size=3), min_size=2, max_size=12),
    st.sampled_from(["nominal", "ordinal", "interval"]),
)
def test_alpha_equals_an_independent_implementation(rows, level):
    codes = np.array(rows)
    counts = count_codes(codes, 4)
    paired = counts[counts.sum(axis=1) >= 2]
    if len(paired) == 0 or (paired.sum(axis=0) > 0).sum() < 2:
        return
    ours = krippendorff_alpha(counts, level=level).value
    theirs = krippendorff.alpha(
        value_counts=counts, value_domain=[0, 1, 2, 3], level_of_measurement=level
    )
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_jackknife_interval_covers_the_true_alpha_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    # Two raters copy the truth with probability 0.8, else draw evenly: alpha is 0.64.
    covered, repeats = 0, 400
    for _ in range(repeats):
        truth = rng.integers(0, 3, 60)
        drawn = rng.integers(0, 3, (60, 2))
        codes = np.where(rng.random((60, 2)) < 0.8, truth[:, None], drawn)
        alpha = krippendorff_alpha(count_codes(codes, 3))
        covered += alpha.low <= 0.64 <= alpha.high
    assert 0.92 <= covered / repeats <= 0.98


def test_full_agreement_is_one_and_one_class_alone_says_nothing():
    assert krippendorff_alpha(np.array([[2, 0], [0, 2], [2, 0]])).value == 1
    assert krippendorff_alpha(np.array([[2, 0], [2, 0], [2, 0]])).value is None


def test_units_of_a_single_rater_do_not_count():
    with_singles = np.array([[2, 0], [1, 1], [0, 2], [1, 0], [0, 1]])
    assert krippendorff_alpha(with_singles) == krippendorff_alpha(with_singles[:3])
    with pytest.raises(DataError, match="two raters"):
        krippendorff_alpha(np.array([[1, 0], [0, 1]]))


def test_the_order_of_ordinal_classes_is_that_of_their_values_not_their_columns():
    counts = np.array([[2, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 2], [1, 0, 1]])
    forward = krippendorff_alpha(counts, level="ordinal", values=[1, 0, -1]).value
    shuffled = krippendorff_alpha(counts[:, [1, 2, 0]], level="ordinal", values=[0, -1, 1]).value
    assert forward == pytest.approx(shuffled)


def test_full_agreement_has_no_interval_and_so_claims_no_certainty():
    alpha = krippendorff_alpha(np.array([[2, 0], [0, 2], [2, 0]]))
    assert (alpha.value, alpha.low, alpha.high) == (1, None, None)


def test_limits_of_a_percentage_stay_between_0_and_1():
    rng = np.random.default_rng(6)
    floored = 0
    for _ in range(40):
        counts = count_codes(rng.integers(0, 3, (int(rng.integers(3, 9)), 2)), 3)
        found = percent_agreement(counts)
        if found.low is not None:
            assert 0 <= found.low <= found.value <= found.high <= 1
            floored += found.low == 0
    assert floored > 5
    # Of a coefficient that can be below 0 the limit can be, too.
    assert krippendorff_alpha(np.array([[1, 1], [1, 1], [2, 0], [0, 2]])).low < 0


@pytest.mark.parametrize(
    "coefficient", [krippendorff_alpha, fleiss_kappa, gwet_ac, percent_agreement]
)
def test_leaving_out_a_unit_by_subtraction_is_leaving_it_out(coefficient):
    rng = np.random.default_rng(5)
    counts = rng.multinomial(3, [0.5, 0.3, 0.2], size=12).astype(float)
    found = coefficient(counts)
    left_out = [coefficient(np.delete(counts, i, axis=0)).value for i in range(12)]
    spread = 11 / 12 * ((left_out - np.mean(left_out)) ** 2).sum()
    reach = stats.t.ppf(0.975, 11) * np.sqrt(spread) / (1 - found.value)
    least = 0 if coefficient is percent_agreement else -1
    assert found.low == pytest.approx(max(least, 1 - (1 - found.value) * np.exp(reach)))
    assert found.high == pytest.approx(1 - (1 - found.value) * np.exp(-reach))


def test_kappa_against_the_rest_of_two_raters_is_cohens_kappa():
    codes = np.array([[0, 0], [1, 1], [2, 1], [0, 0], [1, 0], [2, 2], [MISSING, 1]])
    ours, cohen = kappa_against_rest(codes, 0, 3), cohen_kappa(codes[:6], 3)
    assert (ours.value, ours.n_units) == (pytest.approx(cohen.value), 6)
    assert ours.low == pytest.approx(cohen.low)


def test_who_judges_at_random_stands_out_against_the_rest():
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, 300)
    codes = np.stack([truth, truth, np.roll(truth, 1)], axis=1)
    kappas = [kappa_against_rest(codes, rater, 3).value for rater in range(3)]
    assert kappas[2] == pytest.approx(0, abs=0.1)
    assert min(kappas[:2]) > 0.4


def test_whoever_shares_no_unit_has_no_kappa():
    with pytest.raises(DataError, match="two raters"):
        kappa_against_rest(np.array([[0, MISSING], [MISSING, 1]]), 0, 2)
