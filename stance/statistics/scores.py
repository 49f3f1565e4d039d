"""How well predictions meet settled labels, all read off a confusion table."""

from collections.abc import Sequence

import numpy as np

from stance.errors import DataError
from stance.statistics.arrays import FloatArray, IntArray


def confusion_table(truth: IntArray, predicted: IntArray, n_classes: int) -> FloatArray:
    """Return how often each true class (row) was called each class (column), shape (k, k)."""
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (truth, predicted), 1)
    return table


def f1_scores(confusion: FloatArray) -> FloatArray:
    """Return each class's F1, 1 at best; nan for a class that is neither true nor predicted.

    Parameters
    ----------
    confusion : shape (..., n_classes, n_classes)
        Rows are true classes; leading axes are independent tables, such as bootstrap replicates.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    size = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.asarray(np.divide(2 * hits, size, out=np.full(hits.shape, np.nan), where=size > 0))


def macro_f1(confusion: FloatArray, classes: Sequence[int] | None = None) -> FloatArray:
    """Return the unweighted mean F1 over classes, 1 at best, shape confusion.shape[:-2].

    nan where one of the classes is neither true nor predicted: a mean over fewer classes would be
    another score.

    Parameters
    ----------
    confusion : shape (..., n_classes, n_classes)
    classes
        Which classes to average: those that occur in any of the tables if not given. The F_avg of
        stance benchmarks averages the classes that take a side.
    """
    scores = f1_scores(confusion)
    if classes is None:
        classes = occurring(confusion)
    return np.asarray(scores[..., list(classes)].mean(axis=-1))


def occurring(confusion: FloatArray) -> list[int]:
    """Return the classes that are true or predicted somewhere in the tables."""
    table = confusion.reshape(-1, *confusion.shape[-2:]).sum(axis=0)
    return np.flatnonzero(table.sum(axis=0) + table.sum(axis=1)).tolist()


def calibration_error(probabilities: FloatArray, truth: IntArray, *, n_bins: int = 10) -> float:
    """Return the expected calibration error: 0 when confidence equals accuracy, 1 at worst.

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Each row sums to 1; columns in the task's order of classes.
    truth : shape (n_units,)
        The column of each unit's settled label.
    n_bins
        Equal-width bins of confidence; an empty bin counts for nothing.

    Raises
    ------
    DataError
        If there is no unit, or the arrays differ in how many they hold.

    References
    ----------
    Guo et al. (2017), "On Calibration of Modern Neural Networks", section 2.
    """
    _check(probabilities, truth)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = confidence_bins(probabilities, n_bins=n_bins)
    gaps = [
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def confidence_bins(probabilities: FloatArray, *, n_bins: int = 10) -> IntArray:
    """Return the bin of each unit's highest probability, from 0, of equal widths, shape (n_units,).

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Each row sums to 1.
    """
    bins = (probabilities.max(axis=1) * n_bins).astype(np.int64)
    return np.asarray(np.minimum(bins, n_bins - 1))


def brier_scores(probabilities: FloatArray, truth: IntArray) -> FloatArray:
    """Return each class's Brier score, 0 at best and 1 at worst, shape (n_classes,).

    It is the mean square of what the class's probability misses; summed over classes it is the
    score that Brier proposed. Saying a class's share s of every unit gives s * (1 - s): a rare
    class scores low whatever the model, so compare scores of one class on the same units only.

    Parameters
    ----------
    probabilities : shape (n_units, n_classes)
        Each row sums to 1; columns in the task's order of classes.
    truth : shape (n_units,)
        The column of each unit's settled label.

    Raises
    ------
    DataError
        If there is no unit, or the arrays differ in how many they hold.

    References
    ----------
    Brier (1950), "Verification of Forecasts Expressed in Terms of Probability".
    """
    _check(probabilities, truth)
    settled = np.eye(probabilities.shape[1])[truth]
    return np.asarray(((probabilities - settled) ** 2).mean(axis=0))


def _check(probabilities: FloatArray, truth: IntArray) -> None:
    if len(truth) == 0 or len(truth) != len(probabilities):
        raise DataError(f"{len(probabilities)} predictions for {len(truth)} labels: no score")
