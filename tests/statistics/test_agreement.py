import json
from itertools import product
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.errors import DataError
from stance.statistics.agreement import (
    MISSING,
    count_codes,
    krippendorff_alpha,
    percent_agreement,
)

# Published worked examples: Krippendorff (2011), Gwet (2014), and the packages that reprint them.
LINES = (Path(__file__).parent / "agreement_cases.jsonl").read_text().splitlines()
CASES = [json.loads(line) for line in LINES]


def counts_and_values(case):
    data = case["data"]
    if case["kind"] == "dist":
        return np.array(data, dtype=float), None
    if case["kind"] == "table":
        rows = []
        for (i, j), n in zip(product(range(len(data)), repeat=2), np.ravel(data), strict=True):
            row = np.zeros(len(data))
            row[i] += 1
            row[j] += 1
            rows += [row] * int(n)
        return np.array(rows), None
    names = sorted({value for row in data for value in row if value is not None})
    codes = [[MISSING if value is None else names.index(value) for value in row] for row in data]
    values = None if isinstance(names[0], str) else names
    return count_codes(np.array(codes), len(names)), values


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['case']}-{case['level']}")
def test_published_values_are_reproduced(case):
    counts, values = counts_and_values(case)
    if case["level"] == "percent":
        found = percent_agreement(counts)
    else:
        found = krippendorff_alpha(counts, level=case["level"], values=values).value
    assert found == pytest.approx(case["value"], abs=0.5001 * 10 ** -case["digits"])


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
