"""Scores of one task with intervals over articles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.classifiers.base import label_codes
from stance.codebook import Codebook, Task
from stance.errors import DataError
from stance.records import LabeledUnit
from stance.statistics.arrays import FloatArray
from stance.statistics.intervals import Estimate, article_bootstrap
from stance.statistics.scores import (
    calibration_error,
    confusion_table,
    f1_scores,
    macro_f1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How well probabilities meet the settled labels of one task."""

    task: str
    macro_f1: Estimate  # over the labels that are settled at least once, as paired differences are
    f_avg: Estimate | None  # mean F1 of those that take a side; None where none does
    f1: Mapping[str, float | None]  # label -> F1; None where it is neither true nor predicted
    accuracy: float
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
    labeled = {task for example in examples for task in example.labels}
    scores = {
        task.name: _score(examples, probabilities[task.name], task, seed)
        for task in codebook.tasks
        if task.name in probabilities and task.name in labeled
    }
    if not scores:
        raise DataError("no unit here has a settled label of a task that the model can do")
    return scores


def _score(
    examples: Sequence[LabeledUnit], probabilities: FloatArray, task: Task, seed: int
) -> TaskScore:
    codes = label_codes(examples, task.name, task.classes)
    known = codes >= 0
    truth, rows = codes[known], probabilities[known]
    predicted = rows.argmax(axis=1)
    articles = np.array([example.sha256 for example in examples])[known]
    tables = np.stack(
        [
            confusion_table(truth[articles == a], predicted[articles == a], len(task.classes))
            for a in sorted(set(articles))
        ]
    )
    confusion = tables.sum(axis=0)
    classes = np.unique(truth).tolist()  # one score for all models, whatever else one of them says
    sides = [i for i in classes if task.scores and task.scores[i] != 0]
    by_label = f1_scores(confusion)
    return TaskScore(
        task=task.name,
        macro_f1=article_bootstrap(tables, lambda t: macro_f1(t, classes), seed=seed),
        f_avg=(
            article_bootstrap(tables, lambda t: macro_f1(t, sides), seed=seed) if sides else None
        ),
        f1={
            name: None if np.isnan(value) else float(value)
            for name, value in zip(task.classes, by_label, strict=True)
        },
        accuracy=float((predicted == truth).mean()),
        calibration_error=calibration_error(rows, truth),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )
