"""How far a model agrees with annotators, beside how far they agree with each other.

Where a model agrees with each annotator as well as annotators do among themselves, their labels can
hardly show it to be better. That is no upper limit: settled labels err less than one annotator's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stance.codebook import Codebook, Task
from stance.labeling.join import label_finder
from stance.labeling.settle import codes_of
from stance.records import Label, LabeledUnit
from stance.statistics.agreement import MISSING, count_codes, kappa_of_tables
from stance.statistics.arrays import FloatArray, IntArray
from stance.statistics.intervals import Estimate, article_bootstrap


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorAgreement:
    """One annotator's Cohen's kappa with the model, and with the other annotators."""

    n_units: int
    model: Estimate | None  # None where only one label was ever given
    others: Estimate | None  # unit by unit, one of the others at random


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Agreement on one task, over the units that two annotators or more judged.

    A difference that nobody has settled yet counts as any other, where the unit has a settled label
    of another task. All three are of Krippendorff's alpha for nominal data; all intervals are over
    articles.
    """

    task: str
    n_units: int
    annotators: Estimate | None  # with each other; None where only one label was ever given
    model: Estimate | None  # with one annotator at a time
    gap: Estimate | None  # annotators minus model: what is left to gain on such labels
    by_annotator: Mapping[str, AnnotatorAgreement]


def ceilings(
    examples: Sequence[LabeledUnit],
    labels: Sequence[Label],
    probabilities: Mapping[str, FloatArray],
    codebook: Codebook,
    *,
    seed: int,
) -> list[Ceiling]:
    """Return the ceiling of each task that two annotators judged on some unit.

    Parameters
    ----------
    examples
        Settled on some task, not on each of these.
    labels
        What each annotator said, found by document hash and offsets; others are passed over.
    probabilities
        Task -> shape (n_examples, n_classes), columns in the codebook's order.

    Raises
    ------
    LabelError
        If an annotator's label is none of the codebook's.
    """
    find = label_finder(labels)
    given = [label.annotators if (label := find(e.sha256, e.unit)) else {} for e in examples]
    articles = np.array([example.sha256 for example in examples])
    found = []
    for task in codebook.tasks:
        if task.name not in probabilities:
            continue
        by_unit = [
            {
                annotator: task.label(tasks[task.name])
                for annotator, tasks in annotators.items()
                if task.name in tasks
            }
            for annotators in given
        ]
        twice = np.array([len(row) > 1 for row in by_unit], dtype=bool)
        if twice.any():
            rows = [row for row in by_unit if len(row) > 1]
            predicted = probabilities[task.name][twice].argmax(axis=1)
            numbers = np.unique(articles[twice], return_inverse=True)[1]
            found.append(_ceiling(task, rows, predicted, numbers, seed))
    return found


def _ceiling(
    task: Task,
    by_unit: Sequence[Mapping[str, str]],
    predicted: IntArray,
    articles: IntArray,
    seed: int,
) -> Ceiling:
    k = len(task.classes)
    codes = codes_of(by_unit, task.classes)
    counts, called = count_codes(codes, k), np.eye(k)[predicted]
    among = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k)
    among /= (counts.sum(axis=1) - 1)[:, None, None]
    against = called[:, :, None] * counts[:, None, :] + counts[:, :, None] * called[:, None, :]
    tables = np.zeros((int(articles.max()) + 1, 2, k, k))
    np.add.at(tables, articles, np.stack([among, against], axis=1))

    def annotators(tables: FloatArray) -> FloatArray:
        return _alpha(tables[:, 0])

    def model(tables: FloatArray) -> FloatArray:
        return _alpha(tables[:, 1])

    def gap(tables: FloatArray) -> FloatArray:
        return annotators(tables) - model(tables)

    def estimate(statistic: Callable[[FloatArray], FloatArray]) -> Estimate | None:
        return _estimate(tables, statistic, len(by_unit), seed)

    return Ceiling(
        task=task.name,
        n_units=len(by_unit),
        annotators=estimate(annotators),
        model=estimate(model),
        gap=estimate(gap),
        by_annotator={
            name: _annotator(codes, i, predicted, k, articles, seed)
            for i, name in enumerate(sorted({name for row in by_unit for name in row}))
        },
    )


def _annotator(
    codes: IntArray, i: int, predicted: IntArray, n_classes: int, articles: IntArray, seed: int
) -> AnnotatorAgreement:
    own = codes[:, i] != MISSING
    numbers = np.unique(articles[own], return_inverse=True)[1]
    said = np.eye(n_classes)[codes[own, i]]

    def kappa_with(shares: FloatArray) -> Estimate | None:
        tables = np.zeros((int(numbers.max()) + 1, n_classes, n_classes))
        np.add.at(tables, numbers, said[:, :, None] * shares[:, None, :])
        return _estimate(tables, kappa_of_tables, len(said), seed)

    rest = count_codes(np.delete(codes[own], i, axis=1), n_classes)
    return AnnotatorAgreement(
        n_units=len(said),
        model=kappa_with(np.eye(n_classes)[predicted[own]]),
        others=kappa_with(rest / rest.sum(axis=1, keepdims=True)),
    )


def _estimate(
    tables: FloatArray, statistic: Callable[[FloatArray], FloatArray], n_units: int, seed: int
) -> Estimate | None:
    if np.isnan(statistic(tables.sum(axis=0)[None])[0]):
        return None
    return replace(article_bootstrap(tables, statistic, seed=seed), n_units=n_units)


def _alpha(coincidences: FloatArray) -> FloatArray:
    """Return Krippendorff's alpha, nominal, of tables of shape (..., k, k); nan without variation.

    As `krippendorff_alpha`, of sums over articles: leaving out units would make the interval of
    units that hang together too narrow.
    """
    totals = coincidences.sum(axis=-1)
    n = totals.sum(axis=-1)
    observed = (n - np.trace(coincidences, axis1=-2, axis2=-1)) * (n - 1)
    expected = n**2 - (totals**2).sum(axis=-1)
    ratio = np.full(n.shape, np.nan)
    return np.asarray(1 - np.divide(observed, expected, out=ratio, where=expected > 1e-9))
