"""One label from many uneven annotators: the model of Dawid and Skene, fitted by EM."""

import numpy as np

from stance.errors import DataError
from stance.statistics.agreement import count_codes
from stance.statistics.arrays import FloatArray, IntArray

MAX_STEPS = 1000
TOLERANCE = 1e-10  # change of the mean log-likelihood below which nothing moves any more
SMALLEST = 1e-10  # keeps a class or an error that nobody used from ruling out the rest for good


def dawid_skene(codes: IntArray, n_classes: int) -> FloatArray:
    """Return the probability of each class for each unit, shape (n_units, n_classes).

    Each annotator has a confusion table of their own, the same for every unit; judgements err
    independently. The fit starts from the share of votes, so it can end in a local optimum.

    Parameters
    ----------
    codes : shape (n_units, n_raters)
        The class that each annotator gave, MISSING where none; each unit has one or more.

    Raises
    ------
    DataError
        If a unit has no judgement.

    References
    ----------
    Dawid and Skene (1979), "Maximum likelihood estimation of observer error-rates using the EM
    algorithm".
    """
    counts = count_codes(codes, n_classes)
    if len(codes) == 0 or counts.sum(axis=1).min() == 0:
        raise DataError("a label needs at least one judgement of each unit")
    given = (codes[:, :, None] == np.arange(n_classes)).astype(float)
    truth = counts / counts.sum(axis=1, keepdims=True)
    before = -np.inf
    for _ in range(MAX_STEPS):
        prior = truth.mean(axis=0)
        # errors[r, t, g]: how often rater r says g where the truth is t
        errors = np.einsum("ut,urg->rtg", truth, given)
        errors /= np.maximum(errors.sum(axis=2, keepdims=True), SMALLEST)
        log_joint = np.log(np.maximum(prior, SMALLEST)) + np.einsum(
            "urg,rtg->ut", given, np.log(np.maximum(errors, SMALLEST))
        )
        peak = log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint - peak)
        truth = joint / joint.sum(axis=1, keepdims=True)
        likelihood = float((np.log(joint.sum(axis=1)) + peak[:, 0]).mean())
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return np.asarray(truth)
