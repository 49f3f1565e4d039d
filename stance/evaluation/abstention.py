"""What abstaining keeps and costs: coverage of the sets of labels that are not ruled out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.calibration import Calibration, abstained, prediction_sets
from stance.codebook import Codebook
from stance.evaluation.judged import Judged, judged_tasks
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """Abstaining at one level, on all units or those of one outlet or label."""

    task: str
    by: str  # "all", "label", "outlet"
    name: str
    alpha: float
    coverage: Estimate  # share of units whose set holds the settled label; 1 - alpha was asked for
    answered: Estimate  # share of units whose set holds the likeliest label and no other
    accuracy: Estimate | None  # of those answered; None where there is none


def abstentions(
    examples: Sequence[LabeledUnit],
    probabilities: Mapping[str, FloatArray],
    calibration: Calibration,
    codebook: Codebook,
    *,
    alpha: float,
) -> list[Abstention]:
    """Return coverage, share answered and accuracy: of all units, each label, each outlet.

    Parameters
    ----------
    probabilities
        Task -> calibrated, shape (n_examples, n_classes).

    Raises
    ------
    DataError
        If no unit has a settled label of a task that has probabilities.
    """
    found = []
    for task, judged in judged_tasks(examples, probabilities, codebook).items():
        outlets = np.array([examples[i].source or "" for i in judged.places])
        labels = np.array(judged.task.classes)[judged.truth]
        groups = [("all", "all", np.ones(len(judged.places), dtype=bool))]
        groups += [("label", n, labels == n) for n in judged.task.classes if (labels == n).any()]
        if len(set(outlets)) > 1:
            groups += [("outlet", name, outlets == name) for name in sorted(set(outlets))]
        for by, name, inside in groups:
            part = judged.part(inside)
            found.append(_abstention(part, calibration, task, by, str(name), alpha))
    return found


def _abstention(
    part: Judged, calibration: Calibration, task: str, by: str, name: str, alpha: float
) -> Abstention:
    sets = prediction_sets(part.rows, calibration.tasks[task].conformal, alpha)
    answered = ~abstained(sets, part.rows)
    kept = part.part(answered) if answered.any() else None
    return Abstention(
        task=task,
        by=by,
        name=name,
        alpha=alpha,
        coverage=part.share(sets[np.arange(len(sets)), part.truth]),
        answered=part.share(answered),
        accuracy=kept.share(kept.predicted == kept.truth) if kept else None,
    )
