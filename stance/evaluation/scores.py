"""Scores of one task with intervals over articles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from stance.codebook import Codebook
from stance.evaluation.judged import Judged, judged_tasks
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate, article_bootstraps
from stance.statistics.scores import calibration_error, f1_scores, macro_f1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How well probabilities meet the settled labels of one task."""

    task: str
    macro_f1: Estimate  # over the labels that are settled at least once, as paired differences are
    f_avg: Estimate | None  # mean F1 of those that take a side; None where none does
    f1: Mapping[str, Estimate | None]  # label -> F1; None where it is neither true nor predicted
    accuracy: Estimate
    calibration_error: float
    confusion: tuple[tuple[int, ...], ...]  # rows settled, columns predicted, codebook's order


def score(
    examples: Sequence[LabeledUnit],
    probabilities: Mapping[str, FloatArray],
    codebook: Codebook,
    *,
    seed: int,
) -> dict[str, TaskScore]:
    """Return task -> score, for the tasks that have both probabilities and settled labels.

    Parameters
    ----------
    probabilities
        Task -> shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    DataError
        If no task has.
    """
    found = judged_tasks(examples, probabilities, codebook)
    return {task: _score(judged, seed) for task, judged in found.items()}


def _score(judged: Judged, seed: int) -> TaskScore:
    task, tables = judged.task, judged.confusions()
    confusion = tables.sum(axis=0)
    # Of the settled labels: one score for all models, whatever one of them says.
    classes = np.unique(judged.truth).tolist()
    sides = [i for i in classes if task.scores and task.scores[i] != 0]

    means = [partial(macro_f1, classes=some) for some in (classes, sides) if some]
    of_labels = [partial(_f1_of, label=label) for label in range(len(task.classes))]
    found = article_bootstraps(tables, [*means, *of_labels], seed=seed)
    by_label = zip(task.classes, found[len(means) :], strict=True)
    return TaskScore(
        task=task.name,
        macro_f1=found[0],
        f_avg=found[1] if sides else None,
        f1={name: None if np.isnan(f1.value) else f1 for name, f1 in by_label},
        accuracy=judged.share(judged.predicted == judged.truth),
        calibration_error=calibration_error(judged.rows, judged.truth),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def _f1_of(tables: FloatArray, label: int) -> FloatArray:
    return np.asarray(f1_scores(tables)[..., label])
