"""What every classifier can do, and predictions by models that never saw the article."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from stance.codebook import Codebook
from stance.corpus.copies import copy_groups
from stance.errors import DataError
from stance.records import LabeledUnit, Unit, same_words
from stance.statistics.arrays import FloatArray, IntArray


class Classifier(Protocol):
    """Learns several tasks at once from labeled units, and gives probabilities for new ones."""

    also: Sequence[LabeledUnit]  # what every fit learns from beside its examples

    @property
    def classes_(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> label names, in the codebook's order; tasks that it cannot do are absent.

        Before a fit, what it may learn; after it, what it did learn.
        """

    def fresh(self) -> Self:
        """Return an unfitted classifier of the same recipe."""

    def fit(self, examples: Sequence[LabeledUnit]) -> Self:
        """Learn from units and their settled labels; a unit without a task's label skips it."""

    def predict_proba(self, units: Sequence[Unit]) -> dict[str, FloatArray]:
        """Return task -> probabilities of shape (n_units, n_classes), each row summing to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A fold of a cross-fit that is done."""

    number: int  # from 1
    n_folds: int
    judged: tuple[int, ...]  # places of the examples that were held out
    rows: Mapping[str, FloatArray]  # theirs; a task that could not be learned is absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a fit has come."""

    step: int
    n_steps: int
    loss: float  # mean over the last steps
    seconds_left: float


def label_codes(examples: Sequence[LabeledUnit], task: str, classes: Sequence[str]) -> IntArray:
    """Return the column of each example's settled label, -1 where it has none, shape (n,)."""
    columns = {name: i for i, name in enumerate(classes)}
    return np.array([columns.get(e.labels.get(task, ""), -1) for e in examples], dtype=np.int64)


def soft_labels(examples: Sequence[LabeledUnit], task: str, classes: Sequence[str]) -> FloatArray:
    """Return each example's weights over the labels, shape (n, n_classes); nan where it has none.

    The shares of its annotators where they are known, else all weight on the settled label.
    """
    rows = np.full((len(examples), len(classes)), np.nan)
    for row, example in zip(rows, examples, strict=True):
        shares = example.shares.get(task) or {example.labels.get(task, ""): 1.0}
        weights = np.array([shares.get(name, 0.0) for name in classes])
        if weights.sum() > 0:
            row[:] = weights / weights.sum()
    return rows


def label_shares(examples: Sequence[LabeledUnit], task: str, classes: Sequence[str]) -> FloatArray:
    """Return each label's share of the settled ones, shape (n_classes,); equal if there is none."""
    codes = label_codes(examples, task, classes)
    counts = np.bincount(codes[codes >= 0], minlength=len(classes)) + 1e-9
    return np.asarray(counts / counts.sum())


def codebook_classes(codebook: Codebook) -> dict[str, tuple[str, ...]]:
    """Return task -> label names of a codebook."""
    return {task.name: task.classes for task in codebook.tasks}


def neutral_stance(codebook: Codebook) -> str | None:
    """Return the stance of a unit toward what it is not about: that of score 0, if there is one."""
    stances = (task.labels for task in codebook.tasks if task.name == "stance")
    return next((label.name for labels in stances for label in labels if label.score == 0), None)


def in_order(examples: Sequence[LabeledUnit]) -> list[LabeledUnit]:
    """Return units in the order in which they are learned: the same, however they came."""
    return sorted(examples, key=lambda e: (e.sha256, e.unit.start, e.source or ""))


def cross_fit(
    classifier: Classifier,
    examples: Sequence[LabeledUnit],
    groups: Sequence[str],
    *,
    n_folds: int | None,
    seed: int,
    on_fold: Callable[[Fold], None] = lambda fold: None,
) -> dict[str, FloatArray]:
    """Return each example's probabilities from a model that saw nothing of its group.

    Nor of a copy of its article in another group, or among what is learned from beside, nor of a
    unit there with the same words: those are left out of what that model learns.

    A task with fewer than two labels among the examples is left out. Where one fold's model could
    not learn a task that others could, its rows are the shares of labels that it learned from.

    Parameters
    ----------
    classifier
        Gives the recipe; each fold fits a fresh one.
    groups : length n
        What must not be torn apart: articles, or outlets.
    n_folds
        How many folds to put the groups into; None leaves out one group at a time.
    on_fold
        Told of each fold that is done.

    Raises
    ------
    DataError
        If there are fewer than two groups.
    """
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut  # a second to import

    n_groups = len(set(groups))
    if n_groups < 2:
        raise DataError(f"holding out needs two groups (articles, outlets) or more, not {n_groups}")
    splitter = (
        LeaveOneGroupOut()
        if n_folds is None
        else GroupKFold(min(n_folds, n_groups), shuffle=True, random_state=seed)
    )
    held_out = {
        task: np.zeros((len(examples), len(classes)))
        for task, classes in classifier.classes_.items()
        if len({e.labels[task] for e in examples if task in e.labels}) > 1
    }
    known = [*examples, *classifier.also]
    copies = copies_among(known)
    words = [same_words(example.unit.text) for example in known]
    splits = list(splitter.split(np.zeros(len(examples)), groups=groups))
    for number, (learn, judge) in enumerate(splits, start=1):
        judged = {copies[i] for i in judge}
        said = {words[i] for i in judge}
        lessons = [examples[i] for i in learn if copies[i] not in judged]
        fresh = classifier.fresh()
        fresh.also = [
            lesson
            for i, lesson in enumerate(classifier.also, start=len(examples))
            if copies[i] not in judged and words[i] not in said
        ]
        try:
            model = fresh.fit(lessons)
            rows = model.predict_proba([examples[i].unit for i in judge])
        except DataError:  # no task at all can be learned from this fold
            rows = {}
        for task, filled in held_out.items():
            shares = label_shares(lessons, task, classifier.classes_[task])
            filled[judge] = rows.get(task, shares)
        on_fold(Fold(number=number, n_folds=len(splits), judged=tuple(judge.tolist()), rows=rows))
    return held_out


def copies_among(examples: Sequence[LabeledUnit]) -> list[int]:
    """Return a number for each example, the same for articles that are copies of each other."""
    texts: dict[str, list[str]] = {}
    for example in examples:
        texts.setdefault(example.sha256, []).append(example.unit.text)
    groups = copy_groups({article: "\n".join(units) for article, units in texts.items()})
    return [groups[example.sha256] for example in examples]
