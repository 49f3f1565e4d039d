import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import brier_score_loss

from stance.errors import DataError
from stance.statistics.scores import brier_scores, confidence_bins


def test_brier_scores_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
    # First class: (0.7 - 1)^2 and (0.1 - 0)^2, halved; and so on.
    expected = [(0.09 + 0.01) / 2, (0.04 + 0.16) / 2, (0.01 + 0.09) / 2]
    assert brier_scores(probabilities, np.array([0, 1])) == pytest.approx(expected)


@given(
    arrays.arrays(float, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(0.01, 1)),
    st.data(),
)
def test_brier_scores_are_those_of_scikit_learn_class_by_class(weights, data):
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    n = len(weights)
    truth = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    ours = brier_scores(probabilities, truth)
    for k in range(3):
        theirs = brier_score_loss(truth == k, probabilities[:, k], labels=[False, True])
        assert ours[k] == pytest.approx(theirs)


def test_saying_a_class_by_its_share_scores_the_variance_of_that_class():
    truth = np.array([0] * 3 + [1] * 7)
    assert brier_scores(np.tile([0.3, 0.7], (10, 1)), truth) == pytest.approx([0.21, 0.21])


def test_brier_scores_want_as_many_labels_as_predictions():
    with pytest.raises(DataError, match="1 predictions for 2 labels"):
        brier_scores(np.array([[0.5, 0.5]]), np.array([0, 1]))


def test_a_confidence_of_one_falls_into_the_last_bin():
    assert confidence_bins(np.array([[1.0, 0.0], [0.55, 0.45]])).tolist() == [9, 5]
