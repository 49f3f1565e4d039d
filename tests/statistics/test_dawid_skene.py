import json
from pathlib import Path

import numpy as np
import pytest

from stance.errors import DataError
from stance.statistics.agreement import MISSING
from stance.statistics.dawid_skene import dawid_skene


def simulated(rng, accuracies, n_units=400, n_classes=3, missing=0.0):
    truth = rng.integers(0, n_classes, n_units)
    wrong = (truth[:, None] + rng.integers(1, n_classes, (n_units, len(accuracies)))) % n_classes
    codes = np.where(rng.random(wrong.shape) < accuracies, truth[:, None], wrong)
    hidden = rng.random(codes.shape) < missing
    hidden[np.arange(n_units), rng.integers(0, len(accuracies), n_units)] = False
    return truth, np.where(hidden, MISSING, codes)


def test_uneven_annotators_are_weighed_and_beat_the_vote():
    rng = np.random.default_rng(2)
    truth, codes = simulated(rng, [0.95, 0.9, 0.45, 0.45, 0.45])
    votes = np.stack([(codes == c).sum(axis=1) for c in range(3)], axis=1).argmax(axis=1)
    model = dawid_skene(codes, 3).argmax(axis=1)
    assert (model == truth).mean() > (votes == truth).mean() + 0.05


def test_probabilities_sum_to_one_and_units_judged_once_are_judged_too():
    rng = np.random.default_rng(3)
    _, codes = simulated(rng, [0.8, 0.8, 0.8, 0.8], missing=0.6)
    rows = dawid_skene(codes, 3)
    assert np.allclose(rows.sum(axis=1), 1)
    with pytest.raises(DataError, match="at least one judgement"):
        dawid_skene(np.array([[0, 1], [MISSING, MISSING]]), 2)


def test_another_implementation_gives_the_same_probabilities_step_for_step(monkeypatch):
    # Made once with crowd-kit 1.4.2, which is not needed to run the tests. It stops here after ten
    # steps, since the bound that it watches counts each unit's prior once a judgement.
    case = json.loads((Path(__file__).parent / "dawid_skene_case.json").read_text())
    codes, theirs = np.array(case["codes"]), np.array(case["probabilities"])
    converged = dawid_skene(codes, case["n_classes"])
    assert converged == pytest.approx(theirs, abs=0.02)
    monkeypatch.setattr("stance.statistics.dawid_skene.MAX_STEPS", case["n_steps"])
    monkeypatch.setattr("stance.statistics.dawid_skene.TOLERANCE", -np.inf)
    assert dawid_skene(codes, case["n_classes"]) == pytest.approx(theirs, abs=2e-6)
