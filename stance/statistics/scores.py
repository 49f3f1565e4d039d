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
    if len(truth) == 0 or len(truth) != len(probabilities):
        raise DataError(f"calibration: {len(probabilities)} predictions for {len(truth)} labels")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    ]
    return float(sum(gaps))
