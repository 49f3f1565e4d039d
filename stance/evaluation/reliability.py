"""How often a model is right at each level of its confidence: what a reliability diagram shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.codebook import Codebook
from stance.evaluation.judged import judged_tasks
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate
from stance.statistics.scores import confidence_bins

N_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The units whose highest probability is in one range."""

    low: float
    high: float
    confidence: float  # mean of their highest probabilities
    accuracy: Estimate  # what an honest confidence equals


def reliability(
    examples: Sequence[LabeledUnit], probabilities: Mapping[str, FloatArray], codebook: Codebook
) -> dict[str, tuple[Bin, ...]]:
    """Return task -> bins of confidence that hold units, the least confident first.

    Raises
    ------
    DataError
        If no unit has a settled label of a task that has probabilities.
    """
    found = {}
    for task, judged in judged_tasks(examples, probabilities, codebook).items():
        bins = confidence_bins(judged.rows, n_bins=N_BINS)
        parts = {int(b): judged.part(bins == b) for b in np.unique(bins)}
        found[task] = tuple(
            Bin(
                low=b / N_BINS,
                high=(b + 1) / N_BINS,
                confidence=float(part.rows.max(axis=1).mean()),
                accuracy=part.share(part.predicted == part.truth),
            )
            for b, part in parts.items()
        )
    return found
