import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from stance.errors import DataError
from stance.statistics.scores import (
    calibration_error,
    confusion_table,
    f1_scores,
    macro_f1,
    occurring,
)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_macro_f1_equals_that_of_scikit_learn(pairs):
    truth, predicted = np.array(pairs).T
    ours = macro_f1(confusion_table(truth, predicted, 3))
    theirs = f1_score(truth, predicted, average="macro", labels=np.unique([truth, predicted]))
    assert float(ours) == pytest.approx(theirs)


def test_a_class_that_never_occurs_has_no_f1_and_does_not_count():
    table = confusion_table(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert np.isnan(f1_scores(table)[2])
    assert float(macro_f1(table)) == pytest.approx(2 / 3)


def test_a_table_in_which_an_asked_for_class_does_not_occur_has_no_score():
    tables = np.stack([np.diag([3.0, 2, 0]), np.diag([3.0, 2, 1])])
    assert np.isnan(macro_f1(tables, [0, 1, 2])[0])
    assert macro_f1(tables)[1] == 1
    assert occurring(tables) == [0, 1, 2]


def test_f_avg_takes_only_the_classes_asked_for():
    table = np.array([[5.0, 0, 0], [0, 1, 4], [0, 0, 5]])
    assert float(macro_f1(table, [0, 2])) == pytest.approx((1 + 10 / 14) / 2)


def test_calibration_error_is_zero_for_honest_confidence_and_large_for_boasting():
    truth = np.array([0] * 8 + [1] * 2)
    assert calibration_error(np.tile([0.8, 0.2], (10, 1)), truth) == pytest.approx(0)
    assert calibration_error(np.tile([1.0, 0.0], (10, 1)), truth) == pytest.approx(0.2)


def test_calibration_error_wants_as_many_labels_as_predictions():
    with pytest.raises(DataError, match="2 predictions for 1 labels"):
        calibration_error(np.full((2, 2), 0.5), np.array([0]))
